"""``.mca`` files of GSECARS and Larch: a column of counts for each detector.

``KEY: values`` with one value per detector, then the counts. Each detector has its
own calibration, so that each becomes a spectrum of its own.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_maxrf.errors import FormatError
from napari_maxrf.io.spectra._axis import NO_CALIBRATION, coefficients_axis
from napari_maxrf.io.spectra._numbers import (
    channel_count,
    check_length,
    numbers,
    whole_number,
)
from napari_maxrf.spectrum import MeasuredSpectrum

if TYPE_CHECKING:
    from napari_maxrf.cube import EnergyAxis
    from napari_maxrf.io.spectra._file import SpectrumFile

_CALIBRATION = ("CAL_OFFSET", "CAL_SLOPE", "CAL_QUAD")
_MOST_DETECTORS, _MOST_VALUES = 512, 2**20


@dataclass
class _Header:
    """Text of each key, its line, and where the counts start."""

    file: SpectrumFile
    texts: dict[str, str] = field(default_factory=dict)
    index: dict[str, int] = field(default_factory=dict)
    environment: list[str] = field(default_factory=list)
    data_at: int = 0

    def where(self, key: str) -> str:
        return f"{self.file.line(self.index[key])} ({key})"

    def whole(self, key: str) -> int:
        return whole_number(self.texts[key], self.where(key))

    def each(self, key: str, n: int) -> list[float] | None:
        """Return one value per detector; None where the key is missing."""
        if key not in self.texts:
            return None
        tokens = self.texts[key].split()
        check_length(len(tokens), n, self.where(key), "ELEMENTS")
        return numbers(tokens, self.where(key))


def is_gse(file: SpectrumFile) -> bool:
    """Look for the version and one of the two sizes."""
    sizes = ("ELEMENTS:", "CHANNELS:")
    return file.start.startswith("VERSION:") and any(s in file.start for s in sizes)


def read_gse(file: SpectrumFile) -> tuple[MeasuredSpectrum, ...]:
    """Read the spectra of all detectors.

    Raises
    ------
    FormatError
        Rows, columns or header values are not as many as the header says.
    CalibrationError
        The calibration of a detector makes no sense.
    """
    header = _header(file)
    n = header.whole("ELEMENTS") if "ELEMENTS" in header.texts else 1
    if not 1 <= n <= _MOST_DETECTORS:
        raise FormatError(f"{header.where('ELEMENTS')}: {n} detectors cannot be.")
    counts = _counts(header, n)
    live = header.each("LIVE_TIME", n) or [0.0] * n
    real = header.each("REAL_TIME", n)
    facts = {"date": header.texts.get("DATE"), "environment": header.environment}
    spectra = []
    for detector in range(n):
        axis = _axis(header, n, detector, len(counts))
        noted = {} if axis is not None else {"note": NO_CALIBRATION}
        spectra.append(
            MeasuredSpectrum(
                counts=counts[:, detector],
                axis=axis,
                name=_name(file, n, detector),
                source=file.name,
                live_time_s=live[detector] if live[detector] > 0 else None,
                metadata={
                    **facts,
                    "real_time_s": real[detector] if real else None,
                    **noted,
                },
            )
        )
    return tuple(spectra)


def _name(file: SpectrumFile, n: int, detector: int) -> str:
    stem = file.path.stem
    return stem if n == 1 else f"{stem} detector {detector + 1}"


def _header(file: SpectrumFile) -> _Header:
    header = _Header(file)
    for index, line in enumerate(file.lines):
        key, colon, value = line.partition(":")
        key = key.strip()
        if key == "DATA" and colon:
            header.data_at = index + 1
            return header
        if not colon and line.strip():
            raise FormatError(
                f"{file.line(index)}: {line.strip()[:60]!r} is not 'KEY: value'."
            )
        if key == "ENVIRONMENT":
            header.environment.append(value.strip()[:200])
        elif key:
            header.texts[key] = value.strip()[:10_000]
            header.index[key] = index
    raise FormatError(f"{file.name} ends without DATA: it is incomplete.")


def _counts(header: _Header, n: int) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Read the counts, shape (n_channels, n)."""
    file, rows = header.file, list[list[float]]()
    for index in range(header.data_at, len(file.lines)):
        tokens = file.lines[index].split()
        if not tokens:
            continue
        where = file.line(index)
        check_length(len(tokens), n, where, "ELEMENTS")
        rows.append(numbers(tokens, where))
        if len(rows) * n > _MOST_VALUES:
            raise FormatError(f"{where}: more than {_MOST_VALUES:,} counts.")
    if "CHANNELS" in header.texts:
        where = header.where("CHANNELS")
        promised = channel_count(header.whole("CHANNELS"), where)
        check_length(len(rows), promised, where, "CHANNELS")
    channel_count(len(rows), file.name)
    return np.array(rows)


def _axis(header: _Header, n: int, detector: int, n_channels: int) -> EnergyAxis | None:
    """Return the calibration of one detector; None where there is none."""
    if "CAL_SLOPE" not in header.texts:
        return None
    terms = [header.each(key, n) or [0.0] * n for key in _CALIBRATION]
    coefficients = [term[detector] for term in terms]
    where = f"{header.where('CAL_SLOPE')}, detector {detector + 1}"
    return coefficients_axis(n_channels, coefficients, where)
