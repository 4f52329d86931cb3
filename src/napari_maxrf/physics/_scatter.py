"""Scatter of the tube spectrum by the sample.

It makes the continuous background of a spectrum and, from the anode lines, its
Rayleigh and Compton peaks; for a carbon black it is all there is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

from napari_maxrf.physics._materials import scattering

if TYPE_CHECKING:
    from napari_maxrf.physics._beam import Beam
    from napari_maxrf.physics._stack import Stack

Floats = npt.NDArray[np.float64]

ELECTRON_KEV = 510.99895
COMPTON_FWHM_SHARE = 0.43 / 16.5
"""Intrinsic Compton width over energy, measured on acrylic at 16.5 keV."""


def compton_energy(energy_kev: Floats, theta_rad: float) -> Floats:
    """Return the energy after scatter by a free electron at rest.

    Examples
    --------
    >>> round(float(compton_energy(np.array([17.48]), np.pi / 2)[0]), 2)
    16.9
    """
    loss = energy_kev / ELECTRON_KEV * (1 - np.cos(theta_rad))
    return np.asarray(energy_kev / (1 + loss))


def rayleigh(stack: Stack, beam: Beam) -> Floats:
    """Return elastically scattered photons per full sphere, shape (n,)."""
    return _scattered(stack, beam, beam.energy_kev, "DCS_Rayl")


def compton(stack: Stack, beam: Beam) -> tuple[Floats, Floats]:
    """Return energies and photons per full sphere after Compton scatter."""
    energy = compton_energy(beam.energy_kev, stack.geometry.theta_rad)
    return energy, _scattered(stack, beam, energy, "DCS_Compt")


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
        total += 4 * np.pi * sigma * seen.weight(index, beam.energy_kev, energy_out)
    return total * beam.photons
