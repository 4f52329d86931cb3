"""The measured spectra, and the peak arithmetic used on them."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy.optimize import curve_fit

from napari_maxrf.io import open_spectrum

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_maxrf.cube import EnergyAxis

# The checks against measured spectra are shared with benchmarks/physics_checks.py.
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benchmarks"))


@dataclass(frozen=True)
class Measured:
    """A spectrum with its axis and live time."""

    axis: EnergyAxis
    counts: np.ndarray
    live_time_s: float


@dataclass(frozen=True)
class Peak:
    """A fitted Gaussian."""

    energy_kev: float
    fwhm_kev: float
    area: float


def gauss(x: np.ndarray, area: float, centre: float, sigma: float) -> np.ndarray:
    """Return a Gaussian of a given area."""
    height = area / (abs(sigma) * np.sqrt(2 * np.pi))
    return height * np.exp(-0.5 * ((x - centre) / sigma) ** 2)


def fit_peaks(
    axis: EnergyAxis,
    counts: np.ndarray,
    guesses: list[tuple[float, float]],
    low_kev: float,
    high_kev: float,
) -> list[Peak]:
    """Fit Gaussians at (energy, sigma) guesses on a straight background."""
    window = axis.window(low_kev, high_kev)
    x, y = axis.centres_kev[window], counts[window] / axis.gain_kev
    scale = y.max()

    def model(x: np.ndarray, *p: float) -> np.ndarray:
        peaks = sum(gauss(x, *p[i : i + 3]) for i in range(0, 3 * len(guesses), 3))
        return peaks + p[-2] + p[-1] * (x - low_kev)

    start = [v for e, s in guesses for v in (2.5 * s * 0.7, e, s)] + [0.01, 0.0]
    found, _ = curve_fit(model, x, y / scale, start, maxfev=20000)
    return [
        Peak(found[i + 1], 2.35482 * abs(found[i + 2]), found[i] * scale)
        for i in range(0, 3 * len(guesses), 3)
    ]


@pytest.fixture(name="fit_peaks")
def _fit_peaks() -> Callable[..., list[Peak]]:
    return fit_peaks


@pytest.fixture
def read_measured(shared_data: Path) -> Callable[[str], Measured]:
    """Read a spectrum of the measured data by its path below ``pigments``."""

    def read(name: str) -> Measured:
        path = shared_data / "pigments" / name
        if not path.exists():
            pytest.skip(f"{path.name} is not there")
        spectrum = open_spectrum(path)
        return Measured(spectrum.axis, spectrum.counts, spectrum.live_time_s)

    return read
