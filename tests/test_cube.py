"""The energy axis and the cube, against closed forms and hand-worked numbers."""

from __future__ import annotations

import dask.array as da
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_maxrf.cube import EnergyAxis, SpectralCube
from napari_maxrf.errors import CalibrationError, MaxrfError

axes = st.builds(
    EnergyAxis,
    n_channels=st.integers(1, 300),
    offset_kev=st.floats(-1, 2),
    gain_kev=st.floats(0.005, 0.2),
    quad_kev=st.floats(0, 1e-6),
)


def cube_of(counts, low=0.5, high=38.5, **facts) -> SpectralCube:
    counts = np.asarray(counts)
    axis = EnergyAxis.from_range(low, high, counts.shape[2])
    return SpectralCube(da.from_array(counts, chunks=2), axis, **facts)


def test_published_range_gives_the_published_bin_width():
    axis = EnergyAxis.from_range(0.5, 38.5, 512)
    assert axis.gain_kev * 1000 == pytest.approx(74.21875)
    assert axis.range_kev == pytest.approx((0.5, 38.5))
    assert EnergyAxis.from_range(0.5, 38.5, 1024).gain_kev == pytest.approx(0.037109375)


def test_channel_centres_follow_the_polynomial():
    axis = EnergyAxis(4, 0.1, 0.5, 0.01)
    assert axis.centres_kev == pytest.approx([0.1, 0.61, 1.14, 1.69])
    assert axis.edges_kev == pytest.approx([-0.1475, 0.3525, 0.8725, 1.4125, 1.9725])


def test_a_bruker_header_puts_iron_in_channel_736():
    axis = EnergyAxis(4096, -0.95555, 0.009999)
    assert axis.channel_of(6.404) == 736


def test_channels_outside_the_axis_are_held_inside():
    axis = EnergyAxis(10, 0.0, 1.0)
    assert [axis.channel_of(energy) for energy in (-9, 0.4, 0.6, 99)] == [0, 0, 1, 9]


def test_window_takes_the_lower_centre_and_leaves_the_upper():
    axis = EnergyAxis(10, 0.0, 1.0)
    assert axis.window(2.0, 5.0) == slice(2, 5)
    assert axis.window(2.1, 5.1) == slice(3, 6)


@given(axes)
def test_every_centre_lies_in_its_own_channel(axis):
    found = [axis.channel_of(float(energy)) for energy in axis.centres_kev]
    assert found == list(range(axis.n_channels))


@given(axes)
def test_json_gives_the_same_axis_back(axis):
    assert EnergyAxis.from_json(axis.to_json()) == axis
    assert axis.same_as(EnergyAxis.from_json(axis.to_json()))


@given(axes, axes, st.integers(0, 2**32 - 1))
def test_rebinning_conserves_the_counts_of_the_common_range(source, target, seed):
    counts = np.random.default_rng(seed).integers(0, 1000, source.n_channels)
    low = max(source.range_kev[0], target.range_kev[0])
    high = min(source.range_kev[1], target.range_kev[1])
    inside = np.clip(source.edges_kev, low, max(high, low))
    expected = counts @ (np.diff(inside) / np.diff(source.edges_kev))
    moved = counts @ source.rebinning_to(target).astype(np.float64)
    assert moved.sum() == pytest.approx(expected, rel=1e-4, abs=1e-2)


@given(axes)
def test_rebinning_to_a_wider_axis_loses_nothing(axis):
    low, high = axis.range_kev
    wide = EnergyAxis.from_range(low - 1, high + 1, 77)
    assert axis.rebinning_to(wide).sum(axis=1) == pytest.approx(1.0, rel=1e-3)


@given(st.integers(1, 60), st.integers(1, 5))
def test_splitting_channels_and_joining_them_again_is_exact(n, parts):
    coarse = EnergyAxis.from_range(0.5, 38.5, n)
    fine = EnergyAxis.from_range(0.5, 38.5, n * parts)
    there_and_back = coarse.rebinning_to(fine) @ fine.rebinning_to(coarse)
    np.testing.assert_allclose(there_and_back, np.eye(n), atol=1e-4)


