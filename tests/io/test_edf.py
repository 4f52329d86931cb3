"""EDF: one file or a series of them, whatever is missing, asked or damaged."""

from __future__ import annotations

import numpy as np
import pytest
from _damage import complaints
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_maxrf.errors import CalibrationError, FormatError
from napari_maxrf.io import ReadOptions, UnknownLayoutError, open_cube, recognise
from napari_maxrf.io.formats.edf import holds_spectra, read_frames

COUNTS = np.random.default_rng(5).integers(0, 60_000, (3, 4, 256)).astype(np.uint16)
TYPES = {
    "i1": "SignedByte",
    "u1": "UnsignedByte",
    "i2": "SignedShort",
    "u2": "UnsignedShort",
    "i4": "SignedInteger",
    "u4": "UnsignedInteger",
    "i8": "Signed64",
    "u8": "Unsigned64",
    "f4": "FloatValue",
    "f8": "DoubleValue",
}
MCA = {"MCA a": "-0.05", "MCA b": "0.02", "MCA c": "0.0"}


def frame(values, order="<", size_key="EDF_BinarySize", block=512, extra=()):
    """Write a header, padded to a block, and an array."""
    lines = {
        "HeaderID": "EH:000001:000000:000000",
        "Image": "1",
        "ByteOrder": "LowByteFirst" if order == "<" else "HighByteFirst",
        "DataType": TYPES[values.dtype.str[1:]],
        **{f"Dim_{i + 1}": size for i, size in enumerate(reversed(values.shape))},
        size_key: values.nbytes,
        **dict(extra),
    }
    head = "{\n" + "".join(f"{key} = {value} ;\n" for key, value in lines.items())
    head += " " * (-(len(head.encode()) + 2) % block) + "}\n"
    return head.encode() + values.astype(values.dtype.newbyteorder(order)).tobytes()


def write_series(folder, counts=COUNTS, name="scan_{:04d}.edf", first=1, **keys):
    """Write a file for each row; return the first."""
    for index, row in enumerate(counts):
        path = folder / name.format(first + index)
        path.write_bytes(frame(row, extra=(MCA | keys).items()))
    return folder / name.format(first)


def values(cube):
    return cube.counts.compute()


@pytest.mark.parametrize("dropped", [1, 2, 3])
def test_any_file_of_a_series_opens_all_rows(tmp_path, dropped):
    write_series(tmp_path, **{"MCA live time": "1.5"})
    cube = open_cube(tmp_path / f"scan_{dropped:04d}.edf")
    np.testing.assert_array_equal(values(cube), COUNTS)
    assert cube.counts.dtype == np.uint16
    assert (cube.energy.offset_kev, cube.energy.gain_kev) == (-0.05, 0.02)
    assert cube.live_time_s.tolist() == [[1.5] * 4] * 3
    assert cube.metadata["header"]["MCA live time"] == "1.5"
    assert "warnings" not in cube.metadata


def test_a_folder_with_one_series_opens_too(tmp_path):
    write_series(tmp_path)
    assert recognise(tmp_path) == "edf"
    np.testing.assert_array_equal(values(open_cube(tmp_path)), COUNTS)
    write_series(tmp_path, name="other_{:04d}.edf")
    assert recognise(tmp_path) is None


def test_rows_are_sorted_by_their_numbers(tmp_path):
    counts = np.tile(np.arange(12, dtype=np.uint16)[:, None, None], (1, 2, 256))
    cube = open_cube(write_series(tmp_path, counts, name="row{}.edf"))
    assert values(cube)[:, 0, 0].tolist() == list(range(12))


def test_missing_and_damaged_rows_are_empty_and_told(tmp_path):
    counts = np.concatenate([COUNTS, COUNTS])
    path = write_series(tmp_path, counts)
    (tmp_path / "scan_0002.edf").unlink()
    damaged = tmp_path / "scan_0005.edf"
    damaged.write_bytes(damaged.read_bytes()[:-10])
    cube = open_cube(path)
    expected = counts.copy()
    expected[[1, 4]] = 0
    np.testing.assert_array_equal(values(cube), expected)
    assert "(number 2, 5)" in cube.metadata["warnings"][0]
    assert recognise(damaged) == "edf"


def test_a_row_that_was_stopped_is_filled_up(tmp_path):
    path = write_series(tmp_path)
    (tmp_path / "scan_0003.edf").write_bytes(frame(COUNTS[2, :1], extra=MCA.items()))
    cube = open_cube(path)
    expected = COUNTS.copy()
    expected[2, 1:] = 0
    np.testing.assert_array_equal(values(cube), expected)
    np.testing.assert_array_equal(cube.spectrum(2, 3), 0)
    assert "3 pixels in rows have no spectrum" in cube.metadata["warnings"][0]


