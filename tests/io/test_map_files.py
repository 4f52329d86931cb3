"""Element maps of other programs: every value, name and size as written."""

from __future__ import annotations

import h5py
import numpy as np
import pytest
import tifffile
from _spectra_files import mutated
from hypothesis import given, settings
from hypothesis import strategies as st
from test_edf import frame

from napari_maxrf.errors import FormatError, MaxrfError
from napari_maxrf.io import (
    MAP_FORMATS,
    MapSet,
    open_cube,
    open_maps,
    recognise,
    recognise_maps,
)

MAPS = np.random.default_rng(11).gamma(2, 50, (3, 4, 5)).astype(np.float32)
NAMES = ["Fe-K", "Pb-L", "Ca-Ka"]


def dms(maps=MAPS, names=NAMES, end="\n"):
    n, height, width = maps.shape
    head = f"2{end}{width} {height} {n}{end}".encode()
    return head + maps.astype("<f4").tobytes() + end.join([*names, ""]).encode()


def ims(maps=MAPS, names=NAMES, end="\n"):
    n, height, width = maps.shape
    rows = maps.reshape(-1, width)
    lines = [" ".join(f"{one!r:>14}" for one in map(float, row)) for row in rows]
    start = ["2", f"  {width}  {height}  {n}"]
    return end.join([*start, *lines, *names, ""]).encode()


def table(maps=MAPS, names=NAMES, csv=False, separator=";"):
    """Write as PyMca's ArraySave does."""
    mark = separator if csv else "  "
    quote = '"' if csv else ""
    heads = (f"{quote}{name}{quote}" for name in ("row", "column", *names))
    lines = [mark.join(heads)]
    for y, x in np.ndindex(maps.shape[1:]):
        values = (f"{float(one)!r}" for one in maps[:, y, x])
        lines.append(mark.join([str(y), str(x), *values]))
    return ("\n".join(lines) + "\n\n").encode()


def edf(maps=MAPS, names=NAMES):
    titles = [{"Title": name}.items() for name in names]
    pairs = zip(maps, titles, strict=True)
    return b"".join(frame(one, extra=title, block=1024) for one, title in pairs)


def write(folder, content, name):
    path = folder / name
    path.write_bytes(content)
    return path


def write_tiff(path, maps=MAPS, names=NAMES, **how):
    with tifffile.TiffWriter(path) as file:
        for one, name in zip(maps, names, strict=True):
            title = f"Title={name}" if name else None
            file.write(one, description=title, metadata=None, contiguous=False, **how)
    return path


def write_hdf5(path, maps=MAPS, names=NAMES):
    """Write as PyMca's fit of 2019 and later does."""
    with h5py.File(path, "w") as file:
        results = file.create_group("images/xrf_fit/results")
        results.parent.attrs["NX_class"] = "NXprocess"
        for group, factor in (("uncertainties", 0.1), ("parameters", 1)):
            data = results.create_group(group)
            data.attrs["NX_class"] = "NXdata"
            for one, name in zip(maps, names, strict=True):
                data[name] = (one * np.float32(factor)).astype(np.float32)
    return path


WRITERS = {
    "datamuncher": lambda path, *how: path.write_bytes(dms(*how)),
    "pymca-table": lambda path, *how: path.write_bytes(table(*how)),
    "edf-maps": lambda path, *how: path.write_bytes(edf(*how)),
    "tiff-maps": write_tiff,
    "pymca-hdf5": write_hdf5,
}


def assert_maps(path, source, maps=MAPS, names=NAMES):
    assert recognise_maps(path) == source
    found = open_maps(path)
    assert found.source == source
    assert list(found.maps)[: len(names)] == list(names)
    for one, name in zip(maps, names, strict=True):
        assert found.maps[name].dtype == np.float32
        np.testing.assert_array_equal(found.maps[name], one)
    return found


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("writer", [dms, ims])
def test_datamuncher_binary_and_text(tmp_path, writer, end):
    path = write(tmp_path, writer(end=end), "scan.dms")
    assert_maps(path, "datamuncher")


def test_datamuncher_without_all_names(tmp_path):
    path = write(tmp_path, dms(names=["Fe-K"]), "scan.dms")
    assert list(open_maps(path).maps) == ["Fe-K", "map 2", "map 3"]


@pytest.mark.parametrize("writer", [dms, ims])
def test_datamuncher_that_was_cut_says_how_much_is_needed(tmp_path, writer):
    path = write(tmp_path, writer()[:150], "scan.dms")
    with pytest.raises(
        FormatError, match=r"scan\.dms (has 150 bytes|holds \d+ values)"
    ):
        open_maps(path)


