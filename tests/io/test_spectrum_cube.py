"""A single spectrum opens as a scan of one pixel; other text does not."""

from __future__ import annotations

import numpy as np
import pytest

from napari_maxrf.errors import FormatError
from napari_maxrf.io import (
    FORMATS,
    SPECTRUM_FORMATS,
    describe,
    open_cube,
    open_spectra,
    open_spectrum,
    recognise,
)

COUNTS = np.arange(64) * 3


@pytest.fixture
def column(tmp_path):
    """Return a function that writes a column of numbers."""

    def written(values, name="zinc.txt"):
        path = tmp_path / name
        path.write_text("\n".join(map(str, values)))
        return path

    return written


def test_a_bruker_spectrum_is_a_cube_of_one_pixel(shared_data):
    path = shared_data / "pigments/xrf_other/bruker_m6_jetstream_file_example.spx"
    if not path.is_file():
        pytest.skip(f"needs {path.name}, which is not here")
    cube, spectrum = open_cube(path), open_spectrum(path)
    assert recognise(path) == "spectrum"
    assert cube.shape == (1, 1, 4096)
    assert cube.counts.dtype == np.uint16
    np.testing.assert_array_equal(cube.spectrum(0, 0), spectrum.counts)
    assert cube.energy == spectrum.axis
    assert cube.live_time_s[0, 0] == pytest.approx(spectrum.live_time_s)
    assert cube.metadata["instrument"]["xrf"]["Voltage"] == "50"


@pytest.mark.parametrize(
    ("top", "dtype"),
    [(65_535, np.uint16), (65_536, np.uint32), (2**40, np.uint64), (0.5, np.float64)],
)
def test_counts_are_kept_in_a_type_that_holds_them(column, top, dtype):
    cube = open_cube(column([*COUNTS, top]))
    assert cube.counts.dtype == dtype
    assert cube.spectrum(0, 0)[-1] == top


def test_negative_counts_stay_negative(column):
    assert open_cube(column([*COUNTS, -2])).spectrum(0, 0)[-1] == -2


def test_a_spectrum_without_energies_has_an_assumed_axis(column):
    facts = describe(column(COUNTS), counts=True)
    assert facts["format"] == "spectrum"
    assert facts["energy_source"] == "assumed"
    assert facts["total_counts"] == COUNTS.sum()


@pytest.mark.parametrize(
    "values", [["a letter", "to nobody"], [1, 2, 3], ["1,2,3,4,5"] * 40]
)
def test_other_text_is_no_spectrum(column, values):
    path = column(values)
    assert recognise(path) is None
    with pytest.raises(FormatError):
        open_cube(path)


def test_a_damaged_spectrum_is_told_by_its_own_reader(tmp_path):
    path = tmp_path / "broken.spx"
    path.write_text('<TRTSpectrum><ClassInstance Type="TRTSpectrum">')
    with pytest.raises(FormatError, match="XML is damaged or cut off"):
        open_cube(path)


def test_of_several_spectra_one_is_named(tmp_path):
    path = tmp_path / "four.mca"
    rows = "\n".join(f"{n} {2 * n}" for n in range(64))
    path.write_text(f"VERSION: 3.1\nELEMENTS: 2\nCHANNELS: 64\nDATA:\n{rows}\n")
    with pytest.raises(FormatError, match="holds 2 spectra"):
        open_cube(path)
    names = [one.name for one in open_spectra(path)]
    assert open_cube(path, detector=names[1]).spectrum(0, 0)[5] == 10


def test_a_huge_text_is_not_looked_at(tmp_path):
    path = tmp_path / "huge.txt"
    with path.open("wb") as stream:
        stream.truncate(2**24 + 1)
    assert recognise(path) is None


def test_the_table_lists_the_suffixes_of_all_spectrum_formats():
    suffixes = {suffix for one in SPECTRUM_FORMATS for suffix in one.suffixes}
    assert set(FORMATS[-1].suffixes) == suffixes
