"""Look after the layers of a scan that was opened, until they are removed.

napari calls a reader on its main thread and adds the layers itself. Whatever takes
time begins when they are there: the preview of a large scan becomes its sum image,
element maps join it, and fast views are offered. When the last layer of a scan goes,
its work stops and its file is let go, so that it can be renamed or deleted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from weakref import WeakSet

import numpy as np

from napari_maxrf._napari._background import start_job
from napari_maxrf._napari._energy_readout import tell_energy
from napari_maxrf._napari._facts import LayerFacts, facts_of
from napari_maxrf._napari._layers import (
    PREVIEW_WORD,
    contrast_of,
    map_layer,
    placement_of,
    sum_layer,
)
from napari_maxrf._napari._packing import offer_packing
from napari_maxrf._napari._settings import preferred_maps
from napari_maxrf.analysis._first_sight import FirstSight, first_sight_steps

if TYPE_CHECKING:
    from collections.abc import Iterable

    from napari.components import ViewerModel
    from napari.layers import Image, Layer

    from napari_maxrf._napari._layers import LayerData
    from napari_maxrf._napari._work import Job
    from napari_maxrf.cube import SpectralCube


def look_after_when_added(viewer: ViewerModel, found: Iterable[LayerData]) -> None:
    """Look after layers as soon as napari has added them to `viewer`."""
    facts = (keywords.get("metadata", {}).get("maxrf") for _, keywords, _ in found)
    waiting: WeakSet[LayerFacts] = WeakSet(
        one for one in facts if isinstance(one, LayerFacts) and one.cube is not None
    )
    inserted = viewer.layers.events.inserted

    def take(event: Any) -> None:
        layer, known = event.value, facts_of(event.value)
        if known is not None and known in waiting:
            waiting.discard(known)
            look_after(viewer, layer)
        if not waiting:
            inserted.disconnect(take)

    if waiting:
        inserted.connect(take)


def look_after(viewer: ViewerModel, layer: Layer) -> Job | None:
    """Do for one layer of ours what is to be done once it is there.

    Returns
    -------
    Job or None
        The work that completes a preview.
    """
    facts = facts_of(layer)
    if facts is None or facts.cube is None:
        return None
    if facts.kind == "cube":
        tell_energy(viewer, layer)
        let_go_when_removed(viewer, facts.cube)
        offer_packing(viewer, facts.cube)
    return finish_preview(viewer, layer, facts.cube) if facts.preview else None


def finish_preview(viewer: ViewerModel, preview: Image, cube: SpectralCube) -> Job:
    """Complete the preview of `cube` in a worker; see `show_sight`.

    The work stops when no layer of the scan is left.
    """
    n_maps = preferred_maps()
    job = start_job(
        f"Reading {cube.name}",
        lambda: first_sight_steps(cube, n_maps),
        lambda sight: show_sight(viewer, preview, sight),
    )
    stop_when_removed(viewer, cube, job)
    return job


def show_sight(viewer: ViewerModel, preview: Image, sight: FirstSight) -> None:
    """Turn a preview into the sum image and put element maps above it.

    Name and contrast are left alone where the user has changed them. Nothing is
    shown if the preview was removed.
    """
    facts = facts_of(preview)
    if preview not in viewer.layers or facts is None or facts.cube is None:
        return
    where = placement_of(preview)
    _complete(preview, sum_layer(facts.cube, sight.sum_image, where))
    chosen = set(viewer.layers.selection)
    above = viewer.layers.index(preview) + 1
    for rank, one in enumerate(sight.maps):
        added = _made(map_layer(facts.cube, one, rank, where))
        viewer.layers.insert(above + rank, added)
    viewer.layers.selection = chosen
    if sight.maps:
        preview.visible = False


def _complete(preview: Image, layer: LayerData) -> None:
    image, keywords, _ = layer
    untouched = np.allclose(preview.contrast_limits, contrast_of(preview.data))
    preview.data = image
    preview.metadata = {**preview.metadata, **keywords["metadata"]}
    preview.name = preview.name.replace(PREVIEW_WORD, "")
    if untouched:
        preview.contrast_limits_range = keywords["contrast_limits"]
        preview.contrast_limits = keywords["contrast_limits"]


def _made(layer: LayerData) -> Layer:
    from napari.layers import Layer

    return Layer.create(*layer)


def stop_when_removed(viewer: ViewerModel, cube: SpectralCube, job: Job) -> None:
    """Cancel work when the last layer made from a scan is removed."""
    removed = viewer.layers.events.removed

    def look(event: Any) -> None:
        if not layers_of(viewer, cube):
            job.cancel()

    def end() -> None:
        removed.disconnect(look)
        # The work may have opened the file once more after it was let go.
        let_go_unless_shown(viewer, cube)

    removed.connect(look)
    job.ended.connect(end)


def let_go_when_removed(viewer: ViewerModel, cube: SpectralCube) -> None:
    """Close the file of a scan when the last layer made from it is removed.

    A dock that still asks for a spectrum opens it again.
    """
    removed = viewer.layers.events.removed

    def look(event: Any) -> None:
        if let_go_unless_shown(viewer, cube):
            removed.disconnect(look)

    removed.connect(look)


def let_go_unless_shown(viewer: ViewerModel, cube: SpectralCube) -> bool:
    """Close the file of a scan unless a layer shows it; tell whether none does."""
    from napari_maxrf.io import release

    if layers_of(viewer, cube):
        return False
    path = file_of(cube)
    if path is not None:
        release(path)
    return True


def layers_of(viewer: ViewerModel, cube: SpectralCube) -> list[Layer]:
    """Return the layers that show `cube` or something made from it."""
    return [
        layer
        for layer in viewer.layers
        if (facts := facts_of(layer)) is not None
        and facts.cube is not None
        and _same_counts(facts.cube, cube)
    ]


def _same_counts(one: SpectralCube, other: SpectralCube) -> bool:
    """Tell whether two scans are one, perhaps packed or calibrated anew."""
    path = file_of(one)
    return one.counts.name == other.counts.name or (
        path is not None and path == file_of(other)
    )


def file_of(cube: SpectralCube) -> str | None:
    """Return the path from which a scan was opened, or None."""
    path = cube.metadata.get("file")
    return path if isinstance(path, str) else None
