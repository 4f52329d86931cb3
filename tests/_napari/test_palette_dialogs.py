"""Dialogs that ask for pigments and palettes."""

from __future__ import annotations

import json

import h5py
import numpy as np
import pytest
from qtpy.QtCore import Qt, QTimer
from qtpy.QtWidgets import (
    QApplication,
    QDialogButtonBox,
    QFileDialog,
    QMessageBox,
    QWidget,
)

from napari_maxrf._napari._measured_dialog import GREY, MeasuredDialog
from napari_maxrf._napari._palette_chooser import ask_save_path, ask_which
from napari_maxrf._napari._table_dialog import TableDialog
from napari_maxrf._napari._theme import ThemeColours
from napari_maxrf.pigments import pigment_table, read_references
from napari_maxrf.synthesis import SynthesisConfig

AXIS = SynthesisConfig().axis
COLOURS = ThemeColours((35, 36, 43), (240, 241, 242))
OK = QDialogButtonBox.StandardButton.Ok


@pytest.fixture
def parent(qtbot):
    made = QWidget()
    qtbot.addWidget(made)
    made.show()
    return made


def press_ok(qtbot, dialog):
    qtbot.mouseClick(dialog.buttons.button(OK), Qt.MouseButton.LeftButton)


def counts_file(tmp_path, name="house red.csv"):
    """Write counts without energies, with a peak in channel 640."""
    counts = np.full(2048, 2)
    counts[630:651] += 300
    path = tmp_path / name
    path.write_text("\n".join(str(count) for count in counts))
    return path


class TestTable:
    """The whole pigment table."""

    @pytest.fixture
    def dialog(self, qtbot, parent):
        made = TableDialog(parent, "Add pigments", ["smalt"])
        made.open()
        return made

    def test_all_pigments_are_offered_but_those_that_are_there(self, dialog):
        assert set(dialog.table.proxy.ids) == set(pigment_table()) - {"smalt"}

    def test_ok_waits_for_a_tick(self, dialog):
        assert not dialog.buttons.button(OK).isEnabled()
        dialog.table.tick_wanted.emit(["azurite"], True)
        assert dialog.buttons.button(OK).isEnabled()
        assert dialog.words.text() == "1 pigment ticked"

    def test_ticks_stay_while_the_filter_changes(self, qtbot, dialog):
        dialog.table.tick_wanted.emit(["orpiment"], True)
        dialog.filter.hue.setCurrentText("Blue")
        dialog.table.tick_wanted.emit(["azurite", "indigo"], True)
        dialog.table.tick_wanted.emit(["indigo"], False)
        with qtbot.waitSignal(dialog.chosen) as chosen:
            press_ok(qtbot, dialog)
        assert [p.id for p in chosen.args[0]] == ["orpiment", "azurite"]

    def test_cancel_chooses_nothing(self, qtbot, dialog):
        dialog.table.tick_wanted.emit(["orpiment"], True)
        with qtbot.assertNotEmitted(dialog.chosen):
            dialog.reject()


