"""The packed copy of one scan: whether there is one, and the way back from it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from napari_maxrf._sources import source_of
from napari_maxrf.errors import MaxrfError
from napari_maxrf.io.blocked._array import BlockedArray
from napari_maxrf.io.blocked._config import CacheConfig, load_cache_config
from napari_maxrf.io.blocked._key import cache_key
from napari_maxrf.io.blocked._store import entry_path

if TYPE_CHECKING:
    from pathlib import Path

    from napari_maxrf.cube import SpectralCube
    from napari_maxrf.io._format import ReadOptions


def packed_copy(cube: SpectralCube, config: CacheConfig | None = None) -> Path | None:
    """Return the file that holds the packed counts of a cube, if there is one.

    Parameters
    ----------
    cube : SpectralCube
        As it was opened from a file, or already read from its packed copy.
    config : CacheConfig, optional
        Folder of the cache; default the user's settings.
    """
    source = source_of(cube.counts)
    if isinstance(source, BlockedArray):
        return source.path if source.path.is_file() else None
    key = _key(cube)
    path = entry_path(key, config or load_cache_config()) if key else None
    return path if path is not None and path.is_file() else None


def unpacked_cube(cube: SpectralCube) -> SpectralCube:
    """Return a cube with its counts taken from the user's own file again.

    Energies, provenance and all else stay those of `cube`.

    Parameters
    ----------
    cube : SpectralCube
        A cube that is read from its packed copy; any other is returned as it is.

    Raises
    ------
    MaxrfError
        The file is gone, has changed, or was opened with further options, or the
        packed counts are derived ones.
    """
    source = source_of(cube.counts)
    if not isinstance(source, BlockedArray):
        return cube
    for options in _ways_to_open(cube):
        opened = _with_counts_of_file(cube, options)
        if opened is not None and _key(opened) == source.path.stem:
            return opened
    raise MaxrfError(
        f"{cube.name} can be read from its packed copy only: its file has changed, was "
        "opened with options, or its counts were corrected. Open the file again first, "
        "or delete all copies: napari-maxrf cache clear."
    )


def _ways_to_open(cube: SpectralCube) -> list[ReadOptions | None]:
    from napari_maxrf.io._format import ReadOptions

    alone = [ReadOptions(detector=name) for name in cube.detectors[:1]]
    return [None, *alone]


def _with_counts_of_file(
    cube: SpectralCube, options: ReadOptions | None
) -> SpectralCube | None:
    from napari_maxrf.io._formats import open_cube

    try:
        opened = open_cube(str(cube.metadata.get("file")), options=options)
    except MaxrfError:
        return None
    if opened.shape != cube.shape:
        return None
    return replace(cube, counts=opened.counts, stored=opened.stored)


def _key(cube: SpectralCube) -> str | None:
    try:
        return cache_key(cube)
    except OSError:
        return None  # unplugged


def delete_copy(cube: SpectralCube, config: CacheConfig | None = None) -> int:
    """Delete the packed copy of a cube. The user's file stays as it is.

    Parameters
    ----------
    cube : SpectralCube
        Of which there may be a copy; a layer that shows it should show
        `unpacked_cube` first.
    config : CacheConfig, optional
        Folder of the cache; default the user's settings.

    Returns
    -------
    int
        Bytes that were set free; 0 where there is no copy.

    Raises
    ------
    MaxrfError
        It cannot be deleted, such as one in use on Windows.
    """
    path = packed_copy(cube, config)
    if path is None:
        return 0
    try:
        n_bytes = path.stat().st_size
        path.unlink()
    except OSError as error:
        raise MaxrfError(
            f"The packed copy of {cube.name} stays: {error.strerror}. Close what "
            "shows it, then delete it again."
        ) from error
    return n_bytes
