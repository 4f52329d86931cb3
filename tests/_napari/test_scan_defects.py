"""Defects in the Scan dock: found, told, marked and corrected."""

from __future__ import annotations

import dask.array as da
import numpy as np
import pytest

from napari_maxrf._napari._facts import cube_of, facts_of
from napari_maxrf._napari._layers import add_layers, cube_layers
from napari_maxrf._napari._scan_defects import DefectsPanel, defect_words
from napari_maxrf._napari._work import workbench
from napari_maxrf.analysis import Defects, find_defects
from napari_maxrf.analysis._defect_tests import Backlash, BadRow, Border, HotPixel
from napari_maxrf.cube import EnergyAxis, SpectralCube
from napari_maxrf.io import open_cube

WAIT_MS = 60_000
SHAPE = (48, 70, 64)
HOT = 17, 40, 3


def painting() -> np.ndarray:
    """Return expected counts of three paints in soft spots, (y, x, channel)."""
    from scipy.ndimage import gaussian_filter

    rng = np.random.default_rng(2)
    spots = gaussian_filter(rng.normal(size=(3, *SHAPE[:2])), (0, 2, 2), mode="wrap")
    paints = np.exp(1.2 * spots / spots.std(axis=(1, 2), keepdims=True))
    energy = np.arange(SHAPE[2])
    lines = [np.exp(-0.5 * ((energy - at) / 2.5) ** 2) for at in (12, 30, 47)]
    return 12 * np.einsum("pyx,pe->yxe", paints, np.stack(lines) + 0.05)


@pytest.fixture(scope="module")
def faulty():
    """Return a scan with rows moved by 1 pixel, a hot pixel and an empty row."""
    mean = painting()
    mean[1::2] = np.roll(mean[1::2], 1, axis=1)
    mean[30] = 0
    counts = np.random.default_rng(3).poisson(mean).astype(np.uint16)
    counts[HOT] = 900
    axis = EnergyAxis.from_range(0.5, 38.5, SHAPE[2])
    lazy = da.from_array(counts, chunks=(20, 33, -1))
    return SpectralCube(lazy, axis, name="panel", pixel_size_mm=(0.5, 0.25))


@pytest.fixture
def panel(viewer, faulty, qtbot):
    return make_panel(viewer, faulty, qtbot)


def make_panel(viewer, cube, qtbot):
    widget = DefectsPanel(viewer, workbench(viewer))
    qtbot.addWidget(widget)
    show(viewer, widget, cube)
    return widget


def show(viewer, panel, cube):
    layer = add_layers(viewer, cube_layers(cube, None, 0))[-1]
    layer.translate = [layer.translate[0], 10.0, 20.0]
    panel.show_scan((cube, layer))


def press(qtbot, bar):
    assert bar.button.isEnabled(), bar.button.toolTip()
    bar.button.click()
    qtbot.waitUntil(lambda: not bar.is_running, timeout=WAIT_MS)


def labels(panel):
    from qtpy.QtWidgets import QLabel

    rows = [panel.kinds.itemAt(row).widget() for row in range(panel.kinds.count())]
    return [row.findChild(QLabel).text() for row in rows]


def test_defects_are_told_each_with_a_tick(qtbot, panel):
    press(qtbot, panel.find)
    assert panel.which == ("backlash", "hot", "rows")
    backlash, hot, rows = labels(panel)
    size = panel.defects.backlash.displacement_px
    assert size == pytest.approx(1.0, abs=0.1)
    assert f"lie {size:.2f} ± " in backlash
    assert "too far to the right" in backlash
    assert "y 17, x 40, channel 3: 900 counts" in hot
    assert rows == "Rows: 30 empty."


def test_scan_without_defects_offers_nothing(viewer, qtbot, cube):
    panel = make_panel(viewer, cube, qtbot)
    press(qtbot, panel.find)
    assert panel.find.line.text() == "No defects found."
    assert not panel.rest.isVisibleTo(panel)


def test_hot_pixels_are_marked_where_they_lie(viewer, qtbot, panel):
    press(qtbot, panel.find)
    panel.mark.setChecked(True)
    marks = viewer.layers[-1]
    assert facts_of(marks).kind == "helper"
    np.testing.assert_array_equal(marks.data, [HOT[:2]])
    assert marks.features["counts"].tolist() == [900]
    world = marks.data_to_world(marks.data[0])
    np.testing.assert_allclose(world, (10 + 17 * 0.5, 20 + 40 * 0.25))
    panel.mark.setChecked(False)
    assert marks not in viewer.layers


