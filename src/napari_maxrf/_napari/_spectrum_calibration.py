"""A dialog that calibrates energies by two clicks on peaks, or by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import (
    QButtonGroup,
    QComboBox,
    QDialog,
    QDoubleSpinBox,
    QHBoxLayout,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from napari_maxrf._napari._latest import Latest
from napari_maxrf._napari._section import note
from napari_maxrf._napari._spectrum_lines import likeliest, line_choices
from napari_maxrf._napari._spectrum_model import Drawn, EnergyScale
from napari_maxrf._napari._spectrum_rows import small_button
from napari_maxrf._napari._spectrum_view import SpectrumView
from napari_maxrf._napari._status_line import StatusLine
from napari_maxrf._napari._table_dialog import ok_and_cancel
from napari_maxrf.analysis import axis_from_lines, nearest_peak
from napari_maxrf.cube import EnergyAxis
from napari_maxrf.errors import MaxrfError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_maxrf._napari._spectrum_model import Floats
    from napari_maxrf._napari._theme import ThemeColours

SIZE = 620, 520
REACH_SHARE = 100
"""A click finds a peak within this part of the axis."""
PEAK_COLOURS = ((230, 159, 0), (86, 180, 233))
ASK = "Click on a peak and choose its line; then do the same with a second one."
BY_HAND, BY_ITSELF = "two lines", "automatic"


class CalibrationDialog(QDialog):
    """Channels of two peaks, and the lines they are.

    Parameters
    ----------
    parent : QWidget
        Above which it opens.
    spectrum : ndarray, shape (n_channels,)
        Summed counts.
    axis : EnergyAxis
        The calibration until now; tells which line is proposed for a peak.
    elements : sequence of str
        Whose lines stand first in the lists.
    colours : ThemeColours
        For the plot.
    """

    chosen = Signal(object, str)
    """The new axis, and how it was found."""

    def __init__(
        self,
        parent: QWidget,
        spectrum: Floats,
        axis: EnergyAxis,
        elements: Sequence[str],
        colours: ThemeColours,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Calibrate energies")
        self.resize(*SIZE)
        self._spectrum, self._axis = spectrum, axis
        self._found: tuple[EnergyAxis, str] | None = None
        self._automatic = Latest(self)
        self._automatic.answered.connect(self._take_automatic)
        self._automatic.failed.connect(lambda reason: self.status.complain(reason))
        self.peaks = [_PeakRow(row, len(spectrum), elements) for row in (0, 1)]
        self._build(colours)
        self._lay_out()
        self._listen()
        self._update()

    def _build(self, colours: ThemeColours) -> None:
        import pyqtgraph

        self.view = SpectrumView()
        self.view.set_colours(colours)
        bare = EnergyAxis(len(self._spectrum), 0.0, 1.0, source="assumed")
        self.view.show_scale(EnergyScale(bare))
        curve = Drawn("sum", "sum", colours.text, self._spectrum)
        self.view.show_curves([curve], "counts")
        self._pins = [pyqtgraph.InfiniteLine(pen=colour) for colour in PEAK_COLOURS]
        for pin in self._pins:
            pin.hide()
            self.view.plot.addItem(pin, ignoreBounds=True)
        self.automatic = small_button(
            "Automatic",
            "Move the present axis, by 0.12 keV at most, until the lines of all usual\n"
            "elements explain the sum spectrum best.",
        )
        self.result = note(ASK)
        self.status = StatusLine()
        self.buttons = ok_and_cancel(self)

    def _lay_out(self) -> None:
        self._group = QButtonGroup(self)
        rows = QVBoxLayout()
        for peak in self.peaks:
            self._group.addButton(peak.radio)
            rows.addWidget(peak)
        below = QHBoxLayout()
        below.addWidget(self.result, 1)
        below.addWidget(self.automatic)
        layout = QVBoxLayout(self)
        layout.addWidget(self.view, 1)
        layout.addLayout(rows)
        layout.addLayout(below)
        layout.addWidget(self.status)
        layout.addWidget(self.buttons)
        self.peaks[0].radio.setChecked(True)

    def _listen(self) -> None:
        self.view.clicked.connect(self.click)
        self.automatic.clicked.connect(self._ask_automatic)
        for peak in self.peaks:
            peak.changed.connect(self._update)

    def click(self, place: float) -> None:
        """Take the peak near a channel for the row that waits."""
        reach = max(3, len(self._spectrum) // REACH_SHARE)
        channel = nearest_peak(self._spectrum, place, reach)
        row = next(i for i, peak in enumerate(self.peaks) if peak.radio.isChecked())
        energy_kev = self._axis.offset_kev + channel * self._axis.gain_kev
        self.peaks[row].show_peak(channel, energy_kev)
        self.peaks[1 - row].radio.setChecked(True)

    def axis(self) -> EnergyAxis:
        """Return the axis through both lines.

        Raises
        ------
        MaxrfError
            A peak or a line is missing, or they make no sense.
        """
        return axis_from_lines(len(self._spectrum), [one.point() for one in self.peaks])

    def accept(self) -> None:
        """Hand the axis over, or say why there is none."""
        if self._found is None:
            try:
                self._found = self.axis(), BY_HAND
            except MaxrfError as error:
                self.status.complain(str(error))
                return
        self.chosen.emit(*self._found)
        super().accept()

    def _update(self) -> None:
        self._found = None
        self.status.say("")
        for pin, peak in zip(self._pins, self.peaks, strict=True):
            pin.setValue(peak.channel.value())
            pin.setVisible(peak.is_set)
        try:
            self.result.setText(axis_words(self.axis()))
        except MaxrfError:
            self.result.setText(ASK)

    def _ask_automatic(self) -> None:
        from napari_maxrf.analysis import refined_axis

        spectrum, axis = self._spectrum, self._axis
        self.result.setText("Looking for lines…")
        self._automatic.ask("automatic", lambda: refined_axis(spectrum, axis))

    def _take_automatic(self, axis: EnergyAxis) -> None:
        if axis is self._axis:
            self.result.setText("The present axis cannot be bettered by itself.")
            return
        self._found = axis, BY_ITSELF
        self.result.setText(axis_words(axis))


class _PeakRow(QWidget):
    """Channel and line of one peak."""

    changed = Signal()

    def __init__(self, row: int, n_channels: int, elements: Sequence[str]) -> None:
        super().__init__()
        self.is_set = False
        self.radio = QRadioButton(f"Peak {row + 1}")
        self.radio.setToolTip("The next click on the plot is for this peak.")
        self.channel = QDoubleSpinBox()
        self.channel.setRange(0, n_channels - 1)
        self.channel.setDecimals(2)
        self.channel.setPrefix("channel ")
        self.channel.setToolTip("Channel of the top of the peak.")
        self.line = QComboBox()
        self.line.setEditable(True)
        self.line.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.line.completer().setFilterMode(Qt.MatchFlag.MatchContains)
        self.line.setToolTip("Which line it is; type an element to find it.")
        self._elements, self._choices = elements, line_choices(elements)
        for line in self._choices:
            self.line.addItem(f"{line.label} {line.energy_kev:.3f} keV")
        self.line.setCurrentIndex(-1)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.radio)
        layout.addWidget(self.channel)
        layout.addWidget(self.line, 1)
        self.channel.valueChanged.connect(self._set)
        self.line.currentIndexChanged.connect(self._tell)

    def show_peak(self, channel: float, energy_kev: float) -> None:
        """Show a peak, and propose a line by its present energy."""
        proposed = likeliest(self._choices, energy_kev, self._elements)
        self.line.setCurrentIndex(proposed)
        self.channel.setValue(channel)
        self._set()

    def point(self) -> tuple[float, float]:
        """Return channel and energy.

        Raises
        ------
        MaxrfError
            One of them is missing.
        """
        row = self.line.findText(self.line.currentText())
        if not self.is_set or row < 0:
            raise MaxrfError(f"{self.radio.text()} needs a peak and a line.")
        return self.channel.value(), self._choices[row].energy_kev

    def _set(self, *_: Any) -> None:
        self.is_set = True
        self._tell()

    def _tell(self, *_: Any) -> None:
        self.changed.emit()


def axis_words(axis: EnergyAxis) -> str:
    """Say what an axis is like."""
    low, high = axis.range_kev
    return (
        f"Offset {axis.offset_kev * 1000:.1f} eV, gain {axis.gain_kev * 1000:.3f} eV: "
        f"{low:.2f} to {high:.2f} keV."
    )
