"""A row that divides one map by another."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QComboBox, QLabel, QWidget

from napari_maxrf._napari._layer_choice import narrow
from napari_maxrf._napari._spectrum_rows import side_by_side, small_button

if TYPE_CHECKING:
    from collections.abc import Sequence


class RatioRow(QWidget):
    """Two maps, and a button."""

    wanted = Signal(str, str)
    """Names of the maps over and under the line."""

    def __init__(self) -> None:
        super().__init__()
        self.over, self.under = QComboBox(), QComboBox()
        self.over.setToolTip("The map that is divided.")
        self.under.setToolTip("The map by which it is divided.")
        self.button = small_button(
            "Ratio",
            "Map the ratio, with errors, where the second map is above three times "
            "its error.",
        )
        self.button.clicked.connect(self._tell)
        for combo in (self.over, self.under):
            narrow(combo)
            combo.setMinimumContentsLength(5)
            combo.currentIndexChanged.connect(self._enable)
        side_by_side(self, self.over, QLabel("/"), self.under, self.button, stretch=0)
        self.layout().setStretch(2, 1)
        self._enable()

    def show_names(self, names: Sequence[str]) -> None:
        """Offer other maps; a choice that is still there stays."""
        for place, combo in enumerate((self.over, self.under)):
            kept = combo.currentText()
            combo.blockSignals(True)
            combo.clear()
            combo.addItems(list(names))
            combo.setCurrentIndex(
                names.index(kept) if kept in names else min(place, len(names) - 1)
            )
            combo.blockSignals(False)
        self._enable()

    def _enable(self) -> None:
        over, under = self.over.currentText(), self.under.currentText()
        self.button.setEnabled(bool(over) and over != under)

    def _tell(self) -> None:
        self.wanted.emit(self.over.currentText(), self.under.currentText())
