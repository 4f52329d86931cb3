"""Composites do not depend on the order of their maps."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_maxrf.analysis import ElementMap, composite, usual_limits
from napari_maxrf.errors import MaxrfError


def one(image, name="Fe") -> ElementMap:
    return ElementMap(name, "Ka", 6.4, (6.3, 6.5), np.asarray(image, np.float32))


colour = st.tuples(*[st.floats(0, 1)] * 3)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(colour, min_size=1, max_size=6),
    st.sampled_from(["light", "ink"]),
    st.integers(0, 2**31),
)
def test_any_order_gives_the_same_picture_to_the_bit(colours, mode, seed):
    random = np.random.default_rng(seed)
    maps = [one(random.gamma(1, 50, (4, 5))) for _ in colours]
    limits = [(0.0, 120.0)] * len(maps)
    picture = composite(maps, colours, limits, mode)
    order = random.permutation(len(maps))
    turned = composite(
        [maps[i] for i in order], [colours[i] for i in order], limits, mode
    )
    np.testing.assert_array_equal(picture, turned)
    assert picture.dtype == np.float32
    assert picture.shape == (4, 5, 3)
    assert 0 <= picture.min() <= picture.max() <= 1


def test_lights_add_up_and_are_cut_at_white():
    half = one([[50.0]])
    picture = composite([half, half], ["#ff0000", "#ff8000"], [(0, 100)] * 2)
    np.testing.assert_allclose(picture[0, 0], [1.0, 0.25 * 256 / 255, 0], atol=2e-3)


def test_inks_multiply_on_white_paper():
    full, half = one([[100.0]]), one([[50.0]])
    picture = composite([full, half], [(0, 1, 1), (1, 0, 1)], [(0, 100)] * 2, "ink")
    np.testing.assert_allclose(picture[0, 0], [0, 0.5, 1], atol=1e-5)
    nothing = composite([one([[0.0]])], ["#123456"], [(0, 1)], "ink")
    np.testing.assert_array_equal(nothing, 1)


def test_pixels_without_value_add_nothing_and_limits_cut():
    values = one([[np.nan, -5.0, 10.0, 500.0]])
    shown = composite([values], ["#ffffff"], [(0, 20)])[0, :, 0]
    np.testing.assert_allclose(shown, [0, 0, 0.5, 1])


def test_usual_limits_begin_at_nothing():
    assert usual_limits(one(np.arange(1001.0))) == (0.0, 995.0)
    assert usual_limits(one([[np.nan, 0.0]])) == (0.0, 1.0)
    few = np.zeros((100, 100))
    few[0, 0] = 7
    assert usual_limits(one(few)) == (0.0, 7.0)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (([], []), "at least one map"),
        (([one([[1]])], []), "as many colours"),
        (([one([[1]])], ["red"]), "write it as #ff8000"),
        (([one([[1]])], [(0, 0, 2)]), "from 0 to 1"),
        (([one([[1]])], ["#000000"], [(1, 1)]), "must rise"),
        (([one([[1]]), one([[1, 2]])], ["#000000"] * 2), "not of one scan"),
        (([one([[1]])], ["#000000"], None, "paint"), "light or ink"),
    ],
)
def test_what_cannot_be_shown_is_said(arguments, words):
    with pytest.raises(MaxrfError, match=words):
        composite(*arguments)
