"""The main job on one picture: paint, scan, embedding and recoloured picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from napari_maxrf._files import write_json
from napari_maxrf.pictures import load_picture
from napari_maxrf.pipeline._evaluate import METRICS
from napari_maxrf.pipeline._stages import StageClock
from napari_maxrf.synthesis import Synthesis, SynthesisConfig, synthesise_steps

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from napari_maxrf.analysis import ElementMap
    from napari_maxrf.embedding import EmbeddedImage, Embedder
    from napari_maxrf.pigments import Palette
    from napari_maxrf.progress import Steps
    from napari_maxrf.recolouring import Recolourer

Picture = npt.NDArray[np.float32]


@dataclass(frozen=True)
class DemoResult:
    """Everything that the demo made of a picture.

    Attributes
    ----------
    original, recoloured : ndarray of float32, shape (y, x, 3)
        The picture and what the scan predicts for it.
    synthesis : Synthesis
        Colour clusters and synthetic scan; its cube is read from `cube_path`.
    embedded : EmbeddedImage
        Latents of the scan.
    maps : list of ElementMap
        Maps of the elements with the strongest signal.
    difference : ndarray of float32, shape (y, x)
        CIEDE2000 between original and recoloured.
    sum_spectrum : ndarray, shape (energy,)
        Counts of the whole scan.
    report : dict
        What ``metrics.json`` holds.
    """

    name: str
    original: Picture
    synthesis: Synthesis
    embedded: EmbeddedImage
    recoloured: Picture
    maps: list[ElementMap]
    difference: npt.NDArray[np.float32]
    sum_spectrum: npt.NDArray[np.float64]
    report: Mapping[str, Any]
    cube_path: Path


def demo_steps(
    picture: Path,
    out: Path,
    palette: Palette,
    synthesis: SynthesisConfig,
    embedder: Embedder,
    recolourer: Recolourer,
    max_side: int = 512,
) -> Steps[DemoResult]:
    """Run the whole pipeline on one picture and write what it makes.

    Parameters
    ----------
    picture : path
        Any picture; it is scaled down so that its longer side is `max_side`.
    out : path
        Folder for ``NAME.maxrf``, ``montage.png``, ``recoloured.png`` and
        ``metrics.json``.
    palette, synthesis : Palette, SynthesisConfig
        How the picture becomes a scan.
    embedder, recolourer : Embedder, Recolourer
        The models.
    max_side : int
        Longest side in pixels.

    Returns
    -------
    DemoResult

    Raises
    ------
    MaxrfError
        The picture cannot be read, the models do not belong together, or the
        results cannot be written.
    """
    from napari_maxrf.analysis import element_maps, strongest_elements
    from napari_maxrf.io import open_cube, save_cube_steps
    from napari_maxrf.pictures import save_picture
    from napari_maxrf.pipeline._montage import montage
    from napari_maxrf.recolouring import colour_difference_map

    clock = StageClock()
    name = picture.stem
    with clock.stage("read"):
        original = load_picture(picture, max_side)
    with clock.stage("synthesise"):
        synthetic = yield from synthesise_steps(original, palette, synthesis, name)
        cube_path = out / f"{name}.maxrf"
        yield from save_cube_steps(synthetic.cube, cube_path)
        cube = open_cube(cube_path)
    with clock.stage("maps"):
        total = cube.sum_spectrum()
        maps = element_maps(cube, strongest_elements(cube, 4))
    with clock.stage("embed"):
        embedded = yield from embedder.embed_steps(cube)
    with clock.stage("recolour"):
        recoloured = yield from recolourer.recolour_steps(embedded)
    with clock.stage("compare"):
        difference = colour_difference_map(recoloured, original)
        scores = _scores(recoloured, synthetic, original)
    facts = {
        "stages": clock.stages,
        "picture": {"name": picture.name, "shape": list(original.shape)},
        "palette": palette.id,
        "synthesis": synthesis.to_json(),
        "models": _models(embedder, recolourer),
    }
    report = scores | facts
    result = DemoResult(
        name,
        original,
        synthetic,
        embedded,
        recoloured,
        maps,
        difference,
        total,
        report,
        cube_path,
    )
    with clock.stage("montage"):
        montage(result, out / "montage.png")
        save_picture(out / "recoloured.png", recoloured)
    write_json(out / "metrics.json", report)
    return result


def _scores(
    recoloured: Picture, synthetic: Synthesis, original: Picture
) -> dict[str, Any]:
    """Score the recoloured picture, and the clustered one for scale."""
    from napari_maxrf.recolouring import picture_metrics

    metrics = picture_metrics(recoloured, original)
    return {
        **{name: metrics[name] for name in METRICS},
        "clustered": picture_metrics(synthetic.clusters.picture(), original),
        "note": metrics.get("note"),
    }


def _models(embedder: Embedder, recolourer: Recolourer) -> dict[str, str]:
    return {
        "embedding": embedder.model_hash,
        "recolouring": recolourer.model_hash,
        "network": recolourer.header["config"]["network"],
    }
