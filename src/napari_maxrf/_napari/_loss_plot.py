"""The live curves of a training.

pyqtgraph is imported when the first value arrives: opening a widget does not
pay for it, and it must come after qtpy has chosen the Qt binding.
"""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING, Any

from qtpy.QtWidgets import QVBoxLayout, QWidget

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_maxrf.progress import Progress

LOSS = "loss"
HEIGHT, LABEL_HEIGHT = 140, 30
PACE_S = 0.4
MOST_POINTS = 4000
COLOURS = {LOSS: "#4fc3f7"}
OTHER_COLOUR = "#ffb74d"

Points = list[tuple[float, float]]


class LossPlot(QWidget):
    """Training loss against steps, and below it the metric of the validation.

    Parameters
    ----------
    metric : str
        Name of the metric without ``val_``; ``"loss"`` is drawn with the loss.
    """

    def __init__(self, metric: str) -> None:
        super().__init__()
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._shown = (LOSS, f"val_{metric}")
        shown = LOSS if metric == LOSS else metric.replace("_", "-").upper()
        self._titles = {LOSS: "training loss", f"val_{metric}": f"validation {shown}"}
        self._plots: list[Any] = []
        self._curves: dict[str, Any] = {}
        self._drawn = 0.0
        self.points: dict[str, Points] = {}
        self.setToolTip(
            "Loss on the training set (blue) and what the validation set gives\n"
            "(orange), against training steps."
        )
        self.hide()

    def start(self) -> None:
        """Forget earlier curves."""
        self.points.clear()
        self.draw()

    def add(self, records: Sequence[Progress]) -> None:
        """Keep the values of `records`, and draw now and then."""
        for record in records:
            for name in self._shown:
                if name in record.values:
                    self._keep(name, (record.done, record.values[name]))
        if monotonic() - self._drawn > PACE_S:
            self.draw()

    def _keep(self, name: str, point: tuple[float, float]) -> None:
        """Keep a point that is new, and thin a curve that has become long."""
        points = self.points.setdefault(name, [])
        if points and (points[-1][0] == point[0] or points[-1][1] == point[1]):
            return
        points.append(point)
        if len(points) > MOST_POINTS:
            del points[1::2]

    def draw(self) -> None:
        """Draw what there is."""
        self._drawn = monotonic()
        if self.points and not self._plots:
            self._build()
        for name, curve in self._curves.items():
            points = self.points.get(name, [])
            curve.setData([x for x, _ in points], [y for _, y in points])

    def _build(self) -> None:
        """Make one plot, or two if the metric has a scale of its own."""
        together = self._shown[1] == f"val_{LOSS}"
        groups = [self._shown] if together else [[name] for name in self._shown]
        for group in groups:
            plot = _plot(falling=LOSS in group)
            self._plots.append(plot)
            self._layout.addWidget(plot)
            for name in group:
                self._curves[name] = _curve(plot, name, self._titles[name])
        self._plots[-1].setLabel("bottom", "training steps")
        self.setFixedHeight(HEIGHT * len(self._plots) + LABEL_HEIGHT)
        self.show()


def _plot(falling: bool) -> Any:
    """Make an empty plot with its legend where the curve will not be."""
    import pyqtgraph

    plot = pyqtgraph.PlotWidget(background=None)
    plot.setMenuEnabled(False)
    plot.hideButtons()
    plot.showGrid(x=True, y=True, alpha=0.2)
    plot.addLegend(offset=(-6, 6 if falling else -6), labelTextSize="8pt")
    return plot


def _curve(plot: Any, name: str, title: str) -> Any:
    """Draw the loss as a line, and the few validations with their points."""
    import pyqtgraph

    colour = COLOURS.get(name, OTHER_COLOUR)
    dots = {"symbol": "o", "symbolSize": 5, "symbolPen": None, "symbolBrush": colour}
    pen = pyqtgraph.mkPen(colour, width=1.5)
    return plot.plot([], [], pen=pen, name=title, **({} if name == LOSS else dots))
