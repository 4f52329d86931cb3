"""ENVI pairs: every interleave and type, energies and wavelengths of light."""

from __future__ import annotations

import numpy as np
import pytest
from _damage import complaints
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_maxrf.errors import CalibrationError, FormatError
from napari_maxrf.io import ReadOptions, open_cube, recognise

COUNTS = np.random.default_rng(2).integers(0, 900, (3, 4, 16)).astype("<u2")
STORED = {"bip": (0, 1, 2), "bil": (0, 2, 1), "bsq": (2, 0, 1)}
TYPES = {1: "u1", 2: "i2", 3: "i4", 4: "f4", 5: "f8", 12: "u2", 13: "u4"}
TYPES |= {14: "i8", 15: "u8"}


def header_text(shape, code=12, order=0, interleave="bip", offset=0, more=""):
    return (
        "ENVI\ndescription = {\n  A scan = of hands,\n  two lines }\n"
        f"samples = {shape[1]}\nlines   = {shape[0]}\nbands = {shape[2]}\n"
        f"header offset = {offset}\nfile type = ENVI Standard\ndata type = {code}\n"
        f"interleave = {interleave}\nbyte order = {order}\n{more}"
    )


def write_pair(folder, text=None, stored=COUNTS, data="scan.raw", header="scan.hdr"):
    (folder / data).write_bytes(stored.tobytes())
    path = folder / header
    path.write_text(text or header_text(COUNTS.shape), encoding="utf-8")
    return path


@settings(max_examples=40, deadline=None)
@given(
    code=st.sampled_from(sorted(TYPES)),
    order=st.sampled_from([0, 1]),
    interleave=st.sampled_from(sorted(STORED)),
    shape=st.tuples(st.integers(1, 5), st.integers(1, 5), st.integers(2, 9)),
    offset=st.integers(0, 40),
    seed=st.integers(0, 99),
)
def test_any_type_order_and_interleave_comes_back_exactly(
    tmp_path_factory, code, order, interleave, shape, offset, seed
):
    dtype = np.dtype(f"{'<>'[order]}{TYPES[code]}")
    rng = np.random.default_rng(seed)
    counts = (rng.random(shape) * 100).astype(dtype)
    folder = tmp_path_factory.mktemp("pair")
    text = header_text(shape, code, order, interleave, offset)
    path = write_pair(folder, text)
    stored = np.ascontiguousarray(counts.transpose(STORED[interleave]))
    (folder / "scan.raw").write_bytes(bytes(offset) + stored.tobytes())
    cube = open_cube(path)
    np.testing.assert_array_equal(cube.counts.compute(), counts)
    assert cube.counts.dtype == dtype.newbyteorder("=")
    y, x = rng.integers(shape[0]), rng.integers(shape[1])
    np.testing.assert_array_equal(cube.spectrum(y, x), counts[y, x])


@pytest.mark.parametrize(
    ("data", "header"),
    [
        ("scan.raw", "scan.hdr"),
        ("scan.RAW", "SCAN.hdr"),
        ("scan.img", "scan.hdr"),
        ("scan.dat", "scan.HDR"),
        ("scan.bip", "scan.bip.hdr"),
        ("scan", "scan.hdr"),
        ("Gemälde 絵.bil", "Gemälde 絵.hdr"),
    ],
)
def test_either_half_of_a_pair_opens(tmp_path, data, header):
    write_pair(tmp_path, data=data, header=header)
    for name in (data, header):
        assert recognise(tmp_path / name) == "envi"
        cube = open_cube(tmp_path / name)
        np.testing.assert_array_equal(cube.counts.compute(), COUNTS)


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize(
    ("unit", "factor"),
    [("keV", 1), ("eV", 1000), ("", 1), ("", 1000), ("Unknown", 1)],
)
def test_energies_in_the_list_of_wavelengths(tmp_path, unit, factor, newline):
    energies = (0.1 + 0.25 * np.arange(16)) * factor
    more = "wavelength = {\n " + ",\n ".join(map(repr, energies.tolist())) + "}\n"
    more += f"wavelength units = {unit}\n" if unit else ""
    path = write_pair(tmp_path, header_text(COUNTS.shape, more=more))
    path.write_bytes(path.read_text().replace("\n", newline).encode())
    axis = open_cube(path).energy
    assert (axis.offset_kev, axis.gain_kev) == pytest.approx((0.1, 0.25))
    assert axis.source == "file"


