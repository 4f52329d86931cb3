"""Folders and archives of one spectrum for each pixel: every file in its place."""

from __future__ import annotations

import zipfile
import zlib

import h5py
import numpy as np
import pytest
from _damage import complaints
from _spectra_files import amptek, emsa, gse, spe, spx
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_maxrf.errors import FormatError
from napari_maxrf.io import ReadOptions, UnknownLayoutError, open_cube, recognise
from napari_maxrf.io.formats.pixel_files._size import size_in

COUNTS = np.random.default_rng(9).poisson(30, (3, 4, 64))
SIZE = "righe  3\r\ncolonne  4\r\ndwell-time 3,000000\r\n"


def write_files(folder, counts=COUNTS, write=amptek, name="None_{}.mca", first=1):
    folder.mkdir(parents=True, exist_ok=True)
    for index, one in enumerate(counts.reshape(-1, counts.shape[-1])):
        (folder / name.format(first + index)).write_text(write(one), newline="")
    return folder


def write_scan(folder, size=SIZE, **how):
    write_files(folder, **how)
    (folder / "colonneXrighe.txt").write_text(size, newline="")
    return folder


def zipped(folder, name="scan.zip", packing=zipfile.ZIP_DEFLATED):
    path = folder.parent / name
    with zipfile.ZipFile(path, "w", packing) as archive:
        for one in sorted(folder.rglob("*")):
            archive.write(one, one.relative_to(folder).as_posix())
    return path


def values(cube):
    return cube.counts.compute()


def assert_scan(path, counts=COUNTS, **options):
    cube = open_cube(path, options=ReadOptions(**options))
    np.testing.assert_array_equal(values(cube), counts)
    return cube


def test_a_folder_with_a_size_file_opens(tmp_path):
    folder = write_scan(tmp_path / "scan")
    assert recognise(folder) == "pixel-files"
    cube = assert_scan(folder)
    assert cube.counts.dtype == np.uint32
    assert cube.counts.chunksize == (1, 4, 64)
    assert (cube.energy.offset_kev, cube.energy.gain_kev) == pytest.approx((-0.4, 0.25))
    assert cube.live_time_s.tolist() == [[3.5] * 4] * 3
    assert cube.metadata["header"]["dwell_time_s"] == 3.0
    assert "warnings" not in cube.metadata
    np.testing.assert_array_equal(cube.spectrum(2, 1), COUNTS[2, 1])
    some = cube.counts[::-1, 1:3, 5:40:7].compute()
    np.testing.assert_array_equal(some, COUNTS[::-1, 1:3, 5:40:7])


