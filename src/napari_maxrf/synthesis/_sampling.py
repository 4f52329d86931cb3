"""Photon counts of many pixels, drawn from a few expected spectra.

Every bin of a measured spectrum is Poisson distributed. Bins that expect many
photons are drawn from tables of Poisson numbers; the photons of all other bins are
drawn together and shared out one by one through an alias table. Both ways give
the same distribution, and the work grows with photons or bins, whichever are
fewer.
"""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, get_args

import numpy as np
import numpy.typing as npt

from napari_maxrf.errors import MaxrfError
from napari_maxrf.synthesis._config import CountsMode
from napari_maxrf.synthesis._recipe import Recipe, make_recipe, poisson_tables

if TYPE_CHECKING:
    from collections.abc import Sequence

_PART = 1024
"""Pixels that a thread draws in one go."""

Counts = npt.NDArray[np.uint16] | npt.NDArray[np.uint32]


@dataclass(frozen=True, eq=False)
class PhotonSampler:
    """Draws counts from expected spectra, the same for the same pixel index.

    Attributes
    ----------
    log_ratio : float
        Every pixel's mean is multiplied by ``exp(u * log_ratio)``; 0 leaves it.
    fixed : int
        Photons of every pixel; -1 for a Poisson total.
    recipe : Recipe
        How the bins of each expected spectrum are drawn.
    usable : ndarray of bool, shape (k,)
        Whether the expected spectrum has any bin above zero.
    dtype : dtype
        Of the counts: uint16, or uint32 if a total may not fit.
    """

    seed: int
    log_ratio: float
    fixed: int
    recipe: Recipe
    usable: npt.NDArray[np.bool_]
    dtype: np.dtype[Any]

    @property
    def shape(self) -> tuple[int, int]:
        """Number of expected spectra and of bins."""
        return self.recipe.alias.shape

    def draw(
        self,
        cluster_of: npt.NDArray[np.integer[Any]],
        index: npt.NDArray[np.integer[Any]],
        threads: int = 1,
    ) -> Counts:
        """Draw the counts of pixels.

        Parameters
        ----------
        cluster_of : ndarray of int, shape (m,)
            Number of the expected spectrum of each pixel.
        index : ndarray of int, shape (m,)
            What tells the pixels apart: equal indices give equal numbers.
        threads : int
            How many threads share the pixels; the counts do not depend on it.
            One is right where blocks are drawn side by side already.

        Returns
        -------
        ndarray of uint16 or uint32, shape (m, n_bins)
        """
        clusters = np.ascontiguousarray(cluster_of, np.int32)
        self._check(clusters)
        indices = np.ascontiguousarray(index, np.uint64)
        out = np.zeros((len(clusters), self.shape[1]), self.dtype)
        parts = [slice(i, i + _PART) for i in range(0, len(clusters), _PART)]

        def fill(part: slice) -> None:
            self._fill(out[part], clusters[part], indices[part])

        if threads == 1:
            for part in parts:
                fill(part)
            return out
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(fill, parts))
        return out

    def _check(self, clusters: npt.NDArray[np.int32]) -> None:
        """Refuse clusters that do not exist or from which nothing can be drawn."""
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

    def _fill(
        self,
        out: Counts,
        clusters: npt.NDArray[np.int32],
        index: npt.NDArray[np.uint64],
    ) -> None:
        """Draw into `out`, which holds zeros, cluster by cluster."""
        from napari_maxrf.synthesis._kernel import draw_photons

        draw_photons(
            out,
            np.argsort(clusters, kind="stable"),
            clusters,
            index,
            np.uint64(self.seed),
            self.log_ratio,
            self.fixed,
            self.recipe,
            poisson_tables(),
        )


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
    return PhotonSampler(
        seed=seed,
        log_ratio=float(np.log(high / low)),
        fixed=round(low) if mode == "fixed" else -1,
        recipe=make_recipe(shares, low, mode),
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


def _dtype(mean: float) -> np.dtype[Any]:
    """Choose integers that hold a total ten standard deviations above `mean`."""
    narrow = mean + 10 * mean**0.5 <= np.iinfo(np.uint16).max
    return np.dtype(np.uint16 if narrow else np.uint32)
