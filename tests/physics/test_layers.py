"""Fluorescence of layers: published regression values and closed-form limits."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import xraylib
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_maxrf.physics import Effects, Instrument, Layer, load_instrument
from napari_maxrf.physics._beam import Beam, beam_of, gas_transmission
from napari_maxrf.physics._detector import efficiency
from napari_maxrf.physics._fluorescence import EmittedLines, emitted_lines
from napari_maxrf.physics._materials import Ingredient, mix_by_volume
from napari_maxrf.physics._paint import MEDIA, chalk_ground
from napari_maxrf.physics._stack import Stack, saturation
from napari_maxrf.physics._tube import _CONTINUUM as CONTINUUM
from napari_maxrf.physics._tube import Tube, continuum_grid, fluorescence_ratio

LEAD, MERCURY, SULPHUR = 82, 80, 16


@pytest.fixture(scope="module")
def scanner() -> Instrument:
    """Return the M6 as the regression values were computed with."""
    m6 = load_instrument("m6_jetstream")
    bare = m6.detector.model_copy(update={"dead_layer_um": 0.0})
    return m6.model_copy(update={"anode_l_scale": 1.0, "detector": bare})


def beam_of_ebel(scanner: Instrument) -> Beam:
    """Return the beam of the regression values: Ebel's constants, no more K lines."""
    beam = beam_of(scanner, Effects())
    tube = Tube(
        xraylib.SymbolToAtomicNumber(scanner.anode),
        scanner.kv,
        scanner.electron_incidence_deg,
        scanner.takeoff_deg,
    )
    continuum = np.arange(len(beam.energy_kev)) < len(continuum_grid(scanner.kv))
    edge = xraylib.EdgeEnergy(tube.anode, xraylib.L1_SHELL)
    scale = np.where(continuum, 1.35e9 / CONTINUUM, 1.0)
    scale[~continuum & (beam.energy_kev > edge)] /= 1 + fluorescence_ratio(tube)
    return replace(beam, photons=beam.photons * scale)


def lines_of(layers: list[Layer], scanner: Instrument) -> EmittedLines:
    """Return the detected lines of a stack."""
    beam = beam_of_ebel(scanner)
    lines = emitted_lines(Stack(tuple(layers), scanner.geometry), beam)
    geometry = scanner.geometry
    seen = efficiency(scanner.detector, lines.energy_kev) * gas_transmission(
        geometry, geometry.path_out_mm, lines.energy_kev
    )
    return replace(lines, intensity=lines.intensity * seen)


def total(lines: EmittedLines, element: int, series: str) -> float:
    """Add the lines of one shell letter."""
    return float(lines.intensity[lines.of(element, series)].sum())


@pytest.fixture
def lead_white() -> Layer:
    """Return lead white in oil."""
    pigment = Ingredient(0.4, (("Pb3C2O8H2", 1.0),), 6.8)
    return mix_by_volume([pigment, MEDIA["oil"].share(0.6)], 50.0)


@pytest.fixture
def vermilion() -> Layer:
    """Return vermilion in oil."""
    pigment = Ingredient(0.3, (("HgS", 1.0),), 8.1)
    return mix_by_volume([pigment, MEDIA["oil"].share(0.7)], 30.0)


def test_densities_of_the_regression_case(lead_white: Layer, vermilion: Layer) -> None:
    assert lead_white.density_g_cm3 == pytest.approx(3.278, abs=1e-3)
    assert vermilion.density_g_cm3 == pytest.approx(3.081, abs=1e-3)
    assert chalk_ground(500).density_g_cm3 == pytest.approx(1.485, abs=1e-3)


def test_lead_m_to_l_in_lead_white(scanner: Instrument, lead_white: Layer) -> None:
    lines = lines_of([lead_white, chalk_ground(500.0)], scanner)
    ratio = total(lines, LEAD, "M") / total(lines, LEAD, "L")
    assert ratio == pytest.approx(0.1105, rel=0.03)


