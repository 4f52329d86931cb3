"""The reader that napari calls, for files whose content is a scan of ours."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from napari_maxrf._napari._layers import (
    LayerData,
    cube_layers_steps,
    embedding_layer,
)
from napari_maxrf._napari._settings import preferred_maps
from napari_maxrf.errors import FormatError, MaxrfError
from napari_maxrf.progress import Progress, Steps, finish

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Path = str | os.PathLike[str]
    Paths = Path | Sequence[Path]

NATIVE_SUFFIX = ".maxrf"


def get_reader(path: Paths) -> Callable[[Paths], list[LayerData]] | None:
    """Return `read` if `path` is one scan, by its content; otherwise None.

    A damaged ``.maxrf`` is not left to others: `read` says what is wrong.
    """
    from napari_maxrf.io import recognise

    if not isinstance(path, str | os.PathLike):
        return None
    native = os.fspath(path).lower().endswith(NATIVE_SUFFIX)
    return read if native or recognise(path) is not None else None


def read(path: Paths) -> list[LayerData]:
    """Return sum image, element maps and cube of a file as layer data."""
    paths = [path] if isinstance(path, str | os.PathLike) else path
    n_maps = preferred_maps()
    return [layer for one in paths for layer in finish(read_steps(one, n_maps))]


def read_steps(path: Path, n_maps: int) -> Steps[list[LayerData]]:
    """Do what `read` does for one file, with progress: for a worker."""
    from napari_maxrf.io import open_cube

    yield Progress("Opening", 0, 0)
    try:
        cube = open_cube(path)
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
