"""Marks of element lines in a plot: as high as the line is strong, with a name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtGui import QColor

from napari_maxrf._napari._palette_curves import spaced_marks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_maxrf._napari._palette_findings import LineMark
    from napari_maxrf._napari._theme import Colour

LOWEST, HIGHEST = 0.08, 0.72
"""Heights of the weakest and of the strongest line, as shares of the plot."""
LABEL_PIXELS = 13
POINTS = 7.5
VEIL = 170
"""How much a name hides what is behind it, of 255."""

Element = tuple[str, "tuple[LineMark, ...]", "Colour"]


class Marks:
    """The lines of some elements, redrawn whenever the view changes.

    Parameters
    ----------
    plot : PlotWidget
        Where they are drawn, in the coordinates of its view box.
    """

    def __init__(self, plot: Any) -> None:
        self._plot, self._box = plot, plot.getViewBox()
        self.background: Colour = (0, 0, 0)
        self._elements: Sequence[Element] = ()
        self._sticks: list[Any] = []
        self._labels: list[Any] = []
        self._box.sigRangeChanged.connect(self._draw)
        self._box.sigResized.connect(self._draw)

    @property
    def labels(self) -> tuple[str, ...]:
        """Names that are shown now."""
        return tuple(item.toPlainText() for item in self._labels if item.isVisible())

    def show(self, elements: Sequence[Element]) -> None:
        """Mark the lines of elements, each with its name, lines and colour."""
        self._elements = elements
        self._draw()

    def _draw(self, *_: Any) -> None:
        while len(self._sticks) < len(self._elements):
            self._sticks.append(self._new_stick())
        for row, item in enumerate(self._sticks):
            item.setVisible(row < len(self._elements))
            if row < len(self._elements):
                self._stick(item, *self._elements[row][1:])
        self._name()

    def _stick(self, item: Any, lines: Sequence[LineMark], colour: Colour) -> None:
        places = np.repeat([line.energy_kev for line in lines], 2)
        levels = [(self._level(0), self._level(_share(line))) for line in lines]
        item.setPen(colour)
        item.setData(places, np.ravel(levels), connect="pairs")

    def _level(self, share: float) -> float:
        _, (low, high) = self._box.viewRange()
        return float(low + share * (high - low))

    def _name(self) -> None:
        """Name the lines that fit beside each other at this zoom."""
        (low, high), _ = self._box.viewRange()
        least = (high - low) * LABEL_PIXELS / max(self._box.width(), 1.0)
        colours = {
            line.label: colour for _, lines, colour in self._elements for line in lines
        }
        everything = [line for _, lines, _ in self._elements for line in lines]
        everything.sort(key=lambda line: -line.height)
        marks = spaced_marks((), everything, least, (low, high))
        while len(self._labels) < len(marks):
            self._labels.append(self._new_label())
        for row, item in enumerate(self._labels):
            item.setVisible(row < len(marks))
            if row < len(marks):
                item.fill.setColor(QColor(*self.background, VEIL))
                item.setText(marks[row].label, color=colours[marks[row].label])
                item.setPos(marks[row].energy_kev, self._level(_share(marks[row])))

    def _new_stick(self) -> Any:
        import pyqtgraph

        item = pyqtgraph.PlotCurveItem()
        self._box.addItem(item, ignoreBounds=True)
        return item

    def _new_label(self) -> Any:
        import pyqtgraph

        label = pyqtgraph.TextItem(anchor=(0, 0.5), angle=90, fill=self.background)
        label.setZValue(2)
        font = self._plot.font()
        font.setPointSizeF(POINTS)
        label.setFont(font)
        self._box.addItem(label, ignoreBounds=True)
        return label


def _share(line: LineMark) -> float:
    return LOWEST + (HIGHEST - LOWEST) * line.height
