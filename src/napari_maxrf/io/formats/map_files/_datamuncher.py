"""``.dms`` and ``.ims`` of Datamuncher: sizes, values, and the names of the lines.

From the `description of its author <https://sourceforge.net/p/datamuncher/wiki>`_:
the first line is the number of axes less one, 2; the second the width, height and
number of maps; then come the values of all maps, as float32 (``.dms``) or as text
(``.ims``), then the name of each map on a line of its own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from napari_maxrf.errors import FormatError
from napari_maxrf.io._held import reading
from napari_maxrf.io.formats.map_files._mapset import MapSet, named_maps

if TYPE_CHECKING:
    from pathlib import Path

DATAMUNCHER = "datamuncher"
_HEAD = re.compile(
    rb"[ \t]*2[ \t]*\r?\n[ \t]*([0-9]{1,6})[ \t]+([0-9]{1,6})[ \t]+([0-9]{1,6})"
    rb"[ \t]*\r?\n"
)
_LONGEST_HEAD = 256
_TEXT = re.compile(rb"[-+0-9.eEdDnaifNAIF \t\r\n]+")
_LONGEST_NAMES = 2**20
_MOST_BYTES = 2**32


@dataclass(frozen=True)
class _Head:
    """Sizes of the maps and where they begin."""

    width: int
    height: int
    n_maps: int
    offset: int
    is_text: bool

    @property
    def n_values(self) -> int:
        return self.width * self.height * self.n_maps


def is_datamuncher(path: Path) -> bool:
    """Look for the two lines of sizes, and whether the file can hold as much."""
    head = _head(path)
    return head is not None and min(head.width, head.height, head.n_maps) > 0


def _head(path: Path) -> _Head | None:
    try:
        with path.open("rb") as stream:
            start = stream.read(2 * _LONGEST_HEAD)
    except OSError:
        return None
    found = _HEAD.match(start)
    if found is None:
        return None
    after = start[found.end() : found.end() + 64]
    is_text = bool(after) and _TEXT.fullmatch(after) is not None
    width, height, n_maps = (int(found[group]) for group in (1, 2, 3))
    return _Head(width, height, n_maps, found.end(), is_text)


def read_datamuncher(path: Path) -> MapSet:
    """Read all maps of a ``.dms`` or ``.ims`` file.

    Raises
    ------
    FormatError
        The file is shorter than its sizes say.
    """
    head = _head(path)
    if head is None:
        raise FormatError(f"{path.name} is no .dms or .ims file.")
    _check_length(path, head)
    with reading(path):
        values, rest = _text_values(path, head) if head.is_text else _values(path, head)
    # IDL writes the first axis fastest: columns, then rows, then maps
    planes = values.reshape(head.n_maps, head.height, head.width)
    names = [line.strip() for line in rest.splitlines() if line.strip()]
    names = names[: head.n_maps] + [""] * (head.n_maps - len(names))
    return MapSet(path.stem, named_maps(names, planes), DATAMUNCHER)


def _check_length(path: Path, head: _Head) -> None:
    size = path.stat().st_size
    needed = head.offset + head.n_values * (2 if head.is_text else 4) - head.is_text
    if size < needed or size > _MOST_BYTES:
        raise FormatError(
            f"{path.name} has {size:,} bytes; {head.n_maps} maps of {head.height} x "
            f"{head.width} need at least {needed:,}. Was it copied completely?"
        )


def _values(path: Path, head: _Head) -> tuple[npt.NDArray[Any], str]:
    with path.open("rb") as stream:
        stream.seek(head.offset)
        content = stream.read(4 * head.n_values)
        rest = stream.read(_LONGEST_NAMES)
    return np.frombuffer(content, "<f4"), rest.decode("utf-8", errors="replace")


def _text_values(path: Path, head: _Head) -> tuple[npt.NDArray[Any], str]:
    text = path.read_bytes()[head.offset :].decode("latin-1")
    parts = text.split(None, head.n_values)
    tokens = parts[: head.n_values]
    if len(tokens) < head.n_values:
        raise FormatError(
            f"{path.name} holds {len(tokens):,} values; {head.n_values:,} are needed. "
            "Was it copied completely?"
        )
    try:
        values = np.array([float(token) for token in tokens], np.float64)
    except ValueError as error:
        raise FormatError(f"{path.name}: {error}.") from error
    return values, parts[head.n_values] if len(parts) > head.n_values else ""
