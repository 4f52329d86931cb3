"""The plot of the Spectrum dock: curves, lines of elements, window and channel.

pyqtgraph is imported when the plot is built, after qtpy has chosen the Qt binding.
The view is told what to draw and tells what was dragged; it decides nothing.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QGraphicsTextItem, QLabel, QSizePolicy, QVBoxLayout, QWidget

from napari_maxrf._napari._spectrum_lines import near_words
from napari_maxrf._napari._spectrum_marks import Marks
from napari_maxrf._napari._spectrum_plot import hex_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_maxrf._napari._spectrum_model import Drawn, EnergyScale
    from napari_maxrf._napari._theme import Colour, ThemeColours

LEAST_HEIGHT = 200
DECADES = 4.0
"""How far below the highest count a logarithmic plot reaches at most."""
HEADROOM, LOG_ROOM = 1.25, 0.6
"""Room above it: a factor, and decades."""
SLACK = 0.3
"""The heights are fitted anew when the highest count falls below this share."""
ZERO_PEAK_KEV = 0.8
"""Below lie the noise and the zero peak of some scanners, which rule no scale."""
MOST_NAMED = 9
CHANNEL_COLOUR = (130, 130, 130)
WINDOW_COLOUR = (255, 196, 0, 46)
TOOLTIP = (
    "Drag to move, turn the wheel to zoom, double-click to see all.\n"
    "The grey line is the channel of the energy slider; drag it to move the slider."
)


class SpectrumView(QWidget):
    """Curves over energy, with what can be dragged."""

    window_dragged = Signal(float, float)
    """New limits of the window, as places on the axis."""
    channel_dragged = Signal(float)
    """Where the line of the energy slider was dragged to."""
    clicked = Signal(float)
    """Where the plot was clicked on."""

    def __init__(self) -> None:
        super().__init__()
        import pyqtgraph

        self.log = True
        self.scale: EnergyScale | None = None
        self.curves: Sequence[Drawn] = ()
        self._text: Colour = (240, 241, 242)
        self._lines: list[Any] = []
        self._fitted_top, self._zoomed = 0.0, False
        self.plot = pyqtgraph.PlotWidget(background=None)
        self.words = QLabel(" ")
        self.words.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.words.setToolTip("Energy, channel and the nearest lines under the mouse.")
        self._set_up_plot()
        self._add_draggable(pyqtgraph)
        self.marks = Marks(self.plot)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addWidget(self.plot, 1)
        layout.addWidget(self.words)
        self.setMinimumHeight(LEAST_HEIGHT)

    def _set_up_plot(self) -> None:
        plot = self.plot
        plot.setToolTip(TOOLTIP)
        plot.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Expanding)
        plot.setMenuEnabled(False)
        plot.hideButtons()
        plot.getPlotItem().layout.setContentsMargins(0, 0, 6, 4)
        plot.showGrid(x=True, y=True, alpha=0.15)
        plot.setLogMode(y=self.log)
        box = plot.getViewBox()
        self._legend = QGraphicsTextItem(box)
        self._legend.setZValue(3)
        box.sigResized.connect(self._name_curves)
        box.sigRangeChangedManually.connect(self._take_zoom)
        plot.scene().sigMouseMoved.connect(self._hover)
        plot.scene().sigMouseClicked.connect(self._click)

    def _add_draggable(self, pyqtgraph: Any) -> None:
        self.window = pyqtgraph.LinearRegionItem(brush=WINDOW_COLOUR, swapMode="sort")
        self.window.setZValue(-1)
        self.window.hide()
        self.window.sigRegionChanged.connect(self._tell_window)
        pen = pyqtgraph.mkPen(CHANNEL_COLOUR, style=Qt.PenStyle.DashLine)
        self.channel = pyqtgraph.InfiniteLine(movable=True, pen=pen)
        self.channel.hide()
        self.channel.sigDragged.connect(
            lambda line: self.channel_dragged.emit(float(line.value()))
        )
        for item in (self.window, self.channel):
            self.plot.addItem(item, ignoreBounds=True)

    def set_colours(self, colours: ThemeColours) -> None:
        """Take the colours of the viewer's theme."""
        background, self._text = colours
        self.plot.setBackground(background)
        self.marks.background = background
        for side in ("left", "bottom"):
            axis = self.plot.getAxis(side)
            axis.setPen(self._text)
            axis.setTextPen(self._text)

    def set_log(self, log: bool) -> None:
        """Choose a logarithmic scale of counts, or a linear one."""
        self.log = log
        self.plot.setLogMode(y=log)
        self._fitted_top = 0.0
        self.show_curves(self.curves)

    def show_scale(self, scale: EnergyScale | None) -> None:
        """Take another axis, and show all of it."""
        self.scale = scale
        self.curves = ()
        if scale is not None:
            self.plot.setLabel("bottom", scale.label)
        self.fit()

    def show_curves(self, curves: Sequence[Drawn], unit: str = "") -> None:
        """Draw curves, and fit the heights unless the user has zoomed."""
        self.curves = curves if self.scale is not None else ()
        if unit:
            self.plot.setLabel("left", unit)
        while len(self._lines) < len(self.curves):
            self._lines.append(self.plot.plot())
        for row, item in enumerate(self._lines):
            item.setVisible(row < len(self.curves))
            if self.scale is not None and row < len(self.curves):
                self._trace(item, self.curves[row], self.scale)
        self._name_curves()
        self._fit_heights()

    def show_window(self, places: tuple[float, float] | None) -> None:
        """Show the window between two places, or none; tells nobody."""
        self.window.blockSignals(True)
        if places is not None:
            self.window.setRegion(places)
        self.window.setVisible(places is not None)
        self.window.blockSignals(False)

    def show_channel(self, place: float | None) -> None:
        """Show where the energy slider stands; tells nobody."""
        self.channel.blockSignals(True)
        if place is not None:
            self.channel.setValue(place)
        self.channel.setVisible(place is not None)
        self.channel.blockSignals(False)

    def fit(self) -> None:
        """Show all energies, and heights that suit the curves."""
        self._zoomed, self._fitted_top = False, 0.0
        if self.scale is not None:
            places = self.scale.places
            low = max(places[0], 0.0)
            self.plot.setXRange(low, max(places[-1], low + 1e-6), padding=0.01)
        self._fit_heights()

    def _trace(self, item: Any, curve: Drawn, scale: EnergyScale) -> None:
        import pyqtgraph

        values = np.maximum(curve.values, curve.floor) if self.log else curve.values
        item.setPen(pyqtgraph.mkPen(curve.colour, width=1))
        item.setZValue(2 if curve.live else 1)
        item.setData(scale.places, values)

    def _top(self) -> float:
        """Return the highest count above the zero peak."""
        if self.scale is None or not self.curves:
            return 1.0
        used = self.scale.axis.centres_kev >= ZERO_PEAK_KEV
        if not used.any():
            used[:] = True
        top = max(float(curve.values[used].max()) for curve in self.curves)
        return top if top > 0 else 1.0

    def _fit_heights(self) -> None:
        top = self._top()
        if self._zoomed or SLACK * self._fitted_top <= top <= self._fitted_top:
            return
        self._fitted_top = top
        if self.log:
            level = float(np.log10(top))
            lowest = min((curve.floor for curve in self.curves), default=1e-3)
            bottom = max(level - DECADES, float(np.log10(lowest)) - LOG_ROOM / 4)
            self.plot.setYRange(bottom, level + LOG_ROOM, padding=0)
        else:
            self.plot.setYRange(0, top * HEADROOM, padding=0)

    def _take_zoom(self, *_: Any) -> None:
        self._zoomed = True

    def _name_curves(self) -> None:
        """Put the legend into the upper right corner."""
        lines = [_legend_line(curve) for curve in self.curves[-MOST_NAMED:]]
        self._legend.setHtml("<br>".join(lines))
        width = self.plot.getViewBox().width()
        self._legend.setPos(width - self._legend.boundingRect().width(), 0)

    def _tell_window(self) -> None:
        low, high = self.window.getRegion()
        self.window_dragged.emit(float(low), float(high))

    def _place(self, position: Any) -> float | None:
        """Return the place on the axis under a point of the scene."""
        box = self.plot.getViewBox()
        if self.scale is None or not box.sceneBoundingRect().contains(position):
            return None
        return float(box.mapSceneToView(position).x())

    def _hover(self, position: Any) -> None:
        place = self._place(position)
        if place is None or self.scale is None:
            self.words.setText(" ")
        else:
            self.words.setText(place_words(self.scale, place))

    def _click(self, event: Any) -> None:
        place = self._place(event.scenePos())
        if event.double():
            self.fit()
        elif place is not None and event.button() == Qt.MouseButton.LeftButton:
            self.clicked.emit(place)


def place_words(scale: EnergyScale, place: float) -> str:
    """Say what stands at a place of the axis."""
    channel = scale.channel(place)
    if not scale.is_calibrated:
        return f"channel {channel}"
    near = near_words(place)
    return f"{place:.3f} keV · channel {channel}" + (f" · {near}" if near else "")


def _legend_line(curve: Drawn) -> str:
    style = f"color: {hex_of(curve.colour)}; font-size: 8pt"
    return f'<span style="{style}">── {escape(curve.name)}</span>'
