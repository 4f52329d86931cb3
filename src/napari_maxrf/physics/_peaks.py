"""Peaks on channels: exact integrals of what a detector makes of a line.

Sampling a peak at channel centres is wrong where channels are as wide as the peak,
so every shape is given as its cumulative distribution, and a channel gets the
difference between its two edges.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array
from scipy.special import erfcx, ndtr

if TYPE_CHECKING:
    from napari_maxrf.cube import EnergyAxis

Floats = npt.NDArray[np.float64]

_REACH = 8.0
"""Standard deviations beyond which a Gaussian is taken to be nothing."""
_TAIL_REACH = 14.0
"""Tail lengths beyond which, a millionth, a tail is taken to be nothing."""
_SHARP_KEV = 1e-9


@dataclass(frozen=True)
class Tail:
    """The part of a peak whose charge is not collected in full.

    Attributes
    ----------
    share : float
        Share of the peak's area.
    length_kev : float
        Energy within which the tail falls to 1/e.
    """

    share: float
    length_kev: float


NO_TAIL = Tail(0.0, 1.0)


def peak_matrix(
    energy_kev: Floats, sigma_kev: Floats, axis: EnergyAxis, tail: Tail = NO_TAIL
) -> csr_array:
    """Return the share of every peak in every channel.

    A peak is a Gaussian of which a share is convolved with an exponential towards
    lower energies, the short tail of J. L. Campbell et al., X-Ray Spectrom. 30, 230
    (2001).

    Parameters
    ----------
    energy_kev, sigma_kev : ndarray, shape (n,)
        Position and standard deviation of every peak; a width of 0 puts the whole
        Gaussian into one channel.
    axis : EnergyAxis
        The channels.
    tail : Tail
        The tail, the same for all; none by default.

    Returns
    -------
    csr_array, shape (n, axis.n_channels)
        A row sums to 1 where the axis holds the whole peak.
    """
    sigma = np.maximum(sigma_kev, _SHARP_KEV)
    edges, last = axis.edges_kev, axis.n_channels
    low = _REACH * sigma + _TAIL_REACH * tail.length_kev * (tail.share > 0)
    first = np.clip(np.searchsorted(edges, energy_kev - low) - 1, 0, last)
    beyond = np.searchsorted(edges, energy_kev + _REACH * sigma)
    touched = np.clip(beyond, first, last) - first
    peak, edge = _ragged(first, touched + 1)
    away = (edges[edge] - energy_kev[peak]) / sigma[peak]
    below = ndtr(away)
    if tail.share > 0:
        steepness = sigma[peak] / tail.length_kev
        below += tail.share * _held_back(away, steepness)
    ends = np.cumsum(touched + 1)
    inner = np.ones(len(edge), dtype=bool)
    inner[ends - 1] = False
    share = np.diff(below, append=0.0)[inner]
    starts = np.concatenate([[0], np.cumsum(touched)])
    return csr_array((share, edge[inner], starts), shape=(len(energy_kev), last))


def _ragged(
    first: npt.NDArray[np.int_], count: npt.NDArray[np.int_]
) -> tuple[npt.NDArray[np.int_], npt.NDArray[np.int_]]:
    """Return row and value of ``first[i], first[i] + 1, ...``, count[i] of each."""
    row = np.repeat(np.arange(len(first)), count)
    start = np.cumsum(count) - count
    return row, np.arange(len(row)) - start[row] + first[row]


def _held_back(away: Floats, steepness: Floats) -> Floats:
    """Return what an exponential tail adds to a Gaussian's cumulative distribution.

    For a normal deviate less an exponential one of rate k this is
    ``exp(k u + k^2/2) Phi(-u - k)``, written with erfcx where that would overflow.
    """
    reach = away + steepness
    above = 0.5 * np.exp(-0.5 * away**2) * erfcx(np.maximum(reach, 0) / np.sqrt(2))
    falling = np.exp(np.minimum(steepness * (away + 0.5 * steepness), 0))
    return np.asarray(np.where(reach > 0, above, falling * ndtr(-reach)))
