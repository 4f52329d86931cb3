"""One pass over a cube for all that is asked of its pixels.

Reading costs more than adding: sums, maxima, windows and fits all look at a tile
while it is in memory. The next tile is read meanwhile; no more than two are held.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt

from napari_maxrf.progress import Progress, Steps

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from napari_maxrf.cube import SpectralCube

_BLOCK_BYTES = 2**25


class Visitor(Protocol):
    """Something that looks at every tile of a cube."""

    @property
    def channels(self) -> slice:
        """Which channels it wants to see."""

    def visit(self, rows: slice, columns: slice, block: npt.NDArray[Any], /) -> None:
        """Look at a tile, shape (y, x, channels)."""


def visits(cube: SpectralCube, visitors: Sequence[Visitor], stage: str) -> Steps[None]:
    """Show all tiles to all visitors.

    Parameters
    ----------
    cube : SpectralCube
        Read once, and no more of it than the visitors' channels.
    visitors : sequence of Visitor
        Each sees its own channels.
    stage : str
        What is being done, for the progress.

    Yields
    ------
    Progress
        One record before, and one after each tile.
    """
    tiles = list(pixel_tiles(cube))
    low = min(visitor.channels.start for visitor in visitors)
    high = max(visitor.channels.stop for visitor in visitors)

    def read(tile: tuple[slice, slice]) -> npt.NDArray[Any]:
        return np.asarray(cube.counts[(*tile, slice(low, high))].compute())

    yield Progress(stage, 0, len(tiles))
    with ThreadPoolExecutor(1) as reader:
        coming = reader.submit(read, tiles[0])
        for done, tile in enumerate(tiles, start=1):
            block = coming.result()
            if done < len(tiles):
                coming = reader.submit(read, tiles[done])
            for visitor in visitors:
                own = visitor.channels
                visitor.visit(*tile, block[:, :, own.start - low : own.stop - low])
            yield Progress(stage, done, len(tiles))


def pixel_tiles(cube: SpectralCube) -> Iterator[tuple[slice, slice]]:
    """Cut the pixels along the cube's own blocks into tiles of about 32 MiB."""
    row_sizes, column_sizes, _ = cube.counts.chunks
    pixel_bytes = cube.shape[2] * cube.counts.dtype.itemsize
    pixels = max(1, _BLOCK_BYTES // pixel_bytes)
    columns = _joined(column_sizes, max(1, pixels // max(row_sizes)))
    widest = max(part.stop - part.start for part in columns)
    for rows in _joined(row_sizes, max(1, pixels // widest)):
        for part in columns:
            yield rows, part


def _joined(sizes: Sequence[int], most: int) -> list[slice]:
    """Join neighbouring blocks as long as they hold at most `most` entries.

    Examples
    --------
    >>> _joined((3, 3, 3, 9), 6)
    [slice(0, 6, None), slice(6, 9, None), slice(9, 18, None)]
    """
    parts: list[slice] = []
    start = stop = 0
    for size in sizes:
        if stop > start and stop + size - start > most:
            parts.append(slice(start, stop))
            start = stop
        stop += size
    return [*parts, slice(start, stop)]


class WeightedSums:
    """Adds channels with weights, for several images at once.

    Parameters
    ----------
    cube : SpectralCube
        Whose pixels are visited.
    weights : ndarray, shape (n_channels, n_images)
        One column per image.
    errors : bool
        Also propagate the statistical error of the counts.
    """

    def __init__(
        self, cube: SpectralCube, weights: npt.NDArray[np.float64], errors: bool = False
    ) -> None:
        used = np.flatnonzero(weights.any(axis=1))
        self.channels = slice(int(used[0]), int(used[-1]) + 1)
        # Picking costs more than adding, but what is no number must be left out.
        whole = cube.counts.dtype.kind in "iu"
        self._picks: Any = slice(None) if whole else used - self.channels.start
        self._weights = weights[self.channels][self._picks]
        shape = (weights.shape[1], *cube.shape[:2])
        self.images = np.empty(shape, np.float32)
        self.errors = np.empty(shape, np.float32) if errors else None

    def visit(self, rows: slice, columns: slice, block: npt.NDArray[Any]) -> None:
        """Add up a tile."""
        picked = block[:, :, self._picks].astype(np.float64)
        sums = picked @ self._weights
        self.images[:, rows, columns] = np.moveaxis(sums, 2, 0)
        if self.errors is not None:
            variances = np.maximum(picked, 0.0) @ self._weights**2
            self.errors[:, rows, columns] = np.moveaxis(np.sqrt(variances), 2, 0)


def weighted_sums_steps(
    cube: SpectralCube, weights: npt.NDArray[np.float64]
) -> Steps[npt.NDArray[np.float32]]:
    """Add channels with weights in one pass, shape (n_images, y, x)."""
    sums = WeightedSums(cube, weights)
    yield from visits(cube, [sums], "Mapping elements")
    return sums.images


class Totals:
    """Sum and maximum spectrum of all pixels.

    Parameters
    ----------
    cube : SpectralCube
        Whose pixels are visited.

    Attributes
    ----------
    sum : ndarray of float64, shape (n_channels,)
        Of the pixels seen so far.
    maximum : ndarray, shape (n_channels,)
        Their largest count of every channel, of the type of the counts.
    """

    def __init__(self, cube: SpectralCube) -> None:
        self.channels = slice(0, cube.shape[2])
        self.sum = np.zeros(cube.shape[2])
        self.maximum = np.zeros(cube.shape[2], cube.counts.dtype)

    def visit(self, rows: slice, columns: slice, block: npt.NDArray[Any]) -> None:
        """Add a tile."""
        self.sum += block.sum(axis=(0, 1), dtype=np.float64)
        np.maximum(self.maximum, block.max(axis=(0, 1)), out=self.maximum)
