"""A file that a killed process leaves as it was at its last checkpoint.

HDF5 keeps parts of its index in memory, so that a process killed while it writes
leaves a file nobody can open. `CheckpointedFile` lies under the library: what is
appended goes straight to the disk, what changes in the part that a checkpoint
covered is held back. A checkpoint writes the changes to a journal beside the file,
which is replaced as a whole, and only then into the file itself; opening the file
again plays the journal once more and forgets what was appended since.
"""

from __future__ import annotations

import hashlib
import os
import struct
from typing import TYPE_CHECKING

from napari_maxrf.errors import FormatError
from napari_maxrf.io._writing import ForgivingFile

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_MAGIC = b"MAXRFJ1\n"
_HEAD = struct.Struct("<8sQ32s")
_PATCH = struct.Struct("<QI")
_PAGE = 4096


class CheckpointedFile(ForgivingFile):
    """A binary file whose last `commit` outlives the process.

    Parameters
    ----------
    path : Path
        The file. Its journal lies beside it, see `journal_of`.
    resume : bool
        Go back to the last checkpoint of the file that is there, instead of
        beginning a new one.

    Raises
    ------
    FormatError
        The journal is damaged.
    """

    def __init__(self, path: Path, *, resume: bool) -> None:
        super().__init__(path, "r+b" if resume else "w+b")
        self._journal = journal_of(path)
        self._covered = 0
        self._pages: dict[int, bytearray] = {}
        if not resume:
            self._journal.unlink(missing_ok=True)
            return
        try:
            size, patches = _read_journal(self._journal)
            self._apply(size, patches)
        except BaseException:
            self.close()
            raise

    def write(self, data: bytes | memoryview) -> int:
        """Write `data`, but hold back what falls into the covered part."""
        view = memoryview(data).cast("B")
        held = min(max(self._covered - self._place, 0), len(view))
        if held:
            self._hold(self._place, view[:held])
            self._place += held
        if held < len(view):
            super().write(view[held:])
        self._size = max(self._size, self._place)
        return len(view)

    def _hold(self, place: int, data: memoryview) -> None:
        while data:
            number, within = divmod(place, _PAGE)
            page = self._page(number)
            part = data[: len(page) - within]
            page[within : within + len(part)] = part
            place, data = place + len(part), data[len(part) :]

    def _page(self, number: int) -> bytearray:
        """Return a held page, read from the file at first, up to the covered end."""
        if number not in self._pages:
            start = number * _PAGE
            page = bytearray(min(_PAGE, self._covered - start))
            self._file.seek(start)
            self._file.readinto(page)
            self._pages[number] = page
        return self._pages[number]

    def readinto(self, buffer: memoryview) -> int:
        """Read what was written, held back or not."""
        start, view = self._place, memoryview(buffer).cast("B")
        n_read = super().readinto(view)
        stop = start + len(view)
        for number in range(start // _PAGE, -(-stop // _PAGE)):
            page = self._pages.get(number, b"")
            low = max(number * _PAGE, start)
            high = min(number * _PAGE + len(page), stop)
            if low < high:
                first = number * _PAGE
                view[low - start : high - start] = page[low - first : high - first]
        return n_read

    def truncate(self, size: int) -> int:
        """Set the length; the covered part loses nothing before a checkpoint."""
        if size >= self._covered:
            return super().truncate(size)
        self._size = size
        return size

    def commit(self) -> None:
        """Make all that was written until now outlive this process.

        Raises
        ------
        OSError
            Something could not be written. The checkpoint before stays valid.
        """
        self.check()
        os.fsync(self._file.fileno())
        patches = [(n * _PAGE, bytes(page)) for n, page in sorted(self._pages.items())]
        _write_journal(self._journal, self._size, patches)
        self._apply(self._size, patches)

    def _apply(self, size: int, patches: list[tuple[int, bytes]]) -> None:
        for place, data in patches:
            self._place = place
            self._write_all(memoryview(data))
        self._file.truncate(size)
        os.fsync(self._file.fileno())
        self._covered = self._size = size
        self._place = 0
        self._pages.clear()


def journal_of(path: Path) -> Path:
    """Return where the journal of a file lies; without one it has no checkpoint."""
    return path.with_name(f"{path.name}-journal")


def _write_journal(path: Path, size: int, patches: list[tuple[int, bytes]]) -> None:
    body = b"".join(_PATCH.pack(place, len(data)) + data for place, data in patches)
    head = _HEAD.pack(_MAGIC, size, hashlib.sha256(body).digest())
    temporary = path.with_name(f"{path.name}-new")
    try:
        with temporary.open("wb") as stream:
            stream.write(head + body)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def _read_journal(path: Path) -> tuple[int, list[tuple[int, bytes]]]:
    text = path.read_bytes()
    if len(text) >= _HEAD.size:
        magic, size, digest = _HEAD.unpack_from(text)
        body = text[_HEAD.size :]
        if magic == _MAGIC and hashlib.sha256(body).digest() == digest:
            return size, list(_patches(body))
    raise FormatError(
        f"{path.name} is damaged, so the work it belongs to cannot go on. Remove it "
        "together with the unfinished file beside it and begin anew."
    )


def _patches(body: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at < len(body):
        place, length = _PATCH.unpack_from(body, at)
        at += _PATCH.size
        yield place, body[at : at + length]
        at += length
