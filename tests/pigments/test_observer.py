"""The ideal observer against closed forms, slow sums, bounds and the real sampler."""

from __future__ import annotations

from functools import reduce
from math import exp, log, sqrt

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from napari_maxrf.errors import MaxrfError
from napari_maxrf.pigments import _observer as observer
from napari_maxrf.pigments._observer import (
    counts_for_error,
    error_table,
    ideal_error,
)
from napari_maxrf.synthesis import sample_spectra

spectra_of_seven = arrays(
    np.float64, (2, 7), elements=st.one_of(st.just(0.0), st.floats(1e-4, 1))
).filter(lambda rows: rows.sum(axis=1).min() > 0)


def slow_error(p: np.ndarray, q: np.ndarray, counts: float) -> float:
    """Sum half of min(P, Q) over all outcomes of a few channels."""
    number = np.arange(int(counts + 12 * sqrt(counts) + 25))
    chances = []
    for spectrum in (p, q):
        parts = [stats.poisson.pmf(number, mean * counts) for mean in spectrum]
        chances.append(reduce(np.multiply.outer, parts))
    return float(np.minimum(*chances).sum() / 2)


def random_pair(n_channels: int, spread: float, seed: int = 3) -> np.ndarray:
    """Return two spectra that differ by a random factor in every channel."""
    rng = np.random.default_rng(seed)
    p = rng.gamma(1.0, 1.0, n_channels)
    return np.array([p, p * np.exp(rng.normal(0, spread, n_channels))])


def test_equal_spectra_are_a_toss_of_a_coin():
    spectrum = np.random.default_rng(0).random(300)
    for counts in (1, 400, 1e6):
        assert ideal_error(spectrum, 7 * spectrum, counts)[0] == pytest.approx(0.5)


@pytest.mark.parametrize("counts", [0.01, 1, 5, 27])
def test_spectra_without_a_common_channel_are_mistaken_without_photons(counts):
    assert ideal_error([1, 0], [0, 1], counts)[0] == pytest.approx(exp(-counts) / 2)


@pytest.mark.parametrize("share", [0.5, 0.05, 1e-3])
@pytest.mark.parametrize("counts", [1, 20])
def test_a_line_that_only_one_spectrum_has(share, counts):
    error = ideal_error([1, 0], [1 - share, share], counts)[0]
    assert error == pytest.approx(exp(-counts * share) / 2, rel=1e-3)


@pytest.mark.parametrize(
    ("share", "counts"),
    [(0.5001, 400), (0.55, 400), (0.6, 50), (0.7, 250), (0.9, 3), (0.9, 60)],
)
def test_mirrored_pair_of_channels_is_a_skellam_tail(share, counts):
    difference = stats.skellam(share * counts, (1 - share) * counts)
    exact = difference.cdf(-1) + difference.pmf(0) / 2
    error = ideal_error([share, 1 - share], [1 - share, share], counts)[0]
    assert error == pytest.approx(exact, rel=2e-3)


@pytest.mark.parametrize("counts", [0.3, 2, 9])
@pytest.mark.parametrize(
    ("p", "q"),
    [
        ([1, 2, 3], [3, 2, 1]),
        ([1, 0, 5], [1, 1, 4]),
        ([1, 0, 5], [0, 3, 4]),
        ([0.001, 5, 6], [2, 6, 6]),
        ([5, 1, 1], [5, 1.1, 0.9]),
    ],
)
def test_a_few_channels_against_the_sum_over_all_outcomes(p, q, counts):
    exact = slow_error(np.array(p) / sum(p), np.array(q) / sum(q), counts)
    assert ideal_error(p, q, counts)[0] == pytest.approx(exact, rel=3e-3)


