"""The Embedding dock, with a network that was never trained."""

from __future__ import annotations

import dask.array as da
import numpy as np
import pytest

from napari_maxrf._napari._embedding_widget import EmbeddingWidget
from napari_maxrf._napari._facts import cube_of, embedded_of
from napari_maxrf._napari._layers import add_layers, counts_layer
from napari_maxrf._napari._placement import pixel_placement
from napari_maxrf.cube import EnergyAxis, SpectralCube
from napari_maxrf.errors import MaxrfError

WAIT_MS = 300_000


@pytest.fixture(scope="module")
def model_file(tmp_path_factory):
    """Return a model file with random weights."""
    from napari_maxrf.embedding import EmbeddingConfig, EmbeddingTask

    spectra = np.random.default_rng(0).poisson(1.0, (64, 512)).astype(np.uint16)
    task = EmbeddingTask(spectra, spectra, EmbeddingConfig())
    path = tmp_path_factory.mktemp("run") / "model.safetensors"
    task.save(path, task.model, {})
    return path


@pytest.fixture
def widget(qtbot, viewer):
    made = EmbeddingWidget(viewer)
    qtbot.addWidget(made)
    return made


def add_cube(viewer, cube, **placement):
    where = pixel_placement(cube.pixel_size_mm) | placement
    (layer,) = add_layers(viewer, [counts_layer(cube, (0, 1), where)])
    return layer


def far_cube():
    counts = da.from_array(np.ones((4, 5, 32), np.uint16))
    return SpectralCube(counts, EnergyAxis.from_range(60, 80, 32), name="far")


def run(qtbot, widget):
    widget.run_bar.button.click()
    qtbot.waitUntil(lambda: not widget.run_bar.is_running, timeout=WAIT_MS)


def test_button_waits_for_a_scan(widget, viewer, cube, picture):
    viewer.add_image(picture, rgb=True)
    assert not widget.run_bar.button.isEnabled()
    add_cube(viewer, cube)
    assert widget.run_bar.button.isEnabled()
    assert widget.info.text() == ("30 × 20 pixels, 200 channels from 0.5 to 20.5 keV")


def test_request_without_a_scan_is_refused(widget):
    with pytest.raises(MaxrfError, match="no scan"):
        widget.request()


def test_embedding_lies_over_the_scan(qtbot, widget, viewer, cube, model_file):
    layer = add_cube(viewer, cube, translate=np.array([7.0, 9.0]))
    widget.model.choose(model_file)
    run(qtbot, widget)
    made = viewer.layers[-1]
    embedded = embedded_of(made)
    assert embedded.latents.shape == (20, 30, 3)
    assert made.rgb
    np.testing.assert_array_equal(made.data, embedded.false_colour())
    np.testing.assert_allclose(made.scale, layer.scale[-2:])
    np.testing.assert_allclose(made.translate, layer.translate[-2:])
    assert made.units == layer.units[-2:]
    assert widget.source.layer is layer


def test_scan_that_lacks_part_of_the_range_is_said(
    qtbot, widget, viewer, cube, model_file
):
    add_cube(viewer, cube)
    widget.model.choose(model_file)
    run(qtbot, widget)
    assert "20.5" in widget.run_bar.line.text()
    assert "38.5" in widget.run_bar.line.text()


def test_scan_on_other_energies_is_one_clear_line(qtbot, widget, viewer, model_file):
    add_cube(viewer, far_cube())
    widget.model.choose(model_file)
    run(qtbot, widget)
    assert "nothing in common" in widget.run_bar.line.text()
    assert len(viewer.layers) == 1


@pytest.mark.parametrize("content", [None, b"\x80\x04not a model", b""])
def test_file_that_is_no_model_is_one_clear_line(
    qtbot, widget, viewer, cube, tmp_path, content
):
    path = tmp_path / "wrong.safetensors"
    if content is not None:
        path.write_bytes(content)
    add_cube(viewer, cube)
    widget.model.choose(path)
    run(qtbot, widget)
    assert "wrong.safetensors" in widget.run_bar.line.text()
    assert "\n" not in widget.run_bar.line.text()
    assert len(viewer.layers) == 1


def test_trained_model_is_chosen(widget, model_file):
    widget.training.trained.emit(model_file)
    assert widget.model.path == model_file


def test_what_matters_for_pictures_only_is_hidden_for_scans(widget):
    plan = widget.training.plan_form
    material = widget.training.material
    material.kind.setCurrentText("Open scans")
    assert plan.form.isHidden()
    assert not material.scans.isHidden()
    material.kind.setCurrentText("Folder of pictures")
    assert not plan.form.isHidden()


def test_ticked_scans_are_trained_on(widget, viewer, cube):
    layer = add_cube(viewer, cube)
    material = widget.training.material
    material.kind.setCurrentText("Open scans")
    assert material.sources() == [cube_of(layer)]
    viewer.layers.remove(layer)
    with pytest.raises(MaxrfError, match="No scan is ticked"):
        material.sources()


def test_folder_of_pictures_is_asked_for(widget, tmp_path):
    material = widget.training.material
    with pytest.raises(MaxrfError, match="folder of pictures is empty"):
        material.sources()
    material.pictures.set(tmp_path)
    assert material.sources() == tmp_path


@pytest.mark.gui
class TestInWindow:
    """The same in a real window."""

    @pytest.fixture
    def window(self, make_napari_viewer, forgive_menus_of_pyqtgraph):
        viewer = make_napari_viewer(show=True)
        widget = EmbeddingWidget(viewer)
        viewer.window.add_dock_widget(widget, name="Embedding")
        return viewer, widget

    def test_press_and_the_false_colours_appear(self, qtbot, window, cube, model_file):
        viewer, widget = window
        add_cube(viewer, cube)
        widget.model.choose(model_file)
        run(qtbot, widget)
        assert embedded_of(viewer.layers[-1]) is not None

    def test_training_on_an_open_scan_gives_a_model(
        self, qtbot, window, cube, tmp_path
    ):
        viewer, widget = window
        add_cube(viewer, cube)
        panel = widget.training
        panel.material.kind.setCurrentText("Open scans")
        panel.out.set(tmp_path / "run")
        fields = panel.plan_form.length.fields
        for name, value in {
            "epochs": 2, "steps_per_epoch": 2, "batch_size": 16, "warmup_steps": 1,
        }.items():  # fmt: skip
            fields[name].set(value)
        panel.run_bar.button.click()
        qtbot.waitUntil(lambda: not panel.run_bar.is_running, timeout=WAIT_MS)
        assert widget.model.path == tmp_path / "run" / "model.safetensors"
        assert len(panel.plot.points["val_loss"]) == 2
        run(qtbot, widget)
        assert embedded_of(viewer.layers[-1]) is not None

    def test_widget_fits_a_narrow_dock(self, window):
        _, widget = window
        assert widget.minimumSizeHint().width() <= 320
        assert widget.minimumSizeHint().height() <= 400
