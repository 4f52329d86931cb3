"""Colours as people see them: CIELAB and the CIEDE2000 difference.

Both come from colour-science, which is imported when first needed.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from napari_maxrf.errors import PictureError

Colours = npt.NDArray[np.float64]


def srgb_to_lab(colours: npt.ArrayLike) -> Colours:
    """Convert sRGB colours in 0..1 to CIELAB (D65, 2 degrees), shape (..., 3).

    Raises
    ------
    PictureError
        Values are not in 0..1, for instance on the scale 0..255.
    """
    colour = _import_colour()
    with colour.domain_range_scale("Reference"):
        xyz = colour.sRGB_to_XYZ(_checked(colours))
        white = colour.CCS_ILLUMINANTS["CIE 1931 2 Degree Standard Observer"]["D65"]
        return np.asarray(colour.XYZ_to_Lab(xyz, white), dtype=np.float64)


def ciede2000(a: npt.ArrayLike, b: npt.ArrayLike) -> Colours:
    """Return the CIEDE2000 difference of CIELAB colours, kL = kC = kH = 1.

    Examples
    --------
    >>> round(float(ciede2000([50, 2.5, 0], [50, 0, -2.5])), 4)
    4.3065
    """
    colour = _import_colour()
    with colour.domain_range_scale("Reference"):
        difference = colour.delta_E(np.asarray(a), np.asarray(b), method="CIE 2000")
        return np.asarray(difference, dtype=np.float64)


def _import_colour() -> Any:
    """Import colour-science, which would change how NumPy prints for everyone."""
    with np.printoptions():
        import colour
    return colour


def _checked(colours: npt.ArrayLike) -> npt.NDArray[Any]:
    array = np.asarray(colours, dtype=np.float64)
    if array.shape[-1:] != (3,):
        raise PictureError(f"Colours have shape {array.shape}; expected (..., 3).")
    if array.size and not (array.min() >= -1e-6 and array.max() <= 1 + 1e-6):
        raise PictureError(
            f"Colours run from {array.min():g} to {array.max():g}; expected sRGB in "
            "0..1: divide 8-bit values by 255."
        )
    return np.clip(array, 0, 1)
