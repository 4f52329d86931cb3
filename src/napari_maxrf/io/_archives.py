"""Zip archives that nobody vouches for: what is in them, without unpacking."""

from __future__ import annotations

import zipfile
import zlib
from contextlib import contextmanager
from functools import lru_cache
from lzma import LZMAError
from typing import TYPE_CHECKING

from napari_maxrf.errors import FormatError
from napari_maxrf.io._held import reading

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_MAGIC = b"PK\x03\x04"
_MOST_ENTRIES = 2**20
_DEFLATE_RATIO = 1032
"""The most that deflate can shrink by; a larger promise is a lie."""

_ZIP_ERRORS = (zipfile.BadZipFile, zlib.error, EOFError, LZMAError, NotImplementedError)


def starts_as_zip(path: Path) -> bool:
    """Tell whether a file begins like a zip archive."""
    try:
        with path.open("rb") as stream:
            return stream.read(4) == _MAGIC
    except OSError:
        return False


@contextmanager
def archive(path: Path) -> Iterator[zipfile.ZipFile]:
    """Open a zip archive; whatever a damaged one raises becomes a `FormatError`.

    Raises
    ------
    FormatError
        The archive is damaged, or has an absurd number of entries.
    """
    try:
        with reading(path), zipfile.ZipFile(path) as opened:
            if len(opened.infolist()) > _MOST_ENTRIES:
                raise FormatError(f"{path.name} has more than {_MOST_ENTRIES} entries.")
            yield opened
    except _ZIP_ERRORS as error:
        raise FormatError(
            f"{path.name} is a damaged or incomplete zip archive ({error}). Copy it "
            "again from its source."
        ) from error


def names_in(path: Path) -> list[str]:
    """List the entries of an archive; none for what is no archive."""
    if not starts_as_zip(path):
        return []
    try:
        return [entry.filename for entry in entries_in(path)]
    except (FormatError, OSError):
        return []


def entries_in(path: Path) -> tuple[zipfile.ZipInfo, ...]:
    """List the entries of an archive; the last list is kept until the file changes.

    Raises
    ------
    FormatError
        As `archive`.
    """
    facts = path.stat()
    return _entries_in(path.resolve(), facts.st_size, facts.st_mtime_ns)


@lru_cache(maxsize=1)
def _entries_in(path: Path, _size: int, _time: int) -> tuple[zipfile.ZipInfo, ...]:
    with archive(path) as opened:
        return tuple(opened.infolist())


def check_promise(path: Path, entry: zipfile.ZipInfo, n_bytes: int) -> None:
    """Refuse an entry that cannot unpack to what it should.

    Raises
    ------
    FormatError
        The stated size is another one, beyond what its packing can do, or the
        entry is encrypted.
    """
    if entry.flag_bits & 1:
        raise FormatError(f"{path.name}: {entry.filename} is encrypted.")
    if entry.file_size < n_bytes:
        raise FormatError(
            f"{path.name}: {entry.filename} has {entry.file_size:,} bytes; {n_bytes:,} "
            "are needed. Is the file complete?"
        )
    if entry.file_size > _DEFLATE_RATIO * entry.compress_size + 2**16:
        raise FormatError(
            f"{path.name}: {entry.filename} claims to unpack {entry.compress_size:,} "
            f"bytes to {entry.file_size:,}, which is not possible."
        )


def start_of(path: Path, entry: zipfile.ZipInfo) -> int | None:
    """Return where the bytes of an entry lie in the archive; None if packed.

    Raises
    ------
    FormatError
        The entry does not lie inside the file.
    """
    if entry.compress_type != zipfile.ZIP_STORED or entry.flag_bits & 1:
        return None
    with path.open("rb") as stream:
        stream.seek(entry.header_offset)
        head = stream.read(30)
    if head[:4] != _MAGIC or len(head) < 30:
        raise FormatError(f"{path.name}: {entry.filename} is not where it should be.")
    lengths = int.from_bytes(head[26:28], "little"), int.from_bytes(head[28:], "little")
    start = entry.header_offset + 30 + sum(lengths)
    if start + entry.file_size > path.stat().st_size:
        raise FormatError(f"{path.name}: {entry.filename} ends beyond the file.")
    return start
