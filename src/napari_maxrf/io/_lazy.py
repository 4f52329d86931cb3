"""Dask arrays over held datasets, in blocks that suit both file and viewer."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import dask.array as da

    from napari_maxrf.io._held import HeldDataset

_BLOCK_BYTES = 2**20
_MANY_BLOCKS = 4096
_ROW_BYTES = 2**23


def lazy_counts(held: HeldDataset) -> da.Array:
    """Wrap a held 3-D dataset as a dask array of whole stored chunks."""
    import dask.array as da

    shape = (held.shape[0], held.shape[1], held.shape[2])
    itemsize = held.dtype.itemsize
    if held.chunks is None:
        blocks = _row_blocks(shape, itemsize)
    else:
        stored = (held.chunks[0], held.chunks[1], held.chunks[2])
        blocks = grown_blocks(shape, stored, itemsize)
    lazy: da.Array = da.from_array(held, chunks=blocks, asarray=False, fancy=False)
    return lazy


def grown_blocks(
    shape: tuple[int, int, int], stored: tuple[int, int, int], itemsize: int
) -> tuple[int, int, int]:
    """Join stored chunks along y and x until blocks are neither tiny nor too many.

    Examples
    --------
    >>> grown_blocks((256, 256, 2048), (64, 64, 64), 2)
    (64, 128, 64)
    """
    blocks = [min(block, size) for block, size in zip(stored, shape, strict=True)]
    while _too_small(shape, blocks, itemsize):
        open_axes = [axis for axis in (1, 0) if blocks[axis] < shape[axis]]
        if not open_axes:
            break
        axis = min(open_axes, key=lambda one: blocks[one])
        blocks[axis] = min(2 * blocks[axis], shape[axis])
    return blocks[0], blocks[1], blocks[2]


def _too_small(shape: tuple[int, int, int], blocks: list[int], itemsize: int) -> bool:
    pairs = zip(shape, blocks, strict=True)
    n_blocks = math.prod(-(-size // block) for size, block in pairs)
    return math.prod(blocks) * itemsize < _BLOCK_BYTES or n_blocks > _MANY_BLOCKS


def _row_blocks(shape: tuple[int, int, int], itemsize: int) -> tuple[int, int, int]:
    """Cut an unchunked array into whole rows of the slowest axis."""
    row_bytes = shape[1] * shape[2] * itemsize
    return max(1, min(shape[0], _ROW_BYTES // max(row_bytes, 1))), shape[1], shape[2]
