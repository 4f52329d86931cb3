"""Photon counts against the distributions they must follow.

Seeds are fixed, so that a test gives the same result every time; the bounds on
p-values say how surprising that one result may be.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from napari_maxrf.errors import MaxrfError
from napari_maxrf.synthesis import photon_sampler, sample_spectra
from napari_maxrf.synthesis._sampling import derived_seed

MODES = ("poisson", "fixed", "log-uniform")
M = 20_000


def peaked(n_bins: int = 100, k: int = 3, seed: int = 0) -> np.ndarray:
    """Expected spectra with strong and weak bins, and a tenth of them empty."""
    rng = np.random.default_rng(seed)
    spectra = np.exp(rng.normal(0, 2, (k, n_bins)))
    spectra[:, ::10] = 0
    return spectra / spectra.sum(axis=1, keepdims=True)


def chi_square_p(observed: np.ndarray, expected: np.ndarray, lost: int) -> float:
    """p-value of counts in classes that expect enough."""
    used = expected > 10
    distance = ((observed[used] - expected[used]) ** 2 / expected[used]).sum()
    return float(stats.chi2.sf(distance, int(used.sum()) - lost))


@pytest.mark.parametrize("mean", [3.0, 400.0, 30000.0])
@pytest.mark.parametrize("mode", ["poisson", "fixed"])
def test_bins_are_filled_as_expected(mode: str, mean: float) -> None:
    expected = peaked()[0]
    m = 2000 if mean > 1000 else M
    counts = sample_spectra(expected, np.zeros(m, int), mean, 5, mode)
    sums = counts.sum(axis=0, dtype=float)
    p = chi_square_p(sums, expected * mean * m, lost=int(mode == "fixed"))
    assert 1e-3 < p < 1 - 1e-3
    assert not sums[expected == 0].any()


@pytest.mark.parametrize("mean", [0.3, 1.0, 1.7, 4.0, 15.9, 33.3, 1000.0, 20000.0])
def test_single_bin_is_poisson_distributed_into_its_tails(mean: float) -> None:
    counts = sample_spectra([[1.0]], np.zeros(40 * M, int), mean, 11)[:, 0]
    values = np.arange(int(mean + 9 * mean**0.5) + 12)
    expected = stats.poisson(mean).pmf(values) * len(counts)
    observed = np.bincount(counts, minlength=len(values))[: len(values)]
    assert 1e-3 < chi_square_p(observed, expected, lost=0) < 1 - 1e-3
    far = stats.poisson(mean).isf(1e-4)
    beyond = stats.poisson(mean).sf(far) * len(counts)
    assert abs((counts > far).sum() - beyond) < 5 * beyond**0.5 + 3


@pytest.mark.parametrize("mean", [30.0, 400.0, 5000.0])
def test_every_bin_has_the_variance_of_poisson_and_bins_are_uncorrelated(
    mean: float,
) -> None:
    expected = peaked(20)[0]
    counts = sample_spectra(expected, np.zeros(M, int), mean, 2)
    used = expected * mean > 1
    dispersion = counts.var(axis=0)[used] / counts.mean(axis=0)[used]
    assert dispersion == pytest.approx(1, abs=0.06)
    between = np.corrcoef(counts[:, used].T) - np.eye(int(used.sum()))
    assert np.abs(between).max() < 5 / M**0.5


def test_totals_of_poisson_mode_vary_like_poisson() -> None:
    totals = sample_spectra(peaked()[0], np.zeros(M, int), 400, 3).sum(axis=1)
    assert totals.mean() == pytest.approx(400, abs=5 * (400 / M) ** 0.5)
    assert totals.var() == pytest.approx(400, rel=5 * (2 / M) ** 0.5)


def test_totals_of_fixed_mode_are_exact_and_bins_multinomial() -> None:
    expected = peaked(12)[0]
    counts = sample_spectra(expected, np.zeros(M, int), 400, 3, "fixed")
    assert (counts.sum(axis=1) == 400).all()
    used = expected > 0
    variance = 400 * expected * (1 - expected)
    assert counts.var(axis=0)[used] == pytest.approx(variance[used], rel=0.06)


def test_log_uniform_means_are_uniform_in_their_logarithm() -> None:
    totals = sample_spectra(
        [[0.5, 0.5]], np.zeros(M, int), 1e5, 4, "log-uniform", counts_high=1e7
    ).sum(axis=1)
    place = np.log(totals / 1e5) / np.log(100)  # noise of 0.3 % at most
    assert stats.kstest(place, "uniform").pvalue > 1e-3


def test_each_pixel_follows_its_own_cluster() -> None:
    expected = np.eye(4)[[2, 0, 3]]
    which = np.random.default_rng(0).integers(0, 3, 500)
    counts = sample_spectra(expected, which, 50, 1, "fixed")
    assert (counts == 50 * expected[which]).all()


def test_neighbouring_pixels_are_independent() -> None:
    counts = sample_spectra([[0.5, 0.3, 0.2]], np.zeros(M, int), 400, 8).astype(float)
    for lag in (1, 2, 64, 256):
        for one in range(3):
            for two in range(3):
                apart = np.corrcoef(counts[lag:, one], counts[:-lag, two])[0, 1]
                assert abs(apart) < 4.5 / M**0.5


@pytest.mark.parametrize("other", [1, 2, 1 << 32, derived_seed(0, "a")])
def test_seeds_are_independent(other: int) -> None:
    zeros = np.zeros(M, int)
    totals = [
        sample_spectra([[0.6, 0.4]], zeros, 400, seed).astype(float)
        for seed in (0, other)
    ]
    for column in range(2):
        one, two = (counts[:, column] for counts in totals)
        assert abs(np.corrcoef(one, two)[0, 1]) < 4.5 / M**0.5


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from(MODES),
    st.integers(0, 2**63 - 1),
    st.lists(st.integers(0, 39), max_size=5),
    st.sampled_from([5.0, 900.0]),
)
def test_counts_do_not_depend_on_how_the_pixels_are_divided(
    mode: str, seed: int, cuts: list[int], mean: float
) -> None:
    expected = peaked(30)
    which = np.arange(40) % 3
    settings_ = (mean, seed, mode)
    whole = sample_spectra(expected, which, *settings_, counts_high=2000)
    starts = sorted({0, *cuts})
    parts = [
        sample_spectra(
            expected, which[a:b], *settings_, counts_high=2000, first_index=a
        )
        for a, b in zip(starts, [*starts[1:], 40], strict=True)
    ]
    assert np.array_equal(np.concatenate(parts), whole)


def test_threads_draw_the_same_as_one() -> None:
    sampler = photon_sampler(peaked(), 400, 6)
    index = np.arange(8000).reshape(16, -1)
    which = index % 3
    with ThreadPoolExecutor(4) as pool:
        side_by_side = list(pool.map(sampler.draw, which, index))
    alone = sampler.draw(which.ravel(), index.ravel())
    assert np.array_equal(np.concatenate(side_by_side), alone)


@pytest.mark.parametrize("mean", [40.0, 30000.0])
@pytest.mark.parametrize("mode", ["poisson", "fixed"])
def test_number_of_threads_changes_no_count(mode: str, mean: float) -> None:
    sampler = photon_sampler(peaked(), mean, 6, mode)
    index = np.arange(3000)
    alone = sampler.draw(index % 3, index)
    assert np.array_equal(sampler.draw(index % 3, index, threads=3), alone)


def test_counts_do_not_depend_on_the_order_of_the_pixels() -> None:
    sampler = photon_sampler(peaked(), 4000, 6)
    index = np.random.default_rng(1).permutation(500)
    sorted_ = sampler.draw(np.arange(500) % 3, np.arange(500))
    assert np.array_equal(sampler.draw(index % 3, index), sorted_[index])


def test_generator_gives_new_counts_each_call_and_can_be_repeated() -> None:
    def twice(seed: int) -> tuple[np.ndarray, np.ndarray]:
        rng = np.random.default_rng(seed)
        first, second = (sample_spectra(peaked(), [0, 1], 99, rng) for _ in range(2))
        return first, second

    first, second = twice(1)
    assert not np.array_equal(first, second)
    assert np.array_equal(first, twice(1)[0])


@pytest.mark.parametrize(
    ("mean", "dtype"), [(400, np.uint16), (60000, np.uint16), (65000, np.uint32)]
)
def test_integers_are_wide_enough(mean: float, dtype: type) -> None:
    counts = sample_spectra([[1.0]], np.zeros(50, int), mean)
    assert counts.dtype == dtype
    assert counts.mean() == pytest.approx(mean, abs=5 * (mean / 50) ** 0.5)


def test_rows_without_counts_are_allowed_until_they_are_drawn_from() -> None:
    expected = np.array([[1.0, 1.0], [0.0, 0.0]])
    assert sample_spectra(expected, [0], 10, mode="fixed").sum() == 10
    with pytest.raises(MaxrfError, match="zero in every bin"):
        sample_spectra(expected, [0, 1], 10)


def test_no_pixels_give_no_counts() -> None:
    assert sample_spectra([[1.0, 1.0]], np.zeros(0, int), 10).shape == (0, 2)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (([[1.0, -1.0]], [0], 10), "negative"),
        (([[np.nan, 1.0]], [0], 10), "finite"),
        ((np.zeros((1, 0)), [0], 10), "no bin"),
        (([[1.0]], [1], 10), "Cluster numbers"),
        (([[1.0]], [-1], 10), "Cluster numbers"),
        (([[1.0]], [0], 0), "above 0"),
        (([[1.0]], [0], float("nan")), "nan"),
        (([[1.0]], [0], 10, 0, "gauss"), "log-uniform"),
        (([[1.0]], [0], 10, 0, "log-uniform"), "counts_high"),
    ],
)
def test_unusable_arguments_are_refused(arguments: tuple, words: str) -> None:
    with pytest.raises(MaxrfError, match=words):
        sample_spectra(*arguments)
