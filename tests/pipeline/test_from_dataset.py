from __future__ import annotations

import numpy as np
import pytest

from napari_maxrf.datasets import DatasetConfig, build_dataset, open_dataset
from napari_maxrf.embedding import load_embedder
from napari_maxrf.errors import TrainingError
from napari_maxrf.pigments import load_palette
from napari_maxrf.pipeline import EmbeddingPlan, RecolouringPlan, train_embedding_steps
from napari_maxrf.pipeline._from_dataset import plan_of_dataset
from napari_maxrf.pipeline._train_recolouring import pairs_of_dataset
from napari_maxrf.progress import finish
from napari_maxrf.synthesis import SynthesisConfig

CONFIG = DatasetConfig(
    size=64,
    spectra_per_picture=40,
    pool=6,
    shard_size=1,
    synthesis=SynthesisConfig(k_min=3, k_max=4, counts=300.0),
)


@pytest.fixture(scope="module")
def build(pictures, tmp_path_factory):
    """Return a function that builds a small data set of a kind."""

    def made(kind):
        out = tmp_path_factory.mktemp("sets") / kind
        build_dataset(
            pictures,
            out,
            load_palette("sarteano"),
            CONFIG.model_copy(update={"kind": kind}),
            embedder=load_embedder() if kind == "embedded" else None,
        )
        return open_dataset(out)

    return made


@pytest.mark.parametrize("kind", ["spectra", "cubes"])
def test_embedding_learns_from_a_data_set(kind, build, embedding_plan, tmp_path):
    dataset = build(kind)
    plan = EmbeddingPlan(
        embedding=embedding_plan.embedding, training=embedding_plan.training
    )
    model = load_embedder(finish(train_embedding_steps(dataset, tmp_path, plan)))
    facts = model.header["provenance"][0]["parameters"]
    assert facts["dataset"] == kind
    assert facts["plan"]["synthesis"]["counts"] == 300
    assert facts["plan"]["size"] == 64
    each = 40 if kind == "spectra" else 64 * 64
    held = [len(dataset.shards(part)) for part in ("train", "validation", "test")]
    assert held == [3, 1, 0]
    assert facts["spectra"] == 3 * each


def test_recolouring_gets_pictures_and_latents_of_a_data_set(build):
    dataset, embedder = build("embedded"), load_embedder()
    plan = plan_of_dataset(dataset, RecolouringPlan(validation_pictures=1))
    pairs = finish(pairs_of_dataset(dataset, plan, embedder))
    assert pairs.n_train == 3
    assert len(pairs.val_pairs()) == 1
    latents, rgb = pairs.train_pair(0, np.random.default_rng(0))
    assert latents.shape == rgb.shape == (64, 64, 3)
    assert np.abs(latents).max() > 0
    other = dataset.manifest.model_copy(update={"embedding_hash": "0" * 16})
    strange = type(dataset)(dataset.folder, other)
    with pytest.raises(TrainingError, match="another model"):
        finish(pairs_of_dataset(strange, plan, embedder))


def test_data_set_of_another_kind_or_settings_is_refused(build):
    dataset = build("spectra")
    with pytest.raises(TrainingError, match="one of kind embedded"):
        finish(dataset.embedded("train"))
    with pytest.raises(TrainingError, match="no pictures for test"):
        finish(dataset.spectra("test"))
    asked = EmbeddingPlan(
        size=128, palette="roman_fresco", synthesis=SynthesisConfig(counts=50)
    )
    with pytest.raises(TrainingError) as caught:
        plan_of_dataset(dataset, asked)
    for part in ("size 128", "counts 50", "palette roman_fresco"):
        assert part in str(caught.value)
    agreeing = EmbeddingPlan(size=64, synthesis=SynthesisConfig(counts=300))
    assert plan_of_dataset(dataset, agreeing).synthesis == CONFIG.synthesis
