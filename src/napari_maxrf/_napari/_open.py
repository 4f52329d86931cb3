"""File > IO utilities > Open MA-XRF cube: our readers, whatever the suffix.

napari's own reader claims ``*.h5``, ``*.raw`` and others too, so that opening one
raises its reader chooser. These commands read with ours, in the background, and ask
where a file does not tell its layout.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from napari_maxrf._napari._background import start_job
from napari_maxrf._napari._layers import add_layers
from napari_maxrf._napari._layout_dialog import ask_layout
from napari_maxrf._napari._preview import look_after
from napari_maxrf._napari._reader import read_steps
from napari_maxrf._napari._settings import preferred_maps

if TYPE_CHECKING:
    from napari.viewer import ViewerModel

    from napari_maxrf._napari._layers import LayerData
    from napari_maxrf._napari._work import Job
    from napari_maxrf.io import ReadOptions, UnknownLayoutError
    from napari_maxrf.progress import Steps

FOLDER_WORDS = "Open MA-XRF folder"


@dataclass(frozen=True)
class Question:
    """What has to be asked before a file can be read."""

    path: str
    error: UnknownLayoutError


def open_cubes() -> None:
    """Ask for files and open them in the current viewer."""
    from napari import current_viewer
    from qtpy.QtWidgets import QFileDialog

    viewer = current_viewer()
    paths, _ = QFileDialog.getOpenFileNames(None, "Open MA-XRF cube", "", file_filter())
    for path in paths:
        open_in_background(viewer, path)


def open_folder() -> None:
    """Ask for a folder with a file for each pixel, and open it."""
    from napari import current_viewer
    from qtpy.QtWidgets import QFileDialog

    path = QFileDialog.getExistingDirectory(None, FOLDER_WORDS)
    if path:
        open_in_background(current_viewer(), path)


def file_filter() -> str:
    """List the usual suffixes of all formats, for a file dialog."""
    from napari_maxrf.io import FORMATS, MAP_FORMATS

    kinds = (*FORMATS, *MAP_FORMATS)
    suffixes = dict.fromkeys(suffix for kind in kinds for suffix in kind.suffixes)
    return f"MA-XRF scans ({' '.join(f'*{s}' for s in suffixes)});;All files (*)"


def open_in_background(
    viewer: ViewerModel, path: str, options: ReadOptions | None = None
) -> Job:
    """Read one file in a worker and add its layers when done.

    A large scan is added as a preview, which another worker completes.
    """
    n_maps = preferred_maps()

    def read() -> Steps[list[LayerData] | Question]:
        from napari_maxrf.io import UnknownLayoutError

        try:
            return (yield from read_steps(path, n_maps, options, preview=True))
        except UnknownLayoutError as error:
            return Question(path, error)

    def show(found: list[LayerData] | Question) -> None:
        if isinstance(found, Question):
            ask_and_open(viewer, found)
        else:
            for layer in add_layers(viewer, found):
                look_after(viewer, layer)

    return start_job(f"Opening {Path(path).name}", read, show)


def ask_and_open(viewer: ViewerModel, question: Question) -> Job | None:
    """Ask for the layout of a file and, unless that is refused, open it."""
    options = ask_layout(question.path, question.error)
    return open_in_background(viewer, question.path, options) if options else None
