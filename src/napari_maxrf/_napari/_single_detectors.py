"""Layers > Visualize > MA-XRF > Open single detectors: what a scan was summed from.

Detectors that see the painting from two sides differ where its surface is uneven, and
one that fails spoils the sum.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from napari_maxrf._napari._background import start_job
from napari_maxrf._napari._facts import cube_of
from napari_maxrf._napari._layers import add_layers, channel_contrast, counts_layer
from napari_maxrf._napari._placement import Placement, placement_of
from napari_maxrf._napari._preview import file_of, look_after
from napari_maxrf.analysis._first_sight import glance
from napari_maxrf.errors import MaxrfError
from napari_maxrf.progress import Progress, Steps

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Layer

    from napari_maxrf._napari._layers import LayerData
    from napari_maxrf._napari._work import Job
    from napari_maxrf.cube import SpectralCube


def open_single_detectors() -> None:
    """Open each detector of the selected cube layer as a layer of its own."""
    from napari import current_viewer
    from napari.utils.notifications import show_warning

    viewer = current_viewer()
    scans = [layer for layer in viewer.layers.selection if cube_of(layer) is not None]
    if len(scans) != 1:
        show_warning("Select one MA-XRF cube layer first.")
        return
    try:
        open_detectors_of(viewer, scans[0])
    except MaxrfError as error:
        show_warning(str(error))


def open_detectors_of(viewer: ViewerModel, scan: Layer) -> Job:
    """Open each detector of a scan in a worker, and add the cubes above it.

    Raises
    ------
    MaxrfError
        The scan has no detectors to keep apart, or comes from no file.
    """
    cube, place = cube_of(scan), placement_of(scan)
    if cube is None or len(cube.detectors) < 2:
        raise MaxrfError(f"The file of “{scan.name}” does not tell detectors apart.")
    if file_of(cube) is None:
        raise MaxrfError(f"“{scan.name}” comes from no file to open again.")

    def show(layers: list[LayerData]) -> None:
        for layer in add_layers(viewer, layers):
            look_after(viewer, layer)

    return start_job(
        f"Opening detectors of {cube.name}",
        lambda: detector_layers_steps(cube, place),
        show,
    )


def detector_layers_steps(
    cube: SpectralCube, placement: Placement
) -> Steps[list[LayerData]]:
    """Open each detector of the file of `cube` as a hidden cube layer."""
    from napari_maxrf.io import cached_cube, open_cube

    layers, n = [], len(cube.detectors)
    for done, detector in enumerate(cube.detectors):
        yield Progress("Opening", done, n)
        one = open_cube(file_of(cube) or "", detector)
        one = replace(cached_cube(one) or one, name=f"{cube.name} {detector}")
        seen = glance(one)
        contrast = channel_contrast(seen.sum_image, seen.sum_spectrum)
        layers.append(counts_layer(one, contrast, placement))
    return layers
