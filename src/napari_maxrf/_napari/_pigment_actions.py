"""What can be done with the pigments of a palette, as actions of buttons and menus."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from qtpy.QtCore import Qt
from qtpy.QtGui import QKeySequence
from qtpy.QtWidgets import QFileDialog, QHBoxLayout, QMenu, QPushButton, QWidget

from napari_maxrf._napari._background import start_job
from napari_maxrf._napari._colour_button import ask_colour
from napari_maxrf._napari._measured_dialog import MeasuredDialog
from napari_maxrf._napari._pixel_picker import SIDE, PixelPicker
from napari_maxrf._napari._synthesise_widget import is_picture
from napari_maxrf._napari._table_dialog import TableDialog
from napari_maxrf._napari._theme import theme_colours
from napari_maxrf.errors import MaxrfError
from napari_maxrf.pigments import (
    read_references,
    recoloured,
    with_pigments,
    without_pigments,
)
from napari_maxrf.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari.components import ViewerModel
    from qtpy.QtGui import QAction

    from napari_maxrf._napari._palette_book import PaletteBook
    from napari_maxrf._napari._pigment_table import PigmentTable
    from napari_maxrf._napari._status_line import StatusLine
    from napari_maxrf.pigments import Palette, Pigment, Reference
    from napari_maxrf.progress import Steps

SPECTRUM_FILTER = (
    "Spectra (*.csv *.txt *.dat *.asc *.msa *.emsa *.mca *.spe *.spx *.h5 *.hdf5 "
    "*.json);;All files (*)"
)
PICK_WORDS = (
    f"Click on a picture for the colour of “{{}}”: the mean of {SIDE} × {SIDE} pixels. "
    "Esc cancels."
)


class PigmentActions(QWidget):
    """Buttons below the table: add, colour, pick, remove; also its context menu.

    Parameters
    ----------
    viewer : ViewerModel
        Where colours are picked.
    book : PaletteBook
        What is changed.
    table : PigmentTable
        Whose selected rows are meant.
    status : StatusLine
        Where to say what was done.
    """

    def __init__(
        self,
        viewer: ViewerModel,
        book: PaletteBook,
        table: PigmentTable,
        status: StatusLine,
    ) -> None:
        super().__init__()
        self._viewer, self._book = viewer, book
        self._table, self._status = table, status
        self._picker = PixelPicker(viewer, is_picture, self)
        self._build()
        self._fill_context_menu()
        table.selected.connect(self._refresh)
        book.palette_changed.connect(self._stop_picking)
        self._refresh()

    def _build(self) -> None:
        self.add = _button("Add", "Add pigments to the palette.")
        menu = QMenu(self.add)
        menu.setToolTipsVisible(True)
        self.from_table = menu.addAction("From the pigment table…", self._ask_table)
        self.from_table.setToolTip("Choose among all pigments of the table.")
        self.from_file = menu.addAction("Measured spectrum…", self._ask_file)
        self.from_file.setToolTip(
            "Add a pigment by a spectrum that you measured (text, .msa, .mca, .spe,\n"
            ".spx, HDF5, or a ganX dictionary)."
        )
        self.add.setMenu(menu)
        self.colour = _button("Colour…", "Give the selected pigment another colour.")
        self.colour.clicked.connect(self._ask_colour)
        self.pick = _button(
            "Pick colour",
            "Give the selected pigment the colour of an open picture where you click\n"
            "on it. Esc cancels.",
        )
        self.pick.setCheckable(True)
        self.pick.clicked.connect(self._pick)
        self.remove = _button("Remove", "Take the selected pigments out (Del).")
        self.remove.clicked.connect(self._remove)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        for button in (self.add, self.colour, self.pick, self.remove):
            layout.addWidget(button, 1)

    def _fill_context_menu(self) -> None:
        self._table.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)
        for button in (self.colour, self.pick, self.remove):
            action = _action(self._table, button.text(), button.click)
            if button is self.remove:
                action.setShortcut(QKeySequence(QKeySequence.StandardKey.Delete))
                action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)

    def new_palette(self) -> None:
        """Ask for pigments of the table, and begin a palette of them."""
        dialog = TableDialog(self, "Pigments of the new palette")
        dialog.chosen.connect(self._begin)
        dialog.open()

    def _begin(self, pigments: list[Pigment]) -> None:
        self._attempt(lambda: self._book.new(pigments))

    def _attempt(self, work: Callable[[], None]) -> None:
        """Change the book, or say why it cannot be changed so."""
        try:
            work()
        except MaxrfError as error:
            self._status.complain(str(error))
        else:
            self._status.say("")

    def _change(self, palette: Callable[[], Palette]) -> None:
        self._attempt(lambda: self._book.change(palette()))

    def _ask_table(self) -> None:
        dialog = TableDialog(self, "Add pigments", self._book.palette.ids)
        dialog.chosen.connect(self._add)
        dialog.open()

    def _add(self, pigments: list[Pigment]) -> None:
        self._change(lambda: with_pigments(self._book.palette, pigments))
        self._table.select([pigment.id for pigment in pigments])

    def _ask_file(self) -> None:
        path, _ = QFileDialog.getOpenFileName(
            self, "Add measured spectrum", "", SPECTRUM_FILTER
        )
        if path:
            self.read_file(path)

    def read_file(self, path: str) -> None:
        """Read the spectra of a file in a thread, then ask which, and what it is."""
        job = start_job(
            "Reading spectrum", partial(_read_steps, path), self._ask_measured, self
        )
        job.failed.connect(self._status.complain)

    def _ask_measured(self, references: tuple[Reference, ...]) -> None:
        self._status.say("")
        book = self._book
        colours = theme_colours(self._viewer)
        dialog = MeasuredDialog(self, references, book.axis, book.palette.ids, colours)
        dialog.chosen.connect(lambda pigment: self._add([pigment]))
        dialog.open()

    def _ask_colour(self) -> None:
        (key,) = self._table.selected_ids
        pigment = self._book.pigment(key)
        title = f"Colour of {pigment.name}"
        ask_colour(self, pigment.srgb, title, partial(self._recolour, key))

    def _recolour(self, key: str, colour: tuple[int, int, int]) -> None:
        self._change(lambda: recoloured(self._book.palette, key, colour))

    def _pick(self) -> None:
        if self._picker.is_waiting:
            self._stop_picking()
            self._status.say("")
            return
        (key,) = self._table.selected_ids
        self._status.say(PICK_WORDS.format(self._book.pigment(key).name))
        self.pick.setChecked(True)
        self._picker.start(partial(self._picked, key))

    def _picked(
        self, key: str, colour: tuple[int, int, int] | None, words: str
    ) -> None:
        self.pick.setChecked(False)
        if colour is None:
            self._status.complain(words) if words else self._status.say("")
            return
        self._recolour(key, colour)
        self._status.say(f"Colour taken from “{words}”: sRGB {colour}.")

    def _stop_picking(self) -> None:
        self._picker.stop()
        self.pick.setChecked(False)

    def _remove(self) -> None:
        ids = self._table.selected_ids
        self._change(lambda: without_pigments(self._book.palette, ids))

    def _refresh(self) -> None:
        n_selected = len(self._table.selected_ids)
        self.colour.setEnabled(n_selected == 1)
        self.pick.setEnabled(n_selected == 1 or self._picker.is_waiting)
        self.remove.setEnabled(n_selected > 0)

    def keyPressEvent(self, event: object) -> None:
        """Let Esc end the picking, wherever in the buttons the focus is."""
        if event.key() == Qt.Key.Key_Escape and self._picker.is_waiting:
            self._stop_picking()
            self._status.say("")
            return
        super().keyPressEvent(event)


def _read_steps(path: str) -> Steps[tuple[Reference, ...]]:
    yield Progress("Reading", 0, 0)
    return read_references(path)


def _button(text: str, tooltip: str) -> QPushButton:
    button = QPushButton(text)
    button.setToolTip(tooltip)
    return button


def _action(parent: QWidget, text: str, press: Callable[[], None]) -> QAction:
    from qtpy.QtGui import QAction

    action = QAction(text, parent)
    action.triggered.connect(press)
    parent.addAction(action)
    return action
