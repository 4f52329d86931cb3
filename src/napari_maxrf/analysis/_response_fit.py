"""Energy axis and resolution of a detector, from a spectrum that it measured.

Nothing but the spectrum is needed: peaks give a first axis (`_axis_search`), single
lines are fitted on it (`_line_fit`), and a straight line through their positions and
another through their squared widths give the axis and the resolution.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_maxrf.analysis._axis_search import found_axis, merged
from napari_maxrf.analysis._fit import found_elements
from napari_maxrf.analysis._line_fit import MEASURED_LINES, FittedLine, fitted_lines
from napari_maxrf.analysis._lines import line_groups
from napari_maxrf.analysis._peaks import Peak, find_peaks
from napari_maxrf.analysis._resolution import USUAL_RESOLUTION, Resolution
from napari_maxrf.analysis._scatter import ScatterPeaks, scatter_peaks
from napari_maxrf.analysis._straight import (
    REFERENCE_KEV,
    Straight,
    position_error_kev,
    resolution_error_kev,
    straight_axis,
    straight_resolution,
    width_error_kev,
)
from napari_maxrf.analysis._templates import LOWEST_KEV
from napari_maxrf.errors import CalibrationError, MaxrfError, nearest_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_maxrf.analysis._background import Spectrum
    from napari_maxrf.cube import EnergyAxis

LEAST_COUNTS = 10_000
_LEAST_CHANNELS = 64
_ROUNDS = 4
_SETTLED_KEV = 5e-4
_LEAST_LINES = 2


@dataclass(frozen=True)
class CalibrationLine:
    """A line of the table that a fit reports.

    Attributes
    ----------
    fit : FittedLine
        Position and width as found.
    residual_ev : float
        Found less expected energy, on the fitted axis.
    error_ev : float
        Error of the position: counting, and what an imperfect background does.
    fwhm_residual_ev : float
        Found less fitted width.
    fwhm_error_ev : float
        Error of the width, as `error_ev`.
    used : bool
        Whether the axis and the resolution rest on it.
    """

    fit: FittedLine
    residual_ev: float
    error_ev: float
    fwhm_residual_ev: float
    fwhm_error_ev: float
    used: bool


@dataclass(frozen=True)
class FittedResponse:
    """Axis and resolution of a detector, with what they rest on.

    Attributes
    ----------
    axis : EnergyAxis
        With source ``"fit"``.
    offset_error_kev, gain_error_kev : float
        Errors of zero and gain.
    covariance_kev2 : float
        Covariance of both, mostly negative: see `axis_error_kev`.
    resolution : Resolution
        Variance of a line without the width of the channels.
    fwhm_error_kev : float
        Error of the width at 5.9 keV.
    lines : tuple of CalibrationLine
        By energy.
    scatter : ScatterPeaks or None
        Anode and scattering angle, where the spectrum shows them.
    counts : float
        Sum of the spectrum.
    """

    axis: EnergyAxis
    offset_error_kev: float
    gain_error_kev: float
    covariance_kev2: float
    resolution: Resolution
    fwhm_error_kev: float
    lines: tuple[CalibrationLine, ...]
    scatter: ScatterPeaks | None
    counts: float

    @property
    def s0_kev2(self) -> float:
        """Variance of a peak at 0 keV."""
        return self.resolution.s0_kev2

    @property
    def s1_kev(self) -> float:
        """Growth of the variance with energy."""
        return self.resolution.s1_kev

    @property
    def fwhm_at_5_9_kev(self) -> float:
        """Width of a line at 5.9 keV, by which detectors are compared."""
        return self.resolution.fwhm_kev(REFERENCE_KEV)

    @property
    def anode(self) -> str | None:
        """Element of the tube's target, None where it does not show."""
        return self.scatter.anode if self.scatter else None

    @property
    def theta_deg(self) -> float | None:
        """Scattering angle, None where it does not show."""
        return self.scatter.theta_deg if self.scatter else None

    @property
    def largest_residual_ev(self) -> float:
        """The worst of the lines used."""
        return max(abs(line.residual_ev) for line in self.lines if line.used)

    def axis_error_kev(self, energy_kev: float) -> float:
        """Error of the axis at an energy, which grows away from the lines used."""
        channel = (energy_kev - self.axis.offset_kev) / self.axis.gain_kev
        mixed = 2 * channel * self.covariance_kev2
        variance = self.offset_error_kev**2 + mixed
        return float(np.sqrt(variance + (channel * self.gain_error_kev) ** 2))

    def to_json(self) -> dict[str, Any]:
        """Return plain values that JSON can hold."""
        return {
            "axis": self.axis.to_json(),
            "offset_error_kev": self.offset_error_kev,
            "gain_error_kev": self.gain_error_kev,
            "covariance_kev2": self.covariance_kev2,
            "s0_kev2": self.s0_kev2,
            "s1_kev": self.s1_kev,
            "fwhm_at_5_9_kev": self.fwhm_at_5_9_kev,
            "fwhm_error_kev": self.fwhm_error_kev,
            "anode": self.anode,
            "theta_deg": self.theta_deg,
            "theta_error_deg": self.scatter.theta_error_deg if self.scatter else None,
            "counts": self.counts,
            "lines": [_line_json(line) for line in self.lines],
        }


