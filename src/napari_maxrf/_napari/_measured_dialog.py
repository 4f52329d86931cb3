"""A dialog that asks what a measured spectrum is, and shows it meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Signal
from qtpy.QtWidgets import (
    QComboBox,
    QDialog,
    QDoubleSpinBox,
    QLabel,
    QLineEdit,
    QVBoxLayout,
    QWidget,
)

from napari_maxrf._napari._colour_button import ColourButton
from napari_maxrf._napari._forms import add_row, form_layout
from napari_maxrf._napari._layer_choice import narrow
from napari_maxrf._napari._palette_curves import preview_curve
from napari_maxrf._napari._palette_findings import lines_of
from napari_maxrf._napari._spectrum_plot import SpectrumPlot
from napari_maxrf._napari._status_line import StatusLine
from napari_maxrf._napari._table_dialog import ok_and_cancel
from napari_maxrf.errors import MaxrfError
from napari_maxrf.pigments import measured_pigment, pigment_table

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from napari_maxrf._napari._theme import ThemeColours
    from napari_maxrf.cube import EnergyAxis
    from napari_maxrf.pigments import Pigment, Reference

SIZE = 460, 560
GREY = (128, 128, 128)
USUAL_GAIN_EV = 10.0
EV = 1000.0


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
    colours : ThemeColours
        For the plot.
    """

    chosen = Signal(object)
    """The pigment."""

    def __init__(
        self,
        parent: QWidget,
        references: Sequence[Reference],
        axis: EnergyAxis,
        taken: Collection[str],
        colours: ThemeColours,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Add measured spectrum")
        self.resize(*SIZE)
        self._references, self._axis, self._taken = references, axis, taken
        self._colours = colours
        self._build()
        self._lay_out()
        self._show()
        self._listen()
        self._preview()

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
        self.preview = SpectrumPlot()
        self.preview.set_colours(self._colours)
        self.status = StatusLine()
        self.buttons = ok_and_cancel(self)

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
        layout.addWidget(self.energies)
        layout.addWidget(self.preview, 1)
        layout.addWidget(self.status)
        layout.addWidget(self.buttons)

    def _listen(self) -> None:
        self.spectrum.currentIndexChanged.connect(self._show)
        for signal in (
            self.spectrum.currentIndexChanged,
            self.name.textChanged,
            self.colour.changed,
            self.like.currentIndexChanged,
            self.offset.valueChanged,
            self.gain.valueChanged,
        ):
            signal.connect(self._preview)

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

    def _preview(self) -> None:
        """Draw the spectrum as it would be used, with the lines it should have."""
        self.status.say("")
        try:
            pigment = self.pigment()
        except MaxrfError as error:
            self.preview.clear(str(error))
            return
        measured = pigment.measured
        if measured is None:
            return
        shares = measured.probabilities(self._axis)
        counts = shares * measured.spectrum.counts.sum()
        marks = lines_of(pigment, shares, self._axis)
        curve = preview_curve(pigment, counts, marks, self._colours.background)
        self.preview.show_curves(self._axis.centres_kev, [curve], (), 1)

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
