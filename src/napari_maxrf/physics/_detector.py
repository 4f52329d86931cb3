"""What a silicon drift detector makes of the photons that reach it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import xraylib
from scipy.special import erf

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
_REACH = 8.0
"""Standard deviations beyond which a Gaussian is taken to be nothing."""


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


def with_escape(energy_kev: Floats, counts: Floats) -> tuple[Floats, Floats]:
    """Move the escaping share of every peak to its escape peak."""
    share = escape_fraction(energy_kev)
    lossy = share > 0
    return (
        np.concatenate([energy_kev, energy_kev[lossy] - SILICON_KEV]),
        np.concatenate([counts * (1 - share), (counts * share)[lossy]]),
    )


def binned(
    energy_kev: Floats, counts: Floats, sigma_kev: Floats, axis: EnergyAxis
) -> Floats:
    """Spread peaks as Gaussians and integrate them over the channels.

    Sampling a Gaussian at channel centres is wrong where channels are as wide
    as the peak; differences of the error function are exact.

    Parameters
    ----------
    energy_kev, counts, sigma_kev : ndarray, shape (n,)
        Position, area and standard deviation of every peak; a width of 0 puts
        the whole peak into one channel.
    axis : EnergyAxis
        The channels.

    Returns
    -------
    ndarray, shape (axis.n_channels,)
    """
    sigma = np.maximum(sigma_kev, 1e-9)
    edges, last = axis.edges_kev, axis.n_channels
    first = np.searchsorted(edges, energy_kev - _REACH * sigma) - 1
    beyond = np.searchsorted(edges, energy_kev + _REACH * sigma) + 1
    steps = np.arange(np.max(beyond - first, initial=1) + 1)
    edge = np.clip(first[:, None] + steps, 0, last)
    away = (edges[edge] - energy_kev[:, None]) / (sigma[:, None] * np.sqrt(2))
    share = np.diff(0.5 * erf(away), axis=1) * counts[:, None]
    channel = np.minimum(edge[:, :-1], last - 1)
    result = np.bincount(channel.ravel(), weights=share.ravel(), minlength=last)
    return result.astype(np.float64)


def shelf(
    detector: Detector, energy_kev: Floats, counts: Floats, axis: EnergyAxis
) -> Floats:
    """Return the flat shelf from 0 keV up to each peak, per channel."""
    edges = np.clip(axis.edges_kev[None], 0, energy_kev[:, None])
    return np.asarray(detector.shelf_per_kev * (counts @ np.diff(edges, axis=1)))


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
