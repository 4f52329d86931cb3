"""What an instrument cannot show, said before or instead of a spectrum of nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import xraylib

from napari_maxrf.errors import CalibrationError, MaxrfError
from napari_maxrf.physics._beam import beam_of, gas_transmission
from napari_maxrf.physics._detector import efficiency
from napari_maxrf.physics._effects import Effects
from napari_maxrf.physics._lines import line_table, production

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from napari_maxrf.cube import EnergyAxis
    from napari_maxrf.physics._instrument import Instrument
    from napari_maxrf.physics._materials import Layer

_LOWEST_KEV = 0.3
_WEAKEST = 0.01
"""Share of an element's strongest line, and of its photons that must arrive."""


@dataclass(frozen=True)
class UnseenElement:
    """An element of a sample that leaves no line in a spectrum.

    Attributes
    ----------
    symbol : str
        The element.
    reason : str
        Why, as the rest of a sentence that begins with the symbol.
    """

    symbol: str
    reason: str


def unseen_elements(
    layers: Iterable[Layer], instrument: Instrument, axis: EnergyAxis
) -> tuple[UnseenElement, ...]:
    """Return the elements of a sample whose lines an instrument cannot show.

    Organic matter always is among them, so this is no error: it tells a user who
    builds a palette what its spectra cannot rest on. Cover by other layers is not
    considered.

    Parameters
    ----------
    layers : iterable of Layer
        The sample.
    instrument : Instrument
        Its tube voltage, atmosphere and detector decide.
    axis : EnergyAxis
        The range of energies.

    Returns
    -------
    tuple of UnseenElement
        Lightest first, each with the reason.

    Examples
    --------
    >>> from napari_maxrf.cube import EnergyAxis
    >>> from napari_maxrf.physics import Layer, load_instrument
    >>> axis = EnergyAxis.from_range(5.0, 38.5, 512)
    >>> chalk = Layer({"Ca": 0.4, "C": 0.12, "O": 0.48}, 2.7, 100.0)
    >>> for element in unseen_elements([chalk], load_instrument("chnet_mo"), axis):
    ...     print(element.symbol, element.reason)
    C has no line above 0.3 keV
    O shows only 0.52 keV, outside 5 to 38.5 keV
    Ca shows only 3.69 keV, outside 5 to 38.5 keV
    """
    numbers = sorted({z for layer in layers for z, _ in layer.elements})
    reasons = ((z, _reason(z, instrument, axis)) for z in numbers)
    return tuple(
        UnseenElement(xraylib.AtomicNumberToSymbol(z), reason)
        for z, reason in reasons
        if reason
    )


def _reason(number: int, instrument: Instrument, axis: EnergyAxis) -> str:
    """Say why an element leaves no line; nothing if it leaves one."""
    energy = line_table(number).energy_kev
    if not len(energy):
        return f"has no line above {_LOWEST_KEV:g} keV"
    beam = beam_of(instrument, Effects())
    strength = production(number, beam.energy_kev) @ beam.photons
    if not strength.any():
        return f"is not excited by {instrument.kv:g} kV"
    geometry = instrument.geometry
    passing = gas_transmission(geometry, geometry.path_out_mm, energy)
    passing = passing * efficiency(instrument.detector, energy)
    seen = strength * passing
    low, high = axis.range_kev
    inside = (seen > _WEAKEST * seen.max()) & (energy > low) & (energy < high)
    main = energy[seen.argmax()]
    if not inside.any():
        return f"shows only {main:.2f} keV, outside {low:g} to {high:g} keV"
    if passing[inside].max() < _WEAKEST:
        return f"shows only {main:.2f} keV, which air and windows absorb"
    return ""


def check_sample(
    layers: Sequence[Layer], instrument: Instrument, axis: EnergyAxis, effects: Effects
) -> None:
    """Refuse what cannot give a spectrum.

    Raises
    ------
    MaxrfError
        There is no layer, all have no thickness, or the detector has no resolution.
    CalibrationError
        The axis lies above the tube voltage, or below the lines of all elements.
    """
    if not layers:
        raise MaxrfError("A sample needs at least one layer.")
    if not any(layer.thickness_um > 0 for layer in layers):
        raise MaxrfError("Every layer of this sample is 0 um thick.")
    low, high = axis.range_kev
    if low >= instrument.kv:
        raise CalibrationError(
            f"The energy axis begins at {low:g} keV, above the {instrument.kv:g} kV "
            f"of the tube of {instrument.name}."
        )
    if high <= _LOWEST_KEV:
        raise CalibrationError(
            f"The energy axis ends at {high:g} keV, below the lines of all elements."
        )
    detector = instrument.detector
    if effects.resolution and detector.s0_kev2 == detector.s1_kev == 0:
        raise MaxrfError(
            f"The detector of {instrument.name} has no resolution: set s0_kev2 and "
            "s1_kev (usual are 1.0e-3 and 4.5e-4, 142 eV at 5.9 keV), or switch off "
            "the effect 'resolution'."
        )


def nothing_arrives(
    layers: Sequence[Layer], instrument: Instrument, axis: EnergyAxis
) -> MaxrfError:
    """Return the error for a spectrum without a single count."""
    unseen = unseen_elements(layers, instrument, axis)
    reasons = "; ".join(f"{element.symbol} {element.reason}" for element in unseen)
    return MaxrfError(
        "Nothing of this sample reaches the detector, without scatter"
        f"{': ' if reasons else ''}{reasons}."
    )
