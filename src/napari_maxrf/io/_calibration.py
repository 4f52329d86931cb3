"""Energy axes from what files hold: pairs of channel and energy, or a vector.

Pairs are often typed in by hand and rounded, and their names may be wrong, so that
a straight line through all of them is the most that they are worth; how far they
lie from it is told in the metadata of the cube.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from napari_maxrf.cube import EnergyAxis
from napari_maxrf.errors import CalibrationError

_GAINS_KEV = (0.0005, 1.0)
_EV_ABOVE = 200.0
_ASSUMED_TOP_KEV = 40.96
_ABSURD = 1e7


def axis_from_pairs(
    channels: npt.ArrayLike, energies_kev: npt.ArrayLike, n_channels: int
) -> tuple[EnergyAxis, dict[str, Any]]:
    """Fit a line through pairs of channel and energy.

    Returns
    -------
    EnergyAxis
        With source ``"file"``.
    dict
        The pairs, their distances from the line in eV, and a note, for metadata.

    Raises
    ------
    CalibrationError
        Fewer than two different channels, or a slope that no detector has.

    Examples
    --------
    >>> axis, facts = axis_from_pairs([100, 200, 300], [1.0, 2.0, 3.03], 1024)
    >>> round(axis.gain_kev, 5), facts["residuals_ev"]
    (0.01015, [5.0, -10.0, 5.0])
    """
    x = np.asarray(channels, dtype=np.float64).ravel()
    y = np.asarray(energies_kev, dtype=np.float64).ravel()
    if x.size != y.size or x.size < 2 or not _usable([*x, *y]) or np.ptp(x) < 1:
        raise CalibrationError(
            f"Calibration pairs {x.tolist()} and {y.tolist()} do not give an energy "
            "axis; two or more channels with their energies are needed."
        )
    gain, offset = np.polyfit(x, y, 1)
    axis = _checked(n_channels, float(offset), float(gain))
    residuals = (y - (offset + gain * x)) * 1000
    return axis, {
        "channels": x.tolist(),
        "energies_kev": y.tolist(),
        "residuals_ev": residuals.round(1).tolist(),
        "note": _note(float(np.abs(residuals).max()), x.size),
    }


def axis_from_energies(energies: npt.ArrayLike, n_channels: int) -> EnergyAxis:
    """Describe a vector of energies, in keV or eV, by a line or a parabola.

    Parameters
    ----------
    energies : array-like, shape (n_channels,) or (n_channels + 1,)
        Centres, or limits, of the channels.
    n_channels : int
        Number of channels of the counts.

    Raises
    ------
    CalibrationError
        The vector has another length or does not rise evenly.
    """
    values = np.asarray(energies, dtype=np.float64).ravel()
    if values.size not in (n_channels, n_channels + 1) or values.size < 2:
        raise CalibrationError(
            f"An energy vector of {values.size} values does not fit {n_channels} "
            "channels."
        )
    if not _usable(values):
        raise CalibrationError("The energy vector holds values that are no energies.")
    if values[-1] > _EV_ABOVE:
        values = values / 1000
    if values.size == n_channels + 1:
        values = (values[1:] + values[:-1]) / 2
    return _fitted(values)


def axis_from_coefficients(
    n_channels: int, offset_kev: float, gain_kev: float, quad_kev: float = 0.0
) -> EnergyAxis:
    """Take zero, gain and quadratic term as a file states them.

    Raises
    ------
    CalibrationError
        A gain that no detector has, or energies that do not rise.
    """
    return _checked(n_channels, offset_kev, gain_kev, quad_kev)


def assumed_axis(n_channels: int) -> EnergyAxis:
    """Propose 0 to 40.96 keV, the usual range, for a file without calibration."""
    return EnergyAxis.from_range(0.0, _ASSUMED_TOP_KEV, n_channels, source="assumed")


def _usable(values: npt.ArrayLike) -> bool:
    """Tell channels and energies from what damaged files hold."""
    return bool((np.abs(values) < _ABSURD).all())


def _fitted(values: npt.NDArray[np.float64]) -> EnergyAxis:
    """Fit a line; add a quadratic term only where a line misses by 0.1 channel."""
    n = np.arange(values.size)
    gain, offset = np.polyfit(n, values, 1)
    axis = _checked(values.size, float(offset), float(gain))
    if np.abs(values - axis.centres_kev).max() < 0.1 * gain or values.size < 3:
        return axis
    quad, gain, offset = np.polyfit(n, values, 2)
    axis = _checked(values.size, float(offset), float(gain), float(quad))
    worst = np.abs(values - axis.centres_kev).max()
    if worst > gain:
        raise CalibrationError(
            f"The energy vector does not rise evenly: it lies up to {worst:.3f} keV "
            "off a smooth curve."
        )
    return axis


def _checked(n: int, offset: float, gain: float, quad: float = 0.0) -> EnergyAxis:
    low, high = _GAINS_KEV
    if not low <= gain <= high:
        raise CalibrationError(
            f"Gain {gain:.4g} keV per channel is not usable; expected {low:g} to "
            f"{high:g}."
        )
    if not _usable([offset, quad * n**2]):
        raise CalibrationError(
            f"A calibration with offset {offset:.4g} keV and quadratic term {quad:.4g} "
            "is not usable."
        )
    return EnergyAxis(n, offset, gain, quad, source="file")


def _note(worst_ev: float, n_pairs: int) -> str:
    if n_pairs == 2 or worst_ev < 1:
        return "Straight line through the pairs in the file."
    return (
        f"Straight line through the {n_pairs} pairs in the file, which are rounded: "
        f"they lie up to {worst_ev:.0f} eV off it. Calibrate on known lines for better."
    )
