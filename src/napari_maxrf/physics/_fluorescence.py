"""Fluorescence of a layered sample, with self-absorption."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from napari_maxrf.physics._lines import line_table, production
from napari_maxrf.physics._materials import Layer, named_elements
from napari_maxrf.physics._secondary import secondary
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


def emitted_lines(
    stack: Stack, beam: Beam, with_secondary: bool = False
) -> EmittedLines:
    """Return all fluorescence lines of a layered sample that the beam excites.

    The beam's tube lines excite as discrete energies, its continuum in bins.
    An element found in several layers gives one set of lines. With `with_secondary`,
    the sample's own lines excite as well, see `secondary`.
    """
    numbers = sorted({z for layer in stack.layers for z, _ in layer.elements})
    sets = [_excited(z, beam) for z in numbers]
    lines, sigma = joined([lines for lines, _ in sets]), [sigma for _, sigma in sets]
    total = np.zeros_like(lines.energy_kev)
    for index, layer in enumerate(stack.layers):
        present = np.isin(lines.elements, [z for z, _ in layer.elements])
        weight = stack.weight(
            index, beam.energy_kev[None], lines.energy_kev[present, None]
        )
        produced = np.concatenate(
            [
                fraction * sigma[numbers.index(element)]
                for element, fraction in layer.elements
            ]
        )
        total[present] += np.einsum("le,le,e->l", produced, weight, beam.photons)
    if with_secondary:
        total += secondary(stack, beam, lines, np.concatenate(sigma))
    return replace(lines, intensity=total)


def _excited(element: int, beam: Beam) -> tuple[EmittedLines, Floats]:
    """Return an element's lines with an edge below the beam's highest energy.

    Their intensities are still 0; with them come the production cross-sections,
    shape (n_lines, n_energies).
    """
    table, sigma = line_table(element), production(element, beam.energy_kev)
    kept = np.flatnonzero(sigma.any(axis=1))
    names = tuple(table.names[index] for index in kept)
    energy = table.energy_kev[kept]
    lines = EmittedLines(
        np.full(len(names), element), names, energy, np.zeros_like(energy)
    )
    return lines, sigma[kept]


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