def test_halving_the_channels_adds_neighbours():
    cube = cube_of(np.arange(2 * 2 * 6).reshape(2, 2, 6).astype(np.uint16))
    half = cube.rebin(EnergyAxis.from_range(0.5, 38.5, 3))
    expected = np.arange(24).reshape(2, 2, 3, 2).sum(axis=3)
    np.testing.assert_allclose(half.counts.compute(), expected, rtol=1e-5)
    assert half.counts.dtype == np.float32
    assert half.provenance[-1].process == "rebin"


def test_rebinning_to_the_same_axis_returns_the_cube_itself():
    cube = cube_of(np.ones((2, 2, 6), np.uint16))
    assert cube.rebin(EnergyAxis.from_range(0.5, 38.5, 6)) is cube


def test_rebinning_without_common_energies_names_both_ranges():
    cube = cube_of(np.ones((2, 2, 6), np.uint16), 0.5, 2.0)
    with pytest.raises(CalibrationError, match=r"0\.50 to 2\.00 keV.*5\.00 to 9\.00"):
        cube.rebin(EnergyAxis.from_range(5, 9, 4))


@pytest.mark.parametrize(
    ("values", "complaint"),
    [
        ((0, 0.0, 0.01), "at least 1 channel"),
        ((5, 0.0, 0.0), "not usable"),
        ((5, 0.0, -0.01), "not usable"),
        ((5, float("nan"), 0.01), "not a number"),
        ((5, 0.0, float("inf")), "not a number"),
        ((100, 0.0, 0.01, -0.001), "energies must rise"),
    ],
)
def test_senseless_axes_are_refused(values, complaint):
    with pytest.raises(CalibrationError, match=complaint):
        EnergyAxis(*values)


def test_an_axis_covers_a_smaller_one_within_a_channel():
    wide, narrow = (
        EnergyAxis.from_range(0, 40, 4096),
        EnergyAxis.from_range(0.5, 38.5, 512),
    )
    assert wide.covers(narrow)
    assert not narrow.covers(wide)
    assert not EnergyAxis.from_range(0, 29.8, 1024).covers(narrow)


def test_sums_of_a_cube_are_those_of_numpy():
    counts = np.random.default_rng(3).integers(0, 65535, (5, 4, 9)).astype(np.uint16)
    cube = cube_of(counts)
    np.testing.assert_array_equal(cube.sum_spectrum(), counts.sum((0, 1), np.uint64))
    np.testing.assert_array_equal(cube.max_spectrum(), counts.max((0, 1)))
    np.testing.assert_array_equal(cube.sum_image().compute(), counts.sum(2, np.uint64))
    np.testing.assert_array_equal(cube.spectrum(3, 2), counts[3, 2])


def test_a_window_sum_adds_only_its_channels():
    counts = np.arange(2 * 1 * 4, dtype=np.uint16).reshape(2, 1, 4)
    cube = SpectralCube(da.from_array(counts), EnergyAxis(4, 1.0, 1.0))
    image = cube.window_sum(2.0, 4.0).compute()
    assert image.tolist() == [[1 + 2], [5 + 6]]


@pytest.mark.parametrize("shape", [(3, 4), (0, 4, 5), (2, 3, 4, 5)])
def test_a_cube_must_have_three_axes_and_pixels(shape):
    with pytest.raises(MaxrfError, match="expected"):
        SpectralCube(da.zeros(shape, np.uint16), EnergyAxis(5, 0, 1))


def test_axis_live_time_and_maps_must_fit_the_counts():
    counts = da.zeros((3, 4, 5), dtype=np.uint16)
    axis = EnergyAxis(5, 0, 1)
    with pytest.raises(CalibrationError, match=r"5 channels.*6"):
        SpectralCube(counts, EnergyAxis(6, 0, 1))
    with pytest.raises(MaxrfError, match="live time"):
        SpectralCube(counts, axis, live_time_s=np.ones((4, 3), np.float32))
    with pytest.raises(MaxrfError, match="Fe of"):
        SpectralCube(counts, axis, maps={"Fe": np.ones((3, 5), np.float32)})
