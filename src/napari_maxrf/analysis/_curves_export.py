"""Spectra as a table that a spreadsheet opens."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from napari_maxrf._files import write_text
from napari_maxrf.errors import MaxrfError

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

    from napari_maxrf.cube import EnergyAxis, Spectrum
    from napari_maxrf.provenance import Provenance


def save_curves(
    path: str | os.PathLike[str],
    axis: EnergyAxis,
    curves: Mapping[str, Spectrum],
    provenance: Provenance = (),
    unit: str = "counts",
) -> None:
    """Write spectra as CSV: one row per channel, one column per curve.

    Lines that begin with ``#`` come first: what the numbers are, the calibration,
    and each step that led to the scan, as JSON.

    Parameters
    ----------
    path : path-like
        Ends in ``.csv``.
    axis : EnergyAxis
        Channels of all curves.
    curves : mapping of str to ndarray, shape (n_channels,)
        Values by name; whole numbers are written as such, others in full.
    provenance : tuple of ProcessStep
        What made the scan.
    unit : str
        What is counted, such as ``"counts per pixel"``.

    Raises
    ------
    MaxrfError
        There are no curves, the suffix is another one, a curve has another number
        of channels, or the file cannot be written.
    """
    path = Path(path)
    if path.suffix.lower() != ".csv":
        raise MaxrfError(f"Cannot save curves as {path.name}: use the suffix .csv.")
    if not curves:
        raise MaxrfError("There are no curves to save.")
    for name, values in curves.items():
        if np.shape(values) != (axis.n_channels,):
            raise MaxrfError(
                f"{name} has shape {np.shape(values)}; expected ({axis.n_channels},)."
            )
    write_text(path, _header(axis, provenance, unit) + _table(axis, curves))


def _header(axis: EnergyAxis, provenance: Provenance, unit: str) -> str:
    steps = [json.dumps(step.to_json(), ensure_ascii=False) for step in provenance]
    lines = [
        f"Spectra of napari-maxrf; values are {unit}.",
        f"Calibration: {json.dumps(axis.to_json())}",
        *(f"Step: {step}" for step in steps),
    ]
    return "".join(f"# {line}\n" for line in lines)


def _table(axis: EnergyAxis, curves: Mapping[str, Spectrum]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["channel", "energy_kev", *curves])
    rows = zip(axis.centres_kev, *curves.values(), strict=True)
    for channel, (energy, *values) in enumerate(rows):
        writer.writerow([channel, f"{energy:.6f}", *map(_number, values)])
    return text.getvalue()


def _number(value: float) -> str:
    """Write a number so that it reads back the same.

    Examples
    --------
    >>> _number(np.float64(12.0)), _number(0.1)
    ('12', '0.1')
    """
    value = float(value)
    return str(int(value)) if value.is_integer() else repr(value)
