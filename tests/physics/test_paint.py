"""Paint as data: volumes, coats and what is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_maxrf.errors import MaxrfError
from napari_maxrf.physics import MEDIA, Coat, Paint, Substance, as_paint, paint_names

VERMILION = Substance((("HgS", 1.0),), 8.1)
VARNISH = Coat(parts={"varnish": 1.0}, thickness_um=20.0)
CHALK = Coat(parts={"lime": 0.5, "protein": 0.1}, thickness_um=200.0)


def oil(**changes: object) -> Paint:
    """Return vermilion's paint: a third pigment in oil."""
    facts = {"pigment": 0.3, "medium": {"oil": 0.7}, "thickness_um": 30.0}
    return Paint.checked(**(facts | changes))


def test_density_and_mass_fractions_follow_from_volumes() -> None:
    (layer,) = oil().layers(VERMILION)
    assert layer.density_g_cm3 == pytest.approx(0.3 * 8.1 + 0.7 * 0.93)
    mercury = 200.59 / (200.59 + 32.06)
    share = 0.3 * 8.1 / layer.density_g_cm3 * mercury
    assert dict(layer.elements)[80] == pytest.approx(share, rel=1e-3)


def test_coats_lie_in_order_around_the_paint() -> None:
    paint = oil(
        over=(VARNISH,), under=(CHALK, Coat(parts={"cellulose": 1.0}, thickness_um=500))
    )
    layers = paint.layers(VERMILION)
    assert [layer.thickness_um for layer in layers] == [20.0, 30.0, 200.0, 500.0]
    assert 80 in dict(layers[1].elements)
    assert layers[2].density_g_cm3 == pytest.approx(0.5 * 2.71 + 0.1 * 1.3)


def test_a_coat_may_hold_a_pigment() -> None:
    under = Coat(parts={"lead_white": 0.4, "oil": 0.6}, thickness_um=50)
    white = Substance((("Pb3C2O8H2", 1.0),), 6.8)
    layers = oil(under=(under,)).layers(VERMILION, {**MEDIA, "lead_white": white})
    assert 82 in dict(layers[1].elements)


def test_without_pigment_the_medium_fills_its_place() -> None:
    paint, ground = oil(under=(CHALK,)).blank()
    assert paint.density_g_cm3 == pytest.approx(0.93)
    assert paint.thickness_um == 30.0
    assert dict(ground.elements).keys() >= {20}


def test_a_paint_without_medium_leaves_only_its_coats() -> None:
    layers = oil(pigment=1.0, medium={}, under=(CHALK,)).blank()
    assert [layer.thickness_um for layer in layers] == [200.0]


@pytest.mark.parametrize("name", paint_names())
def test_presets_survive_json(name: str) -> None:
    paint = as_paint(name)
    assert Paint.checked(**paint.to_json()) == paint
    assert as_paint(paint) is paint


@pytest.mark.parametrize(
    ("changes", "shown"),
    [
        ({"thickness_um": -1.0}, "thickness_um"),
        ({"thickness_um": float("nan")}, "thickness_um"),
        ({"pigment": 0.0}, "pigment"),
        ({"pigment": 0.5, "medium": {"oil": 0.6}}, "must not exceed 1 together"),
        ({"medium": {"oil": -0.1}}, "share of oil must be at least 0"),
        ({"binder": "oil"}, "binder"),
        ({"under": ({"parts": {}, "thickness_um": 1.0},)}, "under.0.parts"),
        ({"under": ({"parts": {"lime": 1.2}, "thickness_um": 1.0},)}, "exceed 1"),
    ],
)
def test_a_senseless_paint_is_refused(changes: dict, shown: str) -> None:
    with pytest.raises(MaxrfError, match="(?s)" + shown):
        oil(**changes)


def test_an_unknown_substance_names_the_nearest() -> None:
    with pytest.raises(MaxrfError, match="did you mean 'varnish'"):
        oil(over=(Coat(parts={"varnisch": 1.0}, thickness_um=5),)).layers(VERMILION)


def test_a_layer_of_air_is_refused() -> None:
    nothing = Coat(parts={"oil": 0.0}, thickness_um=10.0)
    with pytest.raises(MaxrfError, match="nothing but air"):
        oil(under=(nothing,)).layers(VERMILION)


@given(
    pigment=st.floats(0.01, 1.0),
    bound=st.floats(0.0, 1.0),
    split=st.floats(0.0, 1.0),
)
def test_mass_is_the_sum_of_the_parts(
    pigment: float, bound: float, split: float
) -> None:
    left = (1 - pigment) * bound
    paint = oil(
        pigment=pigment, medium={"oil": left * split, "protein": left * (1 - split)}
    )
    (layer,) = paint.layers(VERMILION)
    expected = pigment * 8.1 + left * split * 0.93 + left * (1 - split) * 1.3
    assert layer.density_g_cm3 == pytest.approx(expected)
    assert sum(w for _, w in layer.elements) == pytest.approx(1.0, abs=1e-6)
