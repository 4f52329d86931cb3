"""The small file system inside a Bruker ``.bcf``: entries cut into chunks.

A file is a row of chunks of one size. Each starts with 32 bytes, of which the first
number names the next chunk of a chain. The table of files is such a chain, and so is
the list of chunks of every entry, so that any part of an entry is found without
reading what comes before it. All numbers of the file are checked against its length
before anything is allocated for them.
"""

from __future__ import annotations

import os
import struct
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

import numpy as np
import numpy.typing as npt

from napari_maxrf.errors import FormatError
from napari_maxrf.io._held import reading

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Read = Callable[[int, int], npt.NDArray[np.uint8]]
    """Reads the bytes from a place to another; fewer where the entry is cut off."""

MAGIC = b"AAMVHFSS"
_GEOMETRY, _TABLE = struct.Struct("<fI"), struct.Struct("<III")
_GEOMETRY_AT, _TABLE_AT, _CHUNKS_AT = 0x124, 0x140, 0x118
_HEAD_BYTES = 32
_CHUNK_SIZES = (64, 2**24)
_ENTRY_BYTES, _ENTRY = 512, struct.Struct("<iQ")
_IS_FOLDER_AT, _NAME_AT, _NAME_BYTES = 220, 224, 256


@dataclass(frozen=True)
class _Geometry:
    """Where chunks lie, and how many of them are really there."""

    path: Path
    chunk_bytes: int
    n_chunks: int
    stamp: tuple[int, int]

    @property
    def payload_bytes(self) -> int:
        return self.chunk_bytes - _HEAD_BYTES

    @property
    def n_present(self) -> int:
        """Number of chunks that lie whole within the file."""
        return min(self.n_chunks, (self.stamp[0] - _CHUNKS_AT) // self.chunk_bytes)

    @contextmanager
    def opened(self) -> Iterator[BinaryIO]:
        """Open the file, if it is still the one that was looked at."""
        with reading(self.path), self.path.open("rb", buffering=0) as stream:
            if _stamp(stream) != self.stamp:
                raise FormatError(
                    f"{self.path.name} has changed since it was opened. Open it again."
                )
            yield stream

    def chain(self, stream: BinaryIO, first: int, n_bytes: int) -> bytes:
        """Join a chain of chunks; what is returned is shorter if the file is cut."""
        parts, seen, number = list[bytes](), set[int](), first
        while len(parts) * self.payload_bytes < n_bytes:
            if number in seen:
                raise FormatError(
                    f"{self.path.name} is damaged: its chunks run in a circle."
                )
            if not 0 <= number < self.n_present:
                break
            seen.add(number)
            stream.seek(_CHUNKS_AT + number * self.chunk_bytes)
            chunk = stream.read(self.chunk_bytes)
            (number,) = struct.unpack_from("<I", chunk)
            parts.append(chunk[_HEAD_BYTES:])
        return b"".join(parts)[:n_bytes]


@dataclass(frozen=True)
class Entry:
    """A file in the container.

    Attributes
    ----------
    name : str
        Its name there.
    size : int
        Bytes it has.
    readable : int
        Bytes before the first that the container, cut short, no longer holds.
    """

    geometry: _Geometry
    name: str
    size: int
    readable: int
    chunks: npt.NDArray[np.uint32]

    @property
    def path(self) -> Path:
        """The container."""
        return self.geometry.path

    @property
    def effort(self) -> int:
        """Bytes to read for all of the entry, in units of plain bytes."""
        return self.size

    @contextmanager
    def session(self) -> Iterator[Read]:
        """Open the container for several reads."""
        with self.geometry.opened() as stream:
            yield lambda start, stop: self._read(stream, start, stop)

    def _read(self, stream: BinaryIO, start: int, stop: int) -> npt.NDArray[np.uint8]:
        stop, payload = min(stop, self.readable), self.geometry.payload_bytes
        if stop <= start:
            return np.empty(0, np.uint8)
        first = start // payload
        numbers = self.chunks[first : (stop - 1) // payload + 1]
        breaks = np.flatnonzero(np.diff(numbers.astype(np.int64)) != 1) + 1
        runs = [self._run(stream, run) for run in np.split(numbers, breaks)]
        joined = runs[0] if len(runs) == 1 else np.concatenate(runs)
        return joined[start - first * payload : stop - first * payload]

    def _run(
        self, stream: BinaryIO, numbers: npt.NDArray[np.uint32]
    ) -> npt.NDArray[np.uint8]:
        """Read neighbouring chunks at once and take their heads out."""
        size = self.geometry.chunk_bytes
        stream.seek(_CHUNKS_AT + int(numbers[0]) * size)
        raw = np.fromfile(stream, np.uint8, numbers.size * size)
        if raw.size < numbers.size * size:
            raise FormatError(f"{self.path.name} ends within {self.name}.")
        return raw.reshape(numbers.size, size)[:, _HEAD_BYTES:].reshape(-1)


def open_container(path: Path) -> dict[str, Entry]:
    """Read the table of files.

    Returns
    -------
    dict of str to Entry
        All entries that are no folders, by name.

    Raises
    ------
    FormatError
        The file is no such container, or its table is damaged or cut off.
    """
    with reading(path), path.open("rb", buffering=0) as stream:
        geometry, first, n_entries = _geometry(path, stream)
        n_bytes = n_entries * _ENTRY_BYTES
        if n_bytes > geometry.n_chunks * geometry.payload_bytes:
            raise FormatError(
                f"{path.name} is damaged: a table of {n_entries:,} files is longer "
                f"than the file itself, {geometry.stamp[0]:,} bytes."
            )
        table = geometry.chain(stream, first, n_bytes)
        if len(table) < n_bytes:
            raise FormatError(
                f"{path.name} is cut off before its table of files: it has "
                f"{geometry.stamp[0]:,} bytes of {_whole(geometry):,}. Copy it again."
            )
        rows = (table[at : at + _ENTRY_BYTES] for at in range(0, n_bytes, _ENTRY_BYTES))
        files = [row for row in rows if not row[_IS_FOLDER_AT]]
        entries = [_entry(geometry, stream, row) for row in files]
    return {entry.name: entry for entry in reversed(entries)}


def _geometry(path: Path, stream: BinaryIO) -> tuple[_Geometry, int, int]:
    """Read chunk size and counts, the chunk of the table and its length."""
    start = stream.read(_CHUNKS_AT + 64)
    if not start.startswith(MAGIC) or len(start) < _CHUNKS_AT + 64:
        raise FormatError(
            f"{path.name} has {len(start)} bytes, which are no Bruker .bcf file."
        )
    _, chunk_bytes = _GEOMETRY.unpack_from(start, _GEOMETRY_AT)
    first, n_entries, n_chunks = _TABLE.unpack_from(start, _TABLE_AT)
    low, high = _CHUNK_SIZES
    if not low <= chunk_bytes <= high:
        raise FormatError(
            f"{path.name} is damaged: chunks of {chunk_bytes:,} bytes; expected {low} "
            f"to {high:,}."
        )
    return _Geometry(path, chunk_bytes, n_chunks, _stamp(stream)), first, n_entries


def _whole(geometry: _Geometry) -> int:
    return _CHUNKS_AT + geometry.n_chunks * geometry.chunk_bytes


def _entry(geometry: _Geometry, stream: BinaryIO, row: bytes) -> Entry:
    """Follow the list of chunks of one entry."""
    pointer, size = _ENTRY.unpack_from(row)
    name = row[_NAME_AT : _NAME_AT + _NAME_BYTES].split(b"\0")[0].decode("latin-1")
    payload = geometry.payload_bytes
    n_chunks = -(-size // payload)
    if n_chunks > geometry.n_chunks:
        raise FormatError(
            f"{geometry.path.name} is damaged: its {name!a} of {size:,} bytes is "
            f"longer than the file, {geometry.stamp[0]:,} bytes."
        )
    listed = geometry.chain(stream, pointer, 4 * n_chunks)
    chunks = np.frombuffer(listed[: len(listed) // 4 * 4], "<u4")
    missing = np.flatnonzero(chunks >= geometry.n_present)
    n_readable = int(missing[0]) if missing.size else chunks.size
    return Entry(geometry, name, size, min(size, n_readable * payload), chunks)


def _stamp(stream: BinaryIO) -> tuple[int, int]:
    facts = os.fstat(stream.fileno())
    return facts.st_size, facts.st_mtime_ns
