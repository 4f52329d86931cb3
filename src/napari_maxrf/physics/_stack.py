"""The integral over depth that fluorescence and scatter share.

A photon of energy E enters a stack of layers, something happens in layer n, and
a photon of energy E' leaves towards the detector. For layer n this weighs

    exp(-sum_{k<n} chi_k m_k) (1 - exp(-chi_n m_n)) / (chi_n sin psi),
    chi_k = mu_k(E) / sin psi + mu_k(E') / sin phi,

with m the areal mass and psi, phi the angles of both rays to the surface.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import radians, sin
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from napari_maxrf.physics._materials import Layer, mass_attenuation

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_maxrf.physics._instrument import Geometry

Floats = npt.NDArray[np.float64]

_THIN = 1e-4


@dataclass(frozen=True)
class Stack:
    """Layers, surface first, as seen in a given geometry.

    Attributes
    ----------
    layers : sequence of Layer
        Surface first.
    geometry : Geometry
        Angles of both rays.
    absorbing : bool
        Whether the layers absorb; False switches self-absorption off.
    fading_per_mm : float
        Loss with depth on the way out beside absorption, see `_scatter`.
    """

    layers: Sequence[Layer]
    geometry: Geometry
    absorbing: bool = True
    fading_per_mm: float = 0.0

    def depths(
        self, layer: Layer, energy_in: Floats, energy_out: Floats
    ) -> tuple[Floats, Floats]:
        """Return how often a layer is deep for a ray in and for a ray out.

        That is ``mu m / sin`` of the angle, of the shapes of the two energies.
        """
        rays = (
            (energy_in, self.geometry.incidence_deg),
            (energy_out, self.geometry.exit_deg),
        )
        inward, outward = (
            mass_attenuation(layer.elements, energy.ravel()).reshape(energy.shape)
            * (layer.areal_mass_g_cm2 / sin(radians(angle)))
            for energy, angle in rays
        )
        return inward, outward + self.fading_per_mm * layer.thickness_um / 1000

    def weight(self, index: int, energy_in: Floats, energy_out: Floats) -> Floats:
        """Return the depth integral of layer `index`, in g/cm2.

        Parameters
        ----------
        index : int
            The layer in which the event happens.
        energy_in, energy_out : ndarray
            Energies before and after, of shapes that broadcast.

        Returns
        -------
        ndarray
            Of the broadcast shape.
        """
        layer = self.layers[index]
        inward = sin(radians(self.geometry.incidence_deg))
        if not self.absorbing:
            shape = np.broadcast_shapes(energy_in.shape, energy_out.shape)
            return np.full(shape, layer.areal_mass_g_cm2 / inward)
        covered_in, covered_out = np.ones(()), np.ones(())
        for above in self.layers[:index]:
            into, out_of = self.depths(above, energy_in, energy_out)
            covered_in = covered_in * np.exp(-into)
            covered_out = covered_out * np.exp(-out_of)
        own = saturation(*self.depths(layer, energy_in, energy_out))
        mass = layer.areal_mass_g_cm2 / inward
        return np.asarray((covered_in * mass) * own * covered_out)

    def down_to(self, depth_mm: float) -> Stack:
        """Return the part of the stack above a depth."""
        left, kept = depth_mm * 1000, []
        for layer in self.layers:
            kept.append(replace(layer, thickness_um=min(layer.thickness_um, left)))
            left -= kept[-1].thickness_um
        return replace(self, layers=tuple(kept))


def saturation(into: Floats, out_of: Floats) -> Floats:
    """Return ``(1 - exp(-d))/d`` of the sum d of both depths, 1 for a thin layer.

    The exponentials are taken of each ray alone and multiplied, which is what makes
    lines times energies affordable; the series takes over where that cancels.
    """
    depth = into + out_of
    passing = np.exp(-into) * np.exp(-out_of)
    thick = (1 - passing) / np.maximum(depth, _THIN)
    return np.asarray(np.where(depth < _THIN, 1 - depth / 2 + depth**2 / 6, thick))
