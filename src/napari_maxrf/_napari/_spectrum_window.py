"""The energy window of the Spectrum dock: its limits, its map, its hottest pixels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, Signal
from qtpy.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QHBoxLayout,
    QLabel,
    QSpinBox,
    QWidget,
)
from superqt.utils import qthrottled

from napari_maxrf._napari._layer_choice import narrow
from napari_maxrf._napari._layers import add_layers
from napari_maxrf._napari._section import stacked
from napari_maxrf._napari._spectrum_follow import Following
from napari_maxrf._napari._spectrum_rows import small_button
from napari_maxrf._napari._spectrum_work import (
    contrast,
    unless_overtaken,
    window_layer,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari.components import ViewerModel
    from napari.layers import Image, Layer

    from napari_maxrf._napari._palette_findings import LineMark
    from napari_maxrf.cube import EnergyAxis, SpectralCube

Window = tuple[float, float]

MAP_PACE_MS = 120
DECIMALS, STEP_KEV = 2, 0.02
BOX_WIDTH = 88
USUAL_N, MOST_N = 20, 1000
LINE_HINT = "to a line…"


class WindowMap(QObject):
    """One layer that shows the map of the window, and follows it.

    Parameters
    ----------
    viewer : ViewerModel
        Where the layer is added.
    parent : QObject
        Until whose end maps are computed.
    """

    failed = Signal(str)

    def __init__(self, viewer: ViewerModel, parent: QObject) -> None:
        super().__init__(parent)
        self._viewer = viewer
        self._asked = 0
        self._scan: Layer | None = None
        self.layer: Image | None = None
        self.maps = Following(self)
        self.maps.answered.connect(self._show)
        self.maps.failed.connect(self._miss)

    def ask(
        self, cube: SpectralCube, scan: Layer, window: Window, background: bool
    ) -> None:
        """Have the map of a window computed and shown."""
        from napari_maxrf.analysis import window_map_steps

        self._scan = scan
        self._asked += 1
        number, maps = self._asked, self.maps

        def work() -> tuple[Any, ...]:
            steps = window_map_steps(cube, *window, background)
            image = unless_overtaken(steps, lambda: number != self._asked)
            return cube, scan, image, window, background

        maps.ask((maps.round, number), work)

    def keep(self) -> None:
        """Let the layer stay as it is; the next map gets another one."""
        self.layer = None

    def stop(self) -> None:
        """Show no map any more, and take the layer away."""
        self._asked += 1
        self.maps.begin_round()
        if self.layer is not None and self.layer in self._viewer.layers:
            self._viewer.layers.remove(self.layer)
        self.layer = None

    def _show(self, answer: tuple[Any, ...]) -> None:
        data, keywords, kind = window_layer(*answer)
        if self.layer is None or self.layer not in self._viewer.layers:
            active = self._viewer.layers.selection.active
            (self.layer,) = add_layers(self._viewer, [(data, keywords, kind)])
            self._lay_below_drawings(self.layer)
            self._viewer.layers.selection.active = active
            return
        self.layer.data = data
        self.layer.contrast_limits = contrast(data)
        self.layer.name = keywords["name"]
        self.layer.metadata = keywords["metadata"]

    def _lay_below_drawings(self, layer: Image) -> None:
        """Leave what is drawn over the scan in sight."""
        layers = self._viewer.layers
        above = layers.index(self._scan) if self._scan in layers else 0
        drawings = [one for one in layers[above:] if is_drawing(one)]
        if drawings:
            layers.move(layers.index(layer), layers.index(drawings[0]))

    def _miss(self, reason: str) -> None:
        if reason:
            self.failed.emit(reason)


class WindowPanel(QWidget):
    """Limits of the window, and what to do with it."""

    changed = Signal(object)
    """The window in keV, or None; some times a second at most."""
    keep_wanted = Signal()
    hottest_wanted = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self._lines: Sequence[LineMark] = ()
        self.tick = QCheckBox("Window")
        self.tick.setToolTip(
            "Map the counts between two energies. Drag the yellow band in the plot,\n"
            "or its limits; the map follows."
        )
        self.low, self.high = _energy_box("From"), _energy_box("To")
        self.line = QComboBox()
        narrow(self.line)
        self.line.setMinimumContentsLength(4)
        self.line.setToolTip("Set the window to a line of a marked element.")
        self.background = QCheckBox("Background")
        self.background.setToolTip(
            "Take away what lies under a straight line through both sides of the\n"
            "window."
        )
        self.keep = small_button("Keep map", "Keep this map; the next one is another.")
        self.n = QSpinBox()
        self.n.setRange(1, MOST_N)
        self.n.setValue(USUAL_N)
        self.n.setToolTip("How many pixels.")
        self.hottest = small_button(
            "Hottest", "Mark the pixels with most counts in the window, and draw them."
        )
        self._lay_out()
        self._tell = qthrottled(self._tell_now, timeout=MAP_PACE_MS, parent=self)
        self._listen()
        self.show_lines(())
        self._enable()

    def _lay_out(self) -> None:
        upper, lower = QHBoxLayout(), QHBoxLayout()
        for widget in (self.tick, self.low, QLabel("–"), self.high):
            upper.addWidget(widget)
        upper.addWidget(self.line, 1)
        for widget in (self.background, self.keep):
            lower.addWidget(widget)
        lower.addStretch()
        for widget in (self.hottest, self.n):
            lower.addWidget(widget)
        self.setLayout(stacked(upper, lower))

    def _listen(self) -> None:
        self.tick.toggled.connect(self._enable)
        self.tick.toggled.connect(self._tell)
        for box in (self.low, self.high):
            box.valueChanged.connect(self._tell)
        self.background.toggled.connect(self._tell)
        self.line.activated.connect(self._take_line)
        self.keep.clicked.connect(self.keep_wanted)
        self.hottest.clicked.connect(lambda: self.hottest_wanted.emit(self.n.value()))

    @property
    def window_kev(self) -> Window | None:
        """The window, or None."""
        low, high = sorted((self.low.value(), self.high.value()))
        return (low, high) if self.tick.isChecked() else None

    def show_axis(self, axis: EnergyAxis | None) -> None:
        """Begin afresh with the energies of a scan, without a window."""
        self.tick.setChecked(False)
        self.setEnabled(axis is not None)
        if axis is None:
            return
        for box in (self.low, self.high):
            box.blockSignals(True)
            box.setRange(*axis.range_kev)
            box.blockSignals(False)

    def show_lines(self, lines: Sequence[LineMark]) -> None:
        """Offer the lines of the marked elements."""
        self._lines = lines
        self.line.clear()
        self.line.addItem(LINE_HINT)
        self.line.addItems([line.label for line in lines])
        self.line.setEnabled(bool(lines))

    def set_window(self, window: Window) -> None:
        """Show other limits, and tell."""
        for box, value in zip((self.low, self.high), window, strict=True):
            box.blockSignals(True)
            box.setValue(value)
            box.blockSignals(False)
        self._tell()

    def _take_line(self, row: int) -> None:
        from napari_maxrf.analysis._lines import resolution_kev

        if row > 0:
            energy = self._lines[row - 1].energy_kev
            half = resolution_kev(energy)
            self.tick.setChecked(True)
            self.set_window((energy - half, energy + half))
            self.line.setCurrentIndex(0)

    def _enable(self) -> None:
        on = self.tick.isChecked()
        for widget in (self.low, self.high, self.background, self.keep, self.hottest):
            widget.setEnabled(on)
        self.n.setEnabled(on)

    def _tell_now(self, *_: Any) -> None:
        self.changed.emit(self.window_kev)


def is_drawing(layer: Layer) -> bool:
    """Tell whether a layer holds shapes or points."""
    return layer._type_string in ("shapes", "points")


def _energy_box(what: str) -> QDoubleSpinBox:
    box = QDoubleSpinBox()
    box.setDecimals(DECIMALS)
    box.setMinimumWidth(BOX_WIDTH)
    box.setSingleStep(STEP_KEV)
    box.setToolTip(f"{what} this energy in keV.")
    return box
