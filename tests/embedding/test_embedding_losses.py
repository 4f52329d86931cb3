from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import silhouette_score

from napari_maxrf.embedding import EmbeddingConfig, EmbeddingNetwork
from napari_maxrf.embedding._clustering import (
    Clusters,
    centroid_silhouette,
    clustering_loss,
    k_means,
    silhouette,
)
from napari_maxrf.embedding._losses import (
    mmd,
    poisson_deviance,
    ramp,
    reconstruction_loss,
)
from napari_maxrf.embedding._transform import transform


def points(n: int, d: int = 3, seed: int = 0, spread: float = 1.0) -> torch.Tensor:
    return torch.randn(n, d, generator=torch.Generator().manual_seed(seed)) * spread


def groups(n: int = 240, k: int = 6, seed: int = 1) -> torch.Tensor:
    """Points in k tight groups far from each other."""
    centres = points(k, seed=seed, spread=20.0)
    return centres[torch.arange(n) % k] + points(n, seed=seed + 1, spread=0.1)


def clusters_of(labels: list[int], at: torch.Tensor) -> Clusters:
    """One clustering with given labels and the means of the points."""
    label = torch.tensor(labels)
    k = int(label.max()) + 1
    means = torch.stack([at[label == i].mean(0) for i in range(k)])
    used = torch.ones(1, k, dtype=torch.bool)
    return Clusters(means[None], label[None], used, torch.tensor([k]))


# -- reconstruction and MMD --------------------------------------------------


def test_reconstruction_is_the_mean_square_over_batch_and_bins() -> None:
    spectra = torch.tensor([[0.0, 1.0], [0.5, 0.5]])
    rebuilt = torch.tensor([[0.0, 0.0], [0.0, 1.0]])
    assert float(reconstruction_loss(spectra, rebuilt)) == pytest.approx(1.5 / 4)


def test_mmd_of_hand_worked_points() -> None:
    # p = {0}, z = {0, 3}: 1 + (2 + 2/e)/4 - 2 (1 + 1/e)/2, with d = 3.
    p, z = torch.zeros(1, 1), torch.tensor([[0.0], [3.0]])
    expected = 1 + (2 + 2 / math.e) / 4 - (1 + 1 / math.e)
    assert float(mmd(p, z)) == pytest.approx(expected, abs=1e-6)


def slow_mmd(p: np.ndarray, z: np.ndarray, d: float) -> float:
    def mean_kernel(a: np.ndarray, b: np.ndarray) -> float:
        total = 0.0
        for u in a:
            for v in b:
                total += math.exp(-sum((u - v) ** 2) / d**2)
        return total / (len(a) * len(b))

    return mean_kernel(p, p) + mean_kernel(z, z) - 2 * mean_kernel(p, z)


@pytest.mark.parametrize(("spread", "width"), [(1.0, 3.0), (0.01, 3.0), (9.0, 1.5)])
def test_mmd_agrees_with_a_slow_loop(spread: float, width: float) -> None:
    p, z = points(17), points(23, seed=1, spread=spread) + 0.5
    expected = slow_mmd(p.double().numpy(), z.double().numpy(), width)
    assert float(mmd(p, z, width)) == pytest.approx(expected, abs=2e-6)


def test_mmd_of_the_prior_itself_is_small_and_of_another_large() -> None:
    same = float(mmd(points(2000), points(2000, seed=5)))
    assert 0 <= same < 0.002
    assert float(mmd(points(2000), points(2000, seed=5) + 3)) > 100 * same


def test_mmd_has_the_gradient_of_finite_differences() -> None:
    p = points(6).double()

    def loss(z: torch.Tensor) -> torch.Tensor:
        return mmd(p, z)

    z = points(5, seed=3).requires_grad_()
    loss(z).backward()
    step = 1e-2
    moved = torch.zeros_like(z)
    for i in range(5):
        for j in range(3):
            shift = torch.zeros_like(z)
            shift[i, j] = step
            up = slow_mmd(p.numpy(), (z + shift).detach().double().numpy(), 3.0)
            down = slow_mmd(p.numpy(), (z - shift).detach().double().numpy(), 3.0)
            moved[i, j] = (up - down) / (2 * step)
    torch.testing.assert_close(z.grad, moved, atol=1e-5, rtol=1e-3)


