"""The folder of packed cubes: what is in it, what to delete, and when.

A file's time is the time of its last use. Deleting is safe at any moment: nothing is
kept here that the user's own files do not hold.
"""

from __future__ import annotations

import logging
import os
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from napari_maxrf.errors import MaxrfError
from napari_maxrf.io.blocked._config import CacheConfig, load_cache_config
from napari_maxrf.io.blocked._layout import read_header

if TYPE_CHECKING:
    from pathlib import Path

SUFFIX = ".blocks"
_LEFT_BEHIND_S = 600
_LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True)
class CacheEntry:
    """A packed cube in the cache.

    Attributes
    ----------
    path : Path
        Its file.
    n_bytes : int
        Size of the file.
    last_used : float
        Seconds since 1970.
    source : dict
        ``name``, ``file`` and ``format`` of the scan; empty if damaged.
    shape : tuple of int
        Rows, columns and channels; empty if damaged.
    dtype : str
        Type of the counts; empty if damaged.
    """

    path: Path
    n_bytes: int
    last_used: float
    source: dict[str, Any] = field(default_factory=dict)
    shape: tuple[int, ...] = ()
    dtype: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return plain values that JSON can hold."""
        return {
            "path": str(self.path),
            "bytes": self.n_bytes,
            "last_used": self.last_used,
            "shape": list(self.shape),
            "dtype": self.dtype,
            **self.source,
        }


def entry_path(key: str, config: CacheConfig | None = None) -> Path:
    """Return where the packed cube of a key stands, or would stand."""
    return (config or load_cache_config()).place / f"{key}{SUFFIX}"


def cache_entries(config: CacheConfig | None = None) -> list[CacheEntry]:
    """List the packed cubes, the one used last first."""
    folder = (config or load_cache_config()).place
    found = [_entry(path) for path in _files(folder) if not path.name.startswith(".")]
    return sorted(
        (one for one in found if one is not None), key=lambda one: -one.last_used
    )


def clear_cache(config: CacheConfig | None = None) -> int:
    """Delete all packed cubes, and what interrupted conversions left behind.

    Returns
    -------
    int
        Bytes that were set free. What is in use elsewhere may stay, on Windows.
    """
    files = _files((config or load_cache_config()).place)
    return sum(_delete(path) for path in files if not _being_written(path))


def trim_cache(config: CacheConfig, keep: Path | None = None) -> int:
    """Delete the cubes used longest ago until the rest is within the limit.

    Parameters
    ----------
    config : CacheConfig
        Folder and limit.
    keep : Path, optional
        A file that stays in any case.

    Returns
    -------
    int
        Bytes that were set free.
    """
    temporary = [one for one in _files(config.place) if one.name.startswith(".")]
    freed = sum(_delete(path) for path in temporary if not _being_written(path))
    entries = cache_entries(config)
    over = sum(one.n_bytes for one in entries) - config.limit_bytes
    for entry in reversed(entries):
        if over <= 0:
            break
        if entry.path != keep:
            set_free = _delete(entry.path)
            freed, over = freed + set_free, over - set_free
    return freed


def touch(path: Path) -> None:
    """Note that a packed cube is used now."""
    with suppress(OSError):  # a folder that cannot be written to
        os.utime(path)


def _files(folder: Path) -> list[Path]:
    try:
        return [one for one in folder.iterdir() if one.suffix == SUFFIX]
    except OSError:
        return []


def _entry(path: Path) -> CacheEntry | None:
    try:
        facts = path.stat()
    except OSError:
        return None  # deleted meanwhile
    try:
        with path.open("rb") as stream:
            header = read_header(stream, path.name)
    except (OSError, MaxrfError):
        return CacheEntry(path, facts.st_size, facts.st_mtime)
    return CacheEntry(
        path, facts.st_size, facts.st_mtime, header.source, header.shape, header.dtype
    )


def _being_written(path: Path) -> bool:
    """Tell a running conversion from one that was killed minutes ago."""
    try:
        age = time.time() - path.stat().st_mtime
    except OSError:
        return False
    return path.name.startswith(".") and age < _LEFT_BEHIND_S


def _delete(path: Path) -> int:
    try:
        n_bytes = path.stat().st_size
        path.unlink()
    except OSError as error:
        _LOGGER.info("%s stays in the cache: %s", path, error)
        return 0
    return n_bytes
