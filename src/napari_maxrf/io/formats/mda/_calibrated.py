"""Energy axes of the detectors in an ``.mda`` scan.

The fit of the MAPS program, in a text file beside the scan, comes first; then what
the electronics were told, which the scan itself lists among its process variables.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from napari_maxrf.errors import CalibrationError
from napari_maxrf.io._calibration import axis_from_coefficients
from napari_maxrf.io._opened import Calibration, calibration
from napari_maxrf.io._pairs import header_text, sibling

if TYPE_CHECKING:
    from pathlib import Path

    from napari_maxrf.cube import EnergyAxis
    from napari_maxrf.io._format import ReadOptions

_OVERRIDE = "maps_fit_parameters_override.txt"
_OVERRIDE_KEYS = (
    "CAL_OFFSET_[E_OFFSET]",
    "CAL_SLOPE_[E_LINEAR]",
    "CAL_QUAD_[E_QUADRATIC]",
)
RECORD_KEYS = ("CALO", "CALS", "CALQ")
"""Fields of an mca record: offset, slope and quadratic term."""

_NUMBER = re.compile(r"[+-]?\d+\.?\d*(?:[eE][+-]?\d{1,3})?")


def calibrated(
    path: Path,
    detector: str,
    index: int,
    n_channels: int,
    extras: dict[str, float],
    options: ReadOptions,
) -> Calibration:
    """Return the axis of one detector.

    Parameters
    ----------
    path : Path
        The scan.
    detector : str
        Name in the scan, such as ``"dxp:mca1.VAL"``.
    index : int
        Number of the detector, from 0, which may end the name of its own fit.
    n_channels : int
        Number of channels.
    extras : dict
        Process variables of the scan.
    options : ReadOptions
        With the user's calibration, which comes before all others.

    Raises
    ------
    CalibrationError
        A calibration was found and makes no sense.
    """
    terms, source = _of_fit(path, index)
    if terms is None:
        terms, source = _of_record(detector, extras), f"{detector} in {path.name}"

    def axis() -> EnergyAxis | None:
        if terms is None:
            return None
        try:
            return axis_from_coefficients(n_channels, *terms)
        except CalibrationError as error:
            raise CalibrationError(f"{source}: {error}") from error

    found = calibration(options, n_channels, axis)
    if found.axis.source != "file":
        return found
    facts: dict[str, Any] = {"source": source}
    return Calibration(found.axis, {**found.facts, **facts})


def _of_fit(path: Path, index: int) -> tuple[tuple[float, float, float] | None, str]:
    """Read the fit of this detector, or the one for all."""
    for name in (f"{_OVERRIDE}{index}", _OVERRIDE):
        beside = sibling(path.parent, [name])
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


def _of_record(
    detector: str, extras: dict[str, float]
) -> tuple[float, float, float] | None:
    """Take the fields of the record; slope 0 or 1 is one that nobody set."""
    record = detector.rpartition(".")[0]
    offset, slope, quad = (extras.get(f"{record}.{key}", 0.0) for key in RECORD_KEYS)
    return None if slope in (0, 1) else (offset, slope, quad)
