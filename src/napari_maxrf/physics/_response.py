"""The linear part of a detector as one matrix: from photons to counts per channel.

Windows, silicon, escape and resolution do to a photon of some energy the same
whatever the sample. A palette asks for the same energies again and again - the lines
of the elements, the scattered beam - so their columns are kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array, diags_array

from napari_maxrf.physics._detector import (
    FWHM_PER_SIGMA,
    SILICON_KEV,
    efficiency,
    escape_fraction,
    shelf,
    shelf_fraction,
)
from napari_maxrf.physics._peaks import NO_TAIL, Tail, peak_matrix

if TYPE_CHECKING:
    from napari_maxrf.cube import EnergyAxis
    from napari_maxrf.physics._effects import Effects
    from napari_maxrf.physics._instrument import Detector

Floats = npt.NDArray[np.float64]

_KEPT = 128


@dataclass(frozen=True)
class _Columns:
    """Counts per photon for a set of energies.

    Attributes
    ----------
    peaks : csr_array, shape (n_channels, n)
        Full-energy peaks with their tails, and escape peaks.
    shelf : ndarray, shape (n,)
        Counts in the flat shelf below each peak, which is too long to be stored.
    """

    peaks: csr_array
    shelf: Floats


class Response:
    """What a detector makes of photons, on given channels.

    Parameters
    ----------
    detector : Detector
        The detector.
    axis : EnergyAxis
        The channels.
    effects : Effects
        Which effects to include.
    """

    def __init__(self, detector: Detector, axis: EnergyAxis, effects: Effects) -> None:
        self._detector = detector
        self._axis = axis
        self._effects = effects
        self._kept = lru_cache(maxsize=_KEPT)(self._column)

    def counts(
        self, energy_kev: Floats, photons: Floats, fwhm_kev: Floats | None = None
    ) -> Floats:
        """Return the counts per channel.

        Parameters
        ----------
        energy_kev, photons : ndarray, shape (n,)
            Energies and numbers of the photons that reach the detector.
        fwhm_kev : ndarray, shape (n,), optional
            Width of each before detection; 0 by default.

        Returns
        -------
        ndarray, shape (n_channels,)
        """
        own = np.zeros_like(energy_kev) if fwhm_kev is None else fwhm_kev
        part = self._kept(*(v.astype(np.float64).tobytes() for v in (energy_kev, own)))
        result = part.peaks @ photons
        if self._effects.shelf:
            result += shelf(energy_kev, part.shelf * photons, self._axis)
        return np.asarray(result)

    def _column(self, energies: bytes, widths: bytes) -> _Columns:
        energy, fwhm = np.frombuffer(energies), np.frombuffer(widths)
        seen, lost, flat = self._shares(energy)
        whole = seen * (1 - lost)
        tail = NO_TAIL
        if self._effects.tail:
            tail = Tail(self._detector.tail_share, self._detector.tail_kev)
        peaks = peak_matrix(energy, self._sigma(energy, fwhm), self._axis, tail)
        result = diags_array(whole * (1 - flat)) @ peaks
        if self._effects.escape:
            result = result + diags_array(seen * lost) @ self._escape_peaks(energy)
        return _Columns(csr_array(result.T), whole * flat)

    def _shares(self, energy: Floats) -> tuple[Floats, Floats, Floats]:
        """Return the shares that are seen, that escape, and that end in the shelf."""
        detector, effects = self._detector, self._effects
        none = np.zeros_like(energy)
        return (
            efficiency(detector, energy) if effects.efficiency else none + 1,
            escape_fraction(energy) if effects.escape else none,
            shelf_fraction(detector, energy) if effects.shelf else none,
        )

    def _escape_peaks(self, energy: Floats) -> csr_array:
        """Return the escape peaks, too small for a tail or shelf of their own."""
        place = energy - SILICON_KEV
        sigma = self._sigma(np.maximum(place, 0), np.zeros_like(place))
        return peak_matrix(place, sigma, self._axis)

    def _sigma(self, energy: Floats, fwhm: Floats) -> Floats:
        variance = (fwhm / FWHM_PER_SIGMA) ** 2
        if self._effects.resolution:
            detector = self._detector
            variance = variance + detector.s0_kev2 + detector.s1_kev * energy
        return np.sqrt(variance)


@lru_cache(maxsize=4)
def response_of(detector: Detector, axis: EnergyAxis, effects: Effects) -> Response:
    """Return the response of a detector, with what it has computed before."""
    return Response(detector, axis, effects)
