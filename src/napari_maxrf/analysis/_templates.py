"""Shapes of what a sum spectrum is made of: lines of elements, and the tube.

A column of the matrix is what one shell of one element adds, all its lines in
their ratio, or a scatter peak of a tube's anode. Lines are integrated over the
channels, since a channel may be half as wide as a peak.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from napari_maxrf.analysis._lines import FWHM_PER_SIGMA, resolution_kev, visible_lines

if TYPE_CHECKING:
    from napari_maxrf.cube import EnergyAxis

PAINT_ELEMENTS = (
    *("Na", "Mg", "Al", "Si", "P", "S", "Cl", "K", "Ca", "Ti", "Cr", "Mn", "Fe"),
    *("Co", "Ni", "Cu", "Zn", "As", "Se", "Br", "Sr", "Zr", "Ag", "Cd", "Sn", "Sb"),
    *("Ba", "Au", "Hg", "Pb", "Bi"),
)
"""Elements that pigments, grounds, metals and papers are made of."""

ANODES = ("Mo", "Rh", "Ag")
"""Anodes whose K lines lie in the range of a scanner and look like an element's."""

LOWEST_KEV = 1.0
"""Below, electronics and window absorption leave nothing to trust."""

_HIGHEST_KEV = 40.0
_AIR = ("Ar",)
_SCATTER_ANGLES_DEG = (110.0, 125.0, 140.0, 155.0)
_COMPTON_WIDTH = 0.43 / 16.5
_SILICON_G_CM2 = 0.045 * 2.33

Matrix = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Templates:
    """Unit-area shapes on one axis.

    Attributes
    ----------
    names : tuple of str
        ``"Fe K"``, ``"Pb L"``, ``"Ag Compton"`` and so on.
    shapes : ndarray, shape (n_channels, n_templates)
        Each column sums to 1 where it lies inside the axis.
    """

    names: tuple[str, ...]
    shapes: Matrix


def templates(axis: EnergyAxis) -> Templates:
    """Build the shapes of all elements and anodes that show on an axis."""
    columns = {
        name: sum(
            (share * _peak(axis, energy, 0.0) for energy, share in lines),
            np.zeros(axis.n_channels),
        )
        for name, lines in _shells()
    }
    for anode in ANODES:
        for energy in _compton_energies(anode):
            shape = _peak(axis, energy, _COMPTON_WIDTH * energy)
            columns[f"{anode} Compton {energy:.2f}"] = shape
    seen = {name: shape for name, shape in columns.items() if shape.sum() > 0.5}
    if not seen:
        return Templates((), np.zeros((axis.n_channels, 0)))
    return Templates(tuple(seen), np.stack(list(seen.values()), axis=1))


def fitted_areas(
    shapes: Templates,
    spectrum: Matrix,
    net: Matrix,
    axis: EnergyAxis,
    model_error: float,
) -> tuple[Matrix, float]:
    """Fit the net counts by shapes with areas of at least 0.

    Parameters
    ----------
    shapes : Templates
        Of n shapes.
    spectrum, net : ndarray, shape (n_channels,)
        Counts, and counts less continuum.
    axis : EnergyAxis
        Their energies.
    model_error : float
        Relative error of the shapes, added to that of counting.

    Returns
    -------
    ndarray, shape (n,)
        Area of every shape.
    float
        Root mean square of what is left, in standard errors.
    """
    from scipy.optimize import nnls

    if not shapes.names:
        return np.zeros(0), 0.0
    weight = 1 / np.sqrt(spectrum + (model_error * spectrum) ** 2 + 1)
    weight[axis.centres_kev < LOWEST_KEV] = 0
    try:
        areas, rest = nnls(shapes.shapes * weight[:, None], net * weight, maxiter=1000)
    except RuntimeError:  # no convergence
        return np.zeros(len(shapes.names)), np.inf
    return areas, float(rest) / np.sqrt(spectrum.size)


def _peak(axis: EnergyAxis, energy_kev: float, extra_fwhm_kev: float) -> Matrix:
    """Integrate a Gaussian peak of area 1 over every channel."""
    from scipy.special import ndtr

    sigma = np.hypot(resolution_kev(energy_kev), extra_fwhm_kev) / FWHM_PER_SIGMA
    return np.asarray(np.diff(ndtr((axis.edges_kev - energy_kev) / sigma)))


@lru_cache(maxsize=1)
def _shells() -> tuple[tuple[str, tuple[tuple[float, float], ...]], ...]:
    """List the shells of all elements with (energy, share) of their lines."""
    shells = []
    for element in dict.fromkeys((*PAINT_ELEMENTS, *_AIR, *ANODES)):
        lines = visible_lines(element, LOWEST_KEV, _HIGHEST_KEV)
        for shell in "KLM":
            seen = [
                (line.energy_kev, line.strength * _efficiency(line.energy_kev))
                for line in lines
                if line.label.split()[1].startswith(shell)
            ]
            total = sum(strength for _, strength in seen)
            if total > 0:
                shares = tuple((energy, strength / total) for energy, strength in seen)
                shells.append((f"{element} {shell}", shares))
    return tuple(shells)


def _efficiency(energy_kev: float) -> float:
    """Share of photons that 0.45 mm of silicon absorbs."""
    import xraylib

    return float(-np.expm1(-xraylib.CS_Photo(14, energy_kev) * _SILICON_G_CM2))


def _compton_energies(anode: str) -> list[float]:
    """Energies of the anode's K alpha and K beta, scattered by usual angles."""
    import xraylib

    number = xraylib.SymbolToAtomicNumber(anode)
    lines = (xraylib.KL3_LINE, xraylib.KM3_LINE)
    return [
        float(xraylib.ComptonEnergy(xraylib.LineEnergy(number, line), angle))
        for line in lines
        for angle in np.deg2rad(_SCATTER_ANGLES_DEG)
    ]
