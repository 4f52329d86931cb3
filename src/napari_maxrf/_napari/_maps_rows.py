"""What the Element maps dock knows of each map: colour, tick, limits, figures."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from napari_maxrf.analysis import composite, map_statistics, usual_limits
from napari_maxrf.errors import MaxrfError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from napari_maxrf.analysis import ElementMap, MapStatistics
    from napari_maxrf.analysis._composite import Mode

Colour = tuple[int, int, int]

COLOURS: tuple[Colour, ...] = (
    (255, 0, 0),
    (0, 255, 0),
    (0, 80, 255),
    (255, 255, 0),
    (0, 255, 255),
    (255, 0, 255),
    (255, 128, 0),
    (150, 80, 255),
)
N_SHOWN = 3
"""How many maps a new composite is made of: more are hard to tell apart."""
AUTO = "auto"


@dataclass(frozen=True, eq=False)
class MapRow:
    """One map and how it is shown.

    Attributes
    ----------
    map : ElementMap
        Its values.
    colour : (int, int, int)
        Of the composite, 0 to 255.
    shown : bool
        Whether it is part of the composite.
    usual : (float, float)
        Limits that suit it.
    statistics : MapStatistics or None
        None where no pixel has a value.
    low, high : float or None
        Limits of the user's; None for the usual one.
    """

    map: ElementMap = field(repr=False)
    colour: Colour
    shown: bool
    usual: tuple[float, float]
    statistics: MapStatistics | None = field(repr=False)
    low: float | None = None
    high: float | None = None

    @property
    def limits(self) -> tuple[float, float]:
        """Values that are drawn black, and in the full colour."""
        low, high = self.usual
        return (
            low if self.low is None else self.low,
            high if self.high is None else self.high,
        )

    def limited(self, side: str, value: float | None) -> MapRow:
        """Return the row with another limit.

        Parameters
        ----------
        side : str
            ``"low"`` or ``"high"``.
        value : float or None
            None for the usual limit.

        Raises
        ------
        MaxrfError
            The limits would not rise.
        """
        changed = (
            replace(self, low=value) if side == "low" else replace(self, high=value)
        )
        low, high = changed.limits
        if not low < high:
            raise MaxrfError(
                f"Limits {low:g} to {high:g} of {self.map.name} must rise."
            )
        return changed


def described(element_map: ElementMap, colour: Colour, shown: bool) -> MapRow:
    """Return a row with figures and usual limits."""
    known = bool(np.isfinite(element_map.image).any())
    figures = map_statistics(element_map) if known else None
    return MapRow(element_map, colour, shown, usual_limits(element_map), figures)


def first_rows(maps: Sequence[ElementMap]) -> list[MapRow]:
    """Tick a map of each of the first elements, and give all maps colours.

    Of several shells of an element one is ticked, since they show much the same.
    """
    elements = [one.element for one in maps]
    shown = [elements.index(one) for one in dict.fromkeys(elements)][:N_SHOWN]
    others = [place for place in range(len(maps)) if place not in shown]
    colours = {
        place: COLOURS[rank % len(COLOURS)]
        for rank, place in enumerate([*shown, *others])
    }
    return [
        described(one, colours[place], place in shown) for place, one in enumerate(maps)
    ]


def kept_choices(rows: Sequence[MapRow], old: Sequence[MapRow]) -> list[MapRow]:
    """Show maps that were there before, by name, in their colours and as ticked."""
    before = {row.map.name: row for row in old}
    if not any(row.map.name in before for row in rows):
        return list(rows)
    return [
        replace(row, colour=known.colour, shown=known.shown)
        if (known := before.get(row.map.name)) is not None
        else replace(row, shown=False)
        for row in rows
    ]


def read_limit(text: str) -> float | None:
    """Read a limit; nothing or "auto" means the usual one.

    Raises
    ------
    MaxrfError
        It is no number.

    Examples
    --------
    >>> read_limit("12.5"), read_limit(" auto ")
    (12.5, None)
    """
    words = text.strip().lower()
    if words in ("", AUTO):
        return None
    try:
        value = float(words.replace(",", "."))
    except ValueError:
        value = float("nan")
    if not np.isfinite(value):
        raise MaxrfError(f"{text!r} is no limit; write a number, or {AUTO}.")
    return value


def composite_of(rows: Sequence[MapRow], mode: Mode) -> npt.NDArray[np.float32]:
    """Show the ticked maps together, shape (y, x, 3); without any, the bare ground."""
    shown = [row for row in rows if row.shown]
    if not shown:
        ground = 1.0 if mode == "ink" else 0.0
        return np.full((*rows[0].map.image.shape, 3), ground, np.float32)
    return composite(
        [row.map for row in shown],
        [hex_of(row.colour) for row in shown],
        [row.limits for row in shown],
        mode,
    )


def hex_of(colour: Colour) -> str:
    """Write a colour as ``"#ff8000"``.

    Examples
    --------
    >>> hex_of((255, 128, 0))
    '#ff8000'
    """
    return "#{:02x}{:02x}{:02x}".format(*colour)
