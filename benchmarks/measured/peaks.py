"""The measured spectra, and Gaussians fitted to them and to the model alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from scipy.optimize import curve_fit

from napari_maxrf.cube import EnergyAxis
from napari_maxrf.io import open_spectrum

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
FWHM_PER_SIGMA = 2.3548200450309493


@dataclass(frozen=True)
class Spectrum:
    """Counts with their axis and live time."""

    axis: EnergyAxis
    counts: np.ndarray
    live_time_s: float = 1.0

    def area(self, low_kev: float, high_kev: float) -> float:
        """Return the counts between two energies."""
        return float(self.counts[self.axis.window(low_kev, high_kev)].sum())


@dataclass(frozen=True)
class Peak:
    """A fitted Gaussian."""

    energy_kev: float
    fwhm_kev: float
    area: float


@lru_cache(maxsize=64)
def measured(name: str) -> Spectrum:
    """Read a spectrum by its path below ``pigments`` in the data folder."""
    file = open_spectrum(DATA / "pigments" / name)
    if file.axis is None:
        raise ValueError(f"{name} has no energy calibration.")
    return Spectrum(file.axis, file.counts, file.live_time_s or 1.0)


def fit(
    spectrum: Spectrum, energies_kev: Sequence[float], window_kev: tuple[float, float]
) -> list[Peak]:
    """Fit Gaussians near some energies on a straight background.

    Parameters
    ----------
    spectrum : Spectrum
        Measured or computed.
    energies_kev : sequence of float
        First guesses.
    window_kev : tuple of float
        Channels that take part.
    """
    axis, low = spectrum.axis, window_kev[0]
    chosen = axis.window(*window_kev)
    x, y = axis.centres_kev[chosen], spectrum.counts[chosen] / axis.gain_kev
    scale, count = y.max(), 3 * len(energies_kev)

    def model(x: np.ndarray, *p: float) -> np.ndarray:
        peaks = sum(_gauss(x, *p[i : i + 3]) for i in range(0, count, 3))
        return peaks + p[-2] + p[-1] * (x - low)

    sigma = [np.sqrt(1e-3 + 4.5e-4 * energy) for energy in energies_kev]
    guess = zip(energies_kev, sigma, strict=True)
    start = [v for e, s in guess for v in (1.8 * s, e, s)] + [0.01, 0.0]
    found, _ = curve_fit(model, x, y / scale, start, maxfev=20000)
    return [
        Peak(found[i + 1], FWHM_PER_SIGMA * abs(found[i + 2]), found[i] * scale)
        for i in range(0, count, 3)
    ]


def _gauss(x: np.ndarray, area: float, centre: float, sigma: float) -> np.ndarray:
    height = area / (abs(sigma) * np.sqrt(2 * np.pi))
    return height * np.exp(-0.5 * ((x - centre) / sigma) ** 2)
