"""Saving layers as napari does it."""

from __future__ import annotations

import numpy as np
import pytest
from npe2 import PluginManifest

from napari_maxrf._napari._layers import add_layers, cube_layers
from napari_maxrf._napari._save import save_in_background, selected_cube
from napari_maxrf._napari._writer import write_layer
from napari_maxrf.errors import MaxrfError
from napari_maxrf.io import open_cube

PLUGIN = "napari-maxrf"


@pytest.fixture
def layers(viewer, cube):
    """Return the sum image and the cube, as layers."""
    return add_layers(viewer, cube_layers(cube, n_maps=0))


def test_cube_layer_is_saved_through_napari(npe2pm, tmp_path, layers, cube):
    npe2pm.register(PluginManifest.from_distribution(PLUGIN))
    written = layers[-1].save(str(tmp_path / "out.maxrf"), plugin=PLUGIN)
    again = open_cube(written[0])
    np.testing.assert_array_equal(again.counts.compute(), cube.counts.compute())
    assert again.energy.same_as(cube.energy)
    assert again.pixel_size_mm == cube.pixel_size_mm


def test_other_layer_is_refused_by_name_and_nothing_is_written(tmp_path, layers):
    data, meta, _ = layers[0].as_layer_data_tuple()
    with pytest.raises(MaxrfError, match="panel sum image"):
        write_layer(str(tmp_path / "out.maxrf"), data, meta)
    assert not list(tmp_path.iterdir())


def test_embedding_layer_is_saved_and_read_again(viewer, tmp_path):
    from napari_maxrf._napari._layers import embedded_of, embedding_layer
    from napari_maxrf._napari._reader import read
    from napari_maxrf.embedding import EmbeddedImage

    rng = np.random.default_rng(2)
    embedded = EmbeddedImage(
        latents=rng.normal(size=(6, 7, 3)).astype(np.float32),
        empty=np.zeros((6, 7), bool),
        low=-np.ones(3, np.float32),
        high=np.ones(3, np.float32),
        mean=np.zeros(3, np.float32),
        std=np.ones(3, np.float32),
        model_hash="0123456789abcdef",
        name="panel",
        pixel_size_mm=None,
        provenance=(),
    )
    (layer,) = add_layers(viewer, [embedding_layer(embedded)])
    data, meta, _ = layer.as_layer_data_tuple()
    (path,) = write_layer(str(tmp_path / "latents.maxrf"), data, meta)
    (again,) = add_layers(viewer, read(path))
    np.testing.assert_array_equal(embedded_of(again).latents, embedded.latents)


def test_menu_command_saves_the_selected_cube(viewer, qtbot, tmp_path, layers, cube):
    viewer.layers.selection = {layers[-1]}
    assert selected_cube(viewer) is cube
    told = []
    job = save_in_background(cube, str(tmp_path / "a.maxrf"), lambda: told.append(1))
    with qtbot.waitSignal(job.ended, timeout=60_000):
        pass
    assert told
    assert open_cube(tmp_path / "a.maxrf").shape == cube.shape


def test_menu_command_needs_one_cube(viewer, layers):
    viewer.layers.selection = {layers[0]}
    assert selected_cube(viewer) is None
    viewer.layers.selection = set()
    assert selected_cube(viewer) is None
