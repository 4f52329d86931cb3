"""What is shown of a scan when it is opened, in as few readings as possible.

A large scan is shown at once by a few of its rows or channels. Their spectrum also
proposes elements, so that sum image, sum spectrum and element maps then take one
reading; only elements that the whole spectrum shows beyond those take another one.
"""

from __future__ import annotations

from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from napari_maxrf._sources import read_box
from napari_maxrf.progress import Progress, Steps

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from napari_maxrf.analysis import ElementMap
    from napari_maxrf.cube import SpectralCube

Floats = npt.NDArray[np.float64]

LARGE_BYTES = 2**29
"""Counts above this size are not read while the window waits."""
PATIENCE_S = 0.5
"""How long a glance may read on; its first row or channel is read in any case."""


@dataclass(frozen=True, eq=False)
class Glance:
    """Sums over a scan, or what a part of it lets expect.

    Attributes
    ----------
    sum_image : ndarray, shape (y, x)
        Counts of all channels.
    sum_spectrum : ndarray, shape (energy,)
        Counts of all pixels.
    whole : bool
        Whether these are the sums themselves.
    resolved : bool
        Whether every channel was seen, so that peaks can be found.
    """

    sum_image: Floats
    sum_spectrum: Floats
    whole: bool
    resolved: bool = True


@dataclass(frozen=True, eq=False)
class FirstSight:
    """Sums and element maps of a whole scan.

    Attributes
    ----------
    sum_image : ndarray, shape (y, x)
        Counts of all channels.
    sum_spectrum : ndarray, shape (energy,)
        Counts of all pixels.
    maps : tuple of ElementMap
        Of the strongest elements, the most significant first.
    """

    sum_image: Floats
    sum_spectrum: Floats
    maps: tuple[ElementMap, ...]


def is_large(cube: SpectralCube) -> bool:
    """Tell whether reading all counts would make a window wait."""
    return bool(cube.counts.nbytes > LARGE_BYTES)


def glance(cube: SpectralCube, patience_s: float = PATIENCE_S) -> Glance:
    """Look at as much of a scan as can be read at once.

    Parameters
    ----------
    cube : SpectralCube
        Stored sums are taken; else rows or channels are read, whichever lie together,
        from coarse to fine.
    patience_s : float, optional
        Seconds after which no more is read.
    """
    stored = cube.sums()
    if stored is not None:
        return Glance(stored.sum_image, stored.sum_spectrum, whole=True)
    row_blocks, _, channel_blocks = cube.counts.numblocks
    by_channels = channel_blocks > row_blocks
    return (_by_channels if by_channels else _by_rows)(cube, patience_s)


def first_sight_steps(cube: SpectralCube, n_maps: int) -> Steps[FirstSight]:
    """Add up a scan and map its strongest elements.

    Parameters
    ----------
    cube : SpectralCube
        Read once, and a second time only for what a part of it did not show.
    n_maps : int
        At most so many maps; 0 for none.

    Yields
    ------
    Progress
        One record after each tile.
    """
    yield Progress("Looking for elements", 0, 0)
    seen = glance(cube)
    if seen.whole:
        maps = yield from _maps(cube, _elements(cube, seen.sum_spectrum, n_maps))
        return FirstSight(seen.sum_image, seen.sum_spectrum, tuple(maps))
    more = n_maps + n_maps // 2
    likely = _elements(cube, seen.sum_spectrum, more) if seen.resolved else ()
    image, spectrum, known = yield from _all_at_once(cube, likely)
    wanted = _elements(cube, spectrum, n_maps)
    known += yield from _maps(cube, [one for one in wanted if one not in likely])
    by_element = {one.element: one for one in known}
    return FirstSight(image, spectrum, tuple(by_element[one] for one in wanted))


def _elements(cube: SpectralCube, spectrum: Floats, n: int) -> tuple[str, ...]:
    """Return the elements that a spectrum shows, the most significant first."""
    from napari_maxrf.analysis._fit import found_elements

    found = found_elements(spectrum, cube.energy)[:n] if n else []
    return tuple(one.element for one in found)


def _maps(cube: SpectralCube, elements: Sequence[str]) -> Steps[list[ElementMap]]:
    from napari_maxrf.analysis import element_maps_steps

    return (yield from element_maps_steps(cube, elements))


