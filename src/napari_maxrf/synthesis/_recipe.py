"""How the bins of expected spectra are drawn with the least work.

A Poisson number of mean 29.3 is the sum of one of mean 29 and one of mean 0.3. The
first comes from a table that all spectra share, at the cost of one random number;
the second joins the few photons that are shared out one by one. No table has to
be made for a spectrum of its own.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from napari_maxrf.synthesis._config import CountsMode

_LEAST, _LINEAR, _MOST = 1.0, 16.0, 2048.0
_STEP, _RATIO = 0.5, 1 + 1 / 32
LARGE_COUNTS = 8 * _MOST
"""Mean counts from which rejection costs less than a sum of tabulated numbers."""
BRIGHT_COUNTS = 32.0
"""The same against single photons, where each pixel has a mean of its own."""


class PoissonTables(NamedTuple):
    """Alias tables of Poisson numbers for a ladder of means.

    Attributes
    ----------
    means : ndarray, shape (t,)
        Mean of each table, rising.
    entries : ndarray of uint64, shape (sum of lengths,)
        All tables, one after the other; see `_kernel.alias_table`.
    first : ndarray of uint64, shape (t,)
        Place of the first entry of each table.
    shift : ndarray of uint64, shape (t,)
        What brings 64 random bits down to a place in the table.
    low : ndarray of uint64, shape (t,)
        Poisson number of the first entry.
    """

    means: npt.NDArray[np.float64]
    entries: npt.NDArray[np.uint64]
    first: npt.NDArray[np.uint64]
    shift: npt.NDArray[np.uint64]
    low: npt.NDArray[np.uint64]


class Recipe(NamedTuple):
    """What is drawn for each of k expected spectra.

    Attributes
    ----------
    large_start : ndarray of int64, shape (k + 1,)
        Where the entries of each spectrum begin in the next two.
    large_bin, large_mean : ndarray, shape (any,)
        Bins drawn by rejection, and their mean counts.
    start : ndarray of int64, shape (k + 1,)
        Where the entries of each spectrum begin in the next two.
    bins, tables : ndarray of int32, shape (any,)
        Bins to which a tabulated Poisson number is added, and the table's number.
    rest : ndarray, shape (k,)
        Mean number of the photons that are shared out one by one.
    alias : ndarray of uint64, shape (k, n_bins)
        Alias table of those photons: 32 bits of probability, 32 bits of alias.
    """

    large_start: npt.NDArray[np.int64]
    large_bin: npt.NDArray[np.int64]
    large_mean: npt.NDArray[np.float64]
    start: npt.NDArray[np.int64]
    bins: npt.NDArray[np.int32]
    tables: npt.NDArray[np.int32]
    rest: npt.NDArray[np.float64]
    alias: npt.NDArray[np.uint64]


@cache
def poisson_tables() -> PoissonTables:
    """Make the tables once; 8.5 standard deviations to both sides or more.

    A probability is exact to 2**-32 divided by the length of its table.
    """
    from napari_maxrf.synthesis._kernel import poisson_table

    steps = int(np.log(_MOST / _LINEAR) / np.log(_RATIO)) + 1
    ladder = _LINEAR * _RATIO ** np.arange(steps)
    means = np.r_[np.arange(_LEAST, _LINEAR, _STEP), ladder]
    width_bits = np.ceil(np.log2(17 * np.sqrt(means) + 12)).astype(np.int64)
    lengths = 2**width_bits
    first = np.cumsum(lengths) - lengths
    low = np.maximum(0, np.floor(means - lengths / 2)).astype(np.int64)
    entries = np.empty(lengths.sum(), np.uint64)
    for mean, start, length, least in zip(means, first, lengths, low, strict=True):
        poisson_table(mean, least, entries[start : start + length])
    unsigned = (array.astype(np.uint64) for array in (first, 64 - width_bits, low))
    return PoissonTables(means, entries, *unsigned)


def make_recipe(
    shares: npt.NDArray[np.float64], mean: float, mode: CountsMode
) -> Recipe:
    """Divide bins between rejection, tables and single photons.

    Parameters
    ----------
    shares : ndarray, shape (k, n_bins)
        Expected spectra; rows sum to 1, or to 0 where they are empty.
    mean : float
        Mean photons of a pixel; the lowest one for ``"log-uniform"``.
    mode : str
        ``"fixed"`` shares out all photons one by one, as their sum is given;
        ``"log-uniform"`` uses no tables, as the means differ between pixels.
    """
    most = {"fixed": np.inf, "log-uniform": BRIGHT_COUNTS, "poisson": LARGE_COUNTS}
    means = shares * mean
    is_large = means >= most[mode]
    row, large_bin = np.nonzero(is_large)
    rest = np.where(is_large, 0.0, means)
    start, bins, tables = (_divide if mode == "poisson" else _nothing)(rest)
    return Recipe(
        np.searchsorted(row, np.arange(len(shares) + 1)),
        large_bin,
        means[is_large],
        start,
        bins,
        tables,
        rest.sum(axis=1),
        _alias_tables(rest),
    )


Parts = tuple[npt.NDArray[Any], npt.NDArray[Any], npt.NDArray[Any]]


def _nothing(means: npt.NDArray[np.float64]) -> Parts:
    """Take nothing out of `means`."""
    empty = np.empty(0, np.int32)
    return np.zeros(len(means) + 1, np.int64), empty, empty


def _divide(means: npt.NDArray[np.float64]) -> Parts:
    """Take tabulated means out of `means`, in place; return their parts."""
    from napari_maxrf.synthesis._kernel import count_parts, divide_means

    sizes = poisson_tables().means
    start = np.zeros(len(means) + 1, np.int64)
    np.cumsum([count_parts(row, sizes) for row in means], out=start[1:])
    bins, tables = np.empty((2, start[-1]), np.int32)
    for row, a, z in zip(means, start[:-1], start[1:], strict=True):
        divide_means(row, sizes, bins[a:z], tables[a:z])
    return start, bins, tables


def _alias_tables(means: npt.NDArray[np.float64]) -> npt.NDArray[np.uint64]:
    """Build one alias table per row; a row of zeros is never drawn from."""
    from napari_maxrf.synthesis._kernel import alias_table

    table = np.zeros(means.shape, np.uint64)
    for row, mean in zip(table, means, strict=True):
        if mean.any():
            alias_table(mean, row)
    return table
