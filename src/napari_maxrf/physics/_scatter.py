"""Scatter of the tube spectrum by the sample.

It makes the continuous background of a spectrum and, from the anode lines, its
Rayleigh and Compton peaks; for a carbon black it is all there is.

Photons of 20 keV come from 10 mm deep in wood or plastic, as far as the detector is
away. It looks smaller from there: the solid angle falls with depth as
``1/(1 + z/z0)^2``, where ``z0`` is the depth that doubles the distance.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from math import cos, radians, sin
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt
from scipy.special import roots_genlaguerre

from napari_maxrf.physics._compton import compton_energy
from napari_maxrf.physics._materials import scattering
from napari_maxrf.physics._multiple import multiply_scattered

if TYPE_CHECKING:
    from napari_maxrf.physics._beam import Beam
    from napari_maxrf.physics._instrument import Geometry
    from napari_maxrf.physics._stack import Stack

Floats = npt.NDArray[np.float64]

_NODES = 4


def rayleigh(stack: Stack, beam: Beam) -> Floats:
    """Return elastically scattered photons per full sphere, shape (n,)."""
    return _scattered(stack, beam, beam.energy_kev, "DCS_Rayl")


def compton(stack: Stack, beam: Beam) -> tuple[Floats, Floats]:
    """Return energies and photons per full sphere after Compton scatter."""
    energy = compton_energy(beam.energy_kev, stack.geometry.theta_rad)
    return energy, _scattered(stack, beam, energy, "DCS_Compt")


def multiple(stack: Stack, beam: Beam) -> tuple[Floats, Floats]:
    """Return energies and photons per full sphere after two and more events."""
    seen = stack.down_to(stack.geometry.viewed_depth_mm)
    fading = 2 * receding_per_mm(stack.geometry)
    return multiply_scattered(replace(seen, fading_per_mm=fading), beam)


def _scattered(
    stack: Stack,
    beam: Beam,
    energy_out: Floats,
    table: Literal["DCS_Rayl", "DCS_Compt"],
) -> Floats:
    """Integrate one kind of scatter over the depth that the detector sees."""
    seen = stack.down_to(stack.geometry.viewed_depth_mm)
    theta = stack.geometry.theta_rad
    total = np.zeros_like(beam.energy_kev)
    for index, layer in enumerate(seen.layers):
        sigma = scattering(table, layer.elements, beam.energy_kev, theta)
        total += 4 * np.pi * sigma * _weight(seen, index, beam.energy_kev, energy_out)
    return total * beam.photons


def receding_per_mm(geometry: Geometry) -> float:
    """Return by how much of its distance the detector recedes per mm of depth.

    The beam enters along one ray, and what it meets at depth z lies
    ``-z cos(theta)/sin(psi)`` further from the detector.
    """
    if geometry.path_out_mm == 0:
        return 0.0
    along = -cos(geometry.theta_rad) / sin(radians(geometry.incidence_deg))
    return max(along, 0.0) / geometry.path_out_mm


def _weight(stack: Stack, index: int, energy_in: Floats, energy_out: Floats) -> Floats:
    """Return the depth integral of a layer seen by a detector at a finite distance.

    ``1/(1 + x)^2`` is the integral of ``t exp(-t) exp(-t x)`` over t, so a few
    exponential losses with depth (Gauss-Laguerre nodes) stand for it, and the
    integral over depth stays closed.
    """
    receding = receding_per_mm(stack.geometry)
    total = np.zeros(np.broadcast_shapes(energy_in.shape, energy_out.shape))
    for node, share in _laguerre():
        faded = replace(stack, fading_per_mm=node * receding)
        total += share * faded.weight(index, energy_in, energy_out)
    return total


@lru_cache(maxsize=1)
def _laguerre() -> tuple[tuple[float, float], ...]:
    nodes, shares = roots_genlaguerre(_NODES, 1.0)
    return tuple(zip(nodes.tolist(), shares.tolist(), strict=True))
