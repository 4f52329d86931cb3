"""Small pieces of layout that the widgets share."""

from __future__ import annotations

from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QFrame,
    QGroupBox,
    QLabel,
    QLayout,
    QScrollArea,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

ERROR_COLOUR = "#ef5350"
DOCK_WIDTH = 310
"""Width in pixels that labels and fields of a dock need side by side."""


class Section(QWidget):
    """A part of a form that a click on its title opens and closes."""

    def __init__(self, title: str, tooltip: str, content: QWidget) -> None:
        super().__init__()
        self.button = QToolButton()
        self.button.setText(title)
        self.button.setToolTip(tooltip)
        self.button.setCheckable(True)
        self.button.setAutoRaise(True)
        self.button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.button.setStyleSheet("QToolButton { border: none; background: none; }")
        self.button.toggled.connect(self.open)
        self.content = content
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.button)
        layout.addWidget(content)
        self.open(False)

    def open(self, opened: bool = True) -> None:
        """Show or hide the content."""
        self.button.setChecked(opened)
        arrow = Qt.ArrowType.DownArrow if opened else Qt.ArrowType.RightArrow
        self.button.setArrowType(arrow)
        self.content.setVisible(opened)


def stacked(*widgets: QWidget | QLayout, margin: int = 0) -> QVBoxLayout:
    """Put widgets and layouts below each other."""
    layout = QVBoxLayout()
    layout.setContentsMargins(margin, margin, margin, margin)
    for item in widgets:
        if isinstance(item, QLayout):
            layout.addLayout(item)
        else:
            layout.addWidget(item)
    return layout


def titled(title: str, content: QLayout) -> QGroupBox:
    """Frame `content` under a title."""
    box = QGroupBox(title)
    box.setLayout(content)
    return box


def note(text: str = "") -> QLabel:
    """Return a line of explanation that wraps and takes little room."""
    label = QLabel(text)
    label.setWordWrap(True)
    label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
    return label


def scrolled(content: QWidget) -> QScrollArea:
    """Let `content` scroll up and down where a dock is too low for it."""
    area = QScrollArea()
    area.setWidget(content)
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    return area
