"""The Recolour dock, with networks that were never trained."""

from __future__ import annotations

import dask.array as da
import numpy as np
import pytest

from napari_maxrf._napari._facts import embedded_of, facts_of
from napari_maxrf._napari._layers import add_layers, counts_layer, embedding_layer
from napari_maxrf._napari._placement import pixel_placement
from napari_maxrf._napari._recolour_widget import RecolourWidget
from napari_maxrf.cube import EnergyAxis, SpectralCube
from napari_maxrf.errors import MaxrfError

WAIT_MS = 300_000


class Pairs:
    """One small pair, to build a task around."""

    n_train = 1

    def train_pair(self, i, rng):
        return self.val_pairs()[0]

    def val_pairs(self):
        return [(np.zeros((112, 112, 3), np.float32),) * 2]


@pytest.fixture(scope="module")
def embedding_file(tmp_path_factory):
    from napari_maxrf.embedding import EmbeddingConfig, EmbeddingTask

    spectra = np.random.default_rng(0).poisson(1.0, (64, 512)).astype(np.uint16)
    task = EmbeddingTask(spectra, spectra, EmbeddingConfig())
    path = tmp_path_factory.mktemp("embedding") / "model.safetensors"
    task.save(path, task.model, {})
    return path


def write_recolourer(path, embedding_hash):
    from napari_maxrf.recolouring import RecolouringConfig, RecolouringTask

    config = RecolouringConfig(image_size=32, crop_size=32)
    task = RecolouringTask(Pairs(), config, embedding_hash=embedding_hash, batch_size=1)
    task.save(path, task.model, {})
    return path


@pytest.fixture(scope="module")
def recolouring_file(tmp_path_factory, embedding_file):
    from napari_maxrf.training import read_header

    path = tmp_path_factory.mktemp("recolouring") / "model.safetensors"
    return write_recolourer(path, read_header(embedding_file)["model_hash"])


@pytest.fixture(scope="module")
def embedded(embedding_file):
    from napari_maxrf.embedding import load_embedder

    counts = np.random.default_rng(1).poisson(1.0, (20, 30, 512)).astype(np.uint16)
    axis = EnergyAxis.from_range(0.5, 38.5, 512)
    scan = SpectralCube(da.from_array(counts), axis, "panel", pixel_size_mm=(0.5, 0.5))
    return load_embedder(embedding_file, device="cpu").embed(scan)


@pytest.fixture
def widget(qtbot, viewer):
    made = RecolourWidget(viewer)
    qtbot.addWidget(made)
    return made


def add_cube(viewer, cube):
    where = pixel_placement(cube.pixel_size_mm)
    (layer,) = add_layers(viewer, [counts_layer(cube, (0, 1), where)])
    return layer


def run(qtbot, widget):
    widget.run_bar.button.click()
    qtbot.waitUntil(lambda: not widget.run_bar.is_running, timeout=WAIT_MS)


def test_button_waits_for_something_to_recolour(widget, viewer, picture, cube):
    viewer.add_image(picture, rgb=True)
    assert not widget.run_bar.button.isEnabled()
    with pytest.raises(MaxrfError, match="nothing to recolour"):
        widget.request()
    add_cube(viewer, cube)
    assert widget.run_bar.button.isEnabled()


def test_embedding_model_matters_for_a_cube_only(widget, viewer, cube, embedded):
    layer = add_cube(viewer, cube)
    assert widget.embedding.isEnabled()
    (other,) = add_layers(viewer, [embedding_layer(embedded)])
    widget.source.choose(other)
    assert not widget.embedding.isEnabled()
    widget.source.choose(layer)
    assert widget.embedding.isEnabled()


def test_colours_lie_over_the_embedding(
    qtbot, widget, viewer, embedded, recolouring_file
):
    (layer,) = add_layers(viewer, [embedding_layer(embedded)])
    widget.model.choose(recolouring_file)
    run(qtbot, widget)
    made = viewer.layers[-1]
    assert made.rgb
    assert made.data.shape == (20, 30, 3)
    assert 0 <= made.data.min() <= made.data.max() <= 1
    assert facts_of(made).predicted
    assert "predicted" in made.name
    np.testing.assert_allclose(made.scale, layer.scale)
    assert made.units == layer.units


def test_colours_are_those_of_the_core(
    qtbot, widget, viewer, embedded, recolouring_file
):
    from napari_maxrf.recolouring import load_recolourer

    add_layers(viewer, [embedding_layer(embedded)])
    widget.model.choose(recolouring_file)
    run(qtbot, widget)
    recolourer = load_recolourer(recolouring_file)
    np.testing.assert_allclose(
        viewer.layers[-1].data, recolourer.recolour(embedded), atol=1e-6
    )
    step = facts_of(viewer.layers[-1]).provenance[-1]
    assert step.process == "recolour"
    assert recolourer.model_hash in step.parameters.values()


def test_cube_is_embedded_first(
    qtbot, widget, viewer, cube, embedding_file, recolouring_file
):
    add_cube(viewer, cube)
    widget.embedding.choose(embedding_file)
    widget.model.choose(recolouring_file)
    run(qtbot, widget)
    assert embedded_of(viewer.layers[-2]) is not None
    assert facts_of(viewer.layers[-1]).kind == "recoloured"


def test_model_of_another_embedding_is_one_clear_line(
    qtbot, widget, viewer, embedded, tmp_path
):
    add_layers(viewer, [embedding_layer(embedded)])
    widget.model.choose(write_recolourer(tmp_path / "other.safetensors", "0" * 16))
    run(qtbot, widget)
    assert "0" * 16 in widget.run_bar.line.text()
    assert len(viewer.layers) == 1


def test_embedding_model_in_the_place_of_the_other_is_one_clear_line(
    qtbot, widget, viewer, embedded, embedding_file
):
    add_layers(viewer, [embedding_layer(embedded)])
    widget.model.choose(embedding_file)
    run(qtbot, widget)
    assert "'recolouring' is needed" in widget.run_bar.line.text()


def test_trained_model_is_chosen_with_its_embedding(
    widget, embedding_file, recolouring_file
):
    widget.training.material.embedding.choose(embedding_file)
    widget.training.trained.emit(recolouring_file)
    assert widget.model.path == recolouring_file
    assert widget.embedding.path == embedding_file


def test_training_without_pictures_is_one_clear_line(widget, tmp_path):
    widget.training.out.set(tmp_path)
    widget.training.run_bar.button.click()
    assert "folder of pictures is empty" in widget.training.run_bar.line.text()


@pytest.mark.gui
def test_press_and_the_colours_appear(
    qtbot, make_napari_viewer, cube, embedding_file, recolouring_file
):
    viewer = make_napari_viewer(show=True)
    widget = RecolourWidget(viewer)
    viewer.window.add_dock_widget(widget, name="Recolour")
    assert widget.minimumSizeHint().width() <= 320
    add_cube(viewer, cube)
    widget.embedding.choose(embedding_file)
    widget.model.choose(recolouring_file)
    run(qtbot, widget)
    assert viewer.layers[-1].name.endswith("recoloured (predicted)")
