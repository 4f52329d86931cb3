"""The Scan dock: facts, energies and the fast copy of a scan."""

from __future__ import annotations

from dataclasses import replace

import dask.array as da
import numpy as np
import pytest
from qtpy.QtGui import QGuiApplication
from qtpy.QtWidgets import QCheckBox

from napari_maxrf._napari import _scan_calibration
from napari_maxrf._napari._facts import cube_of, facts_of
from napari_maxrf._napari._layers import add_layers, cube_layers
from napari_maxrf._napari._scan_calibration import moved_lines
from napari_maxrf._napari._scan_facts import facts_about, facts_text, size_words
from napari_maxrf._napari._scan_widget import ScanWidget
from napari_maxrf.analysis import visible_lines
from napari_maxrf.analysis._fit import FoundElement
from napari_maxrf.analysis._lines import resolution_kev
from napari_maxrf.cube import EnergyAxis, SpectralCube
from napari_maxrf.io import FORMATS, open_cube, save_cube
from napari_maxrf.io.blocked import _cached, packed_copy
from napari_maxrf.io.blocked._cached import is_blocked
from napari_maxrf.provenance import ProcessStep

WAIT_MS = 60_000
COUNTS = {"Ca": 30, "Fe": 60, "Cu": 50, "Pb": 40}


def make_dock(viewer, cube, qtbot):
    add_layers(viewer, cube_layers(cube, None, 0))
    widget = ScanWidget(viewer)
    qtbot.addWidget(widget)
    settled(qtbot, widget)
    return widget


def settled(qtbot, dock):
    bars = dock.calibration.run_bar, dock.defects.find, dock.defects.correct
    qtbot.waitUntil(
        lambda: not dock.copy.is_busy and not any(bar.is_running for bar in bars),
        timeout=WAIT_MS,
    )


def press(qtbot, dock, bar):
    assert bar.button.isEnabled(), bar.button.toolTip()
    bar.button.click()
    settled(qtbot, dock)


def scan_of(shift_kev=0.0):
    """Return a scan whose calibration lies below the truth by a shift."""
    axis = EnergyAxis(600, 0.0, 0.03)
    energies = axis.centres_kev
    mean = np.full(600, 0.3)
    for element, counts in COUNTS.items():
        for line in visible_lines(element, 1.0, 18.0):
            sigma = resolution_kev(line.energy_kev) / 2.3548
            shape = np.exp(-0.5 * ((energies - line.energy_kev) / sigma) ** 2)
            mean += counts * line.strength * shape / shape.sum()
    counts = np.random.default_rng(1).poisson(np.broadcast_to(mean, (12, 14, 600)))
    wrong = EnergyAxis(600, -shift_kev, 0.03)
    return SpectralCube(da.from_array(counts.astype(np.uint16)), wrong, name="panel")


# Facts


def test_facts_of_a_file_are_shown_in_words(viewer, cube, qtbot, tmp_path):
    times = np.full((20, 30), 0.25, np.float32)
    times[0, 0] = 0
    path = save_cube(
        replace(cube, live_time_s=times, detectors=("left", "right")),
        tmp_path / "häuser.maxrf",
    )
    dock = make_dock(viewer, open_cube(path), qtbot)
    words = dock.facts.words
    assert words == {
        "File": "häuser.maxrf",
        "Format": next(one.label for one in FORMATS if one.name == "maxrf"),
        "Size": "30 × 20 pixels, 200 channels, uint16, 240 kB",
        "Energies": "0.50 to 20.50 keV, of the computed scan",
        "Live time": "0.25 s for each pixel, unknown for 1",
        "Pixel size": "0.25 × 0.5 mm",
        "Detectors": "left + right",
    }


def test_format_is_the_one_that_the_scan_was_opened_from(cube):
    steps = ProcessStep("open", {"format": "bcf"}), ProcessStep("synthesise")
    told = [
        {one.title: one.words for one in facts_about(replace(cube, provenance=(step,)))}
        for step in steps
    ]
    assert "Bruker" in told[0]["Format"]
    assert told[1]["Format"] == "none: made by synthesise"


@pytest.mark.parametrize(
    ("source", "words"), [("assumed", "assumed"), ("user", "by hand"), ("odd", "odd")]
)
def test_facts_say_where_the_energies_come_from(cube, source, words):
    axis = replace(cube.energy, source=source)
    facts = {one.title: one for one in facts_about(replace(cube, energy=axis))}
    assert words in facts["Energies"].words
    assert "gain 100.000 eV" in facts["Energies"].more
    assert facts["File"].words.startswith("none")
    assert facts["Live time"].words == facts["Detectors"].words == "not recorded"


