"""Counts of one spectrum file after the other, without reading all else each time.

Files of a scan are alike. The first is read in full by its own reader; of the others
that begin alike only the counts are, by a search for where they begin and end. What
does not look exactly as expected goes to the reader again, which says what is wrong.
"""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_maxrf.errors import FormatError
from napari_maxrf.io.spectra._file import SpectrumFile, decoded
from napari_maxrf.io.spectra._open import spectra_in

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from napari_maxrf.spectrum import MeasuredSpectrum

_NO_DIGITS = bytes.maketrans(b"", b""), b"0123456789 \t\r\n"
_LONG_NUMBER = re.compile(rb"[0-9]{16}")
_LIVE_TIMES = {
    "amptek": (re.compile(rb"^LIVE_TIME - ([0-9.]{1,20})\s*$", re.MULTILINE), 1.0),
    "spe": (re.compile(rb"^\$MEAS_TIM:\s*\r?\n\s*([0-9.]{1,20})\s", re.MULTILINE), 1.0),
    "emsa": (re.compile(rb"^#LIVETIME[^:\n]{0,20}:\s*([0-9.]{1,20})", re.MULTILINE), 1),
    "spx": (re.compile(rb"<LifeTime>\s*([0-9]{1,15})\s*</LifeTime>"), 1e-3),
}


def spectra_of(data: bytes, name: str) -> tuple[MeasuredSpectrum, ...]:
    """Read a file in full.

    Raises
    ------
    FormatError
        It is damaged, or no spectrum.
    CalibrationError
        Its calibration makes no sense.
    """
    leaf = PurePosixPath(name).name
    if data.startswith((b"\x89HDF", b"PK\x03\x04")):
        raise FormatError(f"{leaf} is no spectrum in text.")
    return spectra_in(SpectrumFile(Path(leaf), decoded(data, leaf)))


def counts_of(
    data: bytes, name: str, kind: str, index: int, n_channels: int
) -> npt.NDArray[Any]:
    """Read the counts of one spectrum of a file.

    Parameters
    ----------
    data : bytes
        The whole file.
    name : str
        Its name, for messages.
    kind : str
        Format of the first file of the scan.
    index : int
        Which spectrum of the file.
    n_channels : int
        Channels of the first file.

    Raises
    ------
    FormatError
        The file is damaged, or has another number of channels.
    """
    quick = _QUICK.get(kind)
    values = quick(data) if quick is not None else None
    if values is not None and values.size == n_channels:
        return values
    spectra = spectra_of(data, name)
    if index >= len(spectra) or spectra[index].counts.size != n_channels:
        found = spectra[min(index, len(spectra) - 1)].counts.size
        raise FormatError(
            f"{name} holds {len(spectra)} spectra of {found} channels; expected "
            f"{n_channels} channels as in the first file of the scan."
        )
    return spectra[index].counts


def live_time_in(data: bytes, kind: str) -> float:
    """Search the start of a file for the live time in seconds; 0 if there is none."""
    if kind not in _LIVE_TIMES:
        return 0.0
    pattern, factor = _LIVE_TIMES[kind]
    found = pattern.search(data)
    try:
        return float(found[1]) * factor if found else 0.0
    except ValueError:
        return 0.0


def _numbers(body: bytes) -> npt.NDArray[np.int64] | None:
    """Read whole numbers between blanks; None if there is anything else."""
    if body.translate(*_NO_DIGITS) or _LONG_NUMBER.search(body) or not body.strip():
        return None
    return np.fromstring(body, dtype=np.int64, sep=" ")


def _amptek(data: bytes) -> npt.NDArray[np.int64] | None:
    start, end = data.find(b"<<DATA>>"), data.rfind(b"<<END>>")
    if not data.startswith(b"<<PMCA SPECTRUM>>") or not 0 < start < end:
        return None
    return _numbers(data[start + len(b"<<DATA>>") : end])


def _spe(data: bytes) -> npt.NDArray[np.int64] | None:
    start = data.find(b"$DATA:")
    if start < 0:
        return None
    end = data.find(b"$", start + 1)
    values = _numbers(data[start + len(b"$DATA:") : end if end > 0 else None])
    if values is None or values.size < 3 or values[1] - values[0] != values.size - 3:
        return None
    return values[2:]


_QUICK: dict[str, Callable[[bytes], npt.NDArray[np.int64] | None]] = {
    "amptek": _amptek,
    "spe": _spe,
    "columns": _numbers,
}
