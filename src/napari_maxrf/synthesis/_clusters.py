"""Colour clusters of a picture (first step of ganX, arXiv 2304.14078).

A picture is reduced to a few colours, each of which later becomes one mixture of
pigments. Only a sample of the pixels decides the colours, so that the time does
not grow with the picture; every pixel is assigned once, for the chosen number
of colours.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from napari_maxrf.errors import PictureError
from napari_maxrf.progress import Progress, Steps, finish
from napari_maxrf.synthesis._picture import Picture, check_picture
from napari_maxrf.synthesis._silhouette import distances, silhouette

if TYPE_CHECKING:
    from collections.abc import Iterable

FITTED_PIXELS = 16_384
SILHOUETTE_PIXELS = 1_024
_CHUNK = 65_536
_STAGE = "Colour clusters"


@dataclass(frozen=True, eq=False)
class ColourClusters:
    """The few colours a picture was reduced to.

    Attributes
    ----------
    labels : ndarray of int16, shape (y, x)
        Cluster of each pixel; every cluster from 0 to k - 1 has pixels.
    colours : ndarray, shape (k, 3)
        Mean red, green and blue (0..1) of the pixels of each cluster.
    silhouette : float
        Mean silhouette of a sample of pixels, between -1 and 1; 0 for one cluster.
    """

    labels: npt.NDArray[np.int16]
    colours: npt.NDArray[np.float64]
    silhouette: float

    @property
    def n_clusters(self) -> int:
        """Number of colours."""
        return len(self.colours)

    def picture(self) -> Picture:
        """Paint each pixel in the colour of its cluster, shape (y, x, 3)."""
        return np.asarray(self.colours.astype(np.float32)[self.labels])


def cluster_colours(
    picture: npt.NDArray[Any], k_min: int, k_max: int, seed: int = 0
) -> ColourClusters:
    """Reduce a picture to between `k_min` and `k_max` colours.

    Mini-batch k-means in RGB for every number of clusters from `k_min` to
    `k_max`, both included; the highest silhouette wins, the smaller number on a
    tie. A picture with fewer distinct colours gets as many clusters as colours.

    Parameters
    ----------
    picture : ndarray, shape (y, x, 3)
        Red, green and blue as floats in 0..1.
    k_min, k_max : int
        Range of the number of clusters; equal numbers skip the search.
    seed : int
        Start of the random numbers.

    Raises
    ------
    PictureError
        The picture cannot be used, or the range of clusters is empty.

    Examples
    --------
    >>> picture = np.zeros((4, 4, 3), np.float32)
    >>> picture[:, 2:] = 1
    >>> cluster_colours(picture, 2, 5).n_clusters
    2
    """
    return finish(cluster_colours_steps(picture, k_min, k_max, seed))


def cluster_colours_steps(
    picture: npt.NDArray[Any], k_min: int, k_max: int, seed: int = 0
) -> Steps[ColourClusters]:
    """Do the work of `cluster_colours`, with a record per number of clusters."""
    checked = check_picture(picture)
    if not 1 <= k_min <= k_max:
        raise PictureError(
            f"The number of colours must run from 1 or more upwards, "
            f"got {k_min} to {k_max}."
        )
    rng = np.random.default_rng(seed)
    fitted = _sample(checked.reshape(-1, 3), FITTED_PIXELS, rng)
    centres, score = yield from centres_steps(fitted, k_min, k_max, seed, rng)
    return _assign(checked, centres, score)


def centres_steps(
    fitted: Picture, k_min: int, k_max: int, seed: int, rng: np.random.Generator
) -> Steps[tuple[Picture, float]]:
    """Find the centres of the clusters of a few pixels, and their silhouette."""
    distinct = _distinct(fitted)
    numbers = sorted({min(k, len(distinct)) for k in range(k_min, k_max + 1)})
    judged = _sample(fitted, SILHOUETTE_PIXELS, rng)
    between = distances(judged)
    best: tuple[float, npt.NDArray[np.float32]] | None = None
    for done, k in enumerate(numbers, 1):
        centres = _fit(fitted, distinct, k, seed)
        score = silhouette(between, nearest_centres(judged, centres))
        if best is None or score > best[0]:
            best = score, centres
        yield Progress(
            _STAGE, done, len(numbers), {"clusters": float(k), "silhouette": score}
        )
    assert best is not None  # noqa: S101 - the range of clusters is not empty
    return best[1], best[0]


def sampled_places(
    n_pixels: int, size: int, rng: np.random.Generator
) -> npt.NDArray[np.int64]:
    """Choose up to `size` of `n_pixels` without repetition, in their order."""
    if n_pixels <= size:
        return np.arange(n_pixels)
    return np.sort(rng.choice(n_pixels, size, replace=False))


def _sample(pixels: Picture, size: int, rng: np.random.Generator) -> Picture:
    if len(pixels) <= size:
        return pixels
    return np.asarray(pixels[sampled_places(len(pixels), size, rng)])


def _distinct(pixels: Picture) -> Picture:
    """Return every colour once, shape (n, 3); as np.unique, but many times faster."""
    ordered = pixels[np.lexsort(pixels.T)]
    new = np.r_[True, (ordered[1:] != ordered[:-1]).any(axis=1)]
    return np.asarray(ordered[new])


def _fit(fitted: Picture, distinct: Picture, k: int, seed: int) -> Picture:
    """Return the centres of `k` clusters, shape (k, 3)."""
    if k == len(distinct):
        return distinct
    from sklearn.cluster import MiniBatchKMeans

    model = MiniBatchKMeans(
        n_clusters=k,
        n_init=1,
        init_size=2048,
        batch_size=1024,
        max_iter=20,
        random_state=seed % 2**32,
    )
    # OpenMP's limit belongs to the calling thread, so calls side by side do not
    # undo each other's as they would with BLAS, and none starts threads of its own.
    with _thread_pools().limit(limits=1, user_api="openmp"):
        return np.asarray(model.fit(fitted).cluster_centers_, dtype=np.float32)


@cache
def _thread_pools() -> Any:
    """Look for thread pools once, as that costs as much as a fit."""
    from threadpoolctl import (  # type: ignore[import-untyped]
        ThreadpoolController,
    )

    return ThreadpoolController()


def nearest_centres(pixels: Picture, centres: Picture) -> npt.NDArray[np.int16]:
    """Return the number of the nearest centre of each pixel, shape (n,)."""
    labels = np.empty(len(pixels), np.int16)
    for chunk in _chunks(len(pixels)):
        labels[chunk] = _nearest_in_chunk(
            np.ascontiguousarray(pixels[chunk].T), centres
        )
    return labels


def _nearest_in_chunk(planes: Picture, centres: Picture) -> npt.NDArray[np.int16]:
    """Compare pixels, given as three planes (3, n), with one centre after another.

    Differences are squared one by one: |x|^2 - 2 x.c + |c|^2 would confuse
    colours that are closer than the rounding of float32.
    """
    best = np.full(planes.shape[1], np.inf, np.float32)
    labels = np.zeros(planes.shape[1], np.int16)
    for number, centre in enumerate(centres):
        squares = ((planes - centre[:, None]) ** 2).sum(axis=0)
        closer = squares < best
        labels[closer] = number
        np.minimum(best, squares, out=best)
    return labels


def _chunks(length: int) -> Iterable[slice]:
    return (slice(start, start + _CHUNK) for start in range(0, length, _CHUNK))


def _assign(picture: Picture, centres: Picture, score: float) -> ColourClusters:
    """Assign every pixel, drop centres without pixels, and average the colours."""
    pixels = picture.reshape(-1, 3)
    labels = nearest_centres(pixels, centres)
    sizes = np.bincount(labels, minlength=len(centres))
    kept = sizes > 0
    labels = (np.cumsum(kept) - 1).astype(np.int16)[labels]
    sums = [np.bincount(labels, weights=channel) for channel in pixels.T]
    colours = np.stack(sums, axis=1) / sizes[kept][:, None]
    return ColourClusters(labels.reshape(picture.shape[:2]), colours, score)
