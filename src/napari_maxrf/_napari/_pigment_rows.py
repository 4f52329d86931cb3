"""Pigments as rows of a Qt table: what stands in each cell, and how rows sort.

The model is told which pigments there are and which are ticked; a click on a tick
is reported, not obeyed, so that whoever owns the ticks stays in charge.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QPersistentModelIndex,
    QSize,
    QSortFilterProxyModel,
    Qt,
    Signal,
)
from qtpy.QtGui import QBrush, QColor, QIcon, QPainter, QPixmap

from napari_maxrf.pigments import HUES, PigmentFilter, period_words

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from napari_maxrf.pigments import Pigment

COLOUR, NAME, INDEX, PERIOD, LINES = range(5)
HEADINGS = ("", "Pigment", "CI name", "In use", "Main lines")
HINTS = (
    "Tick and colour. Sorts by hue.",
    "Name of the pigment.",
    "Colour Index generic name: P pigment, N natural; R red, Y yellow and so on.",
    "Years of use in painting.",
    "Characteristic X-ray lines to look for.",
)
SWATCH = QSize(30, 14)
CAUTION_COLOUR = "#e08a00"
_EVER = 10**6
_GREEK = {"a": "α", "b": "β", "g": "γ"}
_LINE = re.compile(r"\b([KLM])([abg])(\d?)\b")
_CI_NAME = re.compile(r"([A-Za-z]*)(\d*)")

Index = QModelIndex | QPersistentModelIndex
Role = Qt.ItemDataRole


class PigmentRows(QAbstractTableModel):
    """Pigments with ticks."""

    tick_wanted = Signal(str, bool)
    """The user clicked on the tick of a pigment: its id, and ticked or not."""

    def __init__(self) -> None:
        super().__init__()
        self._pigments: Sequence[Pigment] = ()
        self._ticked: frozenset[str] = frozenset()
        self._silent: Mapping[str, float] = {}
        self._show = {
            Role.DisplayRole: self._text,
            Role.DecorationRole: self._swatch,
            Role.CheckStateRole: self._tick,
            Role.ToolTipRole: self._words,
            Role.ForegroundRole: self._ink,
        }

    def show(self, pigments: Sequence[Pigment], ticked: Collection[str]) -> None:
        """Show other pigments."""
        self.beginResetModel()
        self._pigments, self._ticked = pigments, frozenset(ticked)
        self._silent = {}
        self.endResetModel()

    def set_ticked(self, ticked: Collection[str]) -> None:
        """Show other ticks."""
        self._ticked = frozenset(ticked)
        self._renew(COLOUR)

    def is_ticked(self, key: str) -> bool:
        """Tell whether a pigment is ticked."""
        return key in self._ticked

    def mark_silent(self, silent: Mapping[str, float]) -> None:
        """Mark the pigments that XRF does not see, with the observer's error."""
        self._silent = silent
        self._renew(LINES)

    def pigment(self, row: int) -> Pigment:
        """Return the pigment of a row."""
        return self._pigments[row]

    def sort_key(self, row: int, column: int) -> Any:
        """Return what a column sorts by."""
        pigment = self._pigments[row]
        if column == COLOUR:
            hue = pigment.hue_family
            return HUES.index(hue) if hue in HUES else len(HUES), sum(pigment.srgb)
        if column == INDEX:
            return _ci_key(pigment.ci_name)
        if column == PERIOD:
            first, last = pigment.period_from, pigment.period_to
            return (
                -_EVER if first is None else first,
                _EVER if last is None else last,
            )
        return self._text(pigment, column).lower()

    def rowCount(self, parent: Index | None = None) -> int:
        """Return the number of pigments."""
        return 0 if parent is not None and parent.isValid() else len(self._pigments)

    def columnCount(self, parent: Index | None = None) -> int:
        """Return the number of columns."""
        return 0 if parent is not None and parent.isValid() else len(HEADINGS)

    def headerData(
        self, section: int, orientation: Any, role: int = Role.DisplayRole
    ) -> Any:
        """Return title and explanation of a column."""
        if orientation == Qt.Orientation.Horizontal:
            return {Role.DisplayRole: HEADINGS, Role.ToolTipRole: HINTS}.get(
                Role(role), (None,) * len(HEADINGS)
            )[section]
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        """Let every row be selected, and the first column be ticked."""
        if not index.isValid():
            return Qt.ItemFlag.NoItemFlags
        shared = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        if index.column() == COLOUR:
            return shared | Qt.ItemFlag.ItemIsUserCheckable
        return shared

    def data(self, index: Index, role: int = Role.DisplayRole) -> Any:
        """Return what a view asks for."""
        show = self._show.get(Role(role))
        if show is None or not index.isValid():
            return None
        return show(self._pigments[index.row()], index.column())

    def setData(self, index: Index, value: Any, role: int = Role.EditRole) -> bool:
        """Report a click on a tick."""
        if role != Role.CheckStateRole or index.column() != COLOUR:
            return False
        ticked = Qt.CheckState(value) == Qt.CheckState.Checked
        self.tick_wanted.emit(self._pigments[index.row()].id, ticked)
        return True

    def _text(self, pigment: Pigment, column: int) -> str:
        if column == LINES:
            return self._lines(pigment)
        if column == PERIOD:
            return period_words(pigment)
        return {NAME: pigment.name, INDEX: pigment.ci_name}.get(column, "")

    def _lines(self, pigment: Pigment) -> str:
        lines = in_greek(pigment.fluoresces_as)
        if pigment.id in self._silent:
            return f"silent: {lines}" if lines else "silent"
        if not lines and pigment.measured is not None:
            return "measured"
        return lines

    def _swatch(self, pigment: Pigment, column: int) -> QIcon | None:
        return swatch(pigment.srgb) if column == COLOUR else None

    def _tick(self, pigment: Pigment, column: int) -> Qt.CheckState | None:
        if column != COLOUR:
            return None
        ticked = pigment.id in self._ticked
        return Qt.CheckState.Checked if ticked else Qt.CheckState.Unchecked

    def _ink(self, pigment: Pigment, column: int) -> QBrush | None:
        silent = column == LINES and pigment.id in self._silent
        return QBrush(QColor(CAUTION_COLOUR)) if silent else None

    def _words(self, pigment: Pigment, column: int) -> str:
        words = words_about(pigment)
        if pigment.id not in self._silent:
            return words
        return (
            f"{words}\nSilent: XRF cannot tell this paint from the same paint without "
            f"pigment (wrong in {self._silent[pigment.id]:.0%} of pixels)."
        )

    def _renew(self, column: int) -> None:
        if self._pigments:
            last = len(self._pigments) - 1
            self.dataChanged.emit(self.index(0, column), self.index(last, column))