def test_the_ramp_is_low_linear_and_then_constant() -> None:
    values = [ramp(t, 10, 30, 2e-3) for t in (0, 10, 15, 29, 30, 100)]
    assert values == pytest.approx([0, 0, 5e-4, 1.9e-3, 2e-3, 2e-3])
    assert ramp(0, 0, 0, 1.0) == 1.0
    assert [ramp(t, 5, 5, 1.0) for t in (4, 5)] == [0.0, 1.0]


def test_the_deviance_of_a_perfect_reconstruction_is_zero() -> None:
    counts = torch.poisson(torch.rand(20, 64) * 9 + 1)
    spectra = transform(counts)
    assert float(poisson_deviance(counts, spectra, spectra)) == pytest.approx(
        0, abs=1e-4
    )


def test_the_deviance_of_poisson_noise_around_the_truth_is_about_one() -> None:
    generator = torch.Generator().manual_seed(0)
    mean = torch.full((400, 128), 50.0)
    counts = torch.poisson(mean, generator=generator)
    rebuilt = torch.log1p(mean) / torch.log1p(counts).amax(1, keepdim=True)
    value = float(poisson_deviance(counts, transform(counts), rebuilt))
    assert value == pytest.approx(1.0, abs=0.03)


# -- k-means and silhouettes -------------------------------------------------


def test_k_means_finds_separate_groups() -> None:
    z = groups()
    found = [
        float(silhouette(z, k_means(z, (6,), generator=g)).max())
        for g in (torch.Generator().manual_seed(s) for s in range(8))
    ]
    assert np.median(found) > 0.95


def test_k_means_gives_means_and_nearest_labels() -> None:
    z = points(300)
    result = k_means(z, (4, 7), steps=60, generator=torch.Generator().manual_seed(0))
    for row, k in enumerate((4, 7)):
        labels = result.labels[row]
        assert int(labels.max()) < k
        assert result.used[row].sum() == k
        for i in range(k):
            torch.testing.assert_close(
                result.centroids[row, i], z[labels == i].mean(0), atol=1e-4, rtol=0
            )
        distances = torch.cdist(z, result.centroids[row, :k])
        assert torch.equal(distances.argmin(1), labels)


def test_k_means_depends_on_its_generator_alone() -> None:
    z = points(100)
    first, second = (
        k_means(z, (5,), generator=torch.Generator().manual_seed(3)) for _ in range(2)
    )
    torch.manual_seed(99)
    assert torch.equal(first.labels, second.labels)


@pytest.mark.parametrize("k", [2, 5, 9])
def test_the_silhouette_is_that_of_scikit_learn(k: int) -> None:
    z = points(150)
    clusters = k_means(z, (k,), generator=torch.Generator().manual_seed(0))
    assert int(clusters.used.sum()) == k
    expected = silhouette_score(z.numpy(), clusters.labels[0].numpy())
    assert float(silhouette(z, clusters)) == pytest.approx(expected, abs=1e-5)


def test_a_cluster_of_one_has_silhouette_zero() -> None:
    z = torch.tensor([[0.0], [1.0], [10.0]])
    clusters = clusters_of([0, 0, 1], z)
    expected = silhouette_score(z.numpy(), [0, 0, 1])
    assert float(silhouette(z, clusters)) == pytest.approx(expected)


def test_a_clustering_that_lost_a_cluster_is_passed_over() -> None:
    z = groups(60, 2)
    lost = clusters_of([i % 2 for i in range(60)], z)
    lost = lost._replace(counts=torch.tensor([3]))
    assert float(silhouette(z, lost)) == 0


