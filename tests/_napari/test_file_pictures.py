"""Pictures in the file of a scan, as hidden layers that lie where the scan lies."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from napari_maxrf import io
from napari_maxrf._napari._file_pictures import picture_layers
from napari_maxrf._napari._layers import add_layers, cube_layers
from napari_maxrf.errors import FormatError
from napari_maxrf.io import ScanImage

PHOTOGRAPH = np.full((40, 60, 3), 200, np.uint8)


@pytest.fixture
def pictures(monkeypatch):
    """Return a function that puts pictures into every file."""

    def put(*images):
        monkeypatch.setattr(io, "open_images", lambda path: images, raising=False)

    return put


def corner(layer, row, column):
    """Return where the outer corner of a picture lies, in mm."""
    edge = np.array((row, column)) * layer.data.shape[:2] - 0.5
    return np.asarray(layer.data_to_world(edge))


def test_a_picture_with_a_size_begins_at_the_corner_of_the_scan(viewer, cube, pictures):
    pictures(ScanImage("video", PHOTOGRAPH, (0.1, 0.2)))
    (picture,) = add_layers(viewer, picture_layers("x.bcf", cube))
    scan = add_layers(viewer, cube_layers(cube, n_maps=0))[0]
    np.testing.assert_allclose(corner(picture, 0, 0), corner(scan, 0, 0))
    np.testing.assert_allclose(
        corner(picture, 1, 1) - corner(picture, 0, 0), (40 * 0.1, 60 * 0.2)
    )
    assert (picture.name, picture.visible, picture.rgb) == ("panel video", False, True)
    assert picture.units == scan.units


def test_a_picture_without_a_size_is_as_wide_as_the_scan(viewer, cube, pictures):
    pictures(ScanImage("mosaic", np.arange(200.0).reshape(10, 20)))
    for scan in (cube, replace(cube, pixel_size_mm=None)):
        viewer.layers.clear()
        (picture,) = add_layers(viewer, picture_layers("x.bcf", scan))
        other = add_layers(viewer, cube_layers(scan, n_maps=0))[0]
        for layer_corner in ((0, 0), (0, 1)):
            np.testing.assert_allclose(
                corner(picture, *layer_corner), corner(other, *layer_corner), atol=1e-9
            )
        assert picture.scale[0] == picture.scale[1]
        assert not picture.rgb


def test_damaged_pictures_are_no_hindrance(cube, monkeypatch, caplog):
    def refuse(path):
        raise FormatError("The picture in x.bcf is damaged.")

    monkeypatch.setattr(io, "open_images", refuse, raising=False)
    assert picture_layers("x.bcf", cube) == []
    assert "x.bcf is damaged" in caplog.text


def test_real_hypermap_brings_its_pictures(viewer, shared_cubes):
    files = sorted(shared_cubes.rglob("*.bcf"), key=lambda path: path.stat().st_size)
    for path in files[:3]:
        scan = io.open_cube(path)
        layers = add_layers(viewer, picture_layers(path, scan))
        assert len(layers) == len(io.open_images(path))
        assert not any(layer.visible for layer in layers)
