"""Scatter against kinematics and against measured acrylic blocks."""

from __future__ import annotations

from dataclasses import dataclass
from math import pi, radians
from typing import TYPE_CHECKING

import numpy as np
import pytest
import xraylib

from napari_maxrf.physics import (
    Effects,
    Instrument,
    Layer,
    expected_spectrum,
    load_instrument,
)
from napari_maxrf.physics._beam import Beam, beam_of
from napari_maxrf.physics._instrument import Filter
from napari_maxrf.physics._materials import parse_formula
from napari_maxrf.physics._scatter import compton, compton_energy, rayleigh
from napari_maxrf.physics._stack import Stack

if TYPE_CHECKING:
    from collections.abc import Callable

ACRYLIC = Layer(dict(parse_formula("C5H8O2")), 1.18, 20_000.0)


@pytest.mark.parametrize("energy", [5.0, 17.479, 40.0])
@pytest.mark.parametrize("theta", [90.0, 135.0, 180.0])
def test_compton_energy_is_kinematic(energy: float, theta: float) -> None:
    computed = compton_energy(np.array([energy]), radians(theta))[0]
    expected = xraylib.ComptonEnergy(energy, radians(theta))
    assert computed == pytest.approx(expected, rel=1e-5)


def test_thin_sample_scatters_by_its_cross_section() -> None:
    instrument = load_instrument("m4_mo")
    stack = Stack((Layer({"C": 1.0}, 2.0, 0.01),), instrument.geometry)
    beam = Beam(np.array([17.479]), np.array([1.0]))
    theta, mass = stack.geometry.theta_rad, 2e-6
    inward = np.sin(np.radians(instrument.geometry.incidence_deg))
    elastic = 4 * pi * xraylib.DCS_Rayl(6, 17.479, theta) * mass / inward
    inelastic = 4 * pi * xraylib.DCS_Compt(6, 17.479, theta) * mass / inward
    assert rayleigh(stack, beam)[0] == pytest.approx(elastic, rel=1e-4)
    assert compton(stack, beam)[1][0] == pytest.approx(inelastic, rel=1e-4)


def test_light_matter_scatters_more_inelastically() -> None:
    instrument = load_instrument("chnet_mo")
    beam = beam_of(instrument, Effects())
    ratios = []
    for symbol in ("C", "Ca", "Fe", "Pb"):
        stack = Stack((Layer({symbol: 1.0}, 2.0, 100.0),), instrument.geometry)
        ratios.append(compton(stack, beam)[1].sum() / rayleigh(stack, beam).sum())
    assert np.all(np.diff(ratios) < 0)


def test_matter_below_the_viewed_depth_is_not_seen() -> None:
    instrument = load_instrument("chnet_mo")
    beam = beam_of(instrument, Effects())
    geometry = instrument.geometry
    depth = geometry.viewed_depth_mm * 1000
    layers = [Layer(ACRYLIC.mass_fractions, 1.18, depth * f) for f in (1, 3)]
    seen = [rayleigh(Stack((layer,), geometry), beam) for layer in layers]
    np.testing.assert_allclose(seen[0], seen[1])


@dataclass(frozen=True)
class Case:
    """An anode with the measured acrylic spectrum and where its peaks lie."""

    instrument: str
    file: str
    filters: tuple[Filter, ...]
    rayleigh_kev: float
    compton_kev: float
    tolerance_kev: float


CASES = {
    "Mo": Case("m4_mo", "Mo_50kv_100mA_acryl_0", (), 17.45, 16.53, 0.010),
    "Rh": Case(
        "m4_rh",
        "Rh_50kv_100mA_acryl_f1_0",
        (Filter(material="Al", thickness_um=12.5),),
        20.18,
        18.92,
        0.015,
    ),
}


@pytest.fixture(params=CASES.values(), ids=CASES.keys())
def acrylic(request: pytest.FixtureRequest, read_measured: Callable) -> tuple:
    """Return a case with its measured and modelled spectra."""
    case = request.param
    real = read_measured(f"xrf_scatter_nist/20170510_D1_{case.file}.spx")
    instrument: Instrument = load_instrument(case.instrument).model_copy(
        update={"filters": case.filters}
    )
    return case, real, expected_spectrum([ACRYLIC], instrument, real.axis)


def test_scatter_peaks_of_measured_acrylic(acrylic: tuple, fit_peaks: Callable) -> None:
    case, real, model = acrylic
    guesses = [(case.rayleigh_kev, 0.09), (case.compton_kev, 0.22)]
    window = (case.compton_kev - 1.1, case.rayleigh_kev + 0.85)
    measured = fit_peaks(real.axis, real.counts, guesses, *window)
    computed = fit_peaks(real.axis, model, guesses, *window)
    for one, other in zip(measured, computed, strict=True):
        assert other.energy_kev == pytest.approx(one.energy_kev, abs=case.tolerance_kev)
    ratio = measured[1].area / measured[0].area
    assert computed[1].area / computed[0].area == pytest.approx(ratio, rel=0.10)
    assert computed[1].fwhm_kev == pytest.approx(measured[1].fwhm_kev, rel=0.06)


def test_scattered_continuum_of_measured_acrylic(acrylic: tuple) -> None:
    case, real, model = acrylic
    peak = real.axis.window(case.compton_kev - 0.4, case.compton_kev + 0.4)
    scale = model[peak].sum() / real.counts[peak].sum()
    for low in (5, 7, 9, 11, 13):
        band = real.axis.window(low, low + 2)
        ratio = model[band].sum() / real.counts[band].sum() / scale
        assert ratio == pytest.approx(1, abs=0.35)
