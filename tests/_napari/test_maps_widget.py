"""The Element maps dock on a viewer without a window."""

from __future__ import annotations

import csv
from dataclasses import replace
from itertools import permutations
from math import erf, sqrt

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtGui import QColor

from napari_maxrf._napari import _maps_widget
from napari_maxrf._napari._facts import facts_of
from napari_maxrf._napari._layers import add_layers, cube_layers
from napari_maxrf._napari._maps_export import COMPOSITE, FILTERS, MAPS, PICTURE
from napari_maxrf._napari._maps_rows import first_rows
from napari_maxrf._napari._maps_table import COLOUR, HIGH, LOW, MEAN, NAME
from napari_maxrf._napari._maps_widget import NO_ELEMENT, NO_SCAN, MapsWidget
from napari_maxrf.analysis import ElementMap, Proposal
from napari_maxrf.analysis._fit import FoundElement
from napari_maxrf.progress import Progress

WAIT_MS = 60_000
ON, OFF = Qt.CheckState.Checked, Qt.CheckState.Unchecked
IRON_KA, IRON_K = 100.0, 114.0
"""Counts of the lines that the cube was made with, in its left half."""
SIGMA_KEV = 0.07


def proposing(*elements):
    """Return what stands for the search, which takes seconds."""

    def steps(cube):
        yield Progress("Looking", 0, 0)
        n = cube.shape[2]
        found = tuple(FoundElement(one, 1e4, 50.0) for one in elements)
        return Proposal(found, (), np.zeros(n), np.zeros(n))

    return steps


@pytest.fixture
def quick_search(monkeypatch):
    monkeypatch.setattr(_maps_widget, "proposed_elements_steps", proposing("Fe", "Pb"))


def make_dock(viewer, cube, qtbot):
    add_layers(viewer, cube_layers(cube, None, 0))
    widget = MapsWidget(viewer)
    qtbot.addWidget(widget)
    rest(qtbot, widget)
    return widget


@pytest.fixture
def dock(viewer, cube, qtbot, quick_search):
    return make_dock(viewer, cube, qtbot)


@pytest.fixture
def mapped(dock, qtbot):
    """Return the dock after maps of iron and lead were made by windows."""
    make(dock, qtbot)
    return dock


def rest(qtbot, dock):
    qtbot.waitUntil(lambda: not dock.is_busy, timeout=WAIT_MS)


def make(dock, qtbot, **settings):
    for name, value in settings.items():
        dock.form.fields[name].set(value)
    dock.run_bar.button.click()
    rest(qtbot, dock)


def layers_of(viewer, kind):
    return [one for one in viewer.layers if (f := facts_of(one)) and f.kind == kind]


def picture_of(viewer):
    (layer,) = layers_of(viewer, "composite")
    return np.asarray(layer.data)


def shares(dock):
    """Bring each map between its limits, by hand."""
    return [
        np.clip(
            (row.map.image - row.limits[0]) / (row.limits[1] - row.limits[0]), 0, 1
        )[..., None]
        for row in dock.table.rows
    ]


def type_in(dock, place, column, text):
    dock.table.item(place, column).setText(text)


def test_elements_of_the_scan_are_found_and_ticked(viewer, cube, qtbot):
    dock = make_dock(viewer, cube, qtbot)
    assert {"Fe", "Pb"} <= set(dock.elements.chosen)
    assert len(dock.elements.chosen) < 6


def test_periodic_table_adds_elements_and_takes_ticks_away(dock):
    assert dock.elements.chosen == ("Fe", "Pb")
    dock.elements.open()
    table = dock.elements.dialog.table
    assert table.chosen == ("Fe", "Pb")
    table.buttons["Cu"].click()
    table.buttons["Pb"].click()
    assert dock.elements.chosen == ("Fe", "Cu")
    assert dock.elements.offered == ("Fe", "Pb", "Cu")
    dock.elements.none.click()
    assert dock.elements.chosen == ()
    assert not dock.run_bar.button.isEnabled()
    assert dock.run_bar.button.toolTip() == NO_ELEMENT


