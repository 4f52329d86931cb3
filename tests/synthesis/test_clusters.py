"""Colour clusters of pictures."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import silhouette_score

from napari_maxrf.errors import PictureError
from napari_maxrf.progress import Progress, finish
from napari_maxrf.synthesis import (
    ColourClusters,
    cluster_colours,
    cluster_colours_steps,
)
from napari_maxrf.synthesis._silhouette import distances, silhouette

BLOBS = np.array(
    [[0.9, 0.1, 0.1], [0.1, 0.9, 0.1], [0.1, 0.1, 0.9], [0.8, 0.8, 0.2], [0, 0, 0]]
)


def blobs(side: int = 60, spread: float = 0.02, seed: int = 0) -> np.ndarray:
    """A picture of five well separated colours with noise, one of them black."""
    rng = np.random.default_rng(seed)
    which = rng.integers(len(BLOBS), size=(side, side))
    noise = rng.normal(0, spread, (side, side, 3))
    return np.clip(BLOBS[which] + noise, 0, 1).astype(np.float32)


def records(steps: object) -> list[Progress]:
    return list(steps)  # type: ignore[call-overload]


@pytest.mark.parametrize("metric_seed", [0, 1, 2])
def test_silhouette_agrees_with_scikit_learn(metric_seed: int) -> None:
    rng = np.random.default_rng(metric_seed)
    points = rng.random((200, 3)).astype(np.float32)
    labels = rng.integers(0, 4, 200)
    labels[0] = 7  # a cluster of one, and numbers left out
    ours = silhouette(distances(points), labels)
    assert ours == pytest.approx(silhouette_score(points, labels), abs=1e-5)


def test_silhouette_of_one_cluster_is_zero() -> None:
    assert silhouette(distances(np.eye(3)), np.zeros(3, int)) == 0


def test_number_of_separate_colours_is_found() -> None:
    found = cluster_colours(blobs(), 2, 8)
    assert found.n_clusters == 5
    assert found.silhouette > 0.9
    nearest = np.abs(found.colours[:, None] - BLOBS).max(axis=2).min(axis=1)
    assert nearest.max() < 0.02


@pytest.mark.parametrize("k", [2, 5, 9, 16])
def test_equal_ends_fix_the_number_and_still_report_a_silhouette(k: int) -> None:
    found = cluster_colours(blobs(spread=0.1), k, k)
    assert found.n_clusters == k
    assert 0 < found.silhouette < 1


def test_both_ends_of_the_range_are_tried_with_a_record_each() -> None:
    seen = records(cluster_colours_steps(blobs(spread=0.1), 3, 6))
    assert [record.values["clusters"] for record in seen] == [3, 4, 5, 6]
    assert [record.done for record in seen] == [1, 2, 3, 4]
    assert {record.total for record in seen} == {4}


def test_highest_silhouette_wins() -> None:
    picture = blobs(spread=0.1, seed=4)
    seen = records(cluster_colours_steps(picture, 3, 9))
    best = max(seen, key=lambda record: record.values["silhouette"])
    found = cluster_colours(picture, 3, 9)
    assert found.n_clusters == best.values["clusters"]
    assert found.silhouette == best.values["silhouette"]


def test_cluster_colour_is_the_mean_of_its_pixels() -> None:
    picture = blobs(spread=0.08)
    found = cluster_colours(picture, 6, 6)
    for number, colour in enumerate(found.colours):
        members = picture[found.labels == number].astype(np.float64)
        assert colour == pytest.approx(members.mean(axis=0), abs=1e-6)


def test_every_pixel_goes_to_a_near_centre_of_a_picture_above_the_sample() -> None:
    picture = blobs(side=200)  # 40 000 pixels, 16 384 of them fitted
    found = cluster_colours(picture, 5, 5)
    apart = ((picture[..., None, :] - found.colours) ** 2).sum(axis=-1)
    assert (apart.argmin(axis=-1) == found.labels).mean() > 0.999


def test_black_pixels_are_a_cluster_like_any_other() -> None:
    picture = blobs()
    picture[:20] = 0
    found = cluster_colours(picture, 5, 5)
    (black,) = np.unique(found.labels[:20])
    assert found.colours[black].max() < 0.02


@pytest.mark.parametrize("shape", [(1, 1), (7, 3), (300, 200)])
def test_single_colour_gives_one_cluster(shape: tuple[int, int]) -> None:
    found = cluster_colours(np.full((*shape, 3), 0.25, np.float32), 10, 16)
    assert found.n_clusters == 1
    assert found.colours == pytest.approx(np.full((1, 3), 0.25))
    assert found.silhouette == 0
    assert not found.labels.any()


def test_few_distinct_colours_are_kept_exactly_however_close() -> None:
    colours = np.array([[0.5, 0.5, 0.5], [0.5, 0.5, 0.5001], [0, 0, 0]], np.float32)
    which = np.arange(48).reshape(6, 8) % 3
    found = cluster_colours(colours[which], 10, 16)
    assert found.n_clusters == 3
    assert np.array_equal(found.picture(), colours[which])


@settings(max_examples=25, deadline=None)
@given(
    st.integers(1, 12),
    st.integers(1, 12),
    st.integers(1, 6),
    st.integers(0, 4),
    st.integers(0, 2**40),
)
def test_labels_number_the_colours_without_gaps(
    height: int, width: int, k_min: int, more: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    picture = rng.integers(0, 3, (height, width, 3)).astype(np.float32) / 2
    found = cluster_colours(picture, k_min, k_min + more, seed)
    assert found.labels.shape == (height, width)
    assert found.labels.dtype == np.int16
    assert np.array_equal(np.unique(found.labels), np.arange(found.n_clusters))
    assert found.n_clusters <= k_min + more


def test_seed_decides_the_result() -> None:
    picture = np.random.default_rng(0).random((150, 150, 3)).astype(np.float32)
    first, again, other = (cluster_colours(picture, 8, 9, seed) for seed in (1, 1, 2))
    assert np.array_equal(first.labels, again.labels)
    assert np.array_equal(first.colours, again.colours)
    assert not np.array_equal(first.labels, other.labels)


def test_clustered_picture_is_nearer_with_more_colours() -> None:
    picture = np.random.default_rng(0).random((64, 64, 3)).astype(np.float32)
    errors = [
        float(((cluster_colours(picture, k, k).picture() - picture) ** 2).mean())
        for k in (2, 8, 32)
    ]
    assert errors == sorted(errors, reverse=True)


@pytest.mark.parametrize(
    ("picture", "words"),
    [
        (np.zeros((4, 4), np.float32), "shape"),
        (np.zeros((4, 4, 4), np.float32), "shape"),
        (np.zeros((0, 4, 3), np.float32), "shape"),
        (np.zeros((4, 4, 3), np.uint8), "uint8"),
        (np.full((4, 4, 3), 255.0), "255"),
        (np.full((4, 4, 3), -0.5), "-0.5"),
        (np.full((4, 4, 3), np.nan), "finite"),
        (np.full((4, 4, 3), np.inf), "finite"),
    ],
)
def test_unusable_picture_is_refused_in_one_line(
    picture: np.ndarray, words: str
) -> None:
    with pytest.raises(PictureError, match=words) as caught:
        cluster_colours(picture, 2, 3)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("k_min", "k_max"), [(0, 3), (4, 3)])
def test_empty_range_of_clusters_is_refused(k_min: int, k_max: int) -> None:
    with pytest.raises(PictureError, match=str(k_max)):
        cluster_colours(blobs(4), k_min, k_max)


def test_result_is_the_same_through_the_steps() -> None:
    picture = blobs(20, spread=0.1)
    stepped: ColourClusters = finish(cluster_colours_steps(picture, 4, 5))
    assert np.array_equal(stepped.labels, cluster_colours(picture, 4, 5).labels)
