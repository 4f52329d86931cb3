"""The Palette dock without a window, and what it shares with Synthesise."""

from __future__ import annotations

import json

import h5py
import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QAbstractSpinBox,
    QCheckBox,
    QColorDialog,
    QComboBox,
    QFileDialog,
    QLineEdit,
    QPushButton,
    QTableView,
    QTreeWidget,
)

from napari_maxrf._napari._measured_dialog import MeasuredDialog
from napari_maxrf._napari._palette_widget import PaletteWidget
from napari_maxrf._napari._synthesise_widget import SynthesiseWidget
from napari_maxrf._napari._table_dialog import TableDialog
from napari_maxrf.pigments import load_palette, without_pigments

WAIT_MS = 300_000
WORD = "napari_maxrf._napari._palette_chooser"


@pytest.fixture
def dock(qtbot, viewer, forgive_menus_of_pyqtgraph):
    made = PaletteWidget(viewer)
    qtbot.addWidget(made)
    made.book.change(made.book.palette.subset(["red_ochre", "gold_ochre", "smalt"]))
    made.show()
    ready(qtbot, made)
    return made


def ready(qtbot, dock):
    """Wait for spectra and comparison of what is shown."""
    qtbot.waitUntil(
        lambda: (
            dock._confusions is not None
            and dock._confusions.palette == dock.book.palette
            and not dock.is_busy
        ),
        timeout=WAIT_MS,
    )


def press(qtbot, button):
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def listed(dock):
    tree = dock.confusions.tree
    return [tree.topLevelItem(row).text(0) for row in range(tree.topLevelItemCount())]


def counts_file(folder):
    counts = np.full(2048, 2)
    counts[630:651] += 300
    path = folder / "house red.csv"
    path.write_text("\n".join(str(count) for count in counts))
    return str(path)


def test_dock_shows_spectra_labels_and_pairs(dock):
    assert set(dock.plot.drawn) == set(dock.book.palette.ids)
    assert "Fe Kα" in dock.plot.labels
    assert listed(dock) == ["Red ochre / Gold ochre"]
    assert dock.words.text() == "3 of 3 pigments ticked"
    assert dock.plot.words.text() == "3 spectra"


def test_tick_takes_a_pigment_from_plot_and_list_at_once(qtbot, dock):
    dock.table.tick_wanted.emit(["gold_ochre"], False)
    assert listed(dock) == []
    assert "can be told apart" in dock.confusions.words.text()
    qtbot.waitUntil(lambda: "gold_ochre" not in dock.plot.drawn)
    assert not dock._spectra.is_busy


def test_selected_row_is_drawn_bold_even_if_not_ticked(qtbot, dock):
    dock.table.tick_wanted.emit(["smalt"], False)
    dock.table.select(["smalt"])
    qtbot.waitUntil(lambda: dock.plot.drawn[:1] == ("smalt",))
    assert [curve.bold for curve in dock.plot._curves] == [True, False, False]
    assert "Co Kα" in dock.plot.labels
    assert "Fe Kα" not in dock.plot.labels


def test_chosen_pair_is_selected_in_table_and_plot(qtbot, dock):
    dock.confusions.tree.setCurrentItem(dock.confusions.tree.topLevelItem(0))
    assert dock.table.selected_ids == ("red_ochre", "gold_ochre")
    qtbot.waitUntil(lambda: dock.plot.drawn[:2] == ("red_ochre", "gold_ochre"))


def test_more_counts_tell_more_apart(qtbot, dock):
    dock.confusions.counts.setValue(100_000)
    ready(qtbot, dock)
    qtbot.waitUntil(lambda: listed(dock) == [], timeout=WAIT_MS)
    top = max(curve.counts.max() for curve in dock.plot._curves)
    assert top > 1000


def test_silent_pigment_is_marked_in_table_and_words(qtbot, dock):
    palette = load_palette("sarteano").subset(["smalt", "carbon_black"])
    dock.book.change(palette)
    ready(qtbot, dock)
    assert "Silent: Carbon black (lamp black)." in dock.confusions.words.text()
    row = dock.table.proxy.ids.index("carbon_black")
    assert dock.table.proxy.index(row, 4).data().startswith("silent")
    dock.table.tick_wanted.emit(["carbon_black"], False)
    assert "Silent" not in dock.confusions.words.text()


