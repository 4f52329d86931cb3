"""Defects of a scanner in words and on the picture, and a scan without them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QCheckBox, QComboBox, QVBoxLayout, QWidget

from napari_maxrf._napari._facts import LayerFacts, facts_of, is_synthetic, metadata
from napari_maxrf._napari._layer_choice import LayerWatch, narrow
from napari_maxrf._napari._layers import add_layers, cube_layers_steps
from napari_maxrf._napari._placement import placement_of
from napari_maxrf._napari._run_bar import Request, RunBar
from napari_maxrf._napari._section import note
from napari_maxrf._napari._spectrum_rows import tick
from napari_maxrf.analysis import corrected, find_defects_steps
from napari_maxrf.errors import MaxrfError
from napari_maxrf.progress import Progress, Steps
from napari_maxrf.provenance import ProcessStep

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari.components import ViewerModel
    from napari.layers import Layer

    from napari_maxrf._napari._layers import LayerData
    from napari_maxrf._napari._placement import Placement
    from napari_maxrf._napari._work import Workbench
    from napari_maxrf.analysis import Defects
    from napari_maxrf.analysis._corrected import Method
    from napari_maxrf.analysis._defect_tests import Border
    from napari_maxrf.cube import SpectralCube

MARKS = "hot pixels"
LEAST_MARK_PX, MARKS_ACROSS = 3.0, 50
"""Rings are a part of the picture's longer side, and not smaller than some pixels."""
MOST_ROWS = 8
ROW_KINDS = (("empty", "empty"), ("repeated", "the same as the row before"))
METHODS: tuple[tuple[str, Method, str], ...] = (
    ("whole pixels", "nearest", "Move rows by whole pixels; counts stay counts."),
    (
        "interpolate",
        "linear",
        "Move rows by fractions of a pixel; counts are no whole numbers any more.",
    ),
)
"""What the methods of `corrected` are called, and do."""
NOTHING = "No defects found."


def defect_words(defects: Defects) -> dict[str, str]:
    """Say what was found, for each kind that `corrected` knows.

    Returns
    -------
    dict of str to str
        Only the kinds that were found.
    """
    words = {}
    if defects.backlash is not None:
        shift, error = defects.backlash.displacement_px, defects.backlash.error_px
        side = "right" if shift > 0 else "left"
        words["backlash"] = (
            f"Backlash: rows 1, 3, 5, … lie {abs(shift):.2f} ± {error:.2f} pixels "
            f"too far to the {side}."
        )
    if defects.borders:
        words["border"] = (
            f"Border: {', '.join(map(_border, defects.borders))} beside the object."
        )
    if defects.hot_pixels:
        words["hot"] = _hot(defects)
    if defects.rows:
        words["rows"] = f"Rows: {_rows(defects)}."
    return words


def _border(border: Border) -> str:
    side, n = border.side, border.n
    what = "column" if side in ("left", "right") else "row"
    return f"{n} {what}{'s' * (n > 1)} at the {side}"


def _hot(defects: Defects) -> str:
    worst, n = defects.hot_pixels[0], len(defects.hot_pixels)
    return (
        f"Hot pixels: {n} single channel{'s' * (n > 1)}; the worst at y {worst.y}, "
        f"x {worst.x}, channel {worst.channel}: {worst.counts:g} counts, where "
        f"{worst.expected:g} are expected."
    )


def _rows(defects: Defects) -> str:
    told = []
    for kind, meaning in ROW_KINDS:
        rows = [one.y for one in defects.rows if one.kind == kind]
        if rows:
            shown = ", ".join(map(str, rows[:MOST_ROWS]))
            told.append(f"{shown}{', …' * (len(rows) > MOST_ROWS)} {meaning}")
    return "; ".join(told)


