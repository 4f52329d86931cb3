"""Tables of Poisson numbers, and how bins are divided between them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from napari_maxrf.synthesis._recipe import LARGE_COUNTS, make_recipe, poisson_tables


def probabilities(entries: np.ndarray) -> np.ndarray:
    """Undo an alias table, one entry at a time."""
    found = np.zeros(len(entries))
    for j, entry in enumerate(entries.tolist()):
        kept = (entry >> 32) / 2**32
        found[j] += kept
        found[entry & 0xFFFFFFFF] += 1 - kept
    return found / len(entries)


def table(number: int) -> tuple[float, np.ndarray, np.ndarray]:
    """Mean, numbers and probabilities of one table."""
    tables = poisson_tables()
    length = 1 << (64 - int(tables.shift[number]))
    first = int(tables.first[number])
    numbers = int(tables.low[number]) + np.arange(length)
    entries = tables.entries[first : first + length]
    return float(tables.means[number]), numbers, probabilities(entries)


@pytest.mark.parametrize("number", [0, 1, 7, 29, 30, 90, -1])
def test_tables_hold_poisson_probabilities_into_the_tails(number: int) -> None:
    number %= len(poisson_tables().means)
    mean, numbers, found = table(number)
    law = stats.poisson(mean)
    assert found == pytest.approx(law.pmf(numbers), rel=1e-6, abs=2.0**-32)
    outside = law.sf(numbers[-1]) + (law.cdf(numbers[0] - 1) if numbers[0] else 0)
    assert outside < 1e-12


def test_tables_lie_one_after_the_other() -> None:
    tables = poisson_tables()
    lengths = 1 << (64 - tables.shift.astype(np.int64))
    assert np.array_equal(np.cumsum(lengths)[:-1], tables.first[1:].astype(np.int64))
    assert len(tables.entries) == lengths.sum()
    assert (np.diff(tables.means) > 0).all()


@settings(max_examples=50, deadline=None)
@given(
    st.lists(
        st.one_of(st.just(0.0), st.floats(1e-9, 1.0)), min_size=1, max_size=30
    ).filter(any),
    st.floats(1.0, 1e6),
)
def test_parts_of_a_bin_add_up_to_its_mean(shares: list[float], mean: float) -> None:
    expected = np.array([shares, shares[::-1]]) / sum(shares)
    recipe = make_recipe(expected, mean, "poisson")
    for k in range(2):
        means = np.zeros(len(shares))
        parts = slice(recipe.start[k], recipe.start[k + 1])
        np.add.at(
            means, recipe.bins[parts], poisson_tables().means[recipe.tables[parts]]
        )
        large = slice(recipe.large_start[k], recipe.large_start[k + 1])
        assert (recipe.large_mean[large] >= LARGE_COUNTS).all()
        means[recipe.large_bin[large]] += recipe.large_mean[large]
        rest = recipe.rest[k] * probabilities(recipe.alias[k])
        assert means + rest == pytest.approx(expected[k] * mean, rel=1e-6, abs=1e-6)
        assert rest.max() < 1 + 1e-6


def test_fixed_totals_are_shared_out_photon_by_photon() -> None:
    recipe = make_recipe(np.array([[0.9, 0.1]]), 1e6, "fixed")
    assert len(recipe.bins) == len(recipe.large_bin) == 0
    assert recipe.rest.tolist() == [1e6]
