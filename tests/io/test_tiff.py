"""Stacks of TIFF pages: plain, scattered, packed; with the user's word or without."""

from __future__ import annotations

import logging
import pickle

import numpy as np
import pytest
import tifffile
from _damage import complaints
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_maxrf.errors import FormatError
from napari_maxrf.io import ReadOptions, UnknownLayoutError, open_cube, recognise
from napari_maxrf.io._tiff_files import check_chain
from napari_maxrf.io.formats import tiff

COUNTS = np.random.default_rng(4).integers(0, 900, (5, 7, 256)).astype(np.uint16)
PAGES = np.ascontiguousarray(np.moveaxis(COUNTS, 2, 0))

WAYS = {
    "plain": {},
    "imagej": {"imagej": True, "metadata": {"axes": "CYX"}},
    "bigtiff": {"bigtiff": True},
    "deflate": {"compression": "zlib"},
    "predictor": {"compression": "zlib", "predictor": True},
    "shaped": {"metadata": {"axes": "CYX"}},
    "ome": {"ome": True, "metadata": {"axes": "CYX"}},
    "strips": {"compression": "zlib", "rowsperstrip": 2},
    "tiles": {"compression": "zlib", "tile": (16, 16)},
}


def write(path, pages=PAGES, **options):
    settings = {"photometric": "minisblack", "metadata": None, **options}
    tifffile.imwrite(path, pages, **settings)
    return path


@pytest.mark.parametrize("way", WAYS)
def test_every_way_of_writing_a_stack(tmp_path, way):
    path = write(tmp_path / "scan.tif", **WAYS[way])
    assert recognise(path) == "tiff"
    cube = open_cube(path)
    np.testing.assert_array_equal(cube.counts.compute(), COUNTS)
    assert cube.counts.dtype == COUNTS.dtype
    np.testing.assert_array_equal(cube.spectrum(4, 6), COUNTS[4, 6])
    np.testing.assert_array_equal(cube.counts[..., 9].compute(), COUNTS[..., 9])
    again = pickle.loads(pickle.dumps(cube.counts))  # noqa: S301
    np.testing.assert_array_equal(again[1].compute(), COUNTS[1])


@settings(max_examples=15, deadline=None)
@given(
    dtype=st.sampled_from(["u1", "u2", "u4", "i2", "i4", "f4", "f8"]),
    order=st.sampled_from("<>"),
    shape=st.tuples(st.integers(2, 6), st.integers(2, 6)),
    way=st.sampled_from(["contiguous", "scattered", "packed", "samples", "planes"]),
    seed=st.integers(0, 99),
)
def test_any_type_and_order_comes_back_exactly(
    tmp_path_factory, dtype, order, shape, way, seed
):
    rng = np.random.default_rng(seed)
    counts = (rng.random((*shape, 256)) * 100).astype(dtype)
    pages = np.ascontiguousarray(np.moveaxis(counts, 2, 0))
    path = tmp_path_factory.mktemp("tiff") / "scan.tif"
    packing = {"compression": "zlib" if way == "packed" else None}
    if way == "samples":
        write(path, counts, planarconfig="contig", byteorder=order)
    elif way == "planes":
        write(path, pages, planarconfig="separate", byteorder=order)
    elif way == "contiguous":
        write(path, pages, byteorder=order)
    else:
        with tifffile.TiffWriter(path, byteorder=order) as writer:
            for page in pages:
                writer.write(page, contiguous=False, metadata=None, **packing)
    cube = open_cube(path)
    np.testing.assert_array_equal(cube.counts.compute(), counts)
    assert cube.counts.dtype == np.dtype(dtype)


def test_scattered_pages_are_read_in_place(tmp_path, monkeypatch):
    path = tmp_path / "scan.tif"
    with tifffile.TiffWriter(path) as writer:
        for page in PAGES:
            writer.write(page, contiguous=False, metadata=None)
    cube = open_cube(path)
    monkeypatch.setattr(tifffile.TiffPage, "asarray", None)
    np.testing.assert_array_equal(cube.counts.compute(), COUNTS)
    again = pickle.loads(pickle.dumps(cube.counts))  # noqa: S301
    np.testing.assert_array_equal(again[1].compute(), COUNTS[1])


def test_an_unusual_number_of_pages_needs_the_users_word(tmp_path):
    path = write(tmp_path / "stack.tif", PAGES[:150])
    assert recognise(path) == "tiff"
    with pytest.raises(UnknownLayoutError, match="stack of 150 pages") as caught:
        open_cube(path)
    assert caught.value.needs == ("axes",)
    assert caught.value.guess.axes == "eyx"
    cube = open_cube(path, options=ReadOptions(axes="eyx"))
    np.testing.assert_array_equal(cube.counts.compute(), COUNTS[..., :150])


def test_channels_that_the_file_calls_so_need_no_word(tmp_path):
    path = write(tmp_path / "a.tif", PAGES[:150], **WAYS["imagej"])
    assert open_cube(path).shape == (5, 7, 150)