@pytest.mark.parametrize(
    ("element", "series", "expected"),
    [(MERCURY, "M", 0.0891), (SULPHUR, "K", 0.0271), (LEAD, "L", 0.1974)],
)
def test_vermilion_over_lead_white(
    scanner: Instrument,
    lead_white: Layer,
    vermilion: Layer,
    element: int,
    series: str,
    expected: float,
) -> None:
    lines = lines_of([vermilion, lead_white, chalk_ground(500.0)], scanner)
    ratio = total(lines, element, series) / total(lines, MERCURY, "L")
    assert ratio == pytest.approx(expected, rel=0.03)


def scalar_infinite(element: int, line: int, beam: Beam, angles: list[float]) -> float:
    """Integrate the infinite thick sample with scalar calls, energy by energy."""
    inward, outward = np.sin(np.radians(angles))
    out = xraylib.CS_Total(element, xraylib.LineEnergy(element, line)) / outward
    result = 0.0
    for energy, photons in zip(beam.energy_kev, beam.photons, strict=True):
        try:
            sigma = xraylib.CS_FluorLine_Kissel_Cascade(element, line, energy)
        except ValueError:
            continue
        chi = xraylib.CS_Total(element, energy) / inward + out
        result += photons * sigma / inward / chi
    return result


@pytest.mark.parametrize(
    ("symbol", "name"), [("Fe", "KL3"), ("Cu", "KM3"), ("Pb", "L3M5"), ("Hg", "M5N7")]
)
def test_thick_sample_reaches_the_infinite_formula(symbol: str, name: str) -> None:
    instrument = load_instrument("m4_mo")
    beam = beam_of(instrument, Effects())
    thick = Layer({symbol: 1.0}, 10.0, 1e5)
    lines = emitted_lines(Stack((thick,), instrument.geometry), beam)
    computed = lines.intensity[lines.names.index(name)]
    element = xraylib.SymbolToAtomicNumber(symbol)
    geometry = instrument.geometry
    angles = [geometry.incidence_deg, geometry.exit_deg]
    line = getattr(xraylib, f"{name}_LINE")
    expected = scalar_infinite(element, line, beam, angles)
    assert computed == pytest.approx(expected, rel=1e-6)


def test_thin_sample_grows_with_its_mass() -> None:
    instrument = load_instrument("m4_mo")
    beam = beam_of(instrument, Effects())
    thin = [
        emitted_lines(
            Stack((Layer({"Fe": 1.0}, 7.87, t),), instrument.geometry), beam
        ).intensity.sum()
        for t in (1e-6, 2e-6)
    ]
    assert thin[1] / thin[0] == pytest.approx(2, rel=1e-4)


@settings(max_examples=10, deadline=None)
@given(part=st.floats(0.01, 0.99), thickness=st.floats(0.1, 500))
def test_splitting_a_layer_changes_nothing(part: float, thickness: float) -> None:
    instrument = load_instrument("chnet_mo")
    beam = beam_of(instrument, Effects())
    whole = Layer({"Pb": 0.7, "Ca": 0.3}, 3.0, thickness)
    parts = (
        replace(whole, thickness_um=thickness * part),
        replace(whole, thickness_um=thickness * (1 - part)),
    )
    one = emitted_lines(Stack((whole,), instrument.geometry), beam)
    two = emitted_lines(Stack(parts, instrument.geometry), beam)
    np.testing.assert_allclose(two.intensity, one.intensity, rtol=1e-5)


@settings(max_examples=60, deadline=None)
@given(
    into=st.floats(0, 700) | st.floats(0, 1e-3),
    out_of=st.floats(0, 700) | st.floats(0, 1e-3),
)
def test_saturation_equals_the_accurate_exponential(into: float, out_of: float) -> None:
    depth = into + out_of
    expected = -np.expm1(-depth) / depth if depth > 1e-300 else 1.0
    computed = saturation(np.array(into), np.array(out_of))
    assert computed == pytest.approx(expected, rel=1e-10)


def test_covered_lines_decrease_with_cover() -> None:
    instrument = load_instrument("chnet_mo")
    beam = beam_of(instrument, Effects())
    below = Layer({"Cu": 1.0}, 8.9, 5.0)
    seen = []
    for cover in (0.0, 5.0, 20.0, 80.0):
        stack = Stack((Layer({"Pb": 1.0}, 6.0, cover), below), instrument.geometry)
        lines = emitted_lines(stack, beam)
        seen.append(total(lines, 29, "K"))
    assert np.all(np.diff(seen) < 0)
    assert seen[-1] < 1e-3 * seen[0]


