"""The spectra of a palette, and the cache behind them."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from napari_maxrf.cube import EnergyAxis
from napari_maxrf.errors import CalibrationError, MaxrfError
from napari_maxrf.pigments import Palette, load_palette, spectra_folder
from napari_maxrf.pigments import _spectra as spectra_module
from napari_maxrf.pigments._cache import MOST_ROWS, add_rows, read_rows

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

AXIS = EnergyAxis.from_range(0.5, 38.5, 512)


@pytest.fixture(autouse=True)
def _empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for variable in ("XDG_CACHE_HOME", "LOCALAPPDATA", "HOME"):
        monkeypatch.setenv(variable, str(tmp_path))
    spectra_module._rows_in_memory.cache_clear()
    yield
    spectra_module._rows_in_memory.cache_clear()


@pytest.fixture
def pair() -> Palette:
    """Return two pigments: one rich in lines, one without any."""
    return load_palette("sarteano").subset(["cinnabar", "carbon_black"])


@pytest.fixture
def no_physics(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make any new computation fail."""

    def refuse(*_: object) -> None:
        raise AssertionError("computed again")

    monkeypatch.setattr(spectra_module, "expected_spectrum", refuse)


def in_window(spectrum: np.ndarray, low: float, high: float) -> float:
    """Return the share of a spectrum between two energies."""
    return float(spectrum[AXIS.window(low, high)].sum())


def test_sarteano_spectra_are_probabilities() -> None:
    spectra = load_palette("sarteano").spectra(AXIS)
    assert spectra.shape == (12, 512)
    assert spectra.min() >= 0
    np.testing.assert_allclose(spectra.sum(axis=1), 1)


@pytest.mark.parametrize(
    ("pigment", "line"),
    [
        ("red_ochre", 6.40),
        ("cinnabar", 9.97),
        ("cobalt_blue", 6.93),
        ("ivory_black", 3.69),
        ("titanium_white", 4.51),
    ],
)
def test_strongest_line_of_a_pigment(pigment: str, line: float) -> None:
    spectrum = load_palette("sarteano").subset([pigment]).spectra(AXIS)[0]
    assert AXIS.centres_kev[spectrum.argmax()] == pytest.approx(line, abs=0.05)


def test_smalt_shows_cobalt_and_arsenic() -> None:
    smalt = load_palette("sarteano").subset(["smalt"]).spectra(AXIS)[0]
    for line in (6.93, 10.53, 11.73):
        side = in_window(smalt, line + 0.25, line + 0.45) / 0.2
        assert in_window(smalt, line - 0.15, line + 0.15) / 0.3 > 2 * side


def test_carbon_black_is_mostly_scatter(pair: Palette) -> None:
    cinnabar, carbon = pair.spectra(AXIS)
    assert in_window(carbon, 5.0, 38.5) > 0.75
    assert in_window(carbon, 16.0, 18.0) > 10 * in_window(cinnabar, 16.0, 17.0)


def test_all_pigments_have_a_spectrum() -> None:
    palette = load_palette("pigments_all")
    spectra = palette.spectra(EnergyAxis.from_range(0.5, 38.5, 128))
    assert spectra.shape == (88, 128)
    assert np.isfinite(spectra).all()


def test_paint_and_instrument_change_the_spectrum(pair: Palette) -> None:
    usual = pair.spectra(AXIS)
    for other in (replace(pair, paint="oil"), replace(pair, instrument="chnet_cr")):
        assert np.abs(other.spectra(AXIS) - usual).sum(axis=1).min() > 0.02


def test_memory_and_disk_give_the_same_as_physics(
    pair: Palette, monkeypatch: pytest.MonkeyPatch
) -> None:
    computed = pair.spectra(AXIS)
    monkeypatch.setattr(spectra_module, "expected_spectrum", None)
    np.testing.assert_array_equal(pair.spectra(AXIS), computed)
    spectra_module._rows_in_memory.cache_clear()
    np.testing.assert_array_equal(pair.spectra(AXIS), computed)
    assert len(list(spectra_folder().glob("*.npz"))) == 1


def test_changing_the_result_leaves_the_cache_alone(pair: Palette) -> None:
    first = pair.spectra(AXIS)
    kept = first.copy()
    first[:] = 0
    np.testing.assert_array_equal(pair.spectra(AXIS), kept)


def test_a_calibration_of_another_source_shares_the_cache(
    pair: Palette, request: pytest.FixtureRequest
) -> None:
    pair.spectra(AXIS)
    request.getfixturevalue("no_physics")
    pair.spectra(replace(AXIS, source="user"))


