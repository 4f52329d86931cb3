"""What the widgets have done in a worker: core steps, then layer data.

Each function is a generator that runs in the worker's thread and returns what
the main thread needs to add layers. Here, and not before, torch is imported.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_maxrf._napari._layers import (
    LayerData,
    clustered_layer,
    cube_layers_steps,
    embedding_layer,
    recoloured_layer,
)
from napari_maxrf.progress import Progress, Steps
from napari_maxrf.provenance import ProcessStep

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from napari_maxrf._napari._placement import Placement
    from napari_maxrf.cube import SpectralCube
    from napari_maxrf.embedding import EmbeddedImage, Embedder
    from napari_maxrf.pigments import Palette
    from napari_maxrf.synthesis import SynthesisConfig

LARGEST_HELD = 2**30
"""Bytes up to which the photons of a synthetic cube are drawn once and kept."""


@dataclass(frozen=True)
class Outcome:
    """Layers to add, and a line about them.

    Attributes
    ----------
    layers : list of layer data
        In the order of adding.
    words : str
        What a user should know of them.
    """

    layers: list[LayerData]
    words: str


@dataclass(frozen=True)
class Models:
    """Which model files to use, None for the default ones, and where to run them."""

    embedding: Path | None = None
    recolouring: Path | None = None
    device: str = "auto"


def synthesise_chain(
    data: Any,
    palette: Palette,
    config: SynthesisConfig,
    name: str,
    placement: Placement,
    n_maps: int,
) -> Steps[Outcome]:
    """Make a synthetic scan of the pixels of a layer, and the layers to show it."""
    from napari_maxrf.pictures import as_picture
    from napari_maxrf.synthesis import synthesise_steps

    yield Progress("Reading the picture", 0, 0)
    picture = as_picture(data)
    made = yield from synthesise_steps(picture, palette, config, name)
    cube = yield from held_steps(made.cube)
    layers = yield from cube_layers_steps(cube, placement, n_maps)
    colours, pigments = len(made.clusters.colours), len(palette.pigments)
    words = (
        f"Synthetic scan of {colours} colours mixed from {pigments} "
        f"pigment{'s' * (pigments != 1)}."
    )
    return Outcome([clustered_layer(made, placement), *layers], words)


def held_steps(cube: SpectralCube) -> Steps[SpectralCube]:
    """Draw all photons of a small cube now, so that browsing it is quick.

    The counts are the same either way; a cube above `LARGEST_HELD` bytes stays
    lazy and draws them block by block when they are looked at.
    """
    import dask.array as da

    if cube.counts.nbytes > LARGEST_HELD:
        return cube
    counts = np.empty(cube.shape, cube.counts.dtype)
    rows = cube.shape[0]
    top = 0
    for height in cube.counts.chunks[0]:
        yield Progress("Drawing photons", top, rows)
        counts[top : top + height] = cube.counts[top : top + height].compute()
        top += height
    return replace(cube, counts=da.from_array(counts, chunks=cube.counts.chunksize))


def embed_chain(
    cube: SpectralCube, models: Models, placement: Placement
) -> Steps[Outcome]:
    """Embed a cube, and make the layer that shows it."""
    embedded = yield from _embed(cube, models)
    words = embedded.warning or "Three latents shown as red, green and blue."
    return Outcome([embedding_layer(embedded, placement, cube)], words)


def recolour_chain(
    source: SpectralCube | EmbeddedImage, models: Models, placement: Placement
) -> Steps[Outcome]:
    """Recolour an embedding, or a cube by way of its embedding."""
    from napari_maxrf.cube import SpectralCube

    layers: list[LayerData] = []
    if isinstance(source, SpectralCube):
        embedded = yield from _embed(source, models)
        layers.append(embedding_layer(embedded, placement, source))
    else:
        embedded = source
    rgb, step, caution = yield from _recolour(embedded, models)
    provenance = (*embedded.provenance, step)
    layers.append(recoloured_layer(rgb, embedded, placement, provenance))
    words = caution or "Colours predicted from the scan alone."
    return Outcome(layers, words)


def _embed(cube: SpectralCube, models: Models) -> Steps[EmbeddedImage]:
    embedder = yield from load_embedder_steps(models)
    return (yield from embedder.embed_steps(cube))


def load_embedder_steps(models: Models) -> Steps[Embedder]:
    """Import torch and load the embedding model."""
    yield from _import_torch()
    from napari_maxrf.embedding import load_embedder

    return load_embedder(models.embedding, device=models.device)


def _recolour(
    embedded: EmbeddedImage, models: Models
) -> Steps[tuple[Any, ProcessStep, str | None]]:
    """Return the colours, the step that made them, and a word of caution."""
    yield from _import_torch()
    from napari_maxrf.recolouring import load_recolourer

    recolourer = load_recolourer(models.recolouring, device=models.device)
    rgb = yield from recolourer.recolour_steps(embedded)
    step = ProcessStep("recolour", {"model": recolourer.model_hash})
    return rgb, step, recolourer.caution(embedded)


def _import_torch() -> Steps[None]:
    from napari_maxrf.training import import_torch

    yield Progress("Loading torch and the model", 0, 0)
    import_torch()


def train_chain(
    train: Callable[[], Steps[Path]],
) -> Steps[Path]:
    """Import torch, then train."""
    yield from _import_torch()
    return (yield from train())
