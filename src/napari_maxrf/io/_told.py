"""Open a file with what the user says of it, or else with what was said before."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING

from napari_maxrf.cube import EnergyAxis, SpectralCube
from napari_maxrf.errors import MaxrfError
from napari_maxrf.io._answers import remembered
from napari_maxrf.io._format import ReadOptions, UnknownLayoutError
from napari_maxrf.provenance import ProcessStep

if TYPE_CHECKING:
    from pathlib import Path

    from napari_maxrf.io._format import Format

_log = logging.getLogger(__name__)


def open_as_told(known: Format, path: Path, options: ReadOptions) -> SpectralCube:
    """Open a file of a known format.

    Answers given before for files of the same kind are taken only where the user
    says nothing now and the file does not tell, either its layout or its
    calibration. Which they are is kept in the provenance.

    Raises
    ------
    MaxrfError
        As the format raises it.
    """
    if options != ReadOptions(detector=options.detector):
        return _calibrated(known.open(path, options), options)
    try:
        cube = known.open(path, options)
    except UnknownLayoutError:
        again = _as_before(known, path, options)
        if again is None:
            raise
        return again
    if cube.energy.source != "assumed":
        return cube
    return _as_before(known, path, options) or cube


def _as_before(known: Format, path: Path, now: ReadOptions) -> SpectralCube | None:
    """Open a file with the answers kept for its kind, if there are any that fit."""
    answers = remembered(path, known)
    if answers is None:
        return None
    told = answers.model_copy(update={"detector": now.detector})
    try:
        cube = _calibrated(known.open(path, told), told)
    except MaxrfError as error:
        _log.warning("What was told before does not fit %s: %s", path.name, error)
        return None
    facts = answers.model_dump(mode="json", exclude_none=True)
    step = ProcessStep("remember", {"answers": facts})
    return replace(cube, provenance=(*cube.provenance, step))


def _calibrated(cube: SpectralCube, options: ReadOptions) -> SpectralCube:
    """Put the user's calibration in the place of the file's."""
    if options.offset_kev is None or options.gain_kev is None:
        return cube
    offset, gain = options.offset_kev, options.gain_kev
    axis = EnergyAxis(cube.shape[2], offset, gain, source="user")
    step = ProcessStep(
        "calibrate", {"from": cube.energy.to_json(), "to": axis.to_json()}
    )
    return replace(cube, energy=axis, provenance=(*cube.provenance, step))
