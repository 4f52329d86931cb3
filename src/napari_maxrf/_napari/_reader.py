"""The reader that napari calls, for files whose content is a scan of ours."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from napari_maxrf._napari._layers import (
    LayerData,
    cube_layers_steps,
    embedding_layer,
    map_set_layers,
)
from napari_maxrf._napari._layout_dialog import ask_layout
from napari_maxrf._napari._settings import preferred_maps
from napari_maxrf.errors import FormatError, MaxrfError
from napari_maxrf.progress import Progress, Steps, finish

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

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

    A file that does not tell its layout is asked about, where there is a window.
    """
    paths = [path] if isinstance(path, str | os.PathLike) else path
    return [layer for one in paths for layer in _read_one(one)]


def _read_one(path: Path) -> list[LayerData]:
    from napari_maxrf.io import UnknownLayoutError

    n_maps = preferred_maps()
    try:
        return finish(read_steps(path, n_maps))
    except UnknownLayoutError as question:
        if not _has_window():
            raise
        options = ask_layout(path, question)
    return finish(read_steps(path, n_maps, options)) if options else [NOTHING]


def _has_window() -> bool:
    """Tell whether a napari window is open, whose user can be asked."""
    from napari import current_viewer

    viewer = current_viewer()
    return viewer is not None and viewer.window is not None


def read_steps(
    path: Path, n_maps: int, options: ReadOptions | None = None
) -> Steps[list[LayerData]]:
    """Do what `read` does for one file, with progress: for a worker."""
    from napari_maxrf.io import UnknownLayoutError, open_cube, open_maps, recognise_maps

    yield Progress("Opening", 0, 0)
    if recognise_maps(path) is not None:
        return map_set_layers(open_maps(path))
    try:
        cube = open_cube(path, options=options)
    except UnknownLayoutError:
        raise
    except FormatError as error:
        return [_embedding(path, error)]
    return (yield from cube_layers_steps(cube, n_maps=n_maps))


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
