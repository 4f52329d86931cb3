"""``defects``: what the scanner did wrong, and a corrected copy of the scan."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_maxrf._commands._console import run, say, say_json
from napari_maxrf._commands._options import add_json
from napari_maxrf._commands._reading import add_reading, open_told

if TYPE_CHECKING:
    import argparse

_KINDS = ("backlash", "border", "hot", "rows")


def add_defects(commands: Any) -> None:
    """Add the command ``defects``."""
    parser = commands.add_parser("defects", help="find and correct scanner defects")
    parser.add_argument("cube", type=Path)
    parser.add_argument(
        "--correct", type=Path, metavar="OUT.maxrf", help="Write a corrected copy."
    )
    parser.add_argument(
        "--which",
        nargs="+",
        choices=_KINDS,
        default=list(_KINDS),
        help="What to correct. Default: everything found.",
    )
    parser.add_argument(
        "--method",
        choices=("nearest", "linear"),
        default="nearest",
        help="Move rows by whole pixels, so that counts stay whole numbers, or "
        "interpolate, after which they are not Poissonian. Default: nearest.",
    )
    add_json(parser)
    add_reading(parser)
    parser.set_defaults(run=_defects)


def _defects(arguments: argparse.Namespace) -> None:
    from napari_maxrf.analysis import corrected, find_defects_steps
    from napari_maxrf.errors import MaxrfError
    from napari_maxrf.io import cached_cube, save_cube_steps

    out = arguments.correct
    if out is not None and out.resolve() == arguments.cube.resolve():
        raise MaxrfError(
            f"{out} is the scan itself. Write the corrected one beside it."
        )
    cube = open_told(arguments, arguments.cube)
    found = run(find_defects_steps(cached_cube(cube) or cube))
    if arguments.json:
        say_json(found.to_json())
    else:
        for line in found.lines():
            say(line)
    if out is None:
        return
    derived = corrected(cube, found, arguments.which, arguments.method)
    run(save_cube_steps(derived, out))
    if not arguments.json:
        say(f"{out}: {' x '.join(map(str, derived.shape))}")
