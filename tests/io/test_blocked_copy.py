"""The way to a scan's packed copy, and back to its file."""

from __future__ import annotations

from dataclasses import replace

import dask.array as da
import numpy as np
import pytest

from napari_maxrf.cube import EnergyAxis, SpectralCube
from napari_maxrf.errors import MaxrfError
from napari_maxrf.io import (
    ReadOptions,
    build_cache,
    cached_cube,
    open_cube,
    save_cube,
)
from napari_maxrf.io.blocked import (
    CacheConfig,
    delete_copy,
    packed_copy,
    unpacked_cube,
)
from napari_maxrf.io.blocked._cached import is_blocked


@pytest.fixture
def config(tmp_path):
    return CacheConfig(folder=str(tmp_path / "cache"))


@pytest.fixture
def path(tmp_path):
    counts = np.random.default_rng(4).poisson(2, (9, 11, 24)).astype(np.uint16)
    axis = EnergyAxis(24, 0.1, 0.5)
    return save_cube(SpectralCube(da.from_array(counts), axis), tmp_path / "scan.maxrf")


def test_copy_is_known_before_and_after_it_is_used(path, config):
    cube = open_cube(path)
    assert packed_copy(cube, config) is None
    packed = build_cache(cube, config)
    assert packed_copy(cube, config) == packed_copy(packed, config)
    assert packed_copy(cube, config).is_file()


def test_counts_come_from_the_file_again_and_the_rest_stays(path, config):
    axis = EnergyAxis(24, 0.2, 0.4, source="user")
    packed = replace(build_cache(open_cube(path), config), energy=axis, name="mine")
    plain = unpacked_cube(packed)
    assert not is_blocked(plain)
    assert (plain.energy, plain.name) == (axis, "mine")
    np.testing.assert_array_equal(plain.counts, packed.counts)
    np.testing.assert_array_equal(plain.sums().sum_image, packed.sums().sum_image)
    assert unpacked_cube(plain) is plain


def test_counts_of_one_detector_stay_those_of_one(prova1, config):
    one = open_cube(prova1, options=ReadOptions(detector="19511"))
    plain = unpacked_cube(build_cache(one, config))
    np.testing.assert_array_equal(plain.spectrum(3, 4), one.spectrum(3, 4))


def test_changed_file_is_not_taken_for_the_packed_one(path, config):
    packed = build_cache(open_cube(path), config)
    with path.open("ab") as stream:
        stream.write(b" ")
    with pytest.raises(MaxrfError, match="its file has changed"):
        unpacked_cube(packed)
    path.unlink()
    with pytest.raises(MaxrfError, match="packed copy only"):
        unpacked_cube(packed)


def test_deleting_leaves_the_file_and_says_how_much_is_free(path, config):
    cube = open_cube(path)
    before = path.read_bytes()
    packed = build_cache(cube, config)
    size = packed_copy(packed, config).stat().st_size
    assert delete_copy(packed, config) == size
    assert delete_copy(packed, config) == 0
    assert cached_cube(cube, config) is None
    assert path.read_bytes() == before
