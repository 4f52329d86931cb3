"""A result lies where its source lies, whatever was done to the source."""

from __future__ import annotations

import numpy as np
import pytest
from napari.layers import Image

from napari_maxrf._napari._placement import (
    below_energy,
    pixel_placement,
    placement_of,
)
from napari_maxrf.cube import EnergyAxis

POINTS = [(0, 0), (3, 7), (19, 29)]


@pytest.fixture
def source():
    """Return a layer that is scaled, moved, turned, sheared and mapped."""
    return Image(
        np.zeros((20, 30)),
        scale=(2, 3),
        translate=(5, 6),
        rotate=30,
        shear=[0.2],
        affine=np.array([[1, 0.1, 3], [0, 1.2, 4], [0, 0, 1]]),
        units=("mm", "mm"),
    )


@pytest.mark.parametrize("point", POINTS)
def test_result_lies_exactly_over_its_source(source, point):
    result = Image(np.zeros((20, 30)), **placement_of(source))
    np.testing.assert_allclose(
        result.data_to_world(point), source.data_to_world(point), atol=1e-9
    )
    assert result.units == source.units


def test_smaller_result_covers_the_same_area(source):
    result = Image(np.zeros((10, 15)), **placement_of(source, (10, 15)))
    for small, large in [((-0.5, -0.5), (-0.5, -0.5)), ((9.5, 14.5), (19.5, 29.5))]:
        np.testing.assert_allclose(
            result.data_to_world(small), source.data_to_world(large), atol=1e-9
        )


@pytest.mark.parametrize("point", POINTS)
def test_cube_lies_over_the_plane_and_gives_it_back(source, point):
    axis = EnergyAxis(8, 0.5, 0.1)
    cube = Image(np.zeros((8, 20, 30)), **below_energy(placement_of(source), axis))
    energy, *place = cube.data_to_world((3, *point))
    assert energy == pytest.approx(0.8)
    np.testing.assert_allclose(place, source.data_to_world(point), atol=1e-9)
    again = Image(np.zeros((20, 30)), **placement_of(cube))
    np.testing.assert_allclose(
        again.data_to_world(point), source.data_to_world(point), atol=1e-9
    )


def test_rgb_layer_is_placed_by_its_rows_and_columns():
    rgb = Image(np.zeros((20, 30, 3)), rgb=True, scale=(4, 5))
    placement = placement_of(rgb, (10, 10))
    np.testing.assert_allclose(placement["scale"], (8, 15))
    assert placement["units"] == ("pixel", "pixel")


def test_scan_lies_in_mm_only_if_its_pixel_size_is_known():
    assert pixel_placement((0.5, 0.25))["units"] == ("mm", "mm")
    np.testing.assert_allclose(pixel_placement((0.5, 0.25))["scale"], (0.5, 0.25))
    assert pixel_placement(None)["units"] == ("pixel", "pixel")
