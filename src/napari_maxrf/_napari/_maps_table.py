"""The table of maps: what is in the composite, in which colour and limits."""

from __future__ import annotations

from dataclasses import asdict, replace
from functools import partial
from typing import TYPE_CHECKING

from qtpy.QtCore import QSize, Qt, Signal
from qtpy.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QTableWidget,
    QTableWidgetItem,
)

from napari_maxrf._napari._colour_button import ask_colour
from napari_maxrf._napari._maps_rows import AUTO, MapRow, read_limit
from napari_maxrf._napari._pigment_rows import swatch
from napari_maxrf.errors import MaxrfError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qtpy.QtGui import QKeyEvent
    from qtpy.QtWidgets import QColorDialog

    from napari_maxrf._napari._maps_rows import Colour

NAME, COLOUR, MEAN, MAXIMUM, LOW, HIGH = range(6)
HEADINGS = {
    NAME: ("Map", "Element and line, or shell of a fit. Ticked: in the composite."),
    COLOUR: ("", "Colour in the composite. Click to change it."),
    MEAN: ("Mean", "Mean of all pixels; more figures when the mouse rests on it."),
    MAXIMUM: ("Max", "Highest pixel."),
    LOW: ("Low", f"Value that shows nothing. Double-click to type one, or {AUTO}."),
    HIGH: (
        "High",
        f"Value that shows the full colour. Double-click to type one, or {AUTO}:\n"
        "the 99.5th percentile.",
    ),
}
WIDTHS = {COLOUR: 28, MEAN: 54, MAXIMUM: 54, LOW: 50, HIGH: 54}
ROW_HEIGHT = 21
LEAST_ROWS = 5
PATCH = QSize(18, 12)
SIDES = {LOW: "low", HIGH: "high"}
_ON, _OFF = Qt.CheckState.Checked, Qt.CheckState.Unchecked
_FIXED = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable


