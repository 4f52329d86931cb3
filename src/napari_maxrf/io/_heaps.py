"""A damage for which the HDF5 library waits for ever, found before it can.

Texts of any length lie in heaps of their own. In a heap with free space of length
zero before its end the library (2.0) never gets on, and nothing can stop it. The
heaps near both ends of a file are therefore walked through once before it is opened;
in the middle of a large file one is as unlikely to be damaged as to be found.

Layout: HDF5 file format specification 3.0, III.E "Global Heap".
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_SIGNATURE = b"GCOL\x01\0\0\0"
_HEAD = 16
_LOOKED_AT = 2**23
_MOST_OBJECTS = 2**16
_WRAPPED = 2**64


def has_endless_heap(path: Path) -> bool:
    """Tell whether the HDF5 library would never come back from a heap.

    Raises
    ------
    OSError
        The file cannot be read.
    """
    facts = path.stat()
    return _looked_into(path, facts.st_ino, facts.st_size, facts.st_mtime_ns)


@lru_cache(maxsize=64)
def _looked_into(path: Path, _inode: int, size: int, _time: int) -> bool:
    with path.open("rb") as stream:
        parts = [stream.read(_LOOKED_AT)]
        if size > _LOOKED_AT:
            stream.seek(max(_LOOKED_AT, size - _LOOKED_AT))
            parts.append(stream.read(_LOOKED_AT))
    return any(_has_endless(part) for part in parts)


def _has_endless(content: bytes) -> bool:
    place = content.find(_SIGNATURE)
    while place >= 0:
        if _is_endless(content, place):
            return True
        place = content.find(_SIGNATURE, place + 1)
    return False


def _is_endless(content: bytes, start: int) -> bool:
    """Walk through the objects of a heap, up to the length in its head."""

    def number(place: int, n_bytes: int) -> int:
        return int.from_bytes(content[place : place + n_bytes], "little")

    end = min(start + number(start + 8, 8), len(content))
    place = start + _HEAD
    for _ in range(_MOST_OBJECTS):
        if place + _HEAD > end:
            return False
        index, length = number(place, 2), number(place + 8, 8)
        step = length if index == 0 else _HEAD + -(-length // 8) * 8
        if step % _WRAPPED == 0 or step % _WRAPPED >= _WRAPPED // 2:
            return True
        place += step % _WRAPPED
    return True