@pytest.mark.parametrize(
    "damage", [b"", b"PK\x03\x04 nonsense", b"\x93NUMPY nonsense", b"\x80\x04K\x01."]
)
def test_damaged_cache_is_made_anew(pair: Palette, damage: bytes) -> None:
    computed = pair.spectra(AXIS)
    for path in spectra_folder().glob("*.npz"):
        path.write_bytes(damage)
    spectra_module._rows_in_memory.cache_clear()
    np.testing.assert_array_equal(pair.spectra(AXIS), computed)


def only_book() -> str:
    """Return the key of the one cached book."""
    (path,) = spectra_folder().glob("*.npz")
    return path.stem


@pytest.mark.parametrize("wrong", [np.nan, -1.0, 2.0])
def test_foreign_numbers_in_the_cache_are_not_believed(
    pair: Palette, wrong: float
) -> None:
    computed = pair.spectra(AXIS)
    book = only_book()
    keys = list(read_rows(book, 512))
    add_rows(book, 512, {key: np.full(512, wrong) for key in keys})
    spectra_module._rows_in_memory.cache_clear()
    np.testing.assert_array_equal(pair.spectra(AXIS), computed)


def test_a_book_of_another_length_is_not_believed(pair: Palette) -> None:
    pair.spectra(AXIS)
    assert len(read_rows(only_book(), 512)) == 2
    assert read_rows(only_book(), 511) == {}


def test_a_larger_palette_adds_to_the_book(
    pair: Palette, request: pytest.FixtureRequest
) -> None:
    pair.spectra(AXIS)
    larger = load_palette("sarteano").subset(["cinnabar", "carbon_black", "smalt"])
    whole = larger.spectra(AXIS)
    assert len(read_rows(only_book(), 512)) == 3
    request.getfixturevalue("no_physics")
    spectra_module._rows_in_memory.cache_clear()
    np.testing.assert_array_equal(larger.spectra(AXIS), whole)


def test_the_oldest_rows_make_room() -> None:
    row = np.full(8, 1 / 8)
    add_rows("book", 8, {f"{n:04d}": row for n in range(MOST_ROWS)})
    add_rows("book", 8, {"new": row})
    kept = read_rows("book", 8)
    assert len(kept) == MOST_ROWS
    assert "new" in kept
    assert "0000" not in kept


def test_a_cache_that_cannot_be_written_is_no_error(
    pair: Palette, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    for variable in ("XDG_CACHE_HOME", "LOCALAPPDATA", "HOME"):
        monkeypatch.setenv(variable, str(blocked))
    assert pair.spectra(AXIS).shape == (2, 512)


def test_threads_that_write_at_the_same_time_leave_a_whole_file() -> None:
    row = np.full(4096, 1 / 4096)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: add_rows("book", 4096, {str(n): row}), range(40)))
    assert [path.name for path in spectra_folder().iterdir()] == ["book.npz"]
    kept = read_rows("book", 4096)
    assert kept
    for values in kept.values():
        np.testing.assert_array_equal(values, row)


def test_two_processes_fill_the_cache_at_the_same_time(pair: Palette) -> None:
    code = (
        "from napari_maxrf.cube import EnergyAxis\n"
        "from napari_maxrf.pigments import load_palette\n"
        "palette = load_palette('sarteano').subset(['cinnabar', 'carbon_black'])\n"
        "print(float(palette.spectra(EnergyAxis.from_range(0.5, 38.5, 512)).sum()))"
    )
    command = [sys.executable, "-c", code]
    runs = [
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)
    ]
    outputs = [run.communicate(timeout=120)[0].strip() for run in runs]
    assert outputs[0] == outputs[1] != ""
    assert [run.returncode for run in runs] == [0, 0]
    assert len(read_rows(only_book(), 512)) == 2
    assert str(float(pair.spectra(AXIS).sum())) == outputs[0]


@pytest.mark.skipif(sys.platform != "linux", reason="the folder differs by system")
def test_cache_folder_follows_the_platform(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert spectra_folder().parts[-3:] == ("xdg", "napari-maxrf", "spectra")
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert spectra_folder() == tmp_path / ".cache" / "napari-maxrf" / "spectra"


def test_axis_above_the_tube_voltage(pair: Palette) -> None:
    with pytest.raises(CalibrationError, match="40 kV"):
        pair.spectra(EnergyAxis.from_range(41.0, 60.0, 64))


def test_unknown_instrument(pair: Palette) -> None:
    with pytest.raises(MaxrfError, match="instrument 'm7'"):
        replace(pair, instrument="m7").spectra(AXIS)