class TestMeasured:
    """Name, colour and energies of a measured spectrum."""

    @pytest.fixture
    def open_for(self, parent, forgive_menus_of_pyqtgraph):
        def opened(path, taken=()):
            made = MeasuredDialog(parent, read_references(path), AXIS, taken, COLOURS)
            made.open()
            return made

        return opened

    def test_energies_are_asked_where_the_file_has_none(
        self, qtbot, open_for, tmp_path
    ):
        dialog = open_for(counts_file(tmp_path))
        assert dialog.offset.isEnabled()
        assert "does not say" in dialog.energies.text()
        assert dialog.name.text() == "house red"
        dialog.gain.setValue(10.0)
        dialog.offset.setValue(-20.0)
        with qtbot.waitSignal(dialog.chosen) as chosen:
            press_ok(qtbot, dialog)
        (pigment,) = chosen.args
        assert pigment.id == "house_red"
        axis = pigment.measured.spectrum.axis
        assert (axis.offset_kev, axis.gain_kev) == (-0.02, 0.01)
        peak = AXIS.centres_kev[pigment.measured.probabilities(AXIS).argmax()]
        assert peak == pytest.approx(6.38, abs=AXIS.gain_kev)

    def test_energies_of_the_file_are_shown_and_kept(self, qtbot, open_for, tmp_path):
        path = tmp_path / "red.csv"
        rows = [f"{n * 0.02 + 0.1},{n % 7}" for n in range(1000)]
        path.write_text("Energy (keV),Counts\n" + "\n".join(rows))
        dialog = open_for(path)
        assert not dialog.gain.isEnabled()
        assert dialog.gain.value() == pytest.approx(20.0)
        assert dialog.offset.value() == pytest.approx(100.0)
        assert "from the file" in dialog.energies.text()

    def test_table_pigment_gives_what_is_known_of_it(self, qtbot, open_for, tmp_path):
        dialog = open_for(counts_file(tmp_path))
        dialog.like.setCurrentIndex(dialog.like.findData("vermilion"))
        with qtbot.waitSignal(dialog.chosen) as chosen:
            press_ok(qtbot, dialog)
        known = pigment_table()["vermilion"]
        assert chosen.args[0].composition == known.composition
        assert chosen.args[0].srgb == GREY

    @pytest.mark.parametrize(
        ("change", "words"),
        [
            (lambda d: d.name.clear(), "needs a name"),
            (lambda d: d.offset.setValue(9000), "no counts|nothing in common"),
        ],
    )
    def test_what_cannot_be_used_is_said_and_the_dialog_stays(
        self, qtbot, open_for, tmp_path, change, words
    ):
        path = tmp_path / "bare.csv"
        path.write_text("\n".join(["0"] * 300 + ["9"] * 10))
        dialog = open_for(path)
        dialog.gain.setValue(100.0)
        change(dialog)
        with qtbot.assertNotEmitted(dialog.chosen):
            press_ok(qtbot, dialog)
        assert dialog.isVisible()
        assert dialog.status.text() != ""
        assert any(word in dialog.status.text() for word in words.split("|"))

    def test_several_spectra_are_offered_with_their_colours(
        self, qtbot, open_for, tmp_path
    ):
        entries = {}
        for name, colour in (("Azure", [10, 60, 140]), ("Cinnabar", [190, 40, 30])):
            with h5py.File(tmp_path / f"{name}.h5", "w") as file:
                file["x"] = np.arange(500) * 0.05
                file["y"] = np.arange(500) % 9
            entries[name] = {"xrf": f"{name}.h5", "RGB": colour}
        path = tmp_path / "pigments.json"
        path.write_text(json.dumps(entries))
        dialog = open_for(path)
        assert dialog.spectrum.count() == 2
        dialog.spectrum.setCurrentIndex(1)
        assert dialog.name.text() == "Cinnabar"
        assert dialog.colour.colour == (190, 40, 30)
        with qtbot.waitSignal(dialog.chosen) as chosen:
            press_ok(qtbot, dialog)
        assert chosen.args[0].measured.key == "Cinnabar"

    def test_plot_follows_energies_and_shows_where_lines_should_be(
        self, open_for, tmp_path
    ):
        dialog = open_for(counts_file(tmp_path))
        dialog.gain.setValue(10.0)
        dialog.like.setCurrentIndex(dialog.like.findData("mars_red"))
        (curve,) = dialog.preview._curves
        peak = AXIS.centres_kev[curve.counts.argmax()]
        assert peak == pytest.approx(6.4, abs=AXIS.gain_kev)
        assert dialog.preview.labels[0] == "Fe Kα"
        dialog.gain.setValue(20.0)
        (curve,) = dialog.preview._curves
        peak = AXIS.centres_kev[curve.counts.argmax()]
        assert peak == pytest.approx(12.8, abs=0.21)  # a flat top of 21 channels

    def test_what_cannot_be_used_is_said_in_the_plot(self, open_for, tmp_path):
        dialog = open_for(counts_file(tmp_path))
        assert dialog.preview.drawn == ("house_red",)
        dialog.name.clear()
        assert dialog.preview.drawn == ()
        assert "needs a name" in dialog.preview._hint.text()

    def test_id_is_free_in_the_palette(self, open_for, tmp_path):
        dialog = open_for(counts_file(tmp_path), ["house_red"])
        assert dialog.pigment().id == "house_red_2"

    def test_every_field_explains_itself(self, open_for, tmp_path):
        dialog = open_for(counts_file(tmp_path))
        fields = dialog.spectrum, dialog.name, dialog.colour, dialog.like
        for field in (*fields, dialog.offset, dialog.gain):
            assert field.toolTip()


def answer(qtbot, kind, press):
    """Press something in the next dialog of a kind, once it waits."""

    def act():
        box = QApplication.activeModalWidget()
        if not isinstance(box, kind):
            QTimer.singleShot(20, act)
            return
        press(box)

    QTimer.singleShot(20, act)


@pytest.mark.parametrize(
    ("text", "which"), [("All 12", "all"), ("Ticked 5", "ticked"), ("Cancel", "")]
)
def test_user_says_which_pigments_are_saved(qtbot, parent, text, which):
    def press(box):
        (button,) = [one for one in box.buttons() if one.text() == text]
        button.click()

    answer(qtbot, QMessageBox, press)
    assert ask_which(parent, 5, 12) == which


def test_only_all_can_be_saved_where_none_is_ticked(qtbot, parent):
    def press(box):
        texts = [one.text() for one in box.buttons()]
        assert not any("Ticked" in text for text in texts)
        box.reject()

    answer(qtbot, QMessageBox, press)
    assert ask_which(parent, 0, 12) == ""


@pytest.mark.parametrize("accepted", [True, False])
def test_suffix_is_there_before_qt_asks_to_overwrite(
    qtbot, parent, tmp_path, monkeypatch, accepted
):
    asked = []

    def press(dialog):
        asked.append(dialog.defaultSuffix())
        dialog.done(int(accepted))

    monkeypatch.setattr(QFileDialog, "selectedFiles", lambda self: ["mine.toml"])
    answer(qtbot, QFileDialog, press)
    assert ask_save_path(parent, "sarteano") == ("mine.toml" if accepted else "")
    assert asked == ["toml"]
