"""The energy calibration that the program MAPS leaves beside a scan.

Scans at the Advanced Photon Source hold no calibration of their own. MAPS keeps the
result of its fit in a text file in the same folder, which goes for all detectors, or
in one for each, with a number after its name.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from napari_maxrf.io._pairs import header_text, sibling

if TYPE_CHECKING:
    from pathlib import Path

_OVERRIDE = "maps_fit_parameters_override.txt"
_OVERRIDE_KEYS = (
    "CAL_OFFSET_[E_OFFSET]",
    "CAL_SLOPE_[E_LINEAR]",
    "CAL_QUAD_[E_QUADRATIC]",
)
_NUMBER = re.compile(r"[+-]?\d+\.?\d*(?:[eE][+-]?\d{1,3})?")


def fitted_terms(
    folder: Path, index: int
) -> tuple[tuple[float, float, float] | None, str]:
    """Read the fit of a detector, or the one for all.

    Parameters
    ----------
    folder : Path
        Folder of the scan.
    index : int
        Number of the detector, from 0.

    Returns
    -------
    (float, float, float) or None
        Zero, gain and quadratic term, in keV; None without a fit.
    str
        Name of the file it is from, or "".
    """
    for name in (f"{_OVERRIDE}{index}", _OVERRIDE):
        beside = sibling(folder, [name])
        terms = _terms(header_text(beside) or "") if beside else None
        if terms is not None:
            return terms, name
    return None, ""


def _terms(text: str) -> tuple[float, float, float] | None:
    """Take the three terms from a MAPS parameter file; None without a slope."""
    values = {}
    for line in text.splitlines():
        key, _, value = line.partition(":")
        if key.strip() in _OVERRIDE_KEYS and _NUMBER.fullmatch(value.strip()):
            values[key.strip()] = float(value)
    offset, slope, quad = (values.get(key, 0.0) for key in _OVERRIDE_KEYS)
    return (offset, slope, quad) if slope else None
