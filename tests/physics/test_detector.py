"""The detector's response, against closed forms and measured fractions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_maxrf.cube import EnergyAxis
from napari_maxrf.physics import load_instrument
from napari_maxrf.physics._detector import (
    binned,
    efficiency,
    escape_fraction,
    fwhm_kev,
    pile_up,
    shelf,
    with_escape,
)
from napari_maxrf.physics._instrument import Detector

if TYPE_CHECKING:
    from collections.abc import Callable

FINE = EnergyAxis.from_range(0.0, 20.0, 2000)


@pytest.mark.parametrize(
    ("energy", "percent"),
    [(3.69, 0.91), (4.51, 0.66), (6.40, 0.32), (8.04, 0.18), (10.55, 0.09)],
)
def test_escape_fraction(energy: float, percent: float) -> None:
    share = 100 * escape_fraction(np.array([energy]))[0]
    assert share / (1 - share / 100) == pytest.approx(percent, abs=0.011)


def test_nothing_escapes_below_the_silicon_edge() -> None:
    assert escape_fraction(np.array([1.8]))[0] == 0
    energy, counts = with_escape(np.array([1.7]), np.array([5.0]))
    assert energy.tolist() == [1.7]
    assert counts.tolist() == [5.0]


def test_escape_conserves_pulses() -> None:
    energy, counts = with_escape(np.array([6.4, 3.7]), np.array([100.0, 10.0]))
    assert counts.sum() == pytest.approx(110)
    np.testing.assert_allclose(energy[2:], [4.66, 1.96])


@pytest.mark.parametrize(
    ("file", "energy", "percent"), [("Fe", 6.40, 0.27), ("Cu", 8.04, 0.18)]
)
def test_escape_peak_of_a_measured_spectrum(
    read_measured: Callable,
    fit_peaks: Callable,
    file: str,
    energy: float,
    percent: float,
) -> None:
    spectrum = read_measured(f"xrf_elements_xgt7200/{file}.txt")
    parent = fit_peaks(
        spectrum.axis, spectrum.counts, [(energy, 0.06)], energy - 0.3, energy + 0.25
    )[0]
    place = energy - 1.74
    child = fit_peaks(
        spectrum.axis, spectrum.counts, [(place, 0.055)], place - 0.3, place + 0.3
    )[0]
    measured = 100 * child.area / parent.area
    assert measured == pytest.approx(percent, rel=0.25)
    share = escape_fraction(np.array([energy]))[0]
    assert 100 * share == pytest.approx(measured, rel=0.3)


def test_efficiency_counts_photoabsorption_only() -> None:
    bare = Detector(thickness_um=450, window_um=0, dead_layer_um=0)
    assert efficiency(bare, np.array([22.1]))[0] == pytest.approx(0.270, abs=0.002)


def test_efficiency_falls_at_both_ends() -> None:
    values = efficiency(Detector(), np.array([0.6, 2.0, 8.0, 20.0, 35.0]))
    assert values[2] > 0.97
    assert np.all(np.diff(values[:3]) > 0)
    assert np.all(np.diff(values[2:]) < 0)


@pytest.mark.parametrize(
    ("name", "expected"), [("aurora_10264", 142), ("aurora_19511", 124)]
)
def test_resolution_of_presets_at_manganese(name: str, expected: float) -> None:
    detector = load_instrument(name).detector
    width = 1000 * fwhm_kev(detector, np.array([5.895]))[0]
    assert width == pytest.approx(expected, abs=4)


def test_noise_alone_gives_the_width_at_zero() -> None:
    detector = Detector(s0_kev2=1.002e-3, s1_kev=4.51e-4)
    assert 1000 * fwhm_kev(detector, np.array([0.0]))[0] == pytest.approx(74.5, abs=0.1)
    assert 1000 * fwhm_kev(detector, np.array([5.9]))[0] == pytest.approx(
        142.5, abs=0.2
    )


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


def test_shelf_is_flat_and_ends_at_the_peak() -> None:
    detector = Detector(shelf_per_kev=1e-3)
    tail = shelf(detector, np.array([10.0]), np.array([1000.0]), FINE)
    np.testing.assert_allclose(tail[:1000], 1e-3 * 1000 * 0.01)
    np.testing.assert_allclose(tail[1000:], 0, atol=1e-12)


def test_pile_up_of_two_lines() -> None:
    axis = EnergyAxis(2000, 0.005, 0.01)
    detector = Detector(pulse_us=0.3, count_rate_cps=100_000)
    counts = np.zeros(2000)
    counts[400], counts[640] = 60_000.0, 40_000.0
    piled = pile_up(detector, counts, axis)
    tau = 0.3e-6
    at = [axis.channel_of(2 * 4.005), axis.channel_of(4.005 + 6.405)]
    near = [piled[i - 2 : i + 3].sum() for i in at]
    assert near[0] == pytest.approx(60_000**2 * tau)
    assert near[1] == pytest.approx(2 * 60_000 * 40_000 * tau)
    assert piled[400] == pytest.approx(60_000 * (1 - 2 * tau * 100_000))


def test_every_pair_becomes_one_count() -> None:
    detector = Detector(pulse_us=0.3, count_rate_cps=100_000)
    counts = np.zeros(2000)
    counts[200:600] = 1.0
    piled = pile_up(detector, counts, FINE)
    assert piled.sum() == pytest.approx(counts.sum() * (1 - 0.03))


def test_no_pile_up_at_rest() -> None:
    counts = np.ones(10)
    still = Detector(count_rate_cps=0)
    np.testing.assert_array_equal(pile_up(still, counts, FINE), counts)
