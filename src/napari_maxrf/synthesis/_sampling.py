"""Photon counts of many pixels, drawn from a few expected spectra.

Every bin of a measured spectrum is Poisson distributed. Bins that expect many
photons are drawn as one Poisson number each; the photons of all other bins are
drawn together and shared out one by one through an alias table. Both ways give
the same distribution, and the work grows with photons or bins, whichever are
fewer.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, get_args

import numpy as np
import numpy.typing as npt

from napari_maxrf.errors import MaxrfError
from napari_maxrf.synthesis._config import CountsMode

if TYPE_CHECKING:
    from collections.abc import Sequence

BRIGHT_COUNTS = 32.0
"""Mean counts from which one Poisson number costs less than single photons."""

Counts = npt.NDArray[np.uint16] | npt.NDArray[np.uint32]


@dataclass(frozen=True, eq=False)
class PhotonSampler:
    """Draws counts from expected spectra, the same for the same pixel index.

    Attributes
    ----------
    low, log_ratio : float
        Means are drawn as ``low * exp(u * log_ratio)``; `log_ratio` 0 keeps `low`.
    fixed : int
        Photons of every pixel; -1 for a Poisson total.
    bright : ndarray, shape (k, n_bins)
        Probability of the bins that are drawn as Poisson numbers, else 0.
    faint : ndarray, shape (k,)
        Probability of all other bins together.
    table : ndarray of uint64, shape (k, n_bins)
        Alias table of the other bins: 32 bits of probability, 32 bits of alias.
    usable : ndarray of bool, shape (k,)
        Whether the expected spectrum has any bin above zero.
    dtype : dtype
        Of the counts: uint16, or uint32 if a total may not fit.
    """

    seed: int
    low: float
    log_ratio: float
    fixed: int
    bright: npt.NDArray[np.float64]
    faint: npt.NDArray[np.float64]
    table: npt.NDArray[np.uint64]
    usable: npt.NDArray[np.bool_]
    dtype: np.dtype[Any]

    @property
    def shape(self) -> tuple[int, int]:
        """Number of expected spectra and of bins."""
        return self.table.shape

    def draw(
        self,
        cluster_of: npt.NDArray[np.integer[Any]],
        index: npt.NDArray[np.integer[Any]],
    ) -> Counts:
        """Draw the counts of pixels.

        Parameters
        ----------
        cluster_of : ndarray of int, shape (m,)
            Number of the expected spectrum of each pixel.
        index : ndarray of int, shape (m,)
            What tells the pixels apart: equal indices give equal numbers.

        Returns
        -------
        ndarray of uint16 or uint32, shape (m, n_bins)
        """
        from napari_maxrf.synthesis._kernel import draw_photons

        clusters = np.ascontiguousarray(cluster_of, np.int32)
        if clusters.size and not 0 <= clusters.min() <= clusters.max() < self.shape[0]:
            raise MaxrfError(
                f"Cluster numbers run from {clusters.min()} to {clusters.max()}; "
                f"there are {self.shape[0]} expected spectra."
            )
        if not self.usable[clusters].all():
            raise MaxrfError(
                "An expected spectrum is zero in every bin; no photon can be drawn "
                "from it."
            )
        out = np.zeros((len(clusters), self.shape[1]), self.dtype)
        draw_photons(
            out,
            clusters,
            np.ascontiguousarray(index, np.uint64),
            np.uint64(self.seed),
            self.low,
            self.log_ratio,
            self.fixed,
            self.faint,
            self.table,
            self.bright,
        )
        return out


def photon_sampler(
    expected: npt.ArrayLike,
    mean_counts: float,
    seed: int,
    mode: CountsMode = "poisson",
    counts_high: float | None = None,
) -> PhotonSampler:
    """Prepare a sampler; the arguments are those of `sample_spectra`."""
    shares = _checked(expected)
    low, high = _checked_means(mean_counts, mode, counts_high)
    fixed = round(low) if mode == "fixed" else -1
    is_bright = (shares * low >= BRIGHT_COUNTS) & (mode != "fixed")
    bright = np.where(is_bright, shares, 0.0)
    others = np.where(is_bright, 0.0, shares)
    return PhotonSampler(
        seed=seed,
        low=float(low),
        log_ratio=float(np.log(high / low)),
        fixed=fixed,
        bright=bright,
        faint=others.sum(axis=1),
        table=_alias_tables(others),
        usable=np.asarray(shares.any(axis=1)),
        dtype=_dtype(high),
    )


def sample_spectra(
    expected: npt.ArrayLike,
    cluster_of: npt.ArrayLike,
    mean_counts: float,
    seed: int | np.random.Generator = 0,
    mode: CountsMode = "poisson",
    *,
    counts_high: float | None = None,
    first_index: int = 0,
) -> Counts:
    """Draw the counts of pixels whose expected spectra are known.

    Parameters
    ----------
    expected : array, shape (k, n_bins)
        Expected spectra; each row is taken relative to its sum.
    cluster_of : array of int, shape (m,)
        Number of the expected spectrum of each pixel.
    mean_counts : float
        Mean number of photons of a pixel.
    seed : int or Generator
        Start of the random numbers; a generator gives a new one at every call.
    mode : str
        ``"poisson"``: the total is Poisson distributed, so every bin is.
        ``"fixed"``: every pixel gets exactly `mean_counts` photons (rounded).
        ``"log-uniform"``: every pixel draws its own mean between `mean_counts`
        and `counts_high`, uniform in its logarithm, then as ``"poisson"``.
    counts_high : float, optional
        Highest mean; only for ``"log-uniform"``.
    first_index : int
        Index of the first pixel. The counts of a pixel depend on its index and
        the seed only, so a long list may be drawn in parts.

    Returns
    -------
    ndarray, shape (m, n_bins)
        Counts as uint16, or uint32 if totals may not fit.

    Raises
    ------
    MaxrfError
        Spectra, cluster numbers, counts or mode cannot be used.

    Examples
    --------
    >>> counts = sample_spectra([[0.5, 0.5, 0.0]], [0, 0], 100, seed=1, mode="fixed")
    >>> counts.sum(axis=1).tolist(), counts[:, 2].tolist()
    ([100, 100], [0, 0])
    """
    if isinstance(seed, np.random.Generator):
        seed = int(seed.integers(2**63))
    clusters = np.asarray(cluster_of)
    sampler = photon_sampler(expected, mean_counts, seed, mode, counts_high)
    return sampler.draw(clusters, np.arange(len(clusters)) + first_index)


def derived_seed(seed: int, *parts: str) -> int:
    """Return a seed that stands for `seed` and all `parts` together."""
    text = "\n".join((str(seed), *parts))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8]) >> 1


def _checked(expected: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Return expected spectra whose rows sum to 1, or to 0 where they are empty."""
    spectra = np.atleast_2d(np.asarray(expected, dtype=np.float64))
    totals = spectra.sum(axis=1, keepdims=True)
    if spectra.size == 0 or not (np.isfinite(totals).all() and (spectra >= 0).all()):
        raise MaxrfError(
            f"Expected spectra of shape {spectra.shape} hold no bin, or values that "
            "are negative or not finite."
        )
    return np.asarray(spectra / np.where(totals > 0, totals, 1))


