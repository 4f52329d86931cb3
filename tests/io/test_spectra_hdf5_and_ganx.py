"""Spectra in HDF5, and the dictionaries of ganX that point to them."""

from __future__ import annotations

import json
from pathlib import Path

import h5py
import numpy as np
import pytest
from _spectra_files import COUNTS, ENERGIES, GAIN, OFFSET, ganx, hdf5
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_maxrf.errors import CalibrationError, FormatError, MaxrfError
from napari_maxrf.io import open_spectra, open_spectrum


@settings(max_examples=25, deadline=None)
@given(
    counts=st.lists(st.floats(-10, 1e9), min_size=2, max_size=50),
    gain=st.floats(0.005, 0.5),
    names=st.sampled_from([("x", "y"), ("Energy", "Counts"), ("energies", "data")]),
    in_ev=st.booleans(),
)
def test_rows_and_their_energies_are_read(tmp_path_factory, counts, gain, names, in_ev):
    path = tmp_path_factory.getbasetemp() / "row.h5"
    energies = 0.003 + gain * np.arange(len(counts))
    hdf5(path, **{names[0]: energies * (1000 if in_ev else 1), names[1]: counts})
    with h5py.File(path, "a") as file:
        file[names[0]].attrs["units"] = "eV" if in_ev else "keV"
    spectrum = open_spectrum(path)
    assert spectrum.counts.tolist() == counts
    assert spectrum.axis.gain_kev == pytest.approx(gain, rel=1e-6)
    assert spectrum.axis.offset_kev == pytest.approx(0.003, abs=1e-9)


def test_limits_of_channels_serve_as_energies(tmp_path):
    edges = OFFSET + GAIN * (np.arange(COUNTS.size + 1) - 0.5)
    spectrum = open_spectrum(hdf5(tmp_path / "a.h5", x=edges, y=COUNTS))
    assert spectrum.axis.offset_kev == pytest.approx(OFFSET)


def test_counts_alone_and_channel_numbers_leave_the_axis_open(tmp_path):
    assert open_spectrum(hdf5(tmp_path / "a.h5", y=COUNTS)).axis is None
    channels = np.arange(COUNTS.size)
    assert open_spectrum(hdf5(tmp_path / "b.h5", x=channels, y=COUNTS)).axis is None


def test_a_group_for_each_spectrum_gives_several(tmp_path):
    path = tmp_path / "series.h5"
    with h5py.File(path, "w") as file:
        for name in ("azurite", "smalt"):
            group = file.create_group(f"pigments/{name}")
            group["energy"], group["counts"] = ENERGIES, COUNTS
            group.attrs["live_time"] = 4.0
        file["loop"] = h5py.SoftLink("/")
        file["pigments/again"] = file["pigments"]
    names = [spectrum.name for spectrum in open_spectra(path)]
    assert names[:2] == ["pigments/azurite", "pigments/smalt"]
    smalt = open_spectrum(path, "pigments/smalt")
    assert smalt.live_time_s == 4
    assert smalt.source == "series.h5"


def test_a_live_time_beside_the_counts_is_found(tmp_path):
    path = hdf5(tmp_path / "a.h5", x=ENERGIES, y=COUNTS, live_time=np.float32(2.5))
    assert open_spectrum(path).live_time_s == 2.5


@pytest.mark.parametrize(
    ("datasets", "words"),
    [
        ({"x": ENERGIES[:-2], "y": COUNTS}, "/x has 62 values, y has 64"),
        ({"x": ENERGIES, "y": COUNTS * np.nan}, "holds nan in channel 0"),
        ({"x": ENERGIES * np.inf, "y": COUNTS}, "not finite"),
        ({"x": ENERGIES, "y": COUNTS[None]}, "holds no single spectrum"),
        ({"x": ENERGIES, "y": COUNTS.astype(complex)}, "holds no single spectrum"),
        ({"x": ENERGIES, "y": np.zeros(0)}, "0 channels"),
        ({"table": COUNTS}, "holds no single spectrum"),
        ({"img": np.zeros((2, 3, 64))}, r"is a datacube \(img\)"),
        (
            {"entry/x": ENERGIES, "entry/y": COUNTS, "scan/a": np.zeros((2, 3, 64))},
            r"is a datacube \(scan/a\)",
        ),
    ],
)
def test_what_is_no_spectrum_is_refused(tmp_path, datasets, words):
    path = hdf5(tmp_path / "bad.h5", **datasets)
    with pytest.raises(FormatError, match=words) as caught:
        open_spectra(path)
    assert str(caught.value).startswith("bad")


def test_an_absurd_size_is_refused_before_memory_is_taken(tmp_path):
    path = tmp_path / "huge.h5"
    with h5py.File(path, "w") as file:
        file.create_dataset("y", (2**31,), "f8", chunks=(1024,))
    with pytest.raises(FormatError, match="2147483648 channels cannot be"):
        open_spectra(path)


def test_counts_in_another_file_are_not_followed(tmp_path):
    hdf5(tmp_path / "secret.h5", y=COUNTS)
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["y"] = h5py.ExternalLink("secret.h5", "y")
    with pytest.raises(FormatError, match="keeps /y in another file"):
        open_spectra(tmp_path / "a.h5")


def test_groups_that_hold_each_other_are_not_walked_without_end(tmp_path):
    path = tmp_path / "ring.h5"
    with h5py.File(path, "w") as file:
        groups = [file.create_group(f"g{n}") for n in range(60)]
        for group in groups:
            for n, other in enumerate(groups):
                group[f"to{n}"] = other
    with pytest.raises(FormatError, match="more than 1000 groups"):
        open_spectra(path)