class MapTable(QTableWidget):
    """Maps as rows."""

    changed = Signal()
    """Another colour, tick or limit of a row."""
    failed = Signal(str)
    """Why a limit was not taken; empty when one was."""

    def __init__(self) -> None:
        super().__init__(0, len(HEADINGS))
        self.rows: list[MapRow] = []
        self.dialog: QColorDialog | None = None
        self._dress()
        self.itemChanged.connect(self._take)
        self.cellClicked.connect(self._click)

    def _dress(self) -> None:
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setIconSize(PATCH)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(ROW_HEIGHT)
        for column, (heading, tooltip) in HEADINGS.items():
            item = QTableWidgetItem(heading)
            item.setToolTip(tooltip)
            self.setHorizontalHeaderItem(column, item)
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setMinimumSectionSize(20)
        header.setSectionResizeMode(NAME, QHeaderView.ResizeMode.Stretch)
        for column, width in WIDTHS.items():
            self.setColumnWidth(column, width)
        self.setMinimumHeight((LEAST_ROWS + 1) * ROW_HEIGHT + 6)

    @property
    def selected(self) -> list[MapRow]:
        """The rows that are selected, from above."""
        chosen = sorted({index.row() for index in self.selectedIndexes()})
        return [self.rows[row] for row in chosen]

    def show_rows(self, rows: Sequence[MapRow]) -> None:
        """Show other maps, and tell."""
        self.rows = list(rows)
        self.blockSignals(True)
        self.clearSelection()
        self.setRowCount(len(self.rows))
        for place in range(len(self.rows)):
            self._write(place)
        self.blockSignals(False)
        self.changed.emit()

    def set_row(self, place: int, row: MapRow) -> None:
        """Show a map in another way, and tell."""
        self.rows[place] = row
        self._rewrite(place)
        self.changed.emit()

    def ask_colour(self, place: int) -> None:
        """Open the colour dialog; the composite follows while it is open."""
        before = self.rows[place]
        take = partial(self._take_colour, before.map.name)
        self.dialog = ask_colour(
            self, before.colour, f"Colour of {before.map.name}", take
        )
        self.dialog.currentColorChanged.connect(
            lambda one: take((one.red(), one.green(), one.blue()))
        )
        self.dialog.rejected.connect(lambda: take(before.colour))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Let Enter on a colour ask for another."""
        enter = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if enter and self.currentColumn() == COLOUR:
            self.ask_colour(self.currentRow())
            return
        super().keyPressEvent(event)

    def _take_colour(self, name: str, colour: Colour) -> None:
        """Recolour a map, if it is still there."""
        for place, row in enumerate(self.rows):
            if row.map.name == name and row.colour != colour:
                self.set_row(place, replace(row, colour=colour))

    def _click(self, place: int, column: int) -> None:
        if column == COLOUR:
            self.ask_colour(place)

    def _take(self, item: QTableWidgetItem) -> None:
        """Follow a tick, or a limit that was typed."""
        place, column = item.row(), item.column()
        row = self.rows[place]
        if column == NAME:
            shown = item.checkState() == _ON
            if shown != row.shown:
                self.set_row(place, replace(row, shown=shown))
        elif column in SIDES:
            self._take_limit(place, SIDES[column], item.text())

    def _take_limit(self, place: int, side: str, text: str) -> None:
        try:
            row = self.rows[place].limited(side, read_limit(text))
        except MaxrfError as error:
            self._rewrite(place)
            self.failed.emit(str(error))
            return
        self.failed.emit("")
        self.set_row(place, row)

    def _rewrite(self, place: int) -> None:
        self.blockSignals(True)
        self._write(place)
        self.blockSignals(False)
        self.viewport().update()

    def _write(self, place: int) -> None:
        row = self.rows[place]
        self.setItem(place, NAME, _name_item(row))
        colour = _item("", _FIXED)
        colour.setIcon(swatch(row.colour, size=PATCH))
        self.setItem(place, COLOUR, colour)
        for column, value in ((MEAN, "mean"), (MAXIMUM, "maximum")):
            self.setItem(place, column, _figure_item(row, value))
        for column, value, own in (
            (LOW, row.limits[0], row.low),
            (HIGH, row.limits[1], row.high),
        ):
            self.setItem(place, column, _limit_item(value, own))


def _name_item(row: MapRow) -> QTableWidgetItem:
    item = _item(row.map.name, _FIXED | Qt.ItemFlag.ItemIsUserCheckable)
    item.setTextAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
    item.setCheckState(_ON if row.shown else _OFF)
    item.setToolTip(f"{row.map.name}, {row.map.energy_kev:.2f} keV, {row.map.unit}")
    return item


def _figure_item(row: MapRow, name: str) -> QTableWidgetItem:
    if row.statistics is None:
        return _item("–", _FIXED)
    item = _item(short(getattr(row.statistics, name)), _FIXED)
    item.setToolTip(statistics_words(row))
    return item


def _limit_item(value: float, own: float | None) -> QTableWidgetItem:
    """Write a limit; one that was not typed stands in italics."""
    item = _item(short(value), _FIXED | Qt.ItemFlag.ItemIsEditable)
    font = item.font()
    font.setItalic(own is None)
    item.setFont(font)
    item.setToolTip(AUTO if own is None else f"{value:g}")
    return item


def _item(text: str, flags: Qt.ItemFlag) -> QTableWidgetItem:
    item = QTableWidgetItem(text)
    item.setFlags(flags)
    item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
    return item


def short(value: float) -> str:
    """Write a figure in few letters.

    Examples
    --------
    >>> short(0.01234), short(153.24), short(48211.3), short(0.0)
    ('0.0123', '153', '48211', '0')
    """
    return f"{value:.0f}" if 100 <= abs(value) < 1e6 else f"{value:.3g}"


def statistics_words(row: MapRow) -> str:
    """Say all figures of a map, one in a line."""
    if row.statistics is None:
        return "No pixel has a value."
    figures = asdict(row.statistics)
    share = figures.pop("significant")
    names = {"low": "1st percentile", "high": "99th percentile", "n_pixels": "pixels"}
    lines = [
        f"{names.get(name, name)}: {value:g}"
        for name, value in figures.items()
        if name not in ("name", "unit")
    ]
    if share is not None:
        lines.append(f"above three times their error: {share:.1%} of the pixels")
    return "\n".join([f"{row.map.name} ({row.map.unit})", *lines])
