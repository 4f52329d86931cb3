"""Each format gives back what was written, and says what is wrong with the rest."""

from __future__ import annotations

import os
import pickle
from pathlib import Path

import numpy as np
import pytest
from _spectra_files import (
    COUNTS,
    SAMPLES,
    amptek,
    columns,
    emsa,
    gse,
    spe,
    spx,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_maxrf.errors import CalibrationError, FormatError
from napari_maxrf.io import SPECTRUM_FORMATS, open_spectra, open_spectrum

WHOLE = st.lists(st.integers(0, 2**31), min_size=1, max_size=70)
CORRECTED = st.lists(st.floats(-50, 1e8), min_size=1, max_size=70)
OFFSETS, GAINS = st.floats(0, 1), st.floats(0.001, 0.4)
ENDS = st.sampled_from(["\n", "\r\n"])


@pytest.fixture
def opened(tmp_path):
    def write_and_open(content: str):
        path = tmp_path / "azurite.dat"
        path.write_bytes(content.encode("utf-8"))
        return open_spectrum(path)

    return write_and_open


def written_and_opened(factory, content: str):
    path = factory.getbasetemp() / "round.dat"
    path.write_bytes(content.encode("utf-8"))
    return open_spectra(path)


def holds(spectrum, counts, offset, gain) -> None:
    assert spectrum.counts.tolist() == [float(c) for c in counts]
    assert spectrum.axis.offset_kev == pytest.approx(offset, abs=1e-9)
    assert spectrum.axis.gain_kev == pytest.approx(gain, rel=1e-9)


# what is written is read


@pytest.mark.parametrize("kind", SAMPLES)
def test_content_and_not_suffix_tells_the_format(kind, tmp_path):
    path = SAMPLES[kind](tmp_path)
    renamed = path.rename(path.with_name("spectrum.xyz"))
    spectra = open_spectra(renamed)
    assert {s.metadata["format"] for s in spectra} == {kind.partition("-")[0]}
    np.testing.assert_array_equal(spectra[0].counts, COUNTS)
    assert all(s.source == "spectrum.xyz" for s in spectra)


def test_the_table_names_every_format_once():
    names = [kind.name for kind in SPECTRUM_FORMATS]
    assert len(set(names)) == len(names)
    assert {kind.partition("-")[0] for kind in SAMPLES} == set(names)
    for kind in SPECTRUM_FORMATS:
        assert all(s.startswith(".") and s == s.lower() for s in kind.suffixes)
        assert kind.label


@settings(max_examples=40, deadline=None)
@given(
    counts=CORRECTED,
    offset=OFFSETS,
    gain=GAINS,
    kind=st.sampled_from(["Y", "XY"]),
    per_line=st.integers(1, 9),
    end=ENDS,
)
def test_emsa_round_trip(tmp_path_factory, counts, offset, gain, kind, per_line, end):
    content = emsa(counts, offset, gain, kind, per_line, end=end)
    (spectrum,) = written_and_opened(tmp_path_factory, content)
    holds(spectrum, counts, offset, gain)
    assert spectrum.live_time_s == 12.5


@settings(max_examples=40, deadline=None)
@given(counts=WHOLE, offset=OFFSETS, gain=GAINS, end=ENDS)
def test_amptek_round_trip(tmp_path_factory, counts, offset, gain, end):
    pairs = [(n, offset + n * gain) for n in (0, 50, 900)]
    (spectrum,) = written_and_opened(tmp_path_factory, amptek(counts, pairs, end=end))
    holds(spectrum, counts, offset, gain)
    assert spectrum.metadata["header"]["SERIAL_NUMBER"] == "10264"


@settings(max_examples=40, deadline=None)
@given(counts=WHOLE, n=st.integers(1, 5), offset=OFFSETS, gain=GAINS)
def test_gse_round_trip(tmp_path_factory, counts, n, offset, gain):
    table = np.array(counts)[:, None] + np.arange(n)
    offsets = [offset + detector for detector in range(n)]
    content = gse(table, offsets, [gain + 0.1 * d for d in range(n)])
    spectra = written_and_opened(tmp_path_factory, content)
    assert len(spectra) == n
    for detector, spectrum in enumerate(spectra):
        column = table[:, detector]
        holds(spectrum, column, offset + detector, gain + 0.1 * detector)


@settings(max_examples=40, deadline=None)
@given(
    counts=WHOLE,
    offset=OFFSETS,
    gain=GAINS,
    quad=st.floats(0, 1e-6),
    first=st.integers(0, 3),
    block=st.sampled_from(["MCA_CAL", "ENER_FIT", "ENER_DATA"]),
    per_line=st.integers(1, 12),
    end=ENDS,
)
def test_spe_round_trip(
    tmp_path_factory, counts, offset, gain, quad, first, block, per_line, end
):
    quad = 0.0 if block == "ENER_DATA" else quad
    content = spe(counts, (offset, gain, quad), first, block, "", per_line, end)
    (spectrum,) = written_and_opened(tmp_path_factory, content)
    assert spectrum.counts.tolist() == counts
    channels = first + np.arange(len(counts))
    expected = np.polyval((quad, gain, offset), channels)
    np.testing.assert_allclose(spectrum.axis.centres_kev, expected, atol=1e-9)
    assert spectrum.live_time_s == 5


@settings(max_examples=40, deadline=None)
@given(counts=WHOLE, offset=OFFSETS, gain=GAINS, life_time=st.integers(1, 10**6))
def test_spx_round_trip(tmp_path_factory, counts, offset, gain, life_time):
    content = spx(counts, offset, gain, life_time=life_time)
    (spectrum,) = written_and_opened(tmp_path_factory, content)
    holds(spectrum, counts, offset, gain)
    assert spectrum.live_time_s == life_time / 1000
    assert spectrum.metadata["header"]["xrf"]["TubeWindow/AtomicNumber"] == "4"


# calibration


@pytest.mark.parametrize(
    "content",
    [
        emsa(COUNTS, XPERCHAN=None),
        emsa(COUNTS, 0.0, 1.0),
        amptek(COUNTS, ()),
        amptek(COUNTS, [(219, 6.4)]),
        gse(COUNTS[:, None], [0.0], [1.0]),
        spe(COUNTS, block="none"),
        spe(COUNTS, (0.0, 1.0), first=1, block="ENER_FIT", unit=""),
        spe(COUNTS, (0.0, 0.0, 0.0)),
        spx(COUNTS, None, None),
    ],
)
def test_a_file_without_calibration_opens_without_axis(opened, content):
    spectrum = opened(content)
    assert spectrum.axis is None
    assert "no energy calibration" in spectrum.metadata["note"]


@pytest.mark.parametrize(
    ("content", "gain_kev"),
    [
        (emsa(COUNTS, -400.0, 250.0, unit="eV"), 0.25),
        (emsa(COUNTS, -400.0, 250.0, "XY", unit="ev"), 0.25),
        (emsa(COUNTS, -400.0, 250.0, unit=None, XUNITS=None), 0.25),
        (emsa(COUNTS, -0.4, 0.25, unit=None, XUNITS=None), 0.25),
        (emsa(COUNTS, -0.4, 0.25, "XY", XPERCHAN=None), 0.25),
        (spe(COUNTS, (-400.0, 250.0), unit=" eV"), 0.25),
    ],
)
def test_units_are_told_by_name_or_by_size(opened, content, gain_kev):
    assert opened(content).axis.gain_kev == pytest.approx(gain_kev)
    assert opened(content).axis.offset_kev == pytest.approx(-0.4)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (emsa(COUNTS, gain=-0.01), r"line 9 \(XPERCHAN\): Gain -0.01 keV"),
        (emsa(COUNTS, gain=7.0), "Gain 7 keV"),
        (emsa(COUNTS, offset=-999.0), "no X-ray detector measures"),
        (emsa(COUNTS, offset=5000.0), "no X-ray detector measures"),
        (emsa(COUNTS, unit="nm"), r"line 6 \(XUNITS\) is 'nm'; expected keV or eV"),
        (emsa(COUNTS, kind="XY", OFFSET="0.5"), "line 13: energy -0.4 differs"),
        (amptek(COUNTS, [(5, 1.0), (5, 2.0)]), "line 8: Calibration pairs"),
        (amptek(COUNTS, [(5, 3.0), (6, 2.0)]), "line 8: Gain -1 keV"),
        (gse(COUNTS[:, None], [0.1], [-1.0]), "detector 1: Gain -1 keV"),
        (spe(COUNTS, (0.0, 0.01, 0.0, 0.3)), "terms above the second order"),
        (spe(COUNTS, (0.0, 0.01, -0.1)), "energies must rise"),
        (spx(COUNTS, 0.0, -0.01), r"\(CalibLin\): Gain -0.01 keV"),
    ],
)
def test_a_senseless_calibration_is_refused_with_its_place(opened, content, words):
    with pytest.raises(CalibrationError, match=words) as caught:
        opened(content)
    assert str(caught.value).startswith("azurite.dat")


