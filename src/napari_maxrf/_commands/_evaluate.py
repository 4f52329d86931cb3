"""``evaluate``: honest figures of the whole pipeline on pictures."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_maxrf._commands._console import run, say, say_json
from napari_maxrf._commands._options import (
    add_json,
    add_models,
    add_options,
    add_palette,
    read_options,
)

if TYPE_CHECKING:
    import argparse

    from napari_maxrf.pipeline import Evaluation


def add_evaluate(commands: Any) -> None:
    """Add the command ``evaluate``."""
    from napari_maxrf.synthesis import SynthesisConfig

    parser = commands.add_parser("evaluate", help="score the pipeline on pictures")
    parser.add_argument("images", type=Path, nargs="+", help="pictures or folders")
    parser.add_argument(
        "--size", type=int, default=256, help="Side of the square. Default: 256 px."
    )
    parser.add_argument(
        "--most", type=int, default=0, help="At most this many, evenly picked."
    )
    add_palette(parser)
    add_models(parser, recolouring=True)
    add_json(parser)
    add_options(parser, SynthesisConfig)
    parser.set_defaults(run=_evaluate)


def _evaluate(arguments: argparse.Namespace) -> None:
    from napari_maxrf.embedding import load_embedder
    from napari_maxrf.pigments import load_palette
    from napari_maxrf.pipeline import evaluate_steps, picture_paths
    from napari_maxrf.recolouring import load_recolourer
    from napari_maxrf.synthesis import SynthesisConfig

    evaluation = run(
        evaluate_steps(
            picture_paths(arguments.images, arguments.most),
            load_palette(arguments.palette),
            read_options(arguments, SynthesisConfig),
            load_embedder(arguments.embedding, arguments.device),
            load_recolourer(arguments.model, arguments.device),
            arguments.size,
        )
    )
    if arguments.json:
        say_json(evaluation.to_json())
    else:
        _table(evaluation)


def _table(evaluation: Evaluation) -> None:
    from napari_maxrf.pipeline._evaluate import METHODS, METRICS

    say(f"{len(evaluation.names)} pictures, means against the original picture")
    say(f"{'':20}" + "".join(f"{metric:>12}" for metric in METRICS))
    for method in METHODS:
        means = evaluation.means(method)
        say(f"{method:20}" + "".join(f"{means[metric]:12.3f}" for metric in METRICS))
    for line in evaluation.skipped:
        say(f"skipped: {line}")
