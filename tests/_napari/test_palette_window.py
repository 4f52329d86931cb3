"""The Palette dock in a real window, as a new user works with it."""

from __future__ import annotations

import numpy as np
import pytest
from npe2 import PluginManifest
from qtpy.QtCore import QEvent, QPointF, Qt
from qtpy.QtGui import QMouseEvent
from qtpy.QtWidgets import QApplication, QDialogButtonBox, QFileDialog

from napari_maxrf._napari._facts import cube_of
from napari_maxrf._napari._measured_dialog import MeasuredDialog
from napari_maxrf._napari._palette_widget import PaletteWidget
from napari_maxrf._napari._pigment_rows import COLOUR
from napari_maxrf._napari._table_dialog import TableDialog
from napari_maxrf.pictures import as_picture
from napari_maxrf.pigments import _spectra, load_palette, spectra_folder

pytestmark = pytest.mark.gui

PLUGIN = "napari-maxrf"
WAIT_MS = 300_000
FOUR = ("azurite", "lead_white", "yellow_ochre", "carbon_black")
OK = QDialogButtonBox.StandardButton.Ok
LEFT = Qt.MouseButton.LeftButton
QUICK = {"n_bins": 256, "k_min": 3, "k_max": 4, "counts": 300.0, "seed": 7}


@pytest.fixture
def new_window(make_napari_viewer, npe2pm, plugin_settings, forgive_menus_of_pyqtgraph):
    """Return a function that starts napari with the plugin."""
    npe2pm.register(PluginManifest.from_distribution(PLUGIN))
    return lambda: make_napari_viewer(show=True)


@pytest.fixture
def painting():
    """Return a small picture of four quarters, a little noisy."""
    rng = np.random.default_rng(8)
    picture = np.empty((40, 60, 3))
    picture[:20, :30], picture[:20, 30:] = (30, 70, 130), (235, 230, 220)
    picture[20:, :30], picture[20:, 30:] = (190, 140, 60), (150, 30, 25)
    return (picture + rng.integers(-6, 7, picture.shape)).astype(np.uint8)


@pytest.fixture
def spectrum_file(tmp_path):
    """Return a measured red: counts without energies, a mercury line at 9.99 keV."""
    channels = np.arange(2048)
    counts = 3 + 400 * np.exp(-0.5 * ((channels - 999) / 8) ** 2)
    counts += 250 * np.exp(-0.5 * ((channels - 1182) / 8) ** 2)
    path = tmp_path / "house red.csv"
    path.write_text("\n".join(str(int(count)) for count in counts))
    return path


def press(qtbot, button):
    qtbot.waitUntil(button.isVisible, timeout=WAIT_MS)
    qtbot.mouseClick(button, LEFT)


def click_tick(qtbot, table, key):
    """Click on the tick of a pigment."""
    index = table.proxy.index(table.proxy.ids.index(key), COLOUR)
    table.scrollTo(index)
    at = table.visualRect(index).center()
    at.setX(table.visualRect(index).left() + 9)
    qtbot.mouseClick(table.viewport(), LEFT, pos=at)


def click_on_picture(viewer, layer, row, column):
    """Click in the canvas where a pixel of a layer is drawn."""
    canvas = viewer.window._qt_viewer.canvas
    world = np.asarray(layer.data_to_world((row, column)))
    centre, zoom = np.array(viewer.scene.camera.center[-2:]), viewer.scene.camera.zoom
    height, width = canvas.native.height(), canvas.native.width()
    y, x = (world[-2:] - centre) * zoom + (height / 2, width / 2)
    place = QPointF(float(x), float(y))
    kinds = QEvent.Type
    for kind in (kinds.MouseMove, kinds.MouseButtonPress, kinds.MouseButtonRelease):
        moving = kind == kinds.MouseMove
        button = Qt.MouseButton.NoButton if moving else LEFT
        held = LEFT if kind == kinds.MouseButtonPress else Qt.MouseButton.NoButton
        event = QMouseEvent(
            kind,
            place,
            QPointF(canvas.native.mapToGlobal(place.toPoint())),
            button,
            held,
            Qt.KeyboardModifier.NoModifier,
        )
        QApplication.sendEvent(canvas.native, event)
        QApplication.processEvents()


def open_dock(qtbot, viewer, name):
    _, widget = viewer.window.add_plugin_dock_widget(PLUGIN, name)
    qtbot.waitUntil(widget.isVisible, timeout=WAIT_MS)
    return widget


def palette_dock(qtbot, viewer, synthesise):
    """Press “Edit palette…” and return the dock that opens."""
    press(qtbot, synthesise.palette_list.edit)
    found = viewer.window._qt_window.findChildren(PaletteWidget)
    assert len(found) == 1
    qtbot.waitUntil(found[0].isVisible, timeout=WAIT_MS)
    return found[0]


def synthesised(qtbot, viewer, synthesise):
    """Press “Synthesise” and return the counts of the cube."""
    for name, value in QUICK.items():
        synthesise.form.fields[name].set(value)
    synthesise.run_bar.button.click()
    bar = synthesise.run_bar
    qtbot.waitUntil(lambda: not bar.is_running, timeout=WAIT_MS)
    assert bar.line.text().startswith("Synthetic scan of"), bar.line.text()
    cubes = [one for one in map(cube_of, viewer.layers) if one is not None]
    return np.asarray(cubes[-1].counts)


def forget_spectra():
    """Empty the caches in memory and on disk, as after a restart elsewhere."""
    _spectra._rows_in_memory.cache_clear()
    for path in spectra_folder().glob("*.npz"):
        path.unlink()


