"""Find pigments by hue, by when they were in use, and by words."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from napari_maxrf.pigments._pigment import Pigment

HUES = (
    "white",
    "black",
    "red",
    "yellow",
    "green",
    "blue",
    "purple",
    "brown",
    "metal",
)
"""Families of colour, as the pigment table has them."""


@dataclass(frozen=True)
class Period:
    """A span of years in which a painter worked.

    Attributes
    ----------
    name : str
        What it is called.
    first, last : int or None
        Years; None for no limit.
    """

    name: str
    first: int | None = None
    last: int | None = None


PERIODS = (
    Period("Any time"),
    Period("Antiquity", None, 400),
    Period("Middle Ages", 400, 1400),
    Period("15th century", 1400, 1500),
    Period("16th century", 1500, 1600),
    Period("17th century", 1600, 1700),
    Period("18th century", 1700, 1800),
    Period("19th century", 1800, 1900),
    Period("20th century", 1900, 2000),
    Period("After 2000", 2000, None),
)


@dataclass(frozen=True)
class PigmentFilter:
    """What a pigment has to be.

    Attributes
    ----------
    text : str
        Words that all occur in name, Colour Index name, id or lines; empty for any.
    hue : str
        One of `HUES`; empty for any.
    period : Period
        In which it was in use, at least in part.

    Examples
    --------
    >>> from napari_maxrf.pigments import pigment_table
    >>> copper_blues = PigmentFilter("Cu", "blue", Period("Renaissance", 1420, 1580))
    >>> [key for key, one in pigment_table().items() if copper_blues.accepts(one)]
    ['azurite']
    """

    text: str = ""
    hue: str = ""
    period: Period = PERIODS[0]

    def accepts(self, pigment: Pigment) -> bool:
        """Tell whether a pigment is what is looked for."""
        return (
            (not self.hue or pigment.hue_family == self.hue)
            and in_use(pigment, self.period)
            and all(word in _words(pigment) for word in self.text.lower().split())
        )


def in_use(pigment: Pigment, period: Period) -> bool:
    """Tell whether a pigment was in use at some time of a period.

    A pigment without a first or last year has no limit there.
    """
    began, ended = _span(pigment.period_from, pigment.period_to)
    first, last = _span(period.first, period.last)
    return began <= last and ended >= first


def period_words(pigment: Pigment) -> str:
    """Write when a pigment was in use.

    Examples
    --------
    >>> from dataclasses import replace
    >>> from napari_maxrf.pigments import pigment_table
    >>> blue = replace(pigment_table()["prussian_blue"], period_to=None)
    >>> period_words(replace(blue, period_from=1704))
    '1704 –'
    >>> period_words(replace(blue, period_from=-3100, period_to=800))
    '3100 BC–800'
    """
    first, last = pigment.period_from, pigment.period_to
    if first is None and last is None:
        return "always"
    if first is None or last is None:
        return f"{_year_words(first)} – {_year_words(last)}".strip()
    return f"{_year_words(first)}–{_year_words(last)}"


def _span(first: int | None, last: int | None) -> tuple[float, float]:
    return (-inf if first is None else first, inf if last is None else last)


def _year_words(year: int | None) -> str:
    if year is None:
        return ""
    return f"{-year} BC" if year < 0 else str(year)


def _words(pigment: Pigment) -> str:
    return " ".join(
        (pigment.name, pigment.ci_name, pigment.id, pigment.fluoresces_as)
    ).lower()
