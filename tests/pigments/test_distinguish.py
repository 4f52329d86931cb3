"""What is said of a palette: pairs, groups, silent pigments and the verdict."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace

import numpy as np
import pytest

from napari_maxrf.colours import ciede2000, srgb_to_lab
from napari_maxrf.cube import EnergyAxis
from napari_maxrf.errors import MaxrfError
from napari_maxrf.pigments import (
    Pigment,
    distinguishability,
    load_palette,
    pigment_table,
    silent_pigments,
)
from napari_maxrf.pigments._observer import ideal_error
from napari_maxrf.pigments._reasons import reason

AXIS = EnergyAxis.from_range(0.5, 38.5, 128)


def pigment(name: str, srgb: tuple[int, int, int], formula: str) -> Pigment:
    return replace(
        pigment_table()["cinnabar"],
        id=name,
        srgb=srgb,
        composition=((formula, 1.0),),
    )


@dataclass(frozen=True)
class GivenSpectra:
    """Stands in for a palette: pigments with spectra of a few channels."""

    pigments: tuple[Pigment, ...]
    rows: tuple[tuple[float, ...], ...]
    id: str = "given"
    instrument: str = "made_up"

    @property
    def ids(self):
        return tuple(p.id for p in self.pigments)

    @property
    def colours(self):
        return np.array([p.srgb for p in self.pigments]) / 255

    def spectra(self, axis):
        return np.array(self.rows)


@pytest.fixture
def palette():
    """Return a chain of three (ends apart), a pair of twins, and a loner."""
    return GivenSpectra(
        (
            pigment("dark", (90, 60, 50), "Fe2O3"),
            pigment("medium", (120, 80, 60), "Fe2O3"),
            pigment("light", (220, 180, 90), "FeOOH"),
            pigment("red", (200, 20, 20), "Pb3O4"),
            pigment("yellow", (230, 220, 60), "PbO"),
            pigment("blue", (20, 40, 160), "CoAl2O4"),
        ),
        (
            (0.50, 0.48, 0.01, 0.01),
            (0.57, 0.41, 0.01, 0.01),
            (0.64, 0.34, 0.01, 0.01),
            (0.01, 0.01, 0.49, 0.49),
            (0.01, 0.01, 0.49, 0.49),
            (0.25, 0.25, 0.25, 0.25),
        ),
    )


@pytest.fixture
def found(palette):
    return distinguishability(palette, AXIS, 400, blank=[0.25, 0.25, 0.24, 0.26])


def test_errors_and_colours_of_all_pairs(found, palette):
    lab = srgb_to_lab(palette.colours)
    for i, j in np.ndindex(6, 6):
        error = ideal_error(palette.rows[i], palette.rows[j], 400)[0]
        assert found.errors[i, j] == pytest.approx(error, rel=1e-3, abs=1e-12)
        assert found.colour_differences[i, j] == pytest.approx(
            float(ciede2000(lab[i], lab[j]))
        )


def test_pairs_close_in_spectrum_and_far_in_colour_come_first(found):
    pairs = found.pairs()
    names = [(pair.first, pair.second) for pair in pairs]
    assert names == [("red", "yellow"), ("medium", "light"), ("dark", "medium")]
    assert [pair.misleading for pair in pairs] == [True, True, False]
    harm = [pair.error * pair.colour_difference for pair in pairs]
    assert harm == sorted(harm, reverse=True)


def test_counts_needed_bring_the_error_to_one_per_cent(found, palette):
    twins, *others = found.pairs()
    assert twins.error == pytest.approx(0.5)
    assert twins.counts_needed == np.inf
    for pair in others:
        rows = (palette.rows[palette.ids.index(n)] for n in (pair.first, pair.second))
        assert ideal_error(*rows, pair.counts_needed)[0] == pytest.approx(
            0.01, rel=0.01
        )


def test_groups_are_chains_of_pairs(found):
    assert found.errors[0, 2] < 0.05
    assert found.groups() == (("dark", "medium", "light"), ("red", "yellow"))


def test_a_higher_limit_leaves_fewer_pairs(found):
    assert [len(found.pairs(limit)) for limit in (1e-4, 0.05, 0.3)] == [4, 3, 1]
    assert found.groups(0.3) == (("red", "yellow"),)


def test_a_pigment_like_the_blank_is_silent(found):
    (silent,) = found.silent()
    assert silent.id == "blue"
    assert silent.error == pytest.approx(
        ideal_error([0.25] * 4, [0.25, 0.25, 0.24, 0.26], 400)[0], rel=1e-3
    )


def test_the_nearest_of_several_blanks_decides(palette):
    blanks = [[0.25, 0.25, 0.24, 0.26], [0.02, 0.01, 0.49, 0.48], [0.1, 0.2, 0.3, 0.4]]
    silent = silent_pigments(palette, AXIS, 400, blank=blanks)
    assert {p.id for p in silent} == {"red", "yellow", "blue"}


def test_verdict_counts_pairs_colours_and_silent_pigments(found, palette):
    assert found.verdict() == (
        "3 of 15 pairs cannot be told apart with 400 counts on made_up, 2 of them of "
        "clearly different colour; silent pigments: 1 of 6."
    )
    alone = GivenSpectra(palette.pigments[::3], palette.rows[::3])
    good = distinguishability(alone, AXIS, 400, blank=[0.0, 0.0, 0.0, 1.0])
    assert good.pairs() == good.groups() == good.silent() == ()
    assert good.verdict().startswith("All 2 pigments can be told apart")


def test_findings_are_plain_json(found):
    report = json.loads(json.dumps(found.to_json(), allow_nan=False))
    assert report["pairs"][0]["pigments"] == ["red", "yellow"]
    assert report["pairs"][0]["counts_needed"] is None
    assert report["groups"][1] == ["red", "yellow"]
    assert report["silent"][0]["id"] == "blue"


@pytest.mark.parametrize("limit", [0, 0.5, -1, np.nan])
def test_limit_must_be_an_error_between_none_and_chance(found, limit):
    for ask in (found.pairs, found.groups, found.silent, found.verdict):
        with pytest.raises(MaxrfError, match="limit of the error"):
            ask(limit)


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("lead_white", "massicot", "same elements: Pb"),
        ("cobalt_blue", "cerulean_blue", "both Co, differ in Sn"),
        ("cinnabar", "azurite", "differ in Hg, S, Cu: too few counts"),
        ("carbon_black", "indian_yellow", "neither has a line of its own"),
    ],
)
def test_reasons_name_the_elements(first, second, expected):
    assert reason(pigment_table()[first], pigment_table()[second]) == expected


def test_a_measured_pigment_has_no_elements_to_name():
    cinnabar = pigment_table()["cinnabar"]
    measured = replace(cinnabar, composition=(), measured=object())
    assert reason(cinnabar, measured) == "measured spectra alike"


class TestOnComputedSpectra:
    """The physics and the pigment table, on coarse bins."""

    def test_carbon_black_is_silent_and_lead_is_not(self):
        palette = load_palette("pigments_all").subset(
            ["carbon_black", "lead_white", "cinnabar"]
        )
        silent = silent_pigments(palette, AXIS, 400)
        assert [pigment.id for pigment in silent] == ["carbon_black"]

    def test_a_black_that_dims_the_ground_like_thicker_binder_is_silent(self):
        palette = load_palette("pigments_all").subset(["indian_yellow"])
        same_thickness = palette.blank_spectrum(AXIS)
        assert silent_pigments(palette, AXIS, 2000)
        assert not silent_pigments(palette, AXIS, 2000, blank=same_thickness)

    def test_every_pigment_is_held_against_its_own_paint(self):
        usual = load_palette("pigments_all").subset(["chalk", "carbon_black"])
        oil = replace(usual, paint="oil")
        chalk, black = usual.pigments
        mixed = replace(usual, pigments=(replace(chalk, paint=oil.paint_used), black))
        errors = [
            distinguishability(palette, AXIS, 400).blank_errors
            for palette in (usual, oil, mixed)
        ]
        assert errors[0][0] < 0.01 < errors[1][0]
        np.testing.assert_allclose(errors[2], [errors[1][0], errors[0][1]], rtol=1e-3)

    def test_lead_pigments_are_one_and_copper_is_another(self):
        palette = load_palette("pigments_all").subset(
            ["lead_white", "red_lead", "massicot", "azurite"]
        )
        found = distinguishability(palette, AXIS, 400)
        assert [set(group) for group in found.groups()] == [
            {"lead_white", "red_lead", "massicot"}
        ]
        assert found.pairs()[0].reason == "same elements: Pb"

    def test_more_counts_tell_more_apart(self):
        palette = load_palette("sarteano")
        few, many = (distinguishability(palette, AXIS, n) for n in (50, 5000))
        assert len(few.pairs()) > len(many.pairs())
        assert (many.errors <= few.errors * 1.001 + 1e-15).all()

    def test_counts_must_be_above_zero(self):
        palette = load_palette("sarteano").subset(["cinnabar", "red_ochre"])
        with pytest.raises(MaxrfError, match="Counts must be above 0"):
            distinguishability(palette, AXIS, 0)
