"""HDF5 files that stay open behind a lazy array, and can be let go.

A lazily held cube needs its file for as long as someone may look at a spectrum.
On Windows an open file can be neither replaced nor deleted, so every open file is
known here and `release` closes it; the next read opens it again.
"""

from __future__ import annotations

import importlib
import math
import re
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

import h5py
import numpy as np
import numpy.typing as npt

from napari_maxrf.errors import FormatError, MaxrfError
from napari_maxrf.io._heaps import has_endless_heap

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
_MOST_PIXELS, _MOST_CHANNELS = 2**26, 2**16
_MANY_BLOCKS = 100_000
_CUT = re.compile(r"truncated file: eof = (\d+), .*stored_eof = (\d+)")
_FILTERS = {32001: "Blosc", 32004: "LZ4", 32008: "bitshuffle", 32015: "Zstandard"}


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
    """Open an HDF5 file for reading only.

    The library knows a file by its place on the disk. As long as one that was
    overwritten is open somewhere, it would go on with what it has in memory.

    Raises
    ------
    FormatError
        The file is shorter than it says, or another program is writing to it.
    OSError
        It cannot be read.
    """
    for held in list(_HELD):
        if held.was_overwritten():
            held.close()
    return _opened(path)


def _opened(path: Path) -> h5py.File:
    if has_endless_heap(path):
        raise FormatError(
            f"{path.name} is damaged: its names and texts cannot be read. Copy it "
            "again from its source, or restore it from a backup."
        )
    try:
        return h5py.File(path, "r", locking="best-effort")
    except BlockingIOError as error:
        raise FormatError(
            f"{path.name} is open for writing in another program. Close it there, or "
            "wait until the scan is complete."
        ) from error
    except OSError as error:
        if cut := _CUT.search(str(error)):
            size, needed = int(cut[1]), int(cut[2])
            raise FormatError(
                f"{path.name} is incomplete: it has {size:,} bytes of {needed:,}. Copy "
                "it again from its source."
            ) from error
        raise


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
    link = parent.get(name, getlink=True)
    if isinstance(link, h5py.ExternalLink):
        raise FormatError(elsewhere(file_name, where, link.filename))
    dataset = parent.get(name)
    if not isinstance(dataset, h5py.Dataset):
        raise FormatError(f"{file_name} is incomplete: it has no dataset {where}.")
    if dataset.is_virtual:
        sources = {source.file_name for source in dataset.virtual_sources()}
        raise FormatError(elsewhere(file_name, where, *sorted(sources)))
    if dataset.external:
        raise FormatError(elsewhere(file_name, where, dataset.external[0][0]))
    _check_filters(dataset, file_name)
    return dataset


def read_small(dataset: h5py.Dataset, shape: tuple[int, ...]) -> npt.NDArray[Any]:
    """Read a dataset whole, after its size was found to be the expected one.

    Raises
    ------
    FormatError
        Shape or type is not the expected one, or the stored bytes cannot hold it.
    """
    check_small(dataset, shape)
    return np.asarray(dataset[()])


def check_small(dataset: h5py.Dataset, shape: tuple[int, ...]) -> None:
    """Refuse a dataset that is not of the expected shape; see `read_small`."""
    name = Path(dataset.file.filename).name
    if dataset.shape != shape or dataset.dtype.kind not in "buif":
        raise FormatError(
            f"{name}: {dataset.name} has shape {dataset.shape} and type "
            f"{dataset.dtype}; expected numbers of shape {shape}."
        )
    # deflate cannot shrink by more than a factor of 1032
    if dataset.nbytes > 1100 * dataset.id.get_storage_size() + 4096:
        raise FormatError(f"{name} is incomplete: {dataset.name} was not written.")


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
        let_go = self._file is None
        if self.was_overwritten() or (let_go and self._stamp() != self._identity):
            raise FormatError(
                f"{self.path.name} has changed since it was opened. Open it again."
            )
        if self._file is None:
            self._file = _opened(self.path)
        return self._file[self.name]

    def was_overwritten(self) -> bool:
        """Tell whether another program has written into the very file.

        A file that was replaced by another one, or deleted, is still there for those
        who have it open.
        """
        try:
            now = self._stamp()
        except OSError:
            return False
        return now != self._identity and now[0] == self._identity[0]

    def _stamp(self) -> tuple[int, int, int]:
        facts = self.path.stat()
        return facts.st_ino, facts.st_size, facts.st_mtime_ns

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
    if not are_numbers(dataset) or dataset.ndim != 3 or 0 in dataset.shape:
        raise FormatError(
            f"{name}: {dataset.name} has shape {dataset.shape} and type "
            f"{dataset.dtype}; expected counts (y, x, energy)."
        )
    if math.prod(dataset.shape) > _MOST_PIXELS * _MOST_CHANNELS:
        raise FormatError(
            f"{name}: {dataset.name} claims {dataset.shape} values, more than any scan "
            "has. The file is damaged or incomplete."
        )
    chunk = dataset.chunks or (1,)
    if math.prod(chunk) * dataset.dtype.itemsize > _MAX_CHUNK_BYTES:
        raise FormatError(f"{name}: chunks {chunk} are too large to read.")
    _check_place(dataset, name)
    if complete and not _fully_written(dataset):
        raise FormatError(
            f"{name} is incomplete: only a part of {dataset.name} was written."
        )


