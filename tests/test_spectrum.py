"""A measured spectrum keeps its counts, on its own axis and on any other."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_maxrf.cube import EnergyAxis
from napari_maxrf.errors import CalibrationError, FormatError
from napari_maxrf.spectrum import MeasuredSpectrum


def spectrum(counts, axis=None) -> MeasuredSpectrum:
    return MeasuredSpectrum(np.asarray(counts, dtype=float), axis, "ochre", "o.mca")


def shared_out_slowly(counts, own, axis):
    """Add the overlap of every channel with every other, one by one."""
    result = np.zeros(axis.n_channels)
    edges, goal = own.edges_kev, axis.edges_kev
    for i, value in enumerate(counts):
        for j in range(axis.n_channels):
            overlap = min(edges[i + 1], goal[j + 1]) - max(edges[i], goal[j])
            result[j] += value * max(0.0, overlap) / (edges[i + 1] - edges[i])
    return result


AXES = st.builds(
    EnergyAxis,
    st.integers(1, 40),
    st.floats(-1, 1),
    st.floats(0.02, 0.5),
    st.floats(0, 1e-3),
)


@given(AXES, AXES, st.integers(0, 2**32 - 1))
def test_rebinning_agrees_with_a_slow_sum_of_overlaps(own, axis, seed):
    counts = np.random.default_rng(seed).normal(100, 60, own.n_channels)
    if own.range_kev[0] >= axis.range_kev[1] or own.range_kev[1] <= axis.range_kev[0]:
        return
    np.testing.assert_allclose(
        spectrum(counts, own).on(axis),
        shared_out_slowly(counts, own, axis),
        rtol=1e-9,
        atol=1e-8,
    )


def test_rebinning_conserves_large_counts_to_the_last():
    counts = np.random.default_rng(1).integers(0, 2**31, 4096)
    own = EnergyAxis(4096, -0.4, 0.01)
    wide = EnergyAxis.from_range(-1, 45, 777)
    assert spectrum(counts, own).on(wide).sum() == pytest.approx(
        counts.sum(), rel=1e-12
    )


def test_rebinning_to_its_own_axis_changes_nothing():
    own = EnergyAxis(64, 0.1, 0.05)
    counts = np.arange(64.0)
    np.testing.assert_allclose(spectrum(counts, own).on(own), counts, atol=1e-12)


def test_counts_outside_the_target_are_left_out():
    own, low_half = EnergyAxis.from_range(0, 4, 4), EnergyAxis.from_range(0, 2, 1)
    assert spectrum([1, 2, 3, 4], own).on(low_half).tolist() == [3]


def test_without_calibration_it_cannot_be_rebinned_until_it_is_calibrated():
    bare = spectrum([1, 2, 3])
    axis = EnergyAxis(3, 0.0, 1.0)
    with pytest.raises(CalibrationError, match=r"ochre \(o\.mca\) holds no energy"):
        bare.on(axis)
    assert bare.calibrated(axis).on(axis).tolist() == [1, 2, 3]
    assert bare.axis is None


def test_axes_with_nothing_in_common_are_refused():
    with pytest.raises(CalibrationError, match=r"0\.00 to 2\.00 keV.*3\.00 to 4\.00"):
        spectrum([1, 2], EnergyAxis.from_range(0, 2, 2)).on(
            EnergyAxis.from_range(3, 4, 5)
        )


def test_counts_and_axis_must_have_one_length():
    with pytest.raises(CalibrationError, match="has 3 channels, its energy axis 4"):
        spectrum([1, 2, 3]).calibrated(EnergyAxis(4, 0.0, 1.0))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_values_that_are_not_finite_are_refused_with_their_channel(value):
    with pytest.raises(FormatError, match="in channel 1"):
        spectrum([1, value, 3])


@pytest.mark.parametrize("counts", [[], [[1, 2]], 3])
def test_anything_but_one_row_of_counts_is_refused(counts):
    with pytest.raises(FormatError, match="expected one row"):
        spectrum(counts)


def test_it_holds_its_own_counts_read_only():
    given_counts = np.ones(3)
    held = spectrum(given_counts)
    given_counts[0] = 7
    assert held.counts.tolist() == [1, 1, 1]
    assert held.counts.dtype == np.float64
    with pytest.raises(ValueError, match="read-only"):
        held.counts[0] = 5
