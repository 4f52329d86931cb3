"""Mixtures of references against known truths and a general optimiser."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from napari_maxrf.analysis import unmix
from napari_maxrf.errors import MaxrfError

CHANNELS = 200
seeds = st.integers(0, 2**32 - 1)


def peaks(n_references: int = 4, channels: int = CHANNELS) -> np.ndarray:
    """Overlapping two-line shapes on a continuum, as pigments have."""
    energy = np.linspace(0, 1, channels)
    shapes = [
        np.exp(-((energy - place) ** 2) / 2e-3)
        + 0.4 * np.exp(-((energy - place - 0.12) ** 2) / 2e-3)
        + 0.02 * np.exp(-energy)
        for place in np.linspace(0.15, 0.7, n_references)
    ]
    return np.array(shapes)


def standard_errors(weights: np.ndarray, references: np.ndarray) -> np.ndarray:
    """Square roots of the inverse Fisher information of a Poisson mixture."""
    information = (references / (weights @ references)) @ references.T
    return np.sqrt(np.diag(np.linalg.inv(information)))


@given(seed=seeds, scale=st.floats(1, 1e5))
@settings(max_examples=40, deadline=None)
def test_weights_of_a_noisy_mixture_come_back_within_their_errors(seed, scale):
    rng, references = np.random.default_rng(seed), peaks()
    truth = scale * rng.uniform(0.5, 2, len(references))
    found = unmix(rng.poisson(truth @ references), references)
    pulls = (found.weights - truth) / standard_errors(truth, references)
    assert np.abs(pulls).max() < 5.5


def test_weights_are_unbiased_and_scatter_as_the_fisher_information_says():
    rng, references = np.random.default_rng(0), peaks()
    truth = np.array([300.0, 100.0, 200.0, 50.0])
    spectra = rng.poisson(truth @ references, (400, CHANNELS))
    pulls = unmix(spectra, references).weights - truth
    pulls /= standard_errors(truth, references)
    assert pulls.mean(axis=0) == pytest.approx(np.zeros(4), abs=0.2)
    assert pulls.std(axis=0) == pytest.approx(np.ones(4), abs=0.12)


@pytest.mark.parametrize("scale", [3.0, 100.0, 1e6])
def test_reduced_chi_square_of_the_true_model_is_one_at_any_exposure(scale):
    rng, references = np.random.default_rng(1), peaks()
    spectra = rng.poisson(scale * references.sum(axis=0) + 0.0, (200, CHANNELS))
    chi2 = unmix(spectra, references).chi2_reduced
    assert chi2.mean() == pytest.approx(1, abs=0.03)


def test_reduced_chi_square_of_a_wrong_model_grows_with_the_exposure():
    references = peaks()
    spectrum = references.sum(axis=0)
    faint, bright = unmix([1e3 * spectrum, 1e5 * spectrum], references[:3]).chi2_reduced
    assert faint > 10
    assert bright == pytest.approx(100 * faint, rel=1e-6)


def test_the_likelihood_is_as_good_as_that_of_a_general_optimiser():
    rng, references = np.random.default_rng(2), peaks(6, 80)
    spectrum = rng.poisson(rng.uniform(0, 20, 6) @ references + 0.3).astype(float)

    def loss(weights: np.ndarray) -> float:
        expected = weights @ references
        return float(expected.sum() - spectrum @ np.log(expected))

    general = minimize(
        loss,
        np.ones(6),
        bounds=[(0, None)] * 6,
        method="L-BFGS-B",
        options={"maxiter": 10_000, "maxfun": 100_000, "ftol": 1e-14, "gtol": 1e-9},
    )
    found = unmix(spectrum, references)
    assert loss(found.weights) <= general.fun + 1e-6
    assert found.weights == pytest.approx(general.x, abs=1e-2)


@given(seed=seeds)
@settings(max_examples=40, deadline=None)
def test_the_conditions_of_kuhn_and_tucker_hold(seed):
    """No weight can be moved for a better fit: none below 0 is tried."""
    rng = np.random.default_rng(seed)
    references = rng.gamma(0.3, 1.0, (8, 60)) + 1e-3
    spectrum = rng.poisson(rng.gamma(1.0, 30.0, 60)).astype(float)
    found = unmix(spectrum, references)
    slope = references @ (spectrum / found.fitted - 1) / references.sum(axis=1)
    used = found.weights > 1e-6 * found.weights.max()
    assert (found.weights >= 0).all()
    assert np.abs(slope[used]).max() < 1e-3
    assert slope.max() < 1e-3


@given(seed=seeds)
@settings(max_examples=25, deadline=None)
def test_the_fit_holds_as_many_counts_as_the_spectrum(seed):
    rng = np.random.default_rng(seed)
    spectrum = rng.poisson(5.0, CHANNELS)
    assert unmix(spectrum, peaks() + 1e-4).fitted.sum() == pytest.approx(spectrum.sum())


@given(seed=seeds, factor=st.floats(1e-6, 1e6))
@settings(max_examples=25, deadline=None)
def test_scale_and_order_of_the_references_do_not_matter(seed, factor):
    rng, references = np.random.default_rng(seed), peaks()
    spectrum = rng.poisson(50 * references.sum(axis=0))
    order = rng.permutation(len(references))
    plain, other = unmix(spectrum, references), unmix(spectrum, factor * references)
    turned = unmix(spectrum, references[order])
    assert other.fitted == pytest.approx(plain.fitted, rel=1e-3)
    assert other.weights * factor == pytest.approx(plain.weights, rel=1e-3, abs=1e-3)
    assert turned.weights == pytest.approx(plain.weights[order], rel=1e-3, abs=1e-3)


def test_many_spectra_at_once_are_fitted_as_one_by_one():
    rng, references = np.random.default_rng(3), peaks()
    spectra = rng.poisson(20 * references.sum(axis=0), (3, 2, CHANNELS))
    together = unmix(spectra, references)
    assert together.weights.shape == (3, 2, 4)
    assert together.fitted.shape == together.residuals.shape == spectra.shape
    assert together.chi2_reduced.shape == together.explained.shape == (3, 2)
    alone = unmix(spectra[2, 1], references)
    assert together.weights[2, 1] == pytest.approx(alone.weights)
    assert together.r2[2, 1] == pytest.approx(float(alone.r2))


def test_a_mixture_without_noise_is_explained_completely():
    references = peaks()
    found = unmix(np.array([3.0, 0.0, 10.0, 1.0]) @ references, references)
    assert found.weights == pytest.approx([3, 0, 10, 1], abs=1e-4)
    assert found.explained == pytest.approx(1, abs=1e-6)
    assert found.r2 == pytest.approx(1, abs=1e-6)
    assert found.chi2_reduced == pytest.approx(0, abs=1e-6)


def test_the_explained_share_falls_by_the_counts_of_a_missing_peak():
    references = np.eye(3)
    found = unmix([60.0, 30.0, 10.0], references[:2])
    assert found.explained == pytest.approx(0.9)
    assert found.weights == pytest.approx([60, 30])


def test_counts_where_no_reference_has_any_are_judged_but_not_fitted():
    references = np.array([[1.0, 1.0, 0.0, 0.0]])
    found = unmix([10.0, 10.0, 5.0, 0.0], references)
    assert found.weights == pytest.approx([10])
    assert found.residuals[:2] == pytest.approx([0, 0], abs=1e-6)
    assert found.residuals[2] == pytest.approx(5 / np.sqrt(1e-3))
    assert found.residuals[3] == 0


def test_references_given_twice_share_one_weight():
    references = peaks(2)
    spectrum = 7 * references[0] + 2 * references[1]
    found = unmix(spectrum, [references[0], references[0], references[1]])
    assert found.weights[:2].sum() == pytest.approx(7, rel=1e-4)
    assert found.weights[2] == pytest.approx(2, rel=1e-4)


def test_an_empty_spectrum_has_no_weights_and_nothing_to_explain():
    found = unmix(np.zeros(CHANNELS), peaks())
    assert not found.weights.any()
    assert found.chi2_reduced == 0
    assert np.isnan(found.explained)
    assert np.isnan(found.r2)


@pytest.mark.parametrize(
    ("spectra", "references", "message"),
    [
        (np.ones(5), np.ones((2, 6)), "5 channels, references 6"),
        (-np.ones(5), np.ones((2, 5)), "Spectra hold negative"),
        (np.full(5, np.nan), np.ones((2, 5)), "Spectra hold negative or undefined"),
        (np.ones(5), np.full((2, 5), np.inf), "References hold negative or undefined"),
        (np.ones(5), np.ones(5), "References need at least 2 dimensions"),
        (np.ones(5), np.ones((0, 5)), "at least one reference"),
        (np.ones(5), [[1.0] * 5, [0.0] * 5], "Reference 1 has no counts"),
        (np.float64(3), np.ones((2, 1)), "Spectra need at least 1 dimensions"),
    ],
)
def test_senseless_input_is_refused(spectra, references, message):
    with pytest.raises(MaxrfError, match=message):
        unmix(spectra, references)
