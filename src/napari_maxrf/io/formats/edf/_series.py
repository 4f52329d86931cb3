"""Files that belong to one scan, found by the number at the end of their names.

``scan_0001.edf`` and ``scan_0002.edf`` are rows of one scan. Electronics of XIA write
a file for each detector, ``scan_xia00_0001.edf`` and ``scan_xia01_0001.edf``, beside
a sum ``xiaS0`` and statistics ``xiast``, which are no spectra of their own.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

_NUMBERED = re.compile(r"(?P<prefix>.*?)(?P<number>[0-9]{1,9})", re.DOTALL)
_DETECTOR = re.compile(r"_xia(?P<detector>[0-9]{2}|S[0-9]|st)_", re.IGNORECASE)
_MOST_FILES = 2**20


@dataclass(frozen=True)
class _Name:
    """What a file name says: which scan, detector and row."""

    scan: str
    detector: str
    number: int


def _name_of(name: str) -> _Name | None:
    stem, _, suffix = name.rpartition(".")
    numbered = _NUMBERED.fullmatch(stem)
    if numbered is None:
        return None
    prefix, detector = numbered["prefix"], _DETECTOR.search(numbered["prefix"])
    if detector is not None:
        prefix = _DETECTOR.sub("_xia_", prefix, count=1)
    which = detector["detector"] if detector else ""
    return _Name(f"{prefix}.{suffix.lower()}", which, int(numbered["number"]))


def series_of(path: Path) -> dict[str, dict[int, Path]]:
    """Find the files of the scan to which a file belongs.

    Returns
    -------
    dict
        For each detector, by its name ("" where names tell none), the files by
        their numbers. A file without a number is a scan of its own.
    """
    own = _name_of(path.name)
    if own is None:
        return {"": {0: path}}
    found: dict[str, dict[int, Path]] = {}
    for name in _names_in(path.parent):
        one = _name_of(name)
        if one is not None and one.scan == own.scan:
            found.setdefault(one.detector, {})[one.number] = path.parent / name
    single = {name for name in found if name.isdigit()}
    kept = single or {name for name in found if name.lower() != "st"} or set(found)
    return {
        name: dict(sorted(found[name].items()))
        for name in sorted(kept)
        if name in found
    } or {"": {0: path}}


def first_in(folder: Path) -> Path | None:
    """Return the first file of the only series in a folder; None if not just one."""
    firsts: dict[str, str] = {}
    for name in sorted(_names_in(folder)):
        one = _name_of(name) if name.lower().endswith(".edf") else None
        if one is not None:
            firsts.setdefault(one.scan, name)
    return folder / next(iter(firsts.values())) if len(firsts) == 1 else None


def _names_in(folder: Path) -> Iterable[str]:
    try:
        with os.scandir(folder) as entries:
            names = [entry.name for entry in islice(entries, _MOST_FILES)]
    except OSError:
        return []
    return names


def gaps(files: Mapping[int, object]) -> list[int]:
    """List the numbers between the first and the last that no file has.

    Examples
    --------
    >>> gaps(dict.fromkeys([1, 2, 5]))
    [3, 4]
    """
    first, last = min(files), max(files)
    if last - first + 1 > 2 * len(files) + 1:
        return []
    return [number for number in range(first, last + 1) if number not in files]
