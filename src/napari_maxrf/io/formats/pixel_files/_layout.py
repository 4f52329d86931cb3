"""Which file is which pixel of which detector."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from napari_maxrf.errors import FormatError
from napari_maxrf.io._format import ReadOptions, UnknownLayoutError

if TYPE_CHECKING:
    from napari_maxrf.io.formats.pixel_files._names import Series
    from napari_maxrf.io.formats.pixel_files._size import MapSize

FEWEST_FILES = 4
"""A series of fewer files is no scan unless a side file says so."""

_FEWEST_ROWS = 8
_MOST_PIXELS = 2**26
_WORDS = re.compile(r"[0-9]+|[^\W\d_]+")


@dataclass(frozen=True)
class Layout:
    """Pixels of a scan and their files.

    Attributes
    ----------
    height, width : int
        Rows and columns.
    detectors : dict of str to tuple of str or None
        For each detector the file of every pixel, row by row, before any snake is
        undone; None where there is none. The name is "" where nothing tells one.
    warnings : tuple of str
        What is missing or was left out.
    """

    height: int
    width: int
    detectors: dict[str, tuple[str | None, ...]]
    warnings: tuple[str, ...]


def laid_out(
    name: str,
    series: list[Series],
    size: MapSize | None,
    options: ReadOptions,
    n_channels: int,
) -> Layout:
    """Give every file its pixel.

    Parameters
    ----------
    name : str
        Name of the folder or archive, for messages.
    series : list of Series
        All series of spectrum files, the longest first.
    size : MapSize or None
        What a side file says.
    options : ReadOptions
        Width and height of the user come before the side file.
    n_channels : int
        Number of channels, for the question.

    Raises
    ------
    UnknownLayoutError
        Nobody says how wide the scan is.
    FormatError
        There are more files than pixels.
    """
    kept = [one for one in series if 2 * len(one.files) >= len(series[0].files)]
    left = sum(len(one.files) for one in series[len(kept) :])
    warnings = [f"{left} files of other series in {name} are left out."] if left else []
    table = _as_table(kept, size)
    if table is not None:
        height, width = _size_of_table(table, size, options)
        cells = {y * width + x: file for (y, x), file in table.items() if x < width}
        parts = {"": cells}
    else:
        numbered = {key: one.files for key, one in _by_detector(kept).items()}
        n = max(_span(files) for files in numbered.values())
        height, width = _asked_size(name, n, size, options, n_channels)
        _check_room(name, n, height, width)
        first = _first_number(numbered, height * width)
        parts = {
            key: {number - first: file for number, file in files.items()}
            for key, files in numbered.items()
        }
        if len(parts) > 1:
            names = ", ".join(parts)
            warnings.append(f"{names} in {name} are taken for detectors of one scan.")
    detectors = {
        key: _row_by_row(cells, height * width) for key, cells in parts.items()
    }
    for key, files in detectors.items():
        warnings += _of_missing(f"{name} {key}".strip(), files, width)
    return Layout(height, width, detectors, tuple(warnings))


def _by_detector(series: list[Series]) -> dict[str, Series]:
    """Name each series by what its folder or name has of its own."""
    if len(series) == 1:
        return {series[0].folder.rpartition("/")[2]: series[0]}
    folders = [one.folder for one in series]
    names = [folder.rpartition("/")[2] for folder in folders]
    if len(set(names)) < len(series):
        names = _own_parts([f"{one.folder}/{one.before}/{one.after}" for one in series])
    if len(set(names)) < len(series) or not all(names):
        names = [str(index + 1) for index in range(len(series))]
    return dict(sorted(zip(names, series, strict=True)))


def _own_parts(names: list[str]) -> list[str]:
    """Return what each of several names has of its own.

    Examples
    --------
    >>> _own_parts(["map_10264_", "map_19511_"])
    ['10264', '19511']
    """
    parts = [_WORDS.findall(name) for name in names]
    if len(set(map(len, parts))) > 1:
        return [name.strip("/_- .") for name in names]
    places = [
        place
        for place, each in enumerate(zip(*parts, strict=True))
        if len(set(each)) > 1
    ]
    return [" ".join(words[place] for place in places) for words in parts]


def _as_table(
    series: list[Series], size: MapSize | None
) -> dict[tuple[int, int], str] | None:
    """Read series as rows where names hold the numbers of a row and a column.

    Returns
    -------
    dict of (int, int) to str, or None
        Files by row and column, from 0; None where series are something else.
    """
    rows = [(one.row(), one) for one in series]
    parted = {row[1]: one for row, one in rows if row is not None}
    alike = {
        (row[0], row[2], one.folder, one.after, one.suffix)
        for row, one in rows
        if row is not None
    }
    if len(series) < 2 or len(alike) > 1 or len(parted) < len(series):
        return None
    first_row = min(parted)
    longest = max(_span(one.files) for one in series)
    if size is not None:
        if max(parted) - first_row >= size.height or longest > size.width:
            return None
    elif first_row > 1 or len(series) < _FEWEST_ROWS:
        return None
    first = min(min(one.files) for one in series)
    return {
        (row - first_row, number - first): file
        for row, one in parted.items()
        for number, file in one.files.items()
    }


def _size_of_table(
    table: dict[tuple[int, int], str], size: MapSize | None, options: ReadOptions
) -> tuple[int, int]:
    """Take the numbers in names, unless a user or a side file says more."""
    height = max(y for y, _ in table) + 1
    width = max(x for _, x in table) + 1
    if size is not None:
        height, width = size.height, size.width
    return max(options.height or 0, height), max(options.width or 0, width)


def _span(files: dict[int, str]) -> int:
    return max(files) - min(files) + 1


def _asked_size(
    name: str, n: int, size: MapSize | None, options: ReadOptions, n_channels: int
) -> tuple[int, int]:
    """Return rows and columns: the user's, then those of the side file."""
    height, width = options.height, options.width
    if height is None and width is None and size is not None:
        return size.height, size.width
    if height is None and width is None:
        side = math.isqrt(n)
        raise UnknownLayoutError(
            f"{name} holds {n} spectra and does not say how many make a row. Say the "
            "width or height of the scan, or put a text file with the lines 'rows 45' "
            "and 'columns 80' beside them.",
            needs=("width", "height", "snake"),
            shape=(n, n_channels),
            guess=ReadOptions(width=side, height=-(-n // side), snake=False),
        )
    if width is None:
        width = -(-n // (height or 1))
    return height or -(-n // width), width


def _check_room(name: str, n: int, height: int, width: int) -> None:
    if n > height * width or height * width > min(_MOST_PIXELS, 16 * n + 2**12):
        raise FormatError(
            f"{name} holds files with {n} numbers in a row, which do not make "
            f"{height} x {width} pixels. Say the width and height of the scan."
        )


def _first_number(parts: dict[str, dict[int, str]], n_pixels: int) -> int:
    """Return the number of the first pixel: 0 or 1 where the numbers leave room."""
    first = min(min(files) for files in parts.values())
    last = max(max(files) for files in parts.values())
    return min(first, 1) if last - min(first, 1) < n_pixels else first


def _row_by_row(cells: dict[int, str], n_pixels: int) -> tuple[str | None, ...]:
    return tuple(cells.get(index) for index in range(n_pixels))


def _of_missing(where: str, files: tuple[str | None, ...], width: int) -> list[str]:
    missing = [index for index, file in enumerate(files) if file is None]
    if not missing:
        return []
    places = ", ".join(
        f"row {index // width} column {index % width}" for index in missing[:5]
    )
    more = " ..." if len(missing) > 5 else ""
    return [
        f"{where} has no file for {len(missing)} of {len(files)} pixels, which are "
        f"empty ({places}{more})."
    ]