def _line_json(line: CalibrationLine) -> dict[str, Any]:
    return {
        "line": line.fit.name,
        "energy_kev": line.fit.energy_kev,
        "channel": line.fit.channel,
        "counts": line.fit.counts,
        "residual_ev": line.residual_ev,
        "error_ev": line.error_ev,
        "fwhm_ev": 1000 * line.fit.fwhm_kev,
        "fwhm_residual_ev": line.fwhm_residual_ev,
        "fwhm_error_ev": line.fwhm_error_ev,
        "used": line.used,
    }


def fit_response(
    spectrum: Spectrum,
    axis: EnergyAxis | None = None,
    elements: Sequence[str] | None = None,
) -> FittedResponse:
    """Fit the energy axis and the resolution of a detector to a spectrum.

    Parameters
    ----------
    spectrum : ndarray, shape (n_channels,)
        Summed counts of many pixels, or one long measurement.
    axis : EnergyAxis, optional
        What the file says; without one, or with one of source ``"assumed"``, the
        axis is found from the peaks alone.
    elements : sequence of str, optional
        Elements that are known to be there, two or more lines of which fix the axis;
        by default all that are found.

    Returns
    -------
    FittedResponse
        Axis, resolution, lines, anode and scattering angle.

    Raises
    ------
    CalibrationError
        Too few counts or peaks, no axis that explains them, fewer than two usable
        lines, or lines that lie on no straight axis.
    MaxrfError
        Something is not an element, or not a spectrum.

    Examples
    --------
    >>> from napari_maxrf.analysis import visible_lines
    >>> from napari_maxrf.cube import EnergyAxis
    >>> axis = EnergyAxis(1000, 0.1, 0.03, source="assumed")
    >>> counts = np.full(1000, 20.0)
    >>> for element in ("Ca", "Fe", "Cu", "Pb"):
    ...     for line in visible_lines(element, 3, 20):
    ...         away = (axis.centres_kev - line.energy_kev) / 0.065
    ...         counts += 5000 * line.strength * np.exp(-(away**2) / 2)
    >>> fitted = fit_response(counts.round(), axis, ["Ca", "Fe", "Cu"])
    >>> round(1000 * fitted.axis.gain_kev, 1)
    30.0
    """
    counts = _checked(spectrum, axis)
    for element in elements or ():
        _check_element(element)
    peaks = find_peaks(counts)
    if len(peaks) < _LEAST_LINES:
        raise CalibrationError(
            f"The spectrum has {len(peaks)} clear peaks; two or more are needed. Sum "
            "more pixels."
        )
    known = None if axis is None or axis.source == "assumed" else axis
    start = found_axis(counts, peaks, elements or (), known)
    fitted = _Fit(counts, peaks, elements).run(start)
    if known is None and not elements:
        _check_is_sure(fitted)
    return fitted


def _checked(spectrum: Spectrum, axis: EnergyAxis | None) -> Spectrum:
    counts = np.asarray(spectrum, dtype=np.float64)
    if counts.ndim != 1 or counts.size < _LEAST_CHANNELS:
        raise MaxrfError(
            f"A spectrum of shape {counts.shape} cannot be calibrated; expected "
            f"{_LEAST_CHANNELS} channels or more."
        )
    if axis is not None and axis.n_channels != counts.size:
        raise CalibrationError(
            f"The spectrum has {counts.size} channels, its axis {axis.n_channels}."
        )
    if not np.isfinite(counts).all():
        raise MaxrfError("The spectrum holds values that are not numbers.")
    counts = np.maximum(counts, 0.0)
    if counts.sum() < LEAST_COUNTS:
        raise CalibrationError(
            f"The spectrum has {counts.sum():.0f} counts, too few to calibrate on; "
            f"{LEAST_COUNTS} or more are needed."
        )
    return counts


