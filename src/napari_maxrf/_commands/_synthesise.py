"""``synthesise``: a scan from a picture."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_maxrf._commands._console import run, say
from napari_maxrf._commands._options import add_options, add_palette, read_options

if TYPE_CHECKING:
    import argparse


def add_synthesise(commands: Any) -> None:
    """Add the command ``synthesise``."""
    from napari_maxrf.synthesis import SynthesisConfig

    parser = commands.add_parser("synthesise", help="make a scan from a picture")
    parser.add_argument("image", type=Path)
    parser.add_argument("-o", "--out", type=Path, required=True, help="CUBE.maxrf")
    parser.add_argument(
        "--max-side",
        type=int,
        help="Scale the picture down to this many pixels on its longer side.",
    )
    add_palette(parser)
    add_options(parser, SynthesisConfig)
    parser.set_defaults(run=_synthesise)


def _synthesise(arguments: argparse.Namespace) -> None:
    from napari_maxrf.io import save_cube_steps
    from napari_maxrf.pictures import load_picture
    from napari_maxrf.pigments import load_palette
    from napari_maxrf.synthesis import SynthesisConfig, synthesise_steps

    config = read_options(arguments, SynthesisConfig)
    palette = load_palette(arguments.palette)
    picture = load_picture(arguments.image, arguments.max_side)
    result = run(synthesise_steps(picture, palette, config, arguments.image.stem))
    run(save_cube_steps(result.cube, arguments.out))
    colours = len(result.clusters.colours)
    say(
        f"{arguments.out}: {' x '.join(map(str, result.cube.shape))}, {colours} colours"
    )
