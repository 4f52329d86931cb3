"""Blocks of pure elements: line energies, widths, ratios within and between them.

NIST measured on a Bruker M4 at 50 kV, Horiba on an XGT-7200 at 30 kV.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import xraylib

from measured.peaks import FWHM_PER_SIGMA, Peak, Spectrum, fit, measured
from measured.rows import Row
from napari_maxrf.cube import EnergyAxis
from napari_maxrf.physics import (
    Effects,
    Instrument,
    Layer,
    expected_spectrum,
    load_instrument,
)

LINES = {
    "Mg": (1.254,),
    "Al": (1.487,),
    "Si": (1.740,),
    "S": (2.307,),
    "Ti": (4.51, 4.93),
    "Cr": (5.41, 5.95),
    "Fe": (6.40, 7.06),
    "Ni": (7.47, 8.26),
    "Cu": (8.04, 8.90),
}
NIST = ("S", "Ti", "Cr", "Fe", "Ni", "Cu")
METALS = ("Ti", "Cr", "Fe", "Ni", "Cu")
HORIBA = ("Mg", "Al", "Ti", "Fe", "Cu")

XGT = Instrument.model_validate(
    {
        "name": "xgt7200",
        "anode": "Rh",
        "kv": 30.0,
        "electron_incidence_deg": 78.0,
        "takeoff_deg": 12.0,
        "geometry": {"incidence_deg": 90.0, "exit_deg": 45.0, "path_in_mm": 2.0},
    }
)
"""Guide tube without a lens' loss: what its soils show. Angles from the files."""


def nist(symbol: str) -> Spectrum:
    """Return NIST's spectrum of an element."""
    return measured(f"xrf_elements_nist/{symbol}_50kv_50_ma_Rh_vac_D1.msa")


def horiba(symbol: str) -> Spectrum:
    """Return Horiba's spectrum of an element."""
    return measured(f"xrf_elements_xgt7200/{symbol}.txt")


@lru_cache(maxsize=64)
def block(
    symbol: str,
    axis: EnergyAxis,
    instrument: Instrument | None = None,
    effects: Effects | None = None,
) -> Spectrum:
    """Return the model of a thick block, by default on the M4."""
    density = xraylib.ElementDensity(xraylib.SymbolToAtomicNumber(symbol))
    layer = Layer({symbol: 1.0}, density, 5000.0)
    instrument = instrument or load_instrument("m4_rh")
    return Spectrum(axis, expected_spectrum([layer], instrument, axis, effects))


def k_lines(spectrum: Spectrum, symbol: str) -> list[Peak]:
    """Fit the K lines of an element."""
    lines = LINES[symbol]
    below, above = (0.3, 0.35) if len(lines) == 2 else (0.25, 0.3)
    return fit(spectrum, lines, (lines[0] - below, lines[-1] + above))


def _both(symbol: str) -> tuple[list[Peak], list[Peak]]:
    real = nist(symbol)
    return k_lines(real, symbol), k_lines(block(symbol, real.axis), symbol)


def position_rows() -> list[Row]:
    """Compare K alpha energies on the files' own axes, in keV."""
    return [
        Row(
            f"{symbol} Ka energy (keV)",
            real[0].energy_kev,
            model[0].energy_kev,
            0.003,
            "keV",
        )
        for symbol in NIST
        for real, model in [_both(symbol)]
    ]


def width_rows() -> list[Row]:
    """Compare K alpha widths; the detector's two numbers are fitted on them."""
    return [
        Row(
            f"{symbol} Ka FWHM (eV)",
            1000 * real[0].fwhm_kev,
            1000 * model[0].fwhm_kev,
            3.0,
            "eV",
            fitted=True,
        )
        for symbol in NIST
        for real, model in [_both(symbol)]
    ]


def beta_rows() -> list[Row]:
    """Compare K beta to K alpha."""
    return [
        Row(
            f"{symbol} Kb/Ka",
            real[1].area / real[0].area,
            model[1].area / model[0].area,
            0.06,
        )
        for symbol in METALS
        for real, model in [_both(symbol)]
    ]


def relative_rows() -> list[Row]:
    """Compare K alpha of blocks with that of iron, same time and current."""
    real_iron, model_iron = _both("Fe")
    result = []
    for symbol in ("Si", "S", "Ti", "Cr", "Ni", "Cu"):
        real, model = _both(symbol)
        light = symbol in ("Si", "S")
        result.append(
            Row(
                f"{symbol} Ka / Fe Ka, pure blocks",
                real[0].area / real_iron[0].area,
                model[0].area / model_iron[0].area,
                0.10 if light else 0.08,
                fitted=light,
            )
        )
    return result


def horiba_rows() -> list[Row]:
    """Compare energies after a linear calibration, and widths after fitting s0, s1."""
    real = [k_lines(horiba(s), s)[0] for s in HORIBA]
    model = [k_lines(block(s, horiba(s).axis, XGT), s)[0] for s in HORIBA]
    seen = np.array([peak.energy_kev for peak in real])
    true = np.array([peak.energy_kev for peak in model])
    gain, offset = np.polyfit(seen, true, 1)
    calibrated = gain * seen + offset
    widths = _refitted(real, model)
    rows = [
        Row(f"{s} Ka energy, XGT-7200 calibrated (keV)", a, b, 0.010, "keV")
        for s, a, b in zip(HORIBA, calibrated, true, strict=True)
    ]
    return rows + [
        Row(f"{s} Ka FWHM, XGT-7200 (eV)", 1000 * a.fwhm_kev, 1000 * b, 5.0, "eV", True)
        for s, a, b in zip(HORIBA, real, widths, strict=True)
    ]


def _refitted(real: list[Peak], model: list[Peak]) -> np.ndarray:
    """Return the model's widths with the two numbers of the detector fitted anew."""
    energy = np.array([peak.energy_kev for peak in model])
    variance = [
        np.array([(peak.fwhm_kev / FWHM_PER_SIGMA) ** 2 for peak in peaks])
        for peaks in (real, model)
    ]
    change = np.polyval(np.polyfit(energy, variance[0] - variance[1], 1), energy)
    return FWHM_PER_SIGMA * np.sqrt(variance[1] + change)


def horiba_beta_rows() -> list[Row]:
    """Compare K beta to K alpha on the other instrument."""
    result = []
    for symbol in ("Ti", "Fe", "Cu"):
        real = k_lines(horiba(symbol), symbol)
        model = k_lines(block(symbol, horiba(symbol).axis, XGT), symbol)
        ratios = [peaks[1].area / peaks[0].area for peaks in (real, model)]
        result.append(Row(f"{symbol} Kb/Ka, XGT-7200", *ratios, 0.10))
    return result
