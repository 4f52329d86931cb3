"""Maps of elements: net counts of one line for every pixel.

The counts themselves are not touched, and the map is not clipped: where an element
is absent it scatters around zero, and a mean over a region stays right.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from napari_maxrf.analysis._lines import main_line
from napari_maxrf.analysis._windows import line_window, net_weights
from napari_maxrf.progress import Progress, Steps, finish

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from napari_maxrf.cube import SpectralCube

_BLOCK_BYTES = 2**25


@dataclass(frozen=True, eq=False)
class ElementMap:
    """Net counts of a line of an element.

    Attributes
    ----------
    element : str
        Chemical symbol.
    line : str
        ``"Ka"`` or ``"La"``.
    energy_kev : float
        Energy of the line.
    window_kev : (float, float)
        Limits between which counts were added.
    image : ndarray of float32, shape (y, x)
        Net counts, negative where noise has it so.
    """

    element: str
    line: str
    energy_kev: float
    window_kev: tuple[float, float]
    image: npt.NDArray[np.float32]


def element_maps(
    cube: SpectralCube, elements: Sequence[str] | None = None
) -> list[ElementMap]:
    """Map elements; see `element_maps_steps`."""
    return finish(element_maps_steps(cube, elements))


def element_maps_steps(
    cube: SpectralCube, elements: Sequence[str] | None = None
) -> Steps[list[ElementMap]]:
    """Map elements in one pass over the cube.

    Parameters
    ----------
    cube : SpectralCube
        Counts and their energies.
    elements : sequence of str, optional
        Chemical symbols; default `strongest_elements`, which costs another pass.

    Yields
    ------
    Progress
        One record after each block.

    Returns
    -------
    list of ElementMap
        In the order of `elements`.

    Raises
    ------
    MaxrfError
        Something is not an element, or its line lies outside the scan.
    """
    if elements is None:
        from napari_maxrf.analysis._fit import strongest_elements

        yield Progress("Looking for elements", 0, 0)
        elements = strongest_elements(cube)
    if not elements:
        return []
    lines = [main_line(element, *cube.energy.range_kev) for element in elements]
    weights = np.stack([net_weights(cube.energy, energy) for _, energy in lines], 1)
    images = yield from _weighted_sums(cube, weights)
    return [
        ElementMap(element, line, energy, line_window(cube.energy, energy), image)
        for element, (line, energy), image in zip(elements, lines, images, strict=True)
    ]


def _weighted_sums(
    cube: SpectralCube, weights: npt.NDArray[np.float64]
) -> Steps[npt.NDArray[np.float32]]:
    """Apply the weights of all lines, shape (lines, y, x), tile by tile."""
    used = np.flatnonzero(weights.any(axis=1))
    channels = slice(int(used[0]), int(used[-1]) + 1)
    images = np.empty((weights.shape[1], *cube.shape[:2]), np.float32)
    tiles = list(pixel_tiles(cube))
    yield Progress("Mapping elements", 0, len(tiles))
    for done, (rows, columns) in enumerate(tiles, start=1):
        block = np.asarray(cube.counts[rows, columns, channels].compute())
        picked = block[:, :, used - channels.start].astype(np.float64)
        images[:, rows, columns] = np.moveaxis(picked @ weights[used], 2, 0)
        yield Progress("Mapping elements", done, len(tiles))
    return images


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
