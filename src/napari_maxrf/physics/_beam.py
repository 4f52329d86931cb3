"""The beam that reaches the sample: tube, window, filters, optic and air."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from napari_maxrf.physics._materials import (
    atomic_number,
    mass_attenuation,
    named_elements,
    transmission,
)
from napari_maxrf.physics._tube import (
    GRID_KEV,
    Tube,
    continuum_grid,
    tube_continuum,
    tube_lines,
)

if TYPE_CHECKING:
    from napari_maxrf.physics._effects import Effects
    from napari_maxrf.physics._instrument import Geometry, Instrument, Optic

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Beam:
    """Photons per energy that hit the sample.

    Attributes
    ----------
    energy_kev : ndarray, shape (n,)
        Centres of the continuum bins, then the exact energies of tube lines.
    photons : ndarray, shape (n,)
        Photons per bin or line, in photons/(s sr mA).
    """

    energy_kev: Floats
    photons: Floats


@lru_cache(maxsize=32)
def beam_of(instrument: Instrument, effects: Effects) -> Beam:
    """Return the beam of an instrument at the sample."""
    tube = Tube(
        atomic_number(instrument.anode),
        instrument.kv,
        instrument.electron_incidence_deg,
        instrument.takeoff_deg,
    )
    lines, line_photons = tube_lines(tube, instrument.anode_l_scale)
    grid = continuum_grid(instrument.kv) if effects.continuum else np.zeros(0)
    energy = np.concatenate([grid, lines])
    photons = np.concatenate([tube_continuum(tube, grid) * GRID_KEV, line_photons])
    return Beam(energy, photons * _passing(instrument, effects, energy))


def _passing(instrument: Instrument, effects: Effects, energy_kev: Floats) -> Floats:
    share = transmission("Be", instrument.tube_window_um, energy_kev)
    for foil in instrument.filters:
        share = share * transmission(foil.material, foil.thickness_um, energy_kev)
    if effects.optic:
        share = share * optic_transmission(instrument.optic, energy_kev)
    if effects.air:
        geometry = instrument.geometry
        share = share * gas_transmission(geometry, geometry.path_in_mm, energy_kev)
    return share


def optic_transmission(optic: Optic, energy_kev: Floats) -> Floats:
    """Return the relative transmission of the optic, 1 at low energies."""
    if optic.kind == "collimator":
        return np.ones_like(energy_kev)
    return np.asarray(1 / (1 + (energy_kev / optic.half_kev) ** optic.power))


def gas_transmission(geometry: Geometry, path_mm: float, energy_kev: Floats) -> Floats:
    """Return the share of photons that passes the atmosphere."""
    if geometry.atmosphere == "vacuum":
        return np.ones_like(energy_kev)
    elements, density = named_elements(geometry.atmosphere)
    depth = density * geometry.pressure_bar * path_mm * 0.1
    return np.asarray(np.exp(-mass_attenuation(elements, energy_kev) * depth))