@pytest.mark.parametrize(
    "content",
    [
        emsa(COUNTS, **{"LIVETIME  -s": "0.0"}),
        amptek(COUNTS, live_time="0"),
        gse(COUNTS[:, None], [0.1], [0.2], [0.0]),
        spe(COUNTS).replace("5.0 6.0", "0 0"),
        spx(COUNTS, life_time=0),
    ],
)
def test_a_live_time_of_zero_is_an_unknown_one(opened, content):
    assert opened(content).live_time_s is None


# damage


def with_line(content: str, number: int, line: str) -> str:
    lines = content.splitlines()
    lines[number - 1] = line
    return "\n".join(lines)


GOOD_GSE = gse(COUNTS[:, None], [0.0], [0.01])


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (emsa(COUNTS, NPOINTS="65.0"), r"\(NPOINTS\).* promises 65 values, 64 were"),
        (emsa(COUNTS, NPOINTS="2147483648"), "2147483648 channels cannot be"),
        (emsa(COUNTS, NPOINTS="6.5"), "not a whole number"),
        (emsa(COUNTS, NPOINTS="1e999"), "not a finite number"),
        (emsa(COUNTS, DATATYPE="Z"), r"\(DATATYPE\) is 'Z'"),
        (emsa(COUNTS, NPOINTS=None)[:-16], "ends without #ENDOFDATA"),
        (emsa([]), "holds 0 values"),
        (with_line(emsa(COUNTS), 20, "1.0, nan,"), "line 20: 'nan' is not"),
        (with_line(emsa(COUNTS, kind="XY"), 20, "1.0"), "pairs are incomplete"),
        (amptek(COUNTS)[:-9], "ends without <<END>>"),
        (amptek(COUNTS).partition("<<DATA>>")[0], "no section <<DATA>>"),
        (amptek([]), "no counts"),
        (amptek(COUNTS, [(1, 2)]).replace("1.0 2.0", "one two"), "line 8: 'one two'"),
        (with_line(amptek(COUNTS), 20, "inf"), "line 20: 'inf' is not"),
        (amptek(COUNTS) + "<<DATA>>\n1\n", "a second section"),
        (amptek([1] * 65_537), "more than 65536"),
        (GOOD_GSE.replace("CHANNELS:   64", "CHANNELS:   65"), "promises 65 values"),
        (GOOD_GSE.replace("CHANNELS:   64", f"CHANNELS: {2**31}"), "cannot be"),
        (GOOD_GSE.replace("ELEMENTS:   1", "ELEMENTS: 4000000000"), "detectors"),
        (GOOD_GSE.replace("ELEMENTS:   1", "ELEMENTS: 2"), "promises 2 values, 1"),
        (
            "VERSION: 1\nELEMENTS: 500\nDATA:\n" + ("1 " * 500 + "\n") * 2100,
            "1,048,576",
        ),
        (with_line(GOOD_GSE, 20, "1 2"), "line 20: ELEMENTS promises 1 values, 2"),
        (with_line(GOOD_GSE, 20, "x"), "line 20: 'x' is not"),
        (with_line(GOOD_GSE, 3, "junk"), "line 3: 'junk' is not 'KEY: value'"),
        (GOOD_GSE.partition("DATA:")[0], "ends without DATA"),
        (spe(COUNTS).replace("63\n", "64\n"), "promises 65 values, 64 were found"),
        (spe(COUNTS).replace("63\n", f"{2**31}\n"), "cannot be"),
        (spe(COUNTS).replace("0          63", "-4 59"), "first channel is -4"),
        (spe(COUNTS).replace("0          63", "hello"), "not a first and last"),
        (spe([1]).replace("63", "") + "$DATA:\n0 1\n", "a second block"),
        ("$SPEC_ID:\nx\n$DATA:\n", "no counts in its block"),
        (with_line(spe(COUNTS), 9, "1 2 3 four"), "line 9: 'four' is not"),
        (spe(COUNTS, (0.1, 0.2), unit=" nan"), "'nan' is not a finite"),
        (spe(COUNTS).partition("$MCA_CAL:")[0] + "$MCA_CAL:\n2\n", "terms are missing"),
        (spx(COUNTS)[:-100], "the XML is damaged or cut off"),
        (spx(COUNTS).replace(">64<", ">65<"), "ChannelCount promises 65 values"),
        (spx(COUNTS).replace(">64<", f">{2**31}<"), "cannot be"),
        (spx([]), "holds no <Channels>"),
        (spx(COUNTS).replace(f"<Channels>{COUNTS[0]}", "<Channels>nan"), "'nan' is"),
        (spx(COUNTS).replace(">64<", "><").replace("Channels", "C"), "no <Channels>"),
        (spx([1] * 65_537), "more than 65536"),
        ("<TRTSpectrum>" + "<a>" * 500, "too much XML"),
        ("<TRTSpectrum>" + "<a/>" * 100_001, "too much XML"),
        ("<?xml version='1.0'?><html></html>", "no row of numbers"),
        (columns(COUNTS) + "# ok\nend", "'end' is not a finite number"),
    ],
)
def test_damage_is_told_in_one_line(opened, content, words):
    with pytest.raises(FormatError, match=words) as caught:
        opened(content)
    text = str(caught.value)
    assert text.startswith("azurite.dat")
    assert "\n" not in text


