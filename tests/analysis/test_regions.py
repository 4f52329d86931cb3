"""Spectra of regions, hottest pixels and window maps against slow loops."""

from __future__ import annotations

import dask.array as da
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_maxrf.analysis import (
    hottest_pixels,
    region_spectra,
    region_spectra_steps,
    whole_spectrum_steps,
    window_map,
    window_weights,
)
from napari_maxrf.cube import EnergyAxis, SpectralCube
from napari_maxrf.errors import MaxrfError
from napari_maxrf.progress import finish

AXIS = EnergyAxis(60, 0.5, 0.1)


def make_cube(seed=0, shape=(9, 7), chunks=(4, 3, 25), top=200, **keywords):
    rng = np.random.default_rng(seed)
    counts = rng.integers(0, top, (*shape, AXIS.n_channels)).astype(np.uint16)
    return SpectralCube(da.from_array(counts, chunks=chunks), AXIS, **keywords)


def slow_sum(cube, mask):
    counts = np.asarray(cube.counts)
    rows = [counts[y, x].astype(int) for y, x in np.argwhere(mask)]
    return sum(rows), np.max(rows, axis=0)


@settings(max_examples=25, deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    st.tuples(st.integers(1, 12), st.integers(1, 12)),
    st.tuples(st.integers(1, 12), st.integers(1, 12)),
)
def test_regions_equal_a_loop_over_their_pixels(seed, shape, chunks):
    cube = make_cube(seed, shape, (*chunks, 25))
    rng = np.random.default_rng(seed)
    masks = [rng.random(shape) < share for share in (0.1, 0.5, 1.0)]
    masks = [mask for mask in masks if mask.any()]
    for mask, found in zip(masks, region_spectra(cube, masks), strict=True):
        total, highest = slow_sum(cube, mask)
        np.testing.assert_array_equal(found.total, total)
        np.testing.assert_array_equal(found.highest, highest)
        assert found.n_pixels == mask.sum()


def test_many_tiles_add_up(monkeypatch):
    monkeypatch.setattr("napari_maxrf.analysis._visits._BLOCK_BYTES", 4 * 60 * 2)
    cube = make_cube()
    mask = np.zeros((9, 7), bool)
    mask[2:6, 1:5] = True
    steps = region_spectra_steps(cube, [mask])
    assert len(list(steps)) > 3
    total, _ = slow_sum(cube, mask)
    np.testing.assert_array_equal(region_spectra(cube, [mask])[0].total, total)


def test_only_touched_pixels_are_read():
    read = []

    def watch(block, block_info=None):
        read.append(block.shape)
        return block

    cube = make_cube(chunks=(3, 7, 60))
    watched = SpectralCube(
        cube.counts.map_blocks(watch, dtype=np.uint16, meta=np.empty((0,) * 3, "u2")),
        AXIS,
    )
    mask = np.zeros((9, 7), bool)
    mask[4, 2] = True
    read.clear()
    region_spectra(watched, [mask])
    assert read == [(3, 7, 60)]


def test_whole_spectrum_is_that_of_the_cube():
    cube = make_cube()
    whole = finish(whole_spectrum_steps(cube))
    np.testing.assert_array_equal(whole.total, cube.sum_spectrum())
    np.testing.assert_array_equal(whole.highest, cube.max_spectrum())
    np.testing.assert_allclose(whole.mean * 63, whole.total)
    assert whole.live_time_s is None


def test_unknown_live_times_are_left_out():
    times = np.full((9, 7), 2.0, np.float32)
    times[0], times[1, 0] = 0.0, np.nan
    cube = make_cube(live_time_s=times)
    assert finish(whole_spectrum_steps(cube)).live_time_s == pytest.approx(2.0)
    mask = np.zeros((9, 7), bool)
    mask[0] = True
    assert region_spectra(cube, [mask])[0].live_time_s is None


@pytest.mark.parametrize(
    ("mask", "words"),
    [(np.zeros((9, 7), bool), "no pixel"), (np.ones((7, 9), bool), "shape")],
)
def test_senseless_regions_are_refused(mask, words):
    with pytest.raises(MaxrfError, match=words):
        region_spectra(make_cube(), [mask])


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 80), st.integers(1, 6))
def test_hottest_pixels_equal_a_full_sort(seed, n, top):
    cube = make_cube(seed, top=top)  # few counts: many ties
    window = np.asarray(cube.window_sum(2.0, 4.0))
    places = sorted(np.ndindex(9, 7), key=lambda at: (-window[at], at))[:n]
    found = hottest_pixels(cube, 2.0, 4.0, n)
    pairs = zip(found.rows.tolist(), found.columns.tolist(), strict=True)
    assert list(pairs) == places
    assert found.counts.tolist() == [window[at] for at in places]
    expected = sum(cube.spectrum(y, x).astype(int) for y, x in places)
    np.testing.assert_array_equal(found.total, expected)


def test_no_hottest_pixel_is_refused():
    with pytest.raises(MaxrfError, match="At least 1"):
        hottest_pixels(make_cube(), 2, 4, 0)


def test_window_map_without_background_is_the_window_sum():
    cube = make_cube()
    expected = np.asarray(cube.window_sum(2.0, 4.0))
    np.testing.assert_array_equal(window_map(cube, 2.0, 4.0), expected)


@pytest.mark.parametrize("window", [(2.0, 4.0), (0.45, 1.0), (6.0, 6.5)])
def test_straight_background_leaves_nothing(window):
    weights = window_weights(AXIS, *window, background=True)
    assert weights @ np.full(60, 5.0) == pytest.approx(0, abs=1e-9)
    if window == (2.0, 4.0):
        assert weights @ (3 + 2 * np.arange(60)) == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("window", [(4.0, 2.0), (2.01, 2.02), (20, 30)])
def test_window_without_channels_is_refused(window):
    with pytest.raises(MaxrfError, match="No channel"):
        window_map(make_cube(), *window)
