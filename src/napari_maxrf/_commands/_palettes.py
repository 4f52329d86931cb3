"""``palettes``: which palettes there are and what is in one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari_maxrf._commands._console import say, say_json
from napari_maxrf._commands._options import add_json

if TYPE_CHECKING:
    import argparse


def add_palettes(commands: Any) -> None:
    """Add the command ``palettes`` with ``list`` and ``show NAME``."""
    parser = commands.add_parser("palettes", help="list or show palettes")
    parser.add_argument("action", nargs="?", default="list", choices=("list", "show"))
    parser.add_argument("name", nargs="?", help="Palette to show.")
    add_json(parser)
    parser.set_defaults(run=_palettes)


def _palettes(arguments: argparse.Namespace) -> None:
    from napari_maxrf.errors import PaletteError
    from napari_maxrf.pigments import load_palette, palette_names

    if arguments.action == "list":
        _list([load_palette(name) for name in palette_names()], arguments.json)
        return
    if arguments.name is None:
        raise PaletteError(
            f"Say which palette: one of {', '.join(palette_names())}, or a file."
        )
    _show(load_palette(arguments.name), arguments.json)


def _list(palettes: list[Any], as_json: bool) -> None:
    if as_json:
        say_json(
            [
                {"id": p.id, "name": p.name, "period": p.period, "pigments": len(p)}
                for p in palettes
            ]
        )
        return
    for palette in palettes:
        say(f"{palette.id:36} {len(palette):3} pigments  {palette.period}")


def _show(palette: Any, as_json: bool) -> None:
    if as_json:
        say_json(palette.to_json())
        return
    say(f"{palette.name} ({palette.period})")
    for pigment in palette.pigments:
        colour = "#{:02x}{:02x}{:02x}".format(*pigment.srgb)
        say(f"  {pigment.id:24} {colour}  {pigment.fluoresces_as}")
