"""Bruker ``.spx``: XML with the spectrum, its calibration and the instrument.

A file holds further spectra below the first, such as Bruker's own estimate of the
background; only the outermost is read. The XML is walked as a stream that keeps
nothing but the wanted values, and a document type is refused, since an entity
declared there could fetch other files or grow without bound.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from xml.parsers import expat

import numpy as np

from napari_maxrf.errors import FormatError
from napari_maxrf.io.spectra._axis import NO_CALIBRATION, coefficients_axis
from napari_maxrf.io.spectra._file import MAX_CHANNELS
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

_SPECTRUM = "TRTSpectrum"
_HEADERS = {
    "TRTSpectrumHardwareHeader": "hardware",
    "TRTSpectrumHeader": "spectrum",
    "TRTDetectorHeader": "detector",
    "TRTXrfHeader": "xrf",
}
_LONGEST_FACT, _MOST_FACTS = 200, 500
_DEEPEST, _MOST_ELEMENTS = 100, 100_000
_LONGEST_CHANNELS = 24 * MAX_CHANNELS


def is_spx(file: SpectrumFile) -> bool:
    """Look for Bruker's root element."""
    return file.start.startswith("<") and f"<{_SPECTRUM}" in file.text[:4096]


def read_spx(file: SpectrumFile) -> tuple[MeasuredSpectrum, ...]:
    """Read the outermost spectrum of a Bruker file.

    Raises
    ------
    FormatError
        The XML is damaged, or the counts are not as many as it says.
    CalibrationError
        The calibration makes no sense.
    """
    walk = _walked(file)
    spectrum = walk.facts.get("spectrum", {})
    counts = _counts(walk, spectrum)
    axis = _axis(file, spectrum, counts.size)
    noted = {} if axis is not None else {"note": NO_CALIBRATION}
    return (
        MeasuredSpectrum(
            counts=counts,
            axis=axis,
            name=file.path.stem,
            source=file.name,
            live_time_s=_live_time(file, walk.facts.get("hardware", {})),
            metadata={"title": walk.title, "header": walk.facts, **noted},
        ),
    )


@dataclass
class _Walk:
    """What the stream has shown so far of the outermost spectrum."""

    name: str
    title: str = ""
    channels: str | None = None
    facts: dict[str, dict[str, str]] = field(default_factory=dict)
    path: list[str] = field(default_factory=list)
    depth: int = 0
    elements: int = 0
    done: bool = False
    text: list[str] = field(default_factory=list)
    length: int = 0

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """Enter an element."""
        kind = attributes.get("Type", "") if tag == "ClassInstance" else tag
        self.path.append(kind)
        self.elements += 1
        if len(self.path) > _DEEPEST or self.elements > _MOST_ELEMENTS:
            raise FormatError(f"{self.name} holds too much XML for a spectrum.")
        if tag == "ClassInstance" and kind == _SPECTRUM and not self.depth:
            self.depth = len(self.path)
            self.title = attributes.get("Name", "")[:_LONGEST_FACT]
        thickness = attributes.get("Thickness", "")[:_LONGEST_FACT]
        if self.depth and not self.done and thickness:  # of a layer of the window
            self._note([*self.path[self.depth :], "Thickness"], thickness)
        self.text, self.length = [], 0

    def characters(self, text: str) -> None:
        """Collect the text of an element, up to what a spectrum may need."""
        self.length += len(text)
        if self.length <= _LONGEST_CHANNELS:
            self.text.append(text)

    def end(self, _: str) -> None:
        """Leave an element, and keep its text if it is wanted."""
        if self.depth and not self.done:
            self._keep(self.path[self.depth :])
        self.done |= len(self.path) == self.depth
        self.path.pop()
        self.text, self.length = [], 0

    def _keep(self, inside: list[str]) -> None:
        if inside == ["Channels"] and self.channels is None:
            if self.length > _LONGEST_CHANNELS:
                check_room(MAX_CHANNELS + 1, f"{self.name} (Channels)")
            self.channels = "".join(self.text)
        elif self.length <= _LONGEST_FACT:
            text = "".join(self.text).strip()
            self._note(inside, text)

    def _note(self, inside: list[str], text: str) -> None:
        """Note a value of one of the wanted headers, under its path in there."""
        inside = inside[1:] if inside[:1] == ["TRTHeaderedClass"] else inside
        if len(inside) < 2 or inside[0] not in _HEADERS or not text:
            return
        facts = self.facts.setdefault(_HEADERS[inside[0]], {})
        if len(facts) < _MOST_FACTS:
            facts.setdefault("/".join(inside[1:]), text)


def _walked(file: SpectrumFile) -> _Walk:
    """Read all of the XML, so that a file cut off anywhere is noticed."""
    walk, parser = _Walk(file.name), expat.ParserCreate()
    parser.StartElementHandler = walk.start
    parser.EndElementHandler = walk.end
    parser.CharacterDataHandler = walk.characters
    parser.StartDoctypeDeclHandler = lambda *_: _refuse_doctype(file)
    try:
        parser.Parse(file.text.lstrip(), True)
    except expat.ExpatError as error:
        raise FormatError(
            f"{file.line(error.lineno - 1)}: the XML is damaged or cut off "
            f"({expat.ErrorString(error.code)})."
        ) from error
    return walk


def _refuse_doctype(file: SpectrumFile) -> None:
    raise FormatError(
        f"{file.name} declares a document type, which no .spx file needs. It is not "
        "read, for its entities could do harm."
    )


def _counts(
    walk: _Walk, header: dict[str, str]
) -> np.ndarray[Any, np.dtype[np.float64]]:
    where = f"{walk.name} (Channels)"
    if not (walk.channels or "").strip():
        raise FormatError(f"{walk.name} holds no <Channels>: it is no spectrum.")
    tokens = [token.strip() for token in (walk.channels or "").strip(", \n").split(",")]
    check_room(len(tokens), where)
    if "ChannelCount" in header:
        place = f"{walk.name} (ChannelCount)"
        promised = channel_count(whole_number(header["ChannelCount"], place), place)
        check_length(len(tokens), promised, where, "ChannelCount")
    return np.array(numbers(tokens, where))


def _axis(
    file: SpectrumFile, header: dict[str, str], n_channels: int
) -> EnergyAxis | None:
    if "CalibLin" not in header:
        return None
    offset, gain = (
        number(header.get(key, "0"), f"{file.name} ({key})")
        for key in ("CalibAbs", "CalibLin")
    )
    return coefficients_axis(n_channels, (offset, gain), f"{file.name} (CalibLin)")


def _live_time(file: SpectrumFile, header: dict[str, str]) -> float | None:
    """Read Bruker's LifeTime, which is in ms."""
    if "LifeTime" not in header:
        return None
    seconds = number(header["LifeTime"], f"{file.name} (LifeTime)") / 1000
    return seconds if seconds > 0 else None
