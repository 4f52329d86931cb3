"""Change a palette: add, take out, recolour, always as a new palette.

Nothing here changes what it is given, so that a caller can hold the palette as it
was beside the one it became.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from napari_maxrf.errors import PaletteError, did_you_mean
from napari_maxrf.pigments._pigment import Pigment, hue_family, main_lines
from napari_maxrf.pigments._table import pigment_table

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from napari_maxrf.pigments._measured import Measured
    from napari_maxrf.pigments._palette import Palette

Colour = tuple[int, int, int]

_TAKEN = ("ci_name", "period_from", "period_to", "notes")


def with_pigments(palette: Palette, pigments: Iterable[Pigment]) -> Palette:
    """Return the palette with more pigments at its end.

    Raises
    ------
    PaletteError
        The palette holds one of them already.
    """
    return replace(palette, pigments=(*palette.pigments, *pigments))


def without_pigments(palette: Palette, ids: Iterable[str]) -> Palette:
    """Return the palette without some of its pigments.

    Raises
    ------
    PaletteError
        A pigment is not in the palette, or none would be left.

    Examples
    --------
    >>> from napari_maxrf.pigments import load_palette
    >>> len(without_pigments(load_palette("sarteano"), ["smalt", "cinnabar"]))
    10
    """
    gone = set(ids)
    _check_known(palette, gone)
    if gone == set(palette.ids):
        raise PaletteError(
            f"“{palette.name}” needs at least one pigment; the last cannot be removed."
        )
    return palette.subset(key for key in palette.ids if key not in gone)


def recoloured(palette: Palette, key: str, srgb: Colour) -> Palette:
    """Return the palette with another colour of one pigment.

    Parameters
    ----------
    palette : Palette
        Stays as it is.
    key : str
        Id of the pigment.
    srgb : (int, int, int)
        Its colour, 0 to 255.

    Raises
    ------
    PaletteError
        There is no such pigment, or the colour is none.

    Examples
    --------
    >>> from napari_maxrf.pigments import load_palette
    >>> palette = load_palette("sarteano").subset(["smalt"])
    >>> recoloured(palette, "smalt", (30, 60, 140)).pigments[0].srgb
    (30, 60, 140)
    """
    _check_known(palette, {key})
    pigments = tuple(
        replace(pigment, srgb=srgb, lab=None, colour_source="user")
        if pigment.id == key
        else pigment
        for pigment in palette.pigments
    )
    return replace(palette, pigments=pigments)


def measured_pigment(
    measured: Measured,
    name: str,
    srgb: Colour,
    like: str | None = None,
    taken: Collection[str] = (),
) -> Pigment:
    """Make a pigment of a measured spectrum.

    Parameters
    ----------
    measured : Measured
        The spectrum, calibrated.
    name : str
        What it shall be called; its id is made from it.
    srgb : (int, int, int)
        Its colour, 0 to 255.
    like : str, optional
        Id of a pigment of the table from which to take chemistry and history.
    taken : collection of str
        Ids that cannot be used, besides those of the table.

    Raises
    ------
    PaletteError
        The name is empty, the colour is none, or there is no pigment `like`.
    """
    if not name.strip():
        raise PaletteError("A measured pigment needs a name.")
    base = _like(like)
    composition = base.composition if base is not None else ()
    known: dict[str, Any] = {}
    if base is not None:
        known = {fact: getattr(base, fact) for fact in _TAKEN}
    return Pigment(
        id=free_id(name, (*taken, *pigment_table())),
        name=name.strip(),
        composition=composition,
        density_g_cm3=base.density_g_cm3 if base is not None else 0.0,
        srgb=srgb,
        hue_family=hue_family(srgb),
        fluoresces_as=main_lines(composition),
        colour_source="user",
        composition_source="user" if composition else "",
        measured=measured,
        **known,
    )


def free_id(name: str, taken: Collection[str]) -> str:
    """Make a key of a name, with a number if the key is taken.

    Examples
    --------
    >>> free_id("House red (1920)", [])
    'house_red_1920'
    >>> free_id("Smalt", ["smalt", "smalt_2"])
    'smalt_3'
    """
    key = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_") or "pigment"
    tried, number = key, 1
    while tried in taken:
        number += 1
        tried = f"{key}_{number}"
    return tried


def _check_known(palette: Palette, ids: set[str]) -> None:
    for key in sorted(ids - set(palette.ids)):
        raise PaletteError(
            f"Palette {palette.id!r} has no pigment {key!r}"
            f"{did_you_mean(key, palette.ids)}"
        )


def _like(key: str | None) -> Pigment | None:
    table = pigment_table()
    if key is not None and key not in table:
        raise PaletteError(f"There is no pigment {key!r}{did_you_mean(key, table)}")
    return None if key is None else table[key]
