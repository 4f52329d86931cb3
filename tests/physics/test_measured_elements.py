"""Pure elements on a Bruker M4 (NIST), against the model of that instrument.

Both spectra go through the same fit. Line positions, K beta to K alpha and the
relative intensities of Ti to Cu are independent of the model's parameters; peak
widths and silicon and sulphur are not, and guard against regressions only.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import pytest
import xraylib

from napari_maxrf.physics import Layer, expected_spectrum, load_instrument

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_maxrf.cube import EnergyAxis

LINES = {
    "Si": (1.740,),
    "S": (2.307,),
    "Ti": (4.51, 4.93),
    "Cr": (5.41, 5.95),
    "Fe": (6.40, 7.06),
    "Ni": (7.47, 8.26),
    "Cu": (8.04, 8.90),
}
METALS = ("Ti", "Cr", "Fe", "Ni", "Cu")


def peaks_of(
    fit_peaks: Callable, axis: EnergyAxis, counts: object, symbol: str
) -> list:
    """Fit the K lines of an element."""
    energies = LINES[symbol]
    sigma = 0.062 if len(energies) == 2 else 0.05
    above = 0.35 if len(energies) == 2 else 0.3
    guesses = [(energy, sigma) for energy in energies]
    return fit_peaks(axis, counts, guesses, energies[0] - 0.3, energies[-1] + above)


@lru_cache
def modelled(symbol: str, axis: EnergyAxis) -> object:
    """Return the model of a thick block of an element."""
    density = xraylib.ElementDensity(xraylib.SymbolToAtomicNumber(symbol))
    block = Layer({symbol: 1.0}, density, 5000.0)
    return expected_spectrum([block], load_instrument("m4_rh"), axis)


@pytest.fixture
def fitted(read_measured: Callable, fit_peaks: Callable) -> Callable:
    """Return measured and modelled peaks of an element."""

    def fit(symbol: str) -> tuple[list, list]:
        name = f"xrf_elements_nist/{symbol}_50kv_50_ma_Rh_vac_D1.msa"
        real = read_measured(name)
        model = modelled(symbol, real.axis)
        return (
            peaks_of(fit_peaks, real.axis, real.counts, symbol),
            peaks_of(fit_peaks, real.axis, model, symbol),
        )

    return fit


@pytest.mark.parametrize("symbol", ["S", *METALS])
def test_line_position(fitted: Callable, symbol: str) -> None:
    real, model = fitted(symbol)
    assert model[0].energy_kev == pytest.approx(real[0].energy_kev, abs=0.003)


@pytest.mark.parametrize("symbol", ["S", *METALS])
def test_line_width(fitted: Callable, symbol: str) -> None:
    real, model = fitted(symbol)
    assert model[0].fwhm_kev == pytest.approx(real[0].fwhm_kev, abs=0.002)


@pytest.mark.parametrize("symbol", METALS)
def test_k_beta_to_k_alpha(fitted: Callable, symbol: str) -> None:
    real, model = fitted(symbol)
    ratio = real[1].area / real[0].area
    assert model[1].area / model[0].area == pytest.approx(ratio, rel=0.06)


@pytest.mark.parametrize(
    ("symbol", "tolerance"),
    [("Si", 0.10), ("S", 0.10), ("Ti", 0.08), ("Cr", 0.08), ("Ni", 0.08), ("Cu", 0.08)],
)
def test_k_alpha_relative_to_iron(
    fitted: Callable, symbol: str, tolerance: float
) -> None:
    real, model = fitted(symbol)
    real_iron, model_iron = fitted("Fe")
    expected = real[0].area / real_iron[0].area
    assert model[0].area / model_iron[0].area == pytest.approx(expected, rel=tolerance)