def are_numbers(dataset: h5py.Dataset) -> bool:
    """Tell whether a dataset holds integers or floats that NumPy works with."""
    return dataset.dtype.kind in "uif" and dataset.dtype.itemsize <= 8


def written_blocks(dataset: h5py.Dataset) -> tuple[int, int] | None:
    """Count the blocks that were written, and all blocks, of a chunked dataset.

    Returns
    -------
    (int, int) or None
        None for a dataset in one piece, and for so many blocks that counting them
        would take long.
    """
    if dataset.chunks is None:
        return None
    sizes = zip(dataset.shape, dataset.chunks, strict=True)
    n_blocks = math.prod(-(-int(size) // int(chunk)) for size, chunk in sizes)
    if n_blocks > _MANY_BLOCKS:
        return None
    return int(dataset.id.get_num_chunks()), n_blocks


def _check_place(dataset: h5py.Dataset, name: str) -> None:
    """Compare where a dataset in one piece lies with the length of the file."""
    start = dataset.id.get_offset() if dataset.chunks is None else None
    size = Path(dataset.file.filename).stat().st_size
    if start is not None and start + dataset.nbytes > size:
        raise FormatError(
            f"{name} has {size:,} bytes; {dataset.name} needs {dataset.nbytes:,} after "
            f"{start:,}. Is the scan complete?"
        )


def _fully_written(dataset: h5py.Dataset) -> bool:
    if dataset.chunks is None:
        return bool(dataset.id.get_storage_size() == dataset.nbytes)
    written, all_blocks = written_blocks(dataset) or (0, 0)
    return written == all_blocks


def _check_filters(dataset: h5py.Dataset, file_name: str) -> None:
    plist = dataset.id.get_create_plist()
    for index in range(plist.get_nfilters()):
        code = plist.get_filter(index)[0]
        if not _is_available(code):
            known = f" ({_FILTERS[code]})" if code in _FILTERS else ""
            raise FormatError(
                f"{file_name} is packed by a filter that is not installed{known}. It "
                "needs the hdf5plugin package: pip install hdf5plugin."
            )


def _is_available(code: int) -> bool:
    """Tell whether a filter is there; the package of filters registers its own."""
    if not h5py.h5z.filter_avail(code):
        try:
            importlib.import_module("hdf5plugin")
        except ImportError:
            return False
    return bool(h5py.h5z.filter_avail(code))


def elsewhere(file_name: str, where: str, *targets: str) -> str:
    """Say that values lie in another file, and what can be done.

    Examples
    --------
    >>> elsewhere("all.h5", "/entry/data", "/raw/scan_1.h5").partition(", which")[0]
    'all.h5 keeps /entry/data in another file, scan_1.h5'
    """
    names = [target.replace("\\", "/").rpartition("/")[2] for target in targets]
    if len(names) == 1 and names[0] not in ("", "."):
        return (
            f"{file_name} keeps {where} in another file, {names[0]}, which is not "
            "followed. Open that file instead."
        )
    return (
        f"{file_name} keeps {where} in other files, which are not followed. "
        "Copy the values into one file first."
    )