def test_an_entity_in_xml_is_never_resolved(opened, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("1,2,3")
    bomb = f'<!DOCTYPE a [<!ENTITY b SYSTEM "{secret.as_uri()}">]>'
    content = spx(COUNTS).replace("<TRTSpectrum>", bomb + "<TRTSpectrum>")
    with pytest.raises(FormatError, match="declares a document type"):
        opened(content.replace("<Channels>", "<Channels>&b;"))


def test_a_bruker_file_in_its_own_code_page_is_read(tmp_path):
    path = tmp_path / "µ-XRF Grün.spx"
    path.write_bytes(spx(COUNTS, name="Grün, 5 µm").encode("cp1252"))
    spectrum = open_spectrum(path)
    assert spectrum.metadata["title"] == "Grün, 5 µm"
    assert spectrum.name == "µ-XRF Grün"


# the two functions


def test_one_of_several_is_opened_by_name(tmp_path):
    path = SAMPLES["gse"](tmp_path)
    assert open_spectrum(path, "good4 detector 2").axis.gain_kev == 0.2
    with pytest.raises(
        FormatError, match=r"2 spectra: good4 detector 1, good4 detector 2\. Name one"
    ):
        open_spectrum(path)
    with pytest.raises(FormatError, match="did you mean 'good4 detector 1'"):
        open_spectrum(path, "god4 detector 1")


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_a_pickle_is_refused_by_name_and_never_loaded(tmp_path, monkeypatch, protocol):
    path = tmp_path / "spectrum.csv"
    path.write_bytes(pickle.dumps([1.0, 2.0], protocol=protocol))
    monkeypatch.setattr(pickle, "load", None)
    monkeypatch.setattr(pickle, "loads", None)
    with pytest.raises(FormatError, match=r"is a Python pickle.*Export.*\.csv"):
        open_spectra(path)


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"\x89PNG\r\n\x1a\n", "a PNG picture"),
        (b"PK\x03\x04", "a zip archive"),
        (b"\x93NUMPY\x01\x00", "a NumPy array"),
        (b"AAMVHFSS", "a Bruker .bcf"),
        (b"\x89HDF\r\n\x1a\n", "damaged or incomplete"),
        (b"\0\0\0\0", "binary"),
    ],
)
def test_other_files_are_told_apart(tmp_path, head, kind):
    path = tmp_path / "spectrum.msa"
    path.write_bytes(head + bytes(64))
    with pytest.raises(FormatError, match=kind):
        open_spectra(path)


def test_what_is_no_file_is_refused(tmp_path):
    with pytest.raises(FormatError, match="is a folder"):
        open_spectra(tmp_path)
    with pytest.raises(FormatError, match="does not exist"):
        open_spectra(tmp_path / "none.mca")
    with pytest.raises(FormatError, match="does not exist"):
        open_spectra(tmp_path / "nul\0.mca")
    with pytest.raises(FormatError, match=r"is no file|does not exist"):
        open_spectra(Path("/dev/null"))


@pytest.mark.skipif(
    getattr(os, "geteuid", lambda: 0)() == 0, reason="root reads everything"
)
def test_a_file_that_may_not_be_read_is_refused(tmp_path):
    path = SAMPLES["emsa"](tmp_path)
    path.chmod(0)
    with pytest.raises(FormatError, match="Cannot read"):
        open_spectra(path)


def test_a_huge_file_is_refused_before_it_is_read_whole(tmp_path):
    path = tmp_path / "huge.csv"
    with path.open("wb") as stream:
        stream.truncate(2**40)
    with pytest.raises(FormatError, match="larger than 16 MiB"):
        open_spectra(path)
