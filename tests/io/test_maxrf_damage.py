"""A damaged or foreign ``.maxrf`` leads to one clear line, whatever is wrong."""

from __future__ import annotations

import dask.array as da
import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_maxrf.cube import EnergyAxis, SpectralCube
from napari_maxrf.errors import FormatError, MaxrfError
from napari_maxrf.io import describe, open_cube, recognise, save_cube
from napari_maxrf.provenance import ProcessStep

SUM = "entry/instrument/detector_sum"


class Good(bytes):
    """The bytes of a file, too many to be shown when a test fails."""

    def __repr__(self) -> str:
        return f"<{len(self)} bytes>"


@pytest.fixture(scope="module")
def good(tmp_path_factory) -> Good:
    counts = np.random.default_rng(0).poisson(2, (9, 7, 70)).astype(np.uint16)
    cube = SpectralCube(
        da.from_array(counts),
        EnergyAxis.from_range(0.5, 38.5, 70),
        live_time_s=np.ones((9, 7), np.float32),
        pixel_size_mm=(1.0, 1.0),
        maps={"Fe": np.ones((9, 7), np.float32)},
        provenance=(ProcessStep("synthesise", {"seed": 1}),),
    )
    path = tmp_path_factory.mktemp("good") / "good.maxrf"
    return Good(save_cube(cube, path).read_bytes())


@pytest.fixture
def path(tmp_path, good):
    path = tmp_path / "scan.maxrf"
    path.write_bytes(good)
    return path


def complaint(path) -> str:
    with pytest.raises(FormatError) as caught:
        open_cube(path).counts.compute()
    text = str(caught.value)
    assert "\n" not in text
    assert path.name in text
    return text


def test_a_newer_version_is_refused_with_both_versions(path):
    with h5py.File(path, "a") as file:
        file.attrs["format_version"] = 2
    assert complaint(path) == (
        "scan.maxrf was written by format version 2; this version reads 1. "
        "Update napari-maxrf."
    )


@pytest.mark.parametrize("version", ["one", 1.5, None])
def test_a_senseless_version_is_refused(path, version):
    with h5py.File(path, "a") as file:
        del file.attrs["format_version"]
        if version is not None:
            file.attrs["format_version"] = version
    assert "format version" in complaint(path)


@pytest.mark.parametrize(
    "missing", [f"{SUM}/data", f"{SUM}/calibration", SUM, "entry/instrument", "entry"]
)
def test_a_missing_part_is_named(path, missing):
    with h5py.File(path, "a") as file:
        del file[missing]
    complaint(path)


def test_an_embedding_without_counts_says_what_it_holds(path):
    with h5py.File(path, "a") as file:
        del file["entry"]
        file["entry/embedding"] = np.zeros((3, 4, 5))
    assert "holds no counts; it holds embedding" in complaint(path)


@pytest.mark.parametrize("share", [0.0001, 0.01, 0.3, 0.7, 0.99, 0.9999])
def test_a_truncated_file_is_refused(path, good, share):
    path.write_bytes(good[: int(share * len(good))])
    complaint(path)