def test_warnings_and_steps_are_shown_and_copied(viewer, cube, qtbot):
    steps = (ProcessStep("open", {"file": "a.rpl"}), ProcessStep("rebin", {"to": 2}))
    warned = {"warnings": ["The last row is missing."], "file": "/data/a.rpl"}
    cube = replace(cube, provenance=steps, metadata=warned)
    dock = make_dock(viewer, cube, qtbot)
    assert dock.facts.warnings.text() == "The last row is missing."
    lines = dock.facts.history.toPlainText().splitlines()
    assert [line.split()[:2] for line in lines] == [["1", "open"], ["2", "rebin"]]
    dock.facts.copy.click()
    text = QGuiApplication.clipboard().text()
    assert text == facts_text(cube)
    for part in ("/data/a.rpl", "The last row", 'rebin {"to": 2}', "offset", "Offset"):
        assert part.lower() in text.lower()


def test_nothing_is_shown_and_nothing_can_be_pressed_without_a_scan(viewer, qtbot):
    dock = ScanWidget(viewer)
    qtbot.addWidget(dock)
    settled(qtbot, dock)
    assert not dock.facts.words
    bars = dock.calibration.run_bar, dock.defects.find, dock.copy.make
    assert not any(bar.button.isEnabled() for bar in bars)


def test_dock_follows_the_scans_that_come_and_go(viewer, cube, qtbot):
    dock = make_dock(viewer, replace(cube, pixel_size_mm=None), qtbot)
    assert dock.facts.words["Pixel size"] == "not recorded"
    first = dock.source.layer
    (_, second) = add_layers(viewer, cube_layers(cube, None, 0))
    dock.source.choose(second)
    assert dock.facts.words["Pixel size"] == "0.25 × 0.5 mm"
    viewer.layers.remove(second)
    assert dock.source.layer is first
    assert dock.facts.words["Pixel size"] == "not recorded"


@pytest.mark.parametrize(
    ("n_bytes", "words"), [(0, "1 kB"), (5.4e6, "5.4 MB"), (123e9, "123 GB")]
)
def test_sizes_are_rounded(n_bytes, words):
    assert size_words(n_bytes) == words


# Energies


def test_shifted_energies_are_found_shown_and_applied_to_a_new_layer(viewer, qtbot):
    shifted = scan_of(0.06)
    dock = make_dock(viewer, shifted, qtbot)
    old = dock.source.layer
    press(qtbot, dock, dock.calibration.run_bar)
    found = dock.calibration.found
    assert found.new.offset_kev == pytest.approx(0.0, abs=0.01)
    assert "Fe Kα" in dock.calibration.words.text()
    for line in found.lines:
        assert line.moved_ev == pytest.approx(60, abs=10)
        assert line.new_kev == pytest.approx(line.energy_kev, abs=0.02)
    dock.calibration.apply.click()
    new = dock.source.layer
    assert new is not old
    assert cube_of(old) is shifted
    cube = cube_of(new)
    assert cube.energy == found.new
    assert cube.provenance[-1].process == "recalibrate"
    assert (new.scale[0], new.translate[0]) == (
        found.new.gain_kev,
        found.new.offset_kev,
    )
    assert dock.calibration.found is None


def test_good_energies_stay_as_they_are(viewer, qtbot):
    dock = make_dock(viewer, scan_of(), qtbot)
    press(qtbot, dock, dock.calibration.run_bar)
    assert dock.calibration.found is None
    assert not dock.calibration.apply.isVisibleTo(dock)
    assert "cannot be bettered" in dock.calibration.run_bar.line.text()


def test_moved_lines_tell_old_and_new_place_of_the_peak():
    cube = scan_of()
    low = replace(cube.energy, offset_kev=-0.1)
    lines = moved_lines(cube.sum_spectrum(), low, cube.energy)
    assert len(lines) == 4
    assert {one.label for one in lines} >= {"Fe Kα", "Cu Kα"}
    for one in lines:
        assert one.new_kev - one.old_kev == pytest.approx(0.1)
        assert one.new_kev == pytest.approx(one.energy_kev, abs=0.02)


def test_peak_of_a_neighbour_is_not_told_as_that_of_the_line(monkeypatch):
    """Cobalt under iron has no top of its own: the nearest one is iron's K beta."""
    found = [FoundElement(name, 1e4, 99.0) for name in ("Co", "Fe")]
    monkeypatch.setattr(_scan_calibration, "found_elements", lambda *_: found)
    cube = scan_of()
    lines = moved_lines(cube.sum_spectrum(), cube.energy, cube.energy)
    assert [one.label for one in lines] == ["Fe Kα"]


