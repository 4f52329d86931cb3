"""Single channels of single pixels with counts that no peak explains.

Detectors spread a line over several channels, so that a channel with far more counts
than both its neighbours is no X-ray line. What looks so is then compared with the
pixels around it in the same channel, by the Poisson probability of so many counts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from napari_maxrf.analysis._defect_tests import HotPixel

if TYPE_CHECKING:
    from napari_maxrf.cube import SpectralCube

_STEEPEST = 3
"""The narrowest peak, of 1.6 channels, falls by so much to the nearest channel."""
_LEAST_EXCESS, _LEAST_SIGMA = 12, 5.5
"""Below, no count is improbable enough in a scan of a million counts."""
_USUAL_PIXELS = 8
_MOST = 4096
_CHANCE = 1e-3


def spikes_in(row: npt.NDArray[Any]) -> npt.NDArray[np.intp]:
    """Find channels of a row of pixels that stand out from both neighbours.

    Parameters
    ----------
    row : ndarray of integers, shape (x, energy)
        Counts.

    Returns
    -------
    ndarray, shape (n, 2)
        Column and channel.
    """
    beside = np.zeros_like(row)
    np.maximum(row[:, :-2], row[:, 2:], out=beside[:, 1:-1])
    if row.shape[1] > 1:
        beside[:, 0], beside[:, -1] = row[:, 1], row[:, -2]
    high = row // _STEEPEST > beside
    high &= row >= _LEAST_EXCESS
    found = np.argwhere(high)
    counts, peak = (values[high].astype(np.float64) for values in (row, beside))
    peak = _STEEPEST * peak + 1
    return found[counts > peak + _LEAST_SIGMA * np.sqrt(peak)]


class Spikes:
    """Places of high single channels, gathered row by row.

    Parameters
    ----------
    n_channels : int
        Channels of the scan.
    """

    def __init__(self, n_channels: int) -> None:
        self._found: list[npt.NDArray[np.int64]] = []
        self._times = np.zeros(n_channels, np.int64)

    def add(self, y: int, first_column: int, found: npt.NDArray[np.intp]) -> None:
        """Keep what was found in a row; enough of each channel to judge it."""
        if not len(found):
            return
        self._times += np.bincount(found[:, 1], minlength=len(self._times))
        kept = found[self._times[found[:, 1]] <= _MOST]
        rows = np.full(len(kept), y)
        self._found.append(
            np.column_stack([rows, kept[:, 0] + first_column, kept[:, 1]])
        )

    def places(self, n_pixels: int) -> npt.NDArray[np.int64]:
        """Return row, column and channel, without channels that stand out in many.

        What stands out in more than one of 200 pixels belongs to the electronics,
        such as a zero peak, and is no defect of a pixel.
        """
        if not self._found:
            return np.empty((0, 3), np.int64)
        most = max(_USUAL_PIXELS, min(n_pixels // 200, _MOST))
        found = np.concatenate(self._found)
        return found[self._times[found[:, 2]] <= most]


def confirmed_spikes(cube: SpectralCube, spikes: Spikes) -> tuple[HotPixel, ...]:
    """Compare high channels with the pixels around them.

    The probability is that of the cube: it is multiplied by the number of its counts.
    """
    n_y, n_x, n_channels = cube.shape
    places = spikes.places(n_y * n_x)
    least = np.log10(n_y * n_x * n_channels / _CHANCE)
    judged = (_judged(cube, *place) for place in places[:_MOST].tolist())
    found = [one for one in judged if one.significance > least]
    return tuple(sorted(found, key=lambda one: (-one.significance, one.y, one.x)))


def _judged(cube: SpectralCube, y: int, x: int, channel: int) -> HotPixel:
    top, left, low = max(y - 1, 0), max(x - 1, 0), max(channel - 1, 0)
    where = slice(top, y + 2), slice(left, x + 2), slice(low, channel + 2)
    block = np.asarray(cube.counts[where].compute(), dtype=np.float64)
    here = (y - top, x - left)
    counts = block[(*here, channel - low)]
    around = block[:, :, channel - low].copy()
    around[here] = np.nan
    beside = np.delete(block[here], channel - low)
    explained = max(
        float(np.nanmax(around, initial=0)),
        _STEEPEST * float(beside.max(initial=0)),
    )
    expected = float(np.nanmedian(around)) if around.size > 1 else 0.0
    significance = _improbability(float(counts), explained + 1)
    return HotPixel(y, x, channel, float(counts), expected, significance)


def _improbability(counts: float, expected: float) -> float:
    """Return -log10 of the probability of `counts` or more, also below 1e-300."""
    from scipy.special import gammaln
    from scipy.stats import poisson

    if counts <= expected:
        return 0.0
    chance = float(poisson.sf(counts - 1, expected))
    if chance > 1e-290:
        return float(-np.log10(chance))
    log = counts * np.log(expected) - expected - gammaln(counts + 1)
    return float(-(log - np.log1p(-expected / (counts + 1))) / np.log(10))
