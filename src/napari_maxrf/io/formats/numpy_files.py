"""Arrays as NumPy saves them: ``.npy``, and ``.npz`` with several in a zip.

They hold no word about their axes, so that the user may be asked. An array that
was not packed is read where it lies; one that was has to be unpacked as a whole.
"""

from __future__ import annotations

import math
import threading
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from napari_maxrf.errors import FormatError, did_you_mean
from napari_maxrf.io._archives import archive, check_promise, names_in, start_of
from napari_maxrf.io._calibration import axis_from_energies
from napari_maxrf.io._format import Format, ReadOptions, UnknownLayoutError
from napari_maxrf.io._held import reading
from napari_maxrf.io._layout import could_be_scan, order_of_axes
from napari_maxrf.io._opened import calibration, opened, refuse_detector
from napari_maxrf.io._oriented import lazy_oriented
from napari_maxrf.io._pairs import PlainLayout, counts_of
from napari_maxrf.io._raw import RawArray
from napari_maxrf.io.formats._npy_header import (
    NpyHeader,
    check_numbers,
    read_npy_header,
)

if TYPE_CHECKING:
    import zipfile
    from pathlib import Path

    import dask.array as da

    from napari_maxrf.cube import EnergyAxis, SpectralCube

_ENERGY_NAMES = ("energy", "energies", "energy_kev", "ENERGY", "Energy")
_MOST_ARRAYS = 1000
_MOST_CHANNELS = 2**16
_NOT_PACKED = "numpy.savez, without compression, or numpy.save"


def is_npy(path: Path) -> bool:
    """Tell whether a file is an array file with a sound header."""
    return _npy_header(path) is not None


def _npy_header(path: Path) -> NpyHeader | None:
    try:
        with path.open("rb") as stream:
            return read_npy_header(stream)
    except (OSError, ValueError, TypeError, MemoryError, RecursionError):
        return None


def open_npy(path: Path, options: ReadOptions) -> SpectralCube:
    """Open an array lazily, in C or Fortran order.

    Raises
    ------
    FormatError
        It holds Python objects, is no datacube, or is shorter than its header says.
    UnknownLayoutError
        Several axes, or none, can be energy.
    """
    refuse_detector(path, options)
    with reading(path), path.open("rb") as stream:
        header = read_npy_header(stream)
    check_numbers(path.name, header)
    axes = order_of_axes(path.name, header.shape, options)
    first, second, third = header.stored_shape
    layout = PlainLayout(
        header.dtype, (first, second, third), header.stored_axes(axes), header.offset
    )
    counts, warnings = counts_of(path, path, layout)
    calibrated = calibration(options, counts.shape[2], lambda: None)
    return opened(
        path, NPY.name, counts, calibrated, layout={"axes": axes}, warnings=warnings
    )


def is_npz(path: Path) -> bool:
    """Tell whether a file is a zip of array files and nothing else."""
    names = names_in(path)
    return bool(names) and all(name.endswith(".npy") for name in names)


def open_npz(path: Path, options: ReadOptions) -> SpectralCube:
    """Open the datacube among the arrays of a zip.

    Raises
    ------
    FormatError
        The archive is damaged, holds no datacube, or needs more memory than is free.
    UnknownLayoutError
        It holds several datacubes, or one whose axes cannot be told.
    CalibrationError
        The vector of energies makes no sense.
    """
    refuse_detector(path, options)
    with archive(path) as opened_zip:
        members = _members(path, opened_zip)
        name = _chosen(path, members, options)
        header = members[name]
        check_numbers(f"{path.name}: {name}", header)
        where = f"{path.name}: {name}"
        axes = order_of_axes(where, header.shape, options)
        counts = _counts(path, opened_zip.getinfo(f"{name}.npy"), header, axes)
        calibrated = calibration(
            options,
            counts.shape[2],
            lambda: _energies(path, opened_zip, members, counts.shape[2]),
        )
    layout = {"dataset": name, "axes": axes}
    return opened(path, NPZ.name, counts, calibrated, layout=layout)


def _members(path: Path, opened_zip: zipfile.ZipFile) -> dict[str, NpyHeader]:
    """Read the header of each array in the zip."""
    entries = opened_zip.infolist()
    if len(entries) > _MOST_ARRAYS:
        raise FormatError(f"{path.name} holds more than {_MOST_ARRAYS} arrays.")
    members = {}
    for entry in entries:
        with opened_zip.open(entry) as stream:
            header = read_npy_header(stream)  # type: ignore[arg-type]
        members[entry.filename.removesuffix(".npy")] = header
    return members


def _chosen(path: Path, members: dict[str, NpyHeader], options: ReadOptions) -> str:
    """Return the array to open: the one named, or the only one that can be a scan."""
    listing = ", ".join(f"{name} {one.shape}" for name, one in members.items())
    if options.dataset is not None:
        if options.dataset not in members:
            raise FormatError(
                f"{path.name} has no array {options.dataset!r}; it has {listing}"
                f"{did_you_mean(options.dataset, members)}"
            )
        return options.dataset
    solid = [name for name, one in members.items() if len(one.shape) == 3]
    scans = [name for name in solid if could_be_scan(members[name].shape)] or solid
    if not scans:
        raise FormatError(f"{path.name} holds {listing}: none is a datacube.")
    if len(scans) > 1:
        largest = max(scans, key=lambda name: math.prod(members[name].shape))
        raise UnknownLayoutError(
            f"{path.name} holds several arrays: {listing}. Say which one to open "
            "(dataset).",
            needs=("dataset",),
            guess=ReadOptions(dataset=largest),
        )
    return scans[0]