def test_large_scans_are_not_searched_unasked(
    viewer, cube, qtbot, quick_search, monkeypatch
):
    monkeypatch.setattr(_maps_widget, "SMALL_BYTES", 1000)
    dock = make_dock(viewer, cube, qtbot)
    assert dock.elements.offered == ()
    assert "press Propose" in dock.status.text()
    dock.elements.propose.click()
    rest(qtbot, dock)
    assert dock.elements.chosen == ("Fe", "Pb")
    assert dock.status.isHidden()


def test_second_search_keeps_what_was_added(dock, qtbot):
    dock.elements.choose(("Fe", "Zn"))
    dock.elements.propose.click()
    rest(qtbot, dock)
    assert dock.elements.chosen == ("Fe", "Pb", "Zn")


def test_maps_by_window_hold_the_counts_of_the_line(mapped):
    iron, lead = (row.map for row in mapped.table.rows)
    assert (iron.name, lead.name) == ("Fe Ka", "Pb La")
    # the sides, which are taken away, hold a few counts of the line itself
    assert iron.image[:, :15].mean() == pytest.approx(IRON_KA, rel=0.1)
    assert iron.image[:, 15:].mean() == pytest.approx(0, abs=1)
    assert lead.image[:10].mean() > 50 > 1 > abs(lead.image[10:].mean())


def test_window_without_background_holds_all_its_counts(dock, qtbot):
    make(dock, qtbot, background="none", recalibrate=False)
    iron = dock.table.rows[0].map
    low, high = ((edge - 6.40) / SIGMA_KEV / sqrt(2) for edge in iron.window_kev)
    line = IRON_KA * 0.5 * (erf(high) - erf(low))
    ground = 0.2 * (iron.window_kev[1] - iron.window_kev[0]) / 0.1
    error = sqrt((line + ground) / 300)
    assert iron.image[:, :15].mean() == pytest.approx(line + ground, abs=4 * error)
    assert iron.image[:, 15:].mean() == pytest.approx(ground, abs=0.3)


def test_maps_by_fit_hold_the_counts_of_the_shell(dock, qtbot):
    dock.elements.choose(("Fe", "Pb"))
    make(dock, qtbot, method="fit", fit_others=False, matrix="")
    iron = next(row.map for row in dock.table.rows if row.map.name == "Fe K")
    assert iron.image[:, :15].mean() == pytest.approx(IRON_K, rel=0.03)
    assert iron.image[:, 15:].mean() == pytest.approx(0, abs=1)
    assert "by fit" in dock.run_bar.line.text()


def test_composite_begins_with_one_map_of_each_of_the_first_elements():
    shells = [("Pb", "L"), ("Pb", "M"), ("Ca", "K"), ("Hg", "L"), ("Fe", "K")]
    image = np.ones((2, 3), np.float32)
    rows = first_rows([ElementMap(*one, 5.0, (4, 6), image) for one in shells])
    assert [row.map.name for row in rows if row.shown] == ["Pb L", "Ca K", "Hg L"]
    assert len({row.colour for row in rows}) == len(rows)


def test_settings_of_a_fit_are_dead_for_windows(dock):
    fields = dock.form.fields
    assert not fields["escape"].widget.enabled
    fields["method"].set("fit")
    assert fields["escape"].widget.enabled


def test_live_times_give_counts_per_second(viewer, cube, qtbot, quick_search):
    cube = replace(cube, live_time_s=np.full((20, 30), 0.5, np.float32))
    dock = make_dock(viewer, cube, qtbot)
    make(dock, qtbot)
    counts = dock.table.rows[0].map.image
    make(dock, qtbot, normalise="livetime")
    rate = dock.table.rows[0].map
    assert rate.unit == "counts/s"
    np.testing.assert_allclose(rate.image, 2 * counts, rtol=1e-6)


def test_missing_live_time_is_one_line(dock, qtbot):
    make(dock, qtbot, normalise="livetime")
    assert "holds no live time" in dock.run_bar.line.text()
    assert not dock.table.rows


def test_composite_is_the_sum_of_the_maps_in_their_colours(viewer, mapped, cube):
    first, second = shares(mapped)
    expected = np.clip(
        first * np.array([1.0, 0, 0]) + second * np.array([0, 1.0, 0]), 0, 1
    )
    np.testing.assert_allclose(picture_of(viewer), expected, atol=1e-6)
    (layer,) = layers_of(viewer, "composite")
    scan = mapped.source.layer
    np.testing.assert_array_equal(layer.scale, scan.scale[-2:])
    assert layer.units == scan.units[-2:]
    assert facts_of(layer).cube is cube
    assert not layers_of(viewer, "element map")


