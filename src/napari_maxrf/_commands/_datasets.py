"""``dataset``: build and verify training material on disk."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_maxrf._commands._console import run, say, warn
from napari_maxrf._commands._options import add_options, add_palette, read_options

if TYPE_CHECKING:
    import argparse

    from napari_maxrf.datasets import DatasetManifest

LEFT_OUT = 3
"""Exit code where all is done but for files that were left out and named."""


def add_dataset(commands: Any) -> None:
    """Add the command ``dataset`` with ``build`` and ``verify``."""
    parser = commands.add_parser("dataset", help="build or verify a data set")
    actions = parser.add_subparsers(
        title="actions", metavar="ACTION", dest="action", required=True
    )
    _add_build(actions)
    verify = actions.add_parser("verify", help="compare all files with their checksums")
    verify.add_argument("folder", type=Path, metavar="DIR")
    verify.set_defaults(run=_verify)


def _add_build(actions: Any) -> None:
    from napari_maxrf.datasets import DatasetConfig
    from napari_maxrf.synthesis import SynthesisConfig

    parser = actions.add_parser(
        "build",
        help="synthesise scans of many pictures",
        description="Synthesise scans of many pictures, split 70:20:10 by artist. "
        "Repeat the same command to go on with a build that was stopped. Exit code "
        "3: done, but pictures that cannot be read were left out.",
    )
    parser.add_argument("pictures", type=Path, nargs="+", metavar="PICTURES")
    parser.add_argument("-o", "--out", type=Path, required=True, metavar="DIR")
    parser.add_argument(
        "--artists",
        type=Path,
        help="Table of artists (.csv or .json) with file and artist. Default: the "
        "part before __ in names such as artist__title.jpg.",
    )
    parser.add_argument(
        "--embedding",
        type=Path,
        help="Embedding model for the kind embedded. Default: the shipped one.",
    )
    add_palette(parser)
    add_options(parser, DatasetConfig)
    add_options(parser, SynthesisConfig)
    parser.set_defaults(run=_build)


def _build(arguments: argparse.Namespace) -> int:
    from napari_maxrf.datasets import DatasetConfig, build_dataset_steps
    from napari_maxrf.pigments import load_palette
    from napari_maxrf.synthesis import SynthesisConfig

    synthesis = read_options(arguments, SynthesisConfig)
    config = read_options(arguments, DatasetConfig)
    embedder = None
    if config.kind == "embedded":
        from napari_maxrf.embedding import load_embedder

        embedder = load_embedder(arguments.embedding)
    manifest = run(
        build_dataset_steps(
            arguments.pictures,
            arguments.out,
            load_palette(arguments.palette),
            config.model_copy(update={"synthesis": synthesis}),
            artists=arguments.artists,
            embedder=embedder,
        )
    )
    return _report(arguments.out, manifest)


def _report(folder: Path, manifest: DatasetManifest) -> int:
    """Say what there is now, and name what was left out."""
    for line in (*manifest.duplicates, *manifest.skipped()):
        warn(line)
    held = {
        part: sum(
            len(shard.pictures)
            for shard in manifest.shards
            if shard.file.startswith(f"{part}-")
        )
        for part in ("train", "validation", "test")
    }
    parts = ", ".join(f"{number} {part}" for part, number in held.items())
    size = sum(shard.n_bytes for shard in manifest.shards) / 1e6
    say(f"{folder}: {sum(held.values())} pictures ({parts}), {size:.1f} MB")
    if not manifest.skipped():
        return 0
    warn(f"{len(manifest.skipped())} pictures cannot be read and were left out.")
    return LEFT_OUT


def _verify(arguments: argparse.Namespace) -> int:
    from napari_maxrf.datasets import verify_dataset_steps

    faults = run(verify_dataset_steps(arguments.folder))
    for fault in faults:
        warn(fault)
    say(f"{arguments.folder}: {f'{len(faults)} faults' if faults else 'all is well'}")
    return 1 if faults else 0
