"""Compiled SNIP and non-negative fits against slow references."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import nnls

from napari_maxrf.analysis._kernels import fit_rows, snip_rows


def slow_snip(spectrum: np.ndarray, half_width: int, reach: int) -> np.ndarray:
    """Clip peaks one channel at a time."""
    n = len(spectrum)
    smooth = [
        np.mean(spectrum[i - reachable : i + reachable + 1])
        for i in range(n)
        for reachable in [min(half_width, i, n - 1 - i)]
    ]
    level = np.log(np.log(np.sqrt(np.maximum(smooth, 0) + 1) + 1) + 1)
    for distance in range(min(reach, (n - 1) // 2), 0, -1):
        level = np.array(
            [
                min(
                    level[i],
                    (level[max(i - distance, 0)] + level[min(i + distance, n - 1)]) / 2,
                )
                for i in range(n)
            ]
        )
    return (np.exp(np.exp(level) - 1) - 1) ** 2 - 1


def snip(spectra: np.ndarray, half_width: int, reach: int) -> np.ndarray:
    background = np.empty(spectra.shape, np.float32)
    snip_rows(spectra.astype(np.float32), half_width, reach, background)
    return background


@settings(max_examples=30, deadline=None)
@given(
    st.integers(1, 120),
    st.integers(0, 4),
    st.integers(1, 30),
    st.sampled_from([0.1, 3.0, 200.0, 1e5, 1e7]),
    st.integers(0, 2**31),
)
def test_snip_is_that_of_the_formula_for_any_counts(n, half_width, reach, level, seed):
    counts = np.random.default_rng(seed).poisson(level, (2, n)).astype(float)
    found = snip(counts, half_width, reach)
    wanted = np.array([slow_snip(row, half_width, reach) for row in counts])
    np.testing.assert_allclose(found, wanted, rtol=2e-3, atol=2e-3)


def test_snip_runs_under_peaks_and_never_above_smoothed_counts():
    channel = np.arange(500)
    smooth = 200 * np.exp(-channel / 150) + 5
    peaks = sum(900 * np.exp(-((channel - at) ** 2) / 18) for at in (90, 200, 340))
    found = snip((smooth + peaks)[None], 0, 14)[0]
    assert (found <= smooth + peaks + 0.02).all()
    np.testing.assert_allclose(found[20:-20], smooth[20:-20], rtol=0.1)


def fit(
    columns: np.ndarray, spectra: np.ndarray, free: np.ndarray, reach: int = 0
) -> np.ndarray:
    """Fit columns, shape (n, channels), with weights 1."""
    gram = columns @ columns.T
    found = np.empty((len(spectra), len(columns)))
    used = columns != 0
    fit_rows(
        spectra.astype(np.float32),
        0,
        reach,
        np.ascontiguousarray(columns),
        used.argmax(axis=1),
        columns.shape[1] - used[:, ::-1].argmax(axis=1),
        gram,
        np.linalg.inv(gram),
        free,
        found,
    )
    return found


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 12), st.integers(0, 2**31), st.floats(0, 1))
def test_areas_are_those_of_scipy(n, seed, correlation):
    random = np.random.default_rng(seed)
    columns = random.random((n, 40)) + correlation * random.random(40)
    spectra = random.normal(size=(20, 40)).astype(np.float32) * 10 + 1
    found = fit(columns, spectra, np.zeros(n, bool))
    for row, areas in zip(spectra, found, strict=True):
        wanted, _ = nnls(columns.T, row.astype(float), maxiter=1000)
        np.testing.assert_allclose(areas, wanted, atol=1e-6 * (1 + wanted.max()))


def test_free_columns_may_be_negative_and_bound_ones_may_not():
    random = np.random.default_rng(3)
    columns = random.random((5, 60))
    truth = np.array([-4.0, 3.0, -2.0, 1.0, 0.5])
    free = np.array([True, False, False, False, True])
    spectra = (truth @ columns)[None]
    (found,) = fit(columns, spectra, free)
    twice = np.vstack([columns, -columns[free]])
    wanted, _ = nnls(twice.T, spectra[0].astype(np.float32).astype(float))
    wanted[[0, 4]] -= wanted[5:]
    np.testing.assert_allclose(found, wanted[:5], atol=1e-6)
    assert found[0] < 0 <= found[1:4].min()
    (unbound,) = fit(columns, spectra, np.ones(5, bool))
    np.testing.assert_allclose(unbound, truth, atol=1e-4)


def test_short_columns_are_read_in_their_range_only():
    columns = np.zeros((2, 30))
    columns[0, 3:6] = [1, 2, 1]
    columns[1, 20:23] = [1, 2, 1]
    spectrum = 7 * columns[0] + 5 * columns[1]
    spectrum[10:15] = 1e6
    np.testing.assert_allclose(
        fit(columns, spectrum[None], np.zeros(2, bool)), [[7, 5]], rtol=1e-6
    )


@pytest.mark.parametrize("value", [0.0, -5.0])
def test_no_counts_and_negative_ones_give_areas_of_zero(value):
    columns = np.abs(np.random.default_rng(0).normal(size=(4, 25)))
    found = fit(columns, np.full((3, 25), value), np.zeros(4, bool), reach=4)
    assert np.isfinite(found).all()
    assert (found >= 0).all()


def test_values_that_are_no_numbers_spoil_their_own_spectrum_only():
    columns = np.abs(np.random.default_rng(0).normal(size=(3, 50)))
    spectra = np.tile(5 * columns.sum(axis=0), (3, 1))
    spectra[1, 20], spectra[2, 30] = np.nan, np.inf
    found = fit(columns, spectra, np.zeros(3, bool), reach=5)
    clean = fit(columns, spectra[:1], np.zeros(3, bool), reach=5)
    np.testing.assert_array_equal(found[0], clean[0])
    assert np.isnan(found[1:]).all()