def test_ink_darkens_white(viewer, mapped, qtbot):
    mapped.ground.setCurrentIndex(1)
    rest(qtbot, mapped)
    red, green = np.array([1.0, 0, 0]), np.array([0, 1.0, 0])
    first, second = shares(mapped)
    expected = (1 - first * (1 - red)) * (1 - second * (1 - green))
    np.testing.assert_allclose(picture_of(viewer), expected, atol=1e-5)


def test_order_of_the_layers_does_not_change_the_composite(viewer, mapped):
    before = picture_of(viewer).copy()
    mapped.add.click()
    for order in list(permutations(range(len(viewer.layers))))[:6]:
        viewer.layers.move_multiple(list(order), 0)
        np.testing.assert_array_equal(picture_of(viewer), before)


def test_ticks_choose_the_maps_of_the_composite(viewer, mapped, qtbot):
    mapped.table.item(1, NAME).setCheckState(OFF)
    rest(qtbot, mapped)
    (layer,) = layers_of(viewer, "composite")
    assert picture_of(viewer)[..., 1].max() == 0
    assert list(facts_of(layer).provenance[-1].parameters["maps"]) == ["Fe Ka"]
    mapped.table.item(0, NAME).setCheckState(OFF)
    rest(qtbot, mapped)
    assert picture_of(viewer).max() == 0
    mapped.table.item(1, NAME).setCheckState(ON)
    rest(qtbot, mapped)
    assert picture_of(viewer)[..., 1].max() == 1


def test_colour_follows_the_dialog_and_comes_back_on_cancel(viewer, mapped, qtbot):
    mapped.table.cellClicked.emit(0, COLOUR)
    mapped.table.dialog.setCurrentColor(QColor(0, 0, 255))
    rest(qtbot, mapped)
    assert picture_of(viewer)[..., 0].max() == 0
    np.testing.assert_allclose(
        picture_of(viewer)[..., 2], shares(mapped)[0][..., 0], atol=1e-6
    )
    mapped.table.dialog.reject()
    rest(qtbot, mapped)
    assert picture_of(viewer)[..., 2].max() == 0


def test_enter_on_a_colour_asks_for_another(mapped, qtbot):
    mapped.table.setCurrentCell(1, COLOUR)
    qtbot.keyClick(mapped.table, Qt.Key.Key_Return)
    assert mapped.table.dialog.windowTitle() == "Colour of Pb La"
    mapped.table.dialog.reject()


def test_limits_are_typed_or_automatic(viewer, mapped, qtbot):
    iron = mapped.table.rows[0]
    usual = float(np.percentile(iron.map.image, 99.5))
    assert iron.limits == (0.0, pytest.approx(usual))
    type_in(mapped, 0, LOW, "20")
    type_in(mapped, 0, HIGH, "60")
    rest(qtbot, mapped)
    np.testing.assert_allclose(
        picture_of(viewer)[..., 0], np.clip((iron.map.image - 20) / 40, 0, 1), atol=1e-6
    )
    type_in(mapped, 0, HIGH, "auto")
    assert mapped.table.rows[0].limits == (20.0, pytest.approx(usual))


@pytest.mark.parametrize(
    ("text", "words"), [("much", "no limit"), ("inf", "no limit"), ("-5", "must rise")]
)
def test_limit_that_makes_no_sense_is_refused(mapped, text, words):
    before = mapped.table.rows[0].limits
    shown = mapped.table.item(0, HIGH).text()
    type_in(mapped, 0, HIGH, text)
    assert words in mapped.status.text()
    assert mapped.table.rows[0].limits == before
    assert mapped.table.item(0, HIGH).text() == shown


def test_table_shows_figures_of_the_maps(mapped):
    image = mapped.table.rows[0].map.image
    item = mapped.table.item(0, MEAN)
    assert float(item.text()) == pytest.approx(image.mean(), rel=0.01)
    assert f"maximum: {float(image.max()):g}" in item.toolTip()
    assert "three times their error" in item.toolTip()


