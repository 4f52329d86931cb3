"""What a silicon drift detector makes of the photons that reach it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import xraylib

from napari_maxrf.physics._materials import (
    mass_attenuation,
    photo_absorption,
    transmission,
)

if TYPE_CHECKING:
    from napari_maxrf.cube import EnergyAxis
    from napari_maxrf.physics._instrument import Detector

Floats = npt.NDArray[np.float64]

FWHM_PER_SIGMA = 2.3548200450309493
SILICON = ((14, 1.0),)
SILICON_KEV = 1.740
_SILICON_DENSITY = 2.33
_PAIR_KEV = 3.65e-3
_MANGANESE_KEV = 5.895


def efficiency(detector: Detector, energy_kev: Floats) -> Floats:
    """Return the share of photons that give a full-energy pulse, shape (n,).

    Photoabsorption only: a photon that scatters in silicon mostly leaves it.
    """
    passing = transmission("Be", detector.window_um, energy_kev)
    passing = passing * transmission("Si", detector.dead_layer_um, energy_kev)
    for foil in detector.absorbers:
        passing = passing * transmission(foil.material, foil.thickness_um, energy_kev)
    depth = _SILICON_DENSITY * detector.thickness_um * 1e-4
    absorbed = -np.expm1(-photo_absorption(SILICON, energy_kev) * depth)
    return np.asarray(passing * absorbed)


def fwhm_kev(detector: Detector, energy_kev: Floats) -> Floats:
    """Return the full width at half maximum of a peak, in keV."""
    return np.asarray(
        FWHM_PER_SIGMA * np.sqrt(detector.s0_kev2 + detector.s1_kev * energy_kev)
    )


def resolution_terms(fwhm_ev: float, fano: float = 0.12) -> tuple[float, float]:
    """Return the variance at 0 keV and its growth of a detector on a data sheet.

    Parameters
    ----------
    fwhm_ev : float
        Full width at half maximum at manganese Ka, 5.895 keV.
    fano : float
        Fano factor of silicon; 3.65 eV make an electron-hole pair.

    Returns
    -------
    s0_kev2, s1_kev : float

    Raises
    ------
    ValueError
        The width is below what the Fano factor alone makes.

    Examples
    --------
    >>> s0, s1 = resolution_terms(142.5)
    >>> f"{s0:.2e} {s1:.2e}"
    '1.08e-03 4.38e-04'
    """
    slope = fano * _PAIR_KEV
    noise = (fwhm_ev / 1000 / FWHM_PER_SIGMA) ** 2 - slope * _MANGANESE_KEV
    if noise < 0:
        least = 1000 * FWHM_PER_SIGMA * np.sqrt(slope * _MANGANESE_KEV)
        raise ValueError(
            f"fwhm_ev {fwhm_ev:g} is less than the {least:.0f} eV that a Fano factor "
            f"of {fano:g} makes without noise"
        )
    return noise, slope


def escape_fraction(energy_kev: Floats) -> Floats:
    """Return the share of pulses that lose a silicon K photon, shape (n,).

    For normal incidence, ``1/2 w (1 - 1/J) [1 - mu_K/mu_E ln(1 + mu_E/mu_K)]``;
    0 below the silicon K edge.
    """
    edge = xraylib.EdgeEnergy(14, xraylib.K_SHELL)
    jump = xraylib.JumpFactor(14, xraylib.K_SHELL)
    yield_ = xraylib.FluorYield(14, xraylib.K_SHELL)
    ratio = xraylib.CS_Total(14, SILICON_KEV) / mass_attenuation(SILICON, energy_kev)
    share = 0.5 * yield_ * (1 - 1 / jump) * (1 - ratio * np.log1p(1 / ratio))
    return np.asarray(np.where(energy_kev > edge, share, 0.0))


def shelf_fraction(detector: Detector, energy_kev: Floats) -> Floats:
    """Return the share of pulses that end in the flat shelf, shape (n,).

    A constant part, and photons absorbed so near the surface that an electron with
    part of their energy leaves the silicon. Two numbers reproduce the pure elements
    of the NIST set (a Bruker XFlash 430) within 30 %: 0.8 % of Si K, 1.8 % of S K,
    0.8 % of Ti K, 0.4 % of Cr K and Fe K.
    """
    depth = _SILICON_DENSITY * detector.shelf_depth_um * 1e-4
    near = -np.expm1(-mass_attenuation(SILICON, energy_kev) * depth)
    return np.asarray(1 - (1 - detector.shelf_share) * (1 - near))


def shelf(energy_kev: Floats, counts: Floats, axis: EnergyAxis) -> Floats:
    """Spread counts evenly from 0 keV up to their energies, per channel.

    Parameters
    ----------
    energy_kev, counts : ndarray, shape (n,)
        Energies above 0 where the shelves end, and what each holds.
    axis : EnergyAxis
        The channels.

    Returns
    -------
    ndarray, shape (axis.n_channels,)
    """
    order = np.argsort(energy_kev)
    top, height = energy_kev[order], (counts / energy_kev)[order]
    ended = np.concatenate([[0.0], np.cumsum(height * top)])
    going_on = height.sum() - np.concatenate([[0.0], np.cumsum(height)])
    edges = np.maximum(axis.edges_kev, 0)
    which = np.searchsorted(top, edges)
    return np.asarray(np.diff(ended[which] + edges * going_on[which]))


def pile_up(detector: Detector, counts: Floats, axis: EnergyAxis) -> Floats:
    """Replace pairs of photons by one count at the sum of their energies.

    With live time t and pulse pair time tau, ``p = tau/t (s * s)`` is added and
    every bin loses ``2 tau/t s sum(s)``. The spectrum is first scaled to the
    detector's count rate, and back afterwards.
    """
    total = counts.sum()
    if total <= 0 or detector.count_rate_cps == 0:
        return counts
    share = detector.pulse_us * 1e-6 * detector.count_rate_cps
    normal = counts / total
    pairs = np.convolve(normal, normal)
    energies = 2 * axis.centres_kev[0] + axis.gain_kev * np.arange(len(pairs))
    sums = _shared_out(energies, pairs, axis)
    return np.asarray(total * (normal + share * sums - 2 * share * normal))


def _shared_out(energy_kev: Floats, counts: Floats, axis: EnergyAxis) -> Floats:
    """Share counts out between the two channels beside their energy."""
    place = (energy_kev - axis.offset_kev) / axis.gain_kev
    left = np.floor(place).astype(int)
    result = np.zeros(axis.n_channels)
    for channel, part in ((left, 1 - (place - left)), (left + 1, place - left)):
        inside = (channel >= 0) & (channel < axis.n_channels)
        np.add.at(result, channel[inside], (counts * part)[inside])
    return result
