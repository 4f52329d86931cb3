"""Scans in two files: a header in text, and counts without any header beside it.

Either file may be opened. Names are compared without regard to capitals, as the
file systems of the programs that write them do.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from napari_maxrf.errors import FormatError
from napari_maxrf.io._raw import RawArray, lazy_raw

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    import dask.array as da
    import numpy as np

_FIRST = 1024
_LARGEST_HEADER = 2**22
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


def sibling(folder: Path, names: Iterable[str]) -> Path | None:
    """Find the first of several file names in a folder, whatever its capitals."""
    wanted = list(names)
    exact = next((folder / name for name in wanted if (folder / name).is_file()), None)
    if exact is not None or not wanted:
        return exact
    try:
        there = {one.name.lower(): one for one in folder.iterdir()}
    except OSError:
        return None
    found = (there.get(name.lower()) for name in wanted)
    return next((one for one in found if one is not None and one.is_file()), None)


def header_text(path: Path) -> str | None:
    """Read a header; None for what is no text, too long, or cannot be read."""
    try:
        with path.open("rb") as stream:
            content = stream.read(_FIRST)
            if b"\0" in content and content[:2] not in _UTF16:
                return None
            content += stream.read(_LARGEST_HEADER + 1 - len(content))
    except OSError:
        return None
    if len(content) > _LARGEST_HEADER:
        return None
    return _decoded(content)


def _decoded(content: bytes) -> str | None:
    """Decode UTF-8 or UTF-16 with a mark, else take it for Windows-1252."""
    if content.startswith(_UTF16):
        return content.decode("utf-16", errors="replace")
    if b"\0" in content:
        return None
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")


@dataclass(frozen=True)
class PlainLayout:
    """What a header says about the file of counts beside it.

    Attributes
    ----------
    dtype : dtype
        Type of a value, with its byte order.
    shape : tuple of int
        Shape, slowest axis first.
    axes : str
        Order of the axes, such as ``"yxe"``.
    offset : int
        Bytes before the first value.
    """

    dtype: np.dtype[Any]
    shape: tuple[int, int, int]
    axes: str
    offset: int = 0

    @property
    def n_bytes(self) -> int:
        """Bytes the file should have."""
        return self.offset + math.prod(self.shape) * self.dtype.itemsize

    def told(self) -> str:
        """Return the layout in a message: ``60 x 80 x 256 x 2``."""
        sizes = " x ".join(map(str, (*self.shape, self.dtype.itemsize)))
        return f"{sizes}, after {self.offset}" if self.offset else sizes


def counts_of(
    data: Path, header: Path, layout: PlainLayout
) -> tuple[da.Array, list[str]]:
    """Open the counts that a header describes.

    Of a file that was cut, the complete rows are opened, if rows lie one after the
    other; the user is warned.

    Returns
    -------
    dask array, shape (y, x, energy)
        Lazy counts.
    list of str
        Warnings.

    Raises
    ------
    FormatError
        The file is too short for a single row, or energies are its slowest axis.
    """
    n_bytes = data.stat().st_size
    sizes = (
        f"{data.name} has {n_bytes:,} bytes; {header.name} describes "
        f"{layout.n_bytes:,} ({layout.told()})"
    )
    shape, warnings = layout.shape, []
    if n_bytes < layout.n_bytes:
        rows = _complete_rows(layout, n_bytes)
        if not rows or layout.axes[0] != "y":
            raise FormatError(f"{sizes}. Is the scan complete?")
        shape = (rows, *shape[1:])
        warnings = [f"{sizes}: only the first {rows} of {layout.shape[0]} rows."]
    elif n_bytes > layout.n_bytes:
        extra = n_bytes - layout.n_bytes
        warnings = [f"{sizes}: it is larger by {extra:,} bytes, which are left out."]
    raw = RawArray(data, layout.dtype, shape, layout.offset)
    return lazy_raw(raw, layout.axes), warnings


def _complete_rows(layout: PlainLayout, n_bytes: int) -> int:
    row = math.prod(layout.shape[1:]) * layout.dtype.itemsize
    return max(0, n_bytes - layout.offset) // row
