"""One large scan in each format, for `open_times.py`.

What opening costs depends on headers and indexes, not on counts. Plain arrays are
therefore mostly holes in the file, and packed ones repeat one packed block; their
indexes are as long as in any scan of that size. The writers of small files are those
of the tests.
"""

from __future__ import annotations

import io
import itertools
import os
import sys
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import dask.array
import h5py
import numpy as np
import tifffile
import zarr

from napari_maxrf.cube import EnergyAxis, SpectralCube
from napari_maxrf.io import save_cube

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "io"))
import _hdf5_files as hdf5
import bcf
from big_cubes import GAIN_KEV, header_of_ripple
from test_edf import write_series
from test_envi import header_text
from test_mda import mda as mda_content
from test_pixel_files import write_scan as write_pixels
from test_pixel_files import zipped

SMALL = (5, 7)
"""Rows and columns of the scan that is grown; no other axis has these lengths."""
CHUNK = 64
PULSES = 680
LARGEST_MDA, LARGEST_FOLDER = (256, 200, 1, 1024), (100, 100)


@dataclass(frozen=True)
class Size:
    """Rows, columns and channels of a scan."""

    height: int
    width: int
    n_channels: int

    @property
    def shape(self) -> tuple[int, int, int]:
        """All three."""
        return self.height, self.width, self.n_channels

    @property
    def n_bytes(self) -> int:
        """Bytes of the counts, two for each."""
        return 2 * self.height * self.width * self.n_channels


Writer = Callable[[Path, Size], Path]
WRITERS: dict[str, Writer] = {}


def writer(label: str) -> Callable[[Writer], Writer]:
    """Put a function into `WRITERS`; it writes into an empty folder."""

    def named(write: Writer) -> Writer:
        WRITERS[label] = write
        return write

    return named


def small_counts(size: Size) -> np.ndarray:
    """Return few counts, which pack well."""
    rng = np.random.default_rng(0)
    return rng.poisson(0.01, (*SMALL, size.n_channels)).astype(np.uint16)


def with_hole(path: Path, start: bytes, n_bytes: int) -> Path:
    """Write the begin of a file, and leave a hole for the rest."""
    with path.open("wb") as stream:
        stream.write(start)
        stream.truncate(len(start) + n_bytes)
    return path


@writer("Ripple")
def ripple(folder: Path, size: Size) -> Path:
    with_hole(folder / "scan.raw", b"", size.n_bytes)
    path = folder / "scan.rpl"
    path.write_text(header_of_ripple(*size.shape))
    return path


@writer("ENVI")
def envi(folder: Path, size: Size) -> Path:
    with_hole(folder / "scan.raw", b"", size.n_bytes)
    path = folder / "scan.hdr"
    path.write_text(header_text(size.shape))
    return path


@writer("NumPy array")
def npy(folder: Path, size: Size) -> Path:
    start = io.BytesIO()
    about = {"descr": "<u2", "fortran_order": False, "shape": size.shape}
    np.lib.format.write_array_header_1_0(start, about)
    return with_hole(folder / "scan.npy", start.getvalue(), size.n_bytes)


@writer("TIFF, a page for each channel")
def tiff(folder: Path, size: Size) -> Path:
    path = folder / "scan.tif"
    with tifffile.TiffWriter(path, bigtiff=True) as file:
        for _ in range(size.n_channels):
            file.write(
                None,
                shape=(size.height, size.width),
                dtype=np.uint16,
                photometric="minisblack",
                metadata=None,
                contiguous=False,
            )
    return path


@writer("EDF, one file")
def edf_solid(folder: Path, size: Size) -> Path:
    lines = {"HeaderID": "EH:000001:000000:000000", "Image": 1}
    lines |= {"ByteOrder": "LowByteFirst", "DataType": "UnsignedShort"}
    lines |= {f"Dim_{n}": one for n, one in enumerate(reversed(size.shape), 1)}
    lines |= {"Size": size.n_bytes}
    start = "{\n" + "".join(f"{key} = {value} ;\n" for key, value in lines.items())
    start = start.ljust(510) + "}\n"
    return with_hole(folder / "scan.edf", start.encode(), size.n_bytes)


