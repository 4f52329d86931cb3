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

_THIN = 1e-6


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
    """

    layers: Sequence[Layer]
    geometry: Geometry
    absorbing: bool = True

    def chi(self, layer: Layer, energy_in: Floats, energy_out: Floats) -> Floats:
        """Return chi of a layer in cm2/g; the two energies are broadcast."""
        inward = sin(radians(self.geometry.incidence_deg))
        outward = sin(radians(self.geometry.exit_deg))
        entering = mass_attenuation(layer.elements, energy_in.ravel())
        leaving = mass_attenuation(layer.elements, energy_out.ravel())
        return np.asarray(
            entering.reshape(energy_in.shape) / inward
            + leaving.reshape(energy_out.shape) / outward
        )

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
        cover: Floats | float = 0.0
        for above in self.layers[:index]:
            depth = above.areal_mass_g_cm2
            cover = cover + self.chi(above, energy_in, energy_out) * depth
        own = _saturation(self.chi(layer, energy_in, energy_out), layer)
        return np.asarray(np.exp(-cover) * own / inward)

    def down_to(self, depth_mm: float) -> Stack:
        """Return the part of the stack above a depth."""
        left, kept = depth_mm * 1000, []
        for layer in self.layers:
            kept.append(replace(layer, thickness_um=min(layer.thickness_um, left)))
            left -= kept[-1].thickness_um
        return replace(self, layers=tuple(kept))


def _saturation(chi: Floats, layer: Layer) -> Floats:
    """Return ``(1 - exp(-chi m))/chi``, which tends to m for a thin layer."""
    mass = layer.areal_mass_g_cm2
    depth = chi * mass
    return np.asarray(np.where(depth < _THIN, mass, -np.expm1(-depth) / chi))
