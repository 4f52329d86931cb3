"""Shapes of peaks on channels, against closed forms and numerical integrals."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad

from napari_maxrf.cube import EnergyAxis
from napari_maxrf.physics._peaks import NO_TAIL, Tail, peak_matrix

FINE = EnergyAxis.from_range(0.0, 20.0, 2000)


def binned(
    energy: np.ndarray,
    counts: np.ndarray,
    sigma: np.ndarray,
    axis: EnergyAxis,
    tail: Tail = NO_TAIL,
) -> np.ndarray:
    """Return the sum of several peaks."""
    return peak_matrix(energy, sigma, axis, tail).T @ counts


@settings(max_examples=30, deadline=None)
@given(
    energy=st.floats(2, 18),
    sigma=st.floats(0.001, 0.15),
    bins=st.integers(20, 3000),
)
def test_binning_keeps_area_and_position(
    energy: float, sigma: float, bins: int
) -> None:
    axis = EnergyAxis.from_range(0.0, 20.0, bins)
    counts = binned(np.array([energy]), np.array([7.0]), np.array([sigma]), axis)
    assert counts.sum() == pytest.approx(7.0, rel=1e-9)
    mean = counts @ axis.centres_kev / counts.sum()
    assert mean == pytest.approx(energy, abs=axis.gain_kev / 2 + 1e-9)


def test_binning_gives_the_gaussian_on_fine_channels() -> None:
    counts = binned(np.array([6.4]), np.array([1.0]), np.array([0.06]), FINE)
    x = (FINE.centres_kev - 6.4) / 0.06
    expected = np.exp(-0.5 * x**2) / (0.06 * np.sqrt(2 * np.pi)) * FINE.gain_kev
    np.testing.assert_allclose(counts, expected, atol=expected.max() * 2e-3)


def test_coarse_channels_hold_the_sum_of_fine_ones() -> None:
    args = (np.array([3.7, 6.4]), np.array([2.0, 5.0]), np.array([0.05, 0.06]))
    coarse = binned(*args, EnergyAxis.from_range(0.0, 20.0, 200))
    np.testing.assert_allclose(
        coarse, binned(*args, FINE).reshape(200, 10).sum(axis=1), atol=1e-12
    )


def test_peaks_outside_the_axis_leave_no_trace() -> None:
    args = (np.array([-3.0, 50.0]), np.array([1.0, 1.0]), np.array([0.1, 0.1]))
    assert binned(*args, FINE).sum() < 1e-12


def test_zero_width_puts_a_peak_into_one_channel() -> None:
    counts = binned(np.array([6.404]), np.array([3.0]), np.zeros(1), FINE)
    assert counts[640] == pytest.approx(3.0)
    assert np.count_nonzero(counts > 1e-9) == 1


def test_binning_follows_a_quadratic_axis() -> None:
    axis = EnergyAxis(1000, 0.1, 0.018, 1e-6)
    counts = binned(np.array([6.4]), np.array([1.0]), np.array([0.06]), axis)
    assert counts.sum() == pytest.approx(1)
    assert abs(axis.centres_kev[counts.argmax()] - 6.4) < 0.02


@pytest.mark.parametrize(("sigma", "length"), [(0.06, 0.15), (0.04, 0.6), (0.1, 0.02)])
def test_tail_is_the_convolution_of_gaussian_and_exponential(
    sigma: float, length: float
) -> None:
    def density(x: float) -> float:
        def below(step: float) -> float:
            return float(np.exp(-0.5 * ((x + step - 6.4) / sigma) ** 2 - step / length))

        near = max(6.4 - x, 0.0)
        points = [near] if near > 0 else None
        value = quad(below, 0, near + 9 * sigma, points=points, limit=200)[0]
        return value / (length * sigma * np.sqrt(2 * np.pi))

    axis = EnergyAxis.from_range(5.0, 7.0, 400)
    args = (np.array([6.4]), np.ones(1), np.array([sigma]), axis)
    computed = binned(*args, Tail(1.0, length)) / axis.gain_kev
    slow = np.array([density(x) for x in axis.centres_kev[::20]])
    allowed = 5e-3 * computed.max()
    np.testing.assert_allclose(computed[::20], slow, atol=allowed)


@settings(max_examples=40, deadline=None)
@given(
    sigma=st.floats(0.0, 0.3),
    share=st.floats(0.0, 0.5),
    length=st.floats(0.01, 0.5),
    bins=st.integers(20, 3000),
)
def test_a_tail_only_moves_counts_downwards(
    sigma: float, share: float, length: float, bins: int
) -> None:
    axis = EnergyAxis.from_range(0.0, 20.0, bins)
    args = (np.array([12.0]), np.ones(1), np.array([sigma]), axis)
    plain, tailed = binned(*args), binned(*args, Tail(share, length))
    assert tailed.sum() == pytest.approx(1, abs=1e-6)
    assert tailed.min() >= -1e-12
    assert np.all(np.cumsum(tailed) >= np.cumsum(plain) - 1e-6)


def test_mean_of_a_tailed_peak_lies_below_by_share_times_length() -> None:
    args = (np.array([12.0]), np.ones(1), np.array([0.07]), FINE)
    counts = binned(*args, Tail(0.2, 0.3))
    assert counts @ FINE.centres_kev == pytest.approx(12.0 - 0.2 * 0.3, abs=1e-4)


def test_tail_of_an_infinitely_sharp_peak_is_an_exponential() -> None:
    args = (np.array([10.0]), np.ones(1), np.zeros(1), FINE)
    counts = binned(*args, Tail(0.5, 0.4))
    edges = np.minimum(FINE.edges_kev - 10.0, 0)
    expected = 0.5 * np.diff(np.exp(edges / 0.4))
    expected[999] += 0.5
    np.testing.assert_allclose(counts[:999], expected[:999], atol=1e-6)
    assert counts[1001:].sum() == pytest.approx(0, abs=1e-12)
