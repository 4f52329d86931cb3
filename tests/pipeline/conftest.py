"""Small pictures and models that train in seconds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from napari_maxrf.embedding import EmbeddingConfig
from napari_maxrf.pipeline import EmbeddingPlan, RecolouringPlan
from napari_maxrf.recolouring import RecolouringConfig
from napari_maxrf.synthesis import SynthesisConfig
from napari_maxrf.training import TrainingConfig

SYNTHESIS = SynthesisConfig(k_min=4, k_max=5, counts=200.0)
SHORT = TrainingConfig(epochs=1, steps_per_epoch=3, batch_size=2, warmup_steps=1)


def paint(path: Path, seed: int, size: tuple[int, int] = (72, 90)) -> Path:
    """Write a picture of a few soft colour fields."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[: size[0], : size[1]] / max(size)
    fields = [np.sin(6 * (a * y + b * x) + c) for a, b, c in rng.normal(size=(3, 3))]
    rgb = np.clip(0.5 + 0.45 * np.stack(fields, axis=-1), 0, 1)
    Image.fromarray((rgb * 255).astype(np.uint8)).save(path)
    return path


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pictures")
    for seed in range(4):
        paint(folder / f"picture{seed}.png", seed)
    return folder


@pytest.fixture(scope="session")
def embedding_plan() -> EmbeddingPlan:
    return EmbeddingPlan(
        size=64,
        spectra_per_picture=40,
        synthesis=SYNTHESIS,
        embedding=EmbeddingConfig(ramp_start=0, ramp_end=0, cluster_counts=(2, 3)),
        training=SHORT.model_copy(update={"batch_size": 32}),
    )


@pytest.fixture(scope="session")
def recolouring_plan() -> RecolouringPlan:
    return RecolouringPlan(
        size=192,
        pool=8,
        validation_pictures=1,
        synthesis=SYNTHESIS,
        recolouring=RecolouringConfig(network="smalluvit", crop_size=64),
        training=SHORT,
    )


@pytest.fixture(scope="session")
def trained(
    pictures: Path,
    embedding_plan: EmbeddingPlan,
    recolouring_plan: RecolouringPlan,
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[Path, Path]:
    """Train both models for a few steps; they know nothing, but are complete."""
    from napari_maxrf.embedding import load_embedder
    from napari_maxrf.pipeline import train_embedding_steps, train_recolouring_steps
    from napari_maxrf.progress import finish

    out = tmp_path_factory.mktemp("models")
    embedding = finish(
        train_embedding_steps(pictures, out / "embedding", embedding_plan)
    )
    recolouring = finish(
        train_recolouring_steps(
            pictures,
            out / "recolouring",
            recolouring_plan,
            embedder=load_embedder(embedding),
        )
    )
    return embedding, recolouring
