"""The Spectrum dock on a viewer without a window."""

from __future__ import annotations

import csv
from dataclasses import replace

import numpy as np
import pytest
from qtpy.QtWidgets import QDialogButtonBox

from napari_maxrf._napari._facts import cube_of, facts_of
from napari_maxrf._napari._layers import add_layers, cube_layers
from napari_maxrf._napari._placement import placement_of
from napari_maxrf._napari._spectrum_widget import SpectrumWidget
from napari_maxrf._napari._spectrum_work import stored_whole, whole_steps
from napari_maxrf.analysis import _regions, window_map
from napari_maxrf.cube import EnergyAxis
from napari_maxrf.io import open_cube, save_cube
from napari_maxrf.progress import finish

WAIT_MS = 60_000
IRON = (6.25, 6.55)


@pytest.fixture
def dock(viewer, cube, qtbot, forgive_menus_of_pyqtgraph):
    return make_dock(viewer, cube, qtbot)


def make_dock(viewer, cube, qtbot):
    add_layers(viewer, cube_layers(cube, None, 1))
    widget = SpectrumWidget(viewer)
    qtbot.addWidget(widget)
    qtbot.waitUntil(lambda: bool(widget._wholes), timeout=WAIT_MS)
    return widget


def rest(qtbot, dock):
    qtbot.waitUntil(lambda: not dock.is_busy, timeout=WAIT_MS)


def look(qtbot, dock, y, x):
    dock.follower.look(dock.source.layer.data_to_world((0, y, x)))
    rest(qtbot, dock)


def curve(dock, name):
    return next(one for one in dock.view.curves if one.name.startswith(name)).values


def all_lines(dialog):
    combo = dialog.peaks[0].line
    return [combo.itemText(row) for row in range(combo.count())]


def window_layers(viewer):
    return [
        one
        for one in viewer.layers
        if (facts := facts_of(one)) and facts.kind == "window map"
    ]


def test_spectrum_under_the_cursor_is_that_of_the_pixel(qtbot, dock, cube):
    for y, x in ((3, 4), (19, 29), (0, 0)):
        look(qtbot, dock, y, x)
        np.testing.assert_array_equal(curve(dock, f"y {y}, x {x}"), cube.spectrum(y, x))
    look(qtbot, dock, 40, 4)
    assert dock.view.curves[-1].name == "y 0, x 0"


def test_curves_per_pixel_and_in_all(qtbot, dock, cube):
    np.testing.assert_allclose(curve(dock, "whole"), cube.sum_spectrum() / 600)
    dock.mean.setChecked(False)
    np.testing.assert_array_equal(curve(dock, "whole"), cube.sum_spectrum())
    dock.maximum.setChecked(True)
    np.testing.assert_array_equal(curve(dock, "maximum"), cube.max_spectrum())


def test_live_times_give_rates(viewer, cube, qtbot, forgive_menus_of_pyqtgraph):
    cube = replace(cube, live_time_s=np.full((20, 30), 0.25, np.float32))
    dock = make_dock(viewer, cube, qtbot)
    look(qtbot, dock, 3, 4)
    dock.rate.setChecked(True)
    np.testing.assert_allclose(curve(dock, "y 3"), 4.0 * cube.spectrum(3, 4))


def test_pins_are_listed_and_removed(qtbot, dock):
    look(qtbot, dock, 3, 4)
    dock.list.pin.click()
    look(qtbot, dock, 5, 6)
    assert dock.list.names == ("whole scan", "y 3, x 4")
    dock.list.list.item(1).setSelected(True)
    dock.list.remove.click()
    assert dock.list.names == ("whole scan",)
    dock.list.list.item(0).setSelected(True)
    dock.list.remove.click()
    assert not dock.sum.isChecked()


def test_regions_follow_the_shapes(viewer, qtbot, dock, cube):
    square = np.array([[-0.4, -0.4], [-0.4, 4.4], [4.4, 4.4], [4.4, -0.4]])
    layer = viewer.add_shapes([square], **placement_of(dock.source.layer))
    rest(qtbot, dock)
    counts = np.asarray(cube.counts)
    np.testing.assert_allclose(curve(dock, "rectangle 1"), counts[:5, :5].mean((0, 1)))
    layer.data = [square + 5, square]
    rest(qtbot, dock)
    np.testing.assert_allclose(
        curve(dock, "rectangle 1"), counts[5:10, 5:10].mean((0, 1))
    )
    assert sum("rectangle" in name for name in dock.list.names) == 2
    viewer.layers.remove(layer)
    rest(qtbot, dock)
    assert not any("rectangle" in name for name in dock.list.names)


