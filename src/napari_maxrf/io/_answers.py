"""What a user said about a file that does not say it itself, kept for the next time.

An answer belongs to a kind of file: its format and its header, which hold the shape,
but not its name or place. Each answer is a small file of its own in the user's
folder, so that two programs can write at once and a single one is easily deleted.
"""

from __future__ import annotations

import hashlib
import json
import logging
from typing import TYPE_CHECKING, Any

from napari_maxrf._files import write_json
from napari_maxrf._folders import config_folder
from napari_maxrf.errors import MaxrfError
from napari_maxrf.io._format import ReadOptions

if TYPE_CHECKING:
    from pathlib import Path

    from napari_maxrf.io._format import Format

_log = logging.getLogger(__name__)

_CHOICES = {"detector"}
"""Wishes for one time, which are no facts about the file."""

_FIRST_BYTES = 512
_LARGEST = 2**16
_MOST_NAMES = 100_000


def answers_folder() -> Path:
    """Return the folder of the answers. It need not exist."""
    return config_folder() / "answers"


def remembered(path: Path, known: Format) -> ReadOptions | None:
    """Return what was said about files like this one.

    Parameters
    ----------
    path : Path
        The file.
    known : Format
        Its format.

    Returns
    -------
    ReadOptions or None
        None where nothing was said, or where it cannot be read any more.
    """
    place = _place(path, known)
    try:
        with place.open("rb") as stream:
            answer = json.loads(stream.read(_LARGEST))
        return ReadOptions.checked(**answer["options"])
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, RecursionError, MaxrfError):
        _log.warning("The answer in %s cannot be read and is left out.", place)
        return None


def remember(path: Path, known: Format, options: ReadOptions) -> Path | None:
    """Keep what was said about a file for others like it.

    Parameters
    ----------
    path : Path
        The file.
    known : Format
        Its format.
    options : ReadOptions
        What was said; a choice of detector is not kept.

    Returns
    -------
    Path or None
        Where it is kept; None if nothing was said that is worth keeping.

    Raises
    ------
    MaxrfError
        The folder cannot be written to.
    """
    kept = _kept(options)
    if not kept:
        return None
    place = _place(path, known)
    write_json(place, {"format": known.name, "example": path.name, "options": kept})
    return place


def forget(path: Path, known: Format) -> bool:
    """Forget what was said about files like this one; tell whether there was any.

    Raises
    ------
    MaxrfError
        The answer cannot be deleted.
    """
    place = _place(path, known)
    try:
        place.unlink()
    except FileNotFoundError:
        return False
    except OSError as error:
        raise MaxrfError(f"Cannot delete {place}: {error.strerror}.") from error
    return True


def _kept(options: ReadOptions) -> dict[str, Any]:
    return options.model_dump(mode="json", exclude_none=True, exclude=_CHOICES)


def _place(path: Path, known: Format) -> Path:
    """Name the file of an answer after the format and a hash of the header."""
    digest = hashlib.sha256(_header(path, known)).hexdigest()[:16]
    return answers_folder() / f"{known.name}-{digest}.json"


def _header(path: Path, known: Format) -> bytes:
    """Return what files of one kind have in common, as far as it can be read."""
    try:
        if known.header is not None:
            return known.header(path)
        return _folder_bytes(path) if path.is_dir() else _first_bytes(path)
    except (OSError, MaxrfError):
        return b""


def _first_bytes(path: Path) -> bytes:
    with path.open("rb") as stream:
        return stream.read(_FIRST_BYTES) + str(path.stat().st_size).encode()


def _folder_bytes(path: Path) -> bytes:
    """Describe a folder by the number of its files and the first and last of them."""
    names = sorted(
        one.name for one, _ in zip(path.iterdir(), range(_MOST_NAMES), strict=False)
    )
    return repr((len(names), names[:1], names[-1:])).encode()
