"""Dialogs that ask for pigments: some of the table, or one measured spectrum."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Signal
from qtpy.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QDoubleSpinBox,
    QLabel,
    QLineEdit,
    QVBoxLayout,
    QWidget,
)

from napari_maxrf._napari._colour_button import ColourButton
from napari_maxrf._napari._forms import add_row, form_layout
from napari_maxrf._napari._layer_choice import narrow
from napari_maxrf._napari._pigment_table import FilterRow, PigmentTable
from napari_maxrf._napari._status_line import StatusLine
from napari_maxrf.errors import MaxrfError
from napari_maxrf.pigments import measured_pigment, pigment_table

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from napari_maxrf.cube import EnergyAxis
    from napari_maxrf.pigments import Pigment, Reference

TABLE_SIZE = 560, 520
GREY = (128, 128, 128)
USUAL_GAIN_EV = 10.0
EV = 1000.0


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
        self.words = QLabel()
        self.buttons = _buttons(self)
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


class MeasuredDialog(QDialog):
    """Name, colour and energies of a measured spectrum.

    Parameters
    ----------
    parent : QWidget
        Above which it opens.
    references : sequence of Reference
        The spectra of a file.
    axis : EnergyAxis
        On which the spectrum will be used.
    taken : collection of str
        Ids of the palette's pigments.
    """

    chosen = Signal(object)
    """The pigment."""

    def __init__(
        self,
        parent: QWidget,
        references: Sequence[Reference],
        axis: EnergyAxis,
        taken: Collection[str],
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Add measured spectrum")
        self._references, self._axis, self._taken = references, axis, taken
        self._build()
        self._lay_out()
        self.spectrum.currentIndexChanged.connect(self._show)
        self._show()

    def _build(self) -> None:
        self.spectrum = QComboBox()
        narrow(self.spectrum)
        for reference in self._references:
            self.spectrum.addItem(reference.spectrum.name)
        self.name = QLineEdit()
        self.colour = ColourButton(GREY, "Colour of the paint that was measured.")
        self.like = QComboBox()
        narrow(self.like)
        self.like.addItem("not known", None)
        for pigment in sorted(pigment_table().values(), key=lambda one: one.name):
            self.like.addItem(pigment.name, pigment.id)
        self.offset = _energy_box(0.0, -1000.0, 10_000.0, 1)
        self.gain = _energy_box(USUAL_GAIN_EV, 0.01, 1000.0, 3)
        self.energies = QLabel()
        self.energies.setWordWrap(True)
        self.status = StatusLine()
        self.buttons = _buttons(self)

    def _lay_out(self) -> None:
        rows = form_layout()
        for label, tooltip, widget in (
            ("Spectrum", "Which spectrum of the file.", self.spectrum),
            ("Name", "What the pigment shall be called.", self.name),
            ("Colour", "Colour of the paint that was measured.", self.colour),
            (
                "Pigment",
                "What it is, if you know: chemistry, years of use and line labels are\n"
                "taken from the table. The spectrum stays the measured one.",
                self.like,
            ),
            ("Offset", "Energy of channel 0.", self.offset),
            ("Gain", "Width of a channel.", self.gain),
        ):
            add_row(rows, label, tooltip, widget)
        layout = QVBoxLayout(self)
        layout.addLayout(rows)
        for widget in (self.energies, self.status, self.buttons):
            layout.addWidget(widget)
        self.setMinimumWidth(380)

    @property
    def reference(self) -> Reference:
        """The chosen spectrum."""
        return self._references[self.spectrum.currentIndex()]

    def pigment(self) -> Pigment:
        """Return the pigment as it is described.

        Raises
        ------
        MaxrfError
            Name or energies cannot be used, or nothing was measured on the axis.
        """
        by_hand = self.offset.value() / EV, self.gain.value() / EV
        reference = self.reference
        measured = reference.measured(None if reference.is_calibrated else by_hand)
        measured.probabilities(self._axis)
        return measured_pigment(
            measured,
            self.name.text(),
            self.colour.colour,
            self.like.currentData(),
            self._taken,
        )

    def accept(self) -> None:
        """Hand the pigment over, or say what is wrong with it."""
        try:
            pigment = self.pigment()
        except MaxrfError as error:
            self.status.complain(str(error))
            return
        self.chosen.emit(pigment)
        super().accept()

    def _show(self) -> None:
        """Show what the file says of the chosen spectrum."""
        spectrum, known = self.reference.spectrum, self.reference.is_calibrated
        self.name.setText(spectrum.name)
        self.colour.show_colour(spectrum.colour or GREY)
        for box in (self.offset, self.gain):
            box.setEnabled(not known)
        if spectrum.axis is not None:
            axis = spectrum.axis
            self.offset.setValue(axis.offset_kev * EV)
            self.gain.setValue(axis.gain_kev * EV)
            words = "{:.2f} to {:.2f} keV, from the file.".format(*axis.range_kev)
        else:
            words = "The file does not say which energies its channels have."
        self.energies.setText(f"{len(spectrum.counts)} channels. {words}")


def _energy_box(value: float, low: float, high: float, decimals: int) -> QDoubleSpinBox:
    box = QDoubleSpinBox()
    box.setDecimals(decimals)
    box.setRange(low, high)
    box.setSuffix(" eV")
    box.setValue(value)
    return box


def _buttons(dialog: QDialog) -> QDialogButtonBox:
    kinds = QDialogButtonBox.StandardButton
    buttons = QDialogButtonBox(kinds.Ok | kinds.Cancel)
    buttons.accepted.connect(dialog.accept)
    buttons.rejected.connect(dialog.reject)
    dialog.finished.connect(dialog.deleteLater)
    return buttons
