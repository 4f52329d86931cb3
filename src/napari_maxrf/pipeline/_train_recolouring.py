"""Train the recolouring network on synthetic scans of pictures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from napari_maxrf._files import atomic_path, content_hash, file_hash
from napari_maxrf.datasets._open import Dataset
from napari_maxrf.datasets._places import picture_paths
from napari_maxrf.errors import TrainingError
from napari_maxrf.pigments import Palette, load_palette
from napari_maxrf.pipeline._from_dataset import (
    dataset_facts,
    plan_of_dataset,
    some_pictures,
)
from napari_maxrf.pipeline._prepared import prepare_pictures
from napari_maxrf.pipeline._train_embedding import draw, plan_facts, said
from napari_maxrf.progress import Progress, Steps
from napari_maxrf.provenance import ProcessStep

if TYPE_CHECKING:
    from pathlib import Path

    from napari_maxrf.datasets._prepared import PreparedPictures
    from napari_maxrf.embedding import Embedder
    from napari_maxrf.pipeline._plans import RecolouringPlan
    from napari_maxrf.synthesis import SynthesisConfig

Plane = npt.NDArray[np.float32]
Pair = tuple[Plane, Plane]

REFERENCE_PIXELS = 40_000
"""Pixels kept in a model file for the nearest-neighbour baseline."""


@dataclass(frozen=True)
class LatentPools:
    """Embedded synthetic spectra of every colour cluster of every picture.

    A synthetic pixel is an independent draw from its cluster's spectrum, so a
    pool of embedded draws gives new noise at every training step at the price
    of an index.

    Attributes
    ----------
    prepared : PreparedPictures
        The pictures.
    pools : ndarray of float32, shape (n, most clusters, pool, 3)
        Standardised latents.
    """

    prepared: PreparedPictures
    pools: npt.NDArray[np.float32]

    def pair(self, index: int, rng: np.random.Generator) -> Pair:
        """Give every pixel of picture `index` a latent from its cluster's pool.

        Returns
        -------
        latents, rgb : ndarray of float32, shape (size, size, 3)
        """
        labels = self.prepared.labels[index]
        draws = rng.integers(0, self.pools.shape[2], labels.shape)
        rgb = self.prepared.rgb[index].astype(np.float32) / 255
        return self.pools[index][labels, draws], rgb


class LatentPairs:
    """Pictures to train on and pictures to judge by, as the network wants them."""

    def __init__(self, train: LatentPools, judge: LatentPools) -> None:
        self._train = train
        self._judge = judge
        self.n_train = len(train.prepared)

    def train_pair(self, i: int, rng: np.random.Generator) -> Pair:
        """Return latents and colours of training picture `i`, with fresh noise."""
        return self._train.pair(i, rng)

    def val_pairs(self) -> list[Pair]:
        """Return the same latents and colours for judging at every call."""
        return [
            self._judge.pair(i, np.random.default_rng(i))
            for i in range(len(self._judge.prepared))
        ]

    def reference(self) -> tuple[Plane, Plane]:
        """Draw latents and colours of random training pixels, each (n, 3)."""
        rng = np.random.default_rng(0)
        each = -(-REFERENCE_PIXELS // self.n_train)
        latents, colours = [], []
        for index in range(self.n_train):
            planes = self.train_pair(index, rng)
            pixels = rng.integers(0, planes[0].shape[0] * planes[0].shape[1], each)
            latents.append(planes[0].reshape(-1, 3)[pixels])
            colours.append(planes[1].reshape(-1, 3)[pixels])
        return np.concatenate(latents), np.concatenate(colours)


def train_recolouring_steps(
    pictures: Path | Dataset,
    out: Path,
    plan: RecolouringPlan,
    *,
    embedder: Embedder,
    validation: Path | None = None,
    start_from: Path | None = None,
    resume: bool = False,
) -> Steps[Path]:
    """Train the recolouring network and write its model file.

    Parameters
    ----------
    pictures : path or Dataset
        Folder of pictures, or a data set of embedded pictures, whose settings then
        stand in the plan.
    out : path
        Folder for the model, its log, its curves and the checkpoint.
    plan : RecolouringPlan
        Palette, synthesis, network and schedule.
    embedder : Embedder
        The embedding whose latents are recoloured.
    validation : path, optional
        Folder of pictures that only judge; every tenth of `pictures` if None. A
        data set has its own.
    start_from : path, optional
        Model file whose weights are trained further.
    resume : bool
        Go on from the checkpoint in `out`.

    Returns
    -------
    path
        The model file, ``out/model.safetensors``.

    Raises
    ------
    PictureError
        There is nothing to train on.
    TrainingError
        The checkpoint is of another plan.
    """
    from napari_maxrf.recolouring import RecolouringTask
    from napari_maxrf.training import train

    if isinstance(pictures, Dataset):
        plan = plan_of_dataset(pictures, plan)
        palette_json = pictures.manifest.palette
        samples = yield from pairs_of_dataset(pictures, plan, embedder)
        facts: dict[str, Any] = dict(dataset_facts(pictures))
    else:
        palette = load_palette(plan.palette)
        palette_json = palette.to_json()
        samples = yield from prepare_pairs(
            pictures, validation, palette, plan, embedder, out
        )
        facts = {"pictures": said(pictures)}
    facts |= {"n_pictures": samples.n_train, "plan": plan_facts(plan)}
    if start_from is not None:
        facts["start_from"] = file_hash(start_from)
    task = RecolouringTask(
        samples,
        plan.recolouring,
        embedding_hash=embedder.model_hash,
        batch_size=plan.training.batch_size,
        seed=plan.training.seed,
        energy_axis=embedder.axis.to_json(),
        palette=palette_json,
        provenance=[ProcessStep("train recolouring", facts).to_json()],
        half=True,
        reference=samples.reference(),
        start_from=start_from,
    )
    result = yield from train(task, plan.training, out, resume=resume)
    return result.model_path


def pairs_of_dataset(
    dataset: Dataset, plan: RecolouringPlan, embedder: Embedder
) -> Steps[LatentPairs]:
    """Read pictures and pools of a data set that the same embedding has made."""
    train = yield from dataset.embedded("train")
    if dataset.manifest.embedding_hash != embedder.model_hash:
        raise TrainingError(
            f"{dataset.folder} was embedded by another model "
            f"({dataset.manifest.embedding_hash}) than the one given "
            f"({embedder.model_hash}). Give that model, or build the data set again."
        )
    judge = yield from dataset.embedded("validation")
    judge = some_pictures(*judge, plan.validation_pictures)
    return LatentPairs(LatentPools(*train), LatentPools(*judge))


def prepare_pairs(
    pictures: Path,
    validation: Path | None,
    palette: Palette,
    plan: RecolouringPlan,
    embedder: Embedder,
    cache: Path | None,
) -> Steps[LatentPairs]:
    """Cluster pictures and embed pools of their synthetic spectra."""
    paths = picture_paths(pictures, plan.max_pictures)
    if validation:
        judging = picture_paths(validation, plan.validation_pictures)
    else:
        judging = paths[::10][: plan.validation_pictures]
        paths = [path for path in paths if path not in set(judging)] or paths
    pools = []
    for stream, chosen in enumerate((paths, judging)):
        prepared = yield from prepare_pictures(
            chosen, palette, plan.synthesis, plan.size, cache
        )
        pools.append((yield from embed_pools(prepared, plan, embedder, stream, cache)))
    return LatentPairs(*pools)


def embed_pools(
    prepared: PreparedPictures,
    plan: RecolouringPlan,
    embedder: Embedder,
    stream: int,
    cache: Path | None = None,
) -> Steps[LatentPools]:
    """Draw and embed `plan.pool` spectra of every cluster of every picture."""
    key = content_hash(
        [
            prepared.names,
            plan.synthesis.to_json(),
            load_palette(plan.palette).content_hash,
            plan.size,
            plan.pool,
            stream,
            embedder.model_hash,
        ]
    )
    kept = cache / f"pools-{key}.npz" if cache else None
    if kept and kept.exists():
        with np.load(kept, allow_pickle=False) as held:
            return LatentPools(prepared, held["pools"])
    most = prepared.expected.shape[1]
    pools = np.zeros((len(prepared), most, plan.pool, 3), np.float32)
    for index in range(len(prepared)):
        clusters = prepared.clusters_of(index)
        pools[index, :clusters] = _pool(
            prepared.expected[index, :clusters],
            plan.pool,
            plan.synthesis,
            embedder,
            np.random.default_rng((plan.synthesis.seed, 11 + stream, index)),
        )
        if index % 10 == 0:
            yield Progress("Embedding spectra", index, len(prepared))
    if kept:
        with atomic_path(kept) as temporary:
            np.savez(temporary, pools=pools)
    return LatentPools(prepared, pools)


def _pool(
    expected: npt.NDArray[np.float32],
    pool: int,
    synthesis: SynthesisConfig,
    embedder: Embedder,
    rng: np.random.Generator,
) -> npt.NDArray[np.float32]:
    """Draw and embed `pool` spectra of each expected one, (clusters, pool, 3)."""
    clusters = np.repeat(np.arange(len(expected)), pool)
    latents = embedder.latents_of(draw(expected, clusters, synthesis, rng))
    return embedder.standardise(latents).reshape(len(expected), pool, 3)
