"""Computed spectra on disk, so that each is computed once per machine.

All spectra of one instrument and energy axis stand in one file, a row for each
sample, so that a whole table comes back with one read. The folder belongs to the
user and may be emptied at any time. Nothing here may fail: a cache that cannot be
read or written only costs seconds. Two processes may write at the same time; the
later one keeps what it found of the earlier one, and at worst a row is computed
again.
"""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from napari_maxrf._files import atomic_path
from napari_maxrf._folders import cache_folder
from napari_maxrf.errors import MaxrfError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

Rows = dict[str, npt.NDArray[np.float64]]

MOST_ROWS = 1024
"""Rows kept in a file; the oldest are dropped."""
_UNREADABLE = (
    OSError,
    ValueError,
    EOFError,
    RuntimeError,
    KeyError,
    zipfile.BadZipFile,
)


def spectra_folder() -> Path:
    """Return the folder for cached spectra, below that of the platform."""
    return cache_folder() / "spectra"


def read_rows(book: str, n_channels: int) -> Rows:
    """Return the cached spectra of a book by their keys.

    Parameters
    ----------
    book : str
        Key of instrument, axis and model.
    n_channels : int
        Length of its spectra; a file that holds others is not believed.
    """
    try:
        # NumPy leaves a file that it opened itself open if it is damaged.
        with (
            _path(book).open("rb") as stream,
            np.load(stream, allow_pickle=False) as file,
        ):
            keys, spectra = file["keys"], file["spectra"]
    except _UNREADABLE:
        return {}
    fitting = spectra.dtype == np.float64 and spectra.shape == (len(keys), n_channels)
    if not fitting or keys.dtype.kind != "U":
        return {}
    sound = np.isfinite(spectra).all(axis=1) & (np.abs(spectra.sum(axis=1) - 1) < 1e-6)
    spectra.setflags(write=False)
    return {str(keys[row]): spectra[row] for row in np.flatnonzero(sound)}


def add_rows(book: str, n_channels: int, rows: Mapping[str, object]) -> None:
    """Keep spectra beside those that the book holds already."""
    kept: dict[str, object] = {**read_rows(book, n_channels), **rows}
    keys = list(kept)[-MOST_ROWS:]
    try:
        with atomic_path(_path(book)) as temporary:
            np.savez(
                temporary,
                allow_pickle=False,
                keys=np.array(keys),
                spectra=np.array([kept[key] for key in keys]),
            )
    except (MaxrfError, OSError, RuntimeError):
        return


def _path(book: str) -> Path:
    return spectra_folder() / f"{book}.npz"