def hot_pixel_layer(cube: SpectralCube, scan: Layer, defects: Defects) -> LayerData:
    """Mark the hot pixels of a scan as rings, with their counts as features."""
    hot = defects.hot_pixels
    provenance = (*cube.provenance, ProcessStep(MARKS, {"n": len(hot)}))
    facts = LayerFacts(
        "helper", provenance, cube=cube, synthetic=is_synthetic(cube.provenance)
    )
    return (
        np.array([(one.y, one.x) for one in hot], dtype=float).reshape(-1, 2),
        {
            "name": f"{cube.name} {MARKS}",
            "metadata": metadata(facts),
            "features": {
                name: [getattr(one, name) for one in hot]
                for name in ("channel", "counts", "expected")
            },
            "axis_labels": ("y", "x"),
            "face_color": "transparent",
            "border_color": "yellow",
            "border_width": 0.12,
            "size": max(LEAST_MARK_PX, max(cube.shape[:2]) / MARKS_ACROSS),
            **placement_of(scan),
        },
        "points",
    )


def corrected_steps(
    cube: SpectralCube,
    defects: Defects,
    which: Sequence[str],
    method: Method,
    placement: Placement,
) -> Steps[list[LayerData]]:
    """Correct a scan, and return the layers of the new one: sum image and cube.

    The new scan lies over the old one, also where its borders were cut off.
    """
    yield Progress("Correcting", 0, 0)
    derived = corrected(cube, defects, which, method)
    derived = replace(derived, name=f"{cube.name} corrected")
    step = derived.provenance[-1].parameters
    first = np.array([step["rows"][0], step["columns"][0]], dtype=float)
    moved = placement["translate"] + first * placement["scale"]
    where = placement | {"translate": moved}
    return (yield from cube_layers_steps(derived, where, 0))