def test_scale_is_logarithmic_or_not(qtbot, dock):
    box = dock.plot._plot.getViewBox()
    top = dock.plot._top()
    assert box.viewRange()[1][1] == pytest.approx(np.log10(top) + 1.05, rel=0.01)
    dock.plot.log.click()
    assert box.viewRange()[1][0] == pytest.approx(0.0, abs=1e-6)
    assert top < box.viewRange()[1][1] < 2 * top
    assert "Fe Kα" in dock.plot.labels


def test_zoom_makes_room_for_more_labels(dock):
    assert "Fe Kβ" not in dock.plot.labels
    dock.plot._plot.setXRange(6, 8, padding=0)
    assert {"Fe Kα", "Fe Kβ"} <= set(dock.plot.labels)


def test_light_theme_turns_background_and_colours(qtbot, dock, viewer):
    dark = dock.plot._background
    viewer.theme = "light"
    qtbot.waitUntil(lambda: not dock._soon.isActive())
    assert sum(dock.plot._background) > sum(dark)
    assert sum(dock.plot._text) < sum(dock.plot._background)


def test_scanner_and_paint_change_the_spectra_and_mark_the_palette(qtbot, dock):
    before = dock._found.shares
    dock.scanner.instrument.setCurrentText("m6_jetstream")
    dock.scanner.instrument.activated.emit(0)
    ready(qtbot, dock)
    assert dock.book.palette.instrument == "m6_jetstream"
    assert dock.bar.combo.currentText().endswith("*")
    assert np.abs(dock._found.shares - before).max() > 0.01
    assert any(label.startswith("Rh ") for label in dock.plot.labels)


def test_filter_leaves_ticks_and_all_means_what_is_in_sight(qtbot, dock):
    dock.filter.hue.setCurrentText("Blue")
    assert dock.table.proxy.ids == ("smalt",)
    press(qtbot, dock.none)
    assert dock.book.ticked == ("red_ochre", "gold_ochre")
    dock.filter.hue.setCurrentIndex(0)
    press(qtbot, dock.none)
    assert dock.book.ticked == ()
    qtbot.waitUntil(lambda: "Tick or select" in dock.plot._hint.text())
    press(qtbot, dock.all)
    assert dock.book.ticked == dock.book.palette.ids


def test_pigments_of_the_table_are_added(qtbot, dock):
    dock.actions_row.from_table.trigger()
    dialog = dock.findChild(TableDialog)
    dialog.table.tick_wanted.emit(["orpiment"], True)
    dialog.accept()
    assert dock.book.palette.ids[-1] == "orpiment"
    assert dock.table.selected_ids == ("orpiment",)
    assert "orpiment" in dock.book.ticked


def test_measured_spectrum_is_read_described_and_added(
    qtbot, dock, tmp_path, monkeypatch
):
    path = counts_file(tmp_path)
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *args: (path, ""))
    dock.actions_row.from_file.trigger()
    qtbot.waitUntil(lambda: dock.findChild(MeasuredDialog) is not None, timeout=WAIT_MS)
    dock.findChild(MeasuredDialog).accept()
    ready(qtbot, dock)
    assert dock.table.selected_ids == ("house_red",)
    (curve,) = [c for c in dock.plot._curves if c.key == "house_red"]
    peak = dock._found.energies_kev[curve.counts.argmax()]
    assert peak == pytest.approx(6.4, abs=0.1)


def test_file_that_holds_no_spectrum_is_one_line(qtbot, dock, tmp_path):
    path = tmp_path / "letter.txt"
    path.write_text("Dear colleague,\n")
    before = dock.book.palette
    dock.actions_row.read_file(str(path))
    qtbot.waitUntil(lambda: "letter.txt" in dock.status.text(), timeout=WAIT_MS)
    assert dock.book.palette == before
    assert dock.findChild(MeasuredDialog) is None