def test_notes_about_a_calibration_stand_beside_the_button(viewer, cube, qtbot):
    noted = replace(cube, metadata={"calibration": {"note": "Rounded pairs."}})
    noted = replace(noted, energy=replace(cube.energy, source="file"))
    dock = make_dock(viewer, noted, qtbot)
    assert dock.calibration.present.text() == "Rounded pairs."
    assumed = replace(cube, energy=replace(cube.energy, source="assumed"))
    (_, layer) = add_layers(viewer, cube_layers(assumed, None, 0))
    dock.source.choose(layer)
    assert "tells no energies" in dock.calibration.present.text()


# Fast copy


@pytest.fixture
def large(monkeypatch, cube, tmp_path):
    """Return a scan from a file that counts as large and slow."""
    monkeypatch.setattr(_cached, "_LEAST_BYTES", 0)
    monkeypatch.setattr(_cached, "_SLOW_BYTES", 0)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return open_cube(save_cube(cube, tmp_path / "scan.maxrf"))


def test_small_scans_need_no_copy(viewer, cube, qtbot):
    dock = make_dock(viewer, cube, qtbot)
    assert dock.copy.state == "quick"
    assert not dock.copy.make.button.isEnabled()


def test_copy_is_made_shown_and_deleted_again(viewer, large, cube, qtbot):
    dock = make_dock(viewer, large, qtbot)
    layer = dock.source.layer
    assert dock.copy.state == "worth"
    assert "reads" in dock.copy.words.text()
    assert "free" in dock.copy.words.text()
    press(qtbot, dock, dock.copy.make)
    assert is_blocked(cube_of(layer))
    assert dock.source.layer is layer
    assert dock.copy.state == "used"
    assert "of at most 50 GB" in dock.copy.words.text()
    assert "fast copy" in dock.copy.make.line.text()
    np.testing.assert_array_equal(layer.data[64], np.asarray(cube.counts)[:, :, 64])
    copy = packed_copy(cube_of(layer))
    assert copy.is_file()
    dock.copy.delete.click()
    settled(qtbot, dock)
    assert not copy.exists()
    assert not is_blocked(cube_of(layer))
    assert dock.copy.state == "worth"
    np.testing.assert_array_equal(layer.data[64], np.asarray(cube.counts)[:, :, 64])


def test_copy_that_is_there_can_be_taken(viewer, large, qtbot):
    from napari_maxrf.io import build_cache

    build_cache(large)
    dock = make_dock(viewer, large, qtbot)
    assert dock.copy.state == "waiting"
    dock.copy.use.click()
    settled(qtbot, dock)
    assert dock.copy.state == "used"
    assert facts_of(viewer.layers[0]).cube is cube_of(dock.source.layer)


def test_copy_of_a_layer_that_is_gone_is_kept_for_later(viewer, large, qtbot):
    dock = make_dock(viewer, large, qtbot)
    layer = dock.source.layer
    dock.copy.make.button.click()
    viewer.layers.remove(layer)
    settled(qtbot, dock)
    assert not is_blocked(large)
    assert packed_copy(large) is not None
    assert cube_of(layer) is large


def test_copy_serves_the_recalibrated_layer_of_the_scan_too(viewer, large, qtbot):
    dock = make_dock(viewer, large, qtbot)
    axis = EnergyAxis(200, 0.4, 0.1, source="user")
    (_, moved) = add_layers(viewer, cube_layers(replace(large, energy=axis), None, 0))
    press(qtbot, dock, dock.copy.make)
    assert is_blocked(cube_of(moved))
    assert cube_of(moved).energy == axis
    dock.copy.delete.click()
    settled(qtbot, dock)
    assert not is_blocked(cube_of(moved))
    assert cube_of(moved).energy == axis


def test_copy_without_its_file_is_not_deleted(viewer, large, qtbot, tmp_path):
    dock = make_dock(viewer, large, qtbot)
    press(qtbot, dock, dock.copy.make)
    (tmp_path / "scan.maxrf").unlink()
    dock.copy.delete.click()
    assert "packed copy only" in dock.copy.make.line.text()
    assert packed_copy(cube_of(dock.source.layer)) is not None


def test_every_control_says_what_it_does(viewer, cube, qtbot):
    dock = make_dock(viewer, cube, qtbot)
    boxes = [box for box in dock.findChildren(QCheckBox) if not box.toolTip()]
    assert not boxes
    assert dock.minimumSizeHint().width() < 500
