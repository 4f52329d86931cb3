"""Primary fluorescence of a layered sample, with self-absorption."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from napari_maxrf.physics._lines import line_table, production
from napari_maxrf.physics._materials import Layer, named_elements
from napari_maxrf.physics._stack import Stack

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_maxrf.physics._beam import Beam
    from napari_maxrf.physics._instrument import Geometry

Floats = npt.NDArray[np.float64]

_ARGON = 18


@dataclass(frozen=True)
class EmittedLines:
    """Lines that leave the sample towards the detector.

    Attributes
    ----------
    elements : ndarray of int, shape (n,)
        Atomic number of each line's element.
    names : tuple of str
        Names of the lines, for example ``"KL3"``.
    energy_kev, intensity : ndarray, shape (n,)
        Energy, and photons per full sphere on the scale of the beam.
    """

    elements: npt.NDArray[np.int_]
    names: tuple[str, ...]
    energy_kev: Floats
    intensity: Floats

    def of(self, element: int, series: str) -> npt.NDArray[np.bool_]:
        """Return which lines belong to an element's series (K, L or M)."""
        letters = np.array([name[0] for name in self.names])
        return np.asarray((self.elements == element) & (letters == series))


def emitted_lines(stack: Stack, beam: Beam) -> EmittedLines:
    """Return all fluorescence lines of a layered sample.

    The beam's tube lines excite as discrete energies, its continuum in bins.
    An element found in several layers gives one set of lines.
    """
    numbers = sorted({z for layer in stack.layers for z, _ in layer.elements})
    tables = [line_table(z) for z in numbers]
    elements = np.repeat(numbers, [len(table.names) for table in tables])
    energies = np.concatenate([table.energy_kev for table in tables])
    sigma = np.concatenate([production(z, beam.energy_kev) for z in numbers])
    total = np.zeros_like(energies)
    for index, layer in enumerate(stack.layers):
        present = dict(layer.elements)
        fraction = np.array([present.get(int(z), 0.0) for z in elements])
        weight = stack.weight(index, beam.energy_kev[None], energies[:, None])
        total += fraction * ((sigma * weight) @ beam.photons)
    names = tuple(name for table in tables for name in table.names)
    return EmittedLines(elements, names, energies, total)


def argon_lines(geometry: Geometry, beam: Beam) -> EmittedLines:
    """Return the K lines of the argon in the air that the detector sees.

    The air is thin for these energies, so only its mass in view counts.
    """
    elements, density = named_elements("air")
    mass = density * geometry.pressure_bar * geometry.viewed_air_mm * 0.1
    argon = Layer({_ARGON: 1.0}, 1.0, dict(elements)[_ARGON] * mass * 1e4)
    straight = geometry.model_copy(update={"incidence_deg": 90.0})
    return emitted_lines(Stack((argon,), straight, absorbing=False), beam)


def joined(parts: Sequence[EmittedLines]) -> EmittedLines:
    """Put several sets of lines into one."""
    return EmittedLines(
        np.concatenate([part.elements for part in parts]),
        tuple(name for part in parts for name in part.names),
        np.concatenate([part.energy_kev for part in parts]),
        np.concatenate([part.intensity for part in parts]),
    )
