"""File > Open Sample > MA-XRF."""

from __future__ import annotations

import pytest
from npe2 import PluginManifest

from napari_maxrf._napari._layers import cube_of, facts_of

PLUGIN = "napari-maxrf"


@pytest.fixture
def plugin(npe2pm):
    """Make the plugin, and no other, known to napari."""
    npe2pm.register(PluginManifest.from_distribution(PLUGIN))


def test_mockup_opens_as_an_rgb_picture(viewer, plugin):
    (layer,) = viewer.open_sample(PLUGIN, "mockup")
    assert layer.rgb
    assert layer.name == "mockup"
    assert 0 <= layer.data.min() < layer.data.max() <= 1


def test_scan_of_the_mockup_opens_as_a_synthetic_cube(viewer, plugin):
    layers = viewer.open_sample(PLUGIN, "mockup_cube")
    assert cube_of(layers[-1]) is not None
    assert all(facts_of(layer).synthetic for layer in layers)
    assert all("synthetic" in layer.name for layer in layers)


def test_every_sample_on_offer_is_one_of_these(plugin):
    from napari.plugins._npe2 import sample_iterator

    offered = {name: set(samples) for name, samples in sample_iterator()}
    assert offered[PLUGIN] == {"mockup", "mockup_cube"}
