"""The pixels that count most in a range of energies.

A few grains of a rare pigment vanish in the sum spectrum; the spectrum of the
hottest pixels of its line shows what else is there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from napari_maxrf.analysis._visits import pixel_tiles
from napari_maxrf.analysis._window_map import window_channels
from napari_maxrf.errors import MaxrfError
from napari_maxrf.progress import Progress, Steps, finish

if TYPE_CHECKING:
    from napari_maxrf.cube import SpectralCube, Spectrum

Indices = npt.NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class HottestPixels:
    """The pixels with most counts in a window, the hottest first.

    Attributes
    ----------
    rows, columns : ndarray of int, shape (n,)
        Where they are.
    counts : ndarray of float64, shape (n,)
        Their counts in the window.
    total : ndarray of float64, shape (n_channels,)
        Sum of their spectra.
    window_kev : (float, float)
        Limits of the window.
    """

    rows: Indices
    columns: Indices
    counts: npt.NDArray[np.float64]
    total: Spectrum
    window_kev: tuple[float, float]


def hottest_pixels(
    cube: SpectralCube, low_kev: float, high_kev: float, n: int = 20
) -> HottestPixels:
    """Find the pixels with most counts in a window; see `hottest_pixels_steps`."""
    return finish(hottest_pixels_steps(cube, low_kev, high_kev, n))


def hottest_pixels_steps(
    cube: SpectralCube, low_kev: float, high_kev: float, n: int = 20
) -> Steps[HottestPixels]:
    """Find the `n` pixels with most counts between two energies, tile by tile.

    Parameters
    ----------
    cube : SpectralCube
        Counts.
    low_kev, high_kev : float
        Window; channels count whose centres lie in it.
    n : int
        How many pixels; fewer if the scan has fewer.

    Yields
    ------
    Progress
        One record after each tile.

    Returns
    -------
    HottestPixels
        Pixels of equal counts in the order of the scan.

    Raises
    ------
    MaxrfError
        `n` is below 1, or the window holds no channel.
    """
    if n < 1:
        raise MaxrfError(f"At least 1 pixel has to be asked for, got {n}.")
    channels = window_channels(cube.energy, low_kev, high_kev)
    best = np.zeros((0, 3))
    tiles = list(pixel_tiles(cube))
    yield Progress("Looking for hot pixels", 0, len(tiles))
    for done, (rows, columns) in enumerate(tiles, start=1):
        block = np.asarray(cube.counts[rows, columns, channels].compute())
        sums = block.sum(axis=2, dtype=np.float64)
        best = _hottest(np.concatenate([best, _listed(sums, rows, columns)]), n)
        yield Progress("Looking for hot pixels", done, len(tiles))
    at_row, at_column = (best[:, part].astype(np.intp) for part in (1, 2))
    spectra = np.asarray(cube.counts.vindex[at_row, at_column].compute())
    return HottestPixels(
        rows=at_row,
        columns=at_column,
        counts=best[:, 0],
        total=spectra.sum(axis=0, dtype=np.float64),
        window_kev=(low_kev, high_kev),
    )


def _listed(
    sums: npt.NDArray[np.float64], rows: slice, columns: slice
) -> npt.NDArray[Any]:
    """Return (counts, row, column) of the pixels of a tile."""
    places = np.indices(sums.shape).reshape(2, -1)
    at_row, at_column = places[0] + rows.start, places[1] + columns.start
    return np.stack([sums.ravel(), at_row, at_column], axis=1)


def _hottest(listed: npt.NDArray[Any], n: int) -> npt.NDArray[Any]:
    order = np.lexsort((listed[:, 2], listed[:, 1], -listed[:, 0]))
    return listed[order[:n]]