def test_detectors_of_xia_are_added_without_sum_and_statistics(tmp_path):
    for index, name in enumerate(["xia00", "xia01", "xiaS0", "xiast"]):
        template = f"scan_{name}_0001_0000_{{:04d}}.edf"
        write_series(tmp_path, COUNTS + index, template, first=0)
    path = tmp_path / "scan_xia01_0001_0000_0002.edf"
    cube = open_cube(path)
    assert cube.detectors == ("00", "01")
    np.testing.assert_array_equal(values(cube), 2 * COUNTS.astype(np.uint32) + 1)
    for name in ("01", "xia01"):
        one = open_cube(path, detector=name)
        np.testing.assert_array_equal(values(one), COUNTS + 1)
        assert one.detectors == ("01",)
    with pytest.raises(FormatError, match=r"no detector '02'; it has 00, 01"):
        open_cube(path, detector="02")


def test_detectors_of_scans_of_different_size_are_not_added(tmp_path):
    write_series(tmp_path, COUNTS, "scan_xia00_{:04d}.edf")
    path = write_series(tmp_path, COUNTS[:, :2], "scan_xia01_{:04d}.edf")
    with pytest.raises(FormatError, match="different sizes"):
        open_cube(path)
    np.testing.assert_array_equal(values(open_cube(path, "01")), COUNTS[:, :2])


def test_one_file_with_a_frame_for_each_row(tmp_path):
    path = tmp_path / "scan.edf"
    path.write_bytes(b"".join(frame(row, extra=MCA.items()) for row in COUNTS))
    np.testing.assert_array_equal(values(open_cube(path)), COUNTS)
    path.write_bytes(path.read_bytes()[:-1])
    cube = open_cube(path)
    np.testing.assert_array_equal(values(cube), COUNTS[:2])
    assert "only the first 2 are opened" in cube.metadata["warnings"][0]


def test_one_file_with_three_axes(tmp_path):
    path = tmp_path / "scan.edf"
    path.write_bytes(frame(COUNTS, order=">"))
    assert read_frames(path)[0].shape == (3, 4, 256)
    np.testing.assert_array_equal(values(open_cube(path)), COUNTS)
    path.write_bytes(frame(COUNTS)[:-3000])
    cube = open_cube(path)
    np.testing.assert_array_equal(values(cube), COUNTS[:1])
    assert "Only 1 rows" in cube.metadata["warnings"][0]


def test_a_stack_of_images_has_energy_first(tmp_path):
    counts = COUNTS.reshape(2, 6, 256)
    for index, image in enumerate(np.moveaxis(counts, 2, 0)):
        (tmp_path / f"image{index:03d}.edf").write_bytes(frame(image))
    np.testing.assert_array_equal(values(open_cube(tmp_path)), counts)


def test_an_unclear_order_of_axes_is_asked_for(tmp_path):
    counts = np.zeros((256, 2, 512), np.uint8)
    path = tmp_path / "scan.edf"
    path.write_bytes(frame(counts))
    with pytest.raises(UnknownLayoutError) as caught:
        open_cube(path)
    assert caught.value.needs == ("axes",)
    assert open_cube(path, options=ReadOptions(axes="eyx")).shape == (2, 512, 256)


def test_a_spectrum_in_each_file_asks_for_the_width(tmp_path):
    path = write_series(tmp_path, COUNTS.reshape(12, 256))
    with pytest.raises(UnknownLayoutError) as caught:
        open_cube(path)
    assert caught.value.needs == ("width", "height")
    assert caught.value.shape == (12, 256)
    cube = open_cube(path, options=ReadOptions(width=4))
    np.testing.assert_array_equal(values(cube), COUNTS)
    np.testing.assert_array_equal(cube.spectrum(2, 1), COUNTS[2, 1])
    back = open_cube(path, options=ReadOptions(height=3, snake=True))
    expected = COUNTS.copy()
    expected[1] = COUNTS[1, ::-1]
    np.testing.assert_array_equal(values(back), expected)
    np.testing.assert_array_equal(back.counts[1, 1:3].compute(), expected[1, 1:3])
    larger = open_cube(path, options=ReadOptions(width=5))
    np.testing.assert_array_equal(
        values(larger).reshape(15, 256)[:12], COUNTS.reshape(12, 256)
    )
    assert "3 pixels at the end" in larger.metadata["warnings"][0]
    with pytest.raises(FormatError, match="do not make 2 x 3 pixels"):
        open_cube(path, options=ReadOptions(width=3, height=2))


def test_frames_of_one_spectrum_in_files_of_one_row_each(tmp_path):
    for number, row in enumerate(COUNTS):
        content = b"".join(frame(one, extra=MCA.items()) for one in row)
        (tmp_path / f"line{number}.edf").write_bytes(content)
    np.testing.assert_array_equal(values(open_cube(tmp_path)), COUNTS)
    (tmp_path / "line1.edf").unlink()
    expected = COUNTS.copy()
    expected[1] = 0
    np.testing.assert_array_equal(values(open_cube(tmp_path)), expected)


