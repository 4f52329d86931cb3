"""Another cube under an open layer."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from napari_maxrf._napari._exchange import exchange_cube
from napari_maxrf._napari._facts import cube_of, facts_of
from napari_maxrf._napari._layer_choice import LayerCombo
from napari_maxrf._napari._layers import add_layers, cube_layers
from napari_maxrf.cube import EnergyAxis
from napari_maxrf.errors import MaxrfError


@pytest.fixture
def scan(viewer, cube):
    add_layers(viewer, cube_layers(cube, None, 1))
    layer = viewer.layers[-1]
    layer.name, layer.contrast_limits, layer.colormap = "mine", (1, 7), "magma"
    layer.translate = [layer.translate[0], 3.0, 4.0]
    layer.metadata["own"] = "kept"
    return layer


def test_layer_shows_the_new_counts_and_keeps_its_looks(viewer, scan, cube):
    doubled = replace(cube, counts=cube.counts * 2)
    exchange_cube(viewer, scan, doubled)
    np.testing.assert_array_equal(
        np.asarray(scan.data[40]), 2 * np.asarray(cube.counts)[:, :, 40]
    )
    assert (scan.name, tuple(scan.contrast_limits)) == ("mine", (1, 7))
    assert (scan.colormap.name, scan.visible) == ("magma", False)
    assert scan.metadata["own"] == "kept"
    np.testing.assert_allclose(scan.translate[1:], (3.0, 4.0))
    np.testing.assert_allclose(scan.scale[1:], cube.pixel_size_mm)
    assert cube_of(scan) is doubled


def test_maps_of_the_scan_belong_to_the_new_cube(viewer, scan, cube):
    other = replace(cube, name="other")
    add_layers(viewer, cube_layers(other, None, 1))
    new = replace(cube, name="new")
    exchange_cube(viewer, scan, new)
    assert [facts_of(one).cube for one in viewer.layers[:2]] == [new, new]
    assert all(facts_of(one).cube is other for one in viewer.layers[3:])
    assert facts_of(viewer.layers[1]).element_map is not None


def test_energies_of_the_layer_follow_the_cube(viewer, scan, cube):
    axis = EnergyAxis(200, 0.25, 0.05, source="user")
    exchange_cube(viewer, scan, replace(cube, energy=axis))
    assert (scan.scale[0], scan.translate[0]) == (0.05, 0.25)
    np.testing.assert_allclose(scan.translate[1:], (3.0, 4.0))


def test_lists_of_layers_tell_of_the_exchange_once(viewer, scan, cube, qtbot):
    combo = LayerCombo(viewer, lambda one: cube_of(one) is not None, "none", "tip")
    qtbot.addWidget(combo)
    heard = []
    combo.chosen.connect(lambda: heard.append(cube_of(combo.layer)))
    new = replace(cube, name="new")
    exchange_cube(viewer, scan, new)
    assert heard == [new]
    scan.data = scan.data
    assert heard == [new]


def test_cube_of_another_size_is_refused(viewer, scan, cube):
    small = replace(cube, counts=cube.counts[:5], live_time_s=None)
    with pytest.raises(MaxrfError, match=r"\(5, 30, 200\).*“mine” shows \(20, 30"):
        exchange_cube(viewer, scan, small)
    assert cube_of(scan) is cube
    with pytest.raises(MaxrfError, match="shows no scan"):
        exchange_cube(viewer, viewer.layers[0], cube)
