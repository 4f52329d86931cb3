"""The fast copy of a scan: whether it is worth its room, make it, delete it."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from qtpy.QtWidgets import QHBoxLayout, QWidget

from napari_maxrf._napari._latest import Latest
from napari_maxrf._napari._packing import show_packed
from napari_maxrf._napari._run_bar import Request, RunBar
from napari_maxrf._napari._scan_facts import size_words
from napari_maxrf._napari._section import note, stacked
from napari_maxrf._napari._spectrum_rows import small_button
from napari_maxrf.errors import MaxrfError

if TYPE_CHECKING:
    from pathlib import Path

    from napari.components import ViewerModel
    from napari.layers import Layer

    from napari_maxrf._napari._work import Workbench
    from napari_maxrf.cube import SpectralCube
    from napari_maxrf.io.blocked import CacheConfig

State = Literal["none", "quick", "worth", "waiting", "used"]
TYPICAL_SHARE = 6
"""Usual 16-bit counts take this much less room when packed."""


@dataclass(frozen=True)
class CopyState:
    """How a scan stands to its fast copy.

    Attributes
    ----------
    state : str
        ``"none"``: there is no scan; ``"quick"``: it needs no copy; ``"worth"``: it
        would gain by one; ``"waiting"``: there is one; ``"used"``: it is shown.
    words : str
        That, for the user.
    """

    state: State
    words: str


def copy_state(cube: SpectralCube) -> CopyState:
    """Look how a scan stands to its fast copy. Reads a little of its file."""
    from napari_maxrf.io import worth_caching
    from napari_maxrf.io.blocked import load_cache_config, packed_copy
    from napari_maxrf.io.blocked._cached import is_blocked

    config = load_cache_config()
    copy = packed_copy(cube, config)
    if is_blocked(cube):
        return CopyState("used", _used_words(copy, config))
    if copy is not None:
        return CopyState("waiting", f"{_used_words(copy, config)} It is not in use.")
    if worth_caching(cube):
        return CopyState("worth", f"{_slow_words(cube)} {_room_words(cube, config)}")
    return CopyState("quick", "This scan is quick to look at as it is.")


def _used_words(copy: Path | None, config: CacheConfig) -> str:
    from napari_maxrf.io.blocked import cache_entries

    if copy is None:
        return (
            "The packed copy has been deleted; what is shown stays until you close it."
        )
    total = sum(entry.n_bytes for entry in cache_entries(config))
    return (
        f"Packed copy: {size_words(copy.stat().st_size)}. All copies: "
        f"{size_words(total)} of at most {config.limit_gb:g} GB."
    )


def _slow_words(cube: SpectralCube) -> str:
    """Say what is slow about a scan, by the blocks of its file."""
    n_bytes, n_channels = cube.counts.nbytes, cube.shape[2]
    high, wide, deep = (max(sizes) for sizes in cube.counts.chunks)
    channel = n_bytes * deep // n_channels
    spectrum = high * wide * n_channels * cube.counts.dtype.itemsize
    if channel < spectrum:
        return f"Stored channel by channel: one spectrum reads {size_words(spectrum)}."
    if deep == n_channels:
        return "Stored spectrum by spectrum: an energy step reads the whole file."
    return f"An energy step reads {size_words(channel)} of the file."


def _room_words(cube: SpectralCube, config: CacheConfig) -> str:
    folder = config.place
    while not folder.exists():
        folder = folder.parent
    needed = size_words(cube.counts.nbytes / TYPICAL_SHARE)
    free = size_words(shutil.disk_usage(folder).free)
    return (
        f"A fast copy takes about {needed} of the {free} that are free; all copies "
        f"together at most {config.limit_gb:g} GB."
    )


class CopyPanel(QWidget):
    """Say how a scan is stored, and make, use or delete its fast copy.

    Parameters
    ----------
    viewer : ViewerModel
        Where the scan is open.
    bench : Workbench
        Where the copy is written.
    """

    def __init__(self, viewer: ViewerModel, bench: Workbench) -> None:
        super().__init__()
        self._viewer = viewer
        self._scan: tuple[SpectralCube, Layer] | None = None
        self._states = Latest(self)
        self._states.answered.connect(self._show)
        self.words = note()
        self.make = RunBar(
            bench,
            "Make fast copy",
            "Write the counts once more, packed, into the cache folder. The file\n"
            "itself is only read, and the copy can be deleted at any time.",
            self._request,
        )
        self.use = small_button("Use it", "Read this scan from its fast copy.")
        self.use.clicked.connect(self._use_waiting)
        self.delete = small_button(
            "Delete fast copy", "Read the scan from its own file again."
        )
        self.delete.clicked.connect(self._delete)
        beside = QHBoxLayout()
        for button in (self.use, self.delete):
            beside.addWidget(button)
        self.setLayout(stacked(self.words, beside, self.make))
        self.show_scan(None)

    @property
    def is_busy(self) -> bool:
        """Whether it is being looked for a copy, or one is being written."""
        return self._states.is_busy or self.make.is_running

    def show_scan(self, scan: tuple[SpectralCube, Layer] | None) -> None:
        """Look how another scan stands to its copy."""
        self._scan = scan
        self._show(CopyState("none", ""))
        if not self.make.is_running:
            self.make.say("")
        self._look()

    def _look(self) -> None:
        cube = self._scan[0] if self._scan is not None else None
        none = CopyState("none", "")
        # not the cube as key: what is known of it changes
        self._states.ask(
            object(), lambda: copy_state(cube) if cube is not None else none
        )

    def _show(self, found: CopyState) -> None:
        self.state = found.state
        self.words.setText(found.words)
        self.words.setVisible(bool(found.words))
        self.use.setVisible(found.state == "waiting")
        self.delete.setVisible(found.state in ("waiting", "used"))
        wanted = found.state == "worth"
        self.make.hinder("" if wanted else found.words or "Open a scan first.")

    def _request(self) -> Request:
        from napari_maxrf.io import build_cache_steps

        if self._scan is None:
            raise MaxrfError("There is no scan. Open one first.")
        cube, _ = self._scan
        return Request(
            "Make fast copy",
            lambda: build_cache_steps(cube),
            lambda packed: self._exchange(cube, packed),
        )

    def _use_waiting(self, *_: Any) -> None:
        from napari_maxrf.io import cached_cube

        if self._scan is None:
            return
        cube, _ = self._scan
        packed = cached_cube(cube)
        if packed is None:
            self._look()
        else:
            self.make.say(self._exchange(cube, packed))

    def _exchange(self, cube: SpectralCube, packed: SpectralCube) -> str:
        """Show the copy in all layers of the scan that are still open."""
        show_packed(self._viewer, cube, packed)
        return f"{cube.name} is read from its fast copy now."

    def _delete(self, *_: Any) -> None:
        from napari_maxrf.io.blocked import delete_copy, unpacked_cube

        if self._scan is None:
            return
        cube, _ = self._scan
        try:
            plain = unpacked_cube(cube)
            if plain is not cube:
                show_packed(self._viewer, cube, plain)
            freed = delete_copy(plain)
        except MaxrfError as error:
            self.make.complain(str(error))
            return
        self._look()
        words = f"{size_words(freed)} are free again." if freed else ""
        self.make.say(f"{cube.name} is read from its own file. {words}".rstrip())
