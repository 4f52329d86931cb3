"""Straight lines through the lines found: their energies, and their variances.

The error of a line is more than that of counting its peak: the background below it
is curved, which matters the more the less it stands out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from napari_maxrf.analysis._lines import FWHM_PER_SIGMA
from napari_maxrf.analysis._resolution import Resolution
from napari_maxrf.cube import EnergyAxis
from napari_maxrf.errors import CalibrationError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_maxrf.analysis._line_fit import FittedLine

Floats = npt.NDArray[np.float64]

REFERENCE_KEV = 5.9
"""Energy of Mn K alpha, at which the resolution of detectors is told."""

_POSITION_FLOOR_KEV = 0.002
_FWHM_FLOOR_KEV = 0.002
_BACKGROUND_SHARE = 0.5
_FANO_PRIOR_KEV, _FANO_SPREAD_KEV = 4.2e-4, 1.0e-4
_OUTLIER_KEV = 0.008
_LARGEST_RMS_KEV = 0.015


@dataclass(frozen=True)
class Straight:
    """A straight axis through lines."""

    axis: EnergyAxis
    offset_error_kev: float
    gain_error_kev: float
    covariance_kev2: float
    used: list[FittedLine]


def position_error_kev(line: FittedLine, axis: EnergyAxis) -> float:
    """Error of a position: counting, and the curve of the background below it."""
    floor = _POSITION_FLOOR_KEV * (1 + _BACKGROUND_SHARE / line.contrast)
    return float(np.hypot(line.channel_error * axis.gain_kev, floor))


def width_error_kev(line: FittedLine) -> float:
    """Error of a width, as `position_error_kev`."""
    floor = _FWHM_FLOOR_KEV * (1 + _BACKGROUND_SHARE / line.contrast)
    return float(np.hypot(line.fwhm_error_kev, floor))


def straight_axis(lines: Sequence[FittedLine], axis: EnergyAxis) -> Straight:
    """Draw a line through channels and energies; leave out what lies far off it."""
    used = list(lines)
    while True:
        channel = np.array([line.channel for line in used])
        if np.ptp(channel) < 1:
            raise CalibrationError(
                f"{', '.join(line.name for line in used)} lie in one channel; name "
                "elements whose lines lie apart."
            )
        energy = np.array([line.energy_kev for line in used])
        weight = 1 / np.array([position_error_kev(line, axis) for line in used])
        design = np.stack([np.ones_like(channel), channel], axis=1)
        covariance = np.linalg.inv((design * weight[:, None] ** 2).T @ design)
        offset, gain = covariance @ design.T @ (weight**2 * energy)
        away = np.abs(offset + gain * channel - energy)
        worst = int(np.argmax(away * weight))
        if len(used) <= 3 or away[worst] < max(_OUTLIER_KEV, 3 / weight[worst]):
            break
        del used[worst]
    _check_is_straight(float(np.sqrt(np.mean(away**2))), float(gain), used)
    errors = np.sqrt(np.diag(covariance))
    found = EnergyAxis(axis.n_channels, float(offset), float(gain), source="fit")
    return Straight(
        axis=found,
        offset_error_kev=float(errors[0]),
        gain_error_kev=float(errors[1]),
        covariance_kev2=float(covariance[0, 1]),
        used=used,
    )


def _check_is_straight(rms_kev: float, gain: float, used: Sequence[FittedLine]) -> None:
    if rms_kev > _LARGEST_RMS_KEV or gain <= 0:
        names = ", ".join(line.name for line in used)
        raise CalibrationError(
            f"What was taken for {names} lies {1000 * rms_kev:.0f} eV off a straight "
            "axis: these elements are not what the spectrum shows. Name two or more "
            "elements that are there."
        )


def straight_resolution(lines: Sequence[FittedLine]) -> Resolution:
    """Fit a straight line to the variances, which may not fall below 0 anywhere.

    Where lines lie close together, the growth with energy is held near that of
    silicon (Fano factor 0.115 +- 0.03).
    """
    from scipy.optimize import nnls

    rows, right = _width_equations(lines)
    (s0, s1), _ = nnls(rows, right)
    return Resolution(float(s0), float(s1))


def _width_equations(lines: Sequence[FittedLine]) -> tuple[Floats, Floats]:
    """Weighted equations for s0 and s1, with what is known of silicon as the last."""
    fwhm = np.array([line.fwhm_kev for line in lines])
    energy = np.array([line.energy_kev for line in lines])
    error = np.array([width_error_kev(line) for line in lines])
    weight = FWHM_PER_SIGMA**2 / (2 * fwhm * error)
    rows = np.stack([weight, weight * energy], axis=1)
    rows = np.vstack([rows, [0.0, 1 / _FANO_SPREAD_KEV]])
    right = np.append(
        weight * (fwhm / FWHM_PER_SIGMA) ** 2, _FANO_PRIOR_KEV / _FANO_SPREAD_KEV
    )
    return rows, right


def resolution_error_kev(lines: Sequence[FittedLine]) -> float:
    """Error of the width at 5.9 keV."""
    rows, _ = _width_equations(lines)
    row = np.array([1.0, REFERENCE_KEV])
    variance = float(row @ np.linalg.inv(rows.T @ rows) @ row)
    fwhm = straight_resolution(lines).fwhm_kev(REFERENCE_KEV)
    return FWHM_PER_SIGMA**2 * float(np.sqrt(variance)) / (2 * fwhm)
