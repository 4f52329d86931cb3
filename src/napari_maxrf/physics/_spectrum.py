"""From layers and an instrument to expected counts per channel."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from napari_maxrf.errors import CalibrationError, MaxrfError
from napari_maxrf.physics._beam import Beam, beam_of, gas_transmission
from napari_maxrf.physics._detector import (
    FWHM_PER_SIGMA,
    binned,
    efficiency,
    pile_up,
    shelf,
    with_escape,
)
from napari_maxrf.physics._effects import Effects
from napari_maxrf.physics._fluorescence import argon_lines, emitted_lines, joined
from napari_maxrf.physics._scatter import COMPTON_FWHM_SHARE, compton, rayleigh
from napari_maxrf.physics._stack import Stack

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_maxrf.cube import EnergyAxis
    from napari_maxrf.physics._instrument import Instrument
    from napari_maxrf.physics._materials import Layer

Floats = npt.NDArray[np.float64]

MODEL_VERSION = 1
"""Raised when results change, so that cached spectra are made anew."""

_NOTHING = np.zeros(0)


def expected_spectrum(
    layers: Sequence[Layer],
    instrument: Instrument,
    axis: EnergyAxis,
    effects: Effects | None = None,
) -> Floats:
    """Compute the spectrum that an instrument measures on a layered sample.

    Tube spectrum, primary fluorescence with self-absorption, Rayleigh and
    Compton scatter, air, and the response of a silicon detector.

    Parameters
    ----------
    layers : sequence of Layer
        The sample, surface first.
    instrument : Instrument
        Tube, geometry and detector, see `load_instrument`.
    axis : EnergyAxis
        Channels of the result.
    effects : Effects, optional
        Which effects to include; all usual ones by default.

    Returns
    -------
    ndarray, shape (axis.n_channels,)
        Expected counts per channel. The scale is common to all samples of one
        instrument: counts per second, mA and unit of solid angle.

    Raises
    ------
    MaxrfError
        There is no layer, or nothing of it reaches the detector.
    CalibrationError
        The axis lies above the tube voltage.

    Examples
    --------
    >>> from napari_maxrf.cube import EnergyAxis
    >>> from napari_maxrf.physics import Layer, load_instrument
    >>> axis = EnergyAxis.from_range(0.5, 38.5, 512)
    >>> iron = Layer({"Fe": 1.0}, 7.87, 1000.0)
    >>> counts = expected_spectrum([iron], load_instrument("chnet_mo"), axis)
    >>> round(float(axis.centres_kev[counts.argmax()]), 1)
    6.4
    """
    effects = effects or Effects()
    _check(layers, instrument, axis)
    stack = Stack(tuple(layers), instrument.geometry, effects.self_absorption)
    beam = beam_of(instrument, effects)
    energy, photons, width = _arriving(stack, beam, instrument, effects)
    result = _detected(energy, photons, width, instrument, axis, effects)
    if not result.sum() > 0:
        raise MaxrfError("Nothing of this sample reaches the detector.")
    return result


def _check(layers: Sequence[Layer], instrument: Instrument, axis: EnergyAxis) -> None:
    if not layers:
        raise MaxrfError("A sample needs at least one layer.")
    low = axis.range_kev[0]
    if low >= instrument.kv:
        raise CalibrationError(
            f"The energy axis begins at {low:g} keV, above the {instrument.kv:g} kV "
            f"of the tube of {instrument.name}."
        )


def _arriving(
    stack: Stack, beam: Beam, instrument: Instrument, effects: Effects
) -> tuple[Floats, Floats, Floats]:
    """Return energy, photons and own FWHM of all that reaches the detector."""
    lines = emitted_lines(stack, beam)
    geometry = instrument.geometry
    if effects.argon and geometry.atmosphere == "air":
        lines = joined([lines, argon_lines(geometry, beam)])
    energies, photons = [lines.energy_kev], [lines.intensity]
    widths = [np.zeros_like(lines.energy_kev)]
    if effects.rayleigh:
        energies.append(beam.energy_kev)
        photons.append(rayleigh(stack, beam))
        widths.append(np.zeros_like(beam.energy_kev))
    if effects.compton:
        energy, scattered = compton(stack, beam)
        energies.append(energy)
        photons.append(scattered)
        widths.append(energy * COMPTON_FWHM_SHARE * effects.compton_width)
    energy, arriving = np.concatenate(energies), np.concatenate(photons)
    if effects.air:
        arriving = arriving * gas_transmission(geometry, geometry.path_out_mm, energy)
    return energy, arriving, np.concatenate(widths)


def _detected(
    energy: Floats,
    photons: Floats,
    width: Floats,
    instrument: Instrument,
    axis: EnergyAxis,
    effects: Effects,
) -> Floats:
    """Apply efficiency, escape, resolution, shelf and pile-up."""
    detector = instrument.detector
    counts = photons * efficiency(detector, energy) if effects.efficiency else photons
    kept = counts > counts.max(initial=0.0) * 1e-9
    energy, counts, width = energy[kept], counts[kept], width[kept]
    tail = shelf(detector, energy, counts, axis) if effects.shelf else 0.0
    if effects.escape:
        whole = len(energy)
        energy, counts = with_escape(energy, counts)
        width = np.concatenate([width, np.zeros(len(energy) - whole)])
    variance = (width / FWHM_PER_SIGMA) ** 2
    if effects.resolution:
        variance = variance + detector.s0_kev2 + detector.s1_kev * energy
    result = binned(energy, counts, np.sqrt(variance), axis) + tail
    return pile_up(detector, result, axis) if effects.pile_up else result
