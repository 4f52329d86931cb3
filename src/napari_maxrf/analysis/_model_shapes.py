"""Columns of a linear fit: what each shell, sum peak, scatter peak adds per channel.

Peaks are integrated over the channels, since a channel may be half as wide as one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from napari_maxrf.analysis._lines import line_groups
from napari_maxrf.analysis._scatter import compton_kev
from napari_maxrf.analysis._shells import ESCAPE_KEV, escape_share

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_maxrf.analysis._lines import LineGroup
    from napari_maxrf.analysis._resolution import Resolution
    from napari_maxrf.analysis._scatter import ScatterPeaks
    from napari_maxrf.analysis._shells import Shell
    from napari_maxrf.cube import EnergyAxis

Floats = npt.NDArray[np.float64]

_N_PILING = 12
_LEAST_KEV = 0.3


@dataclass(frozen=True)
class PeakShaper:
    """Draws peaks on an axis as a detector shows them.

    Attributes
    ----------
    axis : EnergyAxis
        The channels.
    resolution : Resolution
        Width of a line without that of the channels.
    """

    axis: EnergyAxis
    resolution: Resolution

    def peaks(
        self, energies_kev: Sequence[float] | Floats, areas: Sequence[float] | Floats
    ) -> Floats:
        """Add Gaussian peaks, shape (n_channels,)."""
        energies = np.asarray(energies_kev, np.float64)
        variances = [self.resolution.variance_kev2(float(e)) for e in energies]
        return self._drawn(energies, np.asarray(areas), np.sqrt(variances))

    def shell(self, shell: Shell, escape: bool) -> Floats:
        """Draw the lines of a shell, whose full peaks have the area 1."""
        energies, shares = np.array(shell.energies_kev), np.array(shell.shares)
        drawn = self.peaks(energies, shares)
        if not escape:
            return drawn
        lost = shares * escape_share(energies)
        kept = (energies - ESCAPE_KEV > _LEAST_KEV) & (lost > 0)
        return drawn + self.peaks(energies[kept] - ESCAPE_KEV, lost[kept])

    def pile_up(self, shells: Sequence[Shell], areas: Floats) -> Floats:
        """Draw the sums of any two of the strongest lines, of area 1 in all.

        The chance that two photons meet is the product of their rates.
        """
        lines = [
            (energy, area * share)
            for shell, area in zip(shells, areas, strict=True)
            for energy, share in zip(shell.energies_kev, shell.shares, strict=True)
        ]
        strongest = sorted(lines, key=lambda line: -line[1])[:_N_PILING]
        energy, area = (np.array(values) for values in zip(*strongest, strict=True))
        energies = (energy[:, None] + energy).ravel()
        products = np.outer(area, area).ravel()
        if products.sum() <= 0:
            return np.zeros(self.axis.n_channels)
        return self.peaks(energies, products / products.sum())

    def scatter(self, found: ScatterPeaks) -> dict[str, Floats]:
        """Draw the tube's K and L lines as they come back, and Compton peaks."""
        anode = found.anode
        columns: dict[str, list[LineGroup]] = {}
        widening = found.compton_fwhm_kev / found.compton_kev
        for group in line_groups(anode):
            columns.setdefault(f"{anode} {group.label[0]} Rayleigh", []).append(group)
        shapes = {
            name: self.peaks(
                [e for g in groups for e in g.energies_kev],
                _shares([g.strength * s for g in groups for s in g.shares]),
            )
            for name, groups in columns.items()
        }
        for label in ("Ka", "Kb"):
            for group in (g for g in line_groups(anode) if g.label == label):
                energy = compton_kev(group.energy_kev, found.theta_deg)
                sigma = np.array([widening * energy / 2.3548])
                name = f"{anode} {label} Compton"
                shapes[name] = self._drawn(np.array([energy]), np.ones(1), sigma)
        return shapes

    def _drawn(self, energies: Floats, areas: Floats, sigmas: Floats) -> Floats:
        from scipy.special import ndtr

        if energies.size == 0:
            return np.zeros(self.axis.n_channels)
        edges = ndtr((self.axis.edges_kev[:, None] - energies) / sigmas)
        return np.asarray(np.diff(edges, axis=0) @ areas)


def _shares(strengths: Sequence[float]) -> Floats:
    return np.array(strengths) / sum(strengths)


def polynomial_columns(
    continuum: Floats, channels: slice, degree: int
) -> dict[str, Floats]:
    """Multiply a continuum by Legendre polynomials over the fitted channels.

    Returns
    -------
    dict of str to ndarray, shape (n_channels,)
        The first is the continuum itself; each has an absolute sum of about 1.
    """
    x = np.zeros(continuum.size)
    x[channels] = np.linspace(-1, 1, channels.stop - channels.start)
    level = np.maximum(continuum, continuum[channels].max(initial=0.0) * 1e-4 + 1e-12)
    level = level / level[channels].sum()
    return {
        f"background {order}": level * np.polynomial.legendre.Legendre.basis(order)(x)
        for order in range(degree + 1)
    }
