"""A horizontal colour bar with its lowest and highest value."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from qtpy.QtCore import QRect, Qt
from qtpy.QtGui import QImage, QPainter
from qtpy.QtWidgets import QWidget

if TYPE_CHECKING:
    from napari.utils import Colormap
    from qtpy.QtGui import QPaintEvent

N_COLOURS = 256
BAR_HEIGHT = 14


class ColourBar(QWidget):
    """Draws the colours of a colormap from left to right, and five values below.

    Parameters
    ----------
    parent : QWidget, optional
        Where the bar stands.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._image = QImage()
        self._limits = (0.0, 1.0)
        self.setMinimumHeight(BAR_HEIGHT + self.fontMetrics().height() + 4)

    def show_scale(self, colormap: Colormap, limits: tuple[float, float]) -> None:
        """Draw `colormap` between the two values `limits`."""
        colours = colormap.map(np.linspace(0, 1, N_COLOURS))
        rgba = np.ascontiguousarray((colours * 255).round().astype(np.uint8))
        image = QImage(
            rgba.tobytes(), N_COLOURS, 1, 4 * N_COLOURS, QImage.Format.Format_RGBA8888
        )
        self._image = image.copy()
        self._limits = (float(limits[0]), float(limits[1]))
        self.update()

    def labels(self) -> tuple[str, ...]:
        """Return the values written below the bar."""
        return tuple(f"{value:.3g}" for value in np.linspace(*self._limits, 5))

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Draw the bar and its values (called by Qt)."""
        painter = QPainter(self)
        painter.drawImage(QRect(0, 0, self.width(), BAR_HEIGHT), self._image)
        below = QRect(0, BAR_HEIGHT + 2, self.width(), self.height() - BAR_HEIGHT - 2)
        texts = self.labels()
        for i, text in enumerate(texts):
            painter.drawText(*self._place(below, i, len(texts)), text)
        painter.end()

    @staticmethod
    def _place(below: QRect, i: int, n: int) -> tuple[QRect, Qt.AlignmentFlag]:
        """Return the box and alignment of label `i` of `n`."""
        if i == 0:
            return below, Qt.AlignmentFlag.AlignLeft
        if i == n - 1:
            return below, Qt.AlignmentFlag.AlignRight
        centre = below.width() * i // (n - 1)
        box = QRect(centre - 40, below.top(), 80, below.height())
        return box, Qt.AlignmentFlag.AlignHCenter