class PigmentProxy(QSortFilterProxyModel):
    """The rows that pass a filter, in the order of a column."""

    def __init__(self, rows: PigmentRows) -> None:
        super().__init__()
        self.rows = rows
        self._wanted = PigmentFilter()
        self.setSourceModel(rows)
        self.setDynamicSortFilter(True)

    def want(self, wanted: PigmentFilter) -> None:
        """Show only the pigments that `wanted` accepts."""
        self._wanted = wanted
        self.invalidate()

    @property
    def ids(self) -> tuple[str, ...]:
        """Ids of the pigments in sight, from above."""
        return tuple(self.id_at(row) for row in range(self.rowCount()))

    def id_at(self, row: int) -> str:
        """Return the id of the pigment in a visible row."""
        return self.rows.pigment(self.mapToSource(self.index(row, 0)).row()).id

    def filterAcceptsRow(self, row: int, parent: Index) -> bool:
        """Ask the filter."""
        return self._wanted.accepts(self.rows.pigment(row))

    def lessThan(self, left: Index, right: Index) -> bool:
        """Compare two cells of a column."""
        one, other = (self.rows.sort_key(at.row(), at.column()) for at in (left, right))
        return bool(one < other)


def swatch(*colours: tuple[int, int, int], size: QSize = SWATCH) -> QIcon:
    """Return a patch of one colour, or several side by side.

    It stays the same where its row is selected: Qt would tint it.
    """
    pixmap = QPixmap(size)
    painter = QPainter(pixmap)
    width = size.width() // len(colours)
    for place, colour in enumerate(colours):
        painter.fillRect(place * width, 0, width, size.height(), QColor(*colour))
    painter.end()
    icon = QIcon(pixmap)
    icon.addPixmap(pixmap, QIcon.Mode.Selected)
    return icon


def in_greek(lines: str) -> str:
    """Write Siegbahn names with Greek letters.

    Examples
    --------
    >>> in_greek("Hg La, Lb; S K; Ca Ka weak")
    'Hg Lα, Lβ; S K; Ca Kα weak'
    """
    return _LINE.sub(lambda found: found[1] + _GREEK[found[2]] + found[3], lines)


def words_about(pigment: Pigment) -> str:
    """Say what a pigment is, when it was used, and what a scan sees of it."""
    named = f"{pigment.name} ({pigment.ci_name})" if pigment.ci_name else pigment.name
    lines = [named, f"In use: {period_words(pigment)}"]
    if pigment.fluoresces_as:
        lines.append(f"Seen by XRF as: {in_greek(pigment.fluoresces_as)}")
    if pigment.measured is not None:
        lines.append(f"Measured spectrum: {pigment.measured.file}")
    if pigment.notes:
        lines.append(pigment.notes)
    return "\n".join(lines)


def _ci_key(name: str) -> tuple[bool, str, int]:
    """Sort PB2 before PB15, and no name last."""
    found = _CI_NAME.match(name)
    letters, digits = found.groups() if found else ("", "")
    return not name, letters, int(digits or 0)
