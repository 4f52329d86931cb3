"""Damage at which the HDF5 library never comes back, found before it is met.

Two kinds of heaps are lists that the library (2.0) follows without counting: free
space in the heap of a group, where a loop also takes memory without end, and texts of
any length. Nothing can stop it then, so the heaps near both ends of a file are walked
through once before it is opened. In the middle of a large file one is as unlikely to
be damaged as to be found. What a deletion left behind may look like any damage and is
never followed: only heaps that something points to count.

Layout: HDF5 file format specification 3.0, III.D "Local Heaps" and III.E "Global
Heap".
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_FILE, _USER_BLOCK = b"\x89HDF\r\n\x1a\n", 512
_TEXTS, _GROUP = b"GCOL\x01\0\0\0", b"HEAP\0\0\0\0"
_TEXTS_HEAD, _GROUP_HEAD = 16, 32
_LOOKED_AT = 2**23
_MOST_OBJECTS = 2**16
_LARGEST_GROUP = 2**24
_WRAPPED = 2**64
_LAST = 1
"""What stands for the end of a list of free space, which is no place in a heap."""


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
        base = _begin(stream.read(_LOOKED_AT))

        def read(place: int, n_bytes: int) -> bytes:
            stream.seek(min(base + place, size))
            return stream.read(n_bytes)

        starts = sorted({0, max(0, size - base - _LOOKED_AT)})
        parts = [(start, read(start, _LOOKED_AT)) for start in starts]
        endless = [
            start + place for start, part in parts for place in _endless(read, part)
        ]
    return any(_points_to(place, part) for place in endless for _, part in parts)


def _begin(content: bytes) -> int:
    """Return from where a file counts: 0, or after a block of the user's own."""
    place, step = 0, _USER_BLOCK
    while place < len(content) and not content.startswith(_FILE, place):
        place, step = step, 2 * step
    return place if place < len(content) else 0


def _endless(read: Callable[[int, int], bytes], part: bytes) -> Iterator[int]:
    """Yield where the heaps of a part begin that have no end."""
    yield from (place for place in _places(part, _TEXTS) if _endless_texts(part, place))
    for place in _places(part, _GROUP):
        if _endless_group(read, part, place):
            yield place


def _points_to(place: int, part: bytes) -> bool:
    return place.to_bytes(8, "little") in part


def _places(content: bytes, signature: bytes) -> Iterator[int]:
    place = content.find(signature)
    while place >= 0:
        yield place
        place = content.find(signature, place + 1)


def _number(content: bytes, place: int, n_bytes: int = 8) -> int:
    return int.from_bytes(content[place : place + n_bytes], "little")


def _endless_texts(content: bytes, start: int) -> bool:
    """Walk through texts, as the library does, to the end that their head tells."""
    end = min(start + _number(content, start + 8), len(content))
    place = start + _TEXTS_HEAD
    for _ in range(_MOST_OBJECTS):
        if place + _TEXTS_HEAD > end:
            return False
        index, length = _number(content, place, 2), _number(content, place + 8)
        step = length if index == 0 else _TEXTS_HEAD + -(-length // 8) * 8
        if step % _WRAPPED == 0 or step % _WRAPPED >= _WRAPPED // 2:
            return True
        place += step % _WRAPPED
    return True


def _endless_group(
    read: Callable[[int, int], bytes], content: bytes, start: int
) -> bool:
    """Follow the list of free space in the names of a group, as the library does."""
    head = content[start : start + _GROUP_HEAD]
    size, free, data_at = (_number(head, place) for place in (8, 16, 24))
    if free == _LAST or size > _LARGEST_GROUP:
        return False
    data, seen = read(data_at, size), set[int]()
    while free != _LAST and free + 16 <= len(data):
        if free in seen:
            return True
        seen.add(free)
        following, length = _number(data, free), _number(data, free + 8)
        if following == 0 or free + length > size:
            return False
        free = following
    return False
