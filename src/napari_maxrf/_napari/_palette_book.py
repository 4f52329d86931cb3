"""The palettes of a viewer: those of the package, opened ones, and their edits.

All docks of a viewer share one book, so that an edit in the Palette dock is at once
what the Synthesise dock paints with. Edits stay in the book, each with its palette,
until they are saved or undone; the book lives as long as its viewer, whichever docks
are open. It knows nothing of the widgets that show it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING
from weakref import finalize

from qtpy.QtCore import QObject, Signal

from napari_maxrf._napari._work import unwrapped
from napari_maxrf.errors import PaletteError
from napari_maxrf.pigments import (
    Palette,
    load_palette,
    palette_names,
    save_palette,
)
from napari_maxrf.synthesis import SynthesisConfig

if TYPE_CHECKING:
    from collections.abc import Iterable

    from napari.components import ViewerModel

    from napari_maxrf.pigments import Pigment

SUFFIX = ".toml"
FILES = (SUFFIX, ".json")


@dataclass(frozen=True)
class Page:
    """One palette of the book.

    Attributes
    ----------
    source : str
        Name of a palette of the package, path of a file, or empty for a new one.
    kept : Palette or None
        As it stands in the package or the file; None for a new one.
    palette : Palette
        As it is now.
    unticked : frozenset of str
        Ids of the pigments that take no part.
    """

    source: str
    kept: Palette | None
    palette: Palette
    unticked: frozenset[str] = frozenset()

    @property
    def is_edited(self) -> bool:
        """Whether there is anything to save."""
        return self.palette != self.kept

    @property
    def is_file(self) -> bool:
        """Whether it comes from a file of the user's."""
        return self.source.endswith(FILES)

    @property
    def title(self) -> str:
        """Name of the palette, with a star if it is edited."""
        return self.palette.name + "*" * self.is_edited

    @property
    def ticked(self) -> tuple[str, ...]:
        """Ids of the pigments that take part, in the order of the palette."""
        return tuple(key for key in self.palette.ids if key not in self.unticked)