def test_maps_made_again_keep_colours_and_ticks(mapped, qtbot):
    mapped.table.item(0, NAME).setCheckState(OFF)
    mapped.table.set_row(1, replace(mapped.table.rows[1], colour=(9, 8, 7)))
    mapped.elements.choose(("Fe", "Pb", "Cu"))
    make(mapped, qtbot)
    assert [row.shown for row in mapped.table.rows] == [False, True, False]
    assert mapped.table.rows[1].colour == (9, 8, 7)


def test_ratio_is_a_row_and_a_layer(viewer, mapped, qtbot):
    mapped.ratio.over.setCurrentText("Pb La")
    mapped.ratio.under.setCurrentText("Fe Ka")
    mapped.ratio.button.click()
    rest(qtbot, mapped)
    iron, lead, ratio = (row.map for row in mapped.table.rows)
    assert ratio.name == "Pb La/Fe Ka"
    sure = iron.image > 3 * iron.error
    np.testing.assert_allclose(
        ratio.image[sure], lead.image[sure] / iron.image[sure], rtol=1e-5
    )
    assert np.isnan(ratio.image[~sure]).all()
    assert ratio.error is not None
    (layer,) = layers_of(viewer, "element map")
    assert facts_of(layer).element_map is ratio
    assert len(layers_of(viewer, "composite")) == 1
    mapped.ratio.button.click()
    assert len(mapped.table.rows) == 3
    assert mapped.ratio.over.findText(ratio.name) < 0


def test_ratio_without_errors_says_what_to_do(mapped, qtbot):
    make(mapped, qtbot, errors=False)
    mapped.ratio.button.click()
    assert "Make the maps with errors" in mapped.status.text()
    assert len(mapped.table.rows) == 2


def test_selected_maps_become_layers_that_add_up(viewer, mapped):
    mapped.table.selectRow(1)
    mapped.add.click()
    (layer,) = layers_of(viewer, "element map")
    facts = facts_of(layer)
    assert facts.element_map is mapped.table.rows[1].map
    assert facts.provenance[-1].process == "map elements"
    assert tuple(layer.contrast_limits) == pytest.approx(mapped.table.rows[1].limits)
    np.testing.assert_allclose(layer.colormap.map(1.0)[0, :3], (0, 1, 0))
    mapped.table.clearSelection()
    mapped.add.click()
    assert [one.blending for one in layers_of(viewer, "element map")[1:]] == [
        "opaque",
        "additive",
    ]


def test_layers_of_a_computed_scan_say_so(viewer, synthetic_cube, qtbot, quick_search):
    dock = make_dock(viewer, synthetic_cube, qtbot)
    make(dock, qtbot)
    dock.add.click()
    made = [*layers_of(viewer, "composite"), *layers_of(viewer, "element map")]
    assert [one.name for one in made] == [
        "panel synthetic composite",
        "panel synthetic Fe Ka",
        "panel synthetic Pb La",
    ]
    assert all(facts_of(one).synthetic for one in made)


def test_composite_that_was_removed_comes_back_with_the_next_change(
    viewer, mapped, qtbot
):
    viewer.layers.remove(layers_of(viewer, "composite")[0])
    mapped.table.item(1, NAME).setCheckState(OFF)
    rest(qtbot, mapped)
    assert len(layers_of(viewer, "composite")) == 1


def test_each_scan_has_maps_of_its_own(viewer, mapped, cube, qtbot):
    first = mapped.source.layer
    other = replace(cube, name="other", counts=cube.counts * 0)
    (layer,) = add_layers(viewer, [cube_layers(other, None, 0)[-1]])
    mapped.source.choose(layer)
    rest(qtbot, mapped)
    assert not mapped.table.rows
    assert not mapped.export.isEnabled()
    make(mapped, qtbot)
    assert mapped.table.rows[0].statistics.maximum == 0
    mapped.source.choose(first)
    rest(qtbot, mapped)
    assert mapped.table.rows[0].map.image.max() > 50
    assert len(layers_of(viewer, "composite")) == 2


def save(dock, qtbot, what, path, kind=""):
    dock.save(what, str(path), kind)
    rest(qtbot, dock)


