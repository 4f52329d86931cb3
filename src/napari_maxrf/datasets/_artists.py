"""Who painted what: from a table, or from names such as ``artist__title.jpg``."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_maxrf.errors import MaxrfError

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

_MOST_BYTES = 2**28
_NOBODY = {"", "?", "anonymous", "unknown", "unknown artist", "unknown painter"}

Artists = dict[Path, str]


def read_artists(path: str | os.PathLike[str]) -> Artists:
    """Read who painted which picture.

    Parameters
    ----------
    path : path-like
        CSV with the columns ``file`` and ``artist``, or JSON: an object of file
        names to artists, or a list of objects with ``file`` and ``artist``. Files
        are relative to the folder of the table.

    Returns
    -------
    dict of Path to str
        Full paths; pictures of nobody known are left out.

    Raises
    ------
    MaxrfError
        The table cannot be read, or lacks one of the columns.
    """
    table = Path(path)
    try:
        if table.stat().st_size > _MOST_BYTES:
            raise MaxrfError(f"{table} is not a table of artists: over 256 MiB.")
        text = table.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise MaxrfError(f"Cannot read {table}: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise MaxrfError(f"{table} is not UTF-8 text: {error}.") from error
    rows = _json_rows(table, text) if table.suffix == ".json" else _rows(table, text)
    folder = table.resolve().parent
    return {
        (folder / file).resolve(): artist
        for file, artist in rows.items()
        if artist.strip().lower() not in _NOBODY
    }


def artist_of(path: Path, artists: Mapping[Path, str]) -> str:
    """Return the artist of a picture, "" if nobody is known.

    Examples
    --------
    >>> artist_of(Path("jan-steen__the-feast.jpg"), {}), artist_of(Path("x.jpg"), {})
    ('jan-steen', '')
    """
    told = artists.get(path.resolve())
    if told is None and "__" in path.stem:
        told = path.stem.split("__")[0]
    artist = " ".join((told or "").split()).casefold()
    return "" if artist in _NOBODY else artist


def _rows(table: Path, text: str) -> dict[str, str]:
    reader = csv.DictReader(text.splitlines())
    missing = {"file", "artist"} - set(reader.fieldnames or ())
    if missing:
        raise MaxrfError(
            f"{table}, line 1: no column {' or '.join(sorted(missing))}; the columns "
            "file and artist are needed."
        )
    try:
        return {str(row["file"]): row["artist"] or "" for row in reader}
    except csv.Error as error:
        raise MaxrfError(f"{table}, line {reader.line_num}: {error}.") from error


def _json_rows(table: Path, text: str) -> dict[str, str]:
    try:
        held = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise MaxrfError(f"{table} is not JSON: {error}.") from error
    if isinstance(held, list) and all(map(_is_row, held)):
        held = {row["file"]: row["artist"] for row in held}
    if not isinstance(held, dict) or not all(
        isinstance(artist, str) for artist in held.values()
    ):
        raise MaxrfError(
            f"{table} holds no artists: an object of file names to artists is needed, "
            "or a list of objects with file and artist."
        )
    return held


def _is_row(row: Any) -> bool:
    return isinstance(row, dict) and all(
        isinstance(row.get(name), str) for name in ("file", "artist")
    )