def _all_at_once(
    cube: SpectralCube, elements: Sequence[str]
) -> Steps[tuple[Floats, Floats, list[ElementMap]]]:
    """Add up all counts and map elements while each tile is in memory."""
    from napari_maxrf.analysis import ElementMap
    from napari_maxrf.analysis._lines import main_line
    from napari_maxrf.analysis._visits import WeightedSums, visits
    from napari_maxrf.analysis._windows import line_window, net_weights

    sums = _Sums(cube)
    if not elements:
        yield from visits(cube, [sums], "Adding counts")
        return sums.image, sums.spectrum, []
    axis = cube.energy
    lines = [main_line(element, *axis.range_kev) for element in elements]
    weights = np.stack([net_weights(axis, energy) for _, energy in lines], 1)
    windows = WeightedSums(cube, weights)
    yield from visits(cube, [sums, windows], "Adding counts and mapping elements")
    maps = [
        # A copy, so that a map that is not shown does not keep the others.
        ElementMap(element, line, energy, line_window(axis, energy), image.copy())
        for element, (line, energy), image in zip(
            elements, lines, windows.images, strict=True
        )
    ]
    return sums.image, sums.spectrum, maps


class _Sums:
    """Counts of all channels and of all pixels, tile by tile."""

    def __init__(self, cube: SpectralCube) -> None:
        self.channels = slice(0, cube.shape[2])
        self.image = np.zeros(cube.shape[:2])
        self.spectrum = np.zeros(cube.shape[2])

    def visit(self, rows: slice, columns: slice, block: npt.NDArray[Any]) -> None:
        """Add a tile."""
        self.image[rows, columns] = block.sum(axis=2, dtype=np.float64)
        self.spectrum += block.sum(axis=(0, 1), dtype=np.float64)


def _by_rows(cube: SpectralCube, patience_s: float) -> Glance:
    """Read some rows, and let each stand for its neighbours."""
    n_y, n_x, n_channels = cube.shape
    rows: dict[int, Floats] = {}
    spectrum = np.zeros(n_channels)
    for y in _until(spread(n_y), patience_s):
        box = slice(y, y + 1), slice(0, n_x), slice(0, n_channels)
        counts = read_box(cube.counts, box)
        rows[y] = counts.sum(axis=2, dtype=np.float64)[0]
        spectrum += counts.sum(axis=(0, 1), dtype=np.float64)
    places = sorted(rows)
    image = np.stack([rows[y] for y in places])[_nearest(places, n_y)]
    spectrum *= n_y / len(rows)
    return Glance(image, spectrum, len(rows) == n_y)


def _by_channels(cube: SpectralCube, patience_s: float) -> Glance:
    """Read some channels; elements cannot be known from them."""
    n_y, n_x, n_channels = cube.shape
    image = np.zeros((n_y, n_x))
    sums: dict[int, float] = {}
    for channel in _until(spread(n_channels), patience_s):
        box = slice(0, n_y), slice(0, n_x), slice(channel, channel + 1)
        plane = read_box(cube.counts, box)[:, :, 0]
        image += plane
        sums[channel] = float(plane.sum(dtype=np.float64))
    places = sorted(sums)
    known = [sums[channel] for channel in places]
    spectrum = np.interp(np.arange(n_channels), places, known)
    whole = len(sums) == n_channels
    return Glance(image * (n_channels / len(sums)), spectrum, whole, resolved=whole)


def spread(n: int) -> Iterator[int]:
    """Yield 0 to n - 1 so that what came is always spread over all of it.

    Examples
    --------
    >>> list(spread(6))
    [0, 4, 2, 1, 5, 3]
    """
    bits = max((n - 1).bit_length(), 1)
    turned = (int(f"{i:0{bits}b}"[::-1], 2) for i in range(2**bits))
    return (i for i in turned if i < n)


def _until(entries: Iterator[int], patience_s: float) -> Iterator[int]:
    """Yield at least one entry, and no more when time is over."""
    end = monotonic() + patience_s
    for entry in entries:
        yield entry
        if monotonic() >= end:
            return


def _nearest(places: Sequence[int], n: int) -> npt.NDArray[np.intp]:
    """Return for 0 to n - 1 which of the sorted places is nearest."""
    middles = (np.array(places[1:]) + np.array(places[:-1])) / 2
    return np.searchsorted(middles, np.arange(n))
