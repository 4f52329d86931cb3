"""What the Palette dock finds out in a thread: spectra, lines, and what is alike.

Each function takes a palette and gives a frozen record that the views draw from;
none of them knows a widget.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from napari_maxrf.cube import EnergyAxis
    from napari_maxrf.pigments import ConfusedPair, Palette, Pigment

Floats = npt.NDArray[np.float64]

LIGHTEST, LEAST_SHARE = 16, 0.02
"""Elements from sulphur upwards with this share of the mass have lines to label."""
WEAKEST_LINE, LOWEST_PEAK = 0.05, 0.004
"""Least strength of a line, and height of the spectrum there, both relative."""


@dataclass(frozen=True)
class LineMark:
    """A line of an element as it stands in a spectrum.

    Attributes
    ----------
    label : str
        Such as ``"Fe Kα"``.
    energy_kev : float
        Where it stands.
    height : float
        Share of the counts in its channel.
    """

    label: str
    energy_kev: float
    height: float


@dataclass(frozen=True, eq=False)
class PaletteSpectra:
    """The spectra of all pigments of a palette.

    Attributes
    ----------
    palette : Palette
        Whose pigments they are.
    energies_kev : ndarray, shape (n_channels,)
        Centres of the channels.
    shares : ndarray, shape (n_pigments, n_channels)
        Each row sums to 1.
    lines : mapping of str to tuple of LineMark
        Lines of each pigment by its id, the highest first.
    tube : tuple of LineMark
        Lines of the anode, which every spectrum shows scattered.
    """

    palette: Palette
    energies_kev: Floats
    shares: Floats
    lines: Mapping[str, tuple[LineMark, ...]]
    tube: tuple[LineMark, ...]


@dataclass(frozen=True, eq=False)
class Confusions:
    """What cannot be told apart in a palette.

    Attributes
    ----------
    palette : Palette
        Whose pigments they are.
    counts : float
        Photons per pixel.
    pairs : tuple of ConfusedPair
        The most harmful first.
    silent : mapping of str to float
        Error of the ideal observer between each silent pigment and none.
    """

    palette: Palette
    counts: float
    pairs: tuple[ConfusedPair, ...]
    silent: Mapping[str, float]

    def among(self, ids: Collection[str]) -> tuple[ConfusedPair, ...]:
        """Return the pairs of which both pigments are in `ids`."""
        wanted = set(ids)
        return tuple(p for p in self.pairs if p.first in wanted and p.second in wanted)


def find_spectra(palette: Palette, axis: EnergyAxis) -> PaletteSpectra:
    """Compute the spectra of a palette, or take them from the cache.

    Raises
    ------
    MaxrfError
        A spectrum cannot be computed on this axis.
    """
    shares = palette.spectra(axis)
    lines = {
        pigment.id: lines_of(pigment, row, axis)
        for pigment, row in zip(palette.pigments, shares, strict=True)
    }
    tube = _tube_lines(palette, shares.mean(axis=0), axis)
    return PaletteSpectra(palette, axis.centres_kev, shares, lines, tube)


def find_confusions(palette: Palette, axis: EnergyAxis, counts: float) -> Confusions:
    """Compare all pigments of a palette with one another and with none.

    Raises
    ------
    MaxrfError
        A spectrum cannot be computed, or the counts cannot be used.
    """
    from napari_maxrf.pigments import distinguishability

    found = distinguishability(palette, axis, counts)
    silent = {one.id: one.error for one in found.silent()}
    return Confusions(palette, counts, found.pairs(), silent)


def lines_of(
    pigment: Pigment, shares: Floats, axis: EnergyAxis
) -> tuple[LineMark, ...]:
    """Return the lines that stand out of a pigment's spectrum, the highest first.

    A pigment known by its measured spectrum alone has none that we know.
    """
    import xraylib

    from napari_maxrf.physics import elements_of

    elements = elements_of(pigment.composition) if pigment.composition else {}
    seen = [
        xraylib.AtomicNumberToSymbol(number)
        for number, share in elements.items()
        if number >= LIGHTEST and share >= LEAST_SHARE
    ]
    marks = [mark for symbol in seen for mark in _marks(symbol, shares, axis)]
    lowest = LOWEST_PEAK * float(shares.max())
    return tuple(sorted((m for m in marks if m.height > lowest), key=_falling))


def _marks(symbol: str, shares: Floats, axis: EnergyAxis) -> list[LineMark]:
    from napari_maxrf.analysis import visible_lines

    return [
        LineMark(line.label, line.energy_kev, _height(line.energy_kev, shares, axis))
        for line in visible_lines(symbol, *axis.range_kev)
        if line.strength > WEAKEST_LINE
    ]


def _height(energy_kev: float, shares: Floats, axis: EnergyAxis) -> float:
    return float(shares[int(axis.channel_of(energy_kev))])


def _falling(mark: LineMark) -> float:
    return -mark.height


def _tube_lines(
    palette: Palette, shares: Floats, axis: EnergyAxis
) -> tuple[LineMark, ...]:
    """Return the strongest line of the anode, if the instrument has a tube."""
    from napari_maxrf.physics import load_instrument

    anode = load_instrument(palette.instrument).anode
    marks = sorted(_marks(anode, shares, axis), key=_falling)
    return tuple(
        LineMark(f"{mark.label} (tube)", mark.energy_kev, mark.height)
        for mark in marks[:1]
    )
