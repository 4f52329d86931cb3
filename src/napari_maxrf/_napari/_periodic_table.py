"""A periodic table to click on: the elements of a choice stay pressed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QDialog, QGridLayout, QPushButton, QToolButton, QWidget

from napari_maxrf._napari._section import stacked
from napari_maxrf._napari._spectrum_lines import SYMBOLS, has_lines, lines_of_element

if TYPE_CHECKING:
    from collections.abc import Iterable

SIDE = 27
_WIDEST_KEV = (0.5, 60.0)
_PERIODS = (2, 10, 18, 36, 54, 86, 118)
_LANTHANUM, _LUTETIUM, _ACTINIUM, _LAWRENCIUM = 57, 71, 89, 103
_CHOSEN = "QToolButton:checked { background-color: #2a7fba; color: white; }"


def cell_of(number: int) -> tuple[int, int]:
    """Return the row and column of an element, the rare earths below the others.

    Examples
    --------
    >>> cell_of(1), cell_of(26), cell_of(82), cell_of(58)
    ((0, 0), (3, 7), (5, 13), (7, 3))
    """
    if _LANTHANUM <= number < _LUTETIUM:
        return 7, number - _LANTHANUM + 2
    if _ACTINIUM <= number < _LAWRENCIUM:
        return 8, number - _ACTINIUM + 2
    row = next(index for index, last in enumerate(_PERIODS) if number <= last)
    before = _PERIODS[row - 1] if row else 0
    place, length = number - before - 1, _PERIODS[row] - before
    if place < 2:
        return row, place if number != 2 else 17
    return row, place + 18 - length


class PeriodicTable(QWidget):
    """Elements as small buttons; those that no scanner sees are dead."""

    changed = Signal(tuple)
    """The chosen elements, in the order they were chosen."""

    def __init__(self) -> None:
        super().__init__()
        self._chosen: list[str] = []
        self.buttons: dict[str, QToolButton] = {}
        grid = QGridLayout(self)
        grid.setSpacing(1)
        grid.setContentsMargins(0, 0, 0, 0)
        for number, symbol in enumerate(SYMBOLS, start=1):
            self.buttons[symbol] = self._button(symbol)
            grid.addWidget(self.buttons[symbol], *cell_of(number))
        self.setStyleSheet(_CHOSEN)

    def _button(self, symbol: str) -> QToolButton:
        button = QToolButton()
        button.setText(symbol)
        button.setCheckable(True)
        button.setFixedSize(SIDE, SIDE)
        button.setEnabled(has_lines(symbol))
        if has_lines(symbol):
            button.setToolTip(_tooltip(symbol))
        button.toggled.connect(lambda on: self._toggle(symbol, on))
        return button

    @property
    def chosen(self) -> tuple[str, ...]:
        """The chosen elements."""
        return tuple(self._chosen)

    def choose(self, elements: Iterable[str]) -> None:
        """Choose exactly these elements, and tell."""
        self._chosen = list(dict.fromkeys(elements))
        for symbol, button in self.buttons.items():
            button.blockSignals(True)
            button.setChecked(symbol in self._chosen)
            button.blockSignals(False)
        self.changed.emit(self.chosen)

    def _toggle(self, symbol: str, on: bool) -> None:
        if on:
            self._chosen.append(symbol)
        elif symbol in self._chosen:
            self._chosen.remove(symbol)
        self.changed.emit(self.chosen)


class PeriodicDialog(QDialog):
    """The table in a window of its own, which may stay open beside the dock."""

    def __init__(self, parent: QWidget, title: str) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.setWindowFlag(Qt.WindowType.Tool)
        self.table = PeriodicTable()
        self.clear = QPushButton("None")
        self.clear.setToolTip("Choose no element.")
        self.clear.setAutoDefault(False)
        self.clear.clicked.connect(lambda: self.table.choose(()))
        self.setLayout(stacked(self.table, self.clear, margin=8))


def _tooltip(symbol: str) -> str:
    lines = lines_of_element(symbol, *_WIDEST_KEV)[:4]
    return "\n".join(f"{line.label} {line.energy_kev:.2f} keV" for line in lines)
