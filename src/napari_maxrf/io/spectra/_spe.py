"""``.spe`` files in the IAEA form: blocks whose names stand between ``$`` and ``:``.

``$DATA:`` states its first and last channel; the calibration counts channels as this
block does, from 0 or from 1. `GBS <https://www.gbs-elektronik.de>`_ and Ortec write
the coefficients in ``$ENER_FIT:`` and ``$MCA_CAL:``, in keV unless they say eV.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_maxrf.errors import FormatError
from napari_maxrf.io.spectra._axis import (
    NO_CALIBRATION,
    coefficients_axis,
    pairs_axis,
    unit_of,
)
from napari_maxrf.io.spectra._numbers import (
    channel_count,
    check_length,
    check_room,
    numbers,
    whole_number,
)
from napari_maxrf.spectrum import MeasuredSpectrum

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_maxrf.cube import EnergyAxis
    from napari_maxrf.io.spectra._file import SpectrumFile

_TEXTS = ("SPEC_ID", "SPEC_REM", "DATE_MEA", "MCA_166_ID")
_Lines = list[tuple[int, str]]
_Axis = tuple["EnergyAxis | None", dict[str, Any]]


def is_spe(file: SpectrumFile) -> bool:
    """Look for a block at the start and for the data somewhere."""
    return file.start.startswith("$") and "$DATA:" in file.text


def read_spe(file: SpectrumFile) -> tuple[MeasuredSpectrum, ...]:
    """Read the one spectrum of an IAEA file.

    Raises
    ------
    FormatError
        The counts are not as many as ``$DATA:`` says, or no numbers.
    CalibrationError
        The calibration makes no sense.
    """
    blocks = _blocks(file)
    first, counts = _counts(file, blocks["DATA"])
    axis, facts = _axis(file, blocks, first, counts.size)
    header = {key: [line for _, line in blocks[key]] for key in _TEXTS if key in blocks}
    return (
        MeasuredSpectrum(
            counts=counts,
            axis=axis,
            name=file.path.stem,
            source=file.name,
            live_time_s=_live_time(file, blocks),
            metadata={"header": header, "first_channel": first, **facts},
        ),
    )


def _blocks(file: SpectrumFile) -> dict[str, _Lines]:
    """Group the lines that are not blank by block."""
    blocks: dict[str, _Lines] = {}
    current: _Lines = []
    for index, line in enumerate(file.lines):
        text = line.strip()
        if text.startswith("$"):
            name, _, rest = text[1:].partition(":")
            current = _opened(file, index, blocks, name.strip().upper())
            text = rest.strip()
        if text:
            current.append((index, text))
    if not blocks.get("DATA"):
        raise FormatError(f"{file.name} has no counts in its block $DATA:.")
    return blocks


def _opened(
    file: SpectrumFile, index: int, blocks: dict[str, _Lines], name: str
) -> _Lines:
    """Begin a block; a second spectrum in one file is not read past."""
    if name == "DATA" and name in blocks:
        raise FormatError(f"{file.line(index)}: a second block $DATA:; expected one.")
    return blocks.setdefault(name, [])


def _counts(
    file: SpectrumFile, lines: _Lines
) -> tuple[int, np.ndarray[Any, np.dtype[np.float64]]]:
    """Read the number of the first channel, and the counts from there."""
    index, limits = lines[0]
    where = f"{file.line(index)} ($DATA)"
    tokens = limits.split()
    if len(tokens) != 2:
        raise FormatError(f"{where}: {limits[:60]!r} is not a first and last channel.")
    first, last = (whole_number(token, where) for token in tokens)
    if first < 0:
        raise FormatError(f"{where}: the first channel is {first}.")
    promised = channel_count(last - first + 1, where)
    values: list[float] = []
    for index, line in lines[1:]:
        values += numbers(line.split(), file.line(index))
        check_room(len(values), file.line(index))
    check_length(len(values), promised, where, "$DATA")
    return first, np.array(values)


def _axis(
    file: SpectrumFile, blocks: dict[str, _Lines], first: int, n_channels: int
) -> _Axis:
    """Take the first calibration that says something."""
    ways: dict[str, Callable[[SpectrumFile, _Lines, int, int], _Axis]] = {
        "MCA_CAL": _from_counted_terms,
        "ENER_FIT": _from_terms,
        "ENER_DATA": _from_pairs,
    }
    for name, read in ways.items():
        if blocks.get(name):
            axis, facts = read(file, blocks[name], first, n_channels)
            if axis is not None:
                return axis, {**facts, "calibrated_by": f"${name}"}
    return None, {"note": NO_CALIBRATION}


def _from_counted_terms(
    file: SpectrumFile, lines: _Lines, first: int, n_channels: int
) -> _Axis:
    """Read a line with the number of terms, then the terms and their unit."""
    if len(lines) < 2:
        raise FormatError(f"{file.line(lines[0][0])} ($MCA_CAL): terms are missing.")
    return _from_terms(file, lines[1:], first, n_channels)


def _from_terms(
    file: SpectrumFile, lines: _Lines, first: int, n_channels: int
) -> _Axis:
    index, text = lines[0]
    *_, last = tokens = text.split()
    unit = unit_of(last)
    terms = numbers(tokens[:-1] if unit else tokens, file.line(index))
    if _untouched(terms):
        return None, {}
    factor = 1e-3 if unit == "ev" else 1.0
    shifted = _from_channel([term * factor for term in terms], first)
    return coefficients_axis(n_channels, shifted, file.line(index)), {}


def _untouched(terms: list[float]) -> bool:
    """Tell whether the terms say that energy is the channel number, or nothing."""
    offset, gain, *higher = (*terms, 0.0, 0.0)
    return offset == 0 and gain in (0, 1) and not any(higher)


def _from_channel(terms: list[float], first: int) -> list[float]:
    """Turn terms that count from channel 0 into terms that count from `first`."""
    offset, gain, quad, *higher = (*terms, 0.0, 0.0, 0.0)
    start = offset + gain * first + quad * first**2
    return [start, gain + 2 * quad * first, quad, *higher]


def _from_pairs(
    file: SpectrumFile, lines: _Lines, first: int, n_channels: int
) -> _Axis:
    """Read the number of pairs, then channel and energy in keV."""
    pairs = []
    for index, text in lines[1:]:
        tokens = text.split()
        if len(tokens) != 2:
            raise FormatError(
                f"{file.line(index)}: {text[:60]!r} is not a channel and its energy."
            )
        channel, energy = numbers(tokens, file.line(index))
        pairs.append((channel - first, energy))
    return pairs_axis(pairs, n_channels, file.line(lines[0][0]))


def _live_time(file: SpectrumFile, blocks: dict[str, _Lines]) -> float | None:
    """Read the first of live and real time, in seconds."""
    lines = blocks.get("MEAS_TIM")
    if not lines:
        return None
    index, text = lines[0]
    seconds = numbers(text.split()[:1], file.line(index))[0]
    return seconds if seconds > 0 else None
