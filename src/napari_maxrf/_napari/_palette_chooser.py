"""Choose, open, begin and save palettes, and say how they are painted and scanned."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QComboBox,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QMenu,
    QMessageBox,
    QPushButton,
    QWidget,
)

from napari_maxrf._napari._layer_choice import narrow
from napari_maxrf.errors import MaxrfError

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_maxrf._napari._palette_book import PaletteBook
    from napari_maxrf._napari._status_line import StatusLine

OPEN_FILTER = "Palettes (*.toml *.json)"
SAVE_FILTER = "Palettes (*.toml)"
TIP = Qt.ItemDataRole.ToolTipRole


class PaletteCombo(QComboBox):
    """The palettes of the package, and those the user opened or began."""

    def __init__(self, book: PaletteBook) -> None:
        super().__init__()
        self._book = book
        narrow(self)
        self.setToolTip(
            "Which pigments a painter had: colours and spectra come from it.\n"
            "Palettes with edits that are not saved have a star."
        )
        self._refresh()
        self.currentIndexChanged.connect(book.choose)
        book.pages_changed.connect(self._refresh)

    @property
    def source(self) -> str:
        """Name or path of the chosen palette."""
        return self._book.page.source

    def _refresh(self) -> None:
        self.blockSignals(True)
        self.clear()
        for row, page in enumerate(self._book.pages):
            self.addItem(page.title)
            words = page.source if page.is_file else page.palette.period
            self.setItemData(row, words, TIP)
        self.setCurrentIndex(self._book.index)
        self.blockSignals(False)


class PaletteBar(QWidget):
    """The list of palettes, with what can be done with a palette as a whole.

    Parameters
    ----------
    book : PaletteBook
        What is shown and changed.
    status : StatusLine
        Where to say what was done.
    from_table : callable
        Asks for pigments of the table, to begin a palette of them.
    """

    def __init__(
        self, book: PaletteBook, status: StatusLine, from_table: Callable[[], None]
    ) -> None:
        super().__init__()
        self._book, self._status = book, status
        self.combo = PaletteCombo(book)
        self.new = _button("New", "Begin a palette of your own.")
        self.open = _button("Open…", "Open a palette file (.toml, or ganX .json).")
        self.save = _button(
            "Save as…",
            "Save the palette with all edits as a file (.toml). Measured spectra\n"
            "are named by the path of their file.",
        )
        self._fill_menu(from_table)
        self.open.clicked.connect(self._ask_open)
        self.save.clicked.connect(self._ask_save)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.combo, 1)
        for button in (self.new, self.open, self.save):
            layout.addWidget(button)
        book.pages_changed.connect(self._refresh)
        self._refresh()

    def _fill_menu(self, from_table: Callable[[], None]) -> None:
        menu = QMenu(self.new)
        menu.setToolTipsVisible(True)
        self.from_ticked = menu.addAction("From the ticked pigments", self._new)
        self.from_ticked.setToolTip("Begin with the pigments that are ticked below.")
        self.from_table = menu.addAction("From the pigment table…", from_table)
        self.from_table.setToolTip("Choose among all pigments.")
        menu.addSeparator()
        self.undo = menu.addAction("Undo all edits", self._book.undo_edits)
        self.undo.setToolTip("Bring this palette back as it was opened or saved.")
        self.new.setMenu(menu)

    def _refresh(self) -> None:
        page = self._book.page
        self.undo.setEnabled(page.is_edited and page.kept is not None)

    def _new(self) -> None:
        self.attempt(lambda: self._book.new(self._book.ticked_palette().pigments))

    def attempt(self, work: Callable[[], None], words: str = "") -> None:
        """Do something with the book, or say what is wrong."""
        try:
            work()
        except MaxrfError as error:
            self._status.complain(str(error))
        else:
            self._status.say(words)

    def _ask_open(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, "Open palette", "", OPEN_FILTER)
        if path:
            self.try_file(path)

    def try_file(self, path: str) -> None:
        """Open the palette of a file, or say what is wrong with it."""
        self.attempt(lambda: self._book.open(path))

    def _ask_save(self) -> None:
        n_ticked, n_all = len(self._book.ticked), len(self._book.palette)
        which = "all" if n_ticked == n_all else ask_which(self, n_ticked, n_all)
        if not which:
            return
        path = ask_save_path(self, self._book.page.source)
        if path:
            self.attempt(
                lambda: self._book.save(path, which == "ticked"),
                f"Saved as {Path(path).name}.",
            )


class ScannerRow(QWidget):
    """Which instrument measures the palette, and how it is painted."""

    def __init__(self, book: PaletteBook, status: StatusLine) -> None:
        super().__init__()
        from napari_maxrf.physics import instrument_names, paint_names

        self._book, self._status = book, status
        self.instrument = self._combo(
            instrument_names(),
            "The scanner that the spectra are computed for.",
            _about_instrument,
        )
        self.paint = self._combo(
            paint_names(),
            "How the pigments are painted: binder and layers.",
            _about_paint,
        )
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        for text, combo in (("Scanner", self.instrument), ("Paint", self.paint)):
            label = QLabel(text)
            label.setBuddy(combo)
            label.setToolTip(combo.toolTip())
            layout.addWidget(label)
            layout.addWidget(combo, 1)
        self._refresh()
        self.instrument.activated.connect(self._take)
        self.paint.activated.connect(self._take)
        book.palette_changed.connect(self._refresh)

    def _combo(
        self, names: tuple[str, ...], tooltip: str, about: Callable[[str], str]
    ) -> QComboBox:
        combo = QComboBox()
        narrow(combo)
        combo.setToolTip(tooltip)
        for row, name in enumerate(names):
            combo.addItem(name, name)
            combo.setItemData(row, about(name), TIP)
        return combo

    def _refresh(self) -> None:
        palette = self._book.palette
        _choose(self.instrument, palette.instrument, Path(palette.instrument).stem)
        _choose(self.paint, palette.paint, "its own")

    def _take(self) -> None:
        from dataclasses import replace

        self._status.say("")
        self._book.change(
            replace(
                self._book.palette,
                instrument=self.instrument.currentData(),
                paint=self.paint.currentData(),
            )
        )


def ask_save_path(parent: QWidget, path: str) -> str:
    """Ask where to save a palette; empty if the user would rather not."""
    start = path if path.endswith(".toml") else ""
    dialog = QFileDialog(parent, "Save palette as", start, SAVE_FILTER)
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    dialog.setDefaultSuffix("toml")  # before Qt asks whether to overwrite
    accepted = bool(dialog.exec())
    chosen = dialog.selectedFiles()[0] if accepted else ""
    dialog.deleteLater()
    return chosen


def ask_which(parent: QWidget, n_ticked: int, n_all: int) -> str:
    """Ask whether to save "all" pigments or the "ticked" ones; empty for neither."""
    kind = QMessageBox.ButtonRole
    box = QMessageBox(parent)
    box.setWindowTitle("Save palette")
    box.setText(f"{n_ticked} of {n_all} pigments are ticked.")
    box.setInformativeText(
        "An opened palette has all its pigments ticked. Which shall be saved?"
    )
    answers = {"all": box.addButton(f"All {n_all}", kind.AcceptRole)}
    if n_ticked:
        answers["ticked"] = box.addButton(f"Ticked {n_ticked}", kind.AcceptRole)
    box.addButton("Cancel", kind.RejectRole)
    box.exec()
    pressed = box.clickedButton()
    box.deleteLater()
    return next((name for name, button in answers.items() if button is pressed), "")


def _choose(combo: QComboBox, value: object, name: str) -> None:
    """Choose a value, offering it first if it is not one of the usual ones."""
    rows = [row for row in range(combo.count()) if combo.itemData(row) == value]
    if not rows:
        combo.addItem(name, value)
        rows = [combo.count() - 1]
    combo.setCurrentIndex(rows[0])


def _about_instrument(name: str) -> str:
    from napari_maxrf.physics import load_instrument

    return load_instrument(name).description


def _about_paint(name: str) -> str:
    from napari_maxrf.physics import paint_preset

    return paint_preset(name).description


def _button(text: str, tooltip: str) -> QPushButton:
    button = QPushButton(text)
    button.setToolTip(tooltip)
    return button
