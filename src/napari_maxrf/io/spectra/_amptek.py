"""``.mca`` files of Amptek's programs: sections in double angle brackets.

Two traps are real: ``LIVE_TIME - 0`` although time was measured, which means that it
is unknown, and calibration pairs that are rounded, whose distances from the line are
told in the metadata.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_maxrf.errors import FormatError
from napari_maxrf.io.spectra._axis import pairs_axis
from napari_maxrf.io.spectra._numbers import check_room, is_number, number, numbers
from napari_maxrf.spectrum import MeasuredSpectrum

if TYPE_CHECKING:
    from napari_maxrf.cube import EnergyAxis
    from napari_maxrf.io.spectra._file import SpectrumFile

_FIRST = "<<PMCA SPECTRUM>>"
_SECTION = re.compile(r"<<(.+)>>")
_Lines = list[tuple[int, str]]


def is_amptek(file: SpectrumFile) -> bool:
    """Look for the first section."""
    return file.start.startswith(_FIRST)


def read_amptek(file: SpectrumFile) -> tuple[MeasuredSpectrum, ...]:
    """Read the one spectrum of an Amptek file.

    Raises
    ------
    FormatError
        The data are missing, cut off, or no numbers.
    CalibrationError
        The calibration pairs make no sense.
    """
    sections = _sections(file)
    header = _header(sections.get("PMCA SPECTRUM", []))
    counts = _counts(file, sections)
    axis, facts = _axis(file, sections.get("CALIBRATION", []), counts.size)
    live = header.get("LIVE_TIME", "")
    seconds = number(live, f"{file.name} (LIVE_TIME)") if live else 0.0
    return (
        MeasuredSpectrum(
            counts=counts,
            axis=axis,
            name=file.path.stem,
            source=file.name,
            live_time_s=seconds if seconds > 0 else None,
            metadata={"header": header, **facts},
        ),
    )


def _sections(file: SpectrumFile) -> dict[str, _Lines]:
    """Group the lines; the data must end with ``<<END>>``."""
    sections: dict[str, _Lines] = {}
    current: _Lines = []
    for index, line in enumerate(file.lines):
        text = line.strip()
        head = _SECTION.fullmatch(text)
        if head and head[1] == "DATA" in sections:
            raise FormatError(f"{file.line(index)}: a second section <<DATA>>.")
        if head:
            current = sections.setdefault(head[1], [])
        elif text:
            current.append((index, text))
    if "DATA" not in sections:
        raise FormatError(f"{file.name} has no section <<DATA>>.")
    if "END" not in sections:
        raise FormatError(f"{file.name} ends without <<END>>: it is incomplete.")
    return sections


def _header(lines: _Lines) -> dict[str, str]:
    pairs = (line.partition(" - ") for _, line in lines)
    return {key.strip()[:100]: value.strip()[:200] for key, _, value in pairs}


def _counts(
    file: SpectrumFile, sections: dict[str, _Lines]
) -> np.ndarray[Any, np.dtype[np.float64]]:
    lines = sections["DATA"]
    if not lines:
        raise FormatError(f"{file.name} has no counts in its section <<DATA>>.")
    check_room(len(lines), file.name)
    return np.array([number(text, file.line(index)) for index, text in lines])


def _axis(
    file: SpectrumFile, lines: _Lines, n_channels: int
) -> tuple[EnergyAxis | None, dict[str, Any]]:
    """Read pairs of channel and energy; ``LABEL`` only names them."""
    pairs: list[tuple[float, float]] = []
    where = file.name
    for index, text in lines:
        tokens = text.split()
        if tokens[0] == "LABEL":
            continue
        if len(tokens) != 2 or not all(map(is_number, tokens)):
            raise FormatError(
                f"{file.line(index)}: {text[:60]!r} is not a channel and its energy."
            )
        channel, energy = numbers(tokens, file.line(index))
        where = where if pairs else file.line(index)
        pairs.append((channel, energy))
    return pairs_axis(pairs, n_channels, where)
