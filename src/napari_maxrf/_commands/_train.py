"""``train``: an embedding or a recolouring network from pictures."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_maxrf._commands._console import run, say
from napari_maxrf.errors import TrainingError

if TYPE_CHECKING:
    import argparse

    from napari_maxrf.datasets._open import Dataset
    from napari_maxrf.pipeline._plans import PicturePlan


def add_train(commands: Any) -> None:
    """Add the command ``train``."""
    parser = commands.add_parser("train", help="train a model on pictures")
    parser.add_argument("kind", choices=("embedding", "recolouring"))
    material = parser.add_mutually_exclusive_group(required=True)
    material.add_argument("--pictures", type=Path, help="Folder of pictures.")
    material.add_argument(
        "--data", type=Path, help="Data set, as built by: dataset build."
    )
    parser.add_argument(
        "--validation",
        type=Path,
        help="Folder of pictures that only judge. Default: every tenth picture.",
    )
    parser.add_argument("--config", type=Path, help="Plan of the training (.toml).")
    parser.add_argument("-o", "--out", type=Path, required=True, help="folder")
    parser.add_argument(
        "--embedding",
        type=Path,
        help="Embedding model to recolour from. Default: the shipped one.",
    )
    parser.add_argument(
        "--start-from",
        type=Path,
        help="Recolouring model whose weights are trained further.",
    )
    parser.add_argument(
        "--minutes", type=float, help="Stop after this time; the plan decides if unset."
    )
    parser.add_argument(
        "--resume", action="store_true", help="Go on from the checkpoint in OUT."
    )
    parser.set_defaults(run=_train)


def _train(arguments: argparse.Namespace) -> None:
    from napari_maxrf import pipeline

    material = _material(arguments)
    if arguments.kind == "embedding":
        plan = _plan(arguments, pipeline.EmbeddingPlan)
        steps = pipeline.train_embedding_steps(
            material,
            arguments.out,
            plan,
            validation=arguments.validation,
            resume=arguments.resume,
        )
    else:
        from napari_maxrf.embedding import load_embedder

        plan = _plan(arguments, pipeline.RecolouringPlan)
        steps = pipeline.train_recolouring_steps(
            material,
            arguments.out,
            plan,
            embedder=load_embedder(arguments.embedding),
            validation=arguments.validation,
            start_from=arguments.start_from,
            resume=arguments.resume,
        )
    say(str(run(steps)))


def _material(arguments: argparse.Namespace) -> Path | Dataset:
    if arguments.data is None:
        return Path(arguments.pictures)
    from napari_maxrf.datasets import open_dataset

    if arguments.validation is not None:
        raise TrainingError("A data set has its own validation: omit --validation.")
    dataset: Dataset = open_dataset(arguments.data)
    return dataset


def _plan(arguments: argparse.Namespace, kind: type[PicturePlan]) -> Any:
    plan: Any = kind.from_toml(arguments.config) if arguments.config else kind()
    if arguments.minutes is None:
        return plan
    training = plan.training.model_copy(update={"max_minutes": arguments.minutes})
    return plan.model_copy(update={"training": training})
