"""Secondary fluorescence, against the closed formula, photons one by one, and steel."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
import xraylib
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_maxrf.physics import Effects, Layer, expected_spectrum, load_instrument
from napari_maxrf.physics import _secondary as module
from napari_maxrf.physics._beam import Beam, beam_of
from napari_maxrf.physics._fluorescence import EmittedLines, emitted_lines
from napari_maxrf.physics._secondary import crossing
from napari_maxrf.physics._stack import Stack

if TYPE_CHECKING:
    from collections.abc import Callable

GEOMETRY = load_instrument("m4_mo").geometry.model_copy(
    update={"incidence_deg": 60.0, "exit_deg": 40.0}
)
PSI, PHI = np.radians(60.0), np.radians(40.0)
BEAM = Beam(np.array([11.0, 17.4, 24.0]), np.array([1.0, 3.0, 0.5]))

IRON_NICKEL = Layer({"Fe": 0.5, "Ni": 0.5}, 8.0, 2000.0)
CHROMIUM = Layer({"Cr": 0.4, "O": 0.6}, 3.0, 20.0)
LEAD = Layer({"Pb": 0.3, "C": 0.7}, 2.5, 15.0)


def lines_of(layers: tuple[Layer, ...], extra: bool, beam: Beam = BEAM) -> EmittedLines:
    """Return the lines of a stack with or without secondary fluorescence."""
    return emitted_lines(Stack(layers, GEOMETRY), beam, extra)


def added_to(layers: tuple[Layer, ...], symbol: str, line: str) -> tuple[float, float]:
    """Return primary and secondary intensity of one line."""
    primary, both = lines_of(layers, False), lines_of(layers, True)
    element = xraylib.SymbolToAtomicNumber(symbol)
    names = np.array(primary.names)
    index = np.flatnonzero((primary.elements == element) & (names == line))[0]
    first = primary.intensity[index]
    return float(first), float(both.intensity[index] - first)


def shiraiwa_fujino(mixture: dict[str, float], symbol: str, line: str) -> float:
    """Return secondary over primary of a thick sample, by scalar calls."""
    numbers = {xraylib.SymbolToAtomicNumber(s): w for s, w in mixture.items()}

    def mu(energy: float) -> float:
        return sum(w * xraylib.CS_Total(z, energy) for z, w in numbers.items())

    def sigma(element: int, code: int, energy: float) -> float:
        try:
            return xraylib.CS_FluorLine_Kissel_Cascade(element, code, energy)
        except ValueError:
            return 0.0

    element = xraylib.SymbolToAtomicNumber(symbol)
    code = getattr(xraylib, f"{line}_LINE")
    out = mu(xraylib.LineEnergy(element, code)) / np.sin(PHI)
    first = second = 0.0
    for energy, photons in zip(BEAM.energy_kev, BEAM.photons, strict=True):
        into = mu(energy) / np.sin(PSI)
        made = photons / (into + out)
        first += made * sigma(element, code, energy)
        for z, w in numbers.items():
            for source in module.line_table(z).codes.tolist():
                at = xraylib.LineEnergy(z, source)
                able = sigma(element, code, at)
                if able > 0:
                    own = mu(at)
                    reach = np.log1p(into / own) / into + np.log1p(out / own) / out
                    second += 0.5 * made * w * sigma(z, source, energy) * able * reach
    return second / first


@pytest.mark.parametrize(
    ("mixture", "symbol", "line"),
    [
        ({"Fe": 0.5, "Ni": 0.5}, "Fe", "KL3"),
        ({"Cr": 0.18, "Fe": 0.74, "Ni": 0.08}, "Cr", "KL3"),
        ({"Cr": 0.18, "Fe": 0.74, "Ni": 0.08}, "Fe", "KM3"),
        ({"Hg": 0.862, "S": 0.138}, "S", "KL3"),
        ({"Pb": 0.64, "Cr": 0.16, "O": 0.2}, "Cr", "KL3"),
    ],
)
def test_thick_sample_follows_the_closed_formula(
    mixture: dict[str, float], symbol: str, line: str
) -> None:
    first, second = added_to((Layer(mixture, 7.0, 5000.0),), symbol, line)
    assert second / first == pytest.approx(
        shiraiwa_fujino(mixture, symbol, line), rel=0.01
    )
    assert second / first > 0.02


def simulated(
    layers: tuple[Layer, ...], source: str, target: str, line: str, photons: int
) -> float:
    """Follow photons of an element's K lines through the layers, one by one.

    Depth of origin, direction and free path are drawn at random; what is absorbed in
    a layer makes the target's line there, which leaves towards the detector.
    """
    rng = np.random.default_rng(7)
    z_source, z_target = map(xraylib.SymbolToAtomicNumber, (source, target))
    masses = np.array([layer.areal_mass_g_cm2 for layer in layers])
    bounds = np.concatenate([[0.0], np.cumsum(masses)])

    def mu(energy: float) -> np.ndarray:
        return np.array(
            [
                sum(w * xraylib.CS_Total(z, energy) for z, w in p.elements)
                for p in layers
            ]
        )

    def depth_of(place: np.ndarray, energy: float) -> np.ndarray:
        taus = np.concatenate([[0.0], np.cumsum(mu(energy) * masses)])
        return np.interp(place, bounds, taus)

    code = getattr(xraylib, f"{line}_LINE")
    out = xraylib.LineEnergy(z_target, code)
    share = [dict(layer.elements).get(z_source, 0.0) for layer in layers]
    wanted = np.array([dict(layer.elements).get(z_target, 0.0) for layer in layers])
    total = 0.0
    for name in ("KL3", "KL2", "KM3", "KM2"):
        made = getattr(xraylib, f"{name}_LINE")
        energy = xraylib.LineEnergy(z_source, made)
        able = xraylib.CS_FluorLine_Kissel_Cascade(z_target, code, energy)
        for beam, number in zip(BEAM.energy_kev, BEAM.photons, strict=True):
            start = rng.uniform(0, bounds[-1], photons)
            layer = np.searchsorted(bounds, start) - 1
            weight = np.array(share)[layer] * np.exp(
                -depth_of(start, beam) / np.sin(PSI)
            )
            weight = weight * number * bounds[-1] / np.sin(PSI) / photons
            weight *= xraylib.CS_FluorLine_Kissel_Cascade(z_source, made, beam)
            reached = depth_of(start, energy) + rng.exponential(
                size=photons
            ) * rng.uniform(-1, 1, photons)
            taus = depth_of(bounds, energy)
            inside = (reached > 0) & (reached < taus[-1])
            place = np.interp(reached[inside], taus, bounds)
            there = np.searchsorted(bounds, place) - 1
            caught = weight[inside] * wanted[there] * able / mu(energy)[there]
            total += (caught * np.exp(-depth_of(place, out) / np.sin(PHI))).sum()
    return total


STACKS = {
    "upper excites lower": ((Layer({"Fe": 1.0}, 7.9, 3.0), CHROMIUM), "Fe", "Cr"),
    "lower excites upper": ((CHROMIUM, Layer({"Fe": 1.0}, 7.9, 3.0)), "Fe", "Cr"),
    "through a third": ((CHROMIUM, LEAD, Layer({"Ni": 1.0}, 8.9, 8.0)), "Ni", "Cr"),
    "inside and across": (
        (Layer({"Fe": 0.5, "Cr": 0.5}, 7.0, 6.0), LEAD, Layer({"Cr": 1.0}, 7.0, 9.0)),
        "Fe",
        "Cr",
    ),
}


@pytest.mark.parametrize("case", STACKS)
def test_layers_follow_photons_one_by_one(
    case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    layers, source, target = STACKS[case]
    expected = simulated(layers, source, target, "KL3", 200_000)
    only = xraylib.SymbolToAtomicNumber(source)
    chosen = module._sources

    def of_one_element(layers: object, lines: EmittedLines, *rest: object) -> object:
        found = chosen(layers, lines, *rest)
        names = np.array([name[0] for name in lines.names])[found]
        return found[(lines.elements[found] == only) & (names == "K")]

    monkeypatch.setattr(module, "_sources", of_one_element)
    _, second = added_to(layers, target, "KL3")
    assert second == pytest.approx(expected, rel=0.02)


@settings(max_examples=10, deadline=None)
@given(part=st.floats(0.0, 1.0), thickness=st.floats(0.5, 300))
def test_splitting_a_layer_changes_nothing(part: float, thickness: float) -> None:
    whole = Layer({"Fe": 0.4, "Cr": 0.2, "O": 0.4}, 5.0, thickness)
    parts = (
        replace(whole, thickness_um=thickness * part),
        replace(whole, thickness_um=thickness * (1 - part)),
    )
    one, two = lines_of((whole,), True), lines_of(parts, True)
    np.testing.assert_allclose(two.intensity, one.intensity, rtol=2e-4)


def test_a_layer_of_no_thickness_changes_nothing() -> None:
    nothing = replace(CHROMIUM, thickness_um=0.0)
    one = lines_of((CHROMIUM, IRON_NICKEL), True)
    two = lines_of((CHROMIUM, nothing, IRON_NICKEL), True)
    np.testing.assert_allclose(two.intensity, one.intensity, rtol=1e-12)
    empty = lines_of((nothing,), True)
    np.testing.assert_array_equal(empty.intensity, np.zeros(len(empty.names)))


def test_thin_layers_have_none() -> None:
    thin = (Layer({"Fe": 0.5, "Ni": 0.5}, 8.0, 1e-4),)
    first, second = added_to(thin, "Fe", "KL3")
    assert 0 < second < 1e-4 * first


def test_without_self_absorption_there_is_none() -> None:
    stack = Stack((IRON_NICKEL,), GEOMETRY, absorbing=False)
    plain, both = (emitted_lines(stack, BEAM, extra) for extra in (False, True))
    np.testing.assert_array_equal(plain.intensity, both.intensity)


def test_directions_are_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    layers = (CHROMIUM, replace(LEAD, thickness_um=0.3), IRON_NICKEL)
    few = lines_of(layers, True)
    monkeypatch.setattr(module, "_DIRECTIONS", 60)
    module._directions.cache_clear()
    many = lines_of(layers, True)
    module._directions.cache_clear()
    np.testing.assert_allclose(few.intensity, many.intensity, rtol=3e-4)


def test_wider_bins_of_the_beam_are_fine_enough(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    beam = beam_of(load_instrument("m6_jetstream"), Effects())
    layers = (replace(CHROMIUM, thickness_um=5.0), LEAD, IRON_NICKEL)
    coarse = lines_of(layers, True, beam)
    monkeypatch.setattr(module, "_CELL_KEV", 1e-6)
    exact = lines_of(layers, True, beam)
    np.testing.assert_allclose(coarse.intensity, exact.intensity, rtol=3e-3)


@settings(max_examples=50, deadline=None)
@given(first=st.floats(0, 300), second=st.floats(0, 300))
def test_crossing_lies_between_both_exponentials(first: float, second: float) -> None:
    value = float(crossing(np.array(first), np.array(second)))
    low, high = sorted((np.exp(-first), np.exp(-second)))
    assert low * (1 - 1e-9) <= value <= high * (1 + 1e-9)


GRADE_316 = {"Cr": (16.0, 18.5), "Ni": (10.0, 14.0)}
"""Percent by mass of a stainless steel with molybdenum (AISI 316)."""


def composition(
    read: Callable, effects: Effects, windows: dict[str, tuple[float, float]]
) -> dict[str, float]:
    """Find the mass fractions whose spectrum equals that of the NIST steel."""
    scanner = load_instrument("m4_rh")

    def net(axis: object, counts: np.ndarray) -> np.ndarray:
        inside = [axis.window(e - half, e + half) for e, half in windows.values()]
        return np.array([counts[part].sum() for part in inside])

    def measured(name: str) -> object:
        return read(f"xrf_elements_nist/{name}_50kv_50_ma_Rh_vac_D1.msa")

    def modelled(fractions: dict[str, float]) -> np.ndarray:
        block = Layer(fractions, 7.9, 2000.0)
        return expected_spectrum([block], scanner, steel.axis, effects)

    steel = measured("Steel")
    pure = []
    for index, symbol in enumerate(("Cr", "Fe", "Ni")):
        block = measured(symbol)
        computed = net(steel.axis, modelled({symbol: 1.0}))[index]
        pure.append(net(block.axis, block.counts)[index] / computed)
    target = net(steel.axis, steel.counts) / np.array(pure)
    found = np.array([0.18, 0.68, 0.11])
    for _ in range(12):
        found *= 0.97 / found.sum()
        fractions = dict(zip(windows, found, strict=True))
        ratio = target / net(steel.axis, modelled({**fractions, "Mo": 0.03}))
        found = found * ratio / ratio[1]
    return dict(zip(windows, (100 * found).tolist(), strict=True))


def test_steel_has_its_grade_with_secondary_fluorescence_only(
    read_measured: Callable,
) -> None:
    windows = {"Cr": (5.414, 0.09), "Fe": (6.403, 0.09), "Ni": (7.478, 0.09)}
    with_it = composition(read_measured, Effects(secondary=True), windows)
    without = composition(read_measured, Effects(secondary=False), windows)
    for symbol, (low, high) in GRADE_316.items():
        assert low < with_it[symbol] < high
        assert not low < without[symbol] < high
