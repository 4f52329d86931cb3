"""The silhouette score, for several clusterings of the same few points.

The distances between the points are the costly part and do not depend on the
clustering, so they are computed once and shared by every number of clusters.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt


def distances(points: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    """Return the Euclidean distances between `points`, shape (n, n)."""
    squares = np.zeros((len(points), len(points)), np.float32)
    for channel in np.asarray(points, np.float32).T:
        squares += np.subtract.outer(channel, channel) ** 2
    return np.sqrt(squares, out=squares)


def silhouette(
    between: npt.NDArray[np.float32], labels: npt.NDArray[np.integer[Any]]
) -> float:
    """Return the mean silhouette of labelled points (Rousseeuw, 1987).

    For a point, a is the mean distance to the others of its cluster, b the
    smallest mean distance to another cluster, and s = (b - a)/max(a, b); s is 0
    for a point alone in its cluster.

    Parameters
    ----------
    between : ndarray, shape (n, n)
        Distances between the points.
    labels : ndarray of int, shape (n,)
        Cluster of each point.

    Returns
    -------
    float
        Between -1 and 1; 0 if all points are in one cluster.
    """
    _, own = np.unique(labels, return_inverse=True)
    sizes = np.bincount(own)
    if len(sizes) < 2:
        return 0.0
    rows = np.arange(len(own))
    sums = between @ np.eye(len(sizes), dtype=np.float32)[own]
    inside = sums[rows, own] / np.maximum(sizes[own] - 1, 1)
    means = sums / sizes
    means[rows, own] = np.inf
    outside = means.min(axis=1)
    larger = np.maximum(inside, outside)
    alone = (sizes[own] == 1) | (larger == 0)
    scores = np.where(alone, 0, (outside - inside) / np.where(alone, 1, larger))
    return float(scores.mean())
