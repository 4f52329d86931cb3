"""Ripple pairs: headers as several programs write them, counts as they are."""

from __future__ import annotations

import numpy as np
import pytest
from _damage import complaints
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_maxrf.errors import CalibrationError, FormatError
from napari_maxrf.io import ReadOptions, describe, open_cube, recognise
from napari_maxrf.io.formats.ripple import RippleHeader, energy_axis

COUNTS = np.random.default_rng(1).integers(0, 900, (3, 4, 16)).astype("<u2")

ESPRIT = (
    "key \t value\n"
    "width \t 4\n"
    "height \t 3\n"
    "depth 16\n"
    "offset \t 0\n"
    "data-Length \t 2\n"
    "data-type \t unsigned\n"
    "byte-order \t little-endian\n"
    "record-by \t vector\n"
    "depthbinsize \t 1\n"
    "depth1 0\n"
    "depth2 15\n"
    "depthscaleorigin -0.956\n"
    "depthscaleincrement 0.010002\n"
    "depthscaleunits keV\n"
)
HYPERSPY = (
    "key\tvalue\nwidth\t4\nheight\t3\ndepth\t16\noffset\t0\ndata-length\t2\n"
    "data-type\tunsigned\nbyte-order\tlittle-endian\nrecord-by\tvector\n"
    "depth-origin\t-100.0\ndepth-scale\t20.0\ndepth-units\teV\n"
    "width-scale\t0.5\nwidth-units\tmm\nheight-scale\t250\nheight-units\tµm\n"
)


def write_pair(folder, header=ESPRIT, counts=COUNTS, name="scan", newline="\n"):
    path = folder / f"{name}.rpl"
    path.write_bytes(header.replace("\n", newline).encode())
    path.with_suffix(".raw").write_bytes(counts.tobytes())
    return path


def header_of(text):
    return RippleHeader("scan.rpl", text)


def test_a_header_of_esprit_opens_with_counts_and_axis(tmp_path):
    cube = open_cube(write_pair(tmp_path))
    np.testing.assert_array_equal(cube.counts.compute(), COUNTS)
    assert cube.counts.dtype == np.uint16
    assert (cube.energy.offset_kev, cube.energy.gain_kev) == (-0.956, 0.010002)
    assert cube.energy.source == "file"
    assert cube.metadata["header"]["depthbinsize"] == "1"
    assert cube.provenance[0].parameters["data"] == "scan.raw"
    assert "warnings" not in cube.metadata


def test_a_header_of_hyperspy_in_ev_with_pixel_size(tmp_path):
    cube = open_cube(write_pair(tmp_path, HYPERSPY))
    assert cube.energy.offset_kev == pytest.approx(-0.1)
    assert cube.energy.gain_kev == pytest.approx(0.02)
    assert cube.pixel_size_mm == pytest.approx((0.25, 0.5))


@pytest.mark.parametrize("opened", ["scan.rpl", "scan.raw"])
@pytest.mark.parametrize("name", [("SCAN.RPL", "scan.RAW"), ("scan.rpl", "Scan.Raw")])
def test_either_half_opens_whatever_its_capitals(tmp_path, opened, name):
    write_pair(tmp_path)
    (tmp_path / "scan.rpl").rename(tmp_path / name[0])
    (tmp_path / "scan.raw").rename(tmp_path / name[1])
    path = tmp_path / (name[0] if opened.endswith("rpl") else name[1])
    assert recognise(path) == "ripple"
    np.testing.assert_array_equal(open_cube(path).counts.compute(), COUNTS)


@pytest.mark.parametrize(
    "change",
    [
        lambda text: "\ufeff" + text,
        lambda text: text.upper().replace("KEV", "keV"),
        lambda text: text.replace(" \t ", "\t\t"),
        lambda text: text.replace(" \t ", "      "),
        lambda text: text.replace("0.010002", "0,010002").replace("0.956", "0,956"),
        lambda text: "# a comment\n; and one\n\n" + text + "\n\n# width 99\n",
        lambda text: text.replace("width \t 4", "width \t 4   ; pixels"),
        lambda text: text.replace("depthscaleunits keV\n", ""),
        lambda text: text + "note \t a thing of several words\nempty\n",
    ],
)
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_blanks_capitals_commas_and_comments_do_not_matter(tmp_path, change, newline):
    path = write_pair(tmp_path, change(ESPRIT), newline=newline)
    cube = open_cube(path)
    np.testing.assert_array_equal(cube.counts.compute(), COUNTS)
    assert cube.energy.offset_kev == -0.956
    assert cube.energy.gain_kev == 0.010002


