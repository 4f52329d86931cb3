"""Columns of numbers are read as they are meant, or refused with the line."""

from __future__ import annotations

import numpy as np
import pytest
from _spectra_files import COUNTS, ENERGIES, GAIN, OFFSET, columns
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_maxrf.errors import CalibrationError, FormatError
from napari_maxrf.io import open_spectrum

ROWS = st.lists(
    st.floats(-1e6, 1e9).map(lambda v: round(v, 4)), min_size=16, max_size=80
)
LAYOUTS = [(",", "."), (";", "."), (";", ","), ("\t", "."), ("\t", ","), ("  ", ",")]


@pytest.fixture
def opened(tmp_path):
    def write_and_open(content, encoding="utf-8"):
        path = tmp_path / "Malachit Größe.csv"
        path.write_bytes(content.encode(encoding))
        return open_spectrum(path)

    return write_and_open


@settings(max_examples=60, deadline=None)
@given(
    counts=ROWS,
    layout=st.sampled_from(LAYOUTS),
    offset=st.floats(0, 1),
    gain=st.floats(0.005, 0.5),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    heading=st.sampled_from(["Energy (keV)|Counts", "# energy_kev counts", "E [keV]"]),
)
def test_what_is_written_is_read(
    tmp_path_factory, counts, layout, offset, gain, end, heading
):
    path = tmp_path_factory.getbasetemp() / "columns.csv"
    separator, decimal = layout
    energies = offset + gain * np.arange(len(counts))
    written = columns(counts, energies, separator, decimal, heading, end)
    path.write_bytes(written.encode())
    spectrum = open_spectrum(path)
    assert spectrum.counts.tolist() == counts
    assert spectrum.axis.gain_kev == pytest.approx(gain, rel=1e-9)
    assert spectrum.axis.offset_kev == pytest.approx(offset, abs=1e-8)


def test_one_column_holds_counts_without_calibration(opened):
    spectrum = opened(columns(COUNTS))
    assert spectrum.axis is None
    assert spectrum.counts.tolist() == COUNTS.tolist()
    assert spectrum.metadata["format"] == "columns"


@pytest.mark.parametrize("first", [0, 1, 7])
@pytest.mark.parametrize("heading", ["", "Channel,Counts", "Kanal;Zahl", "ch counts"])
def test_channel_numbers_are_no_energies(opened, first, heading):
    spectrum = opened(columns(COUNTS, np.arange(COUNTS.size) + first, heading=heading))
    assert spectrum.axis is None
    assert spectrum.metadata["first_channel"] == first


@pytest.mark.parametrize(
    ("heading", "factor"),
    [("Energy (eV),N", 1000), ("Energy,N", 1000), ("", 1000), ("Energy [keV],N", 1)],
)
def test_energies_are_in_ev_where_the_title_or_their_size_says_so(
    opened, heading, factor
):
    spectrum = opened(columns(COUNTS, ENERGIES * factor, heading=heading))
    assert spectrum.axis.offset_kev == pytest.approx(OFFSET)
    assert spectrum.axis.gain_kev == pytest.approx(GAIN)


def test_energies_in_steps_of_one_need_a_title(opened):
    spectrum = opened(columns(COUNTS, np.arange(64.0) + 1, heading="Energy (keV),N"))
    assert spectrum.axis.gain_kev == pytest.approx(1.0)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
def test_encodings_of_spreadsheets_are_read(opened, encoding):
    heading = "Größe in µm: 5\nEnergy (keV),Zählrate"
    spectrum = opened(columns(COUNTS, ENERGIES, heading=heading), encoding)
    assert spectrum.counts.tolist() == COUNTS.tolist()
    assert spectrum.metadata["heading"][0] == "Größe in µm: 5"
    assert spectrum.name == "Malachit Größe"


def test_quoted_cells_and_separators_at_the_end_are_read(opened):
    rows = [f'"{e}","{c}",' for e, c in zip(ENERGIES, COUNTS, strict=True)]
    assert opened("\n".join(rows)).counts.tolist() == COUNTS.tolist()


def test_energies_rounded_to_two_digits_still_give_the_gain(opened):
    energies = np.round(0.0292 * np.arange(1024) + 0.01, 2)
    spectrum = opened(columns(np.ones(1024), energies, heading="keV counts"))
    np.testing.assert_allclose(spectrum.axis.centres_kev, energies, atol=0.006)


@pytest.mark.parametrize(
    "bad", ["nan", "inf", "1e999", "abc", "1_000", "٣", "0x1f", "--"]
)
def test_what_is_no_number_is_refused_with_its_line(opened, bad):
    lines = columns(COUNTS, ENERGIES).splitlines()
    lines[20] = f"{ENERGIES[20]},{bad}"
    with pytest.raises(
        FormatError, match=r"Größe\.csv line 21: .* not a finite number"
    ):
        opened("\n".join(lines))


@pytest.mark.parametrize("bad", ["1", "1,2,3", "1,2,3,4"])
def test_rows_that_differ_are_refused_with_their_line(opened, bad):
    lines = columns(COUNTS, ENERGIES).splitlines()
    lines[20] = bad
    with pytest.raises(FormatError, match=r"line 21 has \d columns"):
        opened("\n".join(lines))


def test_a_table_of_many_columns_is_refused(opened):
    with pytest.raises(FormatError, match="line 1 has 3 columns; expected counts"):
        opened("1,2,3\n" * 20)


def test_energies_that_fall_are_refused_with_their_line(opened):
    energies = ENERGIES.copy()
    energies[[30, 31]] = energies[[31, 30]]
    with pytest.raises(CalibrationError, match=r"line 32: .* energies must rise"):
        opened(columns(COUNTS, energies))


@pytest.mark.parametrize(
    ("energies", "heading", "words"),
    [
        (ENERGIES**2 + 1, "keV,n", "does not rise evenly"),
        (np.zeros(64), "keV,n", "Gain 0 keV"),
        (ENERGIES + 195, "keV,n", "beyond 200 keV"),
        (ENERGIES * 1000, "keV,n", "beyond 200 keV"),
        (ENERGIES - 100, "keV,n", "no X-ray detector"),
        (ENERGIES, "channel,n", "count up by one"),
    ],
)
def test_senseless_energies_are_refused(opened, energies, heading, words):
    if words.startswith("does not"):
        energies = np.where(np.arange(64) < 32, ENERGIES, ENERGIES + 9)
    with pytest.raises(CalibrationError, match=words) as caught:
        opened(columns(COUNTS, energies, heading=heading))
    assert "Größe.csv line" in str(caught.value)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "is empty"),
        (" \r\n\t\n", "is empty"),
        ("hello\nworld\n", "no row of numbers"),
        ("1\n2\n3\n", "3 rows of numbers"),
        ("7\n" * 70_000, "more than 65536"),
        ("\n" * 1_000_001 + "7", "more than 1,000,000 lines"),
        ("7" * 2_000_000, "characters"),
        ("7\n" * 20 + "\x00\x01", "binary"),
    ],
)
def test_what_is_no_spectrum_is_refused(opened, content, words):
    with pytest.raises(FormatError, match=words):
        opened(content)
