"""``demo``: the whole pipeline on one picture."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_maxrf._commands._console import run, say, warn
from napari_maxrf._commands._options import (
    add_device,
    add_options,
    add_palette,
    read_options,
)

if TYPE_CHECKING:
    import argparse


def add_demo(commands: Any) -> None:
    """Add the command ``demo``."""
    from napari_maxrf.synthesis import SynthesisConfig

    parser = commands.add_parser("demo", help="the whole pipeline on one picture")
    parser.add_argument(
        "--image", type=Path, help="Any picture. Default: the sample mock-up."
    )
    parser.add_argument("-o", "--out", type=Path, default=Path("demo"), help="folder")
    parser.add_argument(
        "--max-side",
        type=int,
        default=512,
        help="Scale the picture down to this many pixels. Default: 512.",
    )
    parser.add_argument(
        "--show", action="store_true", help="Open the results in napari and stay."
    )
    add_palette(parser)
    add_device(parser)
    add_options(parser, SynthesisConfig)
    parser.set_defaults(run=_demo)


def _demo(arguments: argparse.Namespace) -> None:
    from napari_maxrf.embedding import load_embedder
    from napari_maxrf.pigments import load_palette
    from napari_maxrf.pipeline import demo_steps
    from napari_maxrf.recolouring import load_recolourer
    from napari_maxrf.samples import sample_path
    from napari_maxrf.synthesis import SynthesisConfig

    result = run(
        demo_steps(
            arguments.image or sample_path("mockup.png"),
            arguments.out,
            load_palette(arguments.palette),
            read_options(arguments, SynthesisConfig),
            load_embedder(device=arguments.device),
            load_recolourer(device=arguments.device),
            arguments.max_side,
        )
    )
    report = result.report
    similarity = report["ms_ssim"]
    shown = "not defined at this size" if similarity is None else f"{similarity:.3f}"
    say(f"MS-SSIM {shown}, CIEDE2000 {report['ciede2000']:.2f}: see {arguments.out}")
    if not has_display():
        warn("No display, so no napari screenshot was made; use xvfb-run for one.")
        return
    from napari_maxrf._napari._launch import show_demo

    show_demo(result, arguments.out / "napari.png", stay=arguments.show)


def has_display() -> bool:
    """Tell whether a window can be opened."""
    if sys.platform in ("win32", "darwin"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
