"""Training material that was built beforehand, in place of pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from napari_maxrf._files import content_hash
from napari_maxrf.errors import TrainingError
from napari_maxrf.pigments import load_palette
from napari_maxrf.pipeline._plans import PicturePlan

if TYPE_CHECKING:
    from collections.abc import Mapping

    from napari_maxrf.config import StepConfig
    from napari_maxrf.datasets import Dataset
    from napari_maxrf.datasets._prepared import PreparedPictures

Plan = TypeVar("Plan", bound=PicturePlan)


def plan_of_dataset(dataset: Dataset, plan: Plan) -> Plan:
    """Fill a plan with the settings that a data set was built with.

    Raises
    ------
    TrainingError
        The plan asks for something else.
    """
    config, manifest = dataset.config, dataset.manifest
    synthesis = config.synthesis.model_dump()
    told: dict[str, Any] = {
        name: getattr(config, name)
        for name in ("size", "spectra_per_picture", "pool")
        if name in type(plan).model_fields
    }
    differing = [*_differing(plan, told), *_differing(plan.synthesis, synthesis)]
    if "palette" in plan.model_fields_set:
        palette = load_palette(plan.palette)
        if palette.content_hash != manifest.palette_hash:
            differing.append(f"palette {palette.id} ({palette.content_hash})")
    if plan.max_pictures:
        differing.append(f"max_pictures {plan.max_pictures}")
    if differing:
        raise TrainingError(
            f"The plan asks for {', '.join(differing)}, but {dataset.folder} was built "
            "otherwise. Leave it out of the plan, or build another data set."
        )
    told["palette"] = str(manifest.palette.get("id"))
    return plan.model_copy(update=told | {"synthesis": config.synthesis})


def _differing(asked: StepConfig, built: Mapping[str, Any]) -> list[str]:
    """List what was asked for expressly and is otherwise in the data set."""
    return [
        f"{name} {getattr(asked, name)}"
        for name in sorted(asked.model_fields_set & built.keys())
        if getattr(asked, name) != built[name]
    ]


def dataset_facts(dataset: Dataset) -> dict[str, str]:
    """Say which data set a model was trained on."""
    shards = [(shard.file, shard.sha256) for shard in dataset.manifest.shards]
    return {
        "dataset": dataset.folder.resolve().name,
        "dataset_hash": content_hash(shards),
    }


def some_pictures(
    pictures: PreparedPictures, pools: Any, most: int
) -> tuple[PreparedPictures, Any]:
    """Keep at most `most` pictures, evenly picked, with their latents."""
    if len(pictures) <= most:
        return pictures, pools
    kept = np.arange(most) * len(pictures) // most
    chosen = type(pictures)(
        pictures.rgb[kept],
        pictures.labels[kept],
        pictures.expected[kept],
        tuple(pictures.names[index] for index in kept),
    )
    return chosen, pools[kept]
