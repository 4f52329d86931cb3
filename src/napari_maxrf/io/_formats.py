"""The table of formats, and the three functions that use it.

A file is known by its content. A file that is not known is refused with one line
which says what it is, as far as its first bytes tell.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_maxrf.errors import FormatError, MaxrfError
from napari_maxrf.io._answers import forget, remember
from napari_maxrf.io._format import Format, ReadOptions
from napari_maxrf.io._hdf5 import HDF5_FORMATS, not_a_scan, starts_as_hdf5
from napari_maxrf.io._held import reading
from napari_maxrf.io._told import open_as_told
from napari_maxrf.io.formats import (
    _spectrum,
    bcf,
    datastack,
    edf,
    envi,
    mda,
    numpy_files,
    pixel_files,
    ripple,
    tiff,
    zarr_files,
)
from napari_maxrf.io.formats.map_files import recognise_maps

if TYPE_CHECKING:
    import os

    import numpy.typing as npt

    from napari_maxrf.cube import SpectralCube

_SIGNATURES = {
    b"\x89PNG": "a PNG picture",
    b"\xff\xd8\xff": "a JPEG picture",
    b"II*\0": "a TIFF picture, or a stack cut short",
    b"MM\0*": "a TIFF picture, or a stack cut short",
    b"PK\x03\x04": "a zip archive",
    b"\x93NUMPY": "a NumPy array",
    b"MATLAB 5": "a MATLAB 5 file, which this version does not read",
}

FORMATS: tuple[Format, ...] = (
    *HDF5_FORMATS,
    bcf.FORMAT,
    ripple.FORMAT,
    envi.FORMAT,
    *numpy_files.FORMATS,
    tiff.FORMAT,
    datastack.FORMAT,
    zarr_files.FORMAT,
    mda.FORMAT,
    edf.FORMAT,
    pixel_files.FORMAT,
    _spectrum.FORMAT,
)
"""All formats, in the order in which they are tried."""


def recognise(path: str | os.PathLike[str]) -> str | None:
    """Tell the format of a file or folder by its content.

    Returns
    -------
    str or None
        The name of one of `FORMATS`; None for everything else, also for what
        cannot be read. A damaged file that ends in ``.maxrf`` is still called
        ``"maxrf"``, so that `open_cube` can say what is wrong with it.
    """
    found = _format_of(Path(path))
    return found.name if found else None


def _format_of(path: Path) -> Format | None:
    if not path.exists():
        return None
    fitting = (one for one in FORMATS if one.folders or not path.is_dir())
    return next((one for one in fitting if one.matches(path)), None)


def open_cube(
    path: str | os.PathLike[str],
    detector: str | None = None,
    options: ReadOptions | None = None,
) -> SpectralCube:
    """Open a scan lazily.

    Parameters
    ----------
    path : path-like
        A file or folder of one of `FORMATS`, whatever its suffix.
    detector : str, optional
        One detector, such as ``"10264"``, instead of the sum of all; or the name
        of a dataset in a file that holds several.
    options : ReadOptions, optional
        What the file does not say itself. Without any, what `remember_answers` kept
        for files of the same kind is taken where the file is silent.

    Returns
    -------
    SpectralCube
        Counts stay in the file until they are asked for.

    Raises
    ------
    MaxrfError
        The file is missing.
    FormatError
        The file is damaged, incomplete, or not a scan.
    UnknownLayoutError
        The file does not say enough: which options are needed.
    CalibrationError
        The file holds a calibration that makes no sense.
    """
    path, options = Path(path), options or ReadOptions()
    if detector is not None:
        options = options.model_copy(update={"detector": detector})
    if not path.exists():
        raise MaxrfError(f"{path} does not exist.")
    found = _format_of(path)
    if found is None:
        raise _refusal(path)
    with reading(path):
        return open_as_told(found, path, options)


def remember_answers(path: str | os.PathLike[str], options: ReadOptions) -> Path | None:
    """Keep what the user said about a file for others of the same kind.

    Only a shell that has asked the user calls this; `open_cube` then needs no
    options for files with the same header.

    Parameters
    ----------
    path : path-like
        A file that opens with `options`.
    options : ReadOptions
        What was said; a choice of detector is not kept.

    Returns
    -------
    Path or None
        The file in the user's folder; None if there was nothing to keep.

    Raises
    ------
    MaxrfError
        The folder cannot be written to.
    """
    found = _format_of(Path(path))
    return remember(Path(path), found, options) if found else None


def forget_answers(path: str | os.PathLike[str]) -> bool:
    """Forget what was said about files like this one; tell whether there was any.

    Raises
    ------
    MaxrfError
        The answer cannot be deleted.
    """
    found = _format_of(Path(path))
    return forget(Path(path), found) if found else False


def describe(
    path: str | os.PathLike[str],
    counts: bool = False,
    options: ReadOptions | None = None,
) -> dict[str, Any]:
    """Say what is in a file, as plain JSON values.

    Parameters
    ----------
    path : path-like
        A file or folder of one of `FORMATS`.
    counts : bool, optional
        Add ``total_counts`` and ``max_count``, which reads the whole cube.
    options : ReadOptions, optional
        What the file does not say itself.

    Returns
    -------
    dict
        ``format``, ``name``, ``shape`` (y, x, energy), ``dtype``, ``offset_kev``,
        ``gain_kev``, ``quad_kev``, ``energy_source``, ``detectors``,
        ``live_time_s`` (mean where it is known, or None), ``pixel_size_mm`` (or None),
        ``maps``, ``provenance``, ``calibration`` (or None) and ``warnings``.

    Raises
    ------
    MaxrfError
        As `open_cube`.
    """
    cube = open_cube(path, options=options)
    axis = cube.energy
    facts: dict[str, Any] = {
        "format": recognise(path),
        "name": cube.name,
        "shape": list(cube.shape),
        "dtype": str(cube.counts.dtype),
        "offset_kev": axis.offset_kev,
        "gain_kev": axis.gain_kev,
        "quad_kev": axis.quad_kev,
        "energy_source": axis.source,
        "detectors": list(cube.detectors),
        "live_time_s": _known_mean(cube.live_time_s),
        "pixel_size_mm": list(cube.pixel_size_mm) if cube.pixel_size_mm else None,
        "maps": list(cube.maps),
        "provenance": [step.to_json() for step in cube.provenance],
        "calibration": cube.metadata.get("calibration"),
        "warnings": list(cube.metadata.get("warnings", ())),
    }
    return {**facts, **_count_facts(cube)} if counts else facts


def _known_mean(times: npt.NDArray[np.float32] | None) -> float | None:
    """Average over the pixels with a time; 0 stands for unknown."""
    known = () if times is None else times[times > 0]
    return float(np.mean(known, dtype=np.float64)) if len(known) else None


def _count_facts(cube: SpectralCube) -> dict[str, Any]:
    """Add up all counts exactly and find the largest, in one pass."""
    import dask.base

    wide = np.float64 if cube.counts.dtype.kind == "f" else np.int64
    total, top = dask.base.compute(cube.counts.sum(dtype=wide), cube.counts.max())
    return {"total_counts": total.item(), "max_count": top.item()}


def _refusal(path: Path) -> MaxrfError:
    """Say why a path is no scan, as far as its first bytes tell."""
    if path.is_dir():
        return MaxrfError(f"{path} is a folder. Choose a file in it.")
    if recognise_maps(path):
        return FormatError(
            f"{path.name} holds element maps and no spectra. Open it with open_maps."
        )
    if starts_as_hdf5(path):
        return FormatError(not_a_scan(path))
    return FormatError(_foreign(path))


def _foreign(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            head = stream.read(16)
    except OSError as error:
        return f"Cannot read {path.name}: {error.strerror}."
    if head[:1] == b"\x80" and head[1:2] in (b"\2", b"\3", b"\4", b"\5"):
        return (
            f"{path.name} is a Python pickle. Opening it could run code from the file. "
            "Export it as .h5 in the program it comes from and open that."
        )
    if path.suffix.lower() == ".raw":
        expected = f"{path.stem}.rpl or {path.stem}.hdr"
        return f"{path.name} has no header. Expected {expected} beside it."
    kinds = (kind for magic, kind in _SIGNATURES.items() if head.startswith(magic))
    kind = "empty" if not head else next(kinds, "of an unknown kind")
    known = ", ".join(dict.fromkeys(s for f in FORMATS for s in f.suffixes))
    return f"{path.name} is {kind}, not a datacube that can be read ({known})."
