"""Reading past dask gives what dask gives, and only where nothing was done since."""

from __future__ import annotations

import dask.array as da
import numpy as np
import pytest

from napari_maxrf._sources import read_box, remember, source_of
from napari_maxrf.cube import EnergyAxis, SpectralCube

COUNTS = np.random.default_rng(4).poisson(3, (5, 7, 11)).astype(np.uint16)
BOX = slice(1, 4), slice(2, 3), slice(0, 11)


class Source:
    """Counts that note what is asked of them."""

    def __init__(self) -> None:
        self.asked: list[object] = []

    def __getitem__(self, key: object) -> np.ndarray:
        self.asked.append(key)
        return COUNTS[key]


def lazy() -> da.Array:
    return da.from_array(COUNTS, chunks=(2, 3, 11))


def cube_of(counts: da.Array) -> SpectralCube:
    return SpectralCube(counts, EnergyAxis.from_range(0.5, 38.5, 11))


def test_box_is_read_from_the_source_in_one_go():
    counts, source = lazy(), Source()
    remember(counts, source)
    np.testing.assert_array_equal(read_box(counts, BOX), COUNTS[BOX])
    assert source.asked == [BOX]


def test_counts_that_something_was_done_to_are_computed():
    counts, source = lazy(), Source()
    remember(counts, source)
    doubled = counts * 2
    assert source_of(doubled) is None
    np.testing.assert_array_equal(read_box(doubled, BOX), COUNTS[BOX] * 2)
    assert source.asked == []


def test_source_is_not_kept_alive():
    counts = lazy()
    remember(counts, Source())
    assert source_of(counts) is None


@pytest.mark.parametrize("with_source", [True, False])
@pytest.mark.parametrize(("y", "x"), [(0, 0), (4, 6), (-1, -7), (2, -1)])
def test_spectrum_of_a_pixel(with_source, y, x):
    counts, source = lazy(), Source()
    if with_source:
        remember(counts, source)
    spectrum = cube_of(counts).spectrum(y, x)
    np.testing.assert_array_equal(spectrum, COUNTS[y, x])
    assert bool(source.asked) == with_source


@pytest.mark.parametrize(("y", "x"), [(5, 0), (0, 7), (-6, 0)])
def test_spectrum_beside_the_scan_is_refused(y, x):
    with pytest.raises(IndexError):
        cube_of(lazy()).spectrum(y, x)