def test_a_header_in_utf16_and_names_beyond_ascii(tmp_path):
    path = write_pair(tmp_path, name="Gemälde 絵")
    path.write_bytes(ESPRIT.encode("utf-16"))
    cube = open_cube(path.with_suffix(".raw"))
    np.testing.assert_array_equal(cube.counts.compute(), COUNTS)
    assert cube.name == "Gemälde 絵"


kinds = st.sampled_from(
    [f"{o}{t}" for o in "<>" for t in ("u1", "u2", "u4", "u8", "i1", "i4", "f4", "f8")]
)


@settings(max_examples=40, deadline=None)
@given(
    dtype=kinds,
    shape=st.tuples(st.integers(1, 5), st.integers(1, 5), st.integers(2, 9)),
    record=st.sampled_from(["vector", "image"]),
    offset=st.integers(0, 50),
    seed=st.integers(0, 99),
)
def test_any_type_order_and_offset_comes_back_exactly(
    tmp_path_factory, dtype, shape, record, offset, seed
):
    rng = np.random.default_rng(seed)
    dtype = np.dtype(dtype)
    counts = np.frombuffer(rng.bytes(int(np.prod(shape)) * dtype.itemsize), dtype)
    if dtype.kind == "f":
        counts = rng.normal(size=shape).astype(dtype)
    counts = counts.reshape(shape)
    words = {"u": "unsigned", "i": "signed", "f": "float"}
    little = dtype.str[0] in "<|"
    header = (
        f"width {shape[1]}\nheight {shape[0]}\ndepth {shape[2]}\noffset {offset}\n"
        f"data-length {dtype.itemsize}\ndata-type {words[dtype.kind]}\n"
        f"byte-order {'little' if little else 'big'}-endian\nrecord-by {record}\n"
    )
    folder = tmp_path_factory.mktemp("pair")
    stored = counts if record == "vector" else np.moveaxis(counts, 2, 0)
    path = write_pair(folder, header, stored)
    path.with_suffix(".raw").write_bytes(bytes(offset) + stored.tobytes())
    cube = open_cube(path)
    np.testing.assert_array_equal(cube.counts.compute(), counts)
    assert cube.counts.dtype == dtype.newbyteorder("=")
    assert cube.energy.source == "assumed"
    y, x = rng.integers(shape[0]), rng.integers(shape[1])
    np.testing.assert_array_equal(cube.spectrum(y, x), counts[y, x])


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ("depthscaleincrement 10.0\ndepthscaleorigin -950", (-0.95, 0.01)),
        ("depthscaleincrement 0.01\ndepthscaleorigin -0.95", (-0.95, 0.01)),
        ("depthscaleincrement 0.6\ndepthscaleunits keV", (0.0, 0.6)),
        ("depth-scale 0.4\ndepth-units eV", None),
        ("depth-scale 0.01\ndepth-origin 0.2\ndepth-units keV", (0.2, 0.01)),
        ("ev-per-chan 10.0", (0.0, 0.01)),
        ("ev-per-chan 20\ndepth-origin 40", (0.04, 0.02)),
        ("depth-scale 1.0\ndepth-origin 0.0\nev-per-chan 5", (0.0, 0.005)),
    ],
)
def test_the_unit_is_stated_or_seen_from_the_width(keys, expected):
    header = header_of(keys)
    if expected is None:
        with pytest.raises(CalibrationError, match=r"Gain 0\.0004"):
            energy_axis(header, 64)
        return
    axis = energy_axis(header, 64)
    assert (axis.offset_kev, axis.gain_kev) == pytest.approx(expected)


@pytest.mark.parametrize(
    "keys",
    [
        "",
        "ev-per-chan 0",
        "depth-scale 1.0\ndepth-origin 0.0\ndepth-units <undefined>\nev-per-chan 1",
    ],
)
def test_a_scale_that_says_nothing_is_no_calibration(keys):
    assert energy_axis(header_of(keys), 64) is None


def test_a_senseless_calibration_is_refused_unless_the_user_knows(tmp_path):
    path = write_pair(tmp_path, ESPRIT.replace("0.010002", "0"))
    with pytest.raises(CalibrationError, match="Gain 0 keV per channel is not usable"):
        open_cube(path)
    cube = open_cube(path, options=ReadOptions(offset_kev=0.1, gain_kev=0.02))
    assert (cube.energy.gain_kev, cube.energy.source) == (0.02, "user")


def test_keys_that_begin_with_depth_are_not_the_depth():
    header = header_of("depth2 15\ndepthbinsize 1\ndepth 16\n")
    assert header.whole("depth") == 16


