"""Compressed entries: blocks of zlib streams, unpacked one by one when asked for.

Newer files pack each entry into blocks that unpack to one size, half a megabyte. The
list of blocks is read once; a few unpacked ones are kept, since neighbouring pixels
usually lie in the same.
"""

from __future__ import annotations

import struct
import threading
import zlib
from collections import OrderedDict
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from napari_maxrf.errors import FormatError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from napari_maxrf.io.formats.bcf._container import Entry, Read

MAGIC = b"AACS"
_HEAD, _FIRST_BLOCK_AT = struct.Struct("<4sIII"), 0x80
_BLOCK = struct.Struct("<IIII")
_LARGEST_BLOCK = 2**25
_KEPT_BYTES = 2**25
_EFFORT = 8


class PackedEntry:
    """A compressed entry, read as the bytes that were packed.

    Raises
    ------
    FormatError
        The list of blocks is damaged.
    """

    def __init__(self, entry: Entry, read: Read) -> None:
        head = bytes(read(0, _HEAD.size))
        if len(head) < _HEAD.size:
            raise FormatError(f"{entry.path.name} is cut off before {entry.name}.")
        _, block_bytes, _, n_blocks = _HEAD.unpack(head)
        self._block_bytes: int = block_bytes
        self._entry = entry
        self._blocks = _block_list(entry, read, self._block_bytes, n_blocks)
        self._kept: OrderedDict[int, npt.NDArray[np.uint8]] = OrderedDict()
        self._lock = threading.Lock()
        n_lost = n_blocks - len(self._blocks)
        self.readable: int = sum(unpacked for _, _, unpacked in self._blocks)
        self.size: int = self.readable + n_lost * self._block_bytes

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_kept": OrderedDict(), "_lock": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._lock = threading.Lock()

    @property
    def path(self) -> Path:
        """The container."""
        return self._entry.path

    @property
    def name(self) -> str:
        """Name of the entry."""
        return self._entry.name

    @property
    def effort(self) -> int:
        """Bytes to unpack, in units of plain bytes, which are faster to read."""
        return self.size * _EFFORT

    @contextmanager
    def session(self) -> Iterator[Read]:
        """Open the container for several reads."""
        with self._entry.session() as read:
            yield lambda start, stop: self._read(read, start, stop)

    def _read(self, read: Read, start: int, stop: int) -> npt.NDArray[np.uint8]:
        stop, size = min(stop, self.readable), self._block_bytes
        if stop <= start:
            return np.empty(0, np.uint8)
        first = start // size
        blocks = [self._block(read, n) for n in range(first, (stop - 1) // size + 1)]
        joined = blocks[0] if len(blocks) == 1 else np.concatenate(blocks)
        return joined[start - first * size : stop - first * size]

    def _block(self, read: Read, number: int) -> npt.NDArray[np.uint8]:
        with self._lock:
            if number in self._kept:
                self._kept.move_to_end(number)
                return self._kept[number]
        block = self._unpacked(read, number)
        with self._lock:
            self._kept[number] = block
            while len(self._kept) > max(1, _KEPT_BYTES // self._block_bytes):
                self._kept.popitem(last=False)
        return block

    def _unpacked(self, read: Read, number: int) -> npt.NDArray[np.uint8]:
        """Unpack a block to the size it promises, and never to more."""
        start, packed, unpacked = self._blocks[number]
        stream = zlib.decompressobj()
        try:
            content = stream.decompress(bytes(read(start, start + packed)), unpacked)
            rest = stream.decompress(stream.unconsumed_tail, 1)
        except zlib.error as error:
            raise FormatError(self._damaged(number)) from error
        if len(content) != unpacked or rest or not stream.eof:
            raise FormatError(self._damaged(number))
        return np.frombuffer(content, np.uint8)

    def _damaged(self, number: int) -> str:
        return (
            f"{self.path.name} is damaged: block {number} of {self.name} does not "
            "unpack. Copy the file again from its source."
        )


def is_packed(read: Read) -> bool:
    """Look at the start of an entry."""
    return bytes(read(0, len(MAGIC))) == MAGIC


def _block_list(
    entry: Entry, read: Read, block_bytes: int, n_blocks: int
) -> list[tuple[int, int, int]]:
    """List place, packed and unpacked size of all blocks that are present."""
    room = (entry.size - _FIRST_BLOCK_AT) // _BLOCK.size
    if not 0 < block_bytes <= _LARGEST_BLOCK or n_blocks > max(room, 0):
        raise FormatError(
            f"{entry.path.name} is damaged: {n_blocks:,} blocks of {block_bytes:,} "
            f"bytes cannot lie in {entry.name} of {entry.size:,} bytes."
        )
    blocks, at = list[tuple[int, int, int]](), _FIRST_BLOCK_AT
    while len(blocks) < n_blocks:
        fields = bytes(read(at, at + _BLOCK.size))
        if len(fields) < _BLOCK.size:
            break
        packed, unpacked, _, _ = _BLOCK.unpack(fields)
        at += _BLOCK.size + packed
        if at > entry.size or not _fits(unpacked, block_bytes, n_blocks - len(blocks)):
            raise FormatError(
                f"{entry.path.name} is damaged: block {len(blocks)} of {entry.name} "
                f"promises {packed:,} and {unpacked:,} bytes."
            )
        if at > entry.readable:
            break
        blocks.append((at - packed, packed, unpacked))
    return blocks


def _fits(unpacked: int, block_bytes: int, n_left: int) -> bool:
    """Tell whether a block has the common size, or less for the last one."""
    return unpacked == block_bytes if n_left > 1 else 0 < unpacked <= block_bytes
