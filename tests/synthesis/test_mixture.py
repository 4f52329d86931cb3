"""Mixtures of pigments and their spectra."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from napari_maxrf.errors import PaletteError
from napari_maxrf.synthesis import expected_spectra, mixture_weights

similarities = arrays(
    np.float64, array_shapes(min_dims=2, max_dims=2), elements=st.floats(0, 1)
)


def slow_weights(similarity: np.ndarray, threshold: float) -> np.ndarray:
    """The rule of method 4.3, one number at a time."""
    shares = np.zeros_like(similarity)
    for k, row in enumerate(similarity):
        kept = [s if s >= threshold else 0.0 for s in row]
        if sum(kept) == 0:
            kept[int(np.argmax(row))] = 1.0
        shares[k] = [value / sum(kept) for value in kept]
    return shares


@given(similarities, st.floats(0, 1))
def test_weights_follow_the_rule_and_sum_to_one(
    similarity: np.ndarray, threshold: float
) -> None:
    weights = mixture_weights(similarity, threshold)
    assert weights == pytest.approx(slow_weights(similarity, threshold))
    assert weights.sum(axis=1) == pytest.approx(1)


def test_pigment_exactly_at_the_threshold_takes_part() -> None:
    assert mixture_weights([[0.65, 0.649]], 0.65).tolist() == [[1, 0]]


def test_only_the_most_similar_pigment_is_left_when_none_passes() -> None:
    weights = mixture_weights([[0.1, 0.4, 0.3]], 0.9)
    assert weights.tolist() == [[0, 1, 0]]


def test_palette_without_pigment_is_refused() -> None:
    with pytest.raises(PaletteError, match="no pigment"):
        mixture_weights(np.empty((3, 0)), 0.5)


def test_expected_spectra_are_weighted_means_of_probabilities() -> None:
    spectra = np.array([[0.2, 0.8, 0.0], [0.5, 0.0, 0.5]])
    mixed = expected_spectra([[0.25, 0.75], [1, 0]], spectra)
    assert mixed == pytest.approx(np.array([[0.425, 0.2, 0.375], [0.2, 0.8, 0]]))
    scaled = expected_spectra([[0.25, 0.75], [1, 0]], spectra * [[7], [1]])
    assert scaled == pytest.approx(mixed)


@pytest.mark.parametrize(
    "spectra",
    [
        [[1.0, 0.0]],
        [[1.0, 0.0], [0.0, 0.0]],
        [[1.0, 0.0], [2.0, -1.0]],
        [[1.0, 0.0], [np.nan, 1.0]],
    ],
)
def test_unusable_pigment_spectra_are_refused(spectra: list[list[float]]) -> None:
    with pytest.raises(PaletteError):
        expected_spectra([[0.5, 0.5]], spectra)