@pytest.mark.parametrize("deviate", [0.02, 0.5, 2.0, 4.0, 7.0])
def test_many_weak_differences_give_the_gaussian_error(deviate):
    p, q = random_pair(2000, 1e-3)
    p, q = p / p.sum(), q / q.sum()
    counts = (2 * deviate) ** 2 / ((p - q) ** 2 / (p + q) * 2).sum()
    error = ideal_error(p, q, counts)[0]
    assert error == pytest.approx(stats.norm.cdf(-deviate), rel=2e-3)


def test_judging_drawn_photons_errs_as_often_as_foretold():
    n_draws = 40_000
    for counts, spread, seed in ((400, 0.1, 1), (400, 0.2, 2), (30, 0.8, 3)):
        pair = random_pair(512, spread, seed)
        pair /= pair.sum(axis=1, keepdims=True)
        truth = np.repeat([0, 1], n_draws // 2)
        drawn = sample_spectra(pair, truth, counts, seed=seed)
        judged = (drawn @ np.log(pair[0] / pair[1]) < 0).astype(int)
        expected = ideal_error(pair[0], pair[1], counts)[0]
        assert 0.01 < expected < 0.4
        deviation = sqrt(expected * (1 - expected) / n_draws)
        assert np.mean(judged != truth) == pytest.approx(expected, abs=4 * deviation)


def test_judging_photons_of_lines_that_only_one_has():
    pair = np.array([[0.90, 0.02, 0.08, 0.0], [0.93, 0.0, 0.06, 0.01]])
    truth = np.repeat([0, 1], 20_000)
    drawn = sample_spectra(pair, truth, 50, seed=4)
    first, second = (stats.poisson.pmf(drawn, 50 * p).prod(axis=1) for p in pair)
    expected = ideal_error(pair[0], pair[1], 50)[0]
    assert np.mean((second > first) != truth) == pytest.approx(expected, abs=0.009)


def test_a_finer_lattice_gives_the_same(monkeypatch):
    pairs = [random_pair(512, spread, 5) for spread in (1e-3, 0.03, 0.3, 1.0)]
    first, second = np.moveaxis(np.array(pairs), 1, 0)
    counts = (1, 30, 400, 3000)
    usual = [ideal_error(first, second, n) for n in counts]
    monkeypatch.setattr(observer, "_LATTICE", 2**16)
    monkeypatch.setattr(observer, "_WINDOW_DEVIATIONS", 14.0)
    fine = [ideal_error(first, second, n) for n in counts]
    shown = np.array(fine) > 1e-12
    assert shown.sum() >= 12
    np.testing.assert_allclose(np.array(usual)[shown], np.array(fine)[shown], rtol=1e-3)


@settings(deadline=None, max_examples=60)
@given(spectra_of_seven, st.floats(0.1, 3000))
def test_error_lies_between_its_bounds(pair, counts):
    p, q = pair / pair.sum(axis=1, keepdims=True)
    overlap = exp(-counts * (1 - np.sqrt(p * q).sum()))
    error = ideal_error(p, q, counts)[0]
    assert error <= overlap / 2 * (1 + 1e-6)
    least = overlap**2 / (1 + sqrt(max(1 - overlap**2, 0))) / 2
    assert error >= least * (1 - 2e-3) - 1e-15


@settings(deadline=None, max_examples=40)
@given(spectra_of_seven, st.floats(0.1, 3000))
def test_error_is_the_same_the_other_way_round(pair, counts):
    there = ideal_error(pair[0], pair[1], counts)[0]
    back = ideal_error(pair[1], pair[0], counts)[0]
    assert there == pytest.approx(back, rel=1e-3, abs=1e-12)


@settings(deadline=None, max_examples=40)
@given(spectra_of_seven, st.floats(0.1, 1000), st.floats(1.1, 10))
def test_more_photons_never_hurt(pair, counts, more):
    few, many = (ideal_error(pair[0], pair[1], n)[0] for n in (counts, counts * more))
    assert many <= few * (1 + 2e-3) + 1e-15


@settings(deadline=None, max_examples=40)
@given(spectra_of_seven, st.floats(0.1, 1000))
def test_coarser_channels_never_help(pair, counts):
    merged = np.column_stack([pair[:, :3], pair[:, 3:].sum(axis=1)])
    fine, coarse = (ideal_error(rows[0], rows[1], counts)[0] for rows in (pair, merged))
    assert coarse >= fine * (1 - 3e-3) - 1e-15


@pytest.mark.parametrize("order", ["reversed", "split"])
def test_order_and_splitting_of_channels_do_not_matter(order):
    pair = random_pair(200, 0.3)
    other = pair[:, ::-1] if order == "reversed" else np.repeat(pair, 2, axis=1)
    assert ideal_error(*other, 100)[0] == pytest.approx(ideal_error(*pair, 100)[0])


@pytest.mark.parametrize("n_columns", [None, 3])
def test_table_holds_the_errors_of_all_pairs(n_columns):
    rng = np.random.default_rng(0)
    rows = rng.gamma(1.0, 1.0, 40) * np.exp(rng.normal(0, 0.4, (6, 40)))
    rows[4] = rng.random(40) < 0.5
    columns = None if n_columns is None else rows[:n_columns]
    table = error_table(rows, 60, columns)
    assert table.shape == (6, n_columns or 6)
    for i, j in np.ndindex(table.shape):
        expected = ideal_error(rows[i], rows[j], 60)[0]
        assert table[i, j] == pytest.approx(expected, rel=1e-6, abs=1e-15)
    if columns is None:
        np.testing.assert_array_equal(table, table.T)


def test_many_pairs_at_once_equal_one_at_a_time():
    rng = np.random.default_rng(1)
    first = rng.random((700, 30))
    second = first * np.exp(rng.normal(0, 0.3, first.shape))
    counts = rng.uniform(1, 500, 700)
    together = ideal_error(first, second, counts)
    alone = [ideal_error(first[k], second[k], counts[k])[0] for k in (0, 255, 256, 699)]
    np.testing.assert_allclose(together[[0, 255, 256, 699]], alone, rtol=1e-3)


@settings(deadline=None, max_examples=30)
@given(spectra_of_seven, st.floats(1e-4, 0.4))
def test_needed_counts_give_the_error_asked_for(pair, error):
    needed = counts_for_error(pair[0], pair[1], error)[0]
    assume(np.isfinite(needed) and needed > 2e-3)
    assert ideal_error(pair[0], pair[1], needed)[0] == pytest.approx(error, rel=5e-3)


def test_needed_counts_where_photons_of_one_line_decide():
    needed = counts_for_error([1.0, 0.0], [0.99, 0.01], 0.01)[0]
    assert needed == pytest.approx(100 * log(50), rel=2e-3)


def test_no_photons_suffice_for_equal_spectra():
    assert counts_for_error([1, 2], [2, 4]).tolist() == [np.inf]


@pytest.mark.parametrize(
    "spectrum", [[0.0, 0.0], [1.0, -0.1], [np.nan, 1.0], [np.inf, 1.0]]
)
def test_spectra_that_are_none_are_refused(spectrum):
    with pytest.raises(MaxrfError, match="Spectra of shape"):
        ideal_error([1.0, 1.0], spectrum, 100)


@pytest.mark.parametrize("counts", [0, -1, np.nan, np.inf])
def test_counts_must_be_above_zero(counts):
    with pytest.raises(MaxrfError, match="Counts must be above 0"):
        ideal_error([1.0, 1.0], [1.0, 2.0], counts)
    with pytest.raises(MaxrfError, match="Counts must be above 0"):
        error_table([[1.0, 1.0], [1.0, 2.0]], counts)


@pytest.mark.parametrize("error", [0, 0.5, 1.2, np.nan])
def test_error_asked_for_must_be_possible(error):
    with pytest.raises(MaxrfError, match="must lie between"):
        counts_for_error([1.0, 1.0], [1.0, 2.0], error)
