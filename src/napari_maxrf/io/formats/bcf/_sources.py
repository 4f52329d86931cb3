"""The entries of a ``.bcf`` that are read: the header, and spectra by detector."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from napari_maxrf.errors import FormatError
from napari_maxrf.io.formats.bcf._container import open_container
from napari_maxrf.io.formats.bcf._packed import PackedEntry, is_packed
from napari_maxrf.io.formats.bcf._rows import Rows, read_positions, read_sizes

if TYPE_CHECKING:
    from pathlib import Path

    from napari_maxrf.io.formats.bcf._container import Entry
    from napari_maxrf.io.formats.bcf._rows import Source

_HEADER, _SPECTRA, _POSITIONS = "HeaderData", "SpectrumData", "SpectrumPositions"
_MOST_DETECTORS = 64


@dataclass(frozen=True)
class Sources:
    """Header and spectra of a file.

    Attributes
    ----------
    header : Source
        The XML.
    spectra : dict of str to Source
        By detector: ``"0"``, ``"1"``, ...
    positions : dict of str to Source
        Places of all pixels, of those detectors that have them.
    """

    header: Source
    spectra: dict[str, Source]
    positions: dict[str, Source]


def open_sources(path: Path) -> Sources:
    """List what there is in a file.

    Raises
    ------
    FormatError
        The container is damaged, or holds no header or no spectra.
    """
    entries = open_container(path)
    if _HEADER not in entries:
        held = ", ".join(map(ascii, sorted(entries))) or "nothing"
        raise FormatError(f"{path.name} holds no {_HEADER}, only {held[:200]}.")
    numbers = _numbers(entries, _SPECTRA)
    if not numbers or len(numbers) > _MOST_DETECTORS:
        raise FormatError(
            f"{path.name} holds spectra of {len(numbers)} detectors; expected 1 to "
            f"{_MOST_DETECTORS}. Was it saved with its map?"
        )
    return Sources(
        _source(entries[_HEADER]),
        {number: _source(entries[_SPECTRA + number]) for number in numbers},
        {
            number: _source(entries[_POSITIONS + number])
            for number in _numbers(entries, _POSITIONS)
        },
    )


def _numbers(entries: dict[str, Entry], stem: str) -> list[str]:
    found = (re.fullmatch(stem + r"([0-9]{1,3})", name) for name in entries)
    return sorted((match[1] for match in found if match), key=int)


def _source(entry: Entry) -> Source:
    with entry.session() as read:
        return PackedEntry(entry, read) if is_packed(read) else entry


def rows_of(sources: Sources, detector: str) -> Rows:
    """Prepare the index of a detector, from the file's own where there is one.

    Raises
    ------
    FormatError
        The sizes make no sense.
    """
    source, positions = sources.spectra[detector], sources.positions.get(detector)
    with source.session() as read:
        sizes = read_sizes(source, read)
    rows = Rows(source, sizes)
    if positions is not None and source.readable == source.size:
        with positions.session() as read:
            rows.take_positions(read_positions(positions, read, sizes))
    return rows