def test_draw_adds_shapes_on_the_scan(viewer, dock):
    dock.regions.button.click()
    layer = dock.regions.layer
    assert layer.mode == "add_polygon"
    np.testing.assert_allclose(layer.scale, dock.source.layer.scale[1:])


def test_window_is_mapped_in_one_layer_until_it_is_kept(viewer, qtbot, dock, cube):
    panel = dock.window.panel
    drawing = viewer.add_shapes(**placement_of(dock.source.layer))
    panel.tick.setChecked(True)
    dock.view.window.setRegion(IRON)
    rest(qtbot, dock)
    qtbot.waitUntil(lambda: dock.model.window_kev == pytest.approx(IRON))
    rest(qtbot, dock)
    (layer,) = window_layers(viewer)
    assert viewer.layers[-2:] == [layer, drawing]
    np.testing.assert_allclose(layer.data, window_map(cube, *IRON))
    panel.background.setChecked(True)
    rest(qtbot, dock)
    expected = window_map(cube, *panel.window_kev, background=True)
    qtbot.waitUntil(lambda: np.allclose(layer.data, expected), timeout=WAIT_MS)
    panel.keep.click()
    panel.set_window((10.4, 10.7))
    qtbot.waitUntil(lambda: len(window_layers(viewer)) == 2, timeout=WAIT_MS)
    np.testing.assert_allclose(layer.data, expected)
    panel.tick.setChecked(False)
    qtbot.waitUntil(lambda: window_layers(viewer) == [layer], timeout=WAIT_MS)


def test_hottest_pixels_become_points_and_a_curve(viewer, qtbot, dock, cube):
    panel = dock.window.panel
    panel.tick.setChecked(True)
    panel.set_window(IRON)
    panel.n.setValue(7)
    panel.hottest.click()
    qtbot.waitUntil(
        lambda: any("hottest" in n for n in dock.list.names), timeout=WAIT_MS
    )
    points = next(one for one in viewer.layers if "hottest" in one.name)
    counts = np.asarray(cube.window_sum(*IRON))
    at = points.data.astype(int)
    assert sorted(counts[tuple(at.T)]) == sorted(np.sort(counts.ravel())[-7:])
    spectra = [cube.spectrum(y, x) for y, x in at]
    np.testing.assert_allclose(curve(dock, "hottest 7"), np.mean(spectra, axis=0))


def test_chosen_elements_are_marked_and_offered_for_the_window(qtbot, dock):
    dock.elements.open()
    dock.elements.dialog.table.buttons["Fe"].click()
    assert dock.model.elements == ("Fe",)
    assert "Fe Kα" in dock.view.marks.labels
    panel = dock.window.panel
    panel.line.setCurrentIndex(panel.line.findText("Fe Kα"))
    panel.line.activated.emit(panel.line.currentIndex())
    low, high = panel.window_kev
    assert low < 6.40 < high
    dock.elements.dialog.table.buttons["Fe"].click()
    assert dock.view.marks.labels == ()
    rest(qtbot, dock)
    dock.elements.dialog.close()


def test_slider_and_channel_move_each_other(viewer, dock, cube):
    viewer.dims.set_current_step(0, 59)
    assert dock.view.channel.value() == pytest.approx(cube.energy.centres_kev[59])
    dock.view.channel_dragged.emit(float(cube.energy.centres_kev[120]) + 0.01)
    assert viewer.dims.current_step[0] == 120
    assert dock.view.channel.value() == pytest.approx(cube.energy.centres_kev[120])


def test_two_clicks_calibrate_a_scan_of_its_own(viewer, qtbot, dock, cube):
    old = dock.source.layer
    dock.calibrate.click()
    dialog = dock.dialog
    dialog.click(60.0)  # Fe Kα at channel 58.5
    dialog.click(98.0)  # Pb Lα at channel 100
    labels = [peak.line.currentText() for peak in dialog.peaks]
    assert labels[0].startswith("Fe Kα")
    dialog.peaks[1].line.setCurrentIndex(
        dialog.peaks[1].line.findText("Pb Lα 10.541 keV")
    )
    dialog.buttons.button(QDialogButtonBox.StandardButton.Ok).click()
    assert cube_of(old) is cube
    new = dock.cube
    assert new is not cube
    assert new.energy.source == "user"
    assert new.energy.centres_kev == pytest.approx(cube.energy.centres_kev, abs=0.05)
    assert new.provenance[-1].process == "recalibrate"
    assert new.counts is cube.counts


