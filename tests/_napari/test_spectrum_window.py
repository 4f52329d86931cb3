"""The Spectrum dock in a real window: the mouse over the canvas, as a user moves it."""

from __future__ import annotations

import numpy as np
import pytest
from npe2 import PluginManifest
from qtpy.QtCore import QEvent, QPointF, Qt
from qtpy.QtGui import QMouseEvent
from qtpy.QtWidgets import QApplication

from napari_maxrf._napari._layers import add_layers, cube_layers

pytestmark = pytest.mark.gui

PLUGIN = "napari-maxrf"
WAIT_MS = 60_000
NONE, LEFT = Qt.MouseButton.NoButton, Qt.MouseButton.LeftButton
KINDS = QEvent.Type


@pytest.fixture
def viewer(make_napari_viewer, npe2pm, plugin_settings, forgive_menus_of_pyqtgraph):
    npe2pm.register(PluginManifest.from_distribution(PLUGIN))
    return make_napari_viewer(show=True)


@pytest.fixture
def every_move(monkeypatch):
    """Let the plot answer to every move of the mouse, however fast they come."""
    import pyqtgraph

    monkeypatch.setitem(pyqtgraph.CONFIG_OPTIONS, "mouseRateLimit", -1)


@pytest.fixture
def dock(viewer, cube, qtbot):
    add_layers(viewer, cube_layers(cube, None, 1))
    _, widget = viewer.window.add_plugin_dock_widget(PLUGIN, "Spectrum")
    qtbot.waitUntil(
        lambda: widget.isVisible() and bool(widget._wholes), timeout=WAIT_MS
    )
    viewer.reset_view()
    QApplication.processEvents()
    return widget


def canvas_of(viewer):
    return viewer.window._qt_viewer.canvas.native


def place_of(viewer, world):
    """Return the point of the canvas where a place of the world is drawn."""
    native = canvas_of(viewer)
    centre = np.array(viewer.scene.camera.center[-2:])
    middle = np.array([native.height(), native.width()]) / 2
    y, x = (np.asarray(world)[-2:] - centre) * viewer.scene.camera.zoom + middle
    return QPointF(float(x), float(y))


def send(native, kind, place, held=NONE):
    button = NONE if kind == KINDS.MouseMove else LEFT
    where = QPointF(native.mapToGlobal(place.toPoint()))
    none = Qt.KeyboardModifier.NoModifier
    QApplication.sendEvent(native, QMouseEvent(kind, place, where, button, held, none))
    QApplication.processEvents()


def named(dock, name):
    found = [one.values for one in dock.view.curves if one.name == name]
    return found[0] if found else None


def test_mouse_over_any_layer_of_the_scan_shows_the_pixel(viewer, dock, cube, qtbot):
    scan, canvas = dock.source.layer, canvas_of(viewer)
    photograph = viewer.add_image(
        np.zeros((40, 60, 3), np.uint8),
        rgb=True,
        scale=np.array(scan.scale[-2:]) / 2,
        units=scan.units[-2:],
    )
    for active in (scan, viewer.layers[0], photograph):
        viewer.layers.selection.active = active
        for y, x in ((4, 6), (15, 22)):
            place = place_of(viewer, scan.data_to_world((0, y, x)))
            send(canvas, KINDS.MouseMove, place)
            name = f"y {y}, x {x}"
            qtbot.waitUntil(lambda name=name: named(dock, name) is not None)
            np.testing.assert_array_equal(named(dock, name), cube.spectrum(y, x))


def test_click_pins_the_pixel_and_a_drag_does_not(viewer, dock, cube, qtbot):
    canvas = canvas_of(viewer)
    viewer.layers.selection.active = viewer.layers[0]
    place = place_of(viewer, dock.source.layer.data_to_world((0, 4, 6)))
    send(canvas, KINDS.MouseMove, place)
    qtbot.waitUntil(lambda: named(dock, "y 4, x 6") is not None)
    send(canvas, KINDS.MouseButtonPress, place, LEFT)
    send(canvas, KINDS.MouseMove, place + QPointF(30, 10), LEFT)
    send(canvas, KINDS.MouseButtonRelease, place + QPointF(30, 10))
    assert dock.list.names == ("whole scan",)
    qtbot.waitUntil(lambda: not dock.is_busy)
    place = place_of(viewer, dock.source.layer.data_to_world((0, 4, 6)))
    send(canvas, KINDS.MouseMove, place)
    qtbot.waitUntil(lambda: dock.view.curves[-1].name == "y 4, x 6")
    send(canvas, KINDS.MouseButtonPress, place, LEFT)
    send(canvas, KINDS.MouseButtonRelease, place)
    assert dock.list.names == ("whole scan", "y 4, x 6")


def test_drag_of_the_window_in_the_plot_moves_the_map(
    viewer, dock, cube, qtbot, every_move
):
    dock.window.panel.tick.setChecked(True)
    qtbot.waitUntil(lambda: dock.window.map.layer is not None, timeout=WAIT_MS)
    qtbot.waitUntil(lambda: not dock.is_busy)
    layer = dock.window.map.layer
    box, view = dock.view.plot.getViewBox(), dock.view.plot.viewport()

    def place(energy):
        middle = np.mean(box.viewRange()[1])
        scene = box.mapViewToScene(QPointF(energy, middle))
        return QPointF(dock.view.plot.mapFromScene(scene))

    middle = np.mean(dock.window.panel.window_kev)
    send(view, KINDS.MouseMove, place(middle))
    send(view, KINDS.MouseButtonPress, place(middle), LEFT)
    for energy in np.linspace(middle, 6.4, 8):
        send(view, KINDS.MouseMove, place(energy), LEFT)
    send(view, KINDS.MouseButtonRelease, place(6.4))
    qtbot.waitUntil(lambda: abs(np.mean(dock.model.window_kev) - 6.4) < 0.1)

    def shown():
        expected = np.asarray(cube.window_sum(*dock.window.panel.window_kev))
        return np.array_equal(layer.data, expected)

    qtbot.waitUntil(shown, timeout=WAIT_MS)
    assert layer in viewer.layers
