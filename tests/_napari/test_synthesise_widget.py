"""The Synthesise dock, from an open picture to layers over it."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QComboBox, QLineEdit, QListWidget, QPushButton

from napari_maxrf._napari._chains import held_steps, synthesise_chain
from napari_maxrf._napari._facts import cube_of, facts_of
from napari_maxrf._napari._placement import placement_of
from napari_maxrf._napari._synthesise_widget import SynthesiseWidget, is_picture
from napari_maxrf.errors import MaxrfError, PaletteError
from napari_maxrf.pigments import load_palette
from napari_maxrf.progress import finish
from napari_maxrf.synthesis import SynthesisConfig, synthesise

WAIT_MS = 300_000
PIGMENTS = ("red_ochre", "titanium_white")


def prepare(widget, **settings):
    """Set a widget to a scan that is quick to make."""
    for row in range(widget.palette_list.list.count()):
        item = widget.palette_list.list.item(row)
        ticked = item.data(Qt.ItemDataRole.UserRole) in PIGMENTS
        item.setCheckState(Qt.CheckState.Checked if ticked else Qt.CheckState.Unchecked)
    quick = {"n_bins": 64, "k_min": 2, "k_max": 3, "counts": 100.0} | settings
    for name, value in quick.items():
        widget.form.fields[name].set(value)
    return widget


@pytest.fixture
def widget(qtbot, viewer):
    made = SynthesiseWidget(viewer)
    qtbot.addWidget(made)
    return prepare(made)


def run(qtbot, widget):
    widget.run_bar.button.click()
    qtbot.waitUntil(lambda: not widget.run_bar.is_running, timeout=WAIT_MS)


def the_cube(viewer):
    return next(layer for layer in viewer.layers if cube_of(layer) is not None)


def test_rgb_and_grey_pictures_are_offered_and_results_are_not(
    widget, viewer, picture, cube
):
    from napari_maxrf._napari._layers import add_layers, cube_layers

    rgb = viewer.add_image(picture, rgb=True)
    grey = viewer.add_image(picture[..., 0])
    stack = viewer.add_image(np.zeros((3, 24, 32)))
    points = viewer.add_points(np.zeros((1, 2)))
    ours = add_layers(viewer, cube_layers(cube, n_maps=0))
    assert [is_picture(one) for one in (rgb, grey, stack, points, *ours)] == [
        True, True, False, False, False, False,
    ]  # fmt: skip
    assert widget.source.count() == 2


def test_button_waits_for_a_picture(widget, viewer, picture):
    assert not widget.run_bar.button.isEnabled()
    assert widget.run_bar.button.toolTip() == "Open a picture first."
    viewer.add_image(picture, rgb=True)
    assert widget.run_bar.button.isEnabled()


def test_size_of_the_scan_is_said_beforehand(widget, viewer, picture):
    viewer.add_image(picture, rgb=True)
    assert widget.info.text() == "32 × 24 pixels, 64 bins: 0 MiB of counts"
    widget.form.fields["n_bins"].set(1024)
    assert widget.info.text() == "32 × 24 pixels, 1024 bins: 2 MiB of counts"


def test_settings_that_do_not_fit_disable_the_button(widget, viewer, picture):
    viewer.add_image(picture, rgb=True)
    widget.form.fields["k_min"].set(9)
    assert not widget.run_bar.button.isEnabled()
    assert "must not be below" in widget.run_bar.button.toolTip()


def test_result_lies_exactly_over_the_picture(qtbot, widget, viewer, picture):
    layer = viewer.add_image(
        picture,
        rgb=True,
        name="panel",
        scale=(0.5, 0.25),
        translate=(3, 4),
        units=("mm", "mm"),
    )
    run(qtbot, widget)
    assert widget.run_bar.line.text().startswith("Synthetic scan of")
    clustered = viewer.layers["panel clustered"]
    made = the_cube(viewer)
    assert clustered.rgb
    for result in (clustered, made):
        np.testing.assert_allclose(result.scale[-2:], layer.scale)
        np.testing.assert_allclose(result.translate[-2:], layer.translate)
        assert result.units[-2:] == layer.units
    assert widget.source.layer is layer


def test_cube_is_that_of_the_core(qtbot, widget, viewer, picture):
    viewer.add_image(picture, rgb=True, name="panel")
    run(qtbot, widget)
    config, palette = widget.form.config(), load_palette("sarteano").subset(PIGMENTS)
    expected = synthesise(picture, palette, config, "panel").cube
    made = cube_of(the_cube(viewer))
    np.testing.assert_array_equal(made.counts, expected.counts)
    assert made.provenance == expected.provenance
    assert facts_of(the_cube(viewer)).synthetic


def test_pixel_size_comes_from_a_picture_in_mm(widget, viewer, picture):
    viewer.add_image(picture, rgb=True, scale=(0.3, 0.3), units=("mm", "mm"))
    assert widget.form.config().pixel_size_mm == pytest.approx(0.3)


def test_no_ticked_pigment_is_one_clear_line(widget, viewer, picture):
    viewer.add_image(picture, rgb=True)
    widget.palette_list.tick_all(False)
    widget.run_bar.button.click()
    assert "Tick at least one" in widget.run_bar.line.text()
    assert len(viewer.layers) == 1
    with pytest.raises(PaletteError):
        widget.request()


def test_request_without_a_picture_is_refused(widget):
    with pytest.raises(MaxrfError, match="no picture"):
        widget.request()


def test_picture_without_numbers_is_one_clear_line(qtbot, widget, viewer):
    viewer.add_image(np.full((8, 9, 3), np.nan), rgb=True)
    run(qtbot, widget)
    assert "number" in widget.run_bar.line.text()
    assert len(viewer.layers) == 1


@pytest.mark.parametrize(
    "data",
    [
        np.full((6, 7), 0.5, np.float32),
        np.full((6, 7, 4), 200, np.uint8),
        np.full((1, 1, 3), 40_000, np.uint16),
    ],
    ids=["grey", "rgba", "one pixel of 16 bits"],
)
def test_every_kind_of_picture_gives_a_scan(qtbot, widget, viewer, data):
    viewer.add_image(data, rgb=data.ndim == 3)
    run(qtbot, widget)
    assert cube_of(the_cube(viewer)).shape == (*data.shape[:2], 64)


def test_multiscale_picture_is_scanned_at_full_resolution(
    qtbot, widget, viewer, picture
):
    levels = [picture, picture[::2, ::2]]
    viewer.add_image(levels, rgb=True, multiscale=True)
    run(qtbot, widget)
    assert cube_of(the_cube(viewer)).shape[:2] == picture.shape[:2]


def test_photons_are_the_same_drawn_now_or_later(picture):
    palette = load_palette("sarteano").subset(PIGMENTS)
    config = SynthesisConfig(n_bins=64, k_min=2, k_max=2)
    lazy = synthesise(picture, palette, config).cube
    held = finish(held_steps(lazy))
    np.testing.assert_array_equal(held.counts, lazy.counts)
    assert held.provenance == lazy.provenance


def test_large_scan_stays_lazy(picture, monkeypatch):
    monkeypatch.setattr("napari_maxrf._napari._chains.LARGEST_HELD", 10)
    palette = load_palette("sarteano").subset(PIGMENTS)
    config = SynthesisConfig(n_bins=64, k_min=2, k_max=2)
    lazy = synthesise(picture, palette, config).cube
    assert finish(held_steps(lazy)) is lazy


def test_every_control_explains_itself(widget):
    controls = (QComboBox, QLineEdit, QListWidget, QPushButton)
    found = [child for kind in controls for child in widget.findChildren(kind)]
    bare = [one for one in found if not one.toolTip() and one.objectName() == ""]
    assert not bare


@pytest.mark.gui
class TestInWindow:
    """The same in a real window."""

    @pytest.fixture
    def window(self, make_napari_viewer):
        viewer = make_napari_viewer(show=True)
        widget = SynthesiseWidget(viewer)
        viewer.window.add_dock_widget(widget, name="Synthesise")
        return viewer, prepare(widget)

    def test_open_press_and_the_cube_appears(self, qtbot, window, picture):
        viewer, widget = window
        viewer.add_image(picture, rgb=True, name="panel")
        qtbot.mouseClick(widget.run_bar.button, Qt.MouseButton.LeftButton)
        assert widget.run_bar.button.text() == "Cancel"
        qtbot.waitUntil(lambda: not widget.run_bar.is_running, timeout=WAIT_MS)
        assert cube_of(the_cube(viewer)).shape == (24, 32, 64)

    def test_cancel_leaves_the_layers_alone(self, qtbot, window, picture, monkeypatch):
        viewer, widget = window
        begun, go_on = threading.Event(), threading.Event()

        def slow(*args):
            for record in synthesise_chain(*args):
                yield record
                begun.set()
                go_on.wait(10)

        monkeypatch.setattr(
            "napari_maxrf._napari._synthesise_widget.synthesise_chain", slow
        )
        viewer.add_image(picture, rgb=True, name="panel")
        widget.run_bar.button.click()
        qtbot.waitUntil(begun.is_set, timeout=WAIT_MS)
        widget.run_bar.button.click()
        go_on.set()
        qtbot.waitUntil(lambda: not widget.run_bar.is_running, timeout=WAIT_MS)
        assert widget.run_bar.line.text() == "Cancelled."
        assert [layer.name for layer in viewer.layers] == ["panel"]

    def test_error_is_shown_and_nothing_is_lost(self, qtbot, window):
        viewer, widget = window
        viewer.add_image(np.full((8, 9, 3), np.nan, np.float32), rgb=True)
        run(qtbot, widget)
        assert "number" in widget.run_bar.line.text()
        assert len(viewer.layers) == 1

    def test_widget_fits_a_narrow_dock(self, window):
        _, widget = window
        assert widget.minimumSizeHint().width() <= 320
        assert widget.minimumSizeHint().height() <= 400

    def test_placement_of_the_source_is_used(self, window, picture):
        viewer, widget = window
        layer = viewer.add_image(picture, rgb=True, scale=(2, 2))
        placement = widget.request().steps.args[4]
        np.testing.assert_allclose(placement["scale"], placement_of(layer)["scale"])
