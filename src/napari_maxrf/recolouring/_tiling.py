"""Apply a network to a picture of any size by overlapping tiles.

Attention costs the square of the number of tokens and positions were learned
for one size, so a large picture is cut into tiles that overlap by half. A
raised-cosine window fades each tile into its neighbours, so that no border
shows; a picture smaller than a tile is continued by reflection.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from napari_maxrf.progress import Progress, Steps, finish

Image = npt.NDArray[np.float32]
Apply: TypeAlias = Callable[[Image], Image]
"""What is done to a tile: (tile, tile, 3) to (tile, tile, 3)."""


def apply_tiled_steps(
    apply: Apply, image: Image, tile: int = 256, stage: str = "Recolouring"
) -> Steps[Image]:
    """Apply a function to overlapping tiles and blend what it returns.

    Memory beyond the picture and its result is that of one tile.

    Parameters
    ----------
    apply : callable
        Maps a tile (tile, tile, 3) to another of the same shape.
    image : ndarray of float32, shape (y, x, 3)
        Any size from 1 x 1.
    tile : int
        Side of a tile in pixels, even.
    stage : str
        What the progress records call the work.

    Yields
    ------
    Progress
        After each tile.

    Returns
    -------
    ndarray of float32, shape (y, x, 3)
    """
    height, width = image.shape[:2]
    padded, (top, left) = _grown(image, tile)
    out = np.zeros(padded.shape, np.float32)
    rows, columns = (list(tile_windows(n, tile)) for n in padded.shape[:2])
    total = len(rows) * len(columns)
    for i, (y, fade_y) in enumerate(rows):
        for j, (x, fade_x) in enumerate(columns):
            place = np.s_[y : y + tile, x : x + tile]
            fade = fade_y[:, None, None] * fade_x[None, :, None]
            out[place] += apply(padded[place]) * fade
            yield Progress(stage, i * len(columns) + j + 1, total)
    return out[top : top + height, left : left + width]


def apply_tiled(apply: Apply, image: Image, tile: int = 256) -> Image:
    """Run `apply_tiled_steps` to the end and return its result."""
    return finish(apply_tiled_steps(apply, image, tile))


def tile_starts(length: int, tile: int) -> list[int]:
    """Spread tiles evenly over `length` pixels, overlapping by half or more.

    Examples
    --------
    >>> tile_starts(256, 256), tile_starts(512, 256), tile_starts(300, 256)
    ([0], [0, 128, 256], [0, 44])
    """
    free = length - tile
    count = -(-2 * free // tile) + 1
    return [round(i * free / max(count - 1, 1)) for i in range(count)]


def tile_windows(
    length: int, tile: int
) -> Iterator[tuple[int, npt.NDArray[np.float32]]]:
    """Give the start of each tile along an axis and its weights there.

    The weights of all tiles add up to 1 at every pixel.
    """
    starts = tile_starts(length, tile)
    window = raised_cosine(tile)
    total = np.zeros(length)
    for start in starts:
        total[start : start + tile] += window
    for start in starts:
        yield start, (window / total[start : start + tile]).astype(np.float32)


def raised_cosine(tile: int) -> npt.NDArray[np.float64]:
    """Return the window that fades a tile out: 0 outside its ends, 1 in the middle.

    Examples
    --------
    >>> half = raised_cosine(8)[:4] + raised_cosine(8)[4:]
    >>> bool(abs(half - 1).max() < 1e-12)
    True
    """
    phase = 2 * np.pi * (np.arange(tile) + 0.5) / tile
    return (1 - np.cos(phase)) / 2


def _grown(image: Image, tile: int) -> tuple[Image, tuple[int, int]]:
    """Continue a small picture by reflection to a tile, itself in the middle."""
    missing = [max(tile - n, 0) for n in image.shape[:2]]
    before = [n // 2 for n in missing]
    after = [n - b for n, b in zip(missing, before, strict=True)]
    if not any(missing):
        return image, (0, 0)
    pads = [*zip(before, after, strict=True), (0, 0)]
    return np.pad(image, pads, mode="reflect"), (before[0], before[1])
