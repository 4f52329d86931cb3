"""Files in a folder or a zip archive, listed once and read one by one.

Nothing is unpacked to disk. An archive is distrusted: names that point out of it,
entries that overlap, and sizes that packing cannot explain are refused before a byte
is unpacked, and no entry is unpacked beyond the size it states.
"""

from __future__ import annotations

import os
import zipfile
import zlib
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING, Any, Protocol

from napari_maxrf.errors import FormatError
from napari_maxrf.io._archives import check_promise, entries_in
from napari_maxrf.io._held import reading
from napari_maxrf.io.spectra._file import MAX_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path
    from typing import BinaryIO

_MOST_FILES, _MOST_FOLDERS = 2**20, 64
_LOCAL_HEAD = 30
_PACKINGS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_HIDDEN = (".", "__MACOSX", "~$")


class Members(Protocol):
    """Files by their names, folders divided by ``/``."""

    @property
    def path(self) -> Path:
        """The folder or archive."""

    @property
    def sizes(self) -> Mapping[str, int]:
        """Bytes of each file."""

    def read(self, name: str, most: int = MAX_BYTES) -> bytes:
        """Return the content of a file, or its first bytes."""

    def stamp(self) -> Any:
        """Return what changes when the files are exchanged."""

    def __hash__(self) -> int:
        """Tell this list of files from any other."""


def members_of(path: Path) -> Members:
    """List the files of a folder or an archive.

    Raises
    ------
    FormatError
        The archive is damaged, encrypted or deceptive.
    """
    if path.is_dir():
        return FolderMembers(path)
    with reading(path):
        facts = path.stat()
        return _zip_members(path.resolve(), facts.st_size, facts.st_mtime_ns)


@lru_cache(maxsize=1)
def _zip_members(path: Path, _size: int, _time: int) -> ZipMembers:
    return ZipMembers(path)


class FolderMembers:
    """Files of a folder and of the folders in it.

    Parameters
    ----------
    path : Path
        The folder.
    """

    def __init__(self, path: Path) -> None:
        self.path = path.resolve()
        self.sizes: dict[str, int] = dict(islice(_walk(self.path), _MOST_FILES))

    def read(self, name: str, most: int = MAX_BYTES) -> bytes:
        """Return the content of a file, or its first bytes.

        Raises
        ------
        FormatError
            The file is gone, or too large for a spectrum.
        """
        _check_size(name, self.sizes[name], most)
        with reading(self.path / name), (self.path / name).open("rb") as stream:
            return stream.read(most)

    def stamp(self) -> Any:
        """Return the time of the last change in the folder."""
        return self.path.stat().st_mtime_ns


def _walk(folder: Path) -> Iterator[tuple[str, int]]:
    folders: list[os.DirEntry[str]] = []
    for entry in _entries(folder):
        if entry.is_file():
            yield entry.name, entry.stat().st_size
        elif entry.is_dir() and len(folders) < _MOST_FOLDERS:
            folders.append(entry)
    for inner in sorted(folders, key=lambda entry: entry.name):
        for entry in _entries(inner):
            if entry.is_file():
                yield f"{inner.name}/{entry.name}", entry.stat().st_size


def _entries(folder: Path | os.DirEntry[str]) -> Iterator[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if not entry.name.startswith(_HIDDEN):
                    yield entry
    except OSError:
        return


@dataclass(frozen=True)
class _Packed:
    """Where an entry of an archive lies, and how it is packed."""

    offset: int
    packing: int
    packed: int
    size: int
    checksum: int


class ZipMembers:
    """Files of a zip archive.

    Parameters
    ----------
    path : Path
        The archive.

    Raises
    ------
    FormatError
        The archive is damaged, encrypted or deceptive.
    """

    def __init__(self, path: Path) -> None:
        self.path = path.resolve()
        with reading(self.path):
            entries = [one for one in entries_in(self.path) if not one.is_dir()]
        self._check(entries)
        self._packed = {
            _plain_name(self.path, one.filename): _Packed(
                one.header_offset,
                one.compress_type,
                one.compress_size,
                one.file_size,
                one.CRC,
            )
            for one in entries
        }
        self.sizes: dict[str, int] = {
            name: one.size
            for name, one in self._packed.items()
            if not any(part.startswith(_HIDDEN) for part in name.split("/"))
        }

    def _check(self, entries: list[zipfile.ZipInfo]) -> None:
        size = self.path.stat().st_size
        for one in entries:
            check_promise(self.path, one, 0)
        if sum(one.compress_size for one in entries) > size:
            raise FormatError(
                f"{self.path.name} is deceptive: its entries overlap. It is not opened."
            )

    def read(self, name: str, most: int = MAX_BYTES) -> bytes:
        """Return the content of an entry, or its first bytes.

        Raises
        ------
        FormatError
            The entry is damaged, packed in an unusual way, or too large.
        """
        entry = self._packed[name]
        _check_size(name, entry.size, most)
        with reading(self.path), self.path.open("rb") as stream:
            data = self._unpacked(stream, name, entry, most)
        if len(data) == entry.size and zlib.crc32(data) != entry.checksum:
            raise FormatError(f"{self.path.name}: {name} is damaged (checksum).")
        return data

    def _unpacked(
        self, stream: BinaryIO, name: str, entry: _Packed, most: int
    ) -> bytes:
        if entry.packing not in _PACKINGS:
            raise FormatError(
                f"{self.path.name}: {name} is packed in a way that is not supported. "
                "Pack the folder again as a plain zip archive."
            )
        stream.seek(entry.offset)
        head = stream.read(_LOCAL_HEAD)
        if head[:4] != b"PK\x03\x04" or len(head) < _LOCAL_HEAD:
            raise FormatError(f"{self.path.name}: {name} is not where it should be.")
        beside = int.from_bytes(head[26:28], "little")
        beside += int.from_bytes(head[28:30], "little")
        stream.seek(entry.offset + _LOCAL_HEAD + beside)
        wanted = min(entry.size, most)
        if entry.packing == zipfile.ZIP_STORED:
            data = stream.read(wanted)
        else:
            data = self._inflated(stream.read(entry.packed), name, wanted)
        if len(data) < wanted:
            raise FormatError(f"{self.path.name}: {name} is incomplete.")
        return data

    def _inflated(self, packed: bytes, name: str, wanted: int) -> bytes:
        try:
            return zlib.decompressobj(-zlib.MAX_WBITS).decompress(packed, wanted)
        except zlib.error as error:
            raise FormatError(
                f"{self.path.name}: {name} is damaged ({error})."
            ) from error

    def stamp(self) -> Any:
        """Return size and time of the archive."""
        facts = self.path.stat()
        return facts.st_size, facts.st_mtime_ns


def _check_size(name: str, size: int, most: int) -> None:
    if size > MAX_BYTES <= most:
        raise FormatError(
            f"{name} has {size:,} bytes: that is no single spectrum, which has at most "
            f"{MAX_BYTES:,}."
        )


def _plain_name(path: Path, name: str) -> str:
    """Return a name with ``/`` between folders; refuse one that leads outside."""
    plain = name.replace("\\", "/")
    parts = plain.split("/")
    if ".." in parts or plain.startswith("/") or ":" in parts[0]:
        raise FormatError(
            f"{path.name} is not opened: the entry {name[:80]!r} points out of the "
            "archive."
        )
    return plain
