"""From layers and an instrument to expected counts per channel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from napari_maxrf.physics._beam import Beam, beam_of, gas_transmission
from napari_maxrf.physics._compton import compton_widths
from napari_maxrf.physics._detector import pile_up
from napari_maxrf.physics._effects import Effects
from napari_maxrf.physics._fluorescence import argon_lines, emitted_lines, joined
from napari_maxrf.physics._response import response_of
from napari_maxrf.physics._scatter import compton, multiple, rayleigh
from napari_maxrf.physics._stack import Stack
from napari_maxrf.physics._visible import check_sample, nothing_arrives

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from napari_maxrf.cube import EnergyAxis
    from napari_maxrf.physics._instrument import Instrument
    from napari_maxrf.physics._materials import Layer

Floats = npt.NDArray[np.float64]

MODEL_VERSION = 2
"""Raised when results change, so that cached spectra are made anew."""


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
        There is no layer or none with a thickness, the detector has no resolution,
        or nothing reaches it.
    CalibrationError
        The axis lies above the tube voltage or below all lines.

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
    check_sample(layers, instrument, axis, effects)
    stack = Stack(tuple(layers), instrument.geometry, effects.self_absorption)
    beam = beam_of(instrument, effects)
    photons = _leaving(stack, beam, instrument, effects)
    # Rounding in sums of peaks of 1e9 leaves -1e-8 where there is nothing.
    result = np.maximum(_detected(photons, instrument, axis, effects), 0.0)
    if not result.sum() > 0:
        raise nothing_arrives(layers, instrument, axis)
    return result


@dataclass(frozen=True)
class _Photons:
    """Photons on their way to the detector, with the width they bring along."""

    energy_kev: Floats
    number: Floats
    fwhm_kev: Floats | None = None


def _leaving(
    stack: Stack, beam: Beam, instrument: Instrument, effects: Effects
) -> Iterator[_Photons]:
    """Yield what leaves the sample: every element's lines, and both kinds of scatter.

    The groups are those whose energies come back with other samples, so that the
    detector's response to them is computed once.
    """
    lines = emitted_lines(stack, beam, effects.secondary)
    if effects.argon and instrument.geometry.atmosphere == "air":
        lines = joined([lines, argon_lines(instrument.geometry, beam)])
    for element in np.unique(lines.elements):
        chosen = lines.elements == element
        yield _Photons(lines.energy_kev[chosen], lines.intensity[chosen])
    if effects.rayleigh:
        yield _Photons(beam.energy_kev, rayleigh(stack, beam))
    if effects.compton:
        yield from _broadened(*compton(stack, beam), instrument, effects)
    if effects.compton and effects.multiple_scatter:
        yield from _broadened(*multiple(stack, beam), instrument, effects)


def _broadened(
    energy: Floats, photons: Floats, instrument: Instrument, effects: Effects
) -> Iterator[_Photons]:
    """Yield the parts of Compton-scattered photons, each with its own width."""
    if not effects.compton_width:
        yield _Photons(energy, photons)
        return
    for share, width in compton_widths(energy, instrument.geometry.theta_rad):
        yield _Photons(energy, share * photons, width)


def _detected(
    photons: Iterable[_Photons],
    instrument: Instrument,
    axis: EnergyAxis,
    effects: Effects,
) -> Floats:
    """Apply the way through the air and the detector."""
    detector, geometry = instrument.detector, instrument.geometry
    response = response_of(detector, axis, effects)
    result = np.zeros(axis.n_channels)
    for group in photons:
        arriving = group.number
        if effects.air:
            path = geometry.path_out_mm
            arriving = arriving * gas_transmission(geometry, path, group.energy_kev)
        result += response.counts(group.energy_kev, arriving, group.fwhm_kev)
    return pile_up(detector, result, axis) if effects.pile_up else result