class PaletteBook(QObject):
    """Palettes, one of which is open, and the scan they are looked at with.

    Parameters
    ----------
    start : str
        Name of the palette that is open at first.
    scan : SynthesisConfig, optional
        Gives energy axis and counts per pixel.
    """

    pages_changed = Signal()
    """A palette was added, chosen, edited, saved or taken away."""
    palette_changed = Signal()
    """The open palette is another one, or was edited."""
    ticks_changed = Signal()
    scan_changed = Signal()
    """Energy axis or counts per pixel are others."""

    def __init__(self, start: str, scan: SynthesisConfig | None = None) -> None:
        super().__init__()
        scan = scan if scan is not None else SynthesisConfig()
        self.axis, self.counts = scan.axis, scan.counts
        self._pages = [_package_page(name) for name in palette_names()]
        names = [page.source for page in self._pages]
        self._index = names.index(start) if start in names else 0

    @property
    def pages(self) -> tuple[Page, ...]:
        """All palettes, in the order of the list."""
        return tuple(self._pages)

    @property
    def index(self) -> int:
        """Which page is open."""
        return self._index

    @property
    def page(self) -> Page:
        """The open page."""
        return self._pages[self._index]

    @property
    def palette(self) -> Palette:
        """The open palette, with all its pigments."""
        return self.page.palette

    @property
    def ticked(self) -> tuple[str, ...]:
        """Ids of the ticked pigments of the open palette."""
        return self.page.ticked

    def pigment(self, key: str) -> Pigment:
        """Return a pigment of the open palette."""
        return self.palette.pigments[self.palette.ids.index(key)]

    def ticked_palette(self) -> Palette:
        """Return the open palette with its ticked pigments only.

        Raises
        ------
        PaletteError
            No pigment is ticked.
        """
        palette, ticked = self.palette, self.ticked
        if not ticked:
            raise PaletteError(
                f"No pigment of “{palette.name}” is ticked. Tick at least one."
            )
        return palette if ticked == palette.ids else palette.subset(ticked)

    def choose(self, index: int) -> None:
        """Open another page."""
        if index != self._index and 0 <= index < len(self._pages):
            self._index = index
            self._tell()

    def change(self, palette: Palette) -> None:
        """Put an edited palette in the place of the open one."""
        if palette != self.palette:
            gone = self.page.unticked - set(palette.ids)
            unticked = self.page.unticked - gone
            self._pages[self._index] = replace(
                self.page, palette=palette, unticked=unticked
            )
            self._tell()

    def undo_edits(self) -> None:
        """Bring the open palette back as it was kept; a new one has nothing to."""
        if self.page.kept is not None:
            self.change(self.page.kept)

    def tick(self, ids: Iterable[str], ticked: bool) -> None:
        """Tick or untick pigments of the open palette."""
        change = set(ids) & set(self.palette.ids)
        before = self.page.unticked
        unticked = before - change if ticked else before | change
        if unticked != before:
            self._pages[self._index] = replace(self.page, unticked=unticked)
            self.ticks_changed.emit()

    def open(self, path: str) -> None:
        """Open the palette of a file, or turn to it if it is being edited.

        Raises
        ------
        PaletteError
            The file holds no palette that can be used. The open one stays.
        """
        known = self._place_of(path)
        if known is not None and self._pages[known].is_edited:
            self.choose(known)
            return
        palette = load_palette(path)
        self._put(Page(str(path), palette, palette))

    def new(self, pigments: Iterable[Pigment]) -> None:
        """Begin a palette of these pigments, painted and measured like the open one.

        Raises
        ------
        PaletteError
            There is no pigment.
        """
        names = {page.palette.name for page in self._pages}
        number = next(n for n in range(1, len(names) + 2) if _new_name(n) not in names)
        palette = replace(
            self.palette,
            id=f"new_{number}",
            name=_new_name(number),
            period="",
            pigments=tuple(pigments),
        )
        self._put(Page("", None, palette))

    def save(self, path: str, only_ticked: bool = False) -> None:
        """Save the open palette as a file, and open what a restart would find there.

        The palette it was made from goes back to what it was.

        Parameters
        ----------
        path : str
            Of a ``.toml`` file; the suffix is added if there is none.
        only_ticked : bool
            Leave the unticked pigments out.

        Raises
        ------
        MaxrfError
            The file cannot be written, or no pigment is ticked.
        """
        target, old = _target(path), self.page
        palette = self.ticked_palette() if only_ticked else self.palette
        name = palette.name if old.is_file else target.stem
        save_palette(replace(palette, name=name), target)
        saved = load_palette(target)
        self._put_back()
        unticked = old.unticked & set(saved.ids)
        self._put(Page(str(target), saved, saved, unticked))

    def set_scan(self, scan: SynthesisConfig) -> None:
        """Look at the palettes with the energy axis and counts of another scan."""
        if (scan.axis, scan.counts) != (self.axis, self.counts):
            self.axis, self.counts = scan.axis, scan.counts
            self.scan_changed.emit()

    def _put_back(self) -> None:
        """Undo the edits of the open page, now saved elsewhere; drop a new one."""
        page = self.page
        if page.kept is None:
            self._pages.pop(self._index)
            self._index = 0
        else:
            self._pages[self._index] = replace(page, palette=page.kept)

    def _put(self, page: Page) -> None:
        """Put a page in the place of that of the same file, or last, and open it."""
        place = self._place_of(page.source) if page.source else None
        if place is None:
            self._pages.append(page)
            place = len(self._pages) - 1
        self._pages[place] = page
        self._index = place
        self._tell()

    def _place_of(self, path: str) -> int | None:
        wanted = Path(path).absolute()
        for place, page in enumerate(self._pages):
            if page.is_file and Path(page.source).absolute() == wanted:
                return place
        return None

    def _tell(self) -> None:
        self.pages_changed.emit()
        self.palette_changed.emit()


def _package_page(name: str) -> Page:
    palette = load_palette(name)
    return Page(name, palette, palette)


def _new_name(number: int) -> str:
    return "New palette" if number == 1 else f"New palette {number}"


def _target(path: str) -> Path:
    target = Path(path)
    if target.suffix.lower() == SUFFIX:
        return target
    if target.suffix == "":
        return target.with_name(target.name + SUFFIX)
    raise PaletteError(
        f"A palette is saved as a {SUFFIX} file, not {target.suffix}. "
        f"Name it {target.stem}{SUFFIX}."
    )


_BOOKS: dict[int, PaletteBook] = {}


def palette_book(viewer: ViewerModel) -> PaletteBook:
    """Return the book that all docks of `viewer` share."""
    from napari_maxrf._napari._settings import preferred_counts, preferred_palette

    owner = unwrapped(viewer)
    key = id(owner)
    if key not in _BOOKS:
        scan = SynthesisConfig.checked(counts=preferred_counts())
        _BOOKS[key] = PaletteBook(preferred_palette(), scan)
        finalize(owner, _BOOKS.pop, key, None).atexit = False
    return _BOOKS[key]
