"""``.datastack`` of maxrf4u: a Zarr zip with a smoothed copy of a scan.

The program smooths every spectrum when it imports a scan, by 7 channels unless told
otherwise, and keeps real numbers. Such a cube can be looked at, but its counts obey
no Poisson statistics any more, and the user is told.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_maxrf.errors import FormatError, did_you_mean
from napari_maxrf.io._format import Format, ReadOptions
from napari_maxrf.io._held import reading
from napari_maxrf.io._layout import order_of_axes
from napari_maxrf.io._opened import calibration, opened, refuse_detector
from napari_maxrf.io.formats._zarr_store import ZarrStore, is_store
from napari_maxrf.io.formats.zarr_files import (
    energies_beside,
    header_bytes,
    lazy_array,
)

if TYPE_CHECKING:
    from pathlib import Path

    from napari_maxrf.cube import SpectralCube

_CUBE = "maxrf_cube"
_ENERGIES = "maxrf_energies"


def is_datastack(path: Path) -> bool:
    """Tell whether a zip holds the arrays that maxrf4u writes."""
    if not path.is_file() or not is_store(path):
        return False
    try:
        names = ZarrStore(path).arrays()
    except (FormatError, OSError):
        return False
    return _latest(list(names)) is not None and _ENERGIES in names


def _latest(names: list[str]) -> str | None:
    """Return the latest of the cubes: each rewriting adds an underscore."""
    cubes = [name for name in names if name.rstrip("_") == _CUBE]
    return max(cubes, key=len, default=None)


def open_datastack(path: Path, options: ReadOptions) -> SpectralCube:
    """Open the smoothed cube lazily.

    Raises
    ------
    FormatError
        The file is damaged, or the zarr package is missing.
    CalibrationError
        Its energies do not rise evenly.
    """
    refuse_detector(path, options)
    with reading(path):
        arrays = ZarrStore(path).arrays()
    name = options.dataset or _latest(list(arrays)) or _CUBE
    if name not in arrays:
        raise FormatError(
            f"{path.name} has no array {name!r}{did_you_mean(name, arrays)}"
        )
    array = arrays[name]
    array.check(path.name)
    told = options if options.axes else options.model_copy(update={"axes": "yxe"})
    axes = order_of_axes(path.name, array.shape, told)
    counts = lazy_array(path, array, axes)
    calibrated = calibration(
        options,
        counts.shape[2],
        lambda: energies_beside(path, arrays, array.name, counts.shape[2]),
    )
    return opened(
        path,
        FORMAT.name,
        counts,
        calibrated,
        layout={"dataset": array.name, "axes": axes},
        warnings=[_smoothed(path)],
    )


def _smoothed(path: Path) -> str:
    return (
        f"{path.name} holds spectra that maxrf4u smoothed, by 7 channels unless told "
        "otherwise: the raw counts are lost. Open the file it was made from, .rpl and "
        ".raw, for anything that counts."
    )


FORMAT = Format(
    "datastack",
    "maxrf4u (.datastack, smoothed)",
    (".datastack",),
    is_datastack,
    open_datastack,
    header=header_bytes,
)
