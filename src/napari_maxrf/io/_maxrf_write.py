"""Write the native format ``.maxrf`` block by block, sums in the same pass.

Chunks are cubes of 64, so that one energy channel and one spectrum are both quick
to read, packed by shuffle and gzip 1, which every HDF5 library knows. The file is
written beside its target and moved there when it is complete.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np
import numpy.typing as npt

from napari_maxrf import __version__
from napari_maxrf._files import atomic_path
from napari_maxrf.errors import MaxrfError
from napari_maxrf.io._held import open_file, release
from napari_maxrf.io._maxrf import DETECTOR, FORMAT_VERSION, is_maxrf
from napari_maxrf.io._writing import ForgivingFile, writing_h5
from napari_maxrf.progress import Progress, Steps, finish

if TYPE_CHECKING:
    from napari_maxrf.cube import SpectralCube

_CHUNK = 64
_BLOCK_BYTES = 2**25
_NOT_STORED = ("file", "process_dates")
_OURS = re.compile(r"process_\d+|maps|start_time|live_time")


def save_cube(cube: SpectralCube, path: str | os.PathLike[str]) -> Path:
    """Write a cube as ``.maxrf``; see `save_cube_steps`.

    Returns
    -------
    Path
        The finished file.
    """
    return finish(save_cube_steps(cube, path))


def save_cube_steps(cube: SpectralCube, path: str | os.PathLike[str]) -> Steps[Path]:
    """Write a cube as ``.maxrf``, one block of rows after another.

    When a cube is saved over the ``.maxrf`` it was opened from, groups which other
    programs or parts of this one keep there (regions, registration) stay.

    Parameters
    ----------
    cube : SpectralCube
        Held lazily or not; never held in memory as a whole. Unsigned counts keep
        their type, signed ones without negative values become unsigned, rebinned
        ones are stored as float32.
    path : path-like
        Ends in ``.maxrf``.

    Yields
    ------
    Progress
        One record after each block.

    Returns
    -------
    Path
        The finished file.

    Raises
    ------
    MaxrfError
        The suffix is another one, counts are negative, or the file cannot be
        written. What stood at `path` is then unchanged.
    """
    path = Path(path)
    if path.suffix.lower() != ".maxrf":
        raise MaxrfError(f"Cannot save a cube as {path.name}: use the suffix .maxrf.")
    with atomic_path(path) as temporary:
        with writing_h5(temporary) as (file, below):
            write_root(file, cube)
            write_detector(file, cube)
            summary = yield from _write_counts(file, cube, below)
            _write_beside(file["entry"], cube, summary)
            if _comes_from(cube, path):
                _keep_extras(file, path, cube.shape[:2])
        if os.name == "nt":
            release(path)  # an open file cannot be replaced there
    return path


@dataclass
class _Summary:
    """Sums that grow while the blocks pass."""

    sum_spectrum: npt.NDArray[np.float64]
    max_spectrum: npt.NDArray[Any]
    sum_image: npt.NDArray[np.float64]
    n_pixels: int = field(default=0)

    @classmethod
    def empty(cls, shape: tuple[int, int, int], dtype: np.dtype[Any]) -> _Summary:
        n_y, n_x, n_channels = shape
        zeros = np.zeros(n_channels)
        return cls(zeros, np.zeros(n_channels, dtype), np.zeros((n_y, n_x)))

    def add(self, where: tuple[slice, slice], block: npt.NDArray[Any]) -> None:
        self.sum_spectrum += block.sum(axis=(0, 1), dtype=np.float64)
        np.maximum(self.max_spectrum, block.max(axis=(0, 1)), out=self.max_spectrum)
        self.sum_image[where] = block.sum(axis=2, dtype=np.float64)
        self.n_pixels += block.shape[0] * block.shape[1]


def write_root(file: h5py.File, cube: SpectralCube) -> None:
    """Say what the file is, and make the group that holds all else."""
    file.attrs.update(
        format="maxrf",
        format_version=FORMAT_VERSION,
        creator=f"napari-maxrf {__version__}",
        NX_class="NXroot",
        default="entry",
    )
    entry = nx_group(file, "entry", "NXentry")
    entry.attrs["default"] = "measurement"
    put_text(entry, "title", cube.name)
    start = cube.metadata.get("start_time")
    if isinstance(start, str):
        put_text(entry, "start_time", start)


def write_detector(file: h5py.File, cube: SpectralCube) -> None:
    """Write what is known of instrument and detector besides the counts."""
    instrument = nx_group(file["entry"], "instrument", "NXinstrument")
    setup = cube.metadata.get("instrument")
    if isinstance(setup, Mapping):
        instrument.attrs["setup"] = _as_json(setup)
    detector = nx_group(file, DETECTOR, "NXdetector")
    detector.attrs["detectors"] = _as_json(list(cube.detectors))
    _write_calibration(detector, cube)


def _write_counts(
    file: h5py.File, cube: SpectralCube, below: ForgivingFile
) -> Steps[_Summary]:
    """Write the counts and gather their sums in one pass."""
    dtype = _stored_type(cube.counts.dtype)
    data = file[DETECTOR].create_dataset(
        "data", cube.shape, dtype, **packed(cube.shape)
    )
    data.attrs["interpretation"] = "spectrum"
    summary = _Summary.empty(cube.shape, dtype)
    tiles = list(_tiles(cube.shape, dtype.itemsize))
    yield Progress("Writing counts", 0, len(tiles))
    for done, where in enumerate(tiles, start=1):
        block = _as_stored(np.asarray(cube.counts[where].compute()), dtype, cube.name)
        data[where] = block
        below.check()
        summary.add(where, block)
        yield Progress("Writing counts", done, len(tiles))
    return summary


def _write_calibration(detector: h5py.Group, cube: SpectralCube) -> None:
    axis = cube.energy
    numbers = [axis.offset_kev, axis.gain_kev, axis.quad_kev]
    calibration = detector.create_dataset("calibration", data=np.array(numbers))
    calibration.attrs["source"] = axis.source
    calibration.attrs["units"] = "keV"
    if cube.live_time_s is not None:
        live_time = cube.live_time_s.astype(np.float32)
        plane = put_array(detector, "live_time", live_time)
        plane.attrs["units"] = "s"


def _tiles(shape: tuple[int, int, int], itemsize: int) -> Iterator[tuple[slice, slice]]:
    """Cut the pixels along stored chunks into tiles of at most about 32 MiB."""
    n_y, n_x, n_channels = shape
    columns = _BLOCK_BYTES // (_CHUNK * _CHUNK * n_channels * itemsize)
    width = _CHUNK * max(1, columns)
    for y in range(0, n_y, _CHUNK):
        for x in range(0, n_x, width):
            yield slice(y, min(y + _CHUNK, n_y)), slice(x, min(x + width, n_x))


def _stored_type(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """Choose how counts are stored: unsigned as they are, the rest see above."""
    if dtype.kind == "i":
        return np.dtype(f"u{dtype.itemsize}")
    if dtype.kind == "f":
        return np.dtype(np.float32)
    if dtype.kind != "u":
        raise MaxrfError(f"Counts of type {dtype} cannot be saved.")
    return dtype.newbyteorder("<")


def _as_stored(
    block: npt.NDArray[Any], dtype: np.dtype[Any], name: str
) -> npt.NDArray[Any]:
    if block.dtype.kind == "i" and block.min() < 0:
        raise MaxrfError(
            f"{name} holds negative counts ({block.min()}), which a scan cannot have."
        )
    return block.astype(dtype, copy=False)


def _write_beside(entry: h5py.Group, cube: SpectralCube, summary: _Summary) -> None:
    write_description(entry, cube)
    group = nx_group(entry, "summary", "NXcollection")
    put_array(group, "sum_spectrum", summary.sum_spectrum)
    put_array(group, "max_spectrum", summary.max_spectrum)
    put_array(group, "sum_image", summary.sum_image)
    group.create_dataset("n_pixels", data=summary.n_pixels)
    if cube.maps:
        maps = nx_group(entry, "maps", "NXcollection")
        for name, plane in cube.maps.items():
            if not name.strip(".") or "/" in name:
                raise MaxrfError(f"A map cannot be saved under the name {name!r}.")
            put_array(maps, name, np.asarray(plane, dtype=np.float32))


def write_description(entry: h5py.Group, cube: SpectralCube) -> None:
    """Write axes, metadata and steps of a cube."""
    _write_axes(entry, cube)
    kept = {key: cube.metadata[key] for key in cube.metadata if key not in _NOT_STORED}
    put_text(entry, "metadata", _as_json(kept))
    _write_provenance(entry, cube)


def _write_axes(entry: h5py.Group, cube: SpectralCube) -> None:
    """Write the NXdata group by which NeXus readers find counts and axes."""
    group = nx_group(entry, "measurement", "NXdata")
    group.attrs["signal"] = "counts"
    group.attrs["axes"] = ["y", "x", "energy"]
    group["counts"] = h5py.SoftLink(f"/{DETECTOR}/data")
    pitch = cube.pixel_size_mm or (1.0, 1.0)
    for name, n, step in zip("yx", cube.shape[:2], pitch, strict=True):
        axis = group.create_dataset(name, data=np.arange(n) * step)
        axis.attrs["units"] = "mm" if cube.pixel_size_mm else "pixel"
    if cube.pixel_size_mm:
        group.attrs["pixel_size_mm"] = pitch
    energy = group.create_dataset("energy", data=cube.energy.centres_kev)
    energy.attrs["units"] = "keV"


def _write_provenance(entry: h5py.Group, cube: SpectralCube) -> None:
    now = datetime.now(UTC).isoformat(timespec="seconds")
    dates = list(cube.metadata.get("process_dates", ()))
    for number, step in enumerate(cube.provenance, start=1):
        group = nx_group(entry, f"process_{number:02d}", "NXprocess")
        put_text(group, "program", "napari-maxrf")
        put_text(group, "version", step.version)
        put_text(group, "date", str(dates.pop(0)) if dates else now)
        put_text(group, "process", step.process)
        put_text(group, "parameters", _as_json(step.parameters))


def _comes_from(cube: SpectralCube, path: Path) -> bool:
    source = cube.metadata.get("file")
    return isinstance(source, str) and Path(source).resolve() == path.resolve()


def _keep_extras(file: h5py.File, old: Path, shape: tuple[int, int]) -> None:
    """Copy groups that this module does not write from the file to be replaced."""
    if not (old.is_file() and h5py.is_hdf5(old)):
        return
    try:
        source = open_file(old)
    except OSError:
        return  # damaged: nothing to keep
    with source:
        if not is_maxrf(source) or _pixels(source) != shape:
            return
        for place in ("/", "/entry", "/entry/instrument"):
            for name in source.get(place, ()):
                if name not in file[place] and not _OURS.fullmatch(name):
                    source.copy(source[place][name], file[place], name)


def _pixels(file: h5py.File) -> tuple[int, ...] | None:
    data = file.get(f"{DETECTOR}/data")
    return data.shape[:2] if isinstance(data, h5py.Dataset) else None


def packed(shape: tuple[int, ...]) -> dict[str, Any]:
    """Return how arrays of `shape` are cut and packed, as h5py wants it."""
    chunks = tuple(min(_CHUNK, size) for size in shape)
    return {
        "chunks": chunks,
        "shuffle": True,
        "compression": "gzip",
        "compression_opts": 1,
    }


def nx_group(parent: h5py.Group, name: str, nx_class: str) -> h5py.Group:
    """Make a group of a NeXus class."""
    group = parent.create_group(name)
    group.attrs["NX_class"] = nx_class
    return group


def put_array(group: h5py.Group, name: str, values: npt.NDArray[Any]) -> h5py.Dataset:
    """Write an array in packed chunks."""
    return group.create_dataset(name, data=values, **packed(values.shape))


def put_text(group: h5py.Group, name: str, text: str) -> None:
    """Write a text."""
    group.create_dataset(name, data=text, dtype=h5py.string_dtype())


def _as_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, default=_plain)


def _plain(value: Any) -> Any:
    """Turn what numpy and dataclass users leave in metadata into JSON."""
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, tuple | set | frozenset):
        return list(value)
    return str(value)
