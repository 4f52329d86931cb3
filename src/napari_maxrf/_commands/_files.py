"""``info`` and ``convert``: what is in a file, and the same in our format."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_maxrf._commands._console import run, say, say_json
from napari_maxrf._commands._options import add_json
from napari_maxrf._commands._reading import add_reading, open_told, reading_told

if TYPE_CHECKING:
    import argparse


def add_info(commands: Any) -> None:
    """Add the command ``info``."""
    parser = commands.add_parser("info", help="what is in a file")
    parser.add_argument("path", type=Path)
    parser.add_argument(
        "--counts",
        action="store_true",
        help="Also report total and largest counts (reads the whole cube).",
    )
    add_json(parser)
    add_reading(parser)
    parser.set_defaults(run=_info)


def _info(arguments: argparse.Namespace) -> None:
    from napari_maxrf.io import describe

    with reading_told(arguments, arguments.path) as options:
        facts = describe(arguments.path, counts=arguments.counts, options=options)
    if arguments.json:
        say_json(facts)
        return
    for name, value in facts.items():
        say(f"{name}: {_shown(value)}")


def _shown(value: Any) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(map(_shown, value)) or "none"
    if isinstance(value, dict):
        return str(value.get("process", value))
    return "not recorded" if value is None else str(value)


def add_convert(commands: Any) -> None:
    """Add the command ``convert``."""
    parser = commands.add_parser("convert", help="convert a scan to .maxrf")
    parser.add_argument("source", type=Path)
    parser.add_argument("target", type=Path)
    add_reading(parser)
    parser.set_defaults(run=_convert)


def _convert(arguments: argparse.Namespace) -> None:
    from napari_maxrf.io import save_cube_steps

    cube = open_told(arguments, arguments.source)
    run(save_cube_steps(cube, arguments.target))
    say(f"{arguments.target}: {' x '.join(map(str, cube.shape))}")
