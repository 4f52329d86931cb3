"""Start napari from the command line, with files or with the demo's results."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_maxrf._napari._layers import (
    add_layers,
    clustered_layer,
    cube_layers,
    difference_layer,
    embedding_layer,
    recoloured_layer,
)
from napari_maxrf._napari._placement import pixel_placement
from napari_maxrf.errors import MaxrfError
from napari_maxrf.io import open_cube, recognise
from napari_maxrf.provenance import ProcessStep

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from napari.layers import Layer
    from napari.viewer import ViewerModel

    from napari_maxrf.pipeline import DemoResult

WINDOW_SIZE = 1500, 940
DEMO_MAPS = 2


def open_in_napari(paths: Sequence[Path]) -> None:
    """Start napari, open `paths`, and stay until the window is closed.

    Raises
    ------
    MaxrfError
        A path does not exist.
    """
    import napari

    missing = [str(path) for path in paths if not path.exists()]
    if missing:
        raise MaxrfError(f"{', '.join(missing)} does not exist.")
    viewer = napari.Viewer()
    for path in paths:
        ours = recognise(path) is not None
        viewer.open(str(path), plugin="napari-maxrf" if ours else "napari")
    napari.run()


def show_demo(result: DemoResult, screenshot: Path, stay: bool) -> None:
    """Open the demo's results in a napari window and take a picture of it.

    Parameters
    ----------
    result : DemoResult
        What the demo made.
    screenshot : path
        Where the picture of the window goes.
    stay : bool
        Keep the window open until the user closes it.
    """
    import napari
    from qtpy.QtWidgets import QApplication

    viewer = napari.Viewer(title=f"{result.name} - napari-maxrf demo")
    viewer.window.resize(*WINDOW_SIZE)
    add_demo_layers(viewer, result)
    compare_side_by_side(viewer)
    for _ in range(5):
        QApplication.processEvents()
    screenshot.parent.mkdir(parents=True, exist_ok=True)
    viewer.screenshot(str(screenshot), canvas_only=False, flash=False)
    if stay:
        napari.run()
    else:
        viewer.close()


def add_demo_layers(viewer: ViewerModel, result: DemoResult) -> list[Layer]:
    """Add every stage of the demo as a layer, the original lowest."""
    cube = open_cube(result.cube_path)
    place = pixel_placement(cube.pixel_size_mm)
    original = viewer.add_image(
        result.original,
        name=f"{result.name} original",
        rgb=True,
        contrast_limits=(0.0, 1.0),
        **place,
    )
    step = ProcessStep("recolour", dict(result.report["models"]))
    provenance = (*result.embedded.provenance, step)
    layers = [
        *cube_layers(cube, place, DEMO_MAPS),
        clustered_layer(result.synthesis, place),
        embedding_layer(result.embedded, place, cube),
        difference_layer(
            result.difference, f"{result.name} difference (CIEDE2000)", place
        ),
        recoloured_layer(result.recoloured, result.embedded, place, provenance),
    ]
    return [original, *add_layers(viewer, layers)]


def compare_side_by_side(viewer: ViewerModel) -> None:
    """Show each map and picture in a cell of its own, without cube and sum."""
    for layer in viewer.layers:
        layer.visible = layer.ndim == 2 and not layer.name.endswith("sum image")
    viewer.canvas.grid.enabled = True
    viewer.reset_view()
