"""Formulas, mixtures and layers, and what they refuse."""

from __future__ import annotations

import numpy as np
import pytest
import xraylib

from napari_maxrf.errors import MaxrfError
from napari_maxrf.physics import Layer
from napari_maxrf.physics._materials import (
    Ingredient,
    elements_of,
    mass_attenuation,
    mix_by_volume,
    parse_formula,
    transmission,
)


def test_formula_gives_mass_fractions() -> None:
    parsed = parse_formula("CaSO6H4")
    assert sum(parsed.values()) == pytest.approx(1)
    assert parsed[20] == pytest.approx(40.078 / 172.17, rel=1e-3)


@pytest.mark.parametrize(
    ("formula", "shown"), [("2PbCO3·Pb(OH)2", "'·'"), ("Fe₂O₃", "'₂'"), ("Fe O", "' '")]
)
def test_unreadable_character_is_named(formula: str, shown: str) -> None:
    with pytest.raises(MaxrfError, match=shown):
        parse_formula(formula)


@pytest.mark.parametrize("formula", ["Xx2O3", "", "PbCO3.Pb", "(CaO"])
def test_nonsense_formula_is_one_clear_line(formula: str) -> None:
    with pytest.raises(MaxrfError) as caught:
        parse_formula(formula)
    assert "\n" not in str(caught.value)
    assert repr(formula) in str(caught.value)


def test_fractions_must_sum_to_one() -> None:
    with pytest.raises(MaxrfError, match=r"sum to 0\.9"):
        elements_of((("HgS", 0.5), ("CaCO3", 0.4)))
    with pytest.raises(MaxrfError, match="negative"):
        elements_of((("HgS", 1.5), ("CaCO3", -0.5)))
    with pytest.raises(MaxrfError, match="negative or undefined"):
        elements_of((("HgS", float("nan")),))


@pytest.mark.parametrize(
    ("fractions", "density", "thickness", "what"),
    [
        ({"Fe": 1.0}, 7.8, -1.0, "Thickness"),
        ({"Fe": 1.0}, 0.0, 1.0, "Density"),
        ({"Fe": 1.0}, float("nan"), 1.0, "Density"),
        ({"Fe": 1.0}, 7.8, float("inf"), "Thickness"),
        ({"Qq": 1.0}, 7.8, 1.0, "Unknown element 'Qq'"),
        ({"Fe": 0.6}, 7.8, 1.0, "sum to 1"),
        ({94: 1.0}, 7.8, 1.0, "H to U"),
        ({}, 7.8, 1.0, "sum to 1"),
    ],
)
def test_bad_layer(
    fractions: dict, density: float, thickness: float, what: str
) -> None:
    with pytest.raises(MaxrfError, match=what):
        Layer(fractions, density, thickness)


def test_symbol_and_number_mean_the_same() -> None:
    assert Layer({"Fe": 0.4, 26: 0.6}, 1.0, 1.0).elements == ((26, 1.0),)


def test_volume_mixture_weighs_by_density() -> None:
    mixed = mix_by_volume(
        [Ingredient(0.5, (("Fe", 1.0),), 8.0), Ingredient(0.25, (("C", 1.0),), 2.0)],
        10.0,
        void=0.25,
    )
    assert mixed.density_g_cm3 == pytest.approx(4.5)
    assert dict(mixed.elements)[26] == pytest.approx(4.0 / 4.5)


def test_volume_shares_must_sum_to_one() -> None:
    with pytest.raises(MaxrfError, match="Volume shares"):
        mix_by_volume([Ingredient(0.5, (("Fe", 1.0),), 8.0)], 10.0)


def test_attenuation_equals_the_compounds_own() -> None:
    energies = np.array([2.0, 8.0, 30.0])
    computed = mass_attenuation(parse_formula("CaCO3").items(), energies)
    expected = [xraylib.CS_Total_CP("CaCO3", e) for e in energies]
    np.testing.assert_allclose(computed, expected, rtol=1e-9)


@pytest.mark.parametrize(
    ("energy", "passed"), [(3.69, 0.89), (2.31, 0.66), (2.01, 0.54), (1.74, 0.39)]
)
def test_one_centimetre_of_air(energy: float, passed: float) -> None:
    share = transmission("air", 10_000, np.array([energy]))[0]
    assert share == pytest.approx(passed, abs=0.012)


@pytest.mark.parametrize(
    ("symbol", "hint"),
    [("fe", "Did you mean 'Fe'"), ("PB", "Did you mean 'Pb'"), ("Iron", "symbol like")],
)
def test_unknown_element_hints_at_the_symbol(symbol: str, hint: str) -> None:
    with pytest.raises(MaxrfError, match=hint):
        Layer({symbol: 1.0}, 7.8, 1.0)


@pytest.mark.parametrize("formula", ["pbco3", "FE2O3", "2PbCO3"])
def test_wrong_capitals_in_a_formula_are_explained(formula: str) -> None:
    with pytest.raises(MaxrfError, match="one capital"):
        parse_formula(formula)
