"""The table of pigments with a row of filters above it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QItemSelectionModel, QSize, Qt, Signal
from qtpy.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QHBoxLayout,
    QHeaderView,
    QLineEdit,
    QTableView,
    QWidget,
)

from napari_maxrf._napari._layer_choice import narrow
from napari_maxrf._napari._pigment_rows import (
    COLOUR,
    INDEX,
    LINES,
    NAME,
    PERIOD,
    SWATCH,
    PigmentProxy,
    PigmentRows,
    swatch,
)
from napari_maxrf.pigments import HUES, PERIODS, PigmentFilter

if TYPE_CHECKING:
    from collections.abc import Collection

    from qtpy.QtGui import QKeyEvent

ROW_HEIGHT = 22
LEAST_ROWS = 5
WIDTHS = {COLOUR: 54, NAME: 126, INDEX: 56, PERIOD: 80}
_HUE_COLOURS = {
    "white": (245, 243, 236),
    "black": (25, 25, 25),
    "red": (190, 45, 35),
    "yellow": (225, 185, 45),
    "green": (70, 130, 75),
    "blue": (40, 75, 150),
    "purple": (110, 65, 130),
    "brown": (110, 75, 50),
    "metal": (190, 170, 110),
}


class FilterRow(QWidget):
    """Hue, period and words to find pigments by."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.hue = QComboBox()
        self.hue.setToolTip("Show only pigments of this hue.")
        self.hue.addItem("Any hue", "")
        for name in HUES:
            icon = swatch(_HUE_COLOURS[name], size=QSize(14, 14))
            self.hue.addItem(icon, name.capitalize(), name)
        self.period = QComboBox()
        self.period.setToolTip("Show only pigments in use at that time.")
        for period in PERIODS:
            self.period.addItem(period.name, period)
        self.text = QLineEdit()
        self.text.setPlaceholderText("Find name, CI name, line")
        self.text.setToolTip(
            "Words that occur in name, Colour Index name or lines, such as\n"
            "“ochre”, “PB27” or “Cu”."
        )
        self.text.setClearButtonEnabled(True)
        self._lay_out()
        self.hue.currentIndexChanged.connect(self.changed)
        self.period.currentIndexChanged.connect(self.changed)
        self.text.textChanged.connect(self.changed)

    def _lay_out(self) -> None:
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        for combo in (self.hue, self.period):
            narrow(combo)
            layout.addWidget(combo, 3)
        layout.addWidget(self.text, 5)

    @property
    def wanted(self) -> PigmentFilter:
        """What the user looks for."""
        return PigmentFilter(
            self.text.text(), self.hue.currentData(), self.period.currentData()
        )


class PigmentTable(QTableView):
    """Pigments with ticks, sorted by a click on a heading.

    Space ticks and unticks the selected rows.
    """

    selected = Signal()
    """Other rows are selected."""
    tick_wanted = Signal(list, bool)
    """Ids to tick or untick."""

    def __init__(self) -> None:
        super().__init__()
        self.rows = PigmentRows()
        self.proxy = PigmentProxy(self.rows)
        self.setModel(self.proxy)
        self.setToolTip(
            "Tick pigments to use them; select rows to see them in the plot.\n"
            "Space ticks the selected rows. A click on a heading sorts."
        )
        self._dress()
        self.rows.tick_wanted.connect(self._pass_on)
        self.selectionModel().selectionChanged.connect(self.selected)

    def _dress(self) -> None:
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setIconSize(SWATCH)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.setSortingEnabled(True)
        self.sortByColumn(-1, Qt.SortOrder.AscendingOrder)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(ROW_HEIGHT)
        header = self.horizontalHeader()
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft)
        header.setHighlightSections(False)
        for column, width in WIDTHS.items():
            self.setColumnWidth(column, width)
        header.setSectionResizeMode(LINES, QHeaderView.ResizeMode.Stretch)
        self.setMinimumHeight((LEAST_ROWS + 1) * ROW_HEIGHT)

    @property
    def selected_ids(self) -> tuple[str, ...]:
        """Ids of the selected rows, from above."""
        rows = sorted(index.row() for index in self.selectionModel().selectedRows())
        return tuple(self.proxy.id_at(row) for row in rows)

    def select(self, ids: Collection[str]) -> None:
        """Select the rows of these pigments, as far as they are in sight."""
        model = self.selectionModel()
        model.blockSignals(True)
        model.clearSelection()
        model.blockSignals(False)
        flags = QItemSelectionModel.SelectionFlag
        rows = [row for row, key in enumerate(self.proxy.ids) if key in ids]
        for row in rows:
            at = self.proxy.index(row, NAME)
            model.select(at, flags.Select | flags.Rows)
        if rows:
            self.scrollTo(self.proxy.index(rows[0], NAME))
        self.viewport().update()
        self.selected.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Let Space tick what is selected."""
        ids = list(self.selected_ids)
        if event.key() == Qt.Key.Key_Space and ids:
            self.tick_wanted.emit(ids, not self.rows.is_ticked(ids[0]))
            return
        super().keyPressEvent(event)

    def _pass_on(self, key: str, ticked: bool) -> None:
        self.tick_wanted.emit([key], ticked)
