"""File > IO utilities > Save MA-XRF cube: like the writer, but not blocking."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from napari_maxrf._napari._background import start_job
from napari_maxrf._napari._facts import cube_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari.viewer import ViewerModel

    from napari_maxrf._napari._work import Job
    from napari_maxrf.cube import SpectralCube


def save_selected_cube() -> None:
    """Ask where to save the cube of the selected layer, and save it."""
    from napari import current_viewer
    from napari.utils.notifications import show_info, show_warning
    from qtpy.QtWidgets import QFileDialog

    cube = selected_cube(current_viewer())
    if cube is None:
        show_warning("Select one MA-XRF cube layer first.")
        return
    path, _ = QFileDialog.getSaveFileName(
        None, "Save MA-XRF cube", f"{cube.name}.maxrf", "MA-XRF cube (*.maxrf)"
    )
    if path:
        save_in_background(cube, path, lambda: show_info(f"Saved {path}."))


def selected_cube(viewer: ViewerModel) -> SpectralCube | None:
    """Return the one cube among the selected layers, or None."""
    cubes = [cube for layer in viewer.layers.selection if (cube := cube_of(layer))]
    return cubes[0] if len(cubes) == 1 else None


def save_in_background(
    cube: SpectralCube, path: str, finished: Callable[[], object]
) -> Job:
    """Write `cube` in a worker."""
    from napari_maxrf.io import save_cube_steps

    return start_job(
        f"Saving {Path(path).name}",
        lambda: save_cube_steps(cube, path),
        lambda _: finished(),
    )