def test_complete_rows_of_a_cut_file_are_opened_with_a_warning(tmp_path):
    path = write_pair(tmp_path, counts=COUNTS[:2])
    cube = open_cube(path)
    np.testing.assert_array_equal(cube.counts.compute(), COUNTS[:2])
    (warning,) = cube.metadata["warnings"]
    assert "scan.raw has 256 bytes; scan.rpl describes 384 (3 x 4 x 16 x 2)" in warning
    assert "only the first 2 of 3 rows" in warning


@pytest.mark.parametrize("header", [ESPRIT, ESPRIT.replace("vector", "image")])
def test_what_cannot_be_saved_of_a_cut_file_is_refused(tmp_path, header):
    keep = 1 if "vector" in header else 300
    path = write_pair(tmp_path, header)
    path.with_suffix(".raw").write_bytes(COUNTS.tobytes()[:keep])
    with pytest.raises(FormatError, match=r"describes 384 .*Is the scan complete\?"):
        open_cube(path)


def test_a_larger_file_is_opened_and_the_surplus_told(tmp_path):
    path = write_pair(tmp_path)
    path.with_suffix(".raw").write_bytes(COUNTS.tobytes() + bytes(7))
    cube = open_cube(path)
    np.testing.assert_array_equal(cube.counts.compute(), COUNTS)
    assert "larger by 7 bytes" in cube.metadata["warnings"][0]
    assert describe(path)["shape"] == [3, 4, 16]


def test_half_a_pair_is_refused_with_the_name_of_the_other(tmp_path):
    path = write_pair(tmp_path)
    path.with_suffix(".raw").unlink()
    with pytest.raises(FormatError, match=r"only the header.*scan\.raw, beside it"):
        open_cube(path)
    alone = tmp_path / "alone.raw"
    alone.write_bytes(COUNTS.tobytes())
    expected = r"alone\.raw has no header\. Expected alone\.rpl or alone\.hdr beside"
    with pytest.raises(FormatError, match=expected):
        open_cube(alone)
    assert recognise(alone) is None


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("width \t 4", "width \t four", r"scan\.rpl, line 2: width is 'four'"),
        ("width \t 4", "width \t 0", "width is 0; expected a whole number from 1"),
        ("width \t 4", "width \t 4.5", "width is 4.5; expected a whole"),
        ("width \t 4", "width \t 2147483648", "width is 2.14748e"),
        ("width \t 4", "with \t 4", "has no width.*did you mean 'with'"),
        ("offset \t 0", "offset \t -8", "offset is -8; expected a whole number from 0"),
        ("data-Length \t 2", "data-Length \t 3", "data-length 3 does not go with"),
        ("unsigned", "float", "data-length 2 does not go with data-type float"),
        ("unsigned", "unsinged", "did you mean 'unsigned'"),
        ("little-endian", "middle", "byte-order is 'middle'; expected one of"),
        ("vector", "column", "record-by is 'column'; expected one of vector, image"),
        ("depth 16", "depth 1", "a single value for each pixel.*a picture"),
        ("-0.956", "nan", "depthscaleorigin is 'nan'; expected a number"),
        (
            "height \t 3",
            "height \t 2147483647",
            r"Is the scan complete\?|only the first",
        ),
    ],
)
def test_each_wrong_key_is_told_with_its_line(tmp_path, old, new, message):
    path = write_pair(tmp_path, ESPRIT.replace(old, new))
    if "scan complete" in message:
        path.with_suffix(".raw").write_bytes(bytes(100))
    with pytest.raises(FormatError, match=message) as caught:
        open_cube(path)
    assert "\n" not in str(caught.value)


def test_an_unknown_byte_order_is_assumed_and_told(tmp_path):
    path = write_pair(tmp_path, ESPRIT.replace("little-endian", "dont-care"))
    cube = open_cube(path)
    np.testing.assert_array_equal(cube.counts.compute(), COUNTS)
    assert "little-endian is assumed" in cube.metadata["warnings"][0]


def test_the_user_may_turn_the_axes(tmp_path):
    path = write_pair(tmp_path, counts=np.ascontiguousarray(COUNTS.transpose(1, 0, 2)))
    cube = open_cube(path, options=ReadOptions(axes="xye"))
    np.testing.assert_array_equal(cube.counts.compute(), COUNTS)


def test_a_detector_is_refused_where_none_are_kept_apart(tmp_path):
    path = write_pair(tmp_path)
    with pytest.raises(FormatError, match="does not keep detectors apart"):
        open_cube(path, "10264")


def test_text_that_is_no_header_is_not_claimed(tmp_path):
    path = tmp_path / "notes.rpl"
    path.write_text("width of the frame: 3 m\ndepth of the paint: thin\n")
    assert recognise(path) is None


def test_damaged_headers_only_ever_complain(tmp_path):
    path = write_pair(tmp_path)
    told = complaints(path, n_files=300)
    assert len(told) > 50
    assert not any("\n" in line for line in told)