def test_tick_follows_marks_that_the_user_removes(viewer, qtbot, panel):
    press(qtbot, panel.find)
    panel.mark.setChecked(True)
    viewer.layers.remove(viewer.layers[-1])
    assert not panel.mark.isChecked()


def test_corrected_scan_is_a_new_layer_over_the_old_one(viewer, qtbot, panel, faulty):
    press(qtbot, panel.find)
    before = np.asarray(faulty.counts)
    made = []
    panel.made.connect(made.append)
    press(qtbot, panel.correct)
    (layer,) = made
    derived = cube_of(layer)
    assert derived is not faulty
    assert derived.provenance[-1].process == "correct defects"
    assert layer.name == "panel corrected cube"
    assert "“panel corrected cube” is a new scan" in panel.find.line.text()
    assert viewer.layers[-2].name == "panel corrected sum image"
    assert not find_defects(derived).backlash
    np.testing.assert_array_equal(before, np.asarray(faulty.counts))
    first = derived.provenance[-1].parameters["columns"][0]
    np.testing.assert_allclose(layer.translate[1:], (10.0, 20.0 + 0.25 * first))


def test_layer_of_a_scan_with_its_left_border_cut_off_begins_later(viewer, qtbot):
    mean = painting()
    mean[:, :4] *= 0.02
    counts = np.random.default_rng(5).poisson(mean).astype(np.uint16)
    axis = EnergyAxis.from_range(0.5, 38.5, SHAPE[2])
    cut = SpectralCube(da.from_array(counts), axis, pixel_size_mm=(0.5, 0.25))
    panel = make_panel(viewer, cut, qtbot)
    press(qtbot, panel.find)
    assert labels(panel) == ["Border: 4 columns at the left beside the object."]
    press(qtbot, panel.correct)
    derived = viewer.layers[-1]
    assert cube_of(derived).shape == (48, 66, 64)
    np.testing.assert_allclose(derived.translate[1:], (10.0, 20.0 + 4 * 0.25))


def test_only_ticked_kinds_are_corrected(viewer, qtbot, panel, faulty):
    press(qtbot, panel.find)
    for kind in ("backlash", "rows"):
        panel.ticks[kind].setChecked(False)
    assert not panel.method.isEnabled()
    press(qtbot, panel.correct)
    derived = np.asarray(cube_of(viewer.layers[-1]).counts)
    expected = np.asarray(faulty.counts).copy()
    assert derived[HOT] < 900
    expected[HOT] = derived[HOT]
    np.testing.assert_array_equal(derived, expected)
    panel.ticks["hot"].setChecked(False)
    assert not panel.correct.button.isEnabled()


def test_another_scan_forgets_what_was_found(viewer, qtbot, panel, cube):
    press(qtbot, panel.find)
    show(viewer, panel, cube)
    assert panel.defects is None
    assert not panel.which


def test_search_can_be_cancelled(viewer, qtbot, panel):
    panel.find.button.click()
    panel.find.button.click()
    qtbot.waitUntil(lambda: not panel.find.is_running, timeout=WAIT_MS)
    assert panel.defects is None or panel.find.line.text() == ""


def test_words_name_every_kind():
    words = defect_words(
        Defects(
            SHAPE,
            Backlash(-0.8, 0.04, 20.0),
            (Border("left", 1, 9.0), Border("bottom", 3, 12.0)),
            (HotPixel(*HOT, 900, 2, 30.0), HotPixel(1, 2, 3, 50, 1, 20.0)),
            (*(BadRow(y, "empty") for y in range(9)), BadRow(20, "repeated")),
        )
    )
    assert words == {
        "backlash": "Backlash: rows 1, 3, 5, … lie 0.80 ± 0.04 pixels too far to the "
        "left.",
        "border": "Border: 1 column at the left, 3 rows at the bottom beside the "
        "object.",
        "hot": "Hot pixels: 2 single channels; the worst at y 17, x 40, channel 3: 900 "
        "counts, where 2 are expected.",
        "rows": "Rows: 0, 1, 2, 3, 4, 5, 6, 7, … empty; 20 the same as the row before.",
    }
    assert defect_words(Defects(SHAPE)) == {}


def test_backlash_of_the_real_scan_is_told(viewer, qtbot, prova1):
    panel = make_panel(viewer, open_cube(prova1), qtbot)
    press(qtbot, panel.find)
    assert panel.defects.backlash.displacement_px == pytest.approx(-0.8, abs=0.1)
    assert "too far to the left" in labels(panel)[0]