def test_wavelengths_of_light_are_no_energies(tmp_path):
    more = "wavelength units = Nanometers\nwavelength = {"
    more += ",".join(str(400 + 20 * n) for n in range(16)) + "}\n"
    cube = open_cube(write_pair(tmp_path, header_text(COUNTS.shape, more=more)))
    assert cube.energy.source == "assumed"
    assert "a cube of light" in cube.metadata["warnings"][0]


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ("wavelength = {1, 2, 3}", "3 values does not fit 16 channels"),
        ("wavelength = {1, two, 3}", "'wavelength' holds something that is no number"),
        ("wavelength = {" + "5," * 16 + "}", "Gain 0 keV|Gain .* not usable"),
        (
            "wavelength units = keV\nwavelength = {"
            + ",".join(str(100 * n) for n in range(16))
            + "}",
            "the last energy is 1500 keV",
        ),
    ],
)
def test_a_senseless_list_is_refused_unless_the_user_knows(tmp_path, more, message):
    path = write_pair(tmp_path, header_text(COUNTS.shape, more=more))
    with pytest.raises(CalibrationError, match=message):
        open_cube(path)
    told = ReadOptions(offset_kev=0.0, gain_kev=0.02)
    assert open_cube(path, options=told).energy.source == "user"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("samples = 4", "samples = four", "'samples' is 'four'; expected a whole"),
        ("samples = 4", "samples = 0", "'samples' is '0'"),
        ("samples = 4", "samples = -4", "'samples' is '-4'"),
        ("samples = 4", "sample = 4", "has no 'samples'.*did you mean 'sample'"),
        ("bands = 16", "bands = 1", "a single band: that is a picture"),
        ("data type = 12", "data type = 6", "'data type' 6 with 'byte order' 0 is not"),
        ("byte order = 0", "byte order = 2", "'byte order' 2 is not known"),
        ("= bip", "= bib", "did you mean 'bip'"),
        ("samples = 4", "samples = 2147483647", r"Is the scan complete\?"),
    ],
)
def test_each_wrong_value_is_told(tmp_path, old, new, message):
    path = write_pair(tmp_path, header_text(COUNTS.shape).replace(old, new))
    with pytest.raises(FormatError, match=message) as caught:
        open_cube(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("interleave", ["bip", "bil"])
def test_complete_rows_of_a_cut_file_are_opened(tmp_path, interleave):
    stored = np.ascontiguousarray(COUNTS.transpose(STORED[interleave]))
    text = header_text(COUNTS.shape, interleave=interleave)
    path = write_pair(tmp_path, text, stored)
    (tmp_path / "scan.raw").write_bytes(stored.tobytes()[:-1])
    cube = open_cube(path)
    np.testing.assert_array_equal(cube.counts.compute(), COUNTS[:2])
    assert "only the first 2 of 3 rows" in cube.metadata["warnings"][0]


def test_a_cut_file_of_bands_and_a_lone_header_are_refused(tmp_path):
    path = write_pair(tmp_path, header_text(COUNTS.shape, interleave="bsq"))
    (tmp_path / "scan.raw").write_bytes(bytes(300))
    with pytest.raises(FormatError, match=r"300 bytes; scan\.hdr describes 384"):
        open_cube(path)
    (tmp_path / "scan.raw").unlink()
    with pytest.raises(FormatError, match=r"only the header.*scan\.raw, \.img"):
        open_cube(path)


def test_a_ripple_header_beside_the_same_counts_goes_first(tmp_path):
    write_pair(tmp_path)
    (tmp_path / "scan.rpl").write_text(
        "width 4\nheight 3\ndepth 16\ndata-length 2\ndata-type unsigned\n"
        "byte-order little-endian\nrecord-by vector\n"
    )
    assert recognise(tmp_path / "scan.raw") == "ripple"
    assert recognise(tmp_path / "scan.hdr") == "envi"


def test_other_headers_are_not_claimed(tmp_path):
    path = write_pair(tmp_path, "#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y 3 +X 4\n")
    assert recognise(path) is None
    assert recognise(tmp_path / "scan.raw") is None


def test_damaged_headers_only_ever_complain(tmp_path):
    more = "wavelength = {" + ",".join(f"{0.1 * n:.2f}" for n in range(16)) + "}\n"
    path = write_pair(tmp_path, header_text(COUNTS.shape, more=more))
    told = complaints(path, n_files=300)
    assert len(told) > 50
    assert not any("\n" in line for line in told)
