"""Pigments found by hue, period and words."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_maxrf.pigments import (
    HUES,
    PERIODS,
    Period,
    PigmentFilter,
    in_use,
    period_words,
    pigment_table,
)

TABLE = pigment_table()
YEARS = st.none() | st.integers(-3000, 2100)


def found(**wanted: object) -> set[str]:
    chosen = PigmentFilter(**wanted)
    return {key for key, pigment in TABLE.items() if chosen.accepts(pigment)}


def test_empty_filter_accepts_all() -> None:
    assert found() == set(TABLE)


def test_hues_are_those_of_the_table() -> None:
    assert {pigment.hue_family for pigment in TABLE.values()} == set(HUES)
    assert set.union(*(found(hue=hue) for hue in HUES)) == set(TABLE)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("prussian", "prussian_blue"),
        ("PB27", "prussian_blue"),
        ("blue prussian", "prussian_blue"),
        ("lapis", "ultramarine_natural"),
        ("hg la", "vermilion"),
    ],
)
def test_words_are_looked_for_everywhere_in_any_order(text: str, key: str) -> None:
    assert key in found(text=text)


def test_unknown_word_finds_nothing() -> None:
    assert found(text="prussian zzz") == set()


@given(YEARS, YEARS, YEARS, YEARS)
def test_use_in_a_period_is_overlap_of_years(
    began: int | None, ended: int | None, first: int | None, last: int | None
) -> None:
    """Compare with a walk through the years, those without limit to the ends."""
    pigment = replace(TABLE["smalt"], period_from=began, period_to=ended)

    def years(low: int | None, high: int | None) -> set[int]:
        return set(
            range(-3100 if low is None else low, (2200 if high is None else high) + 1)
        )

    period, used = years(first, last), years(began, ended)
    if period and used:
        assert in_use(pigment, Period("", first, last)) == bool(period & used)


def test_prussian_blue_is_not_offered_for_a_painting_of_1650() -> None:
    seventeenth = next(one for one in PERIODS if one.name == "17th century")
    assert "prussian_blue" not in found(period=seventeenth)
    assert "smalt" in found(period=seventeenth)


@pytest.mark.parametrize(
    ("began", "ended", "words"),
    [
        (None, None, "always"),
        (1704, None, "1704 –"),
        (None, 1750, "– 1750"),
        (-3100, -30, "3100 BC–30 BC"),
    ],
)
def test_period_in_words(began: int | None, ended: int | None, words: str) -> None:
    pigment = replace(TABLE["smalt"], period_from=began, period_to=ended)
    assert period_words(pigment) == words