def test_colour_is_changed_by_the_dialog(qtbot, dock):
    assert not dock.actions_row.colour.isEnabled()
    dock.table.select(["smalt"])
    press(qtbot, dock.actions_row.colour)
    dialog = dock.findChild(QColorDialog)
    assert dialog.currentColor().getRgb()[:3] == dock.book.pigment("smalt").srgb
    dialog.setCurrentColor(dialog.currentColor().fromRgb(9, 8, 7))
    dialog.accept()
    assert dock.book.pigment("smalt").srgb == (9, 8, 7)
    assert dock.table.selected_ids == ("smalt",)


def test_removed_pigments_are_gone_but_never_the_last(qtbot, dock):
    dock.table.select(["smalt", "gold_ochre"])
    press(qtbot, dock.actions_row.remove)
    assert dock.book.palette.ids == ("red_ochre",)
    dock.table.select(["red_ochre"])
    press(qtbot, dock.actions_row.remove)
    assert "at least one pigment" in dock.status.text()
    assert dock.book.palette.ids == ("red_ochre",)


def test_delete_key_removes(qtbot, dock):
    dock.table.select(["smalt"])
    dock.table.setFocus()
    (action,) = [one for one in dock.table.actions() if one.text() == "Remove"]
    action.trigger()
    assert "smalt" not in dock.book.palette.ids


def test_picking_waits_for_one_row_and_can_be_given_up(qtbot, dock):
    pick = dock.actions_row.pick
    assert not pick.isEnabled()
    dock.table.select(["smalt"])
    press(qtbot, pick)
    assert pick.isChecked()
    assert "Smalt" in dock.status.text()
    qtbot.keyClick(dock.actions_row, Qt.Key.Key_Escape)
    assert not pick.isChecked()
    assert dock.status.text() == ""
    press(qtbot, pick)
    press(qtbot, pick)
    assert not pick.isChecked()


def test_new_palette_from_ticked_pigments_and_from_the_table(qtbot, dock):
    dock.book.tick(["smalt"], False)
    dock.bar.from_ticked.trigger()
    assert dock.bar.combo.currentText() == "New palette*"
    assert dock.book.palette.ids == ("red_ochre", "gold_ochre")
    dock.bar.from_table.trigger()
    dialog = dock.findChild(TableDialog)
    dialog.table.tick_wanted.emit(["azurite", "lead_white"], True)
    dialog.accept()
    assert dock.book.palette.ids == ("lead_white", "azurite")


def test_new_palette_of_nothing_is_one_line(dock):
    dock.book.tick(dock.book.palette.ids, False)
    dock.bar.from_ticked.trigger()
    assert "Tick at least one" in dock.status.text()


def test_edits_are_undone_from_the_menu(dock):
    assert dock.bar.undo.isEnabled()
    dock.bar.undo.trigger()
    assert dock.book.palette == load_palette("sarteano")
    assert not dock.bar.undo.isEnabled()


def test_damaged_palette_leaves_the_current_one(dock, tmp_path):
    path = tmp_path / "wrong.toml"
    path.write_text("name = 'x'\npigments = ['azurit']\n")
    before = dock.book.page
    dock.bar.try_file(str(path))
    assert "line 2" in dock.status.text()
    assert "azurite" in dock.status.text()
    assert dock.book.page == before


