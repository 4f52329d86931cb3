"""Write files so that an interrupted write never harms an earlier result."""

from __future__ import annotations

import hashlib
import json
import os
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from napari_maxrf.errors import MaxrfError

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def atomic_path(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Give a temporary path beside `path` and move it there on success.

    The temporary file keeps the suffix, since many libraries choose the format
    by it. On any error the temporary file is removed and `path` is untouched.

    Parameters
    ----------
    path : path-like
        Where the finished file shall stand. Its folder is made if missing.

    Raises
    ------
    MaxrfError
        The folder cannot be made or written to, or the disk is full.
    """
    target = Path(path)
    temporary = target.with_name(f".{target.stem}-{uuid4().hex[:8]}{target.suffix}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        os.replace(temporary, target)
    except OSError as error:
        reason = error.strerror or str(error)
        raise MaxrfError(
            f"Cannot write {target}: {reason}. Choose another place or make room; "
            "what stood there before is unchanged."
        ) from error
    finally:
        with suppress(OSError):  # the folder itself may be missing
            temporary.unlink(missing_ok=True)


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Write `text` as UTF-8 to `path`, atomically."""
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: str | os.PathLike[str], value: Any) -> None:
    """Write `value` as indented JSON to `path`, atomically."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def content_hash(value: Any) -> str:
    """Return a short stable hash of a JSON-like `value`.

    Examples
    --------
    >>> content_hash({"a": 1, "b": 2}) == content_hash({"b": 2, "a": 1})
    True
    """
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def file_hash(path: str | os.PathLike[str]) -> str:
    """Return the first 16 hexadecimal digits of the SHA-256 of a file."""
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()[:16]
