"""The reader that napari calls, for files whose content is a scan of ours."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from napari_maxrf._napari._file_pictures import picture_layers
from napari_maxrf._napari._layers import (
    LayerData,
    cube_layers_steps,
    embedding_layer,
    map_set_layers,
    preview_layers,
)
from napari_maxrf._napari._layout_dialog import ask_layout
from napari_maxrf._napari._preview import look_after_when_added
from napari_maxrf._napari._settings import preferred_maps
from napari_maxrf.analysis._first_sight import is_large
from napari_maxrf.errors import FormatError, MaxrfError
from napari_maxrf.progress import Progress, Steps, finish

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from napari.viewer import Viewer

    from napari_maxrf.io import ReadOptions

    Path = str | os.PathLike[str]
    Paths = Path | Sequence[Path]

NATIVE_SUFFIX = ".maxrf"
NOTHING: LayerData = (None,)  # type: ignore[assignment]
"""What napari takes for "read, and nothing to show"."""


def get_reader(path: Paths) -> Callable[[Paths], list[LayerData]] | None:
    """Return `read` if `path` is one scan, by its content; otherwise None.

    A damaged ``.maxrf`` is not left to others: `read` says what is wrong.
    """
    from napari_maxrf.io import recognise, recognise_maps

    if not isinstance(path, str | os.PathLike):
        return None
    native = os.fspath(path).lower().endswith(NATIVE_SUFFIX)
    ours = native or recognise(path) is not None or recognise_maps(path) is not None
    return read if ours else None


def read(path: Paths) -> list[LayerData]:
    """Return sum image, element maps and cube of a file as layer data.

    Where there is a window, a file that does not tell its layout is asked about, and
    a large scan comes as a preview that is completed once napari has added it.
    """
    paths = [path] if isinstance(path, str | os.PathLike) else path
    viewer = _viewer_with_window()
    has_window = viewer is not None
    found = [layer for one in paths for layer in _read_one(one, has_window)]
    if viewer is not None:
        look_after_when_added(viewer, [one for one in found if one is not NOTHING])
    return found


def _read_one(path: Path, has_window: bool) -> list[LayerData]:
    from napari_maxrf.io import UnknownLayoutError

    n_maps = preferred_maps()
    try:
        return finish(read_steps(path, n_maps, preview=has_window))
    except UnknownLayoutError as question:
        if not has_window:
            raise
        options = ask_layout(path, question)
    if options is None:
        return [NOTHING]
    return finish(read_steps(path, n_maps, options, preview=has_window))


def _viewer_with_window() -> Viewer | None:
    """Return the viewer of the napari window whose user can be asked, if any."""
    from napari import current_viewer

    viewer = current_viewer()
    return viewer if viewer is not None and viewer.window is not None else None


def read_steps(
    path: Path,
    n_maps: int,
    options: ReadOptions | None = None,
    preview: bool = False,
) -> Steps[list[LayerData]]:
    """Read one file, with progress: for a worker.

    Parameters
    ----------
    path : path-like
        File or folder.
    n_maps : int
        How many element maps to make.
    options : ReadOptions, optional
        What the file does not say itself.
    preview : bool, optional
        Whether somebody will `look_after` a large scan that is not read whole.
    """
    from napari_maxrf.io import (
        UnknownLayoutError,
        cached_cube,
        open_cube,
        open_maps,
        recognise_maps,
    )

    yield Progress("Opening", 0, 0)
    if recognise_maps(path) is not None:
        return map_set_layers(open_maps(path))
    try:
        cube = open_cube(path, options=options)
    except UnknownLayoutError:
        raise
    except FormatError as error:
        return [_embedding(path, error)]
    cube = cached_cube(cube) or cube
    pictures = picture_layers(path, cube)
    if preview and is_large(cube):
        return [*pictures, *preview_layers(cube)]
    return [*pictures, *(yield from cube_layers_steps(cube, n_maps=n_maps))]


def _embedding(path: Path, error: FormatError) -> LayerData:
    """Return the layer of an embedding that was saved without its cube.

    Raises
    ------
    FormatError
        The file holds no embedding either: `error`, why it is no scan.
    """
    from napari_maxrf.embedding import load_embedded

    try:
        return embedding_layer(load_embedded(path))
    except MaxrfError:
        raise error from None
