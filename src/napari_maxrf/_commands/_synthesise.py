"""``synthesise``: a scan from a picture."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_maxrf._commands._console import run, say
from napari_maxrf._commands._options import add_options, add_palette, read_options
from napari_maxrf.errors import MaxrfError

if TYPE_CHECKING:
    import argparse

    from napari_maxrf.pigments import Palette
    from napari_maxrf.progress import Steps
    from napari_maxrf.synthesis import ScanBlocks, SynthesisConfig


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
    parser.add_argument(
        "--resume",
        action="store_true",
        help="Go on where a stopped run of the same command ended.",
    )
    add_palette(parser)
    add_options(parser, SynthesisConfig)
    parser.set_defaults(run=_synthesise)


def _synthesise(arguments: argparse.Namespace) -> None:
    from napari_maxrf.io import check_unfinished
    from napari_maxrf.pigments import load_palette
    from napari_maxrf.synthesis import SynthesisConfig

    config = read_options(arguments, SynthesisConfig)
    palette = load_palette(arguments.palette)
    check_unfinished(arguments.out, resume=arguments.resume)
    try:
        scan = run(_written_steps(arguments, palette, config))
    except KeyboardInterrupt as stop:
        raise MaxrfError(
            f"Stopped. Go on with the same command and --resume; {arguments.out} is "
            "not touched before all is done."
        ) from stop
    shape = " x ".join(map(str, scan.cube.shape))
    say(f"{arguments.out}: {shape}, {scan.n_clusters} colours")


def _written_steps(
    arguments: argparse.Namespace, palette: Palette, config: SynthesisConfig
) -> Steps[ScanBlocks]:
    from napari_maxrf.io import save_blocks_steps
    from napari_maxrf.synthesis import picture_rows, scan_blocks_steps

    picture = picture_rows(arguments.image, arguments.max_side)
    scan = yield from scan_blocks_steps(picture, palette, config, arguments.image.stem)
    yield from save_blocks_steps(scan, arguments.out, resume=arguments.resume)
    return scan
