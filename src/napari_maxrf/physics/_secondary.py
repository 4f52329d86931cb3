"""Fluorescence that the sample's own fluorescence excites, in layers.

A line i made at mass depth z meets depth z' of the same or another layer along every
direction of cosine c, and excites line j there:

    w_j sigma_j(E_i) P_i(z) 1/2 integral_0^1 dc/c exp(-tau_i/c) exp(-tau_j/sin phi)

with P_i the primary production, tau_i the depth between both and tau_j that of z'
below the surface. Done last, the integral over directions leaves products of
exponentials, whose integrals over z and z' are closed. For one thick layer this is the
formula of T. Shiraiwa and N. Fujino, Jpn. J. Appl. Phys. 5, 886 (1966).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import radians, sin
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from napari_maxrf.physics._lines import line_table, mutual_production
from napari_maxrf.physics._materials import mass_attenuation
from napari_maxrf.physics._stack import saturation

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_maxrf.physics._beam import Beam
    from napari_maxrf.physics._fluorescence import EmittedLines
    from napari_maxrf.physics._materials import Layer
    from napari_maxrf.physics._stack import Stack

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.intp]

_DIRECTIONS = 8
_FAINT = 2e-3
"""Share of the strongest source below which a line is none."""
_CELL_KEV = 0.2
_CLOSE = 1e-3
_APART = 1e-9


def secondary(stack: Stack, beam: Beam, lines: EmittedLines, sigma: Floats) -> Floats:
    """Return what secondary excitation adds to every line, shape (n_lines,).

    Parameters
    ----------
    stack : Stack
        The sample.
    beam : Beam
        What excites it.
    lines : EmittedLines
        The lines of all its elements.
    sigma : ndarray, shape (n_lines, n_energies)
        Their production cross-sections by the beam.

    Returns
    -------
    ndarray, shape (n_lines,)
        Photons per full sphere on the scale of the beam. All 0 without
        self-absorption: nothing is absorbed that could excite.
    """
    added = np.zeros_like(lines.energy_kev)
    layers = [layer for layer in stack.layers if layer.areal_mass_g_cm2 > 0]
    if not stack.absorbing or not layers:
        return added
    excites = _excitation(lines)
    source = _sources(layers, lines, sigma @ beam.photons, excites)
    weight = _directions()[1]
    cells = _Cells(beam)
    seen = [_seen(layer, stack, cells, lines, source) for layer in layers]
    lit = cells.added(beam.photons * sigma[source])
    for origin, layer in enumerate(seen):
        light = _emitted(layer, lit * layer.fraction[source, None])
        lit = lit * np.exp(-layer.into)
        covered = np.ones_like(added)
        for place, other in enumerate(seen):
            met = _met(seen, origin, place, light) @ weight
            added += other.fraction * covered * np.sum(excites[:, source] * met, 1)
            covered = covered * np.exp(-other.out)
    return added


class _Cells:
    """The beam in wider bins.

    Where in a layer it excites is all that depends on its energy here; what it
    excites is added up exactly.
    """

    def __init__(self, beam: Beam) -> None:
        self.beam = beam
        self._order = np.argsort(beam.energy_kev)
        cell = np.floor(beam.energy_kev[self._order] / _CELL_KEV)
        self._starts = np.flatnonzero(np.diff(cell, prepend=-1.0))
        self._weight = beam.photons + np.finfo(np.float64).tiny

    def added(self, values: Floats) -> Floats:
        """Add up along the last axis, shape (..., n_cells)."""
        return np.add.reduceat(values[..., self._order], self._starts, axis=-1)

    def averaged(self, values: Floats) -> Floats:
        """Return the mean over the photons of each cell."""
        return self.added(values * self._weight) / self.added(self._weight)


@dataclass(frozen=True)
class _Seen:
    """A layer in absorption lengths, for all rays that cross it.

    Attributes
    ----------
    mass : float
        Areal mass in g/cm2.
    fraction : ndarray, shape (n_lines,)
        Mass fraction of each line's element.
    into : ndarray, shape (n_energies,)
        Depth for the beam.
    along : ndarray, shape (n_sources, n_directions)
        Depth for the exciting lines.
    out : ndarray, shape (n_lines,)
        Depth for all lines on their way to the detector.
    slant : float
        Sine of the angle of incidence.
    """

    mass: float
    fraction: Floats
    into: Floats
    along: Floats
    out: Floats
    slant: float


@dataclass(frozen=True)
class _Emitted:
    """Primary fluorescence of a layer, by where it goes.

    Attributes
    ----------
    up, down : ndarray, shape (n_sources, n_directions)
        What arrives at its upper and lower boundary.
    outward : ndarray, shape (n_sources, n_lines)
        What is made, each part weakened like a line that leaves from its place.
    """

    up: Floats
    down: Floats
    outward: Floats


@lru_cache(maxsize=1)
def _directions() -> tuple[Floats, Floats]:
    """Return cosines c and weights of ``1/2 integral_0^1 dc/c``.

    Gauss-Legendre in the cube root of c, which is smooth where thin layers make the
    integrand rise towards grazing rays.
    """
    node, weight = np.polynomial.legendre.leggauss(_DIRECTIONS)
    root = 0.5 * (node + 1)
    return root**3, 0.5 * (3 / root) * 0.5 * weight


def _excitation(lines: EmittedLines) -> Floats:
    """Return the cross-section of line j for a photon of line i, shape (j, i)."""
    table = np.zeros((len(lines.names), len(lines.names)))
    groups = [(z, np.flatnonzero(lines.elements == z)) for z in set(lines.elements)]
    for element, made in groups:
        rows = [line_table(int(element)).names.index(lines.names[j]) for j in made]
        for _, by in groups:
            block = mutual_production(int(element), lines.energy_kev[by])
            table[np.ix_(made, by)] = block[rows]
    return table


def _sources(
    layers: Sequence[Layer], lines: EmittedLines, strength: Floats, excites: Floats
) -> Indices:
    """Return the lines that are strong enough and excite something."""
    able = strength * _fractions(layers, lines).max(axis=0) * excites.any(axis=0)
    return np.flatnonzero(able > _FAINT * able.max(initial=0.0))


def _fractions(layers: Sequence[Layer], lines: EmittedLines) -> Floats:
    """Return the mass fraction of each line's element, shape (n_layers, n_lines)."""
    shares = [dict(layer.elements) for layer in layers]
    return np.array(
        [[part.get(int(z), 0.0) for z in lines.elements] for part in shares]
    )