def _checked_means(
    mean_counts: float, mode: str, counts_high: float | None
) -> tuple[float, float]:
    """Return the lowest and highest mean number of photons."""
    modes: Sequence[str] = get_args(CountsMode)
    if mode not in modes:
        raise MaxrfError(f"Unknown counts mode {mode!r}; choose {', '.join(modes)}.")
    high = mean_counts if mode != "log-uniform" else counts_high
    if high is None:
        raise MaxrfError("The mode log-uniform needs the highest mean, counts_high.")
    if not 0 < mean_counts <= high < 1e9:
        raise MaxrfError(
            f"Mean counts must be above 0 and not above the highest mean, "
            f"got {mean_counts:g} to {high:g}."
        )
    return mean_counts, high


def _alias_tables(shares: npt.NDArray[np.float64]) -> npt.NDArray[np.uint64]:
    """Build one alias table per row; a row of zeros is never drawn from."""
    from napari_maxrf.synthesis._kernel import alias_table

    table = np.zeros(shares.shape, np.uint64)
    for row, share in zip(table, shares, strict=True):
        if share.any():
            alias_table(share, row)
    return table


def _dtype(mean: float) -> np.dtype[Any]:
    """Choose integers that hold a total ten standard deviations above `mean`."""
    narrow = mean + 10 * mean**0.5 <= np.iinfo(np.uint16).max
    return np.dtype(np.uint16 if narrow else np.uint32)