@pytest.mark.parametrize("packing", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_an_archive_reads_as_its_folder(tmp_path, packing):
    folder = write_scan(tmp_path / "scan")
    path = zipped(folder, "Gemälde.zip", packing)
    assert recognise(path) == "pixel-files"
    cube = assert_scan(path)
    assert cube.name == "Gemälde"
    path.write_bytes(path.read_bytes() + b"\0")
    with pytest.raises(FormatError, match="has changed"):
        cube.spectrum(0, 0)


def test_the_size_file_opens_its_folder_and_may_lie_above(tmp_path):
    folder = write_scan(tmp_path / "scan")
    assert_scan(folder / "colonneXrighe.txt")
    (folder / "colonneXrighe.txt").rename(tmp_path / "colonneXrighe.txt")
    assert_scan(folder)
    assert recognise(folder / "None_3.mca") == "spectrum"


def test_files_are_sorted_by_the_number_in_the_name(tmp_path):
    counts = np.arange(12)[:, None] + np.zeros((12, 64), int)
    folder = write_scan(tmp_path / "scan", counts=counts)
    assert values(open_cube(folder))[:, :, 0].tolist() == [
        [0, 1, 2, 3],
        [4, 5, 6, 7],
        [8, 9, 10, 11],
    ]


@pytest.mark.parametrize(
    "text",
    [
        SIZE,
        "rows: 3\ncolumns: 4\n",
        "Height = 3\nWidth = 4\nnote = none\n",
        "  nx\t4\n  ny\t3",
        "Zeilen;3;\nSpalten;4;\n",
        '"rows","3"\n"cols","4"\n',
    ],
)
def test_side_files_of_other_programs(text):
    found = size_in(text, "size.txt")
    assert (found.height, found.width) == (3, 4)


@pytest.mark.parametrize(
    "text", ["rows 3\n", "rows 0\ncolumns 4\n", "rows 3,5\ncolumns 4\n", "3 4\n", ""]
)
def test_other_text_is_no_side_file(text):
    assert size_in(text, "size.txt") is None


def test_snake_scans_are_put_in_order(tmp_path):
    folder = write_scan(tmp_path / "scan")
    (folder / "None_5.mca").write_text(amptek(COUNTS[1, 0], live_time="9"))
    expected = COUNTS.copy()
    expected[1] = COUNTS[1, ::-1]
    cube = assert_scan(folder, expected, snake=True)
    assert cube.live_time_s[1].tolist() == [3.5, 3.5, 3.5, 9]
    np.testing.assert_array_equal(
        cube.counts[1:, 1:3].compute(), expected[1:, 1:3], strict=False
    )


def test_missing_and_empty_files_are_empty_pixels(tmp_path):
    folder = write_scan(tmp_path / "scan")
    (folder / "None_1.mca").unlink()
    (folder / "None_6.mca").write_bytes(b"")
    (folder / "None_12.mca").unlink()
    expected = COUNTS.copy()
    expected[0, 0] = expected[1, 1] = expected[2, 3] = 0
    cube = assert_scan(folder, expected)
    assert cube.live_time_s[1, 1] == 0
    assert "no file for 3 of 12 pixels" in cube.metadata["warnings"][0]
    assert "row 1 column 1" in cube.metadata["warnings"][0]


@pytest.mark.parametrize("first", [0, 1, 1000])
def test_numbers_begin_anywhere(tmp_path, first):
    assert_scan(write_scan(tmp_path / "scan", first=first))


def test_live_time_zero_is_unknown(tmp_path):
    def write(counts):
        return amptek(counts, live_time="0")

    folder = write_scan(tmp_path / "scan", write=write)
    assert open_cube(folder).live_time_s is None


def test_detectors_in_folders_are_added_and_open_alone(tmp_path):
    folder = tmp_path / "scan"
    write_files(folder / "10264")
    write_files(folder / "19511", COUNTS + 1)
    (folder / "size.txt").write_text(SIZE)
    for path in (folder, zipped(folder)):
        cube = assert_scan(path, 2 * COUNTS + 1)
        assert cube.detectors == ("10264", "19511")
        assert "detectors of one scan" in cube.metadata["warnings"][0]
        one = open_cube(path, detector="19511")
        np.testing.assert_array_equal(values(one), COUNTS + 1)
        with pytest.raises(FormatError, match=r"did you mean '10264'\? It has"):
            open_cube(path, detector="1026")


def test_detectors_in_names_are_told_apart(tmp_path):
    folder = write_scan(tmp_path / "scan", name="map_10264_{}.mca")
    write_files(folder, COUNTS + 1, name="map_19511_{}.mca")
    cube = assert_scan(folder, 2 * COUNTS + 1)
    assert cube.detectors == ("10264", "19511")


def test_names_with_row_and_column_make_the_map(tmp_path):
    counts = np.tile(COUNTS, (3, 1, 1))
    folder = tmp_path / "scan"
    for y, row in enumerate(counts):
        write_files(folder, row, name=f"y{y:02d}_x{{}}.mca", first=0)
    assert_scan(folder, counts)
    (folder / "y02_x3.mca").unlink()
    expected = counts.copy()
    expected[2, 3] = 0
    assert_scan(folder, expected)


@pytest.mark.parametrize(
    ("write", "name"),
    [
        (spe, "spot {}.spe"),
        (spx, "Spectrum_{}.spx"),
        (emsa, "{}.msa"),
        (lambda counts: "\n".join(map(str, counts)), "{}.txt"),
        (
            lambda counts: (
                "channel,counts\n"
                + "\n".join(f"{i},{one}" for i, one in enumerate(counts))
            ),
            "p{}.csv",
        ),
    ],
)
def test_other_formats_of_spectra(tmp_path, write, name):
    assert_scan(write_scan(tmp_path / "scan", write=write, name=name))


def test_live_times_of_other_formats_are_found(tmp_path):
    for write, name in ((spe, "{}.spe"), (spx, "{}.spx"), (emsa, "{}.msa")):
        folder = write_scan(tmp_path / name[3:], write=write, name=name)
        single = open_cube(folder / name.format(7)).live_time_s
        whole = open_cube(folder).live_time_s
        assert (single is None) == (whole is None)
        assert whole is None or np.allclose(whole, single[0, 0])
        assert write is not emsa or whole[0, 0] == 12.5


def test_several_detectors_in_each_file(tmp_path):
    def write(counts):
        both = np.stack([counts, counts + 1], axis=1)
        return gse(both, [0.0, 0.0], [0.02, 0.02])

    folder = write_scan(tmp_path / "scan", write=write)
    cube = assert_scan(folder, 2 * COUNTS + 1)
    assert cube.detectors == ("1", "2")
    np.testing.assert_array_equal(values(open_cube(folder, "2")), COUNTS + 1)


def test_counts_that_are_not_whole_stay_as_they_are(tmp_path):
    def write(counts):
        return "\n".join(f"{one + 0.5}" for one in counts)

    folder = write_scan(tmp_path / "scan", write=write, name="{}.txt")
    assert assert_scan(folder, COUNTS + 0.5).counts.dtype == np.float64


def test_without_a_size_the_user_is_asked(tmp_path):
    folder = write_files(tmp_path / "scan")
    with pytest.raises(UnknownLayoutError) as caught:
        open_cube(folder)
    assert caught.value.needs == ("width", "height", "snake")
    assert caught.value.shape == (12, 64)
    assert (caught.value.guess.width, caught.value.guess.height) == (3, 4)
    assert_scan(folder, width=4)
    assert_scan(folder, height=3)
    with pytest.raises(FormatError, match=r"do not make 2 x 2 pixels"):
        open_cube(folder, options=ReadOptions(width=2, height=2))


def test_a_size_file_that_is_too_small_is_told(tmp_path):
    folder = write_scan(tmp_path / "scan", size="rows 2\ncolumns 2\n")
    with pytest.raises(FormatError, match=r"do not make 2 x 2 pixels"):
        open_cube(folder)
    assert_scan(folder, width=4)


def test_several_scans_in_one_folder_are_not_mixed(tmp_path):
    write_scan(tmp_path / "all" / "one")
    write_scan(tmp_path / "all" / "two", size="rows 4\ncolumns 3\n")
    with pytest.raises(FormatError, match="sizes of several scans"):
        open_cube(tmp_path / "all")


def test_folders_with_some_text_are_no_scans(tmp_path):
    for index in range(9):
        (tmp_path / f"note{index}.txt").write_text("Dear diary,\nnothing happened.\n")
    assert recognise(tmp_path) is None
    write_files(tmp_path / "more" / "spots")
    assert recognise(tmp_path / "more") == "pixel-files"
    (tmp_path / "more" / "scan.h5").write_bytes(b"another scan")
    assert recognise(tmp_path / "more") is None
    few = write_files(tmp_path / "few", COUNTS[0, :3])
    assert recognise(few) is None
    (few / "rows.txt").write_text("rows 1\ncolumns 3\n")
    assert_scan(few, COUNTS[:1, :3])


def test_a_damaged_file_is_named_when_it_is_read(tmp_path):
    folder = write_scan(tmp_path / "scan")
    (folder / "None_7.mca").write_text(amptek(COUNTS[1, 2])[:-9])
    cube = open_cube(folder)
    np.testing.assert_array_equal(cube.spectrum(1, 1), COUNTS[1, 1])
    with pytest.raises(FormatError, match=r"None_7\.mca ends without <<END>>"):
        cube.spectrum(1, 2)
    (folder / "None_7.mca").write_text(amptek(COUNTS[1, 2, :60]))
    with pytest.raises(FormatError, match=r"None_7\.mca.*60 channels; expected 64"):
        cube.spectrum(1, 2)
    (folder / "None_7.mca").unlink()
    with pytest.raises(FormatError, match=r"None_7\.mca"):
        cube.spectrum(1, 2)


def test_files_of_other_series_are_left_out_and_told(tmp_path):
    folder = write_scan(tmp_path / "scan")
    write_files(folder, COUNTS[0], name="SPOT_{}.mca")
    (folder / "None_01.mca").write_text(amptek(COUNTS[0, 0]))
    cube = assert_scan(folder)
    assert "5 files of other series" in cube.metadata["warnings"][0]


def with_entries(path, entries, packing=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", packing) as archive:
        for name, content in entries:
            archive.writestr(name, content)
    return path


@pytest.mark.parametrize("name", ["../None_1.mca", "/None_1.mca", "C:\\None_1.mca"])
def test_names_that_lead_out_of_an_archive_are_refused(tmp_path, name):
    path = with_entries(tmp_path / "scan.zip", [(name, amptek(COUNTS[0, 0]))])
    with pytest.raises(FormatError, match="points out of the archive"):
        open_cube(path)


def test_a_bomb_is_not_unpacked(tmp_path):
    zeros = b"0\n" * (2**23 + 1)
    path = tmp_path / "bomb.zip"
    with_entries(path, [("x_1.txt", zeros), ("x_2.txt", zeros)])
    assert recognise(path) is None
    size = ("size.txt", "rows 1\ncolumns 2\n")
    with_entries(path, [("x_1.mca", zeros), ("x_2.mca", zeros), size])
    with pytest.raises(FormatError, match=r"x_1\.mca has 16,777,218 bytes"):
        open_cube(path)
    lying = bytearray(path.read_bytes())
    at = lying.rfind(b"PK\x01\x02")
    lying[at + 24 : at + 28] = (2**32 - 2).to_bytes(4, "little")
    path.write_bytes(lying)
    with pytest.raises(FormatError, match="claims to unpack"):
        open_cube(path)


def test_overlapping_entries_are_refused(tmp_path):
    folder = write_scan(tmp_path / "scan")
    path = zipped(folder)
    data = bytearray(path.read_bytes())
    at = data.rfind(b"PK\x01\x02")
    data[at + 20 : at + 24] = len(data).to_bytes(4, "little")
    path.write_bytes(data)
    with pytest.raises(FormatError, match="entries overlap"):
        open_cube(path)


def test_a_changed_byte_in_an_archive_is_noticed(tmp_path):
    path = zipped(write_scan(tmp_path / "scan"), packing=zipfile.ZIP_STORED)
    data = bytearray(path.read_bytes())
    at = data.find(b"<<DATA>>", data.find(b"None_7.mca")) + 12
    data[at] = ord("9") if data[at] != ord("9") else ord("8")
    path.write_bytes(data)
    with pytest.raises(FormatError, match=r"None_7\.mca is damaged \(checksum\)"):
        open_cube(path).counts.compute()


@settings(max_examples=25, deadline=None)
@given(
    shape=st.tuples(st.integers(1, 4), st.integers(1, 5), st.integers(16, 70)),
    writer=st.sampled_from([amptek, spe, spx, emsa]),
    archive=st.booleans(),
    snake=st.booleans(),
    first=st.integers(0, 3),
    data=st.data(),
)
def test_any_scan_comes_back(
    tmp_path_factory, shape, writer, archive, snake, first, data
):
    seed = data.draw(st.integers(0, 99))
    counts = np.random.default_rng(seed).integers(0, 2**31, shape)
    there = data.draw(st.sets(st.integers(0, shape[0] * shape[1] - 1), min_size=1))
    folder = tmp_path_factory.mktemp("scan") / "scan"
    folder.mkdir()
    suffix = {amptek: "mca", spe: "spe", spx: "spx", emsa: "msa"}[writer]
    flat = counts.reshape(-1, shape[2])
    for index in sorted({0, len(flat) - 1, *there}):  # both ends tell the numbering
        text = writer(flat[index])
        (folder / f"p{first + index}.{suffix}").write_text(text, newline="")
    (folder / "size.txt").write_text(f"rows {shape[0]}\ncolumns {shape[1]}\n")
    flat[sorted(set(range(len(flat))) - {0, len(flat) - 1, *there})] = 0
    expected = counts.copy()
    if snake:
        expected[1::2] = counts[1::2, ::-1]
    assert_scan(zipped(folder) if archive else folder, expected, snake=snake)


def test_damaged_archives_and_files_are_refused_in_one_line(tmp_path):
    path = zipped(write_scan(tmp_path / "scan"))
    told = complaints(path, 60)
    told += complaints(tmp_path / "scan" / "None_1.mca", 30, tmp_path / "scan")
    told += complaints(tmp_path / "scan" / "colonneXrighe.txt", 20, tmp_path / "scan")
    assert told
    assert all("\n" not in one for one in told)


def test_a_measured_archive_equals_the_scan_in_hdf5(shared_cubes):
    folder = shared_cubes / "aurora_antico"
    cube = open_cube(folder / "ruotato_10264_mca.zip")
    with h5py.File(folder / "ruotato.h5") as file:
        expected = file["detector_10264/counts"][()]
    assert cube.shape == (45, 80, 1024)
    np.testing.assert_array_equal(values(cube), expected)
    assert cube.detectors == ("10264",)
    assert cube.live_time_s is None
    assert cube.metadata["header"]["dwell_time_s"] == 3.0
    assert zlib.crc32(values(cube).astype("<u2").tobytes()) == zlib.crc32(
        expected.astype("<u2").tobytes()
    )
