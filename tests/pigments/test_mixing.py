"""Mixtures of pigments: their chemistry exactly, their colour roughly."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_maxrf.physics._materials import Ingredient, elements_of, mix_by_volume
from napari_maxrf.pigments import pigment_table
from napari_maxrf.pigments._mixing import mixed_colour, mixed_substance
from napari_maxrf.pigments._pigment import hue_family, main_lines

TABLE = pigment_table()
DARKEST = 7
"""The floor of reflectance, in sRGB."""
CHANNEL = st.integers(0, 255)
COLOUR = st.tuples(CHANNEL, CHANNEL, CHANNEL)


@given(share=st.floats(0.0, 1.0))
def test_a_mixture_is_what_mixing_the_layers_gives(share: float) -> None:
    white, red = TABLE["lead_white"], TABLE["vermilion"]
    composition, density = mixed_substance([(white, 1 - share), (red, share)])
    layer = mix_by_volume(
        [
            Ingredient(1 - share, white.composition, white.density_g_cm3),
            Ingredient(share, red.composition, red.density_g_cm3),
        ],
        10.0,
    )
    assert density == pytest.approx(layer.density_g_cm3)
    ours, theirs = elements_of(composition), dict(layer.elements)
    for number, fraction in theirs.items():
        assert ours[number] == pytest.approx(fraction, abs=1e-9)


@given(colour=COLOUR, share=st.floats(0.0, 1.0))
def test_a_colour_mixed_with_itself_stays(colour: tuple, share: float) -> None:
    mixed = mixed_colour([colour, colour], [share, 1 - share])
    assert np.abs(np.subtract(mixed, np.maximum(colour, DARKEST))).max() <= 1


@given(first=COLOUR, second=COLOUR, share=st.floats(0.05, 0.95))
def test_a_mixture_lies_between_its_parts_and_is_darker_than_light_would_be(
    first: tuple, second: tuple, share: float
) -> None:
    mixed = np.array(mixed_colour([first, second], [share, 1 - share]))
    parts = np.maximum([first, second], DARKEST)
    assert (mixed >= parts.min(axis=0) - 1).all()
    assert (mixed <= parts.max(axis=0) + 1).all()
    as_light = 255 * (np.array([share, 1 - share]) @ (parts / 255) ** 2.2) ** (1 / 2.2)
    assert (mixed <= as_light + 4).all()


def test_blue_and_yellow_give_green() -> None:
    blue, yellow = TABLE["manganese_blue"].srgb, TABLE["hansa_yellow"].srgb
    assert hue_family(mixed_colour([blue, yellow], [0.5, 0.5])) == "green"


def test_a_little_black_darkens_white_more_than_its_share() -> None:
    grey = mixed_colour([(255, 255, 255), (0, 0, 0)], [0.95, 0.05])
    assert max(grey) < 128


def test_families_agree_with_the_table() -> None:
    painted = [p for p in TABLE.values() if p.hue_family != "metal"]
    same = [hue_family(p.srgb) == p.hue_family for p in painted]
    assert sum(same) >= 0.9 * len(painted)


@pytest.mark.parametrize(
    ("pigment", "lines"),
    [("massicot", "Pb La"), ("malachite", "Cu Ka"), ("carbon_black", "")],
)
def test_main_lines_come_from_the_composition(pigment: str, lines: str) -> None:
    assert main_lines(TABLE[pigment].composition) == lines
