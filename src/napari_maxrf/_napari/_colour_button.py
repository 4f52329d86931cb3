"""A button that shows a colour and opens the colour dialog."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QSize, Signal
from qtpy.QtGui import QColor
from qtpy.QtWidgets import QColorDialog, QPushButton, QWidget

from napari_maxrf._napari._pigment_rows import swatch

if TYPE_CHECKING:
    from collections.abc import Callable

Colour = tuple[int, int, int]

SIZE = QSize(48, 16)


class ColourButton(QPushButton):
    """A colour; a press asks for another."""

    changed = Signal()

    def __init__(self, colour: Colour, tooltip: str) -> None:
        super().__init__()
        self.colour = colour
        self.setIconSize(SIZE)
        self.setToolTip(tooltip)
        self.clicked.connect(self._ask)
        self.show_colour(colour)

    def show_colour(self, colour: Colour) -> None:
        """Show another colour, without telling."""
        self.colour = colour
        self.setIcon(swatch(colour, size=SIZE))
        self.setText("#{:02x}{:02x}{:02x}".format(*colour))

    def _ask(self) -> None:
        ask_colour(self, self.colour, "Colour", self._take)

    def _take(self, colour: Colour) -> None:
        self.show_colour(colour)
        self.changed.emit()


def ask_colour(
    parent: QWidget, start: Colour, title: str, take: Callable[[Colour], None]
) -> QColorDialog:
    """Open the colour dialog, and hand over the colour if one is chosen."""
    dialog = QColorDialog(QColor(*start), parent)
    dialog.setWindowTitle(title)
    dialog.colorSelected.connect(
        lambda chosen: take((chosen.red(), chosen.green(), chosen.blue()))
    )
    dialog.finished.connect(dialog.deleteLater)
    dialog.open()
    return dialog
