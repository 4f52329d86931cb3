"""EMSA/MAS spectra (ISO 22029), as microanalysis programs exchange them.

``#KEY -unit : value`` lines, then numbers in any number of columns (DATATYPE Y) or
pairs of energy and counts (XY). OFFSET is the energy of the first value. Programs
write whole numbers as ``4096.0``, and corrected counts may be negative.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_maxrf.errors import CalibrationError, FormatError
from napari_maxrf.io.spectra._axis import (
    NO_CALIBRATION,
    coefficients_axis,
    column_axis,
    unit_of,
)
from napari_maxrf.io.spectra._numbers import (
    channel_count,
    check_length,
    check_room,
    number,
    numbers,
    whole_number,
)
from napari_maxrf.spectrum import MeasuredSpectrum

if TYPE_CHECKING:
    from napari_maxrf.cube import EnergyAxis
    from napari_maxrf.io.spectra._file import SpectrumFile

_KEYS = ("NPOINTS", "XPERCHAN", "DATATYPE", "XUNITS")
_SEPARATORS = re.compile(r"[,;\s]+")
_COARSE_GAIN = 0.5


@dataclass
class _Header:
    """Values by key, and the line of each."""

    file: SpectrumFile
    values: dict[str, list[str]] = field(default_factory=dict)
    index: dict[str, int] = field(default_factory=dict)

    def add(self, index: int, line: str) -> str:
        """Note a header line and return its key; a unit follows the key."""
        label, _, value = line.lstrip("#").partition(":")
        words = label.split()
        key = words[0].upper() if words else ""
        if key:
            self.values.setdefault(key, []).append(value.strip()[:200])
            self.index.setdefault(key, index)
        return key

    def text(self, key: str) -> str:
        return self.values.get(key, [""])[0]

    def where(self, key: str) -> str:
        return f"{self.file.line(self.index[key])} ({key})"

    def number(self, key: str) -> float | None:
        return number(self.text(key), self.where(key)) if self.text(key) else None


def is_emsa(file: SpectrumFile) -> bool:
    """Look for the first line, or for keys that only this format has."""
    first = file.start[:80].upper()
    if first.startswith("#FORMAT") and "EMSA" in first:
        return True
    return first.startswith("#") and sum(f"#{key}" in file.start for key in _KEYS) > 2


def read_emsa(file: SpectrumFile) -> tuple[MeasuredSpectrum, ...]:
    """Read the one spectrum of an EMSA file.

    Raises
    ------
    FormatError
        The values are no numbers, or not as many as NPOINTS says.
    CalibrationError
        XUNITS, OFFSET and XPERCHAN are senseless, or differ from the energies.
    """
    header, table, lines = _parts(file)
    axis, facts = _axis(header, table, lines)
    live = header.number("LIVETIME")
    return (
        MeasuredSpectrum(
            counts=table[:, -1],
            axis=axis,
            name=file.path.stem,
            source=file.name,
            live_time_s=live if live and live > 0 else None,
            metadata={"title": header.text("TITLE"), "header": _plain(header), **facts},
        ),
    )


def _plain(header: _Header) -> dict[str, Any]:
    return {key: v[0] if len(v) == 1 else v for key, v in header.values.items()}


def _parts(
    file: SpectrumFile,
) -> tuple[_Header, np.ndarray[Any, np.dtype[np.float64]], list[int]]:
    """Read header and values; tell the line of each row."""
    header, values = _Header(file), list[float]()
    lines: list[int] = []
    for index, line in enumerate(file.lines):
        if line.lstrip().startswith("#"):
            if header.add(index, line.lstrip()) == "ENDOFDATA":
                break
            continue
        where = file.line(index)
        found = numbers(filter(None, _SEPARATORS.split(line)), where)
        values += found
        lines += [index] * len(found)
        check_room(len(values) // 2, where)
    else:
        if not header.text("NPOINTS"):
            raise FormatError(f"{file.name} ends without #ENDOFDATA: it is cut off.")
    n_columns = _columns_of_row(header)
    _check_counted(header, len(values), n_columns)
    return header, np.reshape(values, (-1, n_columns)), lines[::n_columns]


def _columns_of_row(header: _Header) -> int:
    kind = header.text("DATATYPE").upper() or "Y"
    if kind not in ("Y", "XY"):
        raise FormatError(
            f"{header.where('DATATYPE')} is {kind!r}; expected Y (counts) or XY "
            "(energy and counts)."
        )
    return len(kind)


def _check_counted(header: _Header, n_values: int, n_columns: int) -> None:
    name = header.file.name
    if n_values == 0 or n_values % n_columns:
        raise FormatError(f"{name} holds {n_values} values: pairs are incomplete.")
    n_channels = channel_count(n_values // n_columns, name)
    if header.text("NPOINTS"):
        where = header.where("NPOINTS")
        promised = channel_count(whole_number(header.text("NPOINTS"), where), where)
        check_length(n_channels, promised, where, "NPOINTS")


def _axis(
    header: _Header, table: np.ndarray[Any, np.dtype[np.float64]], lines: list[int]
) -> tuple[EnergyAxis | None, dict[str, Any]]:
    """Take the axis of the header; where it has none, that of the first column."""
    unit, stated = _unit(header), _stated_axis(header, len(table))
    if stated is not None or table.shape[1] == 1:
        if stated is not None and table.shape[1] == 2:
            _check_agreement(header, stated, table[:, 0], lines)
        return stated, {} if stated is not None else {"note": NO_CALIBRATION}
    return column_axis(
        table[:, 0], len(table), unit, lambda index: header.file.line(lines[index])
    )


def _unit(header: _Header) -> str:
    """Return the unit of the energies; "" where it is not said."""
    stated = header.text("XUNITS")
    unit = unit_of(stated)
    if stated and unit not in ("kev", "ev", "channel"):
        raise CalibrationError(
            f"{header.where('XUNITS')} is {stated!r}; expected keV or eV."
        )
    return unit


def _to_kev(header: _Header) -> float:
    """Return the factor of the header's energies; a coarse gain must be in eV."""
    gain, unit = header.number("XPERCHAN") or 0.0, _unit(header)
    return 1e-3 if unit == "ev" or (not unit and gain > _COARSE_GAIN) else 1.0


def _stated_axis(header: _Header, n_channels: int) -> EnergyAxis | None:
    gain = header.number("XPERCHAN")
    if gain is None or _unit(header) == "channel":
        return None
    factor, where = _to_kev(header), header.where("XPERCHAN")
    offset = header.number("OFFSET") or 0.0
    return coefficients_axis(n_channels, (offset * factor, gain * factor), where)


def _check_agreement(
    header: _Header,
    axis: EnergyAxis,
    column: np.ndarray[Any, np.dtype[np.float64]],
    lines: list[int],
) -> None:
    """Compare the energies beside the counts with those of the header."""
    apart = np.abs(column * _to_kev(header) - axis.centres_kev)
    wrong = np.flatnonzero(apart > axis.gain_kev / 2)
    if wrong.size:
        index = int(wrong[0])
        raise CalibrationError(
            f"{header.file.line(lines[index])}: energy {column[index]:g} differs from "
            f"{axis.centres_kev[index]:.5g} keV, which OFFSET and XPERCHAN give."
        )
