"""Zarr stores: both versions, folders and zips, and metadata that are not trusted."""

from __future__ import annotations

import json
import pickle
import shutil
import sys
import zipfile

import numpy as np
import pytest
from _damage import complaints
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_maxrf.errors import FormatError
from napari_maxrf.io import ReadOptions, UnknownLayoutError, open_cube, recognise
from napari_maxrf.io.formats import _zarr_store

zarr = pytest.importorskip("zarr", reason="needs the zarr package")

COUNTS = np.random.default_rng(5).integers(0, 900, (5, 7, 256)).astype(np.uint16)


def store_at(path):
    return zarr.storage.ZipStore(path, mode="w") if path.suffix == ".zip" else path


def write(path, values=COUNTS, version=3, name=None, attributes=None, **options):
    """Write one array, at the root or under a name."""
    store = store_at(path)
    settings = {"chunks": tuple(-(-size // 2) for size in values.shape), **options}
    zarr.create_array(
        store,
        name=name,
        data=values,
        zarr_format=version,
        attributes=attributes,
        **settings,
    )
    if path.suffix == ".zip":
        store.close()
    return path


@settings(max_examples=15, deadline=None)
@given(
    dtype=st.sampled_from(["<u1", "<u2", ">u2", "<u4", ">i4", "<f4"]),
    axes=st.sampled_from(["yxe", "eyx", "xye", "exy", "yex", "xey"]),
    version=st.sampled_from([2, 3]),
    suffix=st.sampled_from([".zarr", ".zip"]),
    name=st.sampled_from([None, "scan", "a/b/scan"]),
    shape=st.tuples(st.integers(1, 5), st.integers(1, 5), st.integers(128, 130)),
    parts=st.tuples(*[st.integers(1, 3)] * 3),
)
def test_any_order_type_and_version_comes_back_exactly(
    tmp_path_factory, dtype, axes, version, suffix, name, shape, parts
):
    counts = (np.random.default_rng(0).random(shape) * 100).astype(dtype)
    stored = np.einsum(f"yxe->{axes}", counts)
    if stored.shape[2] in (1, 2, 3, 4):
        return
    path = tmp_path_factory.mktemp("zarr") / f"scan{suffix}"
    sizes = zip(stored.shape, parts, strict=True)
    write(path, stored, version, name, chunks=tuple(-(-n // k) for n, k in sizes))
    assert recognise(path) == "zarr"
    cube = open_cube(path, options=ReadOptions(axes=axes))
    np.testing.assert_array_equal(cube.counts.compute(), counts)
    assert cube.counts.dtype == np.dtype(dtype).newbyteorder("=")
    assert cube.provenance[0].parameters["dataset"] == (name or "")


def test_shards_and_other_packings(tmp_path):
    codecs = {
        "shards": {"chunks": (2, 3, 64), "shards": (4, 6, 128)},
        "plain": {"compressors": None},
        "gzip": {"compressors": zarr.codecs.GzipCodec(level=1)},
        "blosc": {"compressors": zarr.codecs.BloscCodec(cname="lz4")},
    }
    for name, options in codecs.items():
        cube = open_cube(write(tmp_path / f"{name}.zarr", **options))
        np.testing.assert_array_equal(cube.counts.compute(), COUNTS)
        again = pickle.loads(pickle.dumps(cube.counts))  # noqa: S301
        np.testing.assert_array_equal(again[1].compute(), COUNTS[1])


def ome(shape, axes, scale, unit="millimeter"):
    named = [
        {"name": axis, **({"unit": unit} if axis in "yx" else {})} for axis in axes
    ]
    level = {
        "path": "0",
        "coordinateTransformations": [{"type": "scale", "scale": scale}],
    }
    small = {**level, "path": "1"}
    return {"multiscales": [{"axes": named, "datasets": [level, small]}]}


@pytest.mark.parametrize("version", [2, 3])
def test_axes_and_pixel_size_of_ome_zarr(tmp_path, version):
    pages = np.moveaxis(COUNTS, 2, 0)[None, :150]
    root = zarr.open_group(tmp_path / "scan.zarr", mode="w", zarr_format=version)
    facts = ome(pages.shape, "tcyx", [1, 1, 0.25, 0.5])
    root.attrs.update({"ome": facts} if version == 3 else facts)
    root.create_array("0", data=pages, chunks=(1, 40, 5, 7))
    root.create_array("1", data=pages[..., ::2, ::2], chunks=(1, 40, 3, 4))
    cube = open_cube(tmp_path / "scan.zarr")
    np.testing.assert_array_equal(cube.counts.compute(), COUNTS[..., :150])
    assert cube.pixel_size_mm == (0.25, 0.5)


def test_a_micrograph_in_ome_zarr_is_not_claimed(tmp_path):
    root = zarr.open_group(tmp_path / "cells.zarr", mode="w")
    root.attrs["ome"] = ome((3, 256, 300), "cyx", [1, 1, 1])
    root.create_array("0", shape=(3, 256, 300), dtype="u2", chunks=(1, 64, 64))
    assert recognise(tmp_path / "cells.zarr") is None


def test_names_of_dimensions_and_energies_beside(tmp_path):
    root = zarr.open_group(tmp_path / "scan.zarr", mode="w")
    group = root.create_group("entry")
    values = np.moveaxis(COUNTS, 2, 0)
    group.create_array("counts", data=values, dimension_names=("energy", "y", "x"))
    group.create_array("energy", data=0.05 + 0.02 * np.arange(256))
    cube = open_cube(tmp_path / "scan.zarr")
    np.testing.assert_array_equal(cube.counts.compute(), COUNTS)
    assert (cube.energy.offset_kev, cube.energy.gain_kev) == pytest.approx((0.05, 0.02))
    assert cube.energy.source == "file"


def test_of_several_arrays_one_is_asked_for(tmp_path):
    root = zarr.open_group(tmp_path / "scan.zarr", mode="w")
    root.create_array("first", data=COUNTS)
    root.create_array("second", data=COUNTS[:2] + 1)
    with pytest.raises(UnknownLayoutError, match="several arrays") as caught:
        open_cube(tmp_path / "scan.zarr")
    assert caught.value.needs == ("dataset",)
    assert caught.value.guess.dataset == "first"
    told = ReadOptions(dataset="second")
    cube = open_cube(tmp_path / "scan.zarr", options=told)
    np.testing.assert_array_equal(cube.counts.compute(), COUNTS[:2] + 1)
    with pytest.raises(FormatError, match=r"has no array 'secnd'.*'second'"):
        open_cube(tmp_path / "scan.zarr", options=ReadOptions(dataset="secnd"))


def test_axes_that_cannot_be_told_are_asked(tmp_path):
    path = write(tmp_path / "scan.zarr", np.zeros((256, 256, 150), np.uint8))
    with pytest.raises(UnknownLayoutError, match="does not say which axis"):
        open_cube(path)


def changed(path, change):
    """Change the metadata of an array, as another program may."""
    kind = next(name for name in (".zarray", "zarr.json") if (path / name).exists())
    values = json.loads((path / kind).read_text())
    change(values)
    (path / kind).write_text(json.dumps(values))
    return path


@pytest.mark.parametrize("version", [2, 3])
def test_a_codec_that_unpickles_is_refused_and_never_run(
    tmp_path, version, monkeypatch
):
    path = write(tmp_path / "evil.zarr", version=version)

    def evil(values):
        if version == 2:
            values["filters"] = [{"id": "pickle", "protocol": 5}]
        else:
            values["codecs"].insert(0, {"name": "numcodecs.pickle"})

    changed(path, evil)
    monkeypatch.setattr(pickle, "loads", None)
    with pytest.raises(FormatError, match="packed by 'pickle', which is not read"):
        open_cube(path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"chunks": [2**31, 2**31, 2**31]}, r"too large to read"),
        ({"chunks": [0, 3, 3]}, "metadata are damaged"),
        ({"chunks": [3, 3]}, "metadata are damaged"),
        ({"dtype": "|O"}, "holds object; expected counts"),
        ({"dtype": [["a", "<u2"]]}, "is a folder"),
        ({"shape": [-5, 7, 256]}, "is a folder"),
        ({"shape": "5"}, "is a folder"),
    ],
)
def test_damaged_metadata_are_told(tmp_path, change, message):
    path = write(tmp_path / "scan.zarr", version=2)
    changed(path, lambda values: values.update(change))
    with pytest.raises(Exception, match=message) as caught:
        open_cube(path)
    assert "\n" not in str(caught.value)


def test_a_damaged_chunk_is_told_when_it_is_read(tmp_path):
    path = write(tmp_path / "scan.zarr", chunks=(5, 7, 256))
    chunk = path / "c" / "0" / "0" / "0"
    chunk.write_bytes(chunk.read_bytes()[:20])
    cube = open_cube(path)
    with pytest.raises(FormatError, match=r"scan\.zarr is damaged or incomplete"):
        cube.spectrum(0, 0)


def test_a_store_that_went_away_is_told(tmp_path):
    path = write(tmp_path / "scan.zip")
    cube = open_cube(path)
    path.unlink()
    with pytest.raises(FormatError, match=r"scan\.zip"):
        cube.spectrum(0, 0)


def test_without_the_zarr_package_the_remedy_is_told(tmp_path, monkeypatch):
    path = write(tmp_path / "scan.zarr")
    monkeypatch.setitem(sys.modules, "zarr", None)
    with pytest.raises(FormatError, match="pip install zarr"):
        open_cube(path)


def test_other_folders_are_not_claimed(tmp_path):
    assert recognise(tmp_path) is None
    root = zarr.open_group(tmp_path / "table.zarr", mode="w")
    root.create_array("table", data=np.zeros((5, 6)))
    assert recognise(tmp_path / "table.zarr") is None
    shutil.rmtree(tmp_path / "table.zarr" / "table")
    assert recognise(tmp_path / "table.zarr") is None


@pytest.mark.parametrize("version", [2, 3])
def test_damaged_stores_only_ever_complain(tmp_path, version):
    path = write(tmp_path / "scan.zip", COUNTS[:2, :2], version, chunks=(2, 2, 256))
    told = complaints(path, n_files=80)
    assert len(told) > 10
    assert not any("\n" in line for line in told)


@pytest.mark.parametrize("version", [2, 3])
def test_damaged_metadata_only_ever_complain(tmp_path, version):
    path = write(tmp_path / "scan.zarr", COUNTS[:2, :2], version, chunks=(2, 2, 256))
    kind = ".zarray" if version == 2 else "zarr.json"
    told = complaints(path / kind, n_files=80, opened=path)
    assert len(told) > 10
    assert not any("\n" in line for line in told)


def test_the_list_of_chunks_in_a_zip_is_read_only_a_few_times(tmp_path, monkeypatch):
    path = write(tmp_path / "scan.zip")
    opened = []

    class Counted(zipfile.ZipFile):
        def __init__(self, *arguments, **options):
            opened.append(arguments)
            super().__init__(*arguments, **options)

    monkeypatch.setattr(zipfile, "ZipFile", Counted)
    np.testing.assert_array_equal(open_cube(path).spectrum(0, 0), COUNTS[0, 0])
    assert 0 < len(opened) <= 4


def test_a_zip_with_far_too_many_metadata_is_no_scan(tmp_path, monkeypatch):
    path = write(tmp_path / "scan.zip")
    with zipfile.ZipFile(path, "a") as archive:
        for number in range(40):
            archive.writestr(f"{number}/.zattrs", "{}")
    monkeypatch.setattr(_zarr_store, "_MOST_NODES", 5)
    with pytest.raises(FormatError, match="is a zip archive, not a datacube"):
        open_cube(path)