def test_ganx_dictionary_opens_as_a_palette(qtbot, dock, tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["x"] = np.arange(800) * 0.05
        file["y"] = np.arange(800) % 9 + 1
    path = tmp_path / "ganx.json"
    path.write_text(json.dumps({"Azure": {"xrf": "a.h5", "RGB": [10, 60, 140]}}))
    dock.bar.try_file(str(path))
    ready(qtbot, dock)
    assert dock.book.palette.ids == ("azure",)
    assert dock.plot.drawn == ("azure",)


def test_saving_asks_which_pigments_if_some_are_not_ticked(
    qtbot, dock, tmp_path, monkeypatch
):
    asked = []
    path = tmp_path / "mine.toml"
    monkeypatch.setattr(f"{WORD}.ask_save_path", lambda *args: str(path))
    monkeypatch.setattr(
        f"{WORD}.ask_which", lambda *args: asked.append(args[1:]) or "ticked"
    )
    press(qtbot, dock.bar.save)
    assert asked == []
    assert len(load_palette(path)) == 3
    dock.book.tick(["smalt"], False)
    press(qtbot, dock.bar.save)
    assert asked == [(2, 3)]
    assert load_palette(path).ids == ("red_ochre", "gold_ochre")
    assert dock.status.text() == "Saved as mine.toml."
    monkeypatch.setattr(f"{WORD}.ask_which", lambda *args: "")
    dock.book.tick(["red_ochre"], False)
    press(qtbot, dock.bar.save)
    assert load_palette(path).ids == ("red_ochre", "gold_ochre")


def test_palette_that_cannot_be_computed_says_why(qtbot, dock, tmp_path):
    path = tmp_path / "mine.toml"
    spectrum = tmp_path / "far.csv"
    rows = [f"{60 + n * 0.1},5" for n in range(100)]
    spectrum.write_text("Energy (keV),Counts\n" + "\n".join(rows))
    path.write_text("[measured.far]\nfile = 'far.csv'\ncolour = '#aa2211'\n")
    dock.bar.try_file(str(path))
    qtbot.waitUntil(lambda: "far" in dock.plot._hint.text(), timeout=WAIT_MS)
    assert dock.plot.drawn == ()
    assert listed(dock) == []
    dock.book.choose(0)
    ready(qtbot, dock)
    assert dock.plot.drawn


def test_quick_changes_end_with_the_last_palette(qtbot, dock):
    for index in (3, 5, 1, 2):
        dock.book.choose(index)
    ready(qtbot, dock)
    assert dock._found.palette == dock.book.palette
    assert set(dock.plot.drawn) <= set(dock.book.palette.ids)


class TestBesideSynthesise:
    """One book for both docks."""

    @pytest.fixture
    def synthesise(self, qtbot, viewer, dock):
        made = SynthesiseWidget(viewer)
        qtbot.addWidget(made)
        return made

    def test_edits_and_ticks_appear_in_both(self, dock, synthesise):
        dock.table.tick_wanted.emit(["smalt"], False)
        assert synthesise.palette_list.ticked == ("red_ochre", "gold_ochre")
        item = synthesise.palette_list.list.item(0)
        item.setCheckState(Qt.CheckState.Unchecked)
        assert dock.book.ticked == ("gold_ochre",)
        assert dock.words.text() == "1 of 3 pigments ticked"
        synthesise.palette_list.combo.setCurrentIndex(4)
        assert dock.bar.combo.currentIndex() == 4

    def test_counts_and_bins_of_the_scan_are_looked_at(self, qtbot, dock, synthesise):
        synthesise.form.fields["counts"].set(1200.0)
        synthesise.form.fields["n_bins"].set(256)
        qtbot.waitUntil(lambda: dock._found.shares.shape[1] == 256, timeout=WAIT_MS)
        ready(qtbot, dock)
        assert dock.confusions.counts.value() == 1200

    def test_settings_that_do_not_fit_are_not_passed_on(self, dock, synthesise):
        before = dock.book.axis
        synthesise.form.fields["low_kev"].set(50.0)
        assert dock.book.axis == before

    def test_edits_outlive_the_dock(self, qtbot, viewer, synthesise):
        short_lived = PaletteWidget(viewer)
        short_lived.book.choose(2)
        edited = without_pigments(short_lived.book.palette, ["lime_plaster"])
        short_lived.book.change(edited)
        short_lived.close()
        short_lived.deleteLater()
        del short_lived
        qtbot.wait(20)
        again = PaletteWidget(viewer)
        qtbot.addWidget(again)
        assert again.book.palette == edited == synthesise.palette_list.palette_chosen()

    def test_without_a_window_there_is_no_button_to_edit(self, synthesise):
        assert not hasattr(synthesise.palette_list, "edit")


def test_every_control_explains_itself(dock):
    kinds = (QComboBox, QLineEdit, QPushButton, QCheckBox, QAbstractSpinBox)
    kinds = (*kinds, QTableView, QTreeWidget)
    found = [child for kind in kinds for child in dock.findChildren(kind)]
    bare = [one for one in found if not one.toolTip() and one.objectName() == ""]
    assert not bare


def test_dock_fits_a_small_screen(dock):
    assert dock.minimumSizeHint().width() < 480
    assert dock.minimumSizeHint().height() < 400
    content = dock.findChild(QTableView).parentWidget().parentWidget().parentWidget()
    assert content.minimumSizeHint().height() <= 640
