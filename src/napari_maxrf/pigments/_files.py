"""Palettes of the user's own, as small TOML files.

name = "My studio"
instrument = "m6_jetstream"
paint = "oil"
pigments = ["lead_white", "azurite", "vermilion"]

[colours]
azurite = "#3a6ea5"
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import replace
from pathlib import Path

from pydantic import Field

from napari_maxrf._files import write_text
from napari_maxrf.config import StepConfig
from napari_maxrf.errors import MaxrfError, PaletteError
from napari_maxrf.physics import load_instrument, paint_preset
from napari_maxrf.pigments._palette import (
    DEFAULT_INSTRUMENT,
    DEFAULT_PAINT,
    Palette,
    named_palette,
    nearest,
    pigments_by_id,
)

_HEX = re.compile(r"#([0-9a-fA-F]{2})([0-9a-fA-F]{2})([0-9a-fA-F]{2})")


class PaletteFile(StepConfig):
    """What a palette file may say."""

    name: str = Field("", description="Name of the palette.", title="Name")
    period: str = Field("", description="When it was in use.", title="Period")
    pigments: tuple[str, ...] = Field(
        description="Ids of pigments of the table.", title="Pigments"
    )
    colours: dict[str, str | tuple[int, int, int]] = Field(
        {},
        description="Colours that replace the table's, as '#rrggbb' or [r, g, b].",
        title="Colours",
    )
    instrument: str = Field(
        DEFAULT_INSTRUMENT, description="Name of a scanner.", title="Instrument"
    )
    paint: str = Field(
        DEFAULT_PAINT, description="How the pigments are painted.", title="Paint"
    )


def load_palette(name_or_path: str | os.PathLike[str]) -> Palette:
    """Load a palette of the package by id, or one of the user's from a file.

    Parameters
    ----------
    name_or_path : str or path-like
        One of `palette_names`, or the path of a ``.toml`` file.

    Raises
    ------
    PaletteError
        There is no such palette, or the file cannot be used: what is wrong,
        and the nearest valid name.

    Examples
    --------
    >>> len(load_palette("sarteano").ids)
    12
    """
    text = os.fspath(name_or_path)
    if not text.lower().endswith(".toml"):
        return named_palette(text)
    try:
        return _palette_of(Path(text), PaletteFile.from_toml(text))
    except MaxrfError as error:
        message = str(error)
        where = "" if text in message else f"{text}: "
        raise PaletteError(f"{where}{message}") from error


def _palette_of(path: Path, content: PaletteFile) -> Palette:
    """Build the palette that a file describes, checking every name in it."""
    paint_preset(content.paint)
    instrument = content.instrument
    if instrument.endswith(".toml"):
        instrument = str(path.parent / instrument)
    load_instrument(instrument)
    for key in content.colours:
        if key not in content.pigments:
            raise PaletteError(
                f"colours names {key!r}, which is not among the palette's pigments"
                f"{nearest(key, content.pigments)}."
            )
    pigments = (
        replace(
            p, srgb=_colour(content.colours[p.id]), colour_source=f"user: {path.name}"
        )
        if p.id in content.colours
        else p
        for p in pigments_by_id(content.pigments)
    )
    return Palette(
        id=path.stem,
        name=content.name or path.stem,
        period=content.period,
        pigments=tuple(pigments),
        instrument=instrument,
        paint=content.paint,
    )


def _colour(value: str | tuple[int, int, int]) -> tuple[int, int, int]:
    if not isinstance(value, str):
        return value
    match = _HEX.fullmatch(value)
    if match is None:
        raise PaletteError(f"{value!r} is not a colour; write it as '#rrggbb'.")
    red, green, blue = (int(part, 16) for part in match.groups())
    return red, green, blue


def save_palette(palette: Palette, path: str | os.PathLike[str]) -> None:
    """Write a palette as a TOML file that `load_palette` reads.

    All colours are written, so that the file keeps its meaning when the table
    of the package changes.

    Raises
    ------
    MaxrfError
        The file cannot be written.
    """
    lines = [
        f"name = {_quoted(palette.name)}",
        f"period = {_quoted(palette.period)}",
        f"instrument = {_quoted(palette.instrument)}",
        f"paint = {_quoted(palette.paint)}",
        f"pigments = {json.dumps(palette.ids)}",
        "",
        "[colours]",
    ]
    for pigment in palette.pigments:
        red, green, blue = pigment.srgb
        lines.append(f'{pigment.id} = "#{red:02x}{green:02x}{blue:02x}"')
    write_text(path, "\n".join(lines) + "\n")


def _quoted(text: str) -> str:
    """Return a TOML basic string; JSON's escapes are a subset of TOML's."""
    return json.dumps(text, ensure_ascii=False)