def test_calibration_without_lines_is_refused_in_words(qtbot, dock):
    dock.calibrate.click()
    dialog = dock.dialog
    dialog.buttons.button(QDialogButtonBox.StandardButton.Ok).click()
    assert "Peak 1 needs" in dialog.status.text()
    dialog.reject()


@pytest.mark.parametrize("suffix", ["csv", "svg", "png"])
def test_export_writes_what_is_shown(qtbot, dock, cube, tmp_path, suffix):
    look(qtbot, dock, 3, 4)
    path = tmp_path / f"spectra.{suffix}"
    dock.save(str(path))
    assert dock.status.text() == f"Saved {path}."
    if suffix == "csv":
        lines = path.read_text(encoding="utf-8").splitlines()
        rows = list(csv.reader(line for line in lines if line[0] != "#"))
        assert rows[0] == ["channel", "energy_kev", "whole scan", "y 3, x 4"]
        values = [float(row[3]) for row in rows[1:]]
        assert values == cube.spectrum(3, 4).tolist()
    else:
        start = {"svg": b"<?xml", "png": b"\x89PNG"}[suffix]
        assert path.read_bytes().startswith(start)


def test_other_suffix_is_refused_in_words(dock, tmp_path):
    dock.save(str(tmp_path / "spectra.pdf"))
    assert "use .csv, .svg or .png" in dock.status.text()


def test_uncalibrated_scan_is_shown_in_channels(
    viewer, cube, qtbot, forgive_menus_of_pyqtgraph
):
    cube = replace(cube, energy=EnergyAxis(200, 0.0, 0.1, source="assumed"))
    dock = make_dock(viewer, cube, qtbot)
    assert dock.view.plot.getAxis("bottom").labelText.startswith("channel")


def test_sums_in_the_file_are_used(cube, tmp_path, monkeypatch):
    path = save_cube(cube, tmp_path / "panel.maxrf")
    opened = open_cube(path)
    monkeypatch.setattr(
        _regions, "region_spectra_steps", lambda *a: pytest.fail("read")
    )
    whole = finish(whole_steps(opened))
    np.testing.assert_array_equal(whole.total, cube.sum_spectrum())
    np.testing.assert_array_equal(whole.highest, cube.max_spectrum())


def test_sums_in_the_file_are_not_those_of_a_part_of_it(cube, tmp_path):
    opened = open_cube(save_cube(cube, tmp_path / "panel.maxrf"))
    assert stored_whole(opened) is not None
    part = replace(opened, counts=opened.counts[:5], live_time_s=None)
    assert stored_whole(part) is None
    assert stored_whole(cube) is None


def test_selected_map_chooses_its_scan(viewer, qtbot, dock, cube, synthetic_cube):
    other = synthetic_cube
    add_layers(viewer, cube_layers(other, None, 1))
    viewer.layers.selection.active = viewer.layers[-2]
    assert dock.cube is other
    viewer.layers.selection.active = viewer.layers[1]
    assert dock.cube is cube
    qtbot.waitUntil(lambda: id(cube) in dock._wholes, timeout=WAIT_MS)
    rest(qtbot, dock)


def test_closed_dock_hears_nothing(viewer, cube, qtbot, forgive_menus_of_pyqtgraph):
    from qtpy.QtCore import QEvent
    from qtpy.QtWidgets import QApplication

    lists = viewer.mouse_move_callbacks, viewer.mouse_drag_callbacks
    before = [list(functions) for functions in lists]
    add_layers(viewer, cube_layers(cube, None, 1))
    dock = SpectrumWidget(viewer)
    qtbot.waitUntil(lambda: bool(dock._wholes), timeout=WAIT_MS)
    assert [list(functions) for functions in lists] != before
    dock.deleteLater()
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    assert [list(functions) for functions in lists] == before
    viewer.dims.set_current_step(0, 3)
    viewer.layers.selection.active = viewer.layers[0]
