"""What is shown of a scan at once, and all of it in one reading."""

from __future__ import annotations

from dataclasses import replace
from math import inf

import dask.array as da
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_maxrf.analysis import element_maps, strongest_elements
from napari_maxrf.analysis._first_sight import (
    LARGE_BYTES,
    first_sight_steps,
    glance,
    is_large,
    spread,
)
from napari_maxrf.cube import CubeSums, StoredSums
from napari_maxrf.progress import finish


def counted(cube, chunks=(4, 30, 200)):
    """Return a cube that notes which boxes are read, and the list of their sizes."""
    values, read = np.asarray(cube.counts), []

    class Source:
        shape, dtype, ndim = values.shape, values.dtype, 3

        def __getitem__(self, key):
            box = values[key]
            read.append(box.size)
            return box

    empty = np.empty((0, 0, 0), "u2")
    counts = da.from_array(Source(), chunks=chunks, meta=empty, name=False)
    return replace(cube, counts=counts), read


@given(st.integers(1, 300))
def test_spread_visits_everything_once(n):
    assert sorted(spread(n)) == list(range(n))


@given(st.integers(2, 300), st.integers(1, 300))
def test_spread_never_leaves_wide_gaps(n, k):
    seen = sorted(list(spread(n))[:k])
    gaps = np.diff([*seen, n])
    assert gaps.max() <= 4 * n / min(k, n) + 1


@pytest.mark.parametrize("chunks", [(4, 30, 200), (20, 30, 10)])
def test_a_patient_glance_sees_all(cube, chunks):
    scan, _ = counted(cube, chunks)
    seen = glance(scan, inf)
    values = np.asarray(cube.counts, float)
    assert seen.whole
    np.testing.assert_array_equal(seen.sum_image, values.sum(axis=2))
    np.testing.assert_array_equal(seen.sum_spectrum, values.sum(axis=(0, 1)))
    assert seen.resolved


def test_a_hasty_glance_reads_one_row_where_spectra_lie_together(cube):
    scan, read = counted(cube)
    seen = glance(scan, 0)
    assert sum(read) == 30 * 200
    values = np.asarray(cube.counts, float)
    np.testing.assert_array_equal(seen.sum_image, np.tile(values[0].sum(1), (20, 1)))
    np.testing.assert_array_equal(seen.sum_spectrum, 20 * values[0].sum(0))
    assert not seen.whole


def test_a_hasty_glance_reads_one_channel_where_images_lie_together(cube):
    scan, read = counted(cube, (20, 30, 10))
    seen = glance(scan, 0)
    assert sum(read) == 20 * 30
    plane = np.asarray(cube.counts)[:, :, 0]
    np.testing.assert_array_equal(seen.sum_image, 200.0 * plane)
    assert not seen.whole
    assert not seen.resolved


def test_stored_sums_are_taken_without_reading(cube):
    scan, read = counted(cube)
    image, spectrum = np.full((20, 30), 5.0), np.ones(200)
    sums = CubeSums(spectrum, spectrum, image)
    seen = glance(replace(scan, stored=StoredSums(scan.counts.name, lambda: sums)), 0)
    assert seen.whole
    np.testing.assert_array_equal(seen.sum_image, image)
    assert read == []


def test_sums_and_maps_take_one_reading(cube, monkeypatch):
    from napari_maxrf.analysis import _first_sight

    monkeypatch.setattr(_first_sight, "PATIENCE_S", 0)
    scan, read = counted(cube)
    part = glance(scan, inf)
    monkeypatch.setattr(_first_sight, "glance", lambda _: replace(part, whole=False))
    read.clear()
    sight = finish(first_sight_steps(scan, 2))
    assert sum(read) == cube.counts.size
    assert [one.element for one in sight.maps] == list(strongest_elements(cube, 2))
    for found, known in zip(sight.maps, element_maps(cube), strict=False):
        assert found.name == known.name
        assert found.window_kev == known.window_kev
        np.testing.assert_array_equal(found.image, known.image)


def test_an_element_outside_the_rows_seen_first_is_found(cube, monkeypatch):
    """Lead is in the upper half only; a glance at the lower one misses it."""
    from napari_maxrf.analysis import _first_sight

    below = replace(cube, counts=cube.counts[10:])
    assert "Pb" not in strongest_elements(below)
    spectrum = glance(below, inf).sum_spectrum
    seen = replace(glance(cube, 0), whole=False, sum_spectrum=spectrum)
    monkeypatch.setattr(_first_sight, "glance", lambda _: seen)
    sight = finish(first_sight_steps(cube, 4))
    assert [one.element for one in sight.maps] == list(strongest_elements(cube, 4))
    assert "Pb" in {one.element for one in sight.maps}


def test_no_maps_where_none_are_wanted(cube):
    assert finish(first_sight_steps(cube, 0)).maps == ()


def test_size_alone_makes_a_scan_large(cube):
    n = LARGE_BYTES // (200 * 2)
    at_limit = da.zeros((1, n, 200), dtype="u2")
    assert at_limit.nbytes <= LARGE_BYTES
    assert not is_large(replace(cube, counts=at_limit))
    assert is_large(replace(cube, counts=da.zeros((2, n, 200), dtype="u2")))
