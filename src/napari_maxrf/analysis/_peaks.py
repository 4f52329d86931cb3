"""Peaks of a spectrum whose energies are not known yet."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from napari_maxrf.analysis._lines import FWHM_PER_SIGMA

if TYPE_CHECKING:
    from napari_maxrf.analysis._background import Spectrum

_FIRST_SMOOTHING = 1.0
_SMOOTHING_PER_FWHM = 0.2
_N_FOR_WIDTH = 4


class Peak(NamedTuple):
    """A local maximum that stands out of its surroundings.

    Attributes
    ----------
    channel : float
        Position, in fractions of a channel.
    fwhm_channels : float
        Width at half of its height above the surroundings.
    height : float
        That height, in counts.
    significance : float
        Height over the statistical error of the counts.
    """

    channel: float
    fwhm_channels: float
    height: float
    significance: float


def find_peaks(spectrum: Spectrum, least_significance: float = 8.0) -> list[Peak]:
    """Find the peaks of a spectrum, the highest first.

    The spectrum is smoothed by a fifth of the width of its highest peaks, so that
    a detector of 5 eV per channel is treated as one of 50.

    Parameters
    ----------
    spectrum : ndarray, shape (n_channels,)
        Counts.
    least_significance : float, optional
        Smallest height over its statistical error.

    Returns
    -------
    list of Peak
        Empty if nothing stands out.
    """
    counts = np.maximum(spectrum, 0.0)
    coarse = _peaks(counts, _FIRST_SMOOTHING, least_significance)
    if not coarse:
        return []
    width = float(np.median([p.fwhm_channels for p in coarse[:_N_FOR_WIDTH]]))
    return _peaks(counts, _SMOOTHING_PER_FWHM * width, least_significance)


def _peaks(counts: Spectrum, smoothing: float, least: float) -> list[Peak]:
    """Find the peaks of counts smoothed by a Gaussian of so many channels."""
    from scipy.ndimage import gaussian_filter1d
    from scipy.signal import find_peaks as local_maxima

    smooth = gaussian_filter1d(counts, smoothing)
    # a Gaussian of unit area leaves 1 / (2 sqrt(pi) sigma) of the variance
    noise = np.sqrt((smooth + 1) / max(2 * np.sqrt(np.pi) * smoothing, 1.0))
    at, facts = local_maxima(
        smooth, prominence=least * noise, width=0.0, rel_height=0.5
    )
    blurred = facts["widths"] ** 2 - (FWHM_PER_SIGMA * smoothing) ** 2
    found = zip(
        at + _beside(smooth, at),
        np.sqrt(np.maximum(blurred, 1.0)),
        facts["prominences"],
        facts["prominences"] / noise[at],
        strict=True,
    )
    peaks = [Peak(*map(float, values)) for values in found]
    return sorted(peaks, key=lambda peak: -peak.height)


def _beside(smooth: Spectrum, at: Spectrum) -> Spectrum:
    """Return how far a parabola through three logarithms peaks beside the middle."""
    left, middle, right = (np.log(smooth[at + step] + 1e-3) for step in (-1, 0, 1))
    curvature = left - 2 * middle + right
    flat = curvature >= 0
    return np.where(flat, 0.0, 0.5 * (left - right) / np.where(flat, -1.0, curvature))
