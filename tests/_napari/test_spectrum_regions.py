"""Regions of Shapes and Labels layers on a scan, against what a user sees."""

from __future__ import annotations

import numpy as np
import pytest

from napari_maxrf._napari._placement import placement_of
from napari_maxrf._napari._spectrum_follow import pixel_at
from napari_maxrf._napari._spectrum_regions import has_regions, regions_of, shape_mask

SQUARE = np.array([[2, 3], [2, 8], [6, 8], [6, 3]], float)


@pytest.fixture
def scan(viewer):
    """Return an (energy, y, x) layer of 10 x 20 pixels of 0.5 x 0.25 mm."""
    return viewer.add_image(
        np.zeros((4, 10, 20)),
        scale=(0.1, 0.5, 0.25),
        translate=(1.0, 5.0, -3.0),
        units=("keV", "mm", "mm"),
    )


def masks(viewer, layer, scan):
    return [region.mask for region in regions_of(layer, scan, viewer.dims.point)]


def test_rectangle_holds_the_pixels_whose_centres_lie_in_it(viewer, scan):
    layer = viewer.add_shapes([SQUARE], **placement_of(scan))
    (mask,) = masks(viewer, layer, scan)
    assert mask[3:6, 4:8].all()
    assert mask.sum() == mask[2:7, 3:9].sum()


def test_shapes_of_another_scale_lie_where_they_are_drawn(viewer, scan):
    same = viewer.add_shapes([SQUARE], **placement_of(scan))
    millimetres = SQUARE * (0.5, 0.25) + (5.0, -3.0)
    other = viewer.add_shapes([millimetres], units=("mm", "mm"))
    np.testing.assert_array_equal(masks(viewer, same, scan), masks(viewer, other, scan))


def test_shapes_beside_the_scan_are_left_out(viewer, scan):
    layer = viewer.add_shapes([SQUARE + 100, SQUARE], **placement_of(scan))
    found = regions_of(layer, scan, viewer.dims.point)
    assert [region.key for region in found] == ["region 1"]


def test_ellipse_has_the_area_of_an_ellipse():
    corners = np.array([[5, 5], [5, 65], [45, 65], [45, 5]], float)
    mask = shape_mask(corners, "ellipse", (80, 80))
    assert mask.sum() == pytest.approx(np.pi * 20 * 30, rel=0.02)
    assert not mask[6, 6]


def test_line_holds_the_pixels_along_it():
    mask = shape_mask(np.array([[1, 1], [1, 6], [4, 6]], float), "path", (8, 8))
    expected = np.zeros((8, 8), bool)
    expected[1, 1:7] = expected[1:5, 6] = True
    np.testing.assert_array_equal(mask, expected)


def test_shape_smaller_than_a_pixel_is_that_pixel():
    corners = np.array([[2.2, 3.2], [2.2, 3.3], [2.3, 3.3], [2.3, 3.2]])
    mask = shape_mask(corners, "polygon", (8, 8))
    assert np.argwhere(mask).tolist() == [[2, 3]]


def test_every_label_is_a_region_in_its_colour(viewer, scan):
    labels = np.zeros((10, 20), int)
    labels[:3], labels[5:, 10:] = 1, 7
    layer = viewer.add_labels(labels, **placement_of(scan))
    one, seven = regions_of(layer, scan, viewer.dims.point)
    np.testing.assert_array_equal(one.mask, labels == 1)
    np.testing.assert_array_equal(seven.mask, labels == 7)
    assert seven.name == "label 7"
    assert seven.colour == tuple(round(part * 255) for part in layer.get_color(7)[:3])


def test_labels_on_a_finer_grid_are_sampled_at_the_pixels(viewer, scan):
    fine = np.zeros((40, 80), int)
    fine[8:24, 12:40] = 3  # rows 2..5, columns 3..9
    layer = viewer.add_labels(
        fine,
        scale=(0.125, 0.0625),
        translate=(5.0 - 0.1875, -3.0 - 0.09375),
        units=("mm", "mm"),
    )
    (mask,) = masks(viewer, layer, scan)
    expected = np.zeros((10, 20), bool)
    expected[2:6, 3:10] = True
    np.testing.assert_array_equal(mask, expected)


def test_of_labels_with_energies_the_plane_in_sight_counts(viewer, scan):
    labels = np.zeros((4, 10, 20), int)
    labels[2, 4, 5] = 1
    layer = viewer.add_labels(
        labels, scale=scan.scale, translate=scan.translate, units=scan.units
    )
    viewer.dims.set_current_step(0, 1)
    assert masks(viewer, layer, scan) == []
    viewer.dims.set_current_step(0, 2)
    assert np.argwhere(masks(viewer, layer, scan)[0]).tolist() == [[4, 5]]


def test_only_shapes_and_labels_have_regions(viewer, scan):
    assert not has_regions(scan)
    assert has_regions(viewer.add_shapes())
    assert has_regions(viewer.add_labels(np.zeros((3, 3), int)))


@pytest.mark.parametrize("pixel", [(0, 0), (9, 19), (4, 7)])
def test_pixel_is_found_by_its_place_in_the_world(scan, pixel):
    world = scan.data_to_world((2, *pixel))
    assert pixel_at(scan, world) == pixel
    nearly = np.add(world, (0, 0.24, -0.12))
    assert pixel_at(scan, nearly) == pixel


def test_place_beside_the_scan_is_no_pixel(scan):
    assert pixel_at(scan, scan.data_to_world((0, -1, 3))) is None
    assert pixel_at(scan, scan.data_to_world((0, 3, 20))) is None
