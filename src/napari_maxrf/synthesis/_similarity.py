"""How alike two colours look, as ganX (arXiv 2304.14078) uses it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from napari_maxrf.colours import Colours, ciede2000, srgb_to_lab


def colour_similarity(a: npt.ArrayLike, b: npt.ArrayLike) -> Colours:
    """Return s = (101 - dE)/101 between two lists of sRGB colours.

    Parameters
    ----------
    a : array, shape (k, 3)
        Colours of clusters in 0..1.
    b : array, shape (n, 3)
        Colours of pigments in 0..1.

    Returns
    -------
    ndarray, shape (k, n)
        1 for equal colours, 0.0099 for black against white. Never below 0:
        the most distant colours of sRGB differ by more than 101.

    Raises
    ------
    PictureError
        Values are not in 0..1.
    """
    clusters, pigments = srgb_to_lab(a), srgb_to_lab(b)
    difference = ciede2000(clusters[:, None, :], pigments[None, :, :])
    return np.clip((101 - difference) / 101, 0, 1)
