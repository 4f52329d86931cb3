"""The table of formats, and the three functions that use it.

A file is known by its content. A file that is not known is refused with one line
which says what it is, as far as its first bytes tell.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np

from napari_maxrf.errors import FormatError, MaxrfError
from napari_maxrf.io._dialects import dialect_of, open_dialect
from napari_maxrf.io._held import open_file, reading
from napari_maxrf.io._maxrf import is_maxrf, open_maxrf

if TYPE_CHECKING:
    import os

    from napari_maxrf.cube import SpectralCube

_HDF5_MAGIC = b"\x89HDF\r\n\x1a\n"
_SIGNATURES = {
    b"\x89PNG": "a PNG picture",
    b"\xff\xd8\xff": "a JPEG picture",
    b"II*\0": "a TIFF picture",
    b"MM\0*": "a TIFF picture",
    b"PK\x03\x04": "a zip archive",
    b"\x93NUMPY": "a NumPy array",
    b"AAMVHFSS": "a Bruker .bcf file, which this version does not read",
    b"MATLAB 5": "a MATLAB 5 file, which this version does not read",
}


@dataclass(frozen=True)
class Format:
    """What a reader can do.

    Attributes
    ----------
    name : str
        As `recognise` returns it.
    label : str
        As users call it.
    suffixes : tuple of str
        Usual endings of the file name; the content decides.
    writes : bool
        Whether `save_cube` writes it.
    detectors : bool
        Whether it may hold several detectors.
    """

    name: str
    label: str
    suffixes: tuple[str, ...]
    writes: bool = False
    detectors: bool = False


_H5 = (".h5", ".hdf5", ".hdf")
FORMATS = (
    Format("maxrf", "napari-maxrf (native)", (".maxrf",), writes=True, detectors=True),
    Format("hdf5-detectors", "HDF5, a group per detector", _H5, detectors=True),
    Format("hdf5-xrfdata", "HDF5 of napari-hsi-analysis", (*_H5, ".mat")),
    Format("hdf5-ganx", "HDF5 of ganX and INFN", _H5),
    Format("hdf5-plain", "HDF5 with one 3-D dataset", _H5),
)


def recognise(path: str | os.PathLike[str]) -> str | None:
    """Tell the format of a file by its content.

    Returns
    -------
    str or None
        The name of one of `FORMATS`; None for everything else, also for what
        cannot be read. A damaged file that ends in ``.maxrf`` is still called
        ``"maxrf"``, so that `open_cube` can say what is wrong with it.
    """
    path = Path(path)
    if not (path.is_file() and _starts_as_hdf5(path)):
        return None
    try:
        with reading(path), open_file(path) as file:
            if is_maxrf(file):
                return "maxrf"
            dialect = dialect_of(file)
            return dialect.name if dialect else None
    except MaxrfError:
        return "maxrf" if path.suffix.lower() == ".maxrf" else None


def open_cube(
    path: str | os.PathLike[str], detector: str | None = None
) -> SpectralCube:
    """Open a scan lazily.

    Parameters
    ----------
    path : path-like
        A file of one of `FORMATS`, whatever its suffix.
    detector : str, optional
        One detector, such as ``"10264"``, instead of the sum of all; or the name
        of a dataset in a file that holds several.

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
    CalibrationError
        The file holds a calibration that makes no sense.
    """
    path = Path(path)
    _check_is_file(path)
    if not _starts_as_hdf5(path):
        raise FormatError(_foreign(path))
    with reading(path), open_file(path) as file:
        dialect = None if is_maxrf(file) else dialect_of(file)
        if dialect is not None:
            return open_dialect(file, path, dialect, detector)
        if not is_maxrf(file):
            raise FormatError(
                f"{path.name} holds no 3-D dataset of numbers: it is not a datacube."
            )
    return open_maxrf(path, detector)


def describe(path: str | os.PathLike[str], counts: bool = False) -> dict[str, Any]:
    """Say what is in a file, as plain JSON values.

    Parameters
    ----------
    path : path-like
        A file of one of `FORMATS`.
    counts : bool, optional
        Add ``total_counts`` and ``max_count``, which reads the whole cube.

    Returns
    -------
    dict
        ``format``, ``name``, ``shape`` (y, x, energy), ``dtype``, ``offset_kev``,
        ``gain_kev``, ``quad_kev``, ``energy_source``, ``detectors``,
        ``live_time_s`` (mean of all pixels, or None), ``pixel_size_mm`` (or None),
        ``maps``, ``provenance`` and ``calibration`` (or None).

    Raises
    ------
    MaxrfError
        As `open_cube`.
    """
    cube = open_cube(path)
    live = cube.live_time_s
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
        "live_time_s": None if live is None else float(live.mean(dtype=np.float64)),
        "pixel_size_mm": list(cube.pixel_size_mm) if cube.pixel_size_mm else None,
        "maps": list(cube.maps),
        "provenance": [step.to_json() for step in cube.provenance],
        "calibration": cube.metadata.get("calibration"),
    }
    return {**facts, **_count_facts(cube)} if counts else facts


def _count_facts(cube: SpectralCube) -> dict[str, Any]:
    """Add up all counts exactly and find the largest, in one pass."""
    import dask.base

    wide = np.float64 if cube.counts.dtype.kind == "f" else np.int64
    total, top = dask.base.compute(cube.counts.sum(dtype=wide), cube.counts.max())
    return {"total_counts": total.item(), "max_count": top.item()}


def _check_is_file(path: Path) -> None:
    if path.is_dir():
        raise MaxrfError(f"{path} is a folder. Choose a file in it.")
    if not path.exists():
        raise MaxrfError(f"{path} does not exist.")


def _starts_as_hdf5(path: Path) -> bool:
    """Look for the HDF5 signature, which may follow a user block."""
    try:
        with path.open("rb") as stream:
            if stream.read(8) == _HDF5_MAGIC:
                return True
        return bool(h5py.is_hdf5(path))
    except OSError:
        return False


def _foreign(path: Path) -> str:
    """Say what a file that is not HDF5 seems to be."""
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
    kinds = (kind for magic, kind in _SIGNATURES.items() if head.startswith(magic))
    kind = "empty" if not head else next(kinds, "not a file this version knows")
    known = ", ".join(dict.fromkeys(s for f in FORMATS for s in f.suffixes))
    return f"{path.name} is {kind}, not a datacube that can be read ({known})."
