"""Heads of the nested scans in an ``.mda`` file, read where they lie.

The file is in XDR: everything big-endian, in units of four bytes. A scan of a rank
above 1 lists where its lower scans begin, so that the head of any scan is found
without reading what lies between. Nothing is allocated for a number that the file is
too short to keep.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from napari_maxrf.errors import FormatError

if TYPE_CHECKING:
    from pathlib import Path
    from typing import BinaryIO

_VERSIONS = (1.0, 2.0)
_HIGHEST_RANK = 4
_LENGTHS = (2**12, 2**18, 2**24)
_LONGEST_TEXT = 4096
_MOST_COLUMNS = 4096


class _TooShortError(Exception):
    """The bytes at hand end before the head does."""


class Cursor:
    """Reads XDR values one after the other from bytes."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def take(self, n_bytes: int) -> bytes:
        """Return the next bytes."""
        if n_bytes < 0 or self.at + n_bytes > len(self.data):
            raise _TooShortError
        self.at += n_bytes
        return self.data[self.at - n_bytes : self.at]

    def whole(self) -> int:
        """Return the next 32-bit integer."""
        return int.from_bytes(self.take(4), "big", signed=True)

    def real(self) -> float:
        """Return the next 32-bit float."""
        return float(struct.unpack(">f", self.take(4))[0])

    def text(self) -> str:
        """Return the next string: its length twice, then bytes padded to four."""
        if self.whole() == 0:
            return ""
        length = self.whole()
        if not 0 <= length <= _LONGEST_TEXT:
            raise FormatError(f"a text of {length} characters")
        return self.take(-(-length // 4) * 4)[:length].decode("latin-1")

    def array(self, code: str, n: int) -> npt.NDArray[np.int64 | np.float64]:
        """Return the next `n` values of a NumPy type."""
        kind = np.dtype(code)
        return np.frombuffer(self.take(kind.itemsize * n), kind)


@dataclass(frozen=True)
class FileHead:
    """The start of the file: sizes of the scans, and where further values lie."""

    version: float
    number: int
    sizes: tuple[int, ...]
    extra_at: int
    scan_at: int


@dataclass(frozen=True)
class Positioner:
    """A motor: its name, what it is said to be, and its unit."""

    name: str
    description: str
    unit: str


@dataclass(frozen=True)
class ScanHead:
    """The head of a scan.

    Attributes
    ----------
    rank : int
        1 for a scan without lower scans.
    n_points : int
        Points that were planned.
    n_done : int
        Points that were measured.
    lower_at : ndarray of int, shape (n_points,)
        Where the lower scans begin; 0 for those that were not reached.
    name, time : str
        What the file says.
    positioners : tuple of Positioner
        Each has a float64 for every point.
    detectors : tuple of str
        Names; each has a float32 for every point.
    data_at : int
        Where the values begin.
    """

    rank: int
    n_points: int
    n_done: int
    lower_at: npt.NDArray[np.int64]
    name: str
    time: str
    positioners: tuple[Positioner, ...]
    detectors: tuple[str, ...]
    data_at: int

    def detector_at(self, index: int) -> int:
        """Return where the values of a detector begin."""
        before = 8 * len(self.positioners) + 4 * index
        return self.data_at + before * self.n_points

    @property
    def end(self) -> int:
        """Where the values end."""
        return self.detector_at(len(self.detectors))


def file_head(path: Path) -> FileHead | None:
    """Read the start of a file; None for what is no ``.mda``."""
    try:
        with path.open("rb") as stream:
            cursor = Cursor(stream.read(64))
        size = path.stat().st_size
        return _file_head(cursor, size)
    except (OSError, _TooShortError):
        return None


def _file_head(cursor: Cursor, size: int) -> FileHead | None:
    version, number, rank = cursor.real(), cursor.whole(), cursor.whole()
    if not _VERSIONS[0] <= version < _VERSIONS[1] or not 1 <= rank <= _HIGHEST_RANK:
        return None
    sizes = tuple(cursor.whole() for _ in range(rank))
    regular, extra_at = cursor.whole(), cursor.whole()
    scan_at = cursor.at
    if regular not in (0, 1) or not 0 <= extra_at <= size or cursor.whole() != rank:
        return None
    return FileHead(version, number, sizes, extra_at, scan_at)


def scan_head(stream: BinaryIO, at: int, size: int, name: str) -> ScanHead:
    """Read the head of the scan that begins at a byte of the file.

    Parameters
    ----------
    stream : binary file
        The open file.
    at : int
        Where the scan begins.
    size : int
        Length of the file.
    name : str
        Name of the file, for messages.

    Raises
    ------
    FormatError
        There is no scan, or the file ends before its values do.
    """
    try:
        head = _grown(stream, at)
    except _TooShortError:
        raise FormatError(
            f"{name} ends inside the scan at byte {at:,}. Was it copied completely?"
        ) from None
    except FormatError as error:
        raise FormatError(f"{name} is damaged: {error} at byte {at:,}.") from None
    if head.end > size:
        raise FormatError(
            f"{name} has {size:,} bytes; the scan at byte {at:,} needs {head.end:,}. "
            "Was it copied completely?"
        )
    return head


def _grown(stream: BinaryIO, at: int) -> ScanHead:
    """Try with few bytes first, as heads of spectra are short."""
    for length in _LENGTHS:
        stream.seek(at)
        data = stream.read(length)
        try:
            return _parsed(Cursor(data), at)
        except _TooShortError:
            if len(data) < length:
                break
    raise _TooShortError


def _parsed(cursor: Cursor, at: int) -> ScanHead:
    rank, n_points, n_done = (cursor.whole() for _ in range(3))
    if not 1 <= rank <= _HIGHEST_RANK or n_points < 1 or not 0 <= n_done <= n_points:
        raise FormatError(
            f"a scan of rank {rank} with {n_done} of {n_points} points done"
        )
    lower = cursor.array(">i4", n_points if rank > 1 else 0).astype(np.int64)
    name, time = cursor.text(), cursor.text()
    counts = [cursor.whole() for _ in range(3)]
    if any(not 0 <= count <= _MOST_COLUMNS for count in counts):
        raise FormatError(f"{counts} positioners, detectors and triggers")
    positioners = tuple(_positioner(cursor) for _ in range(counts[0]))
    detectors = tuple(_detector(cursor) for _ in range(counts[1]))
    for _ in range(counts[2]):
        cursor.whole(), cursor.text(), cursor.real()
    done = (rank, n_points, n_done, lower, name, time, positioners, detectors)
    return ScanHead(*done, data_at=at + cursor.at)


def _positioner(cursor: Cursor) -> Positioner:
    cursor.whole()
    name, description, _, unit, _, _, unit_of_readback = (
        cursor.text() for _ in range(7)
    )
    return Positioner(name, description, unit_of_readback or unit)


def _detector(cursor: Cursor) -> str:
    cursor.whole()
    name, _, _ = (cursor.text() for _ in range(3))
    return name


def extra_values(path: Path, at: int, wanted: tuple[str, ...]) -> dict[str, float]:
    """Read single numbers from the list of process variables at the end of a file.

    Parameters
    ----------
    path : Path
        The file.
    at : int
        Where the list begins; 0 if there is none.
    wanted : tuple of str
        Endings of the names to keep.

    Returns
    -------
    dict
        Values by full name. What follows a damaged entry is left out, since the
        list is a convenience and the counts do not depend on it.
    """
    found: dict[str, float] = {}
    if at <= 0:
        return found
    with path.open("rb") as stream:
        stream.seek(at)
        cursor = Cursor(stream.read(_LENGTHS[-1]))
    try:
        for _ in range(cursor.whole()):
            name, value = _extra(cursor)
            if value is not None and name.endswith(wanted):
                found[name] = value
    except (_TooShortError, FormatError):
        pass
    return found


_EXTRA_TYPES = {29: ">i4", 30: ">f4", 33: ">i4", 34: ">f8"}


def _extra(cursor: Cursor) -> tuple[str, float | None]:
    name, _ = cursor.text(), cursor.text()
    kind = cursor.whole()
    if kind == 0:
        cursor.text()
        return name, None
    if kind not in _EXTRA_TYPES:
        raise FormatError(f"a value of the unknown type {kind}")
    count = cursor.whole()
    cursor.text()
    values = cursor.array(_EXTRA_TYPES[kind], count)
    return name, float(values[0]) if count == 1 else None