@pytest.mark.parametrize(
    ("shape", "options"),
    [
        ((60, 80), {}),
        ((60, 80, 3), {"photometric": "rgb"}),
        ((40, 60, 80), {}),
        ((20, 30, 6, 8), {"imagej": True, "metadata": {"axes": "TZYX"}}),
    ],
)
def test_pictures_and_small_stacks_are_not_claimed(tmp_path, shape, options):
    path = write(tmp_path / "a.tif", np.zeros(shape, np.uint8), **options)
    assert recognise(path) is None
    with pytest.raises(FormatError, match="a TIFF picture, or"):
        open_cube(path)


def test_the_size_of_a_pixel_where_a_unit_is_stated(tmp_path):
    metadata = {"axes": "CYX", "unit": "mm"}
    path = tmp_path / "a.tif"
    write(path, imagej=True, resolution=(4, 2), metadata=metadata)
    assert open_cube(path).pixel_size_mm == (0.5, 0.25)
    write(path, resolution=(20, 40), resolutionunit="CENTIMETER")
    assert open_cube(path).pixel_size_mm == (0.25, 0.5)
    write(path, resolution=(300, 300), resolutionunit="INCH")
    assert open_cube(path).pixel_size_mm is None


def test_counts_of_another_kind_are_refused(tmp_path):
    path = write(tmp_path / "a.tif", PAGES.astype(np.complex64))
    with pytest.raises(FormatError, match="complex64; expected counts"):
        open_cube(path)


def test_a_cut_file_is_refused(tmp_path):
    path = write(tmp_path / "a.tif", **WAYS["imagej"])
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(FormatError, match="or a stack cut short, not a datacube"):
        open_cube(path)


def test_a_packing_that_needs_another_package_says_so(tmp_path):
    path = write(tmp_path / "a.tif", compression="zlib")
    with tifffile.TiffFile(path, mode="r+") as file:
        for page in file.pages:
            page.tags["Compression"].overwrite(34887)  # LERC
    with pytest.raises(FormatError, match="pip install imagecodecs"):
        open_cube(path).spectrum(0, 0)


def test_a_page_too_large_is_refused_before_it_is_unpacked(tmp_path, monkeypatch):
    path = write(tmp_path / "a.tif", compression="zlib")
    monkeypatch.setattr(tiff, "_LARGEST_PAGE", 10)
    with pytest.raises(FormatError, match="a page of 5 x 7 is too large"):
        open_cube(path)


def test_a_file_that_changed_is_refused(tmp_path):
    path = write(tmp_path / "a.tif", compression="zlib")
    cube = open_cube(path)
    path.write_bytes(path.read_bytes() + b"more")
    with pytest.raises(FormatError, match="has changed"):
        cube.spectrum(0, 0)
    path.unlink()
    with pytest.raises(FormatError, match=r"a\.tif"):
        cube.spectrum(0, 0)


@pytest.mark.parametrize("bigtiff", [False, True])
def test_a_chain_of_pages_that_bites_its_tail_is_refused(tmp_path, bigtiff):
    path = tmp_path / "a.tif"
    with tifffile.TiffWriter(path, bigtiff=bigtiff) as writer:
        for page in PAGES[:150]:
            writer.write(page, contiguous=False, metadata=None)
    with tifffile.TiffFile(path) as file:
        ends = file.pages[149].offset
        target = file.pages[3].offset
        n_tags = len(file.pages[149].tags)
    width, entry, count = (8, 20, 8) if bigtiff else (4, 12, 2)
    content = bytearray(path.read_bytes())
    at = ends + count + n_tags * entry
    assert content[at : at + width] == bytes(width)
    content[at : at + width] = target.to_bytes(width, "little")
    path.write_bytes(content)
    with pytest.raises(FormatError, match="chain of pages does not end"):
        check_chain(path)
    assert recognise(path) is None


def test_a_page_of_absurdly_many_entries_is_refused(tmp_path):
    path = tmp_path / "a.tif"
    path.write_bytes(b"II*\0" + (8).to_bytes(4, "little") + b"\xff" * 500)
    with pytest.raises(FormatError, match="a page has 65535 entries"):
        check_chain(path)


def test_damage_is_not_logged_by_tifffile(tmp_path, caplog):
    path = write(tmp_path / "a.tif", **WAYS["imagej"])
    path.write_bytes(path.read_bytes()[:5000])
    assert recognise(path) is None
    assert not caplog.records
    logging.getLogger("tifffile").warning("heard again")
    assert "heard again" in caplog.text


@pytest.mark.parametrize("way", ["imagej", "plain", "predictor"])
def test_damaged_files_only_ever_complain(tmp_path, way):
    path = write(tmp_path / "a.tif", PAGES[:, :3, :2], **WAYS[way])
    told = complaints(path, n_files=70)
    assert len(told) > 10
    assert not any("\n" in line for line in told)