def test_the_centroid_silhouette_of_hand_worked_points() -> None:
    # Centroids 1 and 9; the points 0, 2 | 8, 10 are 1 from their own, and
    # 9, 7, 7, 9 from the other one.
    z = torch.tensor([[0.0], [2.0], [8.0], [10.0]])
    expected = (8 / 9 + 6 / 7 + 6 / 7 + 8 / 9) / 4
    value = centroid_silhouette(z, clusters_of([0, 0, 1, 1], z))
    assert float(value) == pytest.approx(expected, abs=1e-6)


def test_the_centroid_silhouette_agrees_with_a_slow_loop() -> None:
    z = points(80)
    clusters = k_means(z, (3, 6), generator=torch.Generator().manual_seed(0))
    for row, k in enumerate((3, 6)):
        total = 0.0
        for i, point in enumerate(z):
            far = [math.dist(point, c) for c in clusters.centroids[row, :k]]
            own = int(clusters.labels[row, i])
            a, b = far[own], min(f for j, f in enumerate(far) if j != own)
            total += (b - a) / max(a, b)
        value = float(centroid_silhouette(z, clusters)[row])
        assert value == pytest.approx(total / 80, abs=1e-5)


@given(st.floats(0.05, 20), st.integers(0, 50))
@settings(max_examples=20, deadline=None)
def test_the_clustering_term_does_not_depend_on_scale(scale: float, seed: int) -> None:
    z = points(64, seed=seed)

    def value(z: torch.Tensor) -> float:
        generator = torch.Generator().manual_seed(1)
        return float(clustering_loss(z, "centroid", (3, 5), generator))

    assert value(z * scale) == pytest.approx(value(z), abs=1e-3)


def test_descent_along_the_clustering_term_makes_groups() -> None:
    z = torch.nn.Parameter(points(512))
    optimiser = torch.optim.Adam([z], lr=0.05)
    torch.manual_seed(0)
    values = []
    for _ in range(100):
        loss = clustering_loss(z, "centroid", (6,))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        values.append(float(loss.detach()))
    # method.md 5.4: 0.33 at first, 0.02 to 0.12 after 100 steps.
    assert 0.25 < values[0] < 0.45
    assert np.mean(values[-10:]) < 0.15


def test_the_best_number_of_clusters_counts() -> None:
    z = points(100)

    def value(counts: tuple[int, ...]) -> float:
        generator = torch.Generator().manual_seed(1)
        return float(clustering_loss(z, "centroid", counts, generator))

    assert value((2, 8)) <= value((8,)) + 1e-6


@pytest.mark.parametrize("counts", [(8, 16), (2,)])
def test_collapsed_latents_give_no_nan(counts: tuple[int, ...]) -> None:
    z = torch.ones(20, 3, requires_grad=True)
    loss = clustering_loss(z, "centroid", counts)
    loss.backward()
    assert torch.isfinite(loss)
    assert torch.isfinite(z.grad).all()


def test_too_few_latents_for_any_clustering_give_zero() -> None:
    z = points(4).requires_grad_()
    loss = clustering_loss(z, "centroid", (8, 16))
    loss.backward()
    assert float(loss.detach()) == 0
    assert float(clustering_loss(points(50), "none", (8,))) == 0


def encoder_gradient(kind: str) -> list[torch.Tensor | None]:
    torch.manual_seed(0)
    network = EmbeddingNetwork(EmbeddingConfig(dropout=0.0))
    loss = clustering_loss(
        network.encode(torch.rand(128, 512)), kind, (8, 10, 12, 14, 16)
    )
    if loss.requires_grad:
        loss.backward()
    return [p.grad for p in (*network.encoder.parameters(),)]


def test_the_clustering_term_has_a_gradient_for_every_encoder_weight() -> None:
    for gradient in encoder_gradient("centroid"):
        assert gradient is not None
        assert torch.isfinite(gradient).all()
        assert gradient.abs().max() > 0


def test_the_reported_term_has_none() -> None:
    assert all(gradient is None for gradient in encoder_gradient("reported"))
    z = groups()
    reported = float(clustering_loss(z, "reported", (6,)))
    assert 0 <= reported <= 1