def _seen(
    layer: Layer, stack: Stack, cells: _Cells, lines: EmittedLines, source: Indices
) -> _Seen:
    energy = lines.energy_kev
    into, out = stack.depths(layer, cells.beam.energy_kev, energy)
    across = mass_attenuation(layer.elements, energy)[source] * layer.areal_mass_g_cm2
    return _Seen(
        layer.areal_mass_g_cm2,
        _fractions([layer], lines)[0],
        cells.averaged(into),
        across[:, None] / _directions()[0],
        out,
        sin(radians(stack.geometry.incidence_deg)),
    )


def _emitted(layer: _Seen, light: Floats) -> _Emitted:
    """Spread primary fluorescence over the layer it is made in.

    Parameters
    ----------
    layer : _Seen
        The layer.
    light : ndarray, shape (n_sources, n_energies)
        What the beam at the top of the layer makes per g/cm2.
    """
    made = light * (layer.mass / layer.slant)
    into, along = layer.into, layer.along[:, :, None]
    return _Emitted(
        np.einsum("ie,ike->ik", made, saturation(into, along)),
        np.einsum("ie,ike->ik", made, crossing(into, along)),
        np.einsum("ie,je->ij", made, saturation(into, layer.out[:, None])),
    )


def _met(
    seen: Sequence[_Seen], origin: int, place: int, light: _Emitted
) -> npt.NDArray[np.float64]:
    """Return what layer `place` absorbs per cross-section and lets out.

    Returns
    -------
    ndarray, shape (n_lines, n_sources, n_directions)
    """
    layer = seen[place]
    along, out = layer.along, layer.out[:, None, None]
    if place == origin:
        here = light.outward.T[:, :, None]
        below = (here - np.exp(-out) * light.down) / (along + out)
        return layer.mass * (below + (here - light.up) / _apart(along, out))
    between = seen[min(origin, place) + 1 : max(origin, place)]
    passing = np.exp(-sum((other.along for other in between), np.zeros(())))
    if place > origin:
        return layer.mass * light.down * passing * saturation(along, out)
    return layer.mass * light.up * passing * crossing(along, out)


def _apart(first: Floats, second: Floats) -> Floats:
    """Return the difference, kept off 0 where its numerator vanishes as well."""
    difference = first - second
    least = _APART * (first + second)
    return np.where(np.abs(difference) < least, least, difference)


def crossing(first: Floats, second: Floats) -> Floats:
    """Return ``(exp(-b) - exp(-a))/(a - b)`` for two depths, ``exp(-a)`` if equal.

    Rays that enter at one face of a layer and leave at the other meet this factor.
    """
    apart, passing = first - second, (np.exp(-first), np.exp(-second))
    close = np.abs(apart) < _CLOSE
    equal = np.sqrt(passing[0] * passing[1]) * (1 + apart**2 / 24)
    return np.where(close, equal, (passing[1] - passing[0]) / np.where(close, 1, apart))
