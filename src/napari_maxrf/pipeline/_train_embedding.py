"""Train the embedding on the spectra of pictures or of open scans."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from napari_maxrf.datasets._open import Dataset
from napari_maxrf.datasets._places import picture_paths
from napari_maxrf.errors import TrainingError
from napari_maxrf.pigments import Palette, load_palette
from napari_maxrf.pipeline._from_dataset import dataset_facts, plan_of_dataset
from napari_maxrf.pipeline._prepared import prepare_pictures
from napari_maxrf.progress import Progress, Steps
from napari_maxrf.provenance import ProcessStep
from napari_maxrf.synthesis import SynthesisConfig, sample_spectra

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_maxrf.cube import SpectralCube
    from napari_maxrf.datasets._prepared import PreparedPictures
    from napari_maxrf.pipeline._plans import EmbeddingPlan, PicturePlan

Spectra = npt.NDArray[Any]
HELD_OUT = 10
"""One picture or block of pixels in this many is held out where the user names
no validation pictures."""
MOST_SPECTRA_OF_A_SCAN = 500_000


def train_embedding_steps(
    sources: Path | Dataset | Sequence[SpectralCube],
    out: Path,
    plan: EmbeddingPlan,
    *,
    validation: Path | None = None,
    resume: bool = False,
) -> Steps[Path]:
    """Train the embedding and write its model file.

    Parameters
    ----------
    sources : path, Dataset or sequence of SpectralCube
        Folder of pictures to synthesise scans of, a data set of spectra or cubes
        (whose settings then stand in the plan), or scans.
    out : path
        Folder for the model, its log, its curves and the checkpoint.
    plan : EmbeddingPlan
        Palette, synthesis, network and schedule.
    validation : path, optional
        Folder of pictures that only judge; every tenth of `sources` if None. A
        data set has its own.
    resume : bool
        Go on from the checkpoint in `out`.

    Returns
    -------
    path
        The model file, ``out/model.safetensors``.

    Raises
    ------
    TrainingError
        There is too little to train on, or the checkpoint is of another plan.
    """
    from napari_maxrf.embedding import EmbeddingTask
    from napari_maxrf.training import train

    if isinstance(sources, Dataset):
        plan = plan_of_dataset(sources, plan)
        spectra = yield from _spectra_of_dataset(sources, plan)
        palette_json = sources.manifest.palette
        facts: dict[str, Any] = dict(dataset_facts(sources))
    elif isinstance(sources, Path):
        palette = load_palette(plan.palette)
        palette_json = palette.to_json()
        spectra = yield from _spectra_of_pictures(
            sources, validation, palette, plan, out
        )
        facts = {"pictures": said(sources)}
    else:
        palette_json = load_palette(plan.palette).to_json()
        spectra = yield from _spectra_of_scans(sources, plan)
        facts = {"scans": [cube.name for cube in sources]}
    facts |= {"spectra": len(spectra[0]), "plan": plan_facts(plan)}
    if len(spectra[0]) < plan.training.batch_size:
        raise TrainingError(
            f"{len(spectra[0])} spectra are too few for batches of "
            f"{plan.training.batch_size}. Add pictures or lower the batch size."
        )
    task = EmbeddingTask(
        *spectra,
        config=plan.embedding,
        palette_json=palette_json,
        provenance=[ProcessStep("train embedding", facts).to_json()],
        training=plan.training,
    )
    result = yield from train(task, plan.training, out, resume=resume)
    return result.model_path


def _spectra_of_dataset(
    dataset: Dataset, plan: EmbeddingPlan
) -> Steps[tuple[Spectra, Spectra]]:
    """Read what a data set holds to train and to judge."""
    if dataset.config.kind != "cubes":
        train = yield from dataset.spectra("train")
        return train, (yield from dataset.spectra("validation"))
    read = []
    for part in ("train", "validation"):
        rows = yield from _spectra_of_scans(dataset.cubes(part), plan)
        read.append(np.concatenate(rows))
    return read[0], read[1]


def _spectra_of_pictures(
    pictures: Path,
    validation: Path | None,
    palette: Palette,
    plan: EmbeddingPlan,
    out: Path,
) -> Steps[tuple[Spectra, Spectra]]:
    """Draw spectra of random pixels of synthetic scans, to train and to judge."""
    paths = picture_paths(pictures, plan.max_pictures)
    judging = picture_paths(validation, 48) if validation else paths[::HELD_OUT]
    if not validation:
        paths = [path for path in paths if path not in set(judging)] or paths
    drawn = []
    for part, chosen in enumerate((paths, judging)):
        prepared = yield from prepare_pictures(
            chosen, palette, plan.synthesis, plan.size, out
        )
        drawn.append(
            (
                yield from draw_spectra(
                    prepared, plan.spectra_per_picture, plan.synthesis, part
                )
            )
        )
    return drawn[0], drawn[1]


def draw_spectra(
    prepared: PreparedPictures,
    per_picture: int,
    synthesis: SynthesisConfig,
    stream: int,
) -> Steps[Spectra]:
    """Draw the spectra of `per_picture` random pixels of every picture.

    Returns
    -------
    ndarray of unsigned int, shape (len(prepared) * per_picture, n_bins)
        Counts. `stream` separates the random numbers of several sets.
    """
    spectra: Spectra | None = None
    for index in range(len(prepared)):
        rng = np.random.default_rng((synthesis.seed, 1 + stream, index))
        pixels = rng.choice(prepared.labels[index].ravel(), per_picture)
        drawn = draw(prepared.expected[index], pixels, synthesis, rng)
        if spectra is None:
            spectra = np.empty((len(prepared), *drawn.shape), drawn.dtype)
        spectra[index] = drawn
        if index % 20 == 0:
            yield Progress("Drawing spectra", index, len(prepared))
    assert spectra is not None  # noqa: S101 - there is at least one picture
    return spectra.reshape(-1, synthesis.n_bins)


def draw(
    expected: npt.NDArray[np.float32],
    cluster_of: npt.NDArray[Any],
    synthesis: SynthesisConfig,
    rng: np.random.Generator,
) -> Spectra:
    """Draw one spectrum for each entry of `cluster_of`."""
    return sample_spectra(
        expected,
        cluster_of.astype(np.int64),
        synthesis.counts,
        seed=int(rng.integers(2**62)),
        mode=synthesis.counts_mode,
        counts_high=synthesis.counts_high,
    )


def _spectra_of_scans(
    cubes: Sequence[SpectralCube], plan: EmbeddingPlan
) -> Steps[tuple[Spectra, Spectra]]:
    """Collect pixels of scans on the model's axis; every tenth row judges."""
    train: list[Spectra] = []
    judge: list[Spectra] = []
    most = max(1, MOST_SPECTRA_OF_A_SCAN // max(1, len(cubes)))
    for done, cube in enumerate(cubes):
        yield Progress("Reading spectra", done, len(cubes))
        rebinned = cube.rebin(plan.embedding.axis)
        every = max(1, -(-cube.shape[0] * cube.shape[1] // most))
        rows = np.arange(cube.shape[0])
        held = rows % HELD_OUT == HELD_OUT // 2
        for chosen, kept in ((~held, train), (held, judge)):
            if chosen.any():
                block = rebinned.counts[rows[chosen]].compute()
                kept.append(block.reshape(-1, block.shape[2])[::every])
    if not train:
        raise TrainingError("The scans hold no spectra to train on.")
    return np.concatenate(train), np.concatenate(judge or train)


def said(folder: Path) -> str:
    """Name a folder of pictures without the path that leads to it."""
    return "/".join(folder.resolve().parts[-2:])


def plan_facts(plan: PicturePlan) -> dict[str, Any]:
    """Return a plan as JSON, without its schedule.

    The training itself records its schedule, of which length and time may be
    raised when it is resumed.
    """
    return plan.model_dump(mode="json", exclude={"training"})
