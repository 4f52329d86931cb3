"""Energy axes of the detectors in an ``.mda`` scan.

The fit of the MAPS program, in a text file beside the scan, comes first; then what
the electronics were told, which the scan itself lists among its process variables.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari_maxrf.errors import CalibrationError
from napari_maxrf.io._calibration import axis_from_coefficients
from napari_maxrf.io._maps_fit import fitted_terms
from napari_maxrf.io._opened import Calibration, calibration

if TYPE_CHECKING:
    from pathlib import Path

    from napari_maxrf.cube import EnergyAxis
    from napari_maxrf.io._format import ReadOptions

RECORD_KEYS = ("CALO", "CALS", "CALQ")
"""Fields of an mca record: offset, slope and quadratic term."""


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
    terms, source = fitted_terms(path.parent, index)
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


def _of_record(
    detector: str, extras: dict[str, float]
) -> tuple[float, float, float] | None:
    """Take the fields of the record; slope 0 or 1 is one that nobody set."""
    record = detector.rpartition(".")[0]
    offset, slope, quad = (extras.get(f"{record}.{key}", 0.0) for key in RECORD_KEYS)
    return None if slope in (0, 1) else (offset, slope, quad)
