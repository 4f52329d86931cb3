"""The Compare dock, driven as a user would, without a window."""

from __future__ import annotations

import numpy as np
import pytest

from napari_maxrf._napari._compare import CompareWidget
from napari_maxrf._napari._facts import facts_of, is_helper


@pytest.fixture
def pair(viewer, picture):
    """Return an original and a result over it."""
    original = viewer.add_image(picture, rgb=True, name="original", scale=(2, 2))
    result = viewer.add_image(1 - picture, rgb=True, name="recoloured", scale=(2, 2))
    return original, result


@pytest.fixture
def dock(qtbot, viewer, pair):
    """Return the dock over `pair`."""
    widget = CompareWidget(viewer)
    qtbot.addWidget(widget)
    return widget


def helpers(viewer):
    return [layer for layer in viewer.layers if is_helper(layer)]


def test_original_stands_left_and_the_result_right(dock, pair):
    assert (dock.left.layer, dock.right.layer) == pair


def test_opened_before_its_layers_it_finds_them(qtbot, viewer, picture):
    dock = CompareWidget(viewer)
    qtbot.addWidget(dock)
    assert not dock.buttons["curtain"].isEnabled()
    first = viewer.add_image(picture, rgb=True)
    assert not dock.buttons["curtain"].isEnabled()
    second = viewer.add_image(picture, rgb=True)
    assert (dock.left.layer, dock.right.layer) == (first, second)
    assert dock.buttons["curtain"].isEnabled()


def test_slider_wipes(dock, viewer, picture):
    dock.buttons["curtain"].click()
    _, above = helpers(viewer)
    assert above.data.shape[1] == 16
    dock.slider.setValue(250)
    np.testing.assert_array_equal(above.data, picture[:, :8])
    dock.level.click()
    np.testing.assert_array_equal(above.data, picture[:6])


def test_slider_only_works_with_a_curtain(dock):
    assert not dock.slider.isEnabled()
    dock.show_as("curtain")
    assert dock.slider.isEnabled()
    dock.show_as("side by side")
    assert not dock.slider.isEnabled()


def test_swap_goes_on_with_the_curtain(dock, viewer, pair):
    dock.show_as("curtain")
    dock.swap_button.click()
    assert (dock.left.layer, dock.right.layer) == pair[::-1]
    assert dock.mode == "curtain"
    assert [layer.name for layer in helpers(viewer)] == [
        "Compare: original",
        "Compare: recoloured",
    ]


def test_off_leaves_the_viewer_as_it_was(dock, viewer, pair):
    for mode in ("curtain", "side by side", "curtain", "off"):
        dock.show_as(mode)
    assert list(viewer.layers) == list(pair)
    assert not viewer.canvas.grid.enabled


@pytest.mark.parametrize("mode", ["curtain", "side by side"])
@pytest.mark.parametrize("which", [0, 1])
def test_removing_a_compared_layer_ends_the_comparison(dock, viewer, pair, mode, which):
    dock.show_as(mode)
    viewer.layers.remove(pair[which])
    assert list(viewer.layers) == [pair[1 - which]]
    assert dock.mode == "off"
    assert not viewer.canvas.grid.enabled


@pytest.mark.parametrize("which", [0, 1])
def test_removing_a_helper_ends_the_comparison(dock, viewer, pair, which):
    dock.show_as("curtain")
    viewer.layers.remove(helpers(viewer)[which])
    assert list(viewer.layers) == list(pair)
    assert dock.mode == "off"


def test_clearing_the_viewer_ends_the_comparison(dock, viewer):
    dock.show_as("side by side")
    viewer.layers.clear()
    assert len(viewer.layers) == 0
    assert dock.mode == "off"


def test_new_layer_is_not_covered_by_the_comparison(dock, viewer, picture):
    dock.show_as("curtain")
    new = viewer.add_image(picture, rgb=True)
    assert not helpers(viewer)
    assert viewer.layers[-1] is new


def test_mode_chosen_before_the_dock_is_shown_stays(dock, viewer):
    dock.show_as("curtain")
    dock.show()
    assert dock.mode == "curtain"
    assert len(helpers(viewer)) == 2


def test_hidden_dock_shows_nothing_and_goes_on_when_shown(dock, viewer, pair):
    dock.show()
    dock.show_as("curtain")
    dock.hide()
    assert list(viewer.layers) == list(pair)
    dock.show()
    assert dock.mode == "curtain"
    assert len(helpers(viewer)) == 2


def test_difference_arrives_as_a_layer_over_the_left_picture(
    dock, qtbot, viewer, pair, picture
):
    import colour

    dock.difference_button.click()
    assert not dock.difference_button.isEnabled()
    qtbot.waitUntil(lambda: len(viewer.layers) == 3, timeout=60_000)
    layer = viewer.layers[-1]
    assert facts_of(layer).kind == "difference"
    np.testing.assert_allclose(layer.scale, pair[0].scale)
    lab = [colour.XYZ_to_Lab(colour.sRGB_to_XYZ(one)) for one in (picture, 1 - picture)]
    expected = colour.delta_E(*lab, method="CIE 2000")
    np.testing.assert_allclose(layer.data, expected, atol=0.05)
    assert f"Mean ΔE₀₀ {expected.mean():.2f}" in dock.difference_result.text()
    assert dock.colour_bar.labels()[0] == "0"
    qtbot.waitUntil(dock.difference_button.isEnabled, timeout=10_000)


def test_difference_of_other_sizes_and_types_has_the_pixels_of_the_left_picture(
    viewer,
):
    from napari_maxrf._napari._difference import difference_work
    from napari_maxrf.progress import finish

    ramp = np.linspace(0.2, 0.8, 32, dtype=np.float32)
    picture = np.stack(np.broadcast_arrays(ramp, 1 - ramp, 0.5), axis=-1)
    picture = np.repeat(picture[None].astype(np.float32), 24, axis=0)
    large = np.repeat(np.repeat(picture, 3, axis=0), 3, axis=1)
    left = viewer.add_image((picture * 255).round().astype(np.uint8), rgb=True)
    right = viewer.add_image(large, rgb=True, scale=(1 / 3, 1 / 3))
    difference, keywords, _ = finish(difference_work(left, right)())
    assert difference.shape == (24, 32)
    assert difference.mean() < 1
    assert keywords["contrast_limits"] == (0, 4)


def test_difference_of_a_grey_layer_is_not_offered(qtbot, viewer, picture):
    viewer.add_image(picture[..., 0])
    viewer.add_image(picture, rgb=True)
    dock = CompareWidget(viewer)
    qtbot.addWidget(dock)
    assert dock.buttons["curtain"].isEnabled()
    assert not dock.difference_button.isEnabled()


def test_closed_dock_no_longer_listens(qtbot, viewer, pair, picture):
    from qtpy.QtCore import QEvent
    from qtpy.QtWidgets import QApplication

    dock = CompareWidget(viewer)
    dock.show_as("curtain")
    dock.close()
    dock.deleteLater()
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    viewer.add_image(picture, rgb=True)


def test_every_control_says_what_it_does(dock):
    controls = [
        dock.left,
        dock.right,
        dock.swap_button,
        dock.slider,
        dock.level,
        dock.difference_button,
        *dock.buttons.values(),
    ]
    assert all(control.toolTip() for control in controls)
