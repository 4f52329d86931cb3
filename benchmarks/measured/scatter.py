"""Acrylic: what the tubes send, as light matter scatters it.

Rh tube with lens and Mo tube with collimator, 50 kV, without and with five filters.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from measured.peaks import Spectrum, fit, measured
from measured.rows import Row
from napari_maxrf.physics import (
    Effects,
    Instrument,
    Layer,
    elements_of,
    expected_spectrum,
    load_instrument,
)

ACRYLIC = Layer(elements_of((("C5H8O2", 1.0),)), 1.18, 20_000.0)
FILTERS = {
    "0": {},
    "f1": {"Al": 12.5},
    "f2": {"Al": 100.0},
    "f3": {"Al": 630.0},
    "f4": {"Al": 100.0, "Ti": 25.0},
    "f5": {"Al": 100.0, "Ti": 50.0, "Cu": 25.0},
}
LINES = {"Mo": (17.45, 16.53), "Rh": (20.18, 18.92)}
"""Rayleigh and Compton peak of K alpha."""


@dataclass(frozen=True)
class Case:
    """An anode and a filter, with the range in which the shape shall agree.

    `series` is ``spx`` for the filter series and ``msa`` for the block of 600 s.
    """

    anode: str
    filter: str
    range_kev: tuple[int, int]
    series: str = "spx"
    tolerance: float = 0.20

    @property
    def name(self) -> str:
        """In words."""
        foils = " + ".join(f"{m} {t:g} um" for m, t in FILTERS[self.filter].items())
        long = ", 600 s" if self.series == "msa" else ""
        return f"{self.anode}, {foils or 'no filter'}{long}"

    @property
    def instrument(self) -> Instrument:
        """The instrument with these foils."""
        foils = [
            {"material": m, "thickness_um": t} for m, t in FILTERS[self.filter].items()
        ]
        plain = load_instrument(f"m4_{self.anode.lower()}").model_dump()
        return Instrument.model_validate(plain | {"filters": foils})


CASES = (
    Case("Mo", "0", (6, 33)),
    Case("Mo", "f1", (6, 33)),
    Case("Mo", "f2", (8, 31)),
    Case("Mo", "f3", (11, 29)),
    Case("Mo", "f4", (9, 27)),
    Case("Mo", "f5", (13, 25)),
    Case("Rh", "0", (5, 28), "msa"),
    Case("Rh", "f1", (5, 26)),
    Case("Rh", "f2", (5, 27)),
    Case("Rh", "f3", (9, 28)),
    Case("Rh", "f4", (8, 27), tolerance=0.25),
    Case("Rh", "f5", (11, 27)),
)


@lru_cache(maxsize=64)
def pair(case: Case, effects: Effects | None = None) -> tuple[Spectrum, Spectrum]:
    """Return the measured spectrum, and the model scaled to its Compton peak."""
    if case.series == "msa":
        real = measured("xrf_elements_nist/Acrylic_50kv_50_ma_Rh_vac_D1_600s.msa")
    else:
        foils = "" if case.filter == "0" else f"{case.filter}_"
        name = f"20170510_D1_{case.anode}_50kv_100mA_acryl_{foils}0.spx"
        real = measured(f"xrf_scatter_nist/{name}")
    model = expected_spectrum([ACRYLIC], case.instrument, real.axis, effects)
    return real, _scaled(case, real, model)


def piled_up(case: Case, pulse_us: float) -> Spectrum:
    """Return the scaled model with pile-up at the measured count rate.

    The files count 10 000 pulses per second more, of a generator at 0 keV.
    """
    real, _ = pair(case)
    rate = real.area(0.5, 40.0) / real.live_time_s
    timing = {"pulse_us": pulse_us, "count_rate_cps": rate}
    plain = case.instrument
    detector = plain.detector.model_copy(update=timing)
    instrument = plain.model_copy(update={"detector": detector})
    model = expected_spectrum([ACRYLIC], instrument, real.axis, Effects(pile_up=True))
    return _scaled(case, real, model)


def _scaled(case: Case, real: Spectrum, model: np.ndarray) -> Spectrum:
    unscaled, peak = Spectrum(real.axis, model), LINES[case.anode][1]
    window = (peak - 0.4, peak + 0.4)
    return Spectrum(real.axis, model * real.area(*window) / unscaled.area(*window))


def bands(case: Case) -> tuple[np.ndarray, np.ndarray]:
    """Return the lower edges of 1 keV bands and model over measured in each."""
    real, model = pair(case)
    low = np.arange(*case.range_kev)
    ratio = [model.area(e, e + 1) / real.area(e, e + 1) for e in low]
    return low, np.array(ratio)


def peak_rows() -> list[Row]:
    """Compare positions, widths and ratio of the Rayleigh and the Compton peak."""
    rows = []
    for case in (CASES[0], CASES[2], CASES[6], CASES[7], CASES[9]):
        elastic, shifted = LINES[case.anode]
        spectra = pair(case)
        alone = [fit(s, [elastic], (elastic - 0.15, elastic + 0.2))[0] for s in spectra]
        both = [
            fit(s, [elastic, shifted], (shifted - 1.1, elastic + 0.85)) for s in spectra
        ]
        rows += [
            Row(
                f"Rayleigh energy (keV), {case.name}",
                *(p.energy_kev for p in alone),
                0.010,
                "keV",
            ),
            Row(
                f"Compton energy (keV), {case.name}",
                *(p[1].energy_kev for p in both),
                0.010,
                "keV",
                fitted=True,
            ),
            Row(
                f"Compton FWHM (eV), {case.name}",
                *(1000 * p[1].fwhm_kev for p in both),
                0.08,
                fitted=True,
            ),
            Row(
                f"Compton / Rayleigh area, {case.name}",
                *(p[1].area / p[0].area for p in both),
                0.10,
            ),
        ]
    return rows


def width_rows() -> list[Row]:
    """Compare the width of the Rayleigh peak with that of fluorescence, in eV."""
    rows = []
    for case in (CASES[0], CASES[7]):
        elastic, _ = LINES[case.anode]
        window = (elastic - 0.13, elastic + 0.2)
        widths = (1000 * fit(s, [elastic], window)[0].fwhm_kev for s in pair(case))
        rows.append(Row(f"Rayleigh FWHM (eV), {case.name}", *widths, 5.0, "eV"))
    return rows


def continuum_rows() -> list[Row]:
    """Compare the shape, band by band: the row holds the worst band."""
    rows = []
    for case in CASES:
        low, ratio = bands(case)
        worst = np.abs(ratio - 1).argmax()
        first, last = case.range_kev
        name = f"{case.name}: {first}-{last} keV, worst at {low[worst]} keV"
        rows.append(
            Row(name, 1.0, float(ratio[worst]), case.tolerance, fitted=case is CASES[0])
        )
    return rows


def filter_rows() -> list[Row]:
    """Compare what a foil takes from the spectrum, with a free grey factor.

    The logarithm of the ratio to a weaker filter, fitted by that of the model and a
    constant: the slope is the foil's thickness over its nominal one.
    """
    rows = []
    for anode, weak, strong, tolerance in (
        ("Mo", "0", "f2", 0.08),
        ("Mo", "0", "f4", 0.08),
        ("Rh", "f1", "f2", 0.08),
        ("Rh", "f1", "f4", 0.10),
    ):
        spectra = [pair(Case(anode, name, (9, 19))) for name in (weak, strong)]
        edges = np.arange(9.0, 19.0, 0.5)
        drop = [
            np.log([b.area(e, e + 0.5) / a.area(e, e + 0.5) for e in edges])
            for a, b in zip(*spectra, strict=True)
        ]
        slope = np.polyfit(drop[1], drop[0], 1)[0]
        rows.append(
            Row(
                f"{anode} filter {strong} against {weak}, thickness over nominal",
                slope,
                1.0,
                tolerance,
            )
        )
    return rows
