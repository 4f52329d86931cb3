"""The smooth part of a spectrum, under its peaks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from napari_maxrf.analysis._lines import resolution_kev

if TYPE_CHECKING:
    from napari_maxrf.cube import EnergyAxis

Spectrum = npt.NDArray[np.float64]


def snip_background(spectrum: Spectrum, axis: EnergyAxis) -> Spectrum:
    """Estimate the continuum by clipping peaks (SNIP).

    Each channel is lowered to the mean of its neighbours at a growing distance, in
    a double logarithm of the counts: Ryan et al., Nucl. Instrum. Methods B 34,
    396 (1988). The largest distance is twice the resolution in the middle of the
    range.

    Parameters
    ----------
    spectrum : ndarray, shape (n_channels,)
        Counts, not negative.
    axis : EnergyAxis
        Their energies.

    Returns
    -------
    ndarray, shape (n_channels,)
        Never above the spectrum by more than rounding.
    """
    middle = sum(axis.range_kev) / 2
    reach = round(2 * resolution_kev(middle, axis.gain_kev) / axis.gain_kev)
    level = np.log(np.log(np.sqrt(np.maximum(spectrum, 0) + 1) + 1) + 1)
    for distance in range(max(reach, 1), 0, -1):
        padded = np.pad(level, distance, mode="edge")
        neighbours = (padded[: level.size] + padded[2 * distance :]) / 2
        level = np.minimum(level, neighbours)
    return np.asarray((np.exp(np.exp(level) - 1) - 1) ** 2 - 1)