@writer("EDF, a file for each row")
def edf_series(folder: Path, size: Size) -> Path:
    first = write_series(folder, np.zeros((1, *size.shape[1:]), np.uint16))
    start = first.read_bytes()
    start = start[: len(start) - size.n_bytes // size.height]
    for row in range(size.height):
        name = f"scan_{row + 1:04d}.edf"
        with_hole(folder / name, start, size.n_bytes // size.height)
    return first


@writer("Bruker .bcf")
def bruker(folder: Path, size: Size) -> Path:
    path = folder / "scan.bcf"
    width = size.width * size.n_channels // bcf.CHANNELS
    bcf.write(path, size.height, width, PULSES)
    return path


@writer("EPICS .mda (0.2 GB)")
def mda(folder: Path, _: Size) -> Path:
    path = folder / "scan.mda"
    counts = np.zeros(LARGEST_MDA, np.int32)
    path.write_bytes(mda_content(counts))
    return path


@writer("Folder of 10 000 .mca")
def pixel_folder(folder: Path, _: Size) -> Path:
    height, width = LARGEST_FOLDER
    counts = np.zeros((height, width, 1024), np.uint16)
    return write_pixels(
        folder / "scan", f"righe {height}\r\ncolonne {width}\r\n", counts=counts
    )


@writer("Zip of 10 000 .mca")
def pixel_zip(folder: Path, size: Size) -> Path:
    return zipped(pixel_folder(folder, size))


@writer("Zarr 3")
def zarr_folder(folder: Path, size: Size) -> Path:
    path = folder / "scan.zarr"
    array = zarr.create_array(
        path, shape=size.shape, chunks=(CHUNK,) * 3, dtype="u2", zarr_format=3
    )
    array[:CHUNK, :CHUNK, :CHUNK] = np.ones((CHUNK,) * 3, np.uint16)
    first = path / "c" / "0" / "0" / "0"
    for index in np.ndindex(*(-(-length // CHUNK) for length in size.shape)):
        place = path / "c" / Path(*map(str, index))
        place.parent.mkdir(parents=True, exist_ok=True)
        if place != first:
            os.link(first, place)
    return path


@writer("Zarr 3 in a zip")
def zarr_zip(folder: Path, size: Size) -> Path:
    source = zarr_folder(folder, size)
    path = folder / "scan.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for one in sorted(source.rglob("*")):
            if one.is_file():
                archive.write(one, one.relative_to(source).as_posix())
    return path


def grown(path: Path, size: Size) -> Path:
    """Grow a small HDF5 scan: all that has rows and columns gets more of them."""
    lengths = {SMALL[0]: size.height, SMALL[1]: size.width}
    lengths[SMALL[0] * SMALL[1]] = size.height * size.width
    with h5py.File(path, "r+") as file:
        found: list[str] = []
        file.visititems(lambda name, one: found.append(name))
        for name in found:
            if isinstance(file[name], h5py.Dataset):
                grow(file, name, tuple(lengths.get(n, n) for n in file[name].shape))
    return path


def grow(file: h5py.File, name: str, shape: tuple[int, ...]) -> None:
    """Replace a dataset by a larger one with the same attributes."""
    old = file[name]
    if old.shape == shape:
        return
    attributes, kind, packing = dict(old.attrs), old.dtype, old.compression
    values = None if old.ndim == 3 else np.resize(old[()], shape)
    chunks = old.chunks
    del file[name]
    if values is not None:
        file[name] = values
    elif chunks is None:
        hole(file, name, shape, kind)
    else:
        repeated(file, name, shape, kind, packing, fitting(chunks, shape))
    file[name].attrs.update(attributes)


def fitting(chunks: tuple[int, ...], shape: tuple[int, ...]) -> tuple[int, ...] | bool:
    """Keep blocks of single spectra and cubes; let the library choose others."""
    if chunks[1:] == (1, 1):
        return chunks
    return True


def hole(file: h5py.File, name: str, shape: tuple[int, ...], kind: np.dtype) -> None:
    """Make a dataset in one piece, none of which is written."""
    settings = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    settings.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
    settings.set_fill_time(h5py.h5d.FILL_TIME_NEVER)
    space = h5py.h5s.create_simple(shape)
    h5py.h5d.create(file.id, name.encode(), h5py.h5t.py_create(kind), space, settings)


def repeated(
    file: h5py.File,
    name: str,
    shape: tuple[int, ...],
    kind: np.dtype,
    packing: str | None,
    chunks: tuple[int, ...] | bool,
) -> None:
    """Make a dataset of packed blocks, all with the same content."""
    made = file.create_dataset(
        name, shape, kind, chunks=chunks, compression=packing, compression_opts=1
    )
    block = np.random.default_rng(0).poisson(0.01, made.chunks).astype(kind)
    packed = zlib.compress(block.tobytes(), 1)
    starts = [range(0, *pair) for pair in zip(shape, made.chunks, strict=True)]
    for place in itertools.product(*starts):
        made.id.write_direct_chunk(place, packed)


@writer("napari-maxrf (.maxrf)")
def native(folder: Path, size: Size) -> Path:
    axis = EnergyAxis(size.n_channels, 0.0, GAIN_KEV)
    path = folder / "scan.maxrf"
    counts = dask.array.from_array(small_counts(size))
    save_cube(SpectralCube(counts, axis, "scan"), path)
    return grown(path, size)


@writer("HDF5 with one 3-D dataset")
def hdf5_plain(folder: Path, size: Size) -> Path:
    path = folder / "scan.h5"
    with h5py.File(path, "w") as file:
        hole(file, "scan", size.shape, np.dtype("u2"))
    return path


def hdf5_of(write: Callable[..., Path], n_detectors: int) -> Writer:
    """Return the function that writes HDF5 as another program does."""

    def written(folder: Path, size: Size) -> Path:
        counts = [small_counts(size)] * n_detectors
        return grown(write(folder / "scan.h5", *counts), size)

    return written


WRITERS |= {
    "HDF5 of MAPS, a block for each pixel": hdf5_of(hdf5.write_maps, 1),
    "HDF5 of MAPS, raw, 2 detectors": hdf5_of(hdf5.write_maps_raw, 2),
    "HDF5 of PyXRF, 2 detectors": hdf5_of(hdf5.write_pyxrf, 2),
    "HDF5 of Larch, 2 detectors": hdf5_of(hdf5.write_larch, 2),
    "HDF5 of PyMca and NeXus, 2 detectors": hdf5_of(hdf5.write_pymca, 2),
    "HDF5 of XISMuS": hdf5_of(hdf5.write_xismus, 1),
    "HDF5, a group for each detector": hdf5_of(hdf5.write_groups, 2),
}
