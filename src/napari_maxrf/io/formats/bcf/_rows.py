"""Where the rows of a detector lie, found once and as far as they are needed.

Spectra have no table of their own, only heads that lead from one to the next. Newer
files bring the place of every pixel in a second entry; without it the heads are
walked, for large files not before a row is asked for.
"""

from __future__ import annotations

import struct
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt

from napari_maxrf.errors import FormatError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from napari_maxrf.io.formats.bcf._container import Read

_SIZES, _FIRST_ROW_AT = struct.Struct("<III"), 0x1A0
_POSITION_BYTES, _HEAD_TO_POSITION, _ROW_TO_HEAD = 8, 4, 4
_STRETCH_BYTES = 2**22
_MOST_PIXELS, _MOST_CHANNELS = 2**20, 2**16


class Source(Protocol):
    """An entry of the container, packed or not."""

    @property
    def path(self) -> Path:
        """The container."""

    @property
    def name(self) -> str:
        """Name of the entry."""

    @property
    def size(self) -> int:
        """Bytes it has when whole."""

    @property
    def readable(self) -> int:
        """Bytes that are there."""

    @property
    def effort(self) -> int:
        """What reading all of it costs."""

    def session(self) -> AbstractContextManager[Read]:
        """Open the container for several reads."""


@dataclass(frozen=True)
class Sizes:
    """Rows, pixels in a row, and channels of a detector."""

    height: int
    width: int
    n_channels: int


def read_sizes(source: Source, read: Read) -> Sizes:
    """Read and check the sizes at the start of the spectra.

    Raises
    ------
    FormatError
        There is no pixel, or more than the entry can hold.
    """
    start = bytes(read(0, _SIZES.size))
    if len(start) < _SIZES.size:
        raise FormatError(
            f"{source.path.name} is cut off before {source.name}. Copy it again from "
            "its source."
        )
    height, width, n_channels = _SIZES.unpack(start)
    room = max(source.size - _FIRST_ROW_AT, 0) // 4
    if not 0 < height <= min(room, _MOST_PIXELS) or not 0 < width <= _MOST_PIXELS:
        raise FormatError(
            f"{source.path.name}: {source.name} promises {height:,} rows of {width:,} "
            f"pixels, which cannot lie in {source.size:,} bytes."
        )
    if not 0 < n_channels <= _MOST_CHANNELS:
        raise FormatError(
            f"{source.path.name}: {source.name} promises {n_channels:,} channels; "
            f"expected 1 to {_MOST_CHANNELS:,}."
        )
    return Sizes(height, width, n_channels)