def _counts(
    path: Path, entry: zipfile.ZipInfo, header: NpyHeader, axes: str
) -> da.Array:
    n_bytes = math.prod(header.shape) * header.dtype.itemsize
    check_promise(path, entry, header.offset + n_bytes)
    start, stored = start_of(path, entry), header.stored_axes(axes)
    if start is not None:
        offset = start + header.offset
        raw = RawArray(path, header.dtype, header.stored_shape, offset)
        return lazy_oriented(raw, stored)
    packed = PackedArray(path, entry.filename, header)
    return lazy_oriented(packed, stored)


class PackedArray:
    """An array packed in a zip, unpacked as a whole when it is first needed.

    Pickles as its description.

    Parameters
    ----------
    path : Path
        The archive.
    name : str
        Name of the entry.
    header : NpyHeader
        Header of the array.

    Raises
    ------
    FormatError
        The array does not fit into half of the free memory.
    """

    def __init__(self, path: Path, name: str, header: NpyHeader) -> None:
        self.path, self.name, self.header = path.resolve(), name, header
        self.shape, self.dtype = header.stored_shape, header.dtype
        self._lock = threading.Lock()
        self._values: npt.NDArray[Any] | None = None
        self._identity = self._stamp()
        self._check_memory()

    @property
    def nbytes(self) -> int:
        """Bytes of all values."""
        return math.prod(self.shape) * self.dtype.itemsize

    def _stamp(self) -> tuple[int, int]:
        facts = self.path.stat()
        return facts.st_size, facts.st_mtime_ns

    def _check_memory(self) -> None:
        import psutil

        free = psutil.virtual_memory().available
        if self.nbytes > free / 2:
            raise FormatError(
                f"{self.path.name} needs {self.nbytes / 1e9:.1f} GB of memory; "
                f"{free / 1e9:.1f} GB are free. Save it with {_NOT_PACKED}: then it "
                "is read in parts."
            )

    def __getitem__(self, key: Any) -> npt.NDArray[Any]:
        with self._lock:
            if self._values is None:
                self._values = self._unpacked()
            return np.asarray(self._values[key])

    def _unpacked(self) -> npt.NDArray[Any]:
        self._check_memory()
        with archive(self.path) as opened_zip, opened_zip.open(self.name) as stream:
            if self._stamp() != self._identity:
                raise FormatError(
                    f"{self.path.name} has changed since it was opened. Open it again."
                )
            stream.read(self.header.offset)
            values = np.empty(self.shape, self.dtype)
            view = values.reshape(-1).view(np.uint8).data
            while view:
                part = stream.read(min(len(view), 2**24))
                if not part:
                    raise FormatError(f"{self.path.name} ends before its last pixel.")
                view[: len(part)] = part
                view = view[len(part) :]
        return values

    def __reduce__(self) -> tuple[Any, ...]:
        return PackedArray, (self.path, self.name, self.header)

    def __dask_tokenize__(self) -> tuple[Any, ...]:
        return "PackedArray", str(self.path), self.name, *self._identity


def _energies(
    path: Path,
    opened_zip: zipfile.ZipFile,
    members: dict[str, NpyHeader],
    n_channels: int,
) -> EnergyAxis | None:
    """Read a vector of energies kept beside the counts."""
    sizes = {(n_channels,), (n_channels + 1,)}
    fitting = (
        name
        for name in _ENERGY_NAMES
        if name in members
        and members[name].shape in sizes
        and members[name].dtype.kind in "uif"
    )
    name = next(fitting, None)
    if name is None or n_channels > _MOST_CHANNELS:
        return None
    header = members[name]
    n_bytes = header.shape[0] * header.dtype.itemsize
    check_promise(path, opened_zip.getinfo(f"{name}.npy"), header.offset + n_bytes)
    with opened_zip.open(f"{name}.npy") as stream:
        content = stream.read(header.offset + n_bytes)[header.offset :]
    return axis_from_energies(np.frombuffer(content, header.dtype), n_channels)


def _npy_bytes(path: Path) -> bytes:
    header = _npy_header(path)
    if header is None:
        return b""
    with path.open("rb") as stream:
        return stream.read(header.offset)


def _npz_bytes(path: Path) -> bytes:
    with archive(path) as opened_zip:
        members = _members(path, opened_zip)
    lines = (f"{name} {one.shape} {one.dtype.str}" for name, one in members.items())
    return "\n".join(sorted(lines)).encode()


NPY = Format(
    "npy", "NumPy array (.npy)", (".npy",), is_npy, open_npy, header=_npy_bytes
)
NPZ = Format(
    "npz",
    "NumPy arrays (.npz; packed ones are unpacked into memory)",
    (".npz",),
    is_npz,
    open_npz,
    header=_npz_bytes,
)
FORMATS = (NPY, NPZ)
