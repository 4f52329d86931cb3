"""The pairs of pigments that XRF cannot tell apart, the most harmful first."""

from __future__ import annotations

from math import isinf
from typing import TYPE_CHECKING

from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QBrush, QColor
from qtpy.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QSpinBox,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from napari_maxrf._napari._pigment_rows import CAUTION_COLOUR, SWATCH, swatch
from napari_maxrf._napari._section import note

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from napari_maxrf.pigments import ConfusedPair, Pigment

MOST_ROWS = 200
MOST_COUNTS = 10_000_000
HEADINGS = ("Pigments", "Wrong", "ΔE", "Counts needed")
HINTS = (
    "Two pigments whose spectra are too much alike. Click to see both.",
    "How often the best possible judge of a single pixel takes one for the other;\n"
    "50 % is a guess.",
    "How far apart the two colours are (CIEDE2000). From 10 on a mistake is seen\n"
    "at a glance; these pairs are marked.",
    "Photons per pixel with which a mistake happens in 1 % of pixels.",
)


class ConfusionList(QWidget):
    """Which pigments cannot be told apart, and with how many counts."""

    counts_changed = Signal(int)
    pair_chosen = Signal(str, str)
    """Ids of the two pigments of the chosen row."""

    def __init__(self, counts: float) -> None:
        super().__init__()
        self.counts = QSpinBox()
        self.counts.setRange(1, MOST_COUNTS)
        self.counts.setKeyboardTracking(False)
        self.counts.setGroupSeparatorShown(True)
        self.counts.setToolTip(
            "Mean number of photons of a pixel. Follows the counts of the Synthesise\n"
            "dock when they change there."
        )
        self.set_counts(counts)
        self.counts.valueChanged.connect(self.counts_changed)
        self.tree = QTreeWidget()
        self.words = note()
        self._lay_out()
        self.tree.itemSelectionChanged.connect(self._choose)

    def _lay_out(self) -> None:
        title = QLabel("Cannot be told apart with")
        title.setBuddy(self.counts)
        title.setToolTip(HINTS[0])
        top = QHBoxLayout()
        top.setContentsMargins(0, 0, 0, 0)
        top.addWidget(title)
        top.addWidget(self.counts)
        top.addWidget(QLabel("counts per pixel"))
        top.addStretch(1)
        self._dress()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(3)
        layout.addLayout(top)
        layout.addWidget(self.tree, 1)
        layout.addWidget(self.words)

    def _dress(self) -> None:
        tree = self.tree
        tree.setHeaderLabels(list(HEADINGS))
        for column, hint in enumerate(HINTS):
            tree.headerItem().setToolTip(column, hint)
        tree.setRootIsDecorated(False)
        tree.setUniformRowHeights(True)
        tree.setIconSize(SWATCH)
        tree.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        tree.setToolTip(HINTS[0])
        tree.setMinimumHeight(66)
        header = tree.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        for column in range(1, len(HEADINGS)):
            mode = QHeaderView.ResizeMode.ResizeToContents
            header.setSectionResizeMode(column, mode)

    def set_counts(self, counts: float) -> None:
        """Show another number of counts, without telling."""
        self.counts.blockSignals(True)
        self.counts.setValue(round(counts))
        self.counts.blockSignals(False)

    def say(self, text: str) -> None:
        """Show a line below the list."""
        self.words.setText(text)

    def show_pairs(
        self,
        pairs: Sequence[ConfusedPair],
        silent: Sequence[str],
        pigments: Mapping[str, Pigment],
    ) -> None:
        """List pairs, in their order, and name the silent pigments.

        Parameters
        ----------
        pairs : sequence of ConfusedPair
            The most harmful first.
        silent : sequence of str
            Ids of the pigments that XRF does not see.
        pigments : mapping of str to Pigment
            All of the palette.
        """
        self.tree.blockSignals(True)
        self.tree.clear()
        self.tree.addTopLevelItems(
            [_item(pair, pigments) for pair in pairs[:MOST_ROWS]]
        )
        self.tree.blockSignals(False)
        self.say(summary(pairs, [pigments[key].name for key in silent]))

    def clear(self) -> None:
        """Take all pairs away."""
        self.tree.clear()
        self.say("")

    def _choose(self) -> None:
        for item in self.tree.selectedItems():
            first, second = item.data(0, Qt.ItemDataRole.UserRole)
            self.pair_chosen.emit(first, second)


def summary(pairs: Sequence[ConfusedPair], silent: Sequence[str]) -> str:
    """Sum up in a line what cannot be told apart or seen."""
    harmful = sum(pair.misleading for pair in pairs)
    if not pairs:
        words = "All ticked pigments can be told apart."
    else:
        words = (
            f"{len(pairs)} pair{'s' * (len(pairs) != 1)}, "
            f"{harmful} of clearly different colour."
        )
    if len(pairs) > MOST_ROWS:
        words += f" The first {MOST_ROWS} are listed."
    return f"{words} Silent: {', '.join(silent)}." if silent else words


def _item(pair: ConfusedPair, pigments: Mapping[str, Pigment]) -> QTreeWidgetItem:
    first, second = pigments[pair.first], pigments[pair.second]
    item = QTreeWidgetItem(
        [
            f"{first.name} / {second.name}",
            f"{pair.error:.0%}",
            f"{pair.colour_difference:.0f}",
            counts_words(pair.counts_needed),
        ]
    )
    item.setIcon(0, swatch(first.srgb, second.srgb))
    item.setData(0, Qt.ItemDataRole.UserRole, (pair.first, pair.second))
    for column in range(len(HEADINGS)):
        item.setToolTip(column, f"{first.name} / {second.name}\n{pair.reason}")
        if column:
            item.setTextAlignment(column, Qt.AlignmentFlag.AlignRight)
    if pair.misleading:
        item.setForeground(2, QBrush(QColor(CAUTION_COLOUR)))
    return item


def counts_words(counts: float) -> str:
    """Write a number of photons with two digits that matter.

    Examples
    --------
    >>> counts_words(3361.5), counts_words(151849.0), counts_words(float("inf"))
    ('3 400', '150 000', 'never')
    """
    if isinf(counts):
        return "never"
    digits = len(str(int(counts))) - 2
    return f"{round(counts, -digits if digits > 0 else 0):,.0f}".replace(",", " ")