class DefectsPanel(QWidget):
    """Find defects, mark them, choose some, and make a corrected scan.

    Parameters
    ----------
    viewer : ViewerModel
        Where the scan is open.
    bench : Workbench
        Where the work is done.
    """

    made = Signal(object)
    """The layer of the corrected scan."""

    def __init__(self, viewer: ViewerModel, bench: Workbench) -> None:
        super().__init__()
        self._viewer = viewer
        self._scan: tuple[SpectralCube, Layer] | None = None
        self.defects: Defects | None = None
        self.ticks: dict[str, QCheckBox] = {}
        self._build(bench)
        self._lay_out()
        self.mark.toggled.connect(self._take_mark)
        self._watch = LayerWatch(viewer, self, self._show_mark)
        self.show_scan(None)

    def _build(self, bench: Workbench) -> None:
        self.find = RunBar(
            bench,
            "Find defects",
            "Read the whole scan once and look for displaced rows, borders,\n"
            "hot pixels and dead rows. Nothing is changed.",
            self._request_defects,
        )
        self.kinds = QVBoxLayout()
        self.kinds.setContentsMargins(0, 0, 0, 0)
        self.mark = tick("Mark hot pixels", "Show rings around them on the picture.")
        self.method = QComboBox()
        narrow(self.method)
        self.method.setToolTip("\n".join(f"{one[0]}: {one[2]}" for one in METHODS))
        for name, method, _ in METHODS:
            self.method.addItem(name, method)
        self.correct = RunBar(
            bench,
            "Make corrected scan",
            "Make a new scan without the ticked defects. This one stays as it is.",
            self._request_corrected,
        )
        self.rest = QWidget()

    def _lay_out(self) -> None:
        below = QVBoxLayout(self.rest)
        below.setContentsMargins(0, 0, 0, 0)
        below.addLayout(self.kinds)
        for widget in (self.mark, self.method, self.correct):
            below.addWidget(widget)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.find)
        layout.addWidget(self.rest)

    def show_scan(self, scan: tuple[SpectralCube, Layer] | None) -> None:
        """Begin afresh with another scan and its layer."""
        self._scan = scan
        self._show(None)
        self.find.hinder("" if scan else "Open or synthesise a scan first.")
        for bar in (self.find, self.correct):
            if not bar.is_running:
                bar.say("")

    @property
    def which(self) -> tuple[str, ...]:
        """The ticked kinds."""
        return tuple(kind for kind, box in self.ticks.items() if box.isChecked())

    def _request_defects(self) -> Request:
        cube, _ = self._needed()
        return Request(
            "Find defects",
            lambda: find_defects_steps(cube),
            lambda defects: self._take_defects(cube, defects),
        )

    def _needed(self) -> tuple[SpectralCube, Layer]:
        if self._scan is None:
            raise MaxrfError("There is no scan. Open or synthesise one first.")
        return self._scan

    def _take_defects(self, cube: SpectralCube, defects: Defects) -> str:
        if self._scan is None or self._scan[0] is not cube:
            return ""
        self._show(defects)
        return "" if defects else NOTHING

    def _show(self, defects: Defects | None) -> None:
        """List what was found, each kind with a tick."""
        self.defects = defects
        for row in reversed(range(self.kinds.count())):
            self.kinds.takeAt(row).widget().deleteLater()
        self.ticks = {}
        for kind, words in defect_words(defects).items() if defects else ():
            box, row = _ticked_row(words)
            box.toggled.connect(self._take_ticks)
            self.ticks[kind] = box
            self.kinds.addWidget(row)
        self.rest.setVisible(bool(self.ticks))
        self.mark.setVisible("hot" in self.ticks)
        self._take_ticks()
        self._show_mark()

    def _take_ticks(self) -> None:
        moves = {"backlash", "rows"} & set(self.which)
        self.method.setVisible(bool({"backlash", "rows"} & set(self.ticks)))
        self.method.setEnabled(bool(moves))
        self.correct.hinder("" if self.which else "Tick what shall be corrected.")

    def _marks(self) -> Layer | None:
        """Return the layer that marks the hot pixels of the scan, if it is open."""
        for layer in self._viewer.layers:
            facts = facts_of(layer)
            if facts is None or facts.kind != "helper" or not facts.provenance:
                continue
            ours = self._scan is not None and facts.cube is self._scan[0]
            if ours and facts.provenance[-1].process == MARKS:
                return layer
        return None

    def _show_mark(self) -> None:
        self.mark.blockSignals(True)
        self.mark.setChecked(self._marks() is not None)
        self.mark.blockSignals(False)

    def _take_mark(self, on: bool) -> None:
        marks = self._marks()
        if not on and marks is not None:
            self._viewer.layers.remove(marks)
        elif on and marks is None and self._scan is not None and self.defects:
            add_layers(self._viewer, [hot_pixel_layer(*self._scan, self.defects)])

    def _request_corrected(self) -> Request:
        cube, layer = self._needed()
        defects, which = self.defects, self.which
        if defects is None or not which:
            raise MaxrfError("Find defects first, and tick what shall be corrected.")
        method, where = self.method.currentData(), placement_of(layer)
        return Request(
            "Correct defects",
            lambda: corrected_steps(cube, defects, which, method, where),
            self._take_corrected,
        )

    def _take_corrected(self, layers: list[LayerData]) -> str:
        added = add_layers(self._viewer, layers)
        self.made.emit(added[-1])
        # said above, since what is below goes when the new scan is chosen
        self.find.say(f"“{added[-1].name}” is a new scan; the old one is unchanged.")
        return ""


def _ticked_row(words: str) -> tuple[QCheckBox, QWidget]:
    """Return a ticked box, and a row of it beside words that wrap."""
    from qtpy.QtCore import Qt
    from qtpy.QtWidgets import QHBoxLayout

    box, row = QCheckBox(), QWidget()
    box.setChecked(True)
    box.setToolTip("Whether the corrected scan is without it.")
    layout = QHBoxLayout(row)
    layout.setContentsMargins(0, 0, 0, 0)
    label = note(words)
    label.setAlignment(Qt.AlignmentFlag.AlignTop)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    layout.addWidget(box, 0, Qt.AlignmentFlag.AlignTop)
    layout.addWidget(label, 1)
    return box, row
