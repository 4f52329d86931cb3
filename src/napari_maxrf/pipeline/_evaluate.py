"""Score the whole pipeline on pictures, beside the baselines a reader asks for.

Every figure is measured against the original picture, not the clustered one,
so that the loss of detail in colour clustering counts too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from napari_maxrf.datasets._prepared import square_picture
from napari_maxrf.errors import ModelError, PictureError
from napari_maxrf.progress import Progress, Steps
from napari_maxrf.synthesis import SynthesisConfig, synthesise

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from napari_maxrf.embedding import EmbeddedImage, Embedder
    from napari_maxrf.pigments import Palette
    from napari_maxrf.recolouring import Recolourer

Picture = npt.NDArray[np.float32]
METHODS = ("recoloured", "nearest_neighbour", "clustered")
METRICS = ("ms_ssim", "uqi", "ciede2000", "compuphase")


@dataclass(frozen=True)
class Evaluation:
    """Scores of every picture.

    Attributes
    ----------
    settings : dict
        Palette, synthesis, size and models.
    scores : dict of str to list of dict
        For each method the metrics of each picture, in the order of `names`.
    names : tuple of str
        Pictures that were scored.
    skipped : tuple of str
        One line for every picture that could not be read.
    """

    settings: dict[str, Any]
    scores: dict[str, list[dict[str, float]]]
    names: tuple[str, ...]
    skipped: tuple[str, ...]

    def means(self, method: str) -> dict[str, float]:
        """Average each metric of `method` over the pictures."""
        rows = self.scores[method]
        return {
            metric: float(np.mean([row[metric] for row in rows])) for metric in METRICS
        }

    def to_json(self) -> dict[str, Any]:
        """Return what ``napari-maxrf evaluate --json`` prints."""
        return {
            "pictures": len(self.names),
            "settings": self.settings,
            **{method: self.means(method) for method in METHODS},
            "skipped": list(self.skipped),
        }


class NearestNeighbour:
    """Colour of the training pixel whose latents are nearest: the baseline.

    Parameters
    ----------
    recolourer : Recolourer
        Model whose file holds latents and colours of training pixels.
    """

    def __init__(self, recolourer: Recolourer) -> None:
        from scipy.spatial import cKDTree

        reference = recolourer.reference
        if reference is None:
            raise ModelError(
                "The recolouring model holds no reference pixels for the "
                "nearest-neighbour baseline. Train it with this version."
            )
        latents, self._colours = reference
        self._tree = cKDTree(latents)

    def recolour(self, embedded: EmbeddedImage) -> Picture:
        """Look every pixel up, shape (y, x, 3)."""
        latents = embedded.standardised()
        _, nearest = self._tree.query(latents.reshape(-1, 3))
        return np.asarray(self._colours[nearest].reshape(latents.shape))


def evaluate_steps(
    paths: Sequence[Path],
    palette: Palette,
    synthesis: SynthesisConfig,
    embedder: Embedder,
    recolourer: Recolourer,
    size: int = 256,
) -> Steps[Evaluation]:
    """Synthesise, embed and recolour pictures, and compare with the originals.

    Parameters
    ----------
    paths : sequence of paths
        Pictures; one that cannot be read is skipped and named.
    palette, synthesis : Palette, SynthesisConfig
        How pictures become scans.
    embedder, recolourer : Embedder, Recolourer
        The models to judge.
    size : int
        Side of the square cut from each picture; 176 or more for MS-SSIM.

    Returns
    -------
    Evaluation
        With the yielded progress counting pictures.

    Raises
    ------
    PictureError
        No picture can be read.
    ModelError
        The models do not belong together.
    """
    baseline = NearestNeighbour(recolourer)
    scores: dict[str, list[dict[str, float]]] = {method: [] for method in METHODS}
    names, skipped = [], []
    for done, path in enumerate(paths):
        yield Progress("Evaluating", done, len(paths))
        try:
            original = square_picture(path, size)
        except PictureError as error:
            skipped.append(str(error))
            continue
        pictures = _predictions(
            original, palette, synthesis, embedder, recolourer, baseline
        )
        for method, picture in pictures.items():
            scores[method].append(_score(picture, original))
        names.append(path.name)
    if not names:
        raise PictureError(f"No picture can be read. {skipped[0] if skipped else ''}")
    settings = {
        "palette": palette.id,
        "size": size,
        "synthesis": synthesis.to_json(),
        "embedding": embedder.model_hash,
        "recolouring": recolourer.model_hash,
    }
    return Evaluation(settings, scores, tuple(names), tuple(skipped))


def _predictions(
    original: Picture,
    palette: Palette,
    synthesis: SynthesisConfig,
    embedder: Embedder,
    recolourer: Recolourer,
    baseline: NearestNeighbour,
) -> dict[str, Picture]:
    synthetic = synthesise(original, palette, synthesis)
    embedded = embedder.embed(synthetic.cube)
    return {
        "recoloured": recolourer.recolour(embedded),
        "nearest_neighbour": baseline.recolour(embedded),
        "clustered": synthetic.clusters.picture(),
    }


def _score(picture: Picture, original: Picture) -> dict[str, float]:
    from napari_maxrf.recolouring import picture_metrics

    metrics = picture_metrics(picture, original)
    return {name: float(metrics[name]) for name in METRICS}
