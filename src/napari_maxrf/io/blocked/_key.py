"""By what a packed copy is known: the user's file as it is now, and how it was read.

Two things together: the name of the lazy counts, which dask makes from the file's
path, size and time and from everything done to its counts; and a digest of pieces of
the file's content, for copies and restored backups that keep size and time.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

from napari_maxrf import __version__
from napari_maxrf.io.blocked._layout import VERSION

if TYPE_CHECKING:
    from collections.abc import Iterator

    from napari_maxrf.cube import SpectralCube

_PIECE_BYTES, _N_PIECES, _N_FILES = 2**16, 16, 16


def cache_key(cube: SpectralCube) -> str | None:
    """Return the key of a cube's packed copy; None if it comes from no file.

    Raises
    ------
    OSError
        The file cannot be read any more.
    """
    opened = cube.metadata.get("file")
    if not isinstance(opened, str) or not Path(opened).exists():
        return None
    counts = f"{cube.counts.name} {cube.shape} {cube.counts.dtype}"
    digest = hashlib.sha256(f"{VERSION} {__version__} {counts}".encode())
    for path in _files_behind(cube, Path(opened)):
        facts = path.stat()
        digest.update(f"{path.name} {facts.st_size} {facts.st_mtime_ns}".encode())
        digest.update(_pieces(path, facts.st_size))
    return digest.hexdigest()[:32]


def _files_behind(cube: SpectralCube, opened: Path) -> list[Path]:
    """List the files of a scan: both of a pair, some of a folder."""
    if opened.is_dir():
        found = sorted(one for one in _walk(opened) if one.is_file())
        step = max(1, len(found) // _N_FILES)
        return found[::step]
    facts = cube.provenance[0].parameters if cube.provenance else {}
    names = {opened.name, *(facts.get(key) for key in ("data", "header"))}
    beside = (opened.parent / name for name in names if isinstance(name, str))
    return sorted(path for path in beside if path.is_file())


def _walk(folder: Path) -> Iterator[Path]:
    for place, _, names in os.walk(folder):
        yield from (Path(place, name) for name in names)


def _pieces(path: Path, size: int) -> bytes:
    """Digest the head, the tail and pieces between them."""
    digest = hashlib.sha256()
    last = max(size - _PIECE_BYTES, 0)
    with path.open("rb") as stream:
        for place in sorted({last * i // (_N_PIECES - 1) for i in range(_N_PIECES)}):
            stream.seek(place)
            digest.update(stream.read(_PIECE_BYTES))
    return digest.digest()
