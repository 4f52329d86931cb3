"""Single spectra as scans of one pixel, so that every view takes them too.

Any format of `napari_maxrf.io.spectra` will do. It is tried after all others, since
plain columns of numbers can be read as a spectrum whatever they are.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from napari_maxrf.cube import SpectralCube
from napari_maxrf.errors import MaxrfError
from napari_maxrf.io._calibration import assumed_axis
from napari_maxrf.io._format import Format
from napari_maxrf.io.spectra import SPECTRUM_FORMATS, open_spectra, open_spectrum
from napari_maxrf.provenance import ProcessStep

if TYPE_CHECKING:
    from pathlib import Path

    from napari_maxrf.io._format import ReadOptions

_MOST_BYTES = 2**24
_UNSIGNED = (np.uint16, np.uint32, np.uint64)
_LARGEST_EXACT = 2**53
_OFTEN_OTHER = ("columns", "hdf5", "ganx")
"""Formats whose beginning is also that of files which are no spectra at all."""


def is_spectrum(path: Path) -> bool:
    """Tell whether a file is one of the spectrum formats, or opens as columns."""
    try:
        facts = path.stat()
        if not path.is_file() or not 0 < facts.st_size <= _MOST_BYTES:
            return False
        return _is_spectrum(path, facts.st_size, facts.st_mtime_ns)
    except (OSError, ValueError):
        return False


@lru_cache(maxsize=16)
def _is_spectrum(path: Path, _size: int, _time: int) -> bool:
    try:
        return bool(open_spectra(path))
    except MaxrfError:
        return _is_damaged_spectrum(path)


def _is_damaged_spectrum(path: Path) -> bool:
    """Claim a file of a known format, so that its reader says what is wrong."""
    from napari_maxrf.io.spectra._file import read_text

    try:
        file = read_text(path)
    except MaxrfError:
        return False
    known = (one for one in SPECTRUM_FORMATS if one.name not in _OFTEN_OTHER)
    return bool(file.text) and any(one.matches(file) for one in known)


def open_one_pixel(path: Path, options: ReadOptions) -> SpectralCube:
    """Open a spectrum as a cube of shape (1, 1, energy).

    Raises
    ------
    FormatError
        As `open_spectrum`; of several spectra, ``detector`` or ``dataset`` names one.
    """
    import dask.array as da

    spectrum = open_spectrum(path, options.detector or options.dataset)
    counts = _as_counts(spectrum.counts)
    axis = spectrum.axis or assumed_axis(counts.size)
    live = spectrum.live_time_s
    facts = {"file": path.name, "format": FORMAT.name, "spectrum": spectrum.name}
    return SpectralCube(
        counts=da.from_array(counts.reshape(1, 1, -1), chunks=-1),
        energy=axis,
        name=spectrum.name,
        live_time_s=None if live is None else np.full((1, 1), live, np.float32),
        metadata={**_described(spectrum.metadata), "file": str(path)},
        provenance=(ProcessStep("open", {**facts, "energy": axis.to_json()}),),
    )


def _as_counts(values: npt.NDArray[np.float64]) -> npt.NDArray[Any]:
    """Return whole counts in the narrowest unsigned type; others as they are."""
    whole = (values >= 0) & (values <= _LARGEST_EXACT) & (values == np.floor(values))
    if not whole.all():
        return values
    top = values.max()
    return values.astype(next(kind for kind in _UNSIGNED if top <= np.iinfo(kind).max))


def _described(metadata: Any) -> dict[str, Any]:
    """Call the header of a Bruker file what that of a ``.bcf`` is called."""
    facts = dict(metadata)
    if facts.get("format") == "spx" and "header" in facts:
        facts["instrument"] = facts.pop("header")
    return facts


FORMAT = Format(
    "spectrum",
    "Single spectrum",
    tuple(dict.fromkeys(suffix for one in SPECTRUM_FORMATS for suffix in one.suffixes)),
    is_spectrum,
    open_one_pixel,
    lazy=False,
)