def test_maps_are_exported_as_they_are(mapped, qtbot, tmp_path):
    import h5py
    import tifffile

    images = [row.map.image for row in mapped.table.rows]
    save(mapped, qtbot, MAPS, tmp_path / "märz.ome.tif")
    np.testing.assert_array_equal(tifffile.imread(tmp_path / "märz.ome.tif"), images)
    assert "Saved" in mapped.status.text()
    kind = FILTERS[MAPS].split(";;")[1]
    save(mapped, qtbot, MAPS, tmp_path / "maps", kind)
    with h5py.File(tmp_path / "maps.h5") as file:
        results = file["entry/xrf_maps/results"]
        np.testing.assert_array_equal(results["parameters/Fe_Ka"], images[0])
        assert results["uncertainties/Pb_La"].shape == (20, 30)
    save(mapped, qtbot, MAPS, tmp_path / "maps.csv")
    with open(tmp_path / "maps.csv", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert float(rows[31]["Fe Ka"]) == pytest.approx(images[0][1, 1], rel=1e-5)


def test_pictures_have_600_dots_per_inch(mapped, qtbot, tmp_path):
    from PIL import Image

    save(mapped, qtbot, COMPOSITE, tmp_path / "composite", FILTERS[COMPOSITE])
    mapped.table.selectRow(0)
    save(mapped, qtbot, PICTURE, tmp_path / "iron.png")
    for name in ("composite.png", "iron.png"):
        with Image.open(tmp_path / name) as picture:
            assert picture.info["dpi"] == pytest.approx((600, 600), abs=0.1)


def test_export_says_in_one_line_what_is_wrong(mapped, qtbot, tmp_path):
    save(mapped, qtbot, MAPS, tmp_path / "maps.xyz")
    assert "use one of .ome.tif" in mapped.status.text()
    save(mapped, qtbot, PICTURE, tmp_path / "map.png")
    assert "Select one row" in mapped.status.text()
    (tmp_path / "file").write_text("mine")
    save(mapped, qtbot, MAPS, tmp_path / "file" / "maps.csv")
    assert "Cannot write" in mapped.status.text()
    (tmp_path / "old.csv").write_text("mine")
    save(mapped, qtbot, MAPS, tmp_path / "old", "Table (*.csv)")
    assert "is there already" in mapped.status.text()
    assert (tmp_path / "old.csv").read_text() == "mine"
    for place in (0, 1):
        mapped.table.item(place, NAME).setCheckState(OFF)
    save(mapped, qtbot, COMPOSITE, tmp_path / "composite.png")
    assert "Tick the maps" in mapped.status.text()
    rest(qtbot, mapped)


def test_menu_asks_where_to_write(mapped, qtbot, tmp_path, monkeypatch):
    from qtpy.QtWidgets import QFileDialog

    asked = []

    def answer(parent, title, name, filters):
        asked.append((title, name, filters))
        return str(tmp_path / name), filters.split(";;")[0]

    monkeypatch.setattr(QFileDialog, "getSaveFileName", answer)
    mapped.export.menu().actions()[0].trigger()
    rest(qtbot, mapped)
    assert asked == [("Save the maps", "panel_maps.ome.tif", FILTERS[MAPS])]
    assert (tmp_path / "panel_maps.ome.tif").exists()


def test_work_can_be_cancelled(dock, qtbot, monkeypatch):
    def endless(cube, config):
        while True:
            yield Progress("Mapping elements", 1, 2)

    monkeypatch.setattr(_maps_widget, "mapping_steps", endless)
    dock.run_bar.button.click()
    qtbot.waitUntil(lambda: dock.run_bar.bar.maximum() == 2, timeout=WAIT_MS)
    dock.run_bar.button.click()
    rest(qtbot, dock)
    assert "Cancelled" in dock.run_bar.line.text()
    assert not dock.table.rows


def test_without_a_scan_nothing_can_be_pressed(viewer, qtbot):
    dock = MapsWidget(viewer)
    qtbot.addWidget(dock)
    assert dock.run_bar.button.toolTip() == NO_SCAN
    for widget in (dock.run_bar.button, dock.elements, dock.add, dock.export):
        assert not widget.isEnabled()


def test_scan_closed_while_it_is_mapped_does_no_harm(viewer, dock, qtbot):
    dock.run_bar.button.click()
    viewer.layers.remove(dock.source.layer)
    rest(qtbot, dock)
    assert not dock.table.rows
    assert dock.run_bar.button.toolTip() == NO_SCAN
