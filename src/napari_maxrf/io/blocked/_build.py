"""Write the packed copy of a cube, in one pass that also sums it up."""

from __future__ import annotations

import math
import os
import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from napari_maxrf._files import atomic_path
from napari_maxrf._sources import source_of
from napari_maxrf.errors import MaxrfError
from napari_maxrf.io.blocked._cached import cached_cube, with_blocks
from napari_maxrf.io.blocked._config import CacheConfig, load_cache_config
from napari_maxrf.io.blocked._key import cache_key
from napari_maxrf.io.blocked._layout import HIGH, TYPES, WIDE
from napari_maxrf.io.blocked._store import entry_path, trim_cache
from napari_maxrf.io.blocked._writer import BlockWriter
from napari_maxrf.progress import Progress, Steps, finish

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from pathlib import Path
    from typing import BinaryIO

    from napari_maxrf.cube import SpectralCube

Tile = tuple[slice, slice]

_TILE_BYTES = 2**25
_STAGE = "Packing counts"


def build_cache(cube: SpectralCube, config: CacheConfig | None = None) -> SpectralCube:
    """Pack a cube; see `build_cache_steps`."""
    return finish(build_cache_steps(cube, config))


def build_cache_steps(
    cube: SpectralCube, config: CacheConfig | None = None
) -> Steps[SpectralCube]:
    """Write a packed copy of a cube into the cache, unless there is one.

    The user's file is only read. The copy is exact, about a sixth of the size of
    usual 16-bit counts. If this is stopped at a record, nothing is left.

    Parameters
    ----------
    cube : SpectralCube
        A cube that was opened from a file.
    config : CacheConfig, optional
        Folder and limits; default the user's settings.

    Yields
    ------
    Progress
        One record after each tile, with the rate in MB of counts per second.

    Returns
    -------
    SpectralCube
        The cube with its counts, and their sums, taken from the packed copy.

    Raises
    ------
    MaxrfError
        The cube comes from no file, the file changed meanwhile, or the copy would
        exceed the limit of the cache or fill the disk.
    """
    config = config or load_cache_config()
    found = cached_cube(cube, config)
    if found is not None:
        return found
    key = _key_of(cube)
    path = entry_path(key, config)
    with atomic_path(path) as temporary:
        with temporary.open("wb", buffering=0) as stream:
            yield from _write(stream, cube, temporary, config)
        if _key_of(cube) != key:
            raise MaxrfError(
                f"The file of {cube.name} changed while it was packed. Open it again."
            )
    trim_cache(config, keep=path)
    return with_blocks(cube, path)


def _key_of(cube: SpectralCube) -> str:
    try:
        key = cache_key(cube)
    except OSError as error:
        raise MaxrfError(
            f"The file of {cube.name} cannot be read: {error.strerror}."
        ) from error
    if key is None:
        raise MaxrfError(
            f"{cube.name} comes from no file, so there is nothing to know a packed "
            "copy by. Save it as .maxrf first."
        )
    if cube.counts.dtype.name not in TYPES:
        raise MaxrfError(f"Counts of type {cube.counts.dtype} cannot be packed.")
    return key


def _write(
    stream: BinaryIO, cube: SpectralCube, path: Path, config: CacheConfig
) -> Steps[None]:
    """Read the next tile while the last one is packed."""
    tiles = list(tiles_of(cube.shape, cube.counts.dtype.itemsize, cube.counts.chunks))
    start, n_bytes = time.perf_counter(), 0
    yield Progress(_STAGE, 0, len(tiles))
    with (
        ThreadPoolExecutor(os.cpu_count() or 1) as workers,
        closing(_read_ahead(cube, tiles)) as blocks,
    ):
        writer = BlockWriter(stream, cube.shape, cube.counts.dtype, workers)
        for done, ((rows, columns), block) in enumerate(blocks, start=1):
            writer.add(rows.start, columns.start, block)
            _check_room(path, writer.written, config, cube.name)
            n_bytes += block.nbytes
            rate = n_bytes / 1e6 / max(time.perf_counter() - start, 1e-9)
            yield Progress(_STAGE, done, len(tiles), {"MB/s": rate})
        writer.finish(_described(cube))


def _read_ahead(
    cube: SpectralCube, tiles: list[Tile]
) -> Generator[tuple[Tile, npt.NDArray[Any]]]:
    with ThreadPoolExecutor(1) as reader:
        coming = reader.submit(_read, cube, tiles[0])
        for tile, after in zip(tiles, [*tiles[1:], None], strict=True):
            block = coming.result()
            if after is not None:
                coming = reader.submit(_read, cube, after)
            yield tile, block


def _read(cube: SpectralCube, tile: Tile) -> npt.NDArray[Any]:
    """Read a tile from the file in one go, where nothing was done to its counts."""
    source = source_of(cube.counts)
    if source is not None:
        return source[tile]
    return np.asarray(cube.counts[tile].compute())


def tiles_of(
    shape: tuple[int, int, int], itemsize: int, chunks: tuple[tuple[int, ...], ...]
) -> Iterator[Tile]:
    """Cut the pixels of a cube into tiles of whole blocks, about 32 MiB each.

    Whole rows where that is possible, since most files hold them together; and as
    many rows as a block of the source has, so that none is read twice.

    Examples
    --------
    >>> list(tiles_of((40, 100, 8), 2, ((40,), (100,), (8,))))
    [(slice(0, 40, None), slice(0, 100, None))]
    """
    n_y, n_x, n_channels = shape
    room = max(1, _TILE_BYTES // (n_channels * itemsize))
    high = max(HIGH, min(max(chunks[0]), 4 * HIGH) // HIGH * HIGH)
    wide = max(WIDE, room // high // WIDE * WIDE)
    if wide >= n_x:
        high = max(high, room // n_x // high * high)
    for y in range(0, n_y, high):
        for x in range(0, n_x, wide):
            yield slice(y, min(y + high, n_y)), slice(x, min(x + wide, n_x))


def _check_room(path: Path, written: int, config: CacheConfig, name: str) -> None:
    """Stop before the cache or the disk is too full."""
    if written > config.limit_bytes:
        raise MaxrfError(
            f"The packed copy of {name} is larger than the whole cache may be "
            f"({config.limit_gb:g} GB). Raise it: napari-maxrf cache limit GB."
        )
    free = shutil.disk_usage(path.parent).free
    if free < config.keep_free_gb * 1e9:
        raise MaxrfError(
            f"Only {free / 1e9:.1f} GB are free in {path.parent}; packing {name} "
            "stopped. Make room, or choose another folder for the cache."
        )


def _described(cube: SpectralCube) -> dict[str, Any]:
    facts = cube.provenance[0].parameters if cube.provenance else {}
    return {
        "name": cube.name,
        "file": str(cube.metadata.get("file")),
        "format": facts.get("format"),
        "bytes_of_counts": math.prod(cube.shape) * cube.counts.dtype.itemsize,
    }
