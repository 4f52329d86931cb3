"""Readers of the measured spectra, and the peak arithmetic used on them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy.optimize import curve_fit

from napari_maxrf.cube import EnergyAxis

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


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


def read_msa(path: Path) -> Measured:
    """Read an EMSA file, with one or several columns or as XY pairs."""
    header, values = {}, []
    for line in path.read_text(encoding="latin-1").splitlines():
        if line.startswith("#"):
            key, _, value = line.lstrip("#").partition(":")
            header[key.split()[0]] = value.strip()
        else:
            values += [float(part) for part in line.replace(",", " ").split()]
    counts = np.array(values)
    if header["DATATYPE"] == "XY":
        counts = counts.reshape(-1, 2)[:, 1]
    axis = EnergyAxis(len(counts), float(header["OFFSET"]), float(header["XPERCHAN"]))
    return Measured(axis, counts, float(header["LIVETIME"]))


def read_spx(path: Path) -> Measured:
    """Read counts and calibration of a Bruker file.

    A second spectrum in the file is Bruker's own estimate of the background.
    """
    text = path.read_text(encoding="windows-1252")

    def number(tag: str) -> float:
        return float(re.findall(rf"<{tag}>([^<]+)<", text)[0])

    counts = np.array(
        [float(v) for v in re.findall(r"<Channels>([^<]+)<", text)[0].split(",")]
    )
    axis = EnergyAxis(len(counts), number("CalibAbs"), number("CalibLin"))
    return Measured(axis, counts, number("LifeTime") / 1000)


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
        return read_spx(path) if path.suffix == ".spx" else read_msa(path)

    return read