def _check_element(element: str) -> None:
    """Refuse what is no element, and name the one that was probably meant."""
    try:
        line_groups(element)
    except MaxrfError as error:
        import xraylib

        known = [xraylib.AtomicNumberToSymbol(number) for number in range(1, 93)]
        near = nearest_name(element, known)
        hint = f" Did you mean {near}?" if near else ""
        raise MaxrfError(f"{error}{hint}") from error


def _check_is_sure(fitted: FittedResponse) -> None:
    """Two lines fit any axis; where nothing was known beforehand, ask for more."""
    used = [line.fit for line in fitted.lines if line.used]
    if len(used) < 3 or len({line.element for line in used}) < 2:
        raise CalibrationError(
            f"The axis would rest on {', '.join(line.name for line in used)} alone, "
            "which may be something else. Name two or more elements that are there."
        )


class _Fit:
    """A spectrum, and the rounds in which axis and resolution settle."""

    def __init__(
        self, counts: Spectrum, peaks: list[Peak], elements: Sequence[str] | None
    ) -> None:
        self.counts = counts
        self.peaks = peaks
        self.elements = elements

    def run(self, axis: EnergyAxis) -> FittedResponse:
        """Fit lines, axis and resolution in turn."""
        found = [one.element for one in found_elements(*merged(self.counts, axis))]
        resolution = USUAL_RESOLUTION
        scatter = scatter_peaks(self.counts, axis, self.peaks, resolution)
        beside = ("Ar", *((scatter.anode,) if scatter else ()))
        every = (*(self.elements or ()), *found)
        usable: set[str] | None = None
        for _ in range(_ROUNDS):
            lines = fitted_lines(self.counts, axis, resolution, every, beside, usable)
            usable = {line.name for line in lines}
            candidates = self._candidates(lines, axis)
            straight = straight_axis(candidates, axis)
            before = axis, resolution
            axis, resolution = straight.axis, straight_resolution(straight.used)
            if _is_settled(*before, axis, resolution):
                break
        return FittedResponse(
            axis=axis,
            offset_error_kev=straight.offset_error_kev,
            gain_error_kev=straight.gain_error_kev,
            covariance_kev2=straight.covariance_kev2,
            resolution=resolution,
            fwhm_error_kev=resolution_error_kev(straight.used),
            lines=tuple(_reported(one, straight, resolution) for one in lines),
            scatter=scatter_peaks(self.counts, axis, self.peaks, resolution),
            counts=float(self.counts.sum()),
        )

    def _candidates(
        self, lines: list[FittedLine], axis: EnergyAxis
    ) -> list[FittedLine]:
        """Take the lines of the elements that were named, or all."""
        named = [
            line for line in lines if not self.elements or line.element in self.elements
        ]
        if len(named) < _LEAST_LINES:
            raise CalibrationError(_too_few(named, self.elements, axis))
        return named


def _is_settled(
    old: EnergyAxis, old_resolution: Resolution, new: EnergyAxis, resolution: Resolution
) -> bool:
    """Tell whether a round moved neither energies nor widths by half an eV."""
    low, high = np.abs(new.centres_kev - old.centres_kev)[[0, -1]]
    wider = resolution.fwhm_kev(REFERENCE_KEV) - old_resolution.fwhm_kev(REFERENCE_KEV)
    return bool(max(low, high, abs(wider)) < _SETTLED_KEV)


def _too_few(
    named: list[FittedLine], elements: Sequence[str] | None, axis: EnergyAxis
) -> str:
    seen = ", ".join(line.name for line in named) or "none"
    low, high = max(axis.range_kev[0], LOWEST_KEV), axis.range_kev[1]
    outside = [
        element
        for element in elements or ()
        if not any(
            low < group.energy_kev < high
            for group in line_groups(element)
            if group.label in MEASURED_LINES
        )
    ]
    why = (
        f" {', '.join(outside)} has no line between {low:.1f} and {high:.1f} keV."
        if outside
        else ""
    )
    of = f" of {', '.join(elements)}" if elements else ""
    return (
        f"Fewer than two lines{of} stand clear enough to calibrate on: {seen}.{why} "
        "Name other elements, or sum more pixels."
    )


def _reported(
    line: FittedLine, straight: Straight, resolution: Resolution
) -> CalibrationLine:
    """Compare a line with the axis and the resolution that were fitted."""
    axis = straight.axis
    found = axis.offset_kev + axis.gain_kev * line.channel
    return CalibrationLine(
        fit=line,
        residual_ev=1000 * (found - line.energy_kev),
        error_ev=1000 * position_error_kev(line, axis),
        fwhm_residual_ev=1000 * (line.fwhm_kev - resolution.fwhm_kev(line.energy_kev)),
        fwhm_error_ev=1000 * width_error_kev(line),
        used=line in straight.used,
    )
