"""The energy of the slider stands over the picture while a cube is in sight."""

from __future__ import annotations

import gc
import weakref

import pytest
from napari.components import ViewerModel

from napari_maxrf._napari import _energy_readout
from napari_maxrf._napari._layers import add_layers, cube_layers


@pytest.fixture
def layer(viewer, cube):
    return add_layers(viewer, cube_layers(cube, n_maps=1))[-1]


def energy_told(viewer) -> float:
    number, unit = viewer.canvas.overlays.text.text.split()
    assert unit == "keV"
    return float(number)


def test_text_follows_the_slider(viewer, layer, cube):
    layer.visible = True
    for channel in (0, 40, 100):
        viewer.dims.set_current_step(0, channel)
        expected = cube.energy.offset_kev + channel * cube.energy.gain_kev
        assert energy_told(viewer) == pytest.approx(expected, abs=0.0051)
    assert viewer.canvas.overlays.text.visible


def test_no_text_without_a_cube_in_sight(viewer, layer):
    assert not viewer.canvas.overlays.text.visible
    layer.visible = True
    assert viewer.canvas.overlays.text.visible
    layer.visible = False
    assert not viewer.canvas.overlays.text.visible
    layer.visible = True
    viewer.layers.remove(layer)
    assert not viewer.canvas.overlays.text.visible


def test_text_of_the_user_stays(viewer, layer):
    viewer.canvas.overlays.text.text, viewer.canvas.overlays.text.visible = (
        "my title",
        True,
    )
    layer.visible = True
    viewer.dims.set_current_step(0, 7)
    assert viewer.canvas.overlays.text.text == "my title"


def test_no_text_in_three_dimensions(viewer, layer):
    layer.visible = True
    viewer.dims.ndisplay = 3
    assert not viewer.canvas.overlays.text.visible


def test_readout_goes_with_its_viewer(cube):
    viewer = ViewerModel()
    add_layers(viewer, cube_layers(cube, n_maps=0))
    key, gone = id(viewer), weakref.ref(viewer)
    assert key in _energy_readout._readouts
    del viewer
    gc.collect()
    assert gone() is None
    assert key not in _energy_readout._readouts