def test_energies_that_fall_are_refused_with_their_place(tmp_path):
    path = hdf5(tmp_path / "bad.h5", x=ENERGIES[::-1], y=COUNTS)
    with pytest.raises(CalibrationError, match=r"bad\.h5 /x\[1\]: .* must rise"):
        open_spectra(path)


@pytest.mark.parametrize("share", [0.2, 0.6, 0.99])
def test_a_truncated_file_is_refused(tmp_path, share):
    path = hdf5(tmp_path / "bad.h5", x=ENERGIES, y=COUNTS)
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    with pytest.raises(FormatError, match=r"bad\.h5"):
        open_spectra(path)


# ganX


PIGMENTS = {"LeadWhite": [240, 235, 229], "Ocra gialla è": [191, 146, 60]}


@pytest.fixture
def dictionary(tmp_path):
    return ganx(tmp_path, PIGMENTS)


def change(path: Path, name: str, **entries: object) -> None:
    content = json.loads(path.read_text(encoding="utf-8"))
    content[name].update(entries)
    content[name] = {k: v for k, v in content[name].items() if v is not None}
    path.write_text(json.dumps(content, indent=1), encoding="utf-8")


def test_a_dictionary_gives_spectra_with_names_and_colours(dictionary):
    spectra = open_spectra(dictionary)
    assert {s.name: list(s.colour) for s in spectra} == PIGMENTS
    for index, spectrum in enumerate(spectra):
        with h5py.File(dictionary.parent / "db" / f"{index}.h5") as file:
            np.testing.assert_array_equal(spectrum.counts, file["y"][()])
            np.testing.assert_allclose(spectrum.axis.centres_kev, file["x"], atol=1e-9)
        assert spectrum.metadata["xrf"] == f"./db/{index}.h5"


def test_paths_are_also_found_from_the_folder_above_and_the_current_one(
    dictionary, tmp_path, monkeypatch
):
    utils = tmp_path / "utils"
    utils.mkdir()
    moved = dictionary.rename(utils / dictionary.name)
    assert len(open_spectra(moved)) == 2
    elsewhere = tmp_path / "a" / "b" / "c"
    elsewhere.mkdir(parents=True)
    moved = moved.rename(elsewhere / moved.name)
    with pytest.raises(FormatError, match=r"there is no file '\./db/0\.h5'"):
        open_spectra(moved)
    monkeypatch.chdir(tmp_path)
    assert len(open_spectra(moved)) == 2


def test_absolute_paths_and_backslashes_are_taken(dictionary, tmp_path):
    change(dictionary, "LeadWhite", xrf=str(tmp_path / "db" / "1.h5"))
    change(dictionary, "Ocra gialla è", xrf="db\\0.h5")
    first, second = open_spectra(dictionary)
    np.testing.assert_array_equal(second.counts, COUNTS)
    np.testing.assert_array_equal(first.counts, np.roll(COUNTS, 1))


@pytest.mark.parametrize(
    ("entries", "words"),
    [
        ({"RGB": None, "rgb": [1, 2, 3]}, "has no key 'RGB'; is 'rgb' meant"),
        ({"xrf": None, "xfr": "a.h5"}, "has no key 'xrf'; is 'xfr' meant"),
        ({"RGB": [1, 2]}, r"RGB is \[1, 2\]; expected three numbers"),
        ({"RGB": [1, 2, 256]}, "expected three numbers, 0 to 255"),
        ({"RGB": [1, 2, True]}, "expected three numbers"),
        ({"RGB": "red"}, "expected three numbers"),
        ({"xrf": 5}, "xrf must be the path"),
        ({"xrf": "db/gone.h5"}, "there is no file 'db/gone.h5'"),
        ({"xrf": "pigments_dict.json"}, "is not HDF5"),
        ({"xrf": "db"}, "there is no file 'db'"),
    ],
)
def test_an_entry_that_does_not_fit_is_named_with_its_line(dictionary, entries, words):
    change(dictionary, "LeadWhite", **entries)
    with pytest.raises(FormatError, match=words) as caught:
        open_spectra(dictionary)
    start = "pigments_dict.json line 2: pigment 'LeadWhite'"
    assert str(caught.value).startswith(start)


def test_a_spectrum_without_counts_is_refused(dictionary):
    hdf5(dictionary.parent / "db" / "0.h5", x=ENERGIES, y=COUNTS * 0)
    with pytest.raises(FormatError, match=r"LeadWhite.*0\.h5 has no counts"):
        open_spectra(dictionary)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{}", "no pigment dictionary"),
        ("[1, 2]", "no row of numbers"),
        ('{"a": 5}', "expected an object with xrf and RGB"),
        ('{"a": {"xrf": "a.h5", "RGB": [NaN, 1, 2]}}', "holds NaN"),
        ('{"a": {}, "a": {}}', "holds 'a' twice"),
        ('{"a": {\n"xrf": "b"', "line 2: Expecting"),
        ('{"a":' * 100_000, "no pigment dictionary"),
        ('{"a": ' + "9" * 10_000 + "}", "no pigment dictionary"),
        ('{"a": "' + "x" * 5_000_000 + '"}', "too long for a pigment dictionary"),
        ("{" + ",".join(f'"p{i}": 1' for i in range(1001)) + "}", "more than 1000"),
    ],
)
def test_other_json_is_refused(tmp_path, content, words):
    path = tmp_path / "d.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(MaxrfError, match=words) as caught:
        open_spectra(path)
    assert "\n" not in str(caught.value)
