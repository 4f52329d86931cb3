"""Pictures that a scan's file holds besides the counts, such as a photograph."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import os

    import numpy.typing as npt


@dataclass(frozen=True, eq=False)
class ScanImage:
    """A picture of the sample, of any size.

    Attributes
    ----------
    name : str
        What the file calls it.
    pixels : ndarray, shape (y, x) or (y, x, 3)
        Values as the file holds them.
    pixel_size_mm : (float, float) or None
        Height and width of a pixel; None when not recorded.
    """

    name: str
    pixels: npt.NDArray[Any]
    pixel_size_mm: tuple[float, float] | None = None


def open_images(path: str | os.PathLike[str]) -> tuple[ScanImage, ...]:
    """Read the pictures that lie in the file of a scan.

    Parameters
    ----------
    path : path-like
        A file that `open_cube` opens.

    Returns
    -------
    tuple of ScanImage
        Empty for formats without pictures. Their place on the scan is not known.

    Raises
    ------
    FormatError
        The file is damaged.
    """
    from napari_maxrf.io._formats import recognise
    from napari_maxrf.io.formats import bcf

    return bcf.open_bcf_images(Path(path)) if recognise(path) == "bcf" else ()