class Rows:
    """Places of the rows of one detector.

    Parameters
    ----------
    source : Source
        Spectra of the detector.
    sizes : Sizes
        As the spectra state them.

    Attributes
    ----------
    offsets : ndarray of int64, shape (height + 1,)
        Place of the first byte of each row, and after the last; those of rows that
        were not found yet are unknown.
    n_found : int
        Rows whose begin and end are known.
    trusting : bool
        Whether the places are the file's own, which were not walked.
    """

    def __init__(self, source: Source, sizes: Sizes) -> None:
        self.source, self.sizes = source, sizes
        self._lock = threading.Lock()
        self._start_walking()

    def _start_walking(self) -> None:
        self.offsets = np.full(self.sizes.height + 1, -1, np.int64)
        self.offsets[0] = _FIRST_ROW_AT
        self.n_found, self._bound, self.trusting = 0, 0, False

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_lock": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._lock = threading.Lock()

    def bound(self, n_rows: int) -> int | None:
        """Return what no count of the first rows exceeds; None if not walked."""
        return None if self.trusting or self.n_found < n_rows else self._bound

    def take_positions(self, positions: npt.NDArray[np.int64] | None) -> None:
        """Use the file's own places if they make sense."""
        offsets = None if positions is None else _row_offsets(positions, self.source)
        if offsets is not None:
            self.offsets, self.n_found = offsets, self.sizes.height
            self.trusting = True

    def forget_positions(self) -> None:
        """Distrust the file's own places; rows are walked from now on."""
        with self._lock:
            if self.trusting:
                self._start_walking()

    def find(self, n_rows: int) -> None:
        """Walk on until `n_rows` rows are known.

        Raises
        ------
        FormatError
            A row is damaged, or ends beyond the file; rows before it stay known.
        """
        with self._lock:
            if self.n_found < n_rows:
                self._walk(n_rows)

    def _walk(self, n_rows: int) -> None:
        from napari_maxrf.io.formats.bcf import _kernels as kernels

        state = kernels.new_state(self.n_found)
        offsets, width = self.offsets[: n_rows + 1], self.sizes.width
        state[kernels.BOUND] = self._bound

        def step(data: npt.NDArray[np.uint8], base: int) -> int:
            return kernels.walk(data, base, state, offsets, width)

        with self.source.session() as read:
            start = int(self.offsets[self.n_found])
            for _ in stretches(read, step, start, self.source.readable):
                self.n_found = int(state[kernels.ROW])
                self._bound = int(state[kernels.BOUND])
                if state[kernels.FAULT]:
                    raise FormatError(self.damaged(self.n_found, state[kernels.FAULT]))
        if self.n_found < n_rows:
            raise FormatError(self._cut_off())

    def _cut_off(self) -> str:
        last, height = self.n_found, self.sizes.height
        return f"Row {last} of {height} ends beyond the file {self.source.path.name}."

    def damaged(self, row: int, fault: int, column: int | None = None) -> str:
        """Say which row or pixel is damaged, and how."""
        from napari_maxrf.io.formats.bcf._kernels import FAULTS

        pixel = "" if column is None else f", pixel {column}"
        return (
            f"{self.source.path.name}: row {row}{pixel} of {self.source.name} is "
            f"damaged: {FAULTS[int(fault)]}."
        )


def stretches(
    read: Read,
    step: Callable[[npt.NDArray[np.uint8], int], int],
    start: int,
    stop: int,
) -> Iterator[int]:
    """Read on while `step` says how many bytes it used; end where it uses none."""
    while start < stop:
        data = read(start, min(start + _STRETCH_BYTES, stop))
        data.flags.writeable = False  # so that the loops are compiled once
        used = step(data, start)
        yield used
        if not used:
            return
        start += used


def read_positions(
    source: Source, read: Read, sizes: Sizes
) -> npt.NDArray[np.int64] | None:
    """Read the places of all pixels; None where they do not fit the spectra."""
    n_bytes = _SIZES.size - 4 + _POSITION_BYTES * sizes.height * sizes.width
    if source.readable < n_bytes or source.size != n_bytes:
        return None
    content = read(0, n_bytes)
    height, width = content[:8].view("<u4")
    if (height, width) != (sizes.height, sizes.width):
        return None
    return content[8:].view("<i8").reshape(sizes.height, sizes.width)


def _row_offsets(
    positions: npt.NDArray[np.int64], source: Source
) -> npt.NDArray[np.int64] | None:
    """Turn places of pixels into places of rows.

    A row begins before its first stored pixel, and one without pixels is four bytes
    long. What is returned need not be true, only possible: decoding compares it.
    """
    before, size = _HEAD_TO_POSITION + _ROW_TO_HEAD, source.size
    stored = (positions >= _FIRST_ROW_AT + before) & (positions < size)
    first = np.where(stored, positions, size + before).min(axis=1) - before
    empty = ~stored.any(axis=1)
    offsets = np.append(first, size)
    for row in np.flatnonzero(empty)[::-1]:
        offsets[row] = offsets[row + 1] - _ROW_TO_HEAD
    rises = (np.diff(offsets) >= _ROW_TO_HEAD).all()
    return offsets if rises and offsets[0] == _FIRST_ROW_AT else None
