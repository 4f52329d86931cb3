"""HDF5 files that stay open behind a lazy array, and can be let go.

A lazily held cube needs its file for as long as someone may look at a spectrum.
On Windows an open file can be neither replaced nor deleted, so every open file is
known here and `release` closes it; the next read opens it again.
"""

from __future__ import annotations

import math
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

import h5py
import numpy as np
import numpy.typing as npt

from napari_maxrf.errors import FormatError, MaxrfError

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator

_READ_ERRORS = (
    OSError,
    KeyError,
    IndexError,
    ValueError,
    TypeError,
    AttributeError,
    RuntimeError,
    OverflowError,
    MemoryError,
)
_MAX_CHUNK_BYTES = 2**30


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn whatever a damaged file raises into one `FormatError` line."""
    try:
        yield
    except MaxrfError:
        raise
    except _READ_ERRORS as error:
        reason = " ".join(str(error).split()).strip("'\"") or type(error).__name__
        raise FormatError(
            f"{path.name} is damaged or incomplete ({reason}). Copy it again from "
            "its source, or restore it from a backup."
        ) from error


def open_file(path: Path) -> h5py.File:
    """Open an HDF5 file for reading only."""
    return h5py.File(path, "r", locking="best-effort")


def own_dataset(parent: h5py.Group, name: str) -> h5py.Dataset:
    """Return a dataset whose values lie inside this very file.

    Raises
    ------
    FormatError
        It is missing, not a dataset, kept in another file, or packed by a filter
        which is not installed.
    """
    file_name = Path(parent.file.filename).name
    where = f"{parent.name.rstrip('/')}/{name}"
    if isinstance(parent.get(name, getlink=True), h5py.ExternalLink):
        raise FormatError(_elsewhere(file_name, where))
    dataset = parent.get(name)
    if not isinstance(dataset, h5py.Dataset):
        raise FormatError(f"{file_name} is incomplete: it has no dataset {where}.")
    if dataset.is_virtual or dataset.external:
        raise FormatError(_elsewhere(file_name, where))
    _check_filters(dataset, file_name)
    return dataset


def read_small(dataset: h5py.Dataset, shape: tuple[int, ...]) -> npt.NDArray[Any]:
    """Read a dataset whole, after its size was found to be the expected one.

    Raises
    ------
    FormatError
        Shape or type is not the expected one, or the stored bytes cannot hold it.
    """
    name = Path(dataset.file.filename).name
    if dataset.shape != shape or dataset.dtype.kind not in "buif":
        raise FormatError(
            f"{name}: {dataset.name} has shape {dataset.shape} and type "
            f"{dataset.dtype}; expected numbers of shape {shape}."
        )
    # deflate cannot shrink by more than a factor of 1032
    if dataset.nbytes > 1100 * dataset.id.get_storage_size() + 4096:
        raise FormatError(f"{name} is incomplete: {dataset.name} was not written.")
    return np.asarray(dataset[()])


class HeldDataset:
    """A dataset that dask reads from block by block, one thread at a time.

    Pickles as path and name, so that a graph can travel to other processes.

    Parameters
    ----------
    path : Path
        HDF5 file.
    name : str
        Full name of the dataset in it.
    """

    def __init__(self, path: Path, name: str) -> None:
        self.path, self.name = path.resolve(), name
        self._lock = threading.Lock()
        self._file: h5py.File | None = open_file(self.path)
        dataset = self._file[name]
        self.shape: tuple[int, ...] = dataset.shape
        self.dtype: np.dtype[Any] = dataset.dtype
        self.chunks: tuple[int, ...] | None = dataset.chunks
        self.ndim = len(self.shape)
        self._identity = self._stamp()
        _HELD.add(self)

    def __getitem__(self, key: Any) -> npt.NDArray[Any]:
        with reading(self.path), self._lock:
            return np.asarray(self._dataset()[key])

    def _dataset(self) -> h5py.Dataset:
        """Return the open dataset; open the file again if it was let go."""
        if self._file is None:
            if self._stamp() != self._identity:
                raise FormatError(
                    f"{self.path.name} has changed since it was opened. Open it again."
                )
            self._file = open_file(self.path)
        return self._file[self.name]

    def _stamp(self) -> tuple[int, int]:
        facts = self.path.stat()
        return facts.st_size, facts.st_mtime_ns

    def close(self) -> None:
        """Let the file go; a later read opens it again."""
        with self._lock:
            held, self._file = self._file, None
            if held is not None:
                held.close()

    def __reduce__(self) -> tuple[Any, ...]:
        return HeldDataset, (self.path, self.name)

    def __dask_tokenize__(self) -> tuple[Any, ...]:
        return str(self.path), self.name, *self._identity


_HELD: WeakSet[HeldDataset] = WeakSet()


def release(path: str | os.PathLike[str]) -> None:
    """Close every file behind an open cube that stands at `path`.

    Needed on Windows before a file is replaced or deleted. Cubes stay usable as
    long as the file is the same: the next read opens it again.
    """
    target = Path(path).resolve()
    for held in list(_HELD):
        if held.path == target:
            held.close()


def check_counts(dataset: h5py.Dataset, complete: bool = False) -> None:
    """Refuse what cannot be counts, or would need absurd blocks of memory.

    Parameters
    ----------
    dataset : h5py.Dataset
        Supposed counts (y, x, energy).
    complete : bool, optional
        Refuse a dataset of which blocks were never written. Other programs leave
        such blocks in the files of a scan that was stopped.

    Raises
    ------
    FormatError
        Not a 3-D array of numbers, not fully written, or with oversized chunks.
    """
    name = Path(dataset.file.filename).name
    if dataset.ndim != 3 or 0 in dataset.shape or dataset.dtype.kind not in "uif":
        raise FormatError(
            f"{name}: {dataset.name} has shape {dataset.shape} and type "
            f"{dataset.dtype}; expected counts (y, x, energy)."
        )
    chunk = dataset.chunks or (1,)
    if math.prod(chunk) * dataset.dtype.itemsize > _MAX_CHUNK_BYTES:
        raise FormatError(f"{name}: chunks {chunk} are too large to read.")
    if complete and not _fully_written(dataset):
        raise FormatError(
            f"{name} is incomplete: only a part of {dataset.name} was written."
        )


def _fully_written(dataset: h5py.Dataset) -> bool:
    if dataset.chunks is None:
        return bool(dataset.id.get_storage_size() == dataset.nbytes)
    sizes = zip(dataset.shape, dataset.chunks, strict=True)
    n_blocks = math.prod(-(-int(size) // int(chunk)) for size, chunk in sizes)
    return int(dataset.id.get_num_chunks()) == n_blocks


def _check_filters(dataset: h5py.Dataset, file_name: str) -> None:
    plist = dataset.id.get_create_plist()
    for index in range(plist.get_nfilters()):
        if not h5py.h5z.filter_avail(plist.get_filter(index)[0]):
            raise FormatError(
                f"{file_name} is packed by a filter that is not installed. It needs "
                "the hdf5plugin package: pip install hdf5plugin."
            )


def _elsewhere(file_name: str, where: str) -> str:
    return (
        f"{file_name} keeps {where} in another file, which is not followed. "
        "Copy the values into one file first."
    )
