"""Side files that say how many rows and columns a scan has.

``colonneXrighe.txt`` holds ``righe  45``, ``colonne  80`` and ``dwell-time 3,000000``
on lines of their own. Words and marks between them differ by program and language.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from napari_maxrf.errors import FormatError
from napari_maxrf.io.spectra._file import decoded

if TYPE_CHECKING:
    from napari_maxrf.io.formats.pixel_files._members import Members

MOST_BYTES = 4096
_MOST_SIDE_FILES = 20
SIDE_SUFFIXES = (".txt", ".ini", ".cfg", ".dat", ".conf", ".info")
_ROWS = "righe|rows?|height|lines?|zeilen|lignes|filas|linhas|ny|nrows"
_COLUMNS = "colonne|columns?|cols?|width|spalten|colonnes|columnas|colunas|nx|ncols"
_DWELL = "dwell[-_ ]?time|dwell|tempo"
_LINE = r"^[ \t\"']*(?:{})[ \t\"']*[:=;,]?[ \t\"']*([0-9]+(?:[.,][0-9]+)?)[ \t\"';]*$"
_LARGEST = 2**20


@dataclass(frozen=True)
class MapSize:
    """Rows and columns of a scan, and the time for a pixel where it is said."""

    height: int
    width: int
    dwell_time_s: float | None
    file: str


def size_in(text: str, name: str) -> MapSize | None:
    r"""Read a side file; None for any other text.

    Examples
    --------
    >>> size_in("righe  45\r\ncolonne  80\r\ndwell-time 3,000000\r\n", "size.txt")
    MapSize(height=45, width=80, dwell_time_s=3.0, file='size.txt')
    """
    height, width = _value(text, _ROWS), _value(text, _COLUMNS)
    if height is None or width is None:
        return None
    whole = height.is_integer() and width.is_integer()
    if not whole or not (1 <= height <= _LARGEST and 1 <= width <= _LARGEST):
        return None
    return MapSize(int(height), int(width), _value(text, _DWELL), name)


def _value(text: str, words: str) -> float | None:
    pattern = _LINE.format(words)
    found = re.search(pattern, text.replace("\r", "\n"), re.IGNORECASE | re.MULTILINE)
    return float(found[1].replace(",", ".")) if found and len(found[1]) < 20 else None


def sizes_among(members: Members) -> dict[str, MapSize]:
    """Find the side files, by their names."""
    found = {}
    short = (
        name
        for name, size in members.sizes.items()
        if 0 < size <= MOST_BYTES
        and name.lower().endswith(SIDE_SUFFIXES)
        and not re.search("[0-9]", name.rpartition("/")[2])
    )
    for name, _ in zip(sorted(short), range(_MOST_SIDE_FILES), strict=False):
        try:
            size = size_in(decoded(members.read(name), name), name)
        except FormatError:
            continue
        if size is not None:
            found[name] = size
    return found
