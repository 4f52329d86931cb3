"""What a scanner did wrong, found in one pass over the counts.

Rows that were scanned backwards are displaced against the others (backlash), the
first columns may lie beside the object (border), a single channel may have counts
without a peak around it (hot pixel), and rows may be empty or repeated. Nothing is
corrected here; `corrected` makes a new cube of what was found.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from napari_maxrf.analysis._defect_tests import (
    Backlash,
    BadRow,
    Border,
    HotPixel,
    backlash_of,
    bad_rows_of,
    borders_of,
)
from napari_maxrf.analysis._spikes import Spikes, confirmed_spikes, spikes_in
from napari_maxrf.analysis._visits import visits
from napari_maxrf.progress import Progress, Steps, finish

if TYPE_CHECKING:
    from napari_maxrf.cube import SpectralCube

_N_BANDS = 16


@dataclass(frozen=True)
class Defects:
    """Defects of a scan, each with its size and how sure it is.

    Attributes
    ----------
    shape : tuple of int
        Rows, columns and channels of the scan.
    backlash : Backlash or None
        Displacement of the odd rows.
    borders : tuple of Border
        Sides where the scan lies beside the object, as far as a sharp step tells.
    hot_pixels : tuple of HotPixel
        Single channels of single pixels, the most significant first.
    rows : tuple of BadRow
        Empty and repeated rows.
    """

    shape: tuple[int, int, int]
    backlash: Backlash | None = None
    borders: tuple[Border, ...] = ()
    hot_pixels: tuple[HotPixel, ...] = ()
    rows: tuple[BadRow, ...] = ()

    def __bool__(self) -> bool:
        found = (self.backlash, self.borders, self.hot_pixels, self.rows)
        return any(bool(one) for one in found)

    def to_json(self) -> dict[str, Any]:
        """Return plain values that JSON can hold."""
        values: dict[str, Any] = asdict(self)
        return values

    def lines(self) -> list[str]:
        """Say what was found, one line for each kind."""
        told = []
        if self.backlash:
            size, error = self.backlash.displacement_px, self.backlash.error_px
            told.append(
                f"backlash: odd rows are displaced by {size:+.2f} ± {error:.2f} columns"
            )
        told += [
            f"border: {one.n} at the {one.side} ({one.significance:.0f} sigma)"
            for one in self.borders
        ]
        if self.hot_pixels:
            hot = self.hot_pixels[0]
            told.append(
                f"hot: {len(self.hot_pixels)} single channels, such as row {hot.y}, "
                f"column {hot.x}, channel {hot.channel}: {hot.counts:g} counts where "
                f"{hot.expected:g} are expected"
            )
        for kind in ("empty", "repeated"):
            rows = [one.y for one in self.rows if one.kind == kind]
            if rows:
                told.append(f"rows: {len(rows)} {kind}: {_some(rows)}")
        return told or ["no defects found"]


def _some(rows: list[int]) -> str:
    shown = ", ".join(map(str, rows[:10]))
    return shown if len(rows) <= 10 else f"{shown}, ..."


def find_defects(cube: SpectralCube) -> Defects:
    """Look for defects; see `find_defects_steps`."""
    return finish(find_defects_steps(cube))


def find_defects_steps(cube: SpectralCube) -> Steps[Defects]:
    """Look for defects of the scanner in one pass over a cube.

    Parameters
    ----------
    cube : SpectralCube
        Raw counts; of rebinned ones hot pixels are not found.

    Yields
    ------
    Progress
        One record after each tile.

    Returns
    -------
    Defects
        What was found.
    """
    survey = _Survey(cube.shape)
    yield from visits(cube, [survey], "Looking for defects")
    yield Progress("Judging defects", 0, 0)
    bands = survey.bands
    rows = bad_rows_of(bands, lambda y: _is_repeated(cube, y))
    good = np.setdiff1d(np.arange(cube.shape[0]), [one.y for one in rows])
    borders = borders_of(bands[good])
    return Defects(
        cube.shape,
        backlash_of(bands, [one.y for one in rows], borders),
        borders,
        confirmed_spikes(cube, survey.spikes),
        rows,
    )


class _Survey:
    """Sums over bands of channels of every pixel, and single high channels."""

    def __init__(self, shape: tuple[int, int, int]) -> None:
        n_y, n_x, n_channels = shape
        self.channels = slice(0, n_channels)
        n_bands = min(_N_BANDS, n_channels)
        self._edges = np.linspace(0, n_channels, n_bands + 1)[:-1].astype(np.intp)
        self.bands = np.empty((n_y, n_x, len(self._edges)), np.float32)
        self.spikes = Spikes(n_channels)

    def visit(self, rows: slice, columns: slice, block: npt.NDArray[Any]) -> None:
        """Look at a tile, shape (y, x, channels)."""
        for y, row in enumerate(block, start=rows.start):
            sums = np.add.reduceat(row, self._edges, axis=1, dtype=np.float64)
            self.bands[y, columns] = sums
            if row.dtype.kind in "ui":
                self.spikes.add(y, columns.start, spikes_in(row))


def _is_repeated(cube: SpectralCube, y: int) -> bool:
    """Compare a row with the one before, count by count."""
    pair = np.asarray(cube.counts[y - 1 : y + 1].compute())
    return bool(np.array_equal(pair[0], pair[1]))