@pytest.mark.parametrize("name", ["map.edf", "map_0001.edf"])
def test_pictures_and_maps_are_no_scans(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(frame(np.zeros((40, 300), np.float32)))
    assert not holds_spectra(path)
    maps = [
        frame(np.zeros((40, 300), np.float32), extra={"Title": title}.items())
        for title in ("Fe-K", "Ca-K")
    ]
    path.write_bytes(b"".join(maps))
    assert not holds_spectra(path)
    assert recognise(path) is None


def test_a_general_block_without_an_array_is_passed_over(tmp_path):
    general = b"{\nEDF_DataFormatVersion = 2.40 ;\nEDF_BinarySize = 0 ;\n"
    general += b" " * (512 - len(general) - 2) + b"}\n"
    path = tmp_path / "scan.edf"
    path.write_bytes(general + frame(COUNTS, extra=MCA.items()))
    np.testing.assert_array_equal(values(open_cube(path)), COUNTS)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ((b"UnsignedShort", b"UnsignedShirt"), "did you mean 'unsignedshort'"),
        ((b"Dim_1 = 256", b"Dim_1 = 2147483647"), "the header states 6,144 bytes"),
        ((b"Dim_2 = 4", b"Dim_2 = 0"), "dim_2 is '0'"),
        ((b"Dim_2 = 4", b"Dim_2 = -4"), "expected a whole number"),
        ((b"Dim_3", b"Compression = GzipCompression ;\nDim_3"), "is packed"),
        ((b"}\n", b"\n"), "does not end"),
        ((b"EDF_BinarySize = 6144", b"EDF_BinarySize = 10"), "states 10 bytes"),
        ((b"LowByteFirst", b"MiddleFirst"), "ByteOrder is 'middlefirst'"),
    ],
)
def test_headers_that_cannot_be_are_told(tmp_path, change, message):
    path = tmp_path / "scan.edf"
    content = frame(np.zeros((3, 4, 256), np.uint16), extra=MCA.items())
    assert change[0] in content
    path.write_bytes(content.replace(*change))
    with pytest.raises(FormatError, match=message):
        open_cube(path)


def test_senseless_calibrations(tmp_path):
    path = write_series(tmp_path, **{"MCA b": "77"})
    with pytest.raises(CalibrationError, match="Gain 77"):
        open_cube(path)
    told = ReadOptions(offset_kev=0.0, gain_kev=0.01)
    assert open_cube(path, options=told).energy.source == "user"
    write_series(tmp_path, **{"MCA a": "0", "MCA b": "1"})
    assert open_cube(path).energy.source == "assumed"


@settings(max_examples=30, deadline=None)
@given(
    kind=st.sampled_from(sorted(TYPES)),
    order=st.sampled_from("<>"),
    size_key=st.sampled_from(["EDF_BinarySize", "Size", "edf_binarysize"]),
    block=st.sampled_from([1, 512, 1024, 9000]),
    shape=st.tuples(st.integers(1, 4), st.integers(1, 5), st.just(128)),
    how=st.sampled_from(["series", "frames", "solid"]),
    seed=st.integers(0, 99),
)
def test_any_array_comes_back(
    tmp_path_factory, kind, order, size_key, block, shape, how, seed
):
    folder = tmp_path_factory.mktemp("edf")
    raw = np.random.default_rng(seed).bytes(np.prod(shape) * int(kind[1]))
    counts = np.nan_to_num(np.frombuffer(raw, kind).reshape(shape))
    told = {"order": order, "size_key": size_key, "block": block}
    told["extra"] = list(MCA.items())
    if how == "solid":
        (folder / "a.edf").write_bytes(frame(counts, **told))
    elif how == "frames":
        (folder / "a.edf").write_bytes(b"".join(frame(one, **told) for one in counts))
    else:
        for number, one in enumerate(counts):
            (folder / f"Gemälde{number}.edf").write_bytes(frame(one, **told))
    path = sorted(folder.iterdir())[-1]
    options = ReadOptions(width=1) if shape[1] == 1 and how != "solid" else None
    cube = open_cube(path, options=options)
    np.testing.assert_array_equal(values(cube), counts)
    assert cube.counts.dtype == np.dtype(kind)


@pytest.mark.parametrize("how", ["series", "frames", "solid"])
def test_damaged_files_are_refused_in_one_line(tmp_path, how):
    path = tmp_path / "scan_0001.edf"
    if how == "series":
        write_series(tmp_path)
    elif how == "frames":
        path.write_bytes(b"".join(frame(row, extra=MCA.items()) for row in COUNTS))
    else:
        path.write_bytes(frame(COUNTS, extra=MCA.items()))
    told = complaints(path, 80)
    assert told or how == "series"
    assert all("\n" not in one for one in told)
