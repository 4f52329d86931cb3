"""One line at the foot of a dock that says what was done or what went wrong."""

from __future__ import annotations

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QLabel, QSizePolicy

from napari_maxrf._napari._section import ERROR_COLOUR


class StatusLine(QLabel):
    """Words, good or bad; hidden while there are none."""

    def __init__(self) -> None:
        super().__init__()
        self.setWordWrap(True)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
        self.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.hide()

    def say(self, text: str) -> None:
        """Show a line of words; an empty one takes it away."""
        self.setStyleSheet("")
        self.setText(text)
        self.setVisible(bool(text))

    def complain(self, text: str) -> None:
        """Show a line of words as an error."""
        self.say(text)
        self.setStyleSheet(f"color: {ERROR_COLOUR};")
