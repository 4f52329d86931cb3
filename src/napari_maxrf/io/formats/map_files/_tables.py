"""Tables of PyMca, ``.dat`` and ``.csv``: row, column, and a column for each map."""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from napari_maxrf.errors import FormatError
from napari_maxrf.io._held import reading
from napari_maxrf.io.formats.map_files._mapset import MapSet, named_maps

if TYPE_CHECKING:
    from pathlib import Path

PYMCA_TABLE = "pymca-table"
_LONGEST_HEAD = 2**16
_MOST_BYTES = 2**31
_SEPARATORS = (";", ",", "\t")
_LARGEST = 2**20


@dataclass(frozen=True)
class _Head:
    """Names of the columns after row and column, and what stands between."""

    names: tuple[str, ...]
    separator: str | None


def is_table(path: Path) -> bool:
    """Look for a first line that names row, column and at least one map."""
    return _head(path) is not None


def _head(path: Path) -> _Head | None:
    try:
        with path.open("rb") as stream:
            line = stream.readline(_LONGEST_HEAD)
    except OSError:
        return None
    if b"\0" in line:
        return None
    text = line.decode("utf-8-sig", errors="replace").strip()
    separator = next((one for one in _SEPARATORS if one in text), None)
    # names may hold single blanks where PyMca puts two between columns
    parts = text.split(separator) if separator else re.split(r"\s{2,}", text)
    if separator is None and len(parts) < 3:
        parts = text.split()
    names = [part.strip().strip('"').strip() for part in parts]
    if len(names) < 3 or [name.lower() for name in names[:2]] != ["row", "column"]:
        return None
    return _Head(tuple(names[2:]), separator)


def read_table(path: Path) -> MapSet:
    """Read a table whose lines are pixels, in any order.

    Raises
    ------
    FormatError
        A line has other than numbers, or rows and columns do not make a map.
    """
    head = _head(path)
    if head is None:
        raise FormatError(f"{path.name} does not begin with the words row and column.")
    if path.stat().st_size > _MOST_BYTES:
        raise FormatError(f"{path.name} is larger than {_MOST_BYTES // 2**30} GiB.")
    table = _numbers(path, head)
    y, x = _places(path, table[:, :2])
    planes = np.full((len(head.names), y.max() + 1, x.max() + 1), np.nan, np.float32)
    with np.errstate(over="ignore"):
        planes[:, y, x] = table[:, 2:].T
    missing = planes[0].size - len(np.unique(y * _LARGEST + x))
    told = [f"{path.name} has no line for {missing} pixels."] if missing else []
    metadata = {"warnings": told} if told else {}
    maps = named_maps(head.names, planes)
    return MapSet(path.stem, maps, PYMCA_TABLE, metadata=metadata)


def _numbers(path: Path, head: _Head) -> npt.NDArray[np.float64]:
    """Read all lines but the first, shape (pixels, 2 + maps)."""
    n_columns = 2 + len(head.names)
    with reading(path):
        text = path.read_bytes().decode("utf-8-sig", errors="replace")
    _, _, body = text.replace("\r\n", "\n").replace("\r", "\n").partition("\n")
    if head.separator == ";":
        body = body.replace(",", ".")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # an empty table is told below
            table = np.loadtxt(
                body.splitlines(),
                delimiter=head.separator,
                comments=None,
                ndmin=2,
                usecols=range(n_columns),
            )
    except (ValueError, OverflowError) as error:
        reason = " ".join(str(error).split("\n")[0].split())
        raise FormatError(f"{path.name}: {reason[:200]}") from error
    if not table.size:
        raise FormatError(f"{path.name} holds no lines of numbers.")
    return table


def _places(
    path: Path, places: npt.NDArray[np.float64]
) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Return rows and columns as whole numbers; refuse a map that is mostly holes."""
    fits = (places >= 0) & (places < _LARGEST) & (places == np.floor(places))
    if not fits.all():
        line = int(np.argmin(fits.all(axis=1))) + 2
        raise FormatError(
            f"{path.name} line {line}: {places[line - 2].tolist()} are no row and "
            "column."
        )
    y, x = places.astype(np.int64).T
    n_pixels = int(y.max() + 1) * int(x.max() + 1)
    if n_pixels > 4 * len(places) + 1000:
        raise FormatError(
            f"{path.name} holds {len(places)} pixels of a map of {y.max() + 1} x "
            f"{x.max() + 1}: that is no whole map."
        )
    return y, x
