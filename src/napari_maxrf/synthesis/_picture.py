"""What a picture must be before a scan is made of it."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import numpy.typing as npt

from napari_maxrf.errors import PictureError

Picture = npt.NDArray[np.float32]
"""Red, green, blue in 0..1, shape (y, x, 3)."""

_ADVICE = "use napari_maxrf.pictures.as_picture to bring it to floats in 0..1"


def check_picture(picture: npt.NDArray[Any]) -> Picture:
    """Return `picture` as float32, or say why it cannot be used.

    Parameters
    ----------
    picture : ndarray, shape (y, x, 3)
        Red, green and blue as floats in 0..1.

    Raises
    ------
    PictureError
        Another shape, no pixels, integers, values outside 0..1 or not a number.
    """
    array = np.asarray(picture)
    if array.ndim != 3 or array.shape[2] != 3 or 0 in array.shape:
        raise PictureError(
            f"The picture has shape {array.shape}; expected (y, x, 3), all above 0."
        )
    if array.dtype.kind != "f":
        raise PictureError(
            f"The picture holds {array.dtype} values; expected floats in "
            f"0..1: {_ADVICE}."
        )
    low, high = float(array.min()), float(array.max())
    if not np.isfinite((low, high)).all():
        raise PictureError("The picture holds values that are not finite numbers.")
    if low < -1e-6 or high > 1 + 1e-6:
        raise PictureError(
            f"The picture's values run from {low:g} to {high:g}; "
            f"expected 0..1: {_ADVICE}."
        )
    clipped = np.clip(array, 0, 1, dtype=np.float32, casting="same_kind")
    return np.asarray(clipped)


def picture_hash(picture: Picture) -> str:
    """Return 16 hexadecimal digits that stand for a picture's shape and values."""
    digest = hashlib.sha256(repr(picture.shape).encode())
    digest.update(np.ascontiguousarray(picture).data)
    return digest.hexdigest()[:16]
