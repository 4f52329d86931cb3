"""Choose a palette, and tick the pigments of it that a painter had.

The short form of the Palette dock, for docks that use a palette.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QSize, Qt, Signal
from qtpy.QtWidgets import (
    QFileDialog,
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from napari_maxrf._napari._palette_chooser import OPEN_FILTER, PaletteCombo
from napari_maxrf._napari._pigment_rows import SWATCH, swatch, words_about
from napari_maxrf._napari._section import note
from napari_maxrf.errors import MaxrfError

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_maxrf._napari._palette_book import PaletteBook
    from napari_maxrf.pigments import Palette, Pigment

ROW_HEIGHT = 21
SHOWN_ROWS = 14


class PaletteList(QWidget):
    """A palette and its pigments: colour, name and a tick for each.

    Parameters
    ----------
    book : PaletteBook
        What is shown and ticked.
    edit : callable, optional
        Opens the Palette dock; without it there is no button for that.
    """

    changed = Signal()

    def __init__(
        self, book: PaletteBook, edit: Callable[[], None] | None = None
    ) -> None:
        super().__init__()
        self._book = book
        self.combo = PaletteCombo(book)
        self.list = QListWidget()
        self.list.setIconSize(SWATCH)
        self.list.setToolTip(
            "Pigments that take part. A colour of the picture is mixed from the\n"
            "ticked pigments that come near it."
        )
        self._words = note()
        self._lay_out(edit)
        self.list.itemChanged.connect(self._report)
        book.palette_changed.connect(self._show)
        book.ticks_changed.connect(self._show_ticks)
        self._show()

    def _lay_out(self, edit: Callable[[], None] | None) -> None:
        top, foot = QHBoxLayout(), QHBoxLayout()
        top.addWidget(self.combo, 1)
        top.addWidget(
            _small_button(
                "Open…", "Open a palette file (.toml, or ganX .json).", self._ask
            )
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
        if edit is not None:
            self.edit = _small_button(
                "Edit palette…",
                "Open the Palette dock: spectra, what cannot be told apart, colours,\n"
                "measured spectra, scanner and paint.",
                edit,
            )
            layout.addWidget(self.edit)

    @property
    def ticked(self) -> tuple[str, ...]:
        """Ids of the ticked pigments."""
        return self._book.ticked

    def palette_chosen(self) -> Palette:
        """Return the palette with the ticked pigments only.

        Raises
        ------
        PaletteError
            No pigment is ticked.
        """
        return self._book.ticked_palette()

    def tick_all(self, ticked: bool) -> None:
        """Tick all pigments, or none."""
        self._book.tick(self._book.palette.ids, ticked)

    def _items(self) -> list[QListWidgetItem]:
        return [self.list.item(row) for row in range(self.list.count())]

    def _report(self, item: QListWidgetItem) -> None:
        ticked = item.checkState() == Qt.CheckState.Checked
        self._book.tick([_key(item)], ticked)

    def _show(self) -> None:
        self.list.blockSignals(True)
        self.list.clear()
        for pigment in self._book.palette.pigments:
            self.list.addItem(_item(pigment))
        self.list.blockSignals(False)
        rows = min(self.list.count(), SHOWN_ROWS)
        self.list.setFixedHeight(rows * ROW_HEIGHT + 6)
        self._show_ticks()

    def _show_ticks(self) -> None:
        ticked = set(self.ticked)
        self.list.blockSignals(True)
        for item in self._items():
            on = _key(item) in ticked
            item.setCheckState(Qt.CheckState.Checked if on else Qt.CheckState.Unchecked)
        self.list.blockSignals(False)
        palette = self._book.palette
        self._words.setText(f"{len(ticked)} of {len(palette)} pigments")
        self._words.setToolTip(f"Painted and measured as: {how_words(palette)}.")
        self.changed.emit()

    def _ask(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, "Open palette", "", OPEN_FILTER)
        if path:
            self.try_file(path)

    def try_file(self, path: str) -> None:
        """Open the palette of a file, or say below the list what is wrong with it."""
        try:
            self._book.open(path)
        except MaxrfError as error:
            self._words.setText(str(error))


def how_words(palette: Palette) -> str:
    """Say with which paint and scanner the spectra of a palette are computed."""
    paint = palette.paint if isinstance(palette.paint, str) else "its own"
    return f"{paint} paint, {palette.instrument}"


def _key(item: QListWidgetItem) -> str:
    return str(item.data(Qt.ItemDataRole.UserRole))


def _item(pigment: Pigment) -> QListWidgetItem:
    item = QListWidgetItem(swatch(pigment.srgb), pigment.name)
    item.setData(Qt.ItemDataRole.UserRole, pigment.id)
    item.setCheckState(Qt.CheckState.Checked)
    item.setSizeHint(QSize(0, ROW_HEIGHT))
    item.setToolTip(words_about(pigment))
    return item


def _small_button(text: str, tooltip: str, press: object) -> QPushButton:
    button = QPushButton(text)
    button.setToolTip(tooltip)
    button.clicked.connect(press)
    return button
