"""Counts in a file of blocks, read box by box.

The file stays open: on most systems it can then be deleted while its cube is shown,
and on Windows it cannot. It is never mapped into memory.
"""

from __future__ import annotations

import os
import threading
from itertools import pairwise
from typing import TYPE_CHECKING, Any
from weakref import finalize

import numpy as np
import numpy.typing as npt

from napari_maxrf.cube import CubeSums
from napari_maxrf.errors import FormatError
from napari_maxrf.io._held import reading
from napari_maxrf.io._keys import box_of, picked
from napari_maxrf.io.blocked._layout import (
    DEEP,
    HIGH,
    WIDE,
    WORD,
    read_header,
    read_tables,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Box = tuple[slice, slice, slice]
_MOST_AT_ONCE = 2**26


class BlockedArray:
    """Counts (y, x, energy) in a file of blocks.

    Parameters
    ----------
    path : Path
        The file.

    Raises
    ------
    FormatError
        It is damaged, or of another version.
    """

    ndim = 3

    def __init__(self, path: Path) -> None:
        self.path = path.resolve()
        with reading(self.path):
            self._stream = self.path.open("rb", buffering=0)
            finalize(self, self._stream.close)
            self.header = read_header(self._stream, path.name)
            tables = read_tables(self._stream, self.header, path.name)
        self._places, self._lengths = tables.pop("places"), tables.pop("lengths")
        self._sums = CubeSums(**tables)
        self.shape = self.header.shape
        self.dtype = np.dtype(self.header.dtype)
        self._bits = np.dtype(f"u{self.dtype.itemsize}")
        self._lock = threading.Lock()
        facts = os.fstat(self._stream.fileno())
        self._identity = facts.st_size, facts.st_ino, self.header.checksum

    @property
    def nbytes(self) -> int:
        """Bytes of the file."""
        return self._identity[0]

    def sums(self) -> CubeSums:
        """Return the sums that were made when the counts were packed."""
        return self._sums

    def __getitem__(self, key: Any) -> npt.NDArray[Any]:
        box, picks = box_of(key, self.shape)
        return picked(self.box((box[0], box[1], box[2])), picks)

    def box(self, box: Box) -> npt.NDArray[Any]:
        """Read a box of counts, shape (rows, columns, channels)."""
        rows, sizes = box[0], [one.stop - one.start for one in box]
        values = np.zeros(sizes, self._bits)
        if values.size:
            with reading(self.path):
                for y in range(rows.start // HIGH, -(-rows.stop // HIGH)):
                    self._row_of_blocks(y, box, values)
        return values.view(self.dtype)

    def _row_of_blocks(self, y: int, box: Box, values: npt.NDArray[Any]) -> None:
        """Unpack what a box takes from one row of blocks."""
        from napari_maxrf.io.blocked._kernels import unpack

        rows, columns, channels = box
        n_rows, n_channels = self.shape[0], self.shape[2]
        first, last = columns.start // WIDE, -(-columns.stop // WIDE)
        in_rows = _inside(rows, y * HIGH, HIGH)
        in_columns = columns.start - first * WIDE, columns.stop - first * WIDE
        for e in range(channels.start // DEEP, -(-channels.stop // DEEP)):
            words, starts = self._run(y, e, first, last)
            sizes = min(HIGH, n_rows - y * HIGH), min(DEEP, n_channels - e * DEEP)
            in_channels = _inside(channels, e * DEEP, DEEP)
            at = (
                max(y * HIGH - rows.start, 0),
                max(e * DEEP - channels.start, 0),
            )
            if not unpack(
                words, starts, sizes, in_rows, in_columns, in_channels, values, at
            ):
                raise FormatError(
                    f"{self.path.name} in the cache is damaged. Delete it: "
                    "napari-maxrf cache clear."
                )

    def _run(
        self, y: int, e: int, first: int, last: int
    ) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.int64]]:
        """Read neighbouring blocks; those that stand together in one piece."""
        where = y, e, slice(first, last)
        places, lengths = self._places[where], self._lengths[where]
        starts = np.zeros(last - first + 1, np.int64)
        np.cumsum(lengths, out=starts[1:])
        words = np.empty(int(starts[-1]), "<u8")
        for low, high in _pieces(places, lengths):
            part = words[starts[low] : starts[high]]
            self._fill(int(places[low]), part.view(np.uint8).data)
        return words.astype(np.uint64, copy=False), starts

    def _fill(self, place: int, view: memoryview) -> None:
        """Read from a place, from several threads at once where that is possible."""
        while view:
            n_read = self._read(place, view)
            if not n_read:
                raise FormatError(f"{self.path.name} in the cache has been cut.")
            place, view = place + n_read, view[n_read:]

    def _read(self, place: int, view: memoryview) -> int:
        if hasattr(os, "preadv"):
            return os.preadv(self._stream.fileno(), [view], place)
        with self._lock:
            self._stream.seek(place)
            return self._stream.readinto(view) or 0

    def __reduce__(self) -> tuple[Any, ...]:
        return BlockedArray, (self.path,)

    def __dask_tokenize__(self) -> tuple[Any, ...]:
        return "BlockedArray", str(self.path), *self._identity


def _inside(wanted: slice, start: int, size: int) -> tuple[int, int]:
    """Return which entries of a block are wanted, counted from its first."""
    return max(wanted.start - start, 0), min(wanted.stop - start, size)


def _pieces(
    places: npt.NDArray[np.uint64], lengths: npt.NDArray[np.uint32]
) -> Iterator[tuple[int, int]]:
    """Return runs of blocks that follow each other in the file."""
    ends = places + lengths.astype(np.uint64) * np.uint64(WORD)
    breaks = np.flatnonzero(places[1:] != ends[:-1]) + 1
    limits = [0, *breaks.tolist(), places.size]
    return pairwise(limits)
