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
from napari_maxrf.io._keys import box_of, picked
from napari_maxrf.io._oriented import lazy_oriented

if TYPE_CHECKING:
    from io import FileIO
    from pathlib import Path

    import dask.array as da

_GAP_BYTES = 2**14
"""Reading on is quicker than a jump over fewer bytes."""


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
        box, picks = box_of(key, self.shape)
        return picked(self._box(box), picks)

    def _box(self, box: tuple[slice, ...]) -> npt.NDArray[Any]:
        """Read a box: whole entries of the slowest axis, or a part of each."""
        first, *inner = box
        with reading(self.path):
            if self._stamp() != self._identity:
                raise FormatError(
                    f"{self.path.name} has changed since it was opened. Open it again."
                )
            if inner and self._skips_much(inner[0]):
                values = self._read([(i, inner[0]) for i in _each(first)])
                return values[(slice(None), slice(None), *inner[1:])]
            whole = slice(first.start * self._row, first.stop * self._row)
            values = self._read([(0, whole)]).reshape(-1, *self.shape[1:])
            return values[(slice(None), *inner)]

    @property
    def _row(self) -> int:
        """Entries of the second axis in one of the first."""
        return self.shape[1] if self.ndim > 1 else 1

    def _skips_much(self, second: slice) -> bool:
        left_out = self._row - (second.stop - second.start)
        step = math.prod(self.shape[2:]) * self.dtype.itemsize
        return bool(left_out * step > _GAP_BYTES)

    def _read(self, runs: list[tuple[int, slice]]) -> npt.NDArray[Any]:
        """Read runs of the second axis, each from an entry of the first."""
        length = runs[0][1].stop - runs[0][1].start if runs else 0
        values = np.empty((len(runs), length, *self.shape[2:]), self.dtype)
        with self.path.open("rb", buffering=0) as stream:
            for target, (entry, run) in zip(values, runs, strict=True):
                stream.seek(self._place(entry, run.start))
                self._fill(stream, target)
        return values

    def _place(self, entry: int, second: int) -> int:
        """Return where an entry of the second axis begins in the file."""
        step = math.prod(self.shape[2:]) * self.dtype.itemsize
        return self.offset + (entry * self._row + second) * step

    def _fill(self, stream: FileIO, target: npt.NDArray[Any]) -> None:
        view = target.reshape(-1).view(np.uint8).data
        while view:
            n_read = stream.readinto(view)
            if not n_read:
                raise FormatError(f"{self.path.name} ends before its last pixel.")
            view = view[n_read:]

    def __reduce__(self) -> tuple[Any, ...]:
        return RawArray, (self.path, self.dtype, self.shape, self.offset)

    def __dask_tokenize__(self) -> tuple[Any, ...]:
        facts = (str(self.path), str(self.dtype), self.shape, self.offset)
        return *facts, *self._identity


def _each(entries: slice) -> range:
    return range(entries.start, entries.stop)


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
        In the machine's byte order, and in blocks that lie together in the file.
    """
    return lazy_oriented(raw, axes)
