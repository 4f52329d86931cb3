"""Write maps to files: all in one for other programs, or as pictures for a report."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtCore import QObject, Signal
from qtpy.QtWidgets import QFileDialog, QMenu, QPushButton, QWidget

from napari_maxrf._napari._background import start_job
from napari_maxrf._napari._maps_rows import hex_of
from napari_maxrf._napari._maps_work import saving_steps
from napari_maxrf.errors import MaxrfError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from napari_maxrf._napari._maps_rows import MapRow
    from napari_maxrf._napari._maps_session import MapSession
    from napari_maxrf._napari._work import Job
    from napari_maxrf.analysis._composite import Mode

MAPS, COMPOSITE, PICTURE = "maps", "composite", "picture"
FILTERS = {
    MAPS: "OME-TIFF (*.ome.tif);;HDF5 (*.h5);;Table (*.csv)",
    COMPOSITE: "Picture (*.png)",
    PICTURE: "Picture (*.png)",
}
SUFFIXES = (".tif", ".tiff", ".h5", ".hdf5", ".csv", ".png")
ENTRIES = {
    MAPS: ("All maps…", "One file: OME-TIFF, HDF5 that PyMca reads, or CSV."),
    COMPOSITE: ("Composite as picture…", "PNG of 600 dpi with legend and scale bar."),
    PICTURE: (
        "Selected map as picture…",
        "PNG of 600 dpi with colour bar and scale bar; select one row of the table.",
    ),
}


class ExportButton(QPushButton):
    """A button with a menu of what can be written."""

    wanted = Signal(str)

    def __init__(self) -> None:
        super().__init__("Export")
        self.setToolTip("Write maps or pictures of them to a file.")
        menu = QMenu(self)
        menu.setToolTipsVisible(True)
        for what, (text, tooltip) in ENTRIES.items():
            action = menu.addAction(text)
            action.setToolTip(tooltip)
            action.triggered.connect(partial(self._tell, what))
        self.setMenu(menu)

    def _tell(self, what: str, *_: bool) -> None:
        self.wanted.emit(what)


class Exporter(QObject):
    """Asks where to write, and writes in a thread.

    Parameters
    ----------
    parent : QWidget
        Above which it asks.
    """

    told = Signal(str)
    """What was written."""
    failed = Signal(str)
    """Why nothing was."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._window = parent
        self._jobs: list[Job] = []

    @property
    def is_busy(self) -> bool:
        """Whether a file is being written."""
        return bool(self._jobs)

    def ask(
        self,
        what: str,
        session: MapSession,
        selected: Sequence[MapRow],
        mode: Mode,
    ) -> None:
        """Ask for a path, and write there."""
        try:
            title, name = _title(what, session, selected)
        except MaxrfError as error:
            self.failed.emit(str(error))
            return
        path, chosen = QFileDialog.getSaveFileName(
            self._window, title, name, FILTERS[what]
        )
        if path:
            self.save_as(what, path, chosen, session, selected, mode)

    def save_as(
        self,
        what: str,
        path: str,
        kind: str,
        session: MapSession,
        selected: Sequence[MapRow],
        mode: Mode,
    ) -> None:
        """Write to a path, to which the suffix of the chosen kind is added."""
        try:
            target = with_suffix(path, kind)
            write = _writer(what, target, session, selected, mode)
        except MaxrfError as error:
            self.failed.emit(str(error))
            return
        job = start_job(
            f"Saving {target.name}",
            lambda: saving_steps(write),
            lambda _: self.told.emit(f"Saved {target}."),
            self,
        )
        self._jobs.append(job)
        job.failed.connect(self.failed)
        job.ended.connect(lambda: self._jobs.remove(job))


def with_suffix(path: str, kind: str) -> Path:
    """Add the suffix of a kind of files, ``"HDF5 (*.h5)"``, where none was typed.

    Raises
    ------
    MaxrfError
        The longer name is taken, which the dialog has not asked about.

    Examples
    --------
    >>> str(with_suffix("v1.2", "HDF5 (*.h5)")), str(with_suffix("a.csv", "x (*.h5)"))
    ('v1.2.h5', 'a.csv')
    """
    if Path(path).suffix.lower() in SUFFIXES:
        return Path(path)
    suffix = kind.partition("(*")[2].rstrip(")")
    longer = Path(f"{path}{suffix}")
    if suffix and longer.exists():
        raise MaxrfError(f"{longer} is there already; choose it to replace it.")
    return longer


def _title(
    what: str, session: MapSession, selected: Sequence[MapRow]
) -> tuple[str, str]:
    """Return the title of the dialog, and the file name it proposes.

    Raises
    ------
    MaxrfError
        There is nothing of the kind.
    """
    name = session.cube.name
    if what == PICTURE:
        own = _one(selected).map.name.replace(" ", "_").replace("/", "_over_")
        return "Save the map", f"{name}_{own}.png"
    if what == COMPOSITE:
        _shown(session)
        return "Save the composite", f"{name}_composite.png"
    return "Save the maps", f"{name}_maps.ome.tif"


def _writer(
    what: str,
    path: Path,
    session: MapSession,
    selected: Sequence[MapRow],
    mode: Mode,
) -> Callable[[], None]:
    """Return what writes the file, with all it needs held fast."""
    from napari_maxrf import analysis

    size = session.cube.pixel_size_mm
    if what == PICTURE:
        row = _one(selected)
        return partial(analysis.save_map_picture, row.map, path, size, row.limits)
    if what == COMPOSITE:
        shown = _shown(session)
        return partial(
            analysis.save_composite_picture,
            [row.map for row in shown],
            [hex_of(row.colour) for row in shown],
            path,
            size,
            [row.limits for row in shown],
            mode,
        )
    maps = [row.map for row in session.rows]
    return partial(analysis.save_maps, maps, path, size, session.provenance)


def _one(selected: Sequence[MapRow]) -> MapRow:
    if len(selected) != 1:
        raise MaxrfError("Select one row of the table: the map to draw.")
    return selected[0]


def _shown(session: MapSession) -> list[MapRow]:
    shown = [row for row in session.rows if row.shown]
    if not shown:
        raise MaxrfError("Tick the maps of the composite first.")
    return shown
