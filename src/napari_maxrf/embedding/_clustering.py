"""The clustering term: how well latents fall into groups (method.md 5.4).

In the parent of this method the silhouette becomes a plain number before it
enters the loss, and so has no gradient. Here assignments and centroids are held
fixed, and the gradient flows through the distances of the latents to them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor

from napari_maxrf.embedding._losses import squared_distances

if TYPE_CHECKING:
    from collections.abc import Sequence

LLOYD_STEPS = 5
SMALLEST = 1e-8


class Clusters(NamedTuple):
    """K-means of the same points for several numbers of clusters at once.

    Attributes
    ----------
    centroids : Tensor, shape (m, k_max, d)
        One set for each number of clusters, filled up to the largest.
    labels : Tensor, shape (m, n), int64
    used : Tensor, shape (m, k_max), bool
        Which centroids own a point.
    counts : Tensor, shape (m,), int64
        The numbers of clusters that were asked for.
    """

    centroids: Tensor
    labels: Tensor
    used: Tensor
    counts: Tensor


@torch.no_grad()
def k_means(
    points: Tensor,
    counts: Sequence[int],
    steps: int = LLOYD_STEPS,
    generator: torch.Generator | None = None,
) -> Clusters:
    """Cluster points by Lloyd's algorithm, for all `counts` side by side.

    Parameters
    ----------
    points : Tensor
        Shape (n, d).
    counts : sequence of int
        Numbers of clusters, each at most n.
    steps : int
        Lloyd iterations.
    generator : torch.Generator, optional
        Draws the first centroids among the points.
    """
    largest = max(counts)
    wanted = torch.tensor(counts, device=points.device)
    there = torch.arange(largest, device=points.device) < wanted[:, None]
    centroids = _first_centroids(points, largest, generator)
    centroids = centroids.expand(len(counts), -1, -1)
    for _ in range(steps):
        members = _members(points, centroids, there)
        sizes = members.sum(1)
        sums = members.transpose(1, 2) @ points
        moved = sums / sizes.clamp_min(1)[..., None]
        centroids = torch.where(sizes[..., None] > 0, moved, centroids)
    members = _members(points, centroids, there)
    return Clusters(centroids, members.argmax(2), members.any(1), wanted)


def _first_centroids(
    points: Tensor, largest: int, generator: torch.Generator | None
) -> Tensor:
    """Draw points far from those drawn before (k-means++), the first at random.

    Any first few of them serve a smaller number of clusters. The random numbers
    come from the CPU so that devices agree, and nothing is read back.
    """
    uniform = torch.rand(largest, generator=generator).to(points.device)
    chosen = [points[(uniform[:1] * len(points)).long()]]
    nearest = squared_distances(points, chosen[0])[:, 0]
    for draw in uniform[1:, None]:
        up_to = nearest.cumsum(0)
        row = torch.searchsorted(up_to, draw * up_to[-1], right=True)
        chosen.append(points[row.clamp_max(len(points) - 1)])
        nearest = torch.minimum(nearest, squared_distances(points, chosen[-1])[:, 0])
    return torch.cat(chosen)


def _members(points: Tensor, centroids: Tensor, there: Tensor) -> Tensor:
    """Return 1 where a point belongs to a centroid, shape (m, n, k_max)."""
    far = squared_distances(points, centroids)
    far = far.masked_fill(~there[:, None, :], torch.inf)
    labels = far.argmin(2, keepdim=True)
    return torch.zeros_like(far).scatter_(2, labels, 1.0)


def centroid_silhouette(points: Tensor, clusters: Clusters) -> Tensor:
    """Return the mean centroid silhouette for each number of clusters, shape (m,).

    s = (b - a)/max(a, b), with a the distance to the own centroid and b to the
    nearest other one. The gradient flows into `points` alone.
    """
    # No gradient at distance 0, where that of the root would be infinite.
    far = squared_distances(points, clusters.centroids).clamp_min(SMALLEST**2).sqrt()
    own = clusters.labels[..., None]
    a = far.gather(2, own)[..., 0]
    others = far.masked_fill(~clusters.used[:, None, :], torch.inf)
    b = others.scatter(2, own, torch.inf).amin(2)
    s = (b - a) / torch.maximum(a, b).clamp_min(SMALLEST)
    alone = clusters.used.sum(1) < 2
    return s.masked_fill(alone[:, None], 0.0).mean(1)


@torch.no_grad()
def silhouette(points: Tensor, clusters: Clusters) -> Tensor:
    """Return the mean silhouette for each number of clusters, shape (m,).

    For a point, a is its mean distance to the others of its cluster, b the
    smallest mean distance to another cluster, and s = (b - a)/max(a, b); 0 for a
    cluster of one. A set that lost a cluster gives 0, and so is passed over.
    """
    members = torch.zeros(
        *clusters.labels.shape, clusters.used.shape[1], device=points.device
    ).scatter_(2, clusters.labels[..., None], 1.0)
    sizes = members.sum(1, keepdim=True)
    sums = torch.cdist(points, points, compute_mode="donot_use_mm_for_euclid_dist")
    sums = sums @ members
    own = clusters.labels[..., None]
    own_size = sizes.expand_as(sums).gather(2, own)[..., 0]
    a = sums.gather(2, own)[..., 0] / (own_size - 1).clamp_min(1)
    means = (sums / sizes).masked_fill(sizes == 0, torch.inf)
    b = means.scatter(2, own, torch.inf).amin(2)
    s = (b - a) / torch.maximum(a, b).clamp_min(SMALLEST)
    whole = clusters.used.sum(1) == clusters.counts
    return s.masked_fill((own_size == 1) | ~whole[:, None], 0.0).mean(1)


def clustering_loss(
    latents: Tensor,
    kind: str,
    counts: Sequence[int],
    generator: torch.Generator | None = None,
) -> Tensor:
    """Return (1 - S)/2 for the best silhouette S over the numbers of clusters.

    Parameters
    ----------
    latents : Tensor
        Shape (n, d).
    kind : {"centroid", "reported", "none"}
        With a gradient through the centroid silhouette; the true silhouette
        without a gradient; or 0.
    counts : sequence of int
        Numbers of clusters to try; those above n - 1 are left out.
    generator : torch.Generator, optional
        Draws the first centroids.
    """
    points = latents.float()
    usable = [count for count in counts if count < len(points)]
    if kind == "none" or not usable:
        return 0.0 * points.sum()
    with torch.autocast(points.device.type, enabled=False):
        clusters = k_means(points.detach(), usable, generator=generator)
        if kind == "reported":
            return (1 - silhouette(points.detach(), clusters).max()) / 2
        return (1 - centroid_silhouette(points, clusters).max()) / 2
