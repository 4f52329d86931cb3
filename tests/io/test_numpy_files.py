"""NumPy files: read in place, asked about where they are silent, never unpickled."""

from __future__ import annotations

import io
import pickle
import zipfile

import numpy as np
import psutil
import pytest
from _damage import complaints
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_maxrf.errors import CalibrationError, FormatError
from napari_maxrf.io import ReadOptions, UnknownLayoutError, open_cube, recognise

COUNTS = np.random.default_rng(3).integers(0, 900, (3, 4, 256)).astype("<u2")

dtypes = st.sampled_from(["<u1", "<u2", ">u2", "<u4", ">i4", "<i8", "<f4", ">f8"])
orders = st.sampled_from(["yxe", "eyx", "xye", "exy", "yex", "xey"])


def turned(counts, axes):
    """Return counts (y, x, e) in another order of axes."""
    return np.einsum(f"yxe->{axes}", counts)


@settings(max_examples=40, deadline=None)
@given(
    dtype=dtypes,
    axes=orders,
    fortran=st.booleans(),
    packing=st.sampled_from(["npy", "stored", "packed"]),
    shape=st.tuples(*[st.integers(1, 6)] * 3),
    seed=st.integers(0, 99),
)
def test_any_order_and_type_comes_back_exactly(
    tmp_path_factory, dtype, axes, fortran, packing, shape, seed
):
    rng = np.random.default_rng(seed)
    counts = (rng.random(shape) * 100).astype(dtype)
    stored = np.array(turned(counts, axes), order="F" if fortran else "C")
    folder = tmp_path_factory.mktemp("numpy")
    path = folder / ("scan.npy" if packing == "npy" else "scan.npz")
    save = {"npy": np.save, "stored": np.savez, "packed": np.savez_compressed}
    if packing == "npy":
        np.save(path, stored)
    else:
        save[packing](path, counts=stored)
    cube = open_cube(path, options=ReadOptions(axes=axes))
    np.testing.assert_array_equal(cube.counts.compute(), counts)
    assert cube.counts.dtype == np.dtype(dtype).newbyteorder("=")
    y, x = rng.integers(shape[0]), rng.integers(shape[1])
    np.testing.assert_array_equal(cube.spectrum(y, x), counts[y, x])


@pytest.mark.parametrize("axes", ["yxe", "eyx", "yex"])
def test_a_usual_number_of_channels_speaks_for_itself(tmp_path, axes):
    path = tmp_path / "scan.npy"
    counts = np.arange(5 * 6 * 256, dtype=np.uint16).reshape(5, 6, 256)
    np.save(path, turned(counts, axes))
    cube = open_cube(path)
    np.testing.assert_array_equal(cube.counts.compute(), counts)
    assert cube.energy.source == "assumed"
    assert cube.provenance[0].parameters["axes"] == axes


@pytest.mark.parametrize(
    ("shape", "guess"),
    [
        ((256, 512, 3072), "yex"),
        ((256, 256, 1024), "yxe"),
        ((2048, 300, 256), "yxe"),
        ((300, 40, 20), "eyx"),
    ],
)
def test_what_cannot_be_told_is_asked(tmp_path, shape, guess):
    path = tmp_path / "scan.npy"
    np.lib.format.open_memmap(path, "w+", np.uint8, shape)
    with pytest.raises(UnknownLayoutError, match="does not say which axis") as caught:
        open_cube(path)
    assert caught.value.needs == ("axes",)
    assert caught.value.shape == shape
    assert caught.value.guess.axes == guess
    assert open_cube(path, options=ReadOptions(axes="yxe")).shape == shape


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (np.zeros((512, 512, 3), np.uint8), r"\(512, 512, 3\): that is a picture"),
        (np.zeros((3, 512, 512), np.uint8), None),
        (np.zeros((40, 50, 60)), "no axis is a spectrum of 128 channels or more"),
        (np.zeros((40, 1024)), "expected three axes"),
        (np.zeros((0, 4, 256)), "none of them empty"),
        (np.zeros((3, 4, 256), complex), "values of type complex128"),
        (np.zeros((3, 4, 256), [("a", "u2")]), "expected counts"),
        (np.zeros((3, 4, 256), "U1"), "expected counts"),
    ],
)
def test_what_is_no_datacube_is_told(tmp_path, values, message):
    path = tmp_path / "other.npy"
    np.save(path, values)
    with pytest.raises(FormatError, match=message):
        open_cube(path)


@pytest.mark.parametrize("suffix", ["npy", "npz"])
def test_python_objects_are_refused_and_never_loaded(tmp_path, suffix, monkeypatch):
    path = tmp_path / f"evil.{suffix}"
    values = np.empty((3, 4, 256), object)
    (np.save if suffix == "npy" else np.savez)(path, values)
    for name in ("load", "loads"):
        monkeypatch.setattr(pickle, name, None)
    with pytest.raises(FormatError, match=r"Python objects.*numpy\.save\("):
        open_cube(path)


