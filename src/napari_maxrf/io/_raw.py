"""Plain arrays in files, read block by block without mapping them.

A mapped file that is cut short or unplugged kills the process at the next touch; a
read that fails is an error like any other. The file is opened for each block, so
that no handle stays open, and a file that has changed meanwhile is refused.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from napari_maxrf.errors import FormatError
from napari_maxrf.io._held import reading

if TYPE_CHECKING:
    from pathlib import Path

    import dask.array as da

_BLOCK_BYTES = 32 * 2**20


class RawArray:
    """An array in C order that lies in a file as it is.

    Pickles as its description, so that a graph can travel to other processes.

    Parameters
    ----------
    path : Path
        The file.
    dtype : dtype
        Type of a value, with its byte order.
    shape : tuple of int
        Shape, slowest axis first.
    offset : int
        Bytes before the first value.

    Raises
    ------
    FormatError
        The file is shorter than offset and shape say.
    """

    def __init__(
        self, path: Path, dtype: np.dtype[Any], shape: tuple[int, ...], offset: int = 0
    ) -> None:
        self.path = path.resolve()
        self.dtype = np.dtype(dtype)
        self.shape = tuple(int(size) for size in shape)
        self.offset = int(offset)
        self.ndim = len(self.shape)
        with reading(self.path):
            self._identity = self._stamp()
        self._check_length()

    @property
    def nbytes(self) -> int:
        """Bytes of all values."""
        return math.prod(self.shape) * self.dtype.itemsize

    def _check_length(self) -> None:
        size, needed = self._identity[0], self.offset + self.nbytes
        if size < needed:
            shown = " x ".join(map(str, (*self.shape, self.dtype.itemsize)))
            raise FormatError(
                f"{self.path.name} has {size:,} bytes; {needed:,} are needed "
                f"({shown}, after {self.offset}). Is the scan complete?"
            )

    def _stamp(self) -> tuple[int, int]:
        facts = self.path.stat()
        return facts.st_size, facts.st_mtime_ns

    def __getitem__(self, key: Any) -> npt.NDArray[Any]:
        first, *rest = (*_as_slices(key, self.ndim),)
        start, stop, step = first.indices(self.shape[0])
        rows = self._rows(start, max(start, stop))
        return np.asarray(rows[(slice(None, None, step), *rest)])

    def _rows(self, start: int, stop: int) -> npt.NDArray[Any]:
        """Read entries of the slowest axis, which lie one after the other."""
        entry = math.prod(self.shape[1:])
        with reading(self.path):
            if self._stamp() != self._identity:
                raise FormatError(
                    f"{self.path.name} has changed since it was opened. Open it again."
                )
            with self.path.open("rb") as stream:
                stream.seek(self.offset + start * entry * self.dtype.itemsize)
                values = np.fromfile(stream, self.dtype, (stop - start) * entry)
        if values.size < (stop - start) * entry:
            raise FormatError(f"{self.path.name} ends before its last pixel.")
        return values.reshape(stop - start, *self.shape[1:])

    def __reduce__(self) -> tuple[Any, ...]:
        return RawArray, (self.path, self.dtype, self.shape, self.offset)

    def __dask_tokenize__(self) -> tuple[Any, ...]:
        facts = (str(self.path), str(self.dtype), self.shape, self.offset)
        return *facts, *self._identity


def _as_slices(key: Any, ndim: int) -> list[slice]:
    """Return one slice for each axis of a basic key."""
    keys = list(key) if isinstance(key, tuple) else [key]
    if Ellipsis in keys:
        at = keys.index(Ellipsis)
        keys[at : at + 1] = [slice(None)] * (ndim - len(keys) + 1)
    return keys + [slice(None)] * (ndim - len(keys))


def lazy_raw(raw: RawArray, axes: str) -> da.Array:
    """Wrap a raw 3-D array as counts (y, x, energy).

    Parameters
    ----------
    raw : RawArray
        Counts in any order of axes.
    axes : str
        That order, slowest first, for example ``"eyx"``.

    Returns
    -------
    dask array
        In blocks of whole entries of the file's slowest axis, about 32 MiB each.
    """
    import dask.array as da

    entry = max(1, raw.nbytes // max(raw.shape[0], 1))
    rows = max(1, min(raw.shape[0], _BLOCK_BYTES // entry))
    lazy: da.Array = da.from_array(
        raw, chunks=(rows, *raw.shape[1:]), asarray=False, fancy=False
    )
    counts: da.Array = lazy.transpose([axes.index(axis) for axis in "yxe"])
    return counts