@pytest.mark.parametrize("sizes", [b"999999 999999 999999", b"5 4 300000"])
def test_datamuncher_of_absurd_size_is_not_allocated(tmp_path, sizes):
    content = dms().replace(b"5 4 3", sizes)
    with pytest.raises(FormatError, match=r"has \d+ bytes"):
        open_maps(write(tmp_path, content, "scan.dms"))


@pytest.mark.parametrize("separator", [";", ",", "\t"])
def test_tables_of_pymca(tmp_path, separator):
    assert_maps(write(tmp_path, table(), "fit.dat"), "pymca-table")
    csv = table(csv=True, separator=separator)
    assert_maps(write(tmp_path, csv, "fit.csv"), "pymca-table")


def test_tables_with_decimal_commas_and_names_with_blanks(tmp_path):
    names = ["Fe K", "Pb L", "w(Ca K)"]
    content = table(names=names, csv=True).replace(b".", b",")
    assert_maps(write(tmp_path, content, "fit.csv"), "pymca-table", names=names)
    spaced = table(names=names)
    assert_maps(write(tmp_path, spaced, "fit.dat"), "pymca-table", names=names)


def test_a_table_with_missing_lines_says_so(tmp_path):
    lines = table().split(b"\n")
    path = write(tmp_path, b"\n".join(lines[:3] + lines[4:]), "fit.dat")
    found = open_maps(path)
    assert np.isnan(found.maps["Fe-K"][0, 2])
    assert found.metadata["warnings"] == ["fit.dat has no line for 1 pixels."]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("row  column  Fe\n0  0  1\n999999  999999  2\n", "no whole map"),
        ("row  column  Fe\n0  -1  1\n", r"line 2: \[0\.0, -1\.0\] are no row"),
        ("row  column  Fe\n0  0  iron\n", "iron"),
        ("row  column  Fe\n0  0\n", "fit.dat"),
        ("row  column  Fe\n", "no lines of numbers"),
    ],
)
def test_tables_that_are_none(tmp_path, content, message):
    with pytest.raises(FormatError, match=message):
        open_maps(write(tmp_path, content.encode(), "fit.dat"))


def test_edf_maps_of_one_and_of_many_frames(tmp_path):
    assert_maps(write(tmp_path, edf(), "fit.edf"), "edf-maps")
    single = write(tmp_path, frame(MAPS[0]), "images_Fe_K.edf")
    assert_maps(single, "edf-maps", MAPS[:1], ["images_Fe_K"])
    cut = write(tmp_path, edf()[:-1], "cut.edf")
    found = assert_maps(cut, "edf-maps", MAPS[:2], NAMES[:2])
    assert "ends inside its last map" in found.metadata["warnings"][0]


def test_edf_with_spectra_is_no_map(tmp_path):
    row = np.zeros((4, 256), np.uint16)
    path = write(tmp_path, frame(row, extra={"MCA a": "0"}.items()), "row.edf")
    assert recognise_maps(path) is None
    assert recognise(path) == "edf"
    with pytest.raises(FormatError, match="holds no element maps"):
        open_maps(path)


@pytest.mark.parametrize("how", [{}, {"compression": "zlib"}, {"byteorder": ">"}])
def test_tiff_maps_titled_by_pymca(tmp_path, how):
    byteorder = how.pop("byteorder", None)
    path = tmp_path / "fit.tif"
    if byteorder is None:
        write_tiff(path, **how)
    else:
        with tifffile.TiffWriter(path, byteorder=byteorder) as file:
            for one, name in zip(MAPS, NAMES, strict=True):
                file.write(one, description=f"Title={name}", metadata=None)
    assert_maps(path, "tiff-maps")


def test_tiff_maps_of_imagej_with_labels_and_pixel_size(tmp_path):
    path = tmp_path / "maps.tif"
    tifffile.imwrite(
        path,
        MAPS,
        imagej=True,
        resolution=(2.0, 4.0),
        metadata={"axes": "CYX", "unit": "mm", "Labels": NAMES},
    )
    assert assert_maps(path, "tiff-maps").pixel_size_mm == (0.25, 0.5)


def test_tiff_maps_of_ome_with_channels(tmp_path):
    path = tmp_path / "maps.ome.tif"
    metadata = {"axes": "CYX", "Channel": {"Name": NAMES}}
    tifffile.imwrite(path, MAPS, metadata=metadata, ome=True, photometric="minisblack")
    assert_maps(path, "tiff-maps")


def test_a_single_page_of_floats_is_named_after_its_file(tmp_path):
    path = write_tiff(tmp_path / "Fe_K.tif", MAPS[:1], [""], resolutionunit=3)
    assert_maps(path, "tiff-maps", MAPS[:1], ["Fe_K"])