def test_complete_rows_of_a_cut_file_are_opened(tmp_path):
    path = tmp_path / "scan.npy"
    np.save(path, COUNTS)
    path.write_bytes(path.read_bytes()[:-1])
    cube = open_cube(path)
    np.testing.assert_array_equal(cube.counts.compute(), COUNTS[:2])
    assert "only the first 2 of 3 rows" in cube.metadata["warnings"][0]


def test_absurd_sizes_are_refused_before_anything_is_allocated(tmp_path):
    path = tmp_path / "scan.npy"
    stream = io.BytesIO()
    facts = {"descr": "<u2", "fortran_order": False, "shape": (2**31, 2**31, 1024)}
    np.lib.format.write_array_header_1_0(stream, facts)
    path.write_bytes(stream.getvalue() + bytes(100))
    with pytest.raises(FormatError, match=r"Is the scan complete\?"):
        open_cube(path)
    facts["shape"] = (-3, 4, 1024)
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(stream, facts)
    path.write_bytes(stream.getvalue() + bytes(100))
    assert recognise(path) is None
    with pytest.raises(FormatError, match="is a NumPy array, not a datacube"):
        open_cube(path)


def test_energies_beside_the_counts_in_a_zip(tmp_path):
    path = tmp_path / "scan.npz"
    energies = 0.05 + 0.02 * np.arange(256)
    np.savez(path, counts=COUNTS, energy=energies, mask=np.ones((3, 4), bool))
    cube = open_cube(path)
    assert recognise(path) == "npz"
    assert cube.energy.offset_kev == pytest.approx(0.05)
    assert (cube.energy.gain_kev, cube.energy.source) == (pytest.approx(0.02), "file")
    assert cube.provenance[0].parameters["dataset"] == "counts"
    np.savez(path, counts=COUNTS, energy=np.zeros(256))
    with pytest.raises(CalibrationError, match="not usable"):
        open_cube(path)


def test_of_several_arrays_one_is_asked_for(tmp_path):
    path = tmp_path / "scan.npz"
    np.savez_compressed(path, first=COUNTS, second=COUNTS[:2] + 1, rgb=COUNTS[..., :3])
    with pytest.raises(UnknownLayoutError, match=r"first \(3, 4, 256\), second") as got:
        open_cube(path)
    assert got.value.needs == ("dataset",)
    assert got.value.guess.dataset == "first"
    cube = open_cube(path, options=ReadOptions(dataset="second"))
    np.testing.assert_array_equal(cube.counts.compute(), COUNTS[:2] + 1)
    with pytest.raises(FormatError, match=r"has no array 'frist'.*'first'"):
        open_cube(path, options=ReadOptions(dataset="frist"))


def test_a_packed_array_beyond_the_free_memory_is_refused(tmp_path, monkeypatch):
    path = tmp_path / "scan.npz"
    np.savez_compressed(path, COUNTS)
    little = psutil.virtual_memory()._replace(available=1000)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: little)
    with pytest.raises(FormatError, match=r"needs 0\.0 GB of memory.*numpy\.savez"):
        open_cube(path)
    np.savez(path, COUNTS)
    np.testing.assert_array_equal(open_cube(path).counts.compute(), COUNTS)


def test_a_packed_array_travels_as_a_description(tmp_path):
    path = tmp_path / "scan.npz"
    np.savez_compressed(path, COUNTS)
    again = pickle.loads(pickle.dumps(open_cube(path).counts))  # noqa: S301
    np.testing.assert_array_equal(again.compute(), COUNTS)


def test_a_zip_bomb_and_a_false_size_are_refused(tmp_path):
    path, header = tmp_path / "bomb.npz", io.BytesIO()
    facts = {"descr": "<u2", "fortran_order": False, "shape": (9999, 9999, 1024)}
    np.lib.format.write_array_header_1_0(header, facts)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("counts.npy", header.getvalue() + bytes(10**6))
    with pytest.raises(FormatError, match=r"has 1,000,128 bytes; 204,7.* are needed"):
        open_cube(path)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_BZIP2) as made:
        facts["shape"] = (50, 100, 1024)
        header = io.BytesIO()
        np.lib.format.write_array_header_1_0(header, facts)
        made.writestr("counts.npy", header.getvalue() + bytes(50 * 100 * 2048))
    with pytest.raises(FormatError, match="which is not possible"):
        open_cube(path)


def test_a_zip_of_other_things_is_not_claimed(tmp_path):
    path = tmp_path / "other.zip"
    with zipfile.ZipFile(path, "w") as made:
        made.writestr("../../evil.npy", "x")
        made.writestr("text.txt", "x")
    assert recognise(path) is None


@pytest.mark.parametrize("kind", ["npy", "stored", "packed"])
def test_damaged_files_only_ever_complain(tmp_path, kind):
    path = tmp_path / ("scan.npy" if kind == "npy" else "scan.npz")
    if kind == "npy":
        np.save(path, COUNTS[:, :, :130])
    else:
        save = np.savez if kind == "stored" else np.savez_compressed
        save(path, counts=COUNTS[:2, :2], energy=0.02 * np.arange(256))
    told = complaints(path, n_files=200)
    assert len(told) > 20
    assert not any("\n" in line for line in told)
