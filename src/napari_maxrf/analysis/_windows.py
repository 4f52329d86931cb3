"""The weights that turn a spectrum into net counts of one line.

A line is counted in a window of one full width at half height to either side, and
what lies under it is taken from a strip on each side, by a straight line. All of it
is linear, so that one vector of weights per line does the whole work.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from napari_maxrf.analysis._lines import resolution_kev

if TYPE_CHECKING:
    from napari_maxrf.cube import EnergyAxis

_GAP = 0.25
_STRIP = 0.4

Weights = npt.NDArray[np.float64]


def line_window(axis: EnergyAxis, energy_kev: float) -> tuple[float, float]:
    """Limits in keV of the window around a line: one FWHM to either side."""
    half = resolution_kev(energy_kev, axis.gain_kev)
    return energy_kev - half, energy_kev + half


def net_weights(axis: EnergyAxis, energy_kev: float) -> Weights:
    """Weigh channels so that the weighted sum is the net counts of a line.

    Parameters
    ----------
    axis : EnergyAxis
        Channels of the spectra.
    energy_kev : float
        Centre of the line.

    Returns
    -------
    ndarray, shape (n_channels,)
        1 inside the window, by overlap at its limits; minus the background of the
        side strips. A flat or sloped straight spectrum gives 0.
    """
    low, high = line_window(axis, energy_kev)
    fwhm = (high - low) / 2
    near, far = _GAP * fwhm, _GAP * fwhm + max(_STRIP * fwhm, axis.gain_kev)
    window = _share(axis, low, high)
    left = _share(axis, low - far, low - near)
    right = _share(axis, high + near, high + far)
    return window - _background(axis.centres_kev, window, left, right)


def _share(axis: EnergyAxis, low_kev: float, high_kev: float) -> Weights:
    """Return which part of each channel lies between two energies."""
    edges = axis.edges_kev
    inside = np.clip(edges, low_kev, high_kev)
    return np.asarray(np.diff(inside) / np.diff(edges))


def _background(
    centres: Weights, window: Weights, left: Weights, right: Weights
) -> Weights:
    """Weights whose sum is the counts under a line through both strips.

    With one strip outside the axis the background is flat, with both there is none.
    """
    strips = [strip / strip.sum() for strip in (left, right) if strip.sum() > 0]
    n_channels = float(window.sum())
    if not strips or n_channels == 0:
        return np.zeros_like(window)
    if len(strips) == 1:
        return np.asarray(n_channels * strips[0])
    low, high = (float(strip @ centres) for strip in strips)
    middle = float(window @ centres) / n_channels
    towards_right = (middle - low) / (high - low)
    mixed = (1 - towards_right) * strips[0] + towards_right * strips[1]
    return np.asarray(n_channels * mixed)
