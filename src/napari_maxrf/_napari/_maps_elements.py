"""Elements to map, each with a tick: those proposed, and those of the user's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QSize, Qt, Signal
from qtpy.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QListView,
    QListWidget,
    QListWidgetItem,
    QWidget,
)

from napari_maxrf._napari._periodic_table import PeriodicDialog
from napari_maxrf._napari._section import stacked
from napari_maxrf._napari._spectrum_rows import small_button

if TYPE_CHECKING:
    from collections.abc import Iterable

CELL = QSize(52, 21)
HEIGHT = 72
_ON, _OFF = Qt.CheckState.Checked, Qt.CheckState.Unchecked


class ElementTicks(QWidget):
    """Elements in rows, with ticks; a periodic table adds others."""

    changed = Signal()
    """Other elements are ticked."""
    proposal_wanted = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.dialog: PeriodicDialog | None = None
        self.list = QListWidget()
        self.list.setFlow(QListView.Flow.LeftToRight)
        self.list.setWrapping(True)
        self.list.setResizeMode(QListView.ResizeMode.Adjust)
        self.list.setUniformItemSizes(True)
        self.list.setFixedHeight(HEIGHT)
        self.list.setToolTip("Elements with a tick are mapped.")
        self.propose = small_button(
            "Propose", "Look for the elements that the scan shows, and tick them."
        )
        self.add = small_button(
            "Elements…", "Choose elements in a periodic table; pressed ones are ticked."
        )
        self.none = small_button("None", "Take all ticks away.")
        self._lay_out()
        self._listen()

    def _lay_out(self) -> None:
        buttons = QHBoxLayout()
        buttons.addWidget(QLabel("Elements"), 1)
        for button in (self.propose, self.add, self.none):
            buttons.addWidget(button)
        self.setLayout(stacked(buttons, self.list))

    def _listen(self) -> None:
        self.list.itemChanged.connect(lambda _: self.changed.emit())
        self.propose.clicked.connect(self.proposal_wanted)
        self.add.clicked.connect(self.open)
        self.none.clicked.connect(lambda: self.choose(()))

    @property
    def offered(self) -> tuple[str, ...]:
        """All elements of the list."""
        return tuple(item.text() for item in self._items())

    @property
    def chosen(self) -> tuple[str, ...]:
        """The ticked elements, in their order."""
        return tuple(item.text() for item in self._items() if item.checkState() == _ON)

    def offer(self, elements: Iterable[str]) -> None:
        """Begin afresh with these elements, all ticked."""
        self.list.blockSignals(True)
        self.list.clear()
        self.list.blockSignals(False)
        self.choose(elements)

    def choose(self, elements: Iterable[str]) -> None:
        """Tick exactly these elements; new ones come last."""
        wanted = list(dict.fromkeys(elements))
        self.list.blockSignals(True)
        for item in self._items():
            item.setCheckState(_ON if item.text() in wanted else _OFF)
        for element in wanted:
            if element not in self.offered:
                self._add(element)
        self.list.blockSignals(False)
        self.changed.emit()

    def open(self) -> None:
        """Open the periodic table; it may stay open."""
        if self.dialog is None:
            self.dialog = PeriodicDialog(self, "Elements to map")
            self.dialog.table.changed.connect(self.choose)
        table = self.dialog.table
        table.blockSignals(True)
        table.choose(self.chosen)
        table.blockSignals(False)
        self.dialog.show()

    def _items(self) -> list[QListWidgetItem]:
        return [self.list.item(row) for row in range(self.list.count())]

    def _add(self, element: str) -> None:
        item = QListWidgetItem(element)
        item.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsUserCheckable)
        item.setCheckState(_ON)
        item.setSizeHint(CELL)
        self.list.addItem(item)
