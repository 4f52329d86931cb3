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
        first_x, last_x = columns.start // WIDE, -(-columns.stop // WIDE)
        first_e, last_e = channels.start // DEEP, -(-channels.stop // DEEP)
        where = y, slice(first_e, last_e), slice(first_x, last_x)
        words, starts = self._blocks(where)
        n_rows = min(HIGH, self.shape[0] - y * HIGH)
        n_channels = min(last_e * DEEP, self.shape[2]) - first_e * DEEP
        top = max(y * HIGH - rows.start, 0)
        sound = unpack(
            words,
            starts,
            last_x - first_x,
            (n_rows, n_channels),
            DEEP,
            (max(rows.start - y * HIGH, 0), min(rows.stop - y * HIGH, n_rows)),
            _from(columns, first_x * WIDE),
            _from(channels, first_e * DEEP),
            values[top:],
        )
        if not sound:
            raise FormatError(
                f"{self.path.name} in the cache is damaged. Delete it: "
                "napari-maxrf cache clear."
            )

    def _blocks(
        self, where: tuple[int, slice, slice]
    ) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.int64]]:
        """Read blocks; those that stand together in one piece."""
        places, lengths = self._places[where].ravel(), self._lengths[where].ravel()
        starts = np.zeros(places.size + 1, np.int64)
        np.cumsum(lengths, out=starts[1:])
        words = np.empty(int(starts[-1]), "<u8")
        content = words.view(np.uint8).data
        for low, high in _pieces(places, lengths):
            self._fill(
                int(places[low]), content[starts[low] * WORD : starts[high] * WORD]
            )
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


def _from(wanted: slice, start: int) -> tuple[int, int]:
    """Return first and last entry, counted from a start."""
    return wanted.start - start, wanted.stop - start


def _pieces(
    places: npt.NDArray[np.uint64], lengths: npt.NDArray[np.uint32]
) -> Iterator[tuple[int, int]]:
    """Return runs of blocks that follow each other in the file."""
    ends = places + lengths.astype(np.uint64) * np.uint64(WORD)
    breaks = np.flatnonzero(places[1:] != ends[:-1]) + 1
    limits = [0, *breaks.tolist(), places.size]
    return pairwise(limits)
