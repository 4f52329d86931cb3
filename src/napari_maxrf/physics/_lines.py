"""Emission lines of the elements, with their production cross-sections.

Single lines only: xraylib's group lines (``KA_LINE`` and the like) are means of
single ones, and mixing both would count photons twice.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import xraylib
import xraylib_np

from napari_maxrf.physics._materials import single_threaded

Floats = npt.NDArray[np.float64]

_PATTERN = re.compile(r"(K|L[1-3]|M[1-5])[LMNOPQ]\d*_LINE")
_LOWEST_KEV = 0.3


@dataclass(frozen=True)
class LineTable:
    """The emission lines of one element.

    Attributes
    ----------
    names : tuple of str
        In xraylib's notation, for example ``"KL3"`` for Ka1.
    codes : ndarray of int, shape (n_lines,)
        xraylib's numbers of the lines.
    energy_kev : ndarray, shape (n_lines,)
        Energies of the lines.
    """

    names: tuple[str, ...]
    codes: npt.NDArray[np.int_]
    energy_kev: Floats

    @property
    def series(self) -> tuple[str, ...]:
        """Shell letter of each line: K, L or M."""
        return tuple(name[0] for name in self.names)


@lru_cache(maxsize=1)
def _all_lines() -> tuple[tuple[str, int], ...]:
    names = sorted(name for name in dir(xraylib) if _PATTERN.fullmatch(name))
    return tuple((name.removesuffix("_LINE"), getattr(xraylib, name)) for name in names)


@lru_cache(maxsize=128)
def line_table(number: int) -> LineTable:
    """Return the lines of the element with this atomic number above 0.3 keV.

    A line can have a rate and no energy (Ca L3N1): those are left out.
    """
    names, codes = zip(*_all_lines(), strict=True)
    z, every = np.array([number]), np.array(codes, dtype=np.int_)
    with single_threaded():
        energy = xraylib_np.LineEnergy(z, every)[0]
        rate = xraylib_np.RadRate(z, every)[0]
    kept = np.flatnonzero((energy > _LOWEST_KEV) & (rate > 0))
    return LineTable(tuple(names[i] for i in kept), every[kept], energy[kept])


def production(number: int, energy_kev: Floats) -> Floats:
    """Return the production cross-sections of an element's lines, in cm2/g.

    Photoionisation times yield times line fraction, with the full cascade from
    inner shells; without the cascade M lines come out several times too weak.

    Returns
    -------
    ndarray, shape (n_lines, n_energies)
    """
    return _production(number, np.ascontiguousarray(energy_kev, np.float64).tobytes())


def mutual_production(number: int, energy_kev: Floats) -> Floats:
    """Return `production` at the energies of another element's lines.

    The tables are small and many, and are kept apart from those of a beam.
    """
    energies = np.ascontiguousarray(energy_kev, np.float64).tobytes()
    return _mutual_production(number, energies)


@lru_cache(maxsize=256)
def _production(number: int, energies: bytes) -> Floats:
    return _computed(number, energies)


@lru_cache(maxsize=4096)
def _mutual_production(number: int, energies: bytes) -> Floats:
    return _computed(number, energies)


def _computed(number: int, energies: bytes) -> Floats:
    codes, grid = line_table(number).codes, np.frombuffer(energies).copy()
    with single_threaded():
        table = xraylib_np.CS_FluorLine_Kissel_Cascade(np.array([number]), codes, grid)
    table = table[0]
    table.setflags(write=False)
    return np.asarray(table)