def test_without_self_absorption_cover_does_not_matter() -> None:
    instrument = load_instrument("chnet_mo")
    beam = beam_of(instrument, Effects())
    copper, lead = Layer({"Cu": 1.0}, 8.9, 5.0), Layer({"Pb": 1.0}, 6.0, 80.0)
    geometry = instrument.geometry
    open_ = emitted_lines(Stack((copper,), geometry, absorbing=False), beam)
    covered = emitted_lines(Stack((lead, copper), geometry, absorbing=False), beam)
    assert total(covered, 29, "K") == pytest.approx(total(open_, 29, "K"))


def test_lines_come_from_single_transitions_only() -> None:
    instrument = load_instrument("chnet_mo")
    beam = beam_of(instrument, Effects())
    stack = Stack((Layer({"Fe": 1.0}, 7.87, 10.0),), instrument.geometry)
    lines = emitted_lines(stack, beam)
    assert len(set(lines.names)) == len(lines.names)
    assert not {"KA", "KB", "LA", "LB"} & set(lines.names)


PIGMENT = Layer({"Pb": 0.5, "Ca": 0.1, "S": 0.1, "C": 0.3}, 3.0, 20.0)
VARNISH = Layer({"C": 0.79, "H": 0.105, "O": 0.105}, 1.1, 0.0)
GROUND = Layer({"Ca": 0.4, "C": 0.12, "O": 0.48}, 1.5, 300.0)


def seen(layers: list[Layer]) -> dict[str, float]:
    """Return the intensities of some lines of a stack, secondary ones included."""
    instrument = load_instrument("chnet_mo")
    beam = beam_of(instrument, Effects())
    lines = emitted_lines(Stack(tuple(layers), instrument.geometry), beam, True)
    wanted = {"S K": (16, "K"), "Ca K": (20, "K"), "Pb M": (82, "M"), "Pb L": (82, "L")}
    return {name: total(lines, *place) for name, place in wanted.items()}


def test_varnish_costs_soft_lines_and_spares_hard_ones() -> None:
    bare = seen([PIGMENT, GROUND])
    coated = seen([replace(VARNISH, thickness_um=30.0), PIGMENT, GROUND])
    left = {name: coated[name] / bare[name] for name in bare}
    assert left["S K"] < left["Ca K"] < left["Pb L"]
    assert left["S K"] < 0.55
    assert left["Pb L"] > 0.98
    expected = xraylib.CS_Total_CP("C30H48O3", 2.307) * 1.1 * 30e-4
    assert -np.log(left["S K"]) > 0.9 * expected / np.sin(np.radians(45))


def test_ground_shows_through_thin_paint_only() -> None:
    paint = Layer({"Pb": 0.7, "C": 0.3}, 3.0, 1.0)
    calcium = [
        seen([replace(paint, thickness_um=t), GROUND])["Ca K"] for t in (0, 2, 10, 50)
    ]
    assert np.all(np.diff(calcium) < 0)
    assert calcium[-1] < 0.02 * calcium[0]


def test_order_of_paint_layers_matters_for_soft_lines() -> None:
    blue = Layer({"Cu": 0.5, "C": 0.5}, 2.5, 20.0)
    pigment_up = seen([PIGMENT, blue, GROUND])
    pigment_down = seen([blue, PIGMENT, GROUND])
    left = {name: pigment_down[name] / pigment_up[name] for name in pigment_up}
    assert left["Pb M"] < 0.1 * left["Pb L"]
    assert 0.1 < left["Pb L"] < 1


def test_support_below_a_thick_ground_adds_no_line() -> None:
    panel = Layer({"K": 0.02, "C": 0.5, "O": 0.48}, 0.6, 10_000.0)
    instrument = load_instrument("chnet_mo")
    beam = beam_of(instrument, Effects())
    lines = [
        emitted_lines(Stack(layers, instrument.geometry), beam)
        for layers in ((panel,), (GROUND, panel))
    ]
    potassium = [total(part, 19, "K") for part in lines]
    assert potassium[1] < 1e-3 * potassium[0]