def test_pictures_are_no_maps(tmp_path):
    grey = np.zeros((20, 30), np.uint8)
    tifffile.imwrite(tmp_path / "radiograph.tif", grey)
    tifffile.imwrite(tmp_path / "photo.tif", np.zeros((20, 30, 3), np.uint8))
    tifffile.imwrite(tmp_path / "stack.tif", np.zeros((200, 4, 5), np.float32))
    for name in ("radiograph", "photo", "stack"):
        assert recognise_maps(tmp_path / f"{name}.tif") is None


def test_a_tiff_page_that_is_not_there_is_not_allocated(tmp_path):
    path = write_tiff(tmp_path / "fit.tif")
    data = path.read_bytes()
    with tifffile.TiffFile(path) as file:
        tags = [page.tags["ImageLength"].valueoffset for page in file.pages]
    for at in tags:
        data = data[:at] + (2**30).to_bytes(4, "little") + data[at + 4 :]
    path.write_bytes(data)
    assert recognise_maps(path) is None


def test_a_fit_of_pymca_in_hdf5(tmp_path):
    path = write_hdf5(tmp_path / "fit.h5")
    found = assert_maps(path, "pymca-hdf5", MAPS[np.argsort(NAMES)], sorted(NAMES))
    shown = found.maps["s(Fe-K)"]
    np.testing.assert_allclose(shown, MAPS[0] * 0.1, rtol=1e-6)
    assert found.name == "fit"
    assert recognise(path) is None


def test_hdf5_without_results_is_none(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["table"] = MAPS[0]
        file["results/fit/spectrum"] = np.zeros(64)
    assert recognise_maps(tmp_path / "a.h5") is None


def test_a_map_that_was_never_written_is_refused(tmp_path):
    path = tmp_path / "fit.h5"
    with h5py.File(path, "w") as file:
        group = file.create_group("fit/results/parameters")
        group.create_dataset("Fe", (2**20, 2**20), "f4", chunks=(64, 64))
    with pytest.raises(FormatError, match="was not written"):
        open_maps(path)


def test_other_files_are_no_maps(tmp_path):
    path = write(tmp_path, b"2\nsome text\n", "note.dms")
    assert recognise_maps(path) is None
    assert recognise_maps(tmp_path) is None
    with pytest.raises(FormatError, match=r"note\.dms holds no element maps"):
        open_maps(path)
    with pytest.raises(MaxrfError, match="does not exist"):
        open_maps(tmp_path / "gone.dms")


def test_a_cube_of_maps_tells_what_it_is(tmp_path):
    path = write(tmp_path, dms(), "scan.dms")
    with pytest.raises(FormatError, match="element maps"):
        open_cube(path)


def test_maps_of_different_size_make_no_set():
    with pytest.raises(FormatError, match="expected maps of one size"):
        MapSet("fit", {"a": MAPS[0], "b": MAPS[0, :2]}, "edf-maps")
    with pytest.raises(FormatError, match="0 maps"):
        MapSet("fit", {}, "edf-maps")


def test_every_format_has_a_writer_here():
    assert {one.name for one in MAP_FORMATS} == set(WRITERS)


names_of_maps = st.text("abcdefXYZ-()ä", min_size=1, max_size=8)


@settings(max_examples=30, deadline=None)
@given(
    source=st.sampled_from(sorted(WRITERS)),
    shape=st.tuples(st.integers(2, 4), st.integers(2, 6), st.integers(2, 6)),
    seed=st.integers(0, 99),
    data=st.data(),
)
def test_any_maps_come_back(tmp_path_factory, source, shape, seed, data):
    names = data.draw(
        st.lists(names_of_maps, min_size=shape[0], max_size=shape[0], unique=True)
    )
    if source == "tiff-maps":  # a description is ASCII
        names = [name.replace("ä", "q") + str(i) for i, name in enumerate(names)]
    maps = np.random.default_rng(seed).normal(0, 1e6, shape).astype(np.float32)
    path = tmp_path_factory.mktemp("maps") / "fit"
    WRITERS[source](path, maps, names)
    if source == "pymca-hdf5":
        order = np.argsort([name.encode() for name in names])
        maps, names = maps[order], [names[i] for i in order]
    assert_maps(path, source, maps, names)


@pytest.mark.parametrize("source", sorted(WRITERS))
def test_damaged_maps_are_refused_in_one_line(tmp_path, source):
    path = tmp_path / "fit"
    WRITERS[source](path)
    good, rng = path.read_bytes(), np.random.default_rng(0)
    reader = next(one for one in MAP_FORMATS if one.name == source)
    for _ in range(60):
        path.write_bytes(mutated(good, rng))
        recognise_maps(path)
        try:
            reader.read(path)
        except MaxrfError as error:
            assert "\n" not in str(error)  # noqa: PT017
