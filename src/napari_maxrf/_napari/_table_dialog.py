"""A dialog that offers the whole pigment table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Signal
from qtpy.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QLabel,
    QVBoxLayout,
    QWidget,
)

from napari_maxrf._napari._pigment_rows import PERIOD
from napari_maxrf._napari._pigment_table import FilterRow, PigmentTable
from napari_maxrf.pigments import pigment_table

if TYPE_CHECKING:
    from collections.abc import Collection


TABLE_SIZE = 600, 540
PERIOD_WIDTH = 104


class TableDialog(QDialog):
    """The whole pigment table, to tick some.

    Parameters
    ----------
    parent : QWidget
        Above which it opens.
    title : str
        What the pigments are for.
    without : collection of str
        Ids of pigments that are there already.
    """

    chosen = Signal(list)
    """The ticked pigments, in the order of the table."""

    def __init__(
        self, parent: QWidget, title: str, without: Collection[str] = ()
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.resize(*TABLE_SIZE)
        self._pigments = [p for p in pigment_table().values() if p.id not in without]
        self._ticked: set[str] = set()
        self.filter = FilterRow()
        self.table = PigmentTable()
        self.table.setColumnWidth(PERIOD, PERIOD_WIDTH)
        self.words = QLabel()
        self.buttons = ok_and_cancel(self)
        layout = QVBoxLayout(self)
        for widget in (self.filter, self.table, self.words, self.buttons):
            layout.addWidget(widget)
        self.filter.changed.connect(self._filter)
        self.table.tick_wanted.connect(self._tick)
        self.table.doubleClicked.connect(self._tick_row)
        self.table.rows.show(self._pigments, ())
        self._count()

    def accept(self) -> None:
        """Hand the ticked pigments over."""
        self.chosen.emit([p for p in self._pigments if p.id in self._ticked])
        super().accept()

    def _filter(self) -> None:
        self.table.proxy.want(self.filter.wanted)

    def _tick(self, ids: list[str], ticked: bool) -> None:
        self._ticked = self._ticked | set(ids) if ticked else self._ticked - set(ids)
        self.table.rows.set_ticked(self._ticked)
        self._count()

    def _tick_row(self, index: object) -> None:
        ids = list(self.table.selected_ids)
        self._tick(ids, not self.table.rows.is_ticked(ids[0]) if ids else False)

    def _count(self) -> None:
        n = len(self._ticked)
        self.words.setText(f"{n} pigment{'s' * (n != 1)} ticked")
        ok = self.buttons.button(QDialogButtonBox.StandardButton.Ok)
        ok.setEnabled(n > 0)


def ok_and_cancel(dialog: QDialog) -> QDialogButtonBox:
    """Return the two buttons, which close `dialog` for good."""
    kinds = QDialogButtonBox.StandardButton
    buttons = QDialogButtonBox(kinds.Ok | kinds.Cancel)
    buttons.accepted.connect(dialog.accept)
    buttons.rejected.connect(dialog.reject)
    dialog.finished.connect(dialog.deleteLater)
    return buttons
