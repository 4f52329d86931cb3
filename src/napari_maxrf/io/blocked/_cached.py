"""Find the packed copy of a cube, and say when one is worth its room."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from napari_maxrf._sources import remember, source_of
from napari_maxrf.cube import StoredSums
from napari_maxrf.errors import MaxrfError
from napari_maxrf.io.blocked._array import BlockedArray
from napari_maxrf.io.blocked._config import CacheConfig, load_cache_config
from napari_maxrf.io.blocked._key import cache_key
from napari_maxrf.io.blocked._layout import HIGH, TYPES, WIDE
from napari_maxrf.io.blocked._store import entry_path, touch

if TYPE_CHECKING:
    from pathlib import Path

    import dask.array as da

    from napari_maxrf.cube import SpectralCube

_LEAST_BYTES = 2**28
_SLOW_BYTES = 2**26
_CHUNK_BYTES = 2**25
_LOGGER = logging.getLogger(__name__)


def cached_cube(
    cube: SpectralCube, config: CacheConfig | None = None
) -> SpectralCube | None:
    """Return the cube with its counts taken from its packed copy, if there is one.

    Energies, provenance and all else stay those of `cube`. Costs a few reads of the
    user's file, to see that it is still the one that was packed.

    Parameters
    ----------
    cube : SpectralCube
        A cube that was opened from a file.
    config : CacheConfig, optional
        Folder of the cache; default the user's settings.

    Returns
    -------
    SpectralCube or None
        None also where the packed copy turned out to be damaged.
    """
    if is_blocked(cube):
        return cube
    try:
        key = cache_key(cube)
    except OSError:
        return None  # unplugged: reading the cube itself will say so
    if key is None:
        return None
    path = entry_path(key, config or load_cache_config())
    try:
        return with_blocks(cube, path) if path.is_file() else None
    except MaxrfError as error:
        _LOGGER.warning("%s", error)
        return None


def with_blocks(cube: SpectralCube, path: Path) -> SpectralCube:
    """Return a cube with counts and sums from a file of blocks.

    Raises
    ------
    FormatError
        The file is damaged.
    MaxrfError
        It holds a cube of another shape or type.
    """
    blocked = BlockedArray(path)
    if blocked.shape != cube.shape or blocked.dtype != cube.counts.dtype:
        raise MaxrfError(f"{path.name} in the cache does not belong to {cube.name}.")
    touch(path)
    counts = lazy_blocks(blocked)
    return replace(cube, counts=counts, stored=StoredSums(counts.name, blocked.sums))


def lazy_blocks(blocked: BlockedArray) -> da.Array:
    """Wrap packed counts as a dask array of about 32 MiB per block, whole spectra."""
    import dask.array as da

    n_channels = blocked.shape[2]
    column_bytes = HIGH * WIDE * n_channels * blocked.dtype.itemsize
    columns = max(1, _CHUNK_BYTES // column_bytes)
    tall = min(columns, 4)
    high, wide = HIGH * tall, WIDE * (columns // tall)
    lazy: da.Array = da.from_array(
        blocked,
        chunks=(high, wide, n_channels),
        meta=np.empty((0, 0, 0), blocked.dtype),
    )
    remember(lazy, blocked)
    return lazy


def is_blocked(cube: SpectralCube) -> bool:
    """Tell whether the counts of a cube are taken from a packed copy."""
    return isinstance(source_of(cube.counts), BlockedArray)


def worth_caching(cube: SpectralCube) -> bool:
    """Tell whether a packed copy would make a cube much quicker to look at.

    It would where the cube is large, comes from a file, and one channel or one
    spectrum of it takes more than 64 MiB to read.
    """
    named = isinstance(cube.metadata.get("file"), str)
    if not named or is_blocked(cube) or cube.counts.dtype.name not in TYPES:
        return False
    n_bytes = cube.counts.nbytes
    high, wide, deep = (max(sizes) for sizes in cube.counts.chunks)
    channel = n_bytes * deep // cube.shape[2]
    spectrum = high * wide * cube.shape[2] * cube.counts.dtype.itemsize
    return bool(n_bytes >= _LEAST_BYTES and max(channel, spectrum) > _SLOW_BYTES)
