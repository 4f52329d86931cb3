"""Energies found by themselves: what would change, before anything is changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QVBoxLayout, QWidget

from napari_maxrf._napari._layers import add_layers
from napari_maxrf._napari._run_bar import Request, RunBar
from napari_maxrf._napari._section import note
from napari_maxrf._napari._spectrum_calibration import BY_ITSELF
from napari_maxrf._napari._spectrum_rows import small_button
from napari_maxrf._napari._spectrum_work import recalibrated_layer, whole_steps
from napari_maxrf.analysis import nearest_peak, on_axis, refined_axis, visible_lines
from napari_maxrf.analysis._fit import found_elements
from napari_maxrf.analysis._lines import main_line, resolution_kev
from napari_maxrf.errors import MaxrfError
from napari_maxrf.progress import Progress, Steps

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Layer

    from napari_maxrf._napari._work import Workbench
    from napari_maxrf.cube import EnergyAxis, SpectralCube, Spectrum

N_LINES = 4
REACH_KEV = 0.15
"""How far from its line the top of a peak is looked for."""
PEAK_SHARE = 0.25
"""Within this part of its width a peak is that line's own, and not a neighbour's."""
HINT = "Compares the peaks of the sum spectrum with the lines of all usual elements."
ASSUMED = "The file tells no energies. Click on two peaks: Spectrum > Calibrate…"
UNCHANGED = (
    "The present energies cannot be bettered by themselves. If they are far off, click "
    "on two peaks: Spectrum > Calibrate…"
)


@dataclass(frozen=True)
class MovedLine:
    """Where the peak of a line stands on the old and on the new axis.

    Attributes
    ----------
    label : str
        Such as ``"Fe Kα"``.
    energy_kev : float
        Of the line itself.
    old_kev, new_kev : float
        Of its peak.
    """

    label: str
    energy_kev: float
    old_kev: float
    new_kev: float

    @property
    def moved_ev(self) -> float:
        """How far the peak moves."""
        return (self.new_kev - self.old_kev) * 1000


@dataclass(frozen=True)
class FoundAxis:
    """A better axis, and what it does to the strongest lines."""

    old: EnergyAxis
    new: EnergyAxis
    lines: tuple[MovedLine, ...]


def found_axis_steps(cube: SpectralCube) -> Steps[FoundAxis | None]:
    """Look for the axis that the lines of a scan ask for; None if it is there."""
    whole = yield from whole_steps(cube)
    yield Progress("Looking for lines", 0, 0)
    axis = refined_axis(whole.total, cube.energy)
    if axis is cube.energy:
        return None
    return FoundAxis(cube.energy, axis, moved_lines(whole.total, cube.energy, axis))


def moved_lines(
    spectrum: Spectrum, old: EnergyAxis, new: EnergyAxis, n: int = N_LINES
) -> tuple[MovedLine, ...]:
    """Tell for the strongest elements where their main peak was, and where it is.

    Parameters
    ----------
    spectrum : ndarray, shape (n_channels,)
        Summed counts.
    old, new : EnergyAxis
        Of these channels.
    n : int, optional
        At most so many elements. Those whose peak is a shoulder of another one's are
        left out.
    """
    moved = []
    for found in found_elements(spectrum, new):
        label, energy_kev = _main_line(found.element, new)
        reach = max(1, round(REACH_KEV / new.gain_kev))
        top = nearest_peak(spectrum, new.channel_of(energy_kev), reach)
        line = MovedLine(
            label, energy_kev, *(_energy_at(one, top) for one in (old, new))
        )
        if abs(line.new_kev - energy_kev) < PEAK_SHARE * resolution_kev(energy_kev):
            moved.append(line)
    return tuple(moved[:n])


def _main_line(element: str, axis: EnergyAxis) -> tuple[str, float]:
    """Return the line by which an element is found, as a user would name it."""
    _, energy_kev = main_line(element, *axis.range_kev)
    lines = visible_lines(element, *axis.range_kev)
    line = min(lines, key=lambda one: abs(one.energy_kev - energy_kev))
    return line.label, energy_kev


def _energy_at(axis: EnergyAxis, channel: float) -> float:
    return float(np.interp(channel, np.arange(axis.n_channels), axis.centres_kev))


def axis_change_words(found: FoundAxis) -> str:
    """Say what a new axis changes."""
    old, new = found.old, found.new
    head = (
        f"Offset {old.offset_kev * 1000:.1f} → {new.offset_kev * 1000:.1f} eV, "
        f"gain {old.gain_kev * 1000:.3f} → {new.gain_kev * 1000:.3f} eV."
    )
    lines = [
        f"{one.label} {one.energy_kev:.3f}: {one.old_kev:.3f} → {one.new_kev:.3f} "
        f"({one.moved_ev:+.0f} eV)"
        for one in found.lines
    ]
    below = ["Peaks of the strongest lines, in keV:", *lines] if lines else []
    return "\n".join([head, *below])


def present_words(cube: SpectralCube) -> str:
    """Say what is to be thought of the present energies, if anything."""
    if cube.energy.source == "assumed":
        return ASSUMED
    calibration = cube.metadata.get("calibration")
    told = calibration.get("note", "") if isinstance(calibration, dict) else ""
    return str(told) if cube.energy.source == "file" else ""


class CalibrationPanel(QWidget):
    """Find a better energy axis, show it, and apply it as a layer of its own.

    Parameters
    ----------
    viewer : ViewerModel
        Where the scan is open.
    bench : Workbench
        Where the work is done.
    """

    applied = Signal(object)
    """The layer with the new energies."""

    def __init__(self, viewer: ViewerModel, bench: Workbench) -> None:
        super().__init__()
        self._viewer = viewer
        self._scan: tuple[SpectralCube, Layer] | None = None
        self.found: FoundAxis | None = None
        self.run_bar = RunBar(bench, "Find energies", HINT, self._request)
        self.present, self.words = note(), note()
        self.apply = small_button(
            "Apply", "Show the scan with the new energies, as a layer of its own."
        )
        self.apply.clicked.connect(self._apply)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        for widget in (self.present, self.run_bar, self.words, self.apply):
            layout.addWidget(widget)
        self.show_scan(None)

    def show_scan(self, scan: tuple[SpectralCube, Layer] | None) -> None:
        """Begin afresh with another scan and its layer."""
        self._scan = scan
        self._show(None)
        self.present.setText(present_words(scan[0]) if scan is not None else "")
        self.present.setVisible(bool(self.present.text()))
        self.run_bar.hinder("" if scan else "Open or synthesise a scan first.")
        if not self.run_bar.is_running:
            self.run_bar.say("")

    def _request(self) -> Request:
        if self._scan is None:
            raise MaxrfError("There is no scan. Open or synthesise one first.")
        cube, _ = self._scan
        return Request(
            "Find energies",
            lambda: found_axis_steps(cube),
            lambda found: self._take(cube, found),
        )

    def _take(self, cube: SpectralCube, found: FoundAxis | None) -> str:
        if self._scan is None or self._scan[0] is not cube:
            return ""
        self._show(found)
        return "" if found is not None else UNCHANGED

    def _show(self, found: FoundAxis | None) -> None:
        self.found = found
        self.words.setText(axis_change_words(found) if found is not None else "")
        for widget in (self.words, self.apply):
            widget.setVisible(found is not None)

    def _apply(self) -> None:
        if self._scan is None or self.found is None:
            return
        cube, layer = self._scan
        moved = on_axis(cube, self.found.new, BY_ITSELF)
        (added,) = add_layers(self._viewer, [recalibrated_layer(moved, layer)])
        self.applied.emit(added)
        self.run_bar.say(f"“{added.name}” has the new energies.")
