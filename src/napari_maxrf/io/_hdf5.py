"""HDF5 files: the native format and the layouts of other programs."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import h5py

from napari_maxrf.errors import MaxrfError
from napari_maxrf.io._format import Format, ReadOptions
from napari_maxrf.io._held import elsewhere, open_file, reading
from napari_maxrf.io._maxrf import is_maxrf, open_maxrf
from napari_maxrf.io.dialects import (
    DIALECTS,
    Dialect,
    contents_of,
    dialect_of,
    open_file_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from napari_maxrf.cube import SpectralCube

MAXRF = "maxrf"
_MAGIC = b"\x89HDF\r\n\x1a\n"


def starts_as_hdf5(path: Path) -> bool:
    """Look for the HDF5 signature, which may follow a user block."""
    try:
        with path.open("rb") as stream:
            if stream.read(8) == _MAGIC:
                return True
        return bool(h5py.is_hdf5(path))
    except OSError:
        return False


def not_a_scan(path: Path) -> str:
    """Say what is wrong with an HDF5 file that no format matches."""
    try:
        with reading(path), open_file(path) as file:
            outside = contents_of(file).elsewhere
        if outside:
            return f"{path.name} holds no 3-D dataset itself. {_told(path, outside)}"
    except MaxrfError as error:
        return str(error)
    return f"{path.name} holds no 3-D dataset of numbers: it is not a datacube."


def _told(path: Path, outside: list[tuple[str, str]]) -> str:
    where, targets = outside[0][0], {target for _, target in outside}
    return elsewhere(path.name, where, *sorted(targets))


def _kind(path: Path) -> str | None:
    """Name the format of an HDF5 file, "" if none of ours; None for other files."""
    if not starts_as_hdf5(path):
        return None
    facts = path.stat()
    return _kind_inside(path, facts.st_size, facts.st_mtime_ns)


@lru_cache(maxsize=16)
def _kind_inside(path: Path, _size: int, _time: int) -> str:
    """Look into a file once for all formats; damaged ones go by their suffix."""
    try:
        with reading(path), open_file(path) as file:
            if is_maxrf(file):
                return MAXRF
            dialect = dialect_of(file)
    except MaxrfError:
        return MAXRF if path.suffix.lower() == f".{MAXRF}" else ""
    return dialect.name if dialect else ""


def _open_maxrf(path: Path, options: ReadOptions) -> SpectralCube:
    return open_maxrf(path, options.detector)


def _opener(dialect: Dialect) -> Callable[[Path, ReadOptions], SpectralCube]:
    def open_one(path: Path, options: ReadOptions) -> SpectralCube:
        with reading(path), open_file(path) as file:
            return open_file_of(file, path, dialect, options)

    return open_one


def _listing(path: Path) -> bytes:
    """List names, shapes and types of all scans, which files of one kind share."""
    with reading(path), open_file(path) as file:
        solids = contents_of(file).solids
        return repr([(one.name, one.shape, str(one.dtype)) for one in solids]).encode()


def _format_of(dialect: Dialect) -> Format:
    return Format(
        dialect.name,
        dialect.label,
        dialect.suffixes,
        lambda path: _kind(path) == dialect.name,
        _opener(dialect),
        detectors=dialect.detectors,
        header=_listing,
    )


HDF5_FORMATS = (
    Format(
        MAXRF,
        "napari-maxrf (native)",
        (".maxrf",),
        lambda path: _kind(path) == MAXRF,
        _open_maxrf,
        writes=True,
        detectors=True,
    ),
    *map(_format_of, DIALECTS),
)
