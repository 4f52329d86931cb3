"""The last step of opening a file: counts and facts become a cube with provenance."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from napari_maxrf.cube import EnergyAxis, SpectralCube
from napari_maxrf.errors import FormatError
from napari_maxrf.io._calibration import assumed_axis
from napari_maxrf.provenance import ProcessStep

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import dask.array as da

    from napari_maxrf.io._format import ReadOptions

NO_CALIBRATION = (
    "The file holds no energy calibration; the range is assumed. Calibrate with two "
    "or more lines."
)
_TOLD = "The calibration was told when the file was opened."


@dataclass(frozen=True)
class Calibration:
    """An energy axis and what is to be said about it."""

    axis: EnergyAxis
    facts: dict[str, Any] = field(default_factory=dict)


def calibration(
    options: ReadOptions, n_channels: int, of_file: Callable[[], EnergyAxis | None]
) -> Calibration:
    """Take the calibration of the file, unless the user brings another one.

    A senseless calibration in the file is then no hindrance.

    Parameters
    ----------
    options : ReadOptions
        With the user's calibration, if any, which `open_cube` puts in place.
    n_channels : int
        Number of channels.
    of_file : callable
        Returns the axis of the file, or None if it holds none.

    Raises
    ------
    CalibrationError
        The calibration in the file makes no sense.
    """
    if options.gain_kev is not None:
        return Calibration(assumed_axis(n_channels), {"note": _TOLD})
    axis = of_file()
    if axis is None:
        return Calibration(assumed_axis(n_channels), {"note": NO_CALIBRATION})
    return Calibration(axis)


def refuse_detector(path: Path, options: ReadOptions) -> None:
    """Refuse a choice of detector for a file that does not keep them apart.

    Raises
    ------
    FormatError
        A detector was asked for.
    """
    if options.detector is not None:
        raise FormatError(
            f"{path.name} does not keep detectors apart, so that there is no "
            f"{options.detector!r}. Open it without naming a detector."
        )


def opened(
    path: Path,
    format_name: str,
    counts: da.Array,
    calibrated: Calibration,
    *,
    layout: dict[str, Any],
    warnings: list[str] | None = None,
    header: dict[str, Any] | None = None,
    pixel_size_mm: tuple[float, float] | None = None,
) -> SpectralCube:
    """Build the cube of a file that was opened.

    Parameters
    ----------
    path : Path
        What the user opened.
    format_name : str
        Name of the format.
    counts : dask array, shape (y, x, energy)
        Lazy counts.
    calibrated : Calibration
        Energy axis, and facts for the metadata.
    layout : dict
        How the file was read, such as its order of axes; kept in the provenance.
    warnings : list of str, optional
        What the user should know before using the cube.
    header : dict, optional
        What the file says beside the counts, as plain values.
    pixel_size_mm : (float, float), optional
        Height and width of a pixel.
    """
    axis = calibrated.axis
    facts = {"file": path.name, "format": format_name, **layout}
    metadata: dict[str, Any] = {"file": str(path), "calibration": calibrated.facts}
    if header:
        metadata["header"] = header
    if warnings:
        metadata["warnings"] = warnings
    return SpectralCube(
        counts,
        axis,
        path.stem,
        pixel_size_mm=pixel_size_mm,
        metadata=metadata,
        provenance=(ProcessStep("open", {**facts, "energy": axis.to_json()}),),
    )
