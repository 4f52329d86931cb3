"""A live plot of spectra over energy, with labelled lines.

pyqtgraph is imported when there is something to draw: opening a dock does not pay
for it, and it must come after qtpy has chosen the Qt binding. The plot is told what
to draw; it decides nothing but where labels fit.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QCheckBox,
    QGraphicsTextItem,
    QHBoxLayout,
    QLabel,
    QVBoxLayout,
    QWidget,
)

from napari_maxrf._napari._palette_curves import Curve, spaced_marks
from napari_maxrf._napari._section import note

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_maxrf._napari._palette_findings import LineMark
    from napari_maxrf._napari._theme import ThemeColours

LEAST_HEIGHT = 200
DECADES = 3.5
"""How far below the highest peak a logarithmic plot reaches."""
HEADROOM = {True: 1.05, False: 0.42}
"""Room above for labels: decades, or a share of the height."""
LABEL_PIXELS = 13
STYLES = ("SolidLine", "DashLine", "DotLine", "DashDotLine")
DASHES = ("──", "╌╌", "┈┈", "─·")
TOOLTIP = (
    "Expected counts in each energy bin. Selected rows are drawn bold and their\n"
    "lines labelled; without a selection, those of all curves are. Drag to move,\n"
    "turn the wheel to zoom, double-click to see all."
)


class SpectrumPlot(QWidget):
    """Curves, labels, and a choice of the scale."""

    def __init__(self) -> None:
        super().__init__()
        self.log = QCheckBox("Logarithmic")
        self.log.setToolTip("Show weak lines too, by a logarithmic scale of counts.")
        self.log.setChecked(True)
        self.log.toggled.connect(self._draw)
        self.words = QLabel()
        self.words.setToolTip("Which spectra are drawn.")
        self._hint = note()
        self._curves: Sequence[Curve] = ()
        self._tube: Sequence[LineMark] = ()
        self._energies = np.zeros(0)
        self._background, self._text = (38, 41, 48), (240, 241, 242)
        self._plot: Any = None
        self._lines: list[Any] = []
        self._labels: list[Any] = []
        self._lay_out()

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.setContentsMargins(0, 0, 0, 0)
        top.addWidget(self.words, 1)
        top.addWidget(self.log)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addLayout(top)
        layout.addWidget(self._hint)
        self._hint.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.setMinimumHeight(LEAST_HEIGHT)
        self.setToolTip(TOOLTIP)

    @property
    def labels(self) -> tuple[str, ...]:
        """Texts of the lines that are labelled now."""
        return tuple(item.toPlainText() for item in self._labels if item.isVisible())

    @property
    def drawn(self) -> tuple[str, ...]:
        """Ids of the pigments whose spectra are drawn."""
        return tuple(curve.key for curve in self._curves)

    def set_colours(self, colours: ThemeColours) -> None:
        """Take the colours of the viewer's theme."""
        self._background, self._text = colours
        if self._plot is not None:
            self._paint_frame()
            self._draw()

    def say(self, text: str) -> None:
        """Show a line instead of curves, such as what is being waited for."""
        self._hint.setText(text)
        self._hint.setVisible(bool(text))

    def clear(self, words: str) -> None:
        """Take all curves away, and say why."""
        self._curves, self._tube = (), ()
        self.words.setText("")
        self._draw()
        self.say(words)

    def show_curves(
        self,
        energies_kev: Any,
        curves: Sequence[Curve],
        tube: Sequence[LineMark],
        n_wanted: int,
    ) -> None:
        """Draw spectra.

        Parameters
        ----------
        energies_kev : ndarray, shape (n_channels,)
            Centres of the channels.
        curves : sequence of Curve
            What to draw.
        tube : sequence of LineMark
            Lines of the anode.
        n_wanted : int
            How many the user ticked or selected; may be more than are drawn.
        """
        self._curves, self._tube, self._energies = curves, tube, energies_kev
        self.say("" if curves else "Tick or select a pigment to see its spectrum.")
        more = f"{len(curves)} of {n_wanted} spectra" if n_wanted > len(curves) else ""
        self.words.setText(more or f"{n_wanted} spectr{'a' if n_wanted != 1 else 'um'}")
        if self._plot is None:
            self._build()
        self._draw()

    def _build(self) -> None:
        import pyqtgraph

        plot = pyqtgraph.PlotWidget(background=None)
        plot.setMenuEnabled(False)
        plot.hideButtons()
        plot.getPlotItem().layout.setContentsMargins(0, 0, 6, 4)
        plot.setLabel("bottom", "energy (keV)")
        plot.setLabel("left", "counts per bin")
        plot.showGrid(x=True, y=True, alpha=0.15)
        self._legend = QGraphicsTextItem(plot.getViewBox())
        self._legend.setZValue(3)
        plot.getViewBox().sigResized.connect(self._name_curves)
        self._dots = pyqtgraph.ScatterPlotItem(symbol="t", size=5, pen=None)
        plot.addItem(self._dots)
        plot.getViewBox().sigXRangeChanged.connect(self._label)
        plot.scene().sigMouseClicked.connect(self._clicked)
        self._plot = plot
        self._paint_frame()
        self.layout().addWidget(plot, 1)

    def _paint_frame(self) -> None:
        self._plot.setBackground(self._background)
        for side in ("left", "bottom"):
            axis = self._plot.getAxis(side)
            axis.setPen(self._text)
            axis.setTextPen(self._text)

    def _clicked(self, event: Any) -> None:
        if event.double():
            self._fit()

    def _draw(self) -> None:
        if self._plot is None:
            return
        log = self.log.isChecked()
        self._plot.setLogMode(y=log)
        floor = self._top() * 10**-DECADES
        while len(self._lines) < len(self._curves):
            self._lines.append(self._plot.plot(antialias=True))
        for row, item in enumerate(self._lines):
            item.setVisible(row < len(self._curves))
            if row < len(self._curves):
                self._trace(item, self._curves[row], floor)
        self._name_curves()
        self._fit()
        self._label()

    def _trace(self, item: Any, curve: Curve, floor: float) -> None:
        item.setPen(self._pen(curve))
        item.setData(self._energies, np.maximum(curve.counts, floor))
        item.setZValue(1 if curve.bold else 0)

    def _pen(self, curve: Curve) -> Any:
        import pyqtgraph

        dim = any(one.bold for one in self._curves) and not curve.bold
        return pyqtgraph.mkPen(
            (*curve.colour, 110 if dim else 255),
            width=2 if curve.bold else 1,
            style=getattr(Qt.PenStyle, STYLES[curve.style]),
        )

    def _name_curves(self) -> None:
        """Put the legend, line by line, into the upper right corner."""
        self._legend.setHtml("<br>".join(_legend_line(curve) for curve in self._curves))
        width = self._plot.getViewBox().width()
        self._legend.setPos(width - self._legend.boundingRect().width(), 0)

    def _top(self) -> float:
        return max((float(curve.counts.max()) for curve in self._curves), default=1.0)

    def _fit(self) -> None:
        """Show all energies, and heights with room for the labels."""
        if not len(self._energies):
            return
        log, top = self.log.isChecked(), self._top()
        self._plot.setXRange(self._energies[0], self._energies[-1], padding=0.01)
        if log:
            level = float(np.log10(top))
            self._plot.setYRange(level - DECADES, level + HEADROOM[log], padding=0)
        else:
            self._plot.setYRange(0, top * (1 + HEADROOM[log]), padding=0)

    def _label(self) -> None:
        """Label the lines that fit beside each other at this zoom."""
        box = self._plot.getViewBox()
        (low, high), _ = box.viewRange()
        least = (high - low) * LABEL_PIXELS / max(box.width(), 1.0)
        marks = spaced_marks(self._curves, self._tube, least, (low, high))
        places = [(mark.energy_kev, self._level(mark.height)) for mark in marks]
        self._dots.setData(pos=np.array(places).reshape(-1, 2), brush=self._text)
        while len(self._labels) < len(marks):
            self._labels.append(self._new_label())
        for row, item in enumerate(self._labels):
            item.setVisible(row < len(marks))
            if row < len(marks):
                item.setText(marks[row].label, color=self._text)
                item.setPos(*places[row])

    def _level(self, height: float) -> float:
        """Return where a height stands on the axis."""
        floor = self._top() * 10**-DECADES
        return float(np.log10(max(height, floor))) if self.log.isChecked() else height

    def _new_label(self) -> Any:
        import pyqtgraph

        label = pyqtgraph.TextItem(anchor=(0, 0.5), angle=90)
        label.setZValue(2)
        font = self.font()
        font.setPointSizeF(7.5)
        label.setFont(font)
        self._plot.addItem(label, ignoreBounds=True)
        return label


def _legend_line(curve: Curve) -> str:
    short = curve.name.split(" (")[0]
    weight = "bold" if curve.bold else "normal"
    style = f"color: {hex_of(curve.colour)}; font-size: 8pt; font-weight: {weight}"
    return f'<span style="{style}">{DASHES[curve.style]} {escape(short)}</span>'


def hex_of(colour: tuple[int, int, int]) -> str:
    """Write a colour as #rrggbb."""
    return "#{:02x}{:02x}{:02x}".format(*colour)
