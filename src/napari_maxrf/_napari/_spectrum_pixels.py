"""Spectra of single pixels, quick where the mouse moves from neighbour to neighbour.

A packed file has a whole block unpacked for one pixel. Where that is slow, the block
is kept, since the next pixel most often lies in it.
"""

from __future__ import annotations

from collections import OrderedDict
from time import monotonic
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from napari_maxrf.cube import SpectralCube

SLOW_S = 0.015
"""A pixel that takes longer is read with its block."""
LARGEST_BLOCK, MOST_BYTES = 2**24, 2**27
"""Bytes of a block that is worth keeping, and of all that are kept."""

Block = tuple[int, int]


class PixelReader:
    """Reads a scan pixel by pixel; for one thread at a time.

    Parameters
    ----------
    cube : SpectralCube
        The scan.
    """

    def __init__(self, cube: SpectralCube) -> None:
        self._cube = cube
        sizes = cube.counts.chunks[:2]
        self._starts = [np.cumsum((0, *parts)) for parts in sizes]
        block_bytes = max(sizes[0]) * max(sizes[1]) * cube.shape[2]
        self._small = block_bytes * cube.counts.dtype.itemsize <= LARGEST_BLOCK
        self._slow = False
        self._blocks: OrderedDict[Block, npt.NDArray[Any]] = OrderedDict()

    def spectrum(self, y: int, x: int) -> npt.NDArray[Any]:
        """Return the counts of a pixel, shape (energy,)."""
        rows, columns = (
            int(np.searchsorted(starts, at, side="right")) - 1
            for starts, at in zip(self._starts, (y, x), strict=True)
        )
        at = rows, columns
        if at in self._blocks or self._slow:
            top, left = self._starts[0][rows], self._starts[1][columns]
            return self._block(at)[y - top, x - left]
        start = monotonic()
        counts = self._cube.spectrum(y, x)
        self._slow = self._small and monotonic() - start > SLOW_S
        return counts

    def _block(self, at: Block) -> npt.NDArray[Any]:
        """Return a block, and keep it until newer ones need the room."""
        if at not in self._blocks:
            self._blocks[at] = np.asarray(self._cube.counts.blocks[at].compute())
        self._blocks.move_to_end(at)
        while sum(one.nbytes for one in self._blocks.values()) > MOST_BYTES:
            self._blocks.popitem(last=False)
        return self._blocks[at]
