"""Spectra of many pixels: of the whole scan, or of regions that a user draws.

One pass, tile by tile, so that a cube larger than memory is read once and regions
cost no more than the tiles they touch.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from napari_maxrf.analysis._visits import pixel_tiles
from napari_maxrf.errors import MaxrfError
from napari_maxrf.progress import Progress, Steps, finish

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_maxrf.cube import SpectralCube, Spectrum

Mask = npt.NDArray[np.bool_]
Box = tuple[slice, slice]


@dataclass(frozen=True, eq=False)
class RegionSpectrum:
    """What the pixels of a region counted together.

    Attributes
    ----------
    total : ndarray of float64, shape (n_channels,)
        Sum over the pixels, exact up to 2**53 counts.
    highest : ndarray of float64, shape (n_channels,)
        Maximum of each channel over the pixels: lines of few pixels stand out.
    n_pixels : int
        How many pixels there are.
    live_time_s : float or None
        Mean live time of those pixels that have one; None when none has.
    """

    total: Spectrum
    highest: Spectrum
    n_pixels: int
    live_time_s: float | None = None

    @property
    def mean(self) -> Spectrum:
        """Counts of the mean pixel, shape (n_channels,)."""
        return self.total / self.n_pixels


def region_spectra(cube: SpectralCube, masks: Sequence[Mask]) -> list[RegionSpectrum]:
    """Add the spectra of regions; see `region_spectra_steps`."""
    return finish(region_spectra_steps(cube, masks))


def whole_spectrum_steps(cube: SpectralCube) -> Steps[RegionSpectrum]:
    """Add the spectra of all pixels, and take their maximum, in one pass."""
    (whole,) = yield from region_spectra_steps(cube, [np.ones(cube.shape[:2], bool)])
    return whole


def region_spectra_steps(
    cube: SpectralCube, masks: Sequence[Mask]
) -> Steps[list[RegionSpectrum]]:
    """Add the spectra of regions in one pass over the tiles that they touch.

    Parameters
    ----------
    cube : SpectralCube
        Counts.
    masks : sequence of ndarray of bool, shape (y, x)
        Pixels of each region; regions may overlap.

    Yields
    ------
    Progress
        One record after each tile.

    Returns
    -------
    list of RegionSpectrum
        In the order of `masks`.

    Raises
    ------
    MaxrfError
        A mask has another shape than the scan, or no pixels.
    """
    _check(cube, masks)
    totals = np.zeros((len(masks), cube.shape[2]))
    highest = np.zeros_like(totals)
    touched = np.any(masks, axis=0) if masks else np.zeros(cube.shape[:2], bool)
    boxes = [box for tile in pixel_tiles(cube) if (box := _box(touched, tile))]
    yield Progress("Adding spectra", 0, len(boxes))
    for done, box in enumerate(boxes, start=1):
        block = np.asarray(cube.counts[box].compute())
        for row, mask in enumerate(masks):
            _add(block, mask[box], totals[row], highest[row])
        yield Progress("Adding spectra", done, len(boxes))
    return [
        RegionSpectrum(total, high, int(mask.sum()), mean_live_time(cube, mask))
        for total, high, mask in zip(totals, highest, masks, strict=True)
    ]


def mean_live_time(cube: SpectralCube, mask: Mask) -> float | None:
    """Return the mean live time of some pixels; a time of zero is not known."""
    if cube.live_time_s is None:
        return None
    times = cube.live_time_s[mask]
    known = times[np.isfinite(times) & (times > 0)]
    return float(known.mean(dtype=np.float64)) if known.size else None


def _check(cube: SpectralCube, masks: Sequence[Mask]) -> None:
    for number, mask in enumerate(masks, start=1):
        if mask.shape != cube.shape[:2]:
            raise MaxrfError(
                f"Region {number} has shape {mask.shape}; the scan {cube.name} has "
                f"{cube.shape[:2]} pixels."
            )
        if not mask.any():
            raise MaxrfError(
                f"Region {number} holds no pixel of {cube.name}. Draw it over the scan."
            )


def _box(touched: Mask, tile: Box) -> Box | None:
    """Return the part of a tile that has to be read."""
    rows, columns = tile
    inside = touched[tile]
    used_rows, used_columns = (np.flatnonzero(inside.any(axis=axis)) for axis in (1, 0))
    if not used_rows.size:
        return None
    return (
        slice(rows.start + int(used_rows[0]), rows.start + int(used_rows[-1]) + 1),
        slice(
            columns.start + int(used_columns[0]),
            columns.start + int(used_columns[-1]) + 1,
        ),
    )


def _add(
    block: npt.NDArray[Any], mask: Mask, total: Spectrum, highest: Spectrum
) -> None:
    """Add the pixels of a mask to a sum and a maximum."""
    if not mask.any():
        return
    spectra = block.reshape(-1, block.shape[2])
    if not mask.all():
        spectra = spectra[mask.ravel()]
    total += spectra.sum(axis=0, dtype=np.float64)
    np.maximum(highest, spectra.max(axis=0), out=highest)
