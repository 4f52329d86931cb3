"""TIFF files that nobody vouches for, opened by tifffile after a look at their pages.

Pages of a TIFF file are a chain. A damaged one may bite its own tail or hold pages
with tens of thousands of entries, on which tifffile spends minutes.
"""

from __future__ import annotations

import logging
import os
import struct
import threading
import zlib
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from napari_maxrf.errors import FormatError
from napari_maxrf.io._held import reading

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tifffile import TiffFile

_MOST_PAGES = 2**17
_MOST_TAGS = 500
_BYTE_ORDERS = {b"II": "<", b"MM": ">"}
_CLASSIC, _BIG = 42, 43


def starts_as_tiff(path: Path) -> bool:
    """Tell whether a file begins like a TIFF file, classic or big."""
    try:
        with path.open("rb") as stream:
            head = stream.read(4)
    except OSError:
        return False
    order = _BYTE_ORDERS.get(head[:2])
    return order is not None and head[2:] in (
        struct.pack(f"{order}H", version) for version in (_CLASSIC, _BIG)
    )


@contextmanager
def opened_tiff(path: Path) -> Iterator[TiffFile]:
    """Open a TIFF file; whatever a damaged one raises becomes a `FormatError`.

    What tifffile logs meanwhile about a damaged file is left out.

    Raises
    ------
    FormatError
        The file is damaged, or its chain of pages does not end.
    """
    import tifffile

    damaged = (tifffile.TiffFileError, struct.error, zlib.error, ArithmeticError)
    try:
        with reading(path), _unlogged():
            check_chain(path)
            with tifffile.TiffFile(path) as file:
                yield file
    except (*damaged, AssertionError, EOFError) as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise FormatError(
            f"{path.name} is a damaged or incomplete TIFF file ({reason}). Copy it "
            "again from its source."
        ) from error


@contextmanager
def _unlogged() -> Iterator[None]:
    """Keep tifffile from logging in this thread."""
    logger, here = logging.getLogger("tifffile"), threading.get_ident()

    def elsewhere(record: logging.LogRecord) -> bool:
        return record.thread != here

    logger.addFilter(elsewhere)
    try:
        yield
    finally:
        logger.removeFilter(elsewhere)


def check_chain(path: Path) -> None:
    """Follow the chain of pages to its end, without reading the pages.

    Raises
    ------
    FormatError
        The chain breaks off or returns to an earlier page, or pages or their entries
        are absurdly many.
    """
    with path.open("rb") as stream:
        order = _BYTE_ORDERS.get(stream.read(2))
        if order is None:
            return
        (version,) = struct.unpack(f"{order}H", stream.read(2))
        widths = _WIDTHS.get(version)
        if widths is not None:
            stream.seek(widths.first)
            _follow(path, stream, order, widths)


@dataclass(frozen=True)
class _Widths:
    """How wide offsets, counts and entries of a page are, and where the first is."""

    offset: str
    count: str
    tag_bytes: int
    first: int


_WIDTHS = {_CLASSIC: _Widths("I", "H", 12, 4), _BIG: _Widths("Q", "Q", 20, 8)}


def _follow(path: Path, stream: BinaryIO, order: str, widths: _Widths) -> None:
    seen: set[int] = set()
    while offset := _number(path, stream, order + widths.offset):
        if offset in seen or len(seen) >= _MOST_PAGES:
            raise FormatError(
                f"{path.name} is damaged: its chain of pages does not end."
            )
        seen.add(offset)
        stream.seek(offset)
        n_tags = _number(path, stream, order + widths.count)
        if n_tags > _MOST_TAGS:
            raise FormatError(f"{path.name} is damaged: a page has {n_tags} entries.")
        stream.seek(n_tags * widths.tag_bytes, os.SEEK_CUR)


def _number(path: Path, stream: BinaryIO, form: str) -> int:
    content = stream.read(struct.calcsize(form))
    if len(content) < struct.calcsize(form):
        raise FormatError(f"{path.name} ends before its last page. Is it complete?")
    return int(struct.unpack(form, content)[0])
