"""Series of files, found by the number in their names.

``None_2.mca`` comes before ``None_10.mca``: numbers are compared as numbers. Files
that differ in anything else belong to different series.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

SUFFIXES = (".mca", ".spe", ".txt", ".csv", ".spx", ".msa", ".emsa", ".dat", ".asc")
"""Endings of spectrum files that scanners write, pixel by pixel."""

_NUMBER = re.compile(r"(?P<before>.*?)(?P<number>[0-9]{1,9})(?P<after>[^0-9]*)", re.S)


@dataclass(frozen=True)
class Series:
    """Files that differ in a number only.

    Attributes
    ----------
    folder : str
        Where they lie; "" for the top.
    before, after : str
        Their name before and after the number.
    suffix : str
        Lower-cased.
    files : dict of int to str
        Names by number, in the order of the numbers.
    """

    folder: str
    before: str
    after: str
    suffix: str
    files: dict[int, str] = field(default_factory=dict, compare=False)

    def row(self) -> tuple[str, int, str] | None:
        """Part the name before the number at a further number, that of a row."""
        found = _NUMBER.fullmatch(self.before)
        return (
            (found["before"], int(found["number"]), found["after"]) if found else None
        )


def series_among(names: Iterable[str]) -> list[Series]:
    """Sort spectrum files into series, the longest first."""
    found: dict[tuple[str, str, str, str], dict[int, str]] = {}
    for name in names:
        folder, _, leaf = name.rpartition("/")
        stem, dot, ending = leaf.rpartition(".")
        suffix, numbered = f".{ending.lower()}", _NUMBER.fullmatch(stem)
        if dot and suffix in SUFFIXES and numbered:
            key = (folder, numbered["before"], numbered["after"], suffix)
            number = int(numbered["number"])
            if number in found.get(key, ()):  # "01" beside "1": a series of its own
                key = (folder, numbered["before"], f"{numbered['after']}\0", suffix)
            found.setdefault(key, {})[number] = name
    series = [Series(*key, dict(sorted(files.items()))) for key, files in found.items()]
    return sorted(series, key=lambda one: (-len(one.files), one.folder, one.before))
