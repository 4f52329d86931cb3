"""Choose a palette, and tick the pigments of it that a painter had."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QSize, Qt, Signal
from qtpy.QtGui import QColor, QIcon, QPixmap
from qtpy.QtWidgets import (
    QComboBox,
    QFileDialog,
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from napari_maxrf._napari._layer_choice import narrow
from napari_maxrf._napari._section import note
from napari_maxrf.errors import MaxrfError, PaletteError
from napari_maxrf.pigments import load_palette, palette_names

if TYPE_CHECKING:
    from napari_maxrf.pigments import Palette, Pigment

SWATCH = QSize(34, 15)
ROW_HEIGHT = 21
SHOWN_ROWS = 14


class PaletteCombo(QComboBox):
    """The palettes of the package, and those the user opened from files."""

    chosen = Signal()

    def __init__(self, start: str) -> None:
        super().__init__()
        narrow(self)
        self.setToolTip(
            "Which pigments a painter had: colours and spectra come from it.\n"
            "A palette file (.toml) can be opened beside the shipped ones."
        )
        for name in palette_names():
            palette = load_palette(name)
            self.addItem(palette.name, name)
            self.setItemData(
                self.count() - 1, palette.period, Qt.ItemDataRole.ToolTipRole
            )
        self.setCurrentIndex(max(0, self.findData(start)))
        self.currentIndexChanged.connect(self.chosen)

    @property
    def source(self) -> str:
        """Name or path of the chosen palette."""
        return str(self.currentData())

    def open_file(self, path: str) -> None:
        """Add and choose the palette of a file.

        Raises
        ------
        PaletteError
            The file holds no palette.
        """
        palette = load_palette(path)
        self.addItem(palette.name, path)
        self.setCurrentIndex(self.count() - 1)


class PaletteList(QWidget):
    """A palette and its pigments: colour, name and a tick for each."""

    changed = Signal()

    def __init__(self, start: str) -> None:
        super().__init__()
        self.combo = PaletteCombo(start)
        self.list = QListWidget()
        self.list.setIconSize(SWATCH)
        self.list.setToolTip(
            "Pigments that take part. A colour of the picture is mixed from the\n"
            "ticked pigments that come near it."
        )
        self._words = note()
        self._lay_out()
        self.combo.chosen.connect(self._show)
        self.list.itemChanged.connect(self._tell)
        self._show()

    def _lay_out(self) -> None:
        top, foot = QHBoxLayout(), QHBoxLayout()
        top.addWidget(self.combo, 1)
        top.addWidget(
            _small_button("Open…", "Open a palette from a file (.toml).", self._ask)
        )
        foot.addWidget(self._words, 1)
        foot.addWidget(
            _small_button("All", "Tick all pigments.", lambda: self.tick_all(True))
        )
        foot.addWidget(
            _small_button("None", "Untick all pigments.", lambda: self.tick_all(False))
        )
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(top)
        layout.addWidget(self.list)
        layout.addLayout(foot)

    @property
    def ticked(self) -> tuple[str, ...]:
        """Ids of the ticked pigments."""
        return tuple(
            item.data(Qt.ItemDataRole.UserRole)
            for item in self._items()
            if item.checkState() == Qt.CheckState.Checked
        )

    def palette_chosen(self) -> Palette:
        """Return the palette with the ticked pigments only.

        Raises
        ------
        PaletteError
            No pigment is ticked.
        """
        palette = load_palette(self.combo.source)
        ticked = self.ticked
        if not ticked:
            raise PaletteError(
                f"No pigment of “{palette.name}” is ticked. Tick at least one."
            )
        return palette if ticked == palette.ids else palette.subset(ticked)

    def tick_all(self, ticked: bool) -> None:
        """Tick all pigments, or none."""
        state = Qt.CheckState.Checked if ticked else Qt.CheckState.Unchecked
        self.list.blockSignals(True)
        for item in self._items():
            item.setCheckState(state)
        self.list.blockSignals(False)
        self._tell()

    def _items(self) -> list[QListWidgetItem]:
        return [self.list.item(row) for row in range(self.list.count())]

    def _show(self) -> None:
        palette = load_palette(self.combo.source)
        self.list.blockSignals(True)
        self.list.clear()
        for pigment in palette.pigments:
            self.list.addItem(_item(pigment))
        self.list.blockSignals(False)
        rows = min(self.list.count(), SHOWN_ROWS)
        self.list.setFixedHeight(rows * ROW_HEIGHT + 6)
        self._tell()

    def _tell(self) -> None:
        self._words.setText(f"{len(self.ticked)} of {self.list.count()} pigments")
        self.changed.emit()

    def _ask(self) -> None:
        path, _ = QFileDialog.getOpenFileName(
            self, "Open palette", "", "Palettes (*.toml)"
        )
        if path:
            self.try_file(path)

    def try_file(self, path: str) -> None:
        """Add the palette of a file, or say below the list what is wrong with it."""
        try:
            self.combo.open_file(path)
        except MaxrfError as error:
            self._words.setText(str(error))


def _item(pigment: Pigment) -> QListWidgetItem:
    item = QListWidgetItem(_swatch(pigment), pigment.name)
    item.setData(Qt.ItemDataRole.UserRole, pigment.id)
    item.setCheckState(Qt.CheckState.Checked)
    item.setSizeHint(QSize(0, ROW_HEIGHT))
    item.setToolTip(_words_about(pigment))
    return item


def _swatch(pigment: Pigment) -> QIcon:
    pixmap = QPixmap(SWATCH)
    pixmap.fill(QColor(*pigment.srgb))
    return QIcon(pixmap)


def _words_about(pigment: Pigment) -> str:
    """Say what a pigment is, when it was used, and what a scan sees of it."""
    lines = [f"{pigment.name} ({pigment.ci_name})" if pigment.ci_name else pigment.name]
    if pigment.fluoresces_as:
        lines.append(f"Seen by XRF as: {pigment.fluoresces_as}")
    if pigment.notes:
        lines.append(pigment.notes)
    return "\n".join(lines)


def _small_button(text: str, tooltip: str, press: object) -> QPushButton:
    button = QPushButton(text)
    button.setToolTip(tooltip)
    button.clicked.connect(press)
    return button
