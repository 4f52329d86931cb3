"""``embed`` and ``recolour``: what a scan shows."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_maxrf._commands._console import run, say, warn
from napari_maxrf._commands._options import add_models
from napari_maxrf._commands._reading import add_reading, open_told

if TYPE_CHECKING:
    import argparse

    from napari_maxrf.embedding import EmbeddedImage

EMBEDDING_SUFFIXES = {".maxrf", ".h5", ".hdf5"}


def add_embed(commands: Any) -> None:
    """Add the command ``embed``."""
    parser = commands.add_parser("embed", help="embed the spectra of a scan")
    parser.add_argument("cube", type=Path)
    parser.add_argument(
        "-o",
        "--out",
        type=Path,
        required=True,
        help="EMBEDDING.maxrf for the latents, or a picture for the false colour.",
    )
    _add_recalibrate(parser)
    add_models(parser, recolouring=False)
    add_reading(parser)
    parser.set_defaults(run=_embed)


def _add_recalibrate(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--recalibrate",
        action="store_true",
        help="First refine the energy axis on the lines of the scan itself.",
    )


def _embed(arguments: argparse.Namespace) -> None:
    from napari_maxrf.embedding import save_embedded
    from napari_maxrf.pictures import save_picture

    embedded = _embedded(arguments, arguments.model)
    warn(embedded.warning)
    if arguments.out.suffix.lower() in EMBEDDING_SUFFIXES:
        save_embedded(embedded, arguments.out)
    else:
        save_picture(arguments.out, embedded.false_colour())
    say(str(arguments.out))


def _embedded(arguments: argparse.Namespace, model: Path | None) -> EmbeddedImage:
    from napari_maxrf.analysis import recalibrated
    from napari_maxrf.embedding import load_embedder

    embedder = load_embedder(model, arguments.device)
    cube = open_told(arguments, arguments.cube)
    if arguments.recalibrate:
        cube = recalibrated(cube)
    return run(embedder.embed_steps(cube))


def add_recolour(commands: Any) -> None:
    """Add the command ``recolour``."""
    parser = commands.add_parser("recolour", help="predict the colours of a scan")
    parser.add_argument("cube", type=Path)
    parser.add_argument("-o", "--out", type=Path, required=True, help="IMAGE.png")
    _add_recalibrate(parser)
    add_models(parser, recolouring=True)
    add_reading(parser)
    parser.set_defaults(run=_recolour)


def _recolour(arguments: argparse.Namespace) -> None:
    from napari_maxrf._files import write_json
    from napari_maxrf.pictures import save_picture
    from napari_maxrf.recolouring import load_recolourer

    recolourer = load_recolourer(arguments.model, arguments.device)
    embedded = _embedded(arguments, arguments.embedding)
    picture = run(recolourer.recolour_steps(embedded))
    save_picture(arguments.out, picture)
    caution = recolourer.caution(embedded)
    warn(caution)
    steps = [step.to_json() for step in embedded.provenance]
    facts = {
        "predicted": True,
        "cube": arguments.cube.name,
        "embedding": embedded.model_hash,
        "recolouring": recolourer.model_hash,
        "warning": caution,
        "provenance": steps,
    }
    write_json(arguments.out.with_suffix(".json"), facts)
    say(f"{arguments.out} (predicted colours)")