@pytest.mark.slow
def test_palette_of_five_with_one_measured_gives_the_same_cube_after_a_restart(
    qtbot, new_window, painting, spectrum_file, tmp_path, monkeypatch
):
    viewer = new_window()
    layer = viewer.add_image(painting, rgb=True, name="panel")
    synthesise = open_dock(qtbot, viewer, "Synthesise")
    dock = palette_dock(qtbot, viewer, synthesise)

    dock.bar.from_table.trigger()
    dialog = dock.findChild(TableDialog)
    for key in FOUR:
        click_tick(qtbot, dialog.table, key)
    press(qtbot, dialog.buttons.button(OK))
    assert set(dock.book.palette.ids) == set(FOUR)

    monkeypatch.setattr(
        QFileDialog, "getOpenFileName", lambda *args: (str(spectrum_file), "")
    )
    dock.actions_row.from_file.trigger()
    qtbot.waitUntil(lambda: dock.findChild(MeasuredDialog) is not None, timeout=WAIT_MS)
    describe = dock.findChild(MeasuredDialog)
    describe.name.clear()
    qtbot.keyClicks(describe.name, "House red")
    describe.gain.setValue(10.0)
    press(qtbot, describe.buttons.button(OK))
    assert dock.table.selected_ids == ("house_red",)

    press(qtbot, dock.actions_row.pick)
    click_on_picture(viewer, layer, 30, 45)
    qtbot.waitUntil(lambda: not dock.actions_row.pick.isChecked(), timeout=WAIT_MS)
    square = as_picture(painting)[28:33, 43:48].reshape(-1, 3)
    colour = tuple(round(float(part) * 255) for part in square.mean(axis=0))
    assert dock.book.pigment("house_red").srgb == colour
    qtbot.waitUntil(lambda: "house_red" in dock.plot.drawn, timeout=WAIT_MS)

    before = synthesised(qtbot, viewer, synthesise)
    path = tmp_path / "my studio.toml"
    chooser = "napari_maxrf._napari._palette_chooser"
    monkeypatch.setattr(f"{chooser}.ask_save_path", lambda *args: str(path))
    press(qtbot, dock.bar.save)
    assert dock.bar.combo.currentText() == "my studio"
    assert len(load_palette(path)) == 5
    viewer.close()
    forget_spectra()

    viewer = new_window()
    viewer.add_image(painting, rgb=True, name="panel")
    synthesise = open_dock(qtbot, viewer, "Synthesise")
    assert (
        synthesise.palette_list.combo.currentText() == "Sarteano replica, 12 pigments"
    )
    synthesise.palette_list.try_file(str(path))
    assert set(synthesise.palette_list.ticked) == {*FOUR, "house_red"}
    after = synthesised(qtbot, viewer, synthesise)
    assert before.sum() > 0
    np.testing.assert_array_equal(after, before)


@pytest.mark.slow
def test_measured_spectrum_is_what_the_pixels_of_its_colour_show(
    qtbot, new_window, painting, spectrum_file, tmp_path
):
    """The red quarter of the picture holds the measured line, and little else."""
    path = tmp_path / "red.toml"
    path.write_text(
        "pigments = ['azurite', 'red']\n"
        "[measured.red]\nfile = 'house red.csv'\ncolour = '#961e19'\n"
        "offset_kev = 0.0\ngain_kev = 0.01\n"
    )
    viewer = new_window()
    viewer.add_image(painting, rgb=True, name="panel")
    synthesise = open_dock(qtbot, viewer, "Synthesise")
    synthesise.palette_list.try_file(str(path))
    counts = synthesised(qtbot, viewer, synthesise)
    axis = synthesise.form.config().axis
    red = counts[22:38, 32:58].sum(axis=(0, 1))
    line = red[axis.window(9.6, 10.4)].sum() + red[axis.window(11.4, 12.3)].sum()
    assert line > 0.5 * red.sum()


def test_edit_palette_brings_the_dock_that_is_there(qtbot, new_window):
    viewer = new_window()
    synthesise = open_dock(qtbot, viewer, "Synthesise")
    first = palette_dock(qtbot, viewer, synthesise)
    assert palette_dock(qtbot, viewer, synthesise) is first
    assert first.book is synthesise._book


def test_dock_opens_in_a_viewer_that_does_not_know_the_plugin(
    qtbot, make_napari_viewer, forgive_menus_of_pyqtgraph
):
    from napari_maxrf._napari._palette_widget import open_palette_dock

    viewer = make_napari_viewer(show=True)
    open_palette_dock(viewer)
    (dock,) = viewer.window._qt_window.findChildren(PaletteWidget)
    qtbot.waitUntil(dock.isVisible, timeout=WAIT_MS)


def test_escape_in_the_canvas_gives_up_picking(qtbot, new_window, painting):
    viewer = new_window()
    viewer.add_image(painting, rgb=True)
    dock = open_dock(qtbot, viewer, "Palette")
    dock.table.select(["smalt"])
    before = dock.book.palette
    press(qtbot, dock.actions_row.pick)
    canvas = viewer.window._qt_viewer.canvas.native
    qtbot.keyClick(canvas, Qt.Key.Key_Escape)
    assert not dock.actions_row.pick.isChecked()
    assert dock.book.palette == before


def test_window_of_a_laptop_shows_the_whole_dock(qtbot, new_window):
    viewer = new_window()
    viewer.window.resize(1366, 768)
    dock = open_dock(qtbot, viewer, "Palette")
    qtbot.waitUntil(lambda: dock.plot.drawn != (), timeout=WAIT_MS)
    parts = dock.bar.save, dock.table, dock.plot, dock.confusions.tree
    for part in parts:
        corner = part.mapTo(dock, part.rect().bottomRight())
        assert dock.rect().contains(corner), part
    assert dock.plot.height() >= 200
    assert dock.table.height() >= 6 * 20