def test_a_truncated_native_file_is_still_called_ours(path, good):
    path.write_bytes(good[: len(good) // 2])
    assert recognise(path) == "maxrf"
    other = path.rename(path.with_suffix(".h5"))
    assert recognise(other) is None


def test_counts_of_an_aborted_write_are_refused(path):
    with h5py.File(path, "a") as file:
        del file[f"{SUM}/data"]
        file[SUM].create_dataset("data", (512, 512, 70), "u2", chunks=(64, 64, 64))
        file[f"{SUM}/data"][:64, :64] = 1
    assert "only a part" in complaint(path)


def test_an_absurd_size_is_refused_before_memory_is_taken(path):
    with h5py.File(path, "a") as file:
        del file["entry/maps/Fe"], file[f"{SUM}/data"]
        file["entry/maps"].create_dataset("Fe", (2**20, 2**20), "f4", chunks=(64, 64))
        shape, chunks = (2**20, 2**20, 70), (64, 64, 64)
        file[SUM].create_dataset("data", shape, "u2", chunks=chunks)
    assert "incomplete" in complaint(path)


def test_huge_chunks_are_refused(path):
    with h5py.File(path, "a") as file:
        del file[f"{SUM}/data"]
        chunks = (2**10, 2**10, 2**10)
        file[SUM].create_dataset("data", chunks, "u2", chunks=chunks, compression=1)
    assert "too large" in complaint(path)


@pytest.mark.parametrize(
    ("name", "values", "words"),
    [
        (f"{SUM}/calibration", [0.0, 0.01], "shape"),
        (f"{SUM}/calibration", [0.0, 0.0, 0.0], "not usable"),
        (f"{SUM}/calibration", [np.nan, 0.1, 0.0], "not a number"),
        (f"{SUM}/live_time", np.ones((7, 9)), "shape"),
        ("entry/maps/Fe", np.ones((3, 3)), "shape"),
        (f"{SUM}/data", np.ones((9, 7)), "expected counts"),
        (f"{SUM}/data", np.ones((9, 7, 70), complex), "expected counts"),
        (f"{SUM}/data", np.ones((1, 1, 70_000), "u2"), "channels"),
        ("entry/metadata", b"[1, 2]", "damaged description"),
        ("entry/metadata", b"{nonsense", "damaged description"),
        ("entry/metadata", [1, 2], "not a text"),
        ("entry/process_01/parameters", b"{", "damaged description"),
    ],
)
def test_values_that_do_not_fit_are_named(path, name, values, words):
    with h5py.File(path, "a") as file:
        del file[name]
        file[name] = values
    assert words in complaint(path)


def test_counts_in_another_file_are_not_followed(path, tmp_path):
    with h5py.File(tmp_path / "other.h5", "w") as other:
        other["secret"] = np.ones((9, 7, 70), "u2")
    with h5py.File(path, "a") as file:
        del file[f"{SUM}/data"]
        file[f"{SUM}/data"] = h5py.ExternalLink("other.h5", "secret")
    assert "in another file" in complaint(path)
    with h5py.File(path, "a") as file:
        del file[f"{SUM}/data"]
        layout = h5py.VirtualLayout((9, 7, 70), "u2")
        layout[:] = h5py.VirtualSource(tmp_path / "other.h5", "secret", (9, 7, 70))
        file[SUM].create_virtual_dataset("data", layout)
    assert "in another file" in complaint(path)


def test_a_missing_filter_names_the_package(path, monkeypatch):
    monkeypatch.setattr(h5py.h5z, "filter_avail", lambda code: False)
    assert "pip install hdf5plugin" in complaint(path)


def test_a_block_damaged_on_disk_is_told_when_it_is_read(path, good):
    with h5py.File(path) as file:
        offset = file[f"{SUM}/data"].id.get_chunk_info(0).byte_offset
    content = bytearray(good)
    content[offset : offset + 200] = b"\xff" * 200
    path.write_bytes(content)
    cube = open_cube(path)
    with pytest.raises(FormatError, match=r"scan\.maxrf is damaged"):
        cube.counts.compute()


@settings(max_examples=150, deadline=None)
@given(
    cut=st.one_of(st.none(), st.floats(0, 1)),
    changes=st.lists(
        st.tuples(st.floats(0, 1), st.binary(min_size=1, max_size=8)), max_size=5
    ),
)
def test_mutated_files_raise_nothing_but_our_errors(
    tmp_path_factory, good, cut, changes
):
    content = bytearray(good if cut is None else good[: int(cut * len(good))])
    for place, junk in changes:
        start = int(place * max(len(content) - 1, 0))
        content[start : start + len(junk)] = junk
    path = tmp_path_factory.getbasetemp() / "mutated.maxrf"
    path.write_bytes(content)
    told = recognise(path)
    assert told in (None, "maxrf", "hdf5-plain") or not content.startswith(b"\x89HDF")
    try:
        open_cube(path).counts.compute()
        describe(path)
    except MaxrfError as error:
        assert "\n" not in str(error)  # noqa: PT017
