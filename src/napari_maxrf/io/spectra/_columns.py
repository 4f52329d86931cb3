"""Counts as plain columns of text: the form in which everything can be exported.

One column holds counts. Two hold channel or energy, and counts. Lines before the
first row of numbers are kept as a heading, and the last of them may name the unit.

A semicolon separates columns, and commas beside it are decimal. Without semicolons
a comma separates, unless every line has blanks between whole tokens, no point occurs
and no comma touches a blank: then ``6,40  12`` is read with decimal commas.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_maxrf.errors import FormatError
from napari_maxrf.io.spectra._axis import NO_CALIBRATION, column_axis, unit_of
from napari_maxrf.io.spectra._numbers import check_room, is_number, numbers
from napari_maxrf.spectrum import MeasuredSpectrum

if TYPE_CHECKING:
    from napari_maxrf.cube import EnergyAxis
    from napari_maxrf.io.spectra._file import SpectrumFile

FEWEST_ROWS = 16
"""Below, a table of numbers is taken for something else than a spectrum."""

_COMMENTS = ("#", "%", "!", "//")
_MOST_HEADING = 500
_LONGEST_ROW = 1000
_SEPARATORS = re.compile(r"[;,\s]+")
_TWO_TOKENS = re.compile(r"\S+\s+\S.*")
_LOOSE_COMMA = re.compile(r",\s|\s,")


@dataclass(frozen=True)
class _Row:
    """A line of numbers and its index in the file."""

    index: int
    text: str


def is_columns(file: SpectrumFile) -> bool:
    """Take any text; `read_columns` says what is wrong with it."""
    return bool(file.text)


def read_columns(file: SpectrumFile) -> tuple[MeasuredSpectrum, ...]:
    """Read one or two columns of numbers.

    Raises
    ------
    FormatError
        No rows of numbers, or rows that differ in their columns.
    CalibrationError
        The first column is neither channels nor energies.
    """
    heading, rows = _parts(file)
    table = _table(file, rows)
    axis, facts = _axis(file, rows, table, heading)
    return (
        MeasuredSpectrum(
            counts=table[:, -1],
            axis=axis,
            name=file.path.stem,
            source=file.name,
            metadata={"heading": heading, **facts},
        ),
    )


def _parts(file: SpectrumFile) -> tuple[list[str], list[_Row]]:
    """Part the heading, comments included, from the rows of numbers."""
    heading: list[str] = []
    rows: list[_Row] = []
    for index, line in enumerate(file.lines):
        text = line.strip()
        if text.startswith(_COMMENTS) or not (text and (rows or _numeric(text))):
            if text and not rows and len(heading) < _MOST_HEADING:
                heading.append(text[:200])
            continue
        rows.append(_Row(index, text))
        check_room(len(rows), file.line(index))
    if not rows:
        raise FormatError(
            f"{file.name} holds no row of numbers. Expected counts, or energy and "
            "counts, in columns."
        )
    if len(rows) < FEWEST_ROWS:
        raise FormatError(
            f"{file.name} holds {len(rows)} rows of numbers; a spectrum has at least "
            f"{FEWEST_ROWS} channels."
        )
    return heading, rows


def _numeric(text: str) -> bool:
    """Tell whether a line holds numbers only, whatever stands between them."""
    if len(text) > _LONGEST_ROW:
        return False
    tokens = [token.strip('"') for token in _SEPARATORS.split(text) if token]
    return bool(tokens) and all(map(is_number, tokens))


def _table(file: SpectrumFile, rows: list[_Row]) -> np.ndarray[Any, np.dtype[Any]]:
    """Read all rows, shape (n_channels, 1 or 2)."""
    separator, decimal_comma = _layout([row.text for row in rows])
    n_columns = len(_tokens(rows[0].text, separator))
    table: list[list[float]] = []
    for row in rows:
        where = file.line(row.index)
        tokens = _tokens(row.text, separator)
        if len(tokens) > 2 or len(tokens) != n_columns:
            raise FormatError(
                f"{where} has {len(tokens)} columns; expected counts, or energy and "
                "counts, the same in all lines."
            )
        if decimal_comma:
            tokens = [token.replace(",", ".") for token in tokens]
        table.append(numbers(tokens, where))
    return np.array(table, dtype=np.float64)


def _layout(lines: list[str]) -> tuple[str | None, bool]:
    """Find what separates the columns, and whether commas are decimal."""
    text = "\n".join(lines)
    if ";" in text:
        return ";", "," in text
    if "," not in text:
        return None, False
    blanks = all(map(_TWO_TOKENS.fullmatch, lines))
    if blanks and "." not in text and not any(map(_LOOSE_COMMA.search, lines)):
        return None, True
    return ",", False


def _tokens(text: str, separator: str | None) -> list[str]:
    """Cut a line; a separator at its end does not count."""
    tokens = [token.strip().strip('"').strip() for token in text.split(separator)]
    return tokens[:-1] if len(tokens) > 1 and not tokens[-1] else tokens


def _axis(
    file: SpectrumFile,
    rows: list[_Row],
    table: np.ndarray[Any, np.dtype[Any]],
    heading: list[str],
) -> tuple[EnergyAxis | None, dict[str, Any]]:
    if table.shape[1] == 1:
        return None, {"note": NO_CALIBRATION}
    unit = unit_of(heading[-1]) if heading else ""
    return column_axis(
        table[:, 0], len(rows), unit, lambda index: file.line(rows[index].index)
    )
