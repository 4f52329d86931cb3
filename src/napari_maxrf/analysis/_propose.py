"""Elements worth mapping: those of the sum spectrum, and those of a few grains.

A pigment in ten pixels of a million vanishes in the sum. In the maximum spectrum,
which holds the largest count of every channel, its line stands out; whether it is
more than noise is then judged by the hottest pixels of that line.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from napari_maxrf.analysis._fit import FoundElement, elements_on
from napari_maxrf.analysis._lines import main_line
from napari_maxrf.analysis._refine import refined_axis
from napari_maxrf.analysis._templates import PAINT_ELEMENTS
from napari_maxrf.analysis._visits import Totals, visits
from napari_maxrf.analysis._windows import net_weights
from napari_maxrf.errors import MaxrfError
from napari_maxrf.progress import Steps, finish

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_maxrf.cube import EnergyAxis, SpectralCube, Spectrum

_N_HOTTEST = 9
_LEAST_IN_MAXIMUM = 4.0
_LEAST_IN_PIXEL = 6.0


@dataclass(frozen=True, eq=False)
class Proposal:
    """Elements that a scan shows.

    Attributes
    ----------
    common : tuple of FoundElement
        By the sum spectrum, the most significant first.
    rare : tuple of FoundElement
        By the hottest pixels only; counts and significance are theirs.
    sum_spectrum, max_spectrum : ndarray, shape (n_channels,)
        On which this rests.
    """

    common: tuple[FoundElement, ...]
    rare: tuple[FoundElement, ...]
    sum_spectrum: Spectrum
    max_spectrum: npt.NDArray[Any]

    @property
    def elements(self) -> tuple[str, ...]:
        """Symbols of all, the common ones first."""
        return tuple(one.element for one in (*self.common, *self.rare))


def proposed_elements(cube: SpectralCube) -> Proposal:
    """Propose elements; see `proposed_elements_steps`."""
    return finish(proposed_elements_steps(cube))


def proposed_elements_steps(cube: SpectralCube) -> Steps[Proposal]:
    """Propose elements to map, those of few pixels too.

    Parameters
    ----------
    cube : SpectralCube
        Read once for sum and maximum, unless it stores them, and once more where
        its maximum spectrum shows further lines.

    Yields
    ------
    Progress
        One record after each block.

    Returns
    -------
    Proposal
    """
    total, maximum = yield from _sum_and_maximum(cube)
    axis = refined_axis(total, cube.energy)
    common = elements_on(total, axis)
    highest = maximum.astype(np.float64)
    weights = _candidates(highest, axis, [one.element for one in common])
    rare: list[FoundElement] = []
    if weights:
        hottest = _Hottest(cube, np.stack(list(weights.values()), axis=1))
        yield from visits(cube, [hottest], "Looking at the hottest pixels")
        n_pixels = cube.shape[0] * cube.shape[1]
        chance = float(np.sqrt(2 * np.log(n_pixels * len(weights) + 1)))
        least = max(_LEAST_IN_PIXEL, chance + 1)
        judged = (
            _judged(element, *hottest.of(index), axis, least)
            for index, element in enumerate(weights)
        )
        rare = [one for one in judged if one is not None]
    rare.sort(key=lambda one: -one.significance)
    return Proposal(tuple(common), tuple(rare), total, maximum)


def _sum_and_maximum(cube: SpectralCube) -> Steps[tuple[Spectrum, npt.NDArray[Any]]]:
    """Take both from where the cube stores them, or in a pass."""
    stored = cube.sums()
    if stored is not None:
        return stored.sum_spectrum.astype(np.float64), stored.max_spectrum
    totals = Totals(cube)
    yield from visits(cube, [totals], "Adding spectra")
    return totals.sum, totals.maximum


def _candidates(
    highest: Spectrum, axis: EnergyAxis, known: Sequence[str]
) -> dict[str, Spectrum]:
    """Return the weights of the lines that the maximum spectrum shows."""
    found = {}
    for element in PAINT_ELEMENTS:
        if element in known:
            continue
        try:
            _, energy = main_line(element, *axis.range_kev)
        except MaxrfError:  # its line lies outside the scan
            continue
        weights = net_weights(axis, energy)
        noise = np.sqrt(weights**2 @ highest + 1)
        if weights @ highest > _LEAST_IN_MAXIMUM * noise:
            found[element] = weights
    return found


class _Hottest:
    """Keeps the spectra of the pixels in which lines are most significant."""

    def __init__(self, cube: SpectralCube, weights: npt.NDArray[np.float64]) -> None:
        self.channels = slice(0, cube.shape[2])
        self._weights, self._squares = weights, weights**2
        n = weights.shape[1]
        self._significance = np.full((n, _N_HOTTEST), -np.inf)
        self._spectra = np.zeros((n, _N_HOTTEST, cube.shape[2]), np.float32)

    def of(self, index: int) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
        """Return significances and spectra of one line, the hottest first."""
        return self._significance[index], self._spectra[index]

    def visit(self, rows: slice, columns: slice, block: npt.NDArray[Any]) -> None:
        """Compare a tile with what was hottest before."""
        spectra = block.reshape(-1, block.shape[2]).astype(np.float32)
        noise = np.sqrt(spectra @ self._squares.astype(np.float32) + 1)
        significance = spectra @ self._weights.astype(np.float32) / noise
        for index, values in enumerate(significance.T):
            top = np.argsort(-values, kind="stable")[:_N_HOTTEST]
            self._merge(index, values[top], spectra[top])

    def _merge(
        self, index: int, values: npt.NDArray[Any], spectra: npt.NDArray[Any]
    ) -> None:
        everything = np.concatenate([self._significance[index], values])
        best = np.argsort(-everything, kind="stable")[:_N_HOTTEST]
        joined = np.concatenate([self._spectra[index], spectra])
        self._significance[index], self._spectra[index] = everything[best], joined[best]


def _judged(
    element: str,
    significance: npt.NDArray[Any],
    spectra: npt.NDArray[Any],
    axis: EnergyAxis,
    least: float,
) -> FoundElement | None:
    """Accept an element that the sum of its hottest pixels shows as a sum would."""
    hot = significance > least
    if not hot.any():
        return None
    total = spectra[hot].sum(axis=0, dtype=np.float64)
    found = {one.element: one for one in elements_on(total, axis)}
    return found.get(element)
