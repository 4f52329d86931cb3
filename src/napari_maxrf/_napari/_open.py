"""File > IO utilities > Open MA-XRF cube: our reader, whatever the suffix.

napari's own reader claims ``*.h5`` too, so that opening one raises its reader
chooser. This command reads with ours, in the background.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from napari_maxrf._napari._background import start_job
from napari_maxrf._napari._layers import add_layers
from napari_maxrf._napari._reader import read_steps
from napari_maxrf._napari._settings import preferred_maps

if TYPE_CHECKING:
    from napari.viewer import ViewerModel

    from napari_maxrf._napari._work import Job

FILTER = "MA-XRF scans (*.maxrf *.h5 *.hdf5);;All files (*)"


def open_cubes() -> None:
    """Ask for files and open them in the current viewer."""
    from napari import current_viewer
    from qtpy.QtWidgets import QFileDialog

    viewer = current_viewer()
    paths, _ = QFileDialog.getOpenFileNames(None, "Open MA-XRF cube", "", FILTER)
    for path in paths:
        open_in_background(viewer, path)


def open_in_background(viewer: ViewerModel, path: str) -> Job:
    """Read one file in a worker and add its layers when done."""
    n_maps = preferred_maps()
    return start_job(
        f"Opening {Path(path).name}",
        lambda: read_steps(path, n_maps),
        lambda layers: add_layers(viewer, layers),
    )
