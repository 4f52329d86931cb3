"""A picture in rows, for scans that are larger than the memory.

A picture of 100 megapixels is 1.2 GB as floats and 0.3 GB as 8-bit levels. It is
thus kept as levels, or left on the disk where the file holds plain rows (TIFF
without compression), and becomes floats a few rows at a time.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from napari_maxrf.errors import PictureError
from napari_maxrf.pictures import as_picture, load_levels

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator

    import numpy.typing as npt

    from napari_maxrf.synthesis._picture import Picture

_BAND_PIXELS = 2**20
_PROFILE, _ORIENTATION, _EXTRA_SAMPLES = 34675, 274, 338


class PictureRows(Protocol):
    """A picture that gives some of its rows at a time."""

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width."""

    def rows(self, start: int, stop: int) -> Picture:
        """Return rows as floats in 0..1, shape (stop - start, x, 3)."""


@dataclass(frozen=True, eq=False)
class HeldRows:
    """Rows of a picture in memory, as 8-bit levels or floats in 0..1."""

    levels: npt.NDArray[Any]

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width."""
        return self.levels.shape[0], self.levels.shape[1]

    def rows(self, start: int, stop: int) -> Picture:
        """Return rows as floats in 0..1, shape (stop - start, x, 3)."""
        return _unit(self.levels[start:stop])


@dataclass(frozen=True)
class StoredRows:
    """Rows of a picture that lie plainly in a file."""

    path: Path
    offset: int
    dtype: np.dtype[Any]
    shape: tuple[int, int]

    def rows(self, start: int, stop: int) -> Picture:
        """Return rows as floats in 0..1, shape (stop - start, x, 3).

        Raises
        ------
        PictureError
            The file went away or became shorter.
        """
        width = self.shape[1]
        length = (stop - start) * width * 3
        offset = self.offset + start * width * 3 * self.dtype.itemsize
        try:
            levels = np.fromfile(self.path, self.dtype, length, offset=offset)
        except OSError as error:
            raise PictureError(
                f"Cannot read {self.path.name}: {error.strerror or error}."
            ) from error
        if len(levels) < length:
            raise PictureError(f"{self.path.name} ends early. Is the file complete?")
        return _unit(levels.reshape(-1, width, 3))


def picture_rows(
    path: str | os.PathLike[str], max_side: int | None = None
) -> PictureRows:
    """Open a picture file for reading by rows.

    Parameters
    ----------
    path : path-like
        Anything that `napari_maxrf.pictures.load_picture` reads.
    max_side : int, optional
        Shrink the picture until its longer side is at most this many pixels.

    Returns
    -------
    PictureRows
        The same values that `load_picture` gives.

    Raises
    ------
    PictureError
        The file is missing, damaged, not a picture, or too large for the memory.
    """
    path = Path(path)
    stored = _stored_rows(path)
    if stored is not None and (max_side is None or max(stored.shape) <= max_side):
        return stored
    return HeldRows(load_levels(path, max_side))


def bands(picture: PictureRows) -> Iterator[Picture]:
    """Give the whole picture, about a megapixel at a time."""
    height, width = picture.shape
    step = max(1, _BAND_PIXELS // width)
    return (
        picture.rows(start, min(start + step, height))
        for start in range(0, height, step)
    )


def _unit(levels: npt.NDArray[Any]) -> Picture:
    if levels.dtype == np.uint8:
        return np.asarray(levels, dtype=np.float32) / np.float32(255)
    if levels.dtype.kind == "f":
        return np.asarray(levels, dtype=np.float32)
    return as_picture(levels)


def _stored_rows(path: Path) -> StoredRows | None:
    """Find plain RGB rows in a TIFF; None for every other kind of file."""
    if path.suffix.lower() not in (".tif", ".tiff"):
        return None
    import tifffile

    try:
        with tifffile.TiffFile(path) as tiff:
            page = tiff.pages.first
            if not _is_plain(page):
                return None
            dtype = np.dtype(page.dtype).newbyteorder(tiff.byteorder)
            shape, offset = (page.shape[0], page.shape[1]), page.dataoffsets[0]
    except (OSError, ValueError, KeyError, RuntimeError):
        return None  # `load_levels` knows how to tell what is wrong
    complete = offset + np.prod((*shape, 3)) * dtype.itemsize <= path.stat().st_size
    return StoredRows(path, offset, dtype, shape) if complete else None


def _is_plain(page: Any) -> bool:
    turn = page.tags.get(_ORIENTATION)
    return (
        page.is_memmappable
        and page.photometric.name == "RGB"
        and len(page.shape) == 3
        and page.shape[2] == 3
        and 0 not in page.shape
        and page.dtype in (np.uint8, np.uint16)
        and (turn is None or turn.value == 1)
        and _PROFILE not in page.tags
        and _EXTRA_SAMPLES not in page.tags
    )
