"""What a user sees in a real window. Needs a display."""

from __future__ import annotations

import numpy as np
import pytest
from npe2 import PluginManifest

pytestmark = pytest.mark.gui

PLUGIN = "napari-maxrf"
RED, BLUE = (1.0, 0.0, 0.0), (0.0, 0.0, 1.0)


@pytest.fixture
def window(make_napari_viewer_proxy, npe2pm, plugin_settings):
    """Return a viewer with a window that knows the plugin."""
    npe2pm.register(PluginManifest.from_distribution(PLUGIN))
    return make_napari_viewer_proxy(show=True)


@pytest.fixture
def pair(window):
    """Return a red and a blue picture over each other."""
    shape = (64, 96, 3)
    return [
        window.add_image(np.full(shape, colour, np.float32), rgb=True, name=name)
        for colour, name in ((RED, "red"), (BLUE, "blue"))
    ]


def seen(window, fraction):
    """Return which of the two pictures is drawn there, across the canvas."""
    shot = window.screenshot(canvas_only=True, flash=False)
    pixel = shot[shot.shape[0] // 2, int(fraction * shot.shape[1])]
    return "red" if pixel[0] > 200 else "blue" if pixel[2] > 200 else "neither"


@pytest.fixture
def opened(window, qtbot):
    """Return a function that opens a dock as its menu entry does."""

    def open_dock(name):
        dock, widget = window.window.add_plugin_dock_widget(PLUGIN, name)
        qtbot.waitUntil(widget.isVisible, timeout=20_000)
        return dock, widget

    return open_dock


@pytest.mark.parametrize(
    "name",
    [
        "Synthesise",
        "Palette",
        "Embedding",
        "Recolour",
        "Spectrum",
        "Scan",
        "Element maps",
        "Compare",
    ],
)
def test_dock_opens_beside_the_canvas_and_is_narrow(opened, name):
    dock, widget = opened(name)
    assert widget.minimumSizeHint().width() < 500
    dock.destroyOnClose()


def test_menus_hold_our_commands(window):
    from napari._app_model import get_app_model

    menus = get_app_model().menus

    def commands(menu):
        return [
            item.command.id for item in menus.get_menu(menu) if hasattr(item, "command")
        ]

    assert commands("napari-maxrf/transform") == [
        "napari-maxrf.palette",
        "napari-maxrf.synthesise",
        "napari-maxrf.embed",
        "napari-maxrf.recolour",
        "napari-maxrf.scan",
    ]
    assert "napari-maxrf.compare" in commands("napari-maxrf/visualise")
    assert "napari-maxrf.open_cube" in commands("napari/file/io_utilities")


def test_curtain_is_drawn_where_the_slider_stands(window, opened, pair):
    _, widget = opened("Compare")
    assert seen(window, 0.5) == "blue"
    widget.show_as("curtain")
    widget.slider.setValue(500)
    assert [seen(window, at) for at in (0.4, 0.6)] == ["red", "blue"]
    widget.slider.setValue(900)
    assert seen(window, 0.6) == "red"
    widget.show_as("off")
    assert seen(window, 0.4) == "blue"


def test_side_by_side_fills_two_views(window, opened, pair):
    _, widget = opened("Compare")
    widget.show_as("side by side")
    assert [seen(window, at) for at in (0.25, 0.75)] == ["red", "blue"]


def test_closing_the_dock_takes_the_curtain_away(window, opened, pair):
    dock, widget = opened("Compare")
    widget.show_as("curtain")
    assert len(window.layers) == 4
    dock.destroyOnClose()
    assert [layer.name for layer in window.layers] == ["red", "blue"]


def test_opened_scan_is_drawn_without_moving_the_slider(window, cube, tmp_path):
    from napari_maxrf.io import save_cube

    path = save_cube(cube, tmp_path / "panel.maxrf")
    window.open(path, plugin=PLUGIN)
    shot = window.screenshot(canvas_only=True, flash=False)
    assert (shot[..., :3].max(axis=2) > 100).mean() > 0.1
