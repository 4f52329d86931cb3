"""Ripple: a header ``.rpl`` of keys and values, and counts ``.raw`` beside it.

Written by ESPRIT, Lispix and HyperSpy, each in its own way: keys and values are
separated by blanks or TABs or both, keys are capitalised or not, numbers may have a
decimal comma. A reader that expects one of these fails on the others, so the header
is split at any white space and keys are compared whole.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_maxrf.errors import FormatError, did_you_mean
from napari_maxrf.io._calibration import axis_from_coefficients
from napari_maxrf.io._format import Format, ReadOptions
from napari_maxrf.io._opened import calibration, opened, refuse_detector
from napari_maxrf.io._pairs import PlainLayout, counts_of, header_text, sibling

if TYPE_CHECKING:
    from pathlib import Path

    from napari_maxrf.cube import EnergyAxis, SpectralCube

_SIZES = ("width", "height", "depth")
_SURE_KEYS = {*_SIZES, "data-length", "data-type", "record-by"}
_KINDS = {"unsigned": "u", "signed": "i", "float": "f"}
_ORDERS = {"big-endian": ">", "little-endian": "<", "dont-care": "<"}
_AXES = {"vector": "yxe", "image": "eyx"}
_COMMENTS = ("#", ";", "//")
_EV_ABOVE = 0.5
_LARGEST = 2**31 - 1
_KEV = {"kev": 1.0, "ev": 1e-3}
_MM = {"mm": 1.0, "um": 1e-3, "µm": 1e-3, "μm": 1e-3, "micron": 1e-3, "cm": 10.0}
_MM |= {"microns": 1e-3, "nm": 1e-6, "m": 1e3}


@dataclass(frozen=True)
class _Entry:
    """A value and the line it stands in."""

    value: str
    line: int


class RippleHeader:
    """The keys of a header, lower-cased, with the lines they stand in.

    Parameters
    ----------
    name : str
        Name of the file, for messages.
    text : str
        The whole header.
    """

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        self.entries: dict[str, _Entry] = {}
        for number, line in enumerate(text.splitlines(), start=1):
            plain = line.strip("\ufeff\0 \t")
            key, _, value = re.sub(r"\s+", " ", plain).partition(" ")
            if value and not key.startswith(_COMMENTS):
                entry = _Entry(_without_comment(value), number)
                self.entries.setdefault(key.lower().rstrip(":="), entry)
        self.entries.pop("key", None)  # the usual first line, "key value"

    def is_ripple(self) -> bool:
        """Tell whether the keys are those of a scan."""
        return len(_SURE_KEYS & set(self.entries)) >= 4

    def text(self, key: str) -> str | None:
        """Return a value as it stands."""
        entry = self.entries.get(key)
        return entry.value if entry else None

    def whole(self, key: str, lowest: int = 1) -> int:
        """Return a value that must be there as a whole number.

        Raises
        ------
        FormatError
            It is missing, no number, or out of bounds.
        """
        value = self.number(key)
        if value is None:
            raise FormatError(f"{self.name} has no {key}. {self._near(key)}")
        if not value.is_integer() or not lowest <= value <= _LARGEST:
            raise FormatError(
                f"{self._where(key)}: {key} is {value:g}; expected a whole number from "
                f"{lowest} to {_LARGEST}."
            )
        return int(value)

    def number(self, key: str) -> float | None:
        """Return a value as a number, with point or decimal comma.

        Raises
        ------
        FormatError
            It is no number.
        """
        text = self.text(key)
        if text is None:
            return None
        try:
            value = float(text.split()[0].replace(",", "."))
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise FormatError(
                f"{self._where(key)}: {key} is {text[:40]!r}; expected a number."
            )
        return value

    def choice(self, key: str, known: dict[str, str], default: str) -> str:
        """Return what a word stands for.

        Raises
        ------
        FormatError
            The word is unknown.
        """
        word = (self.text(key) or default).lower().replace("'", "").replace("_", "-")
        if word not in known:
            raise FormatError(
                f"{self._where(key)}: {key} is {word[:40]!r}; expected one of "
                f"{', '.join(known)}{did_you_mean(word, known)}"
            )
        return known[word]

    def plain(self) -> dict[str, Any]:
        """Return all keys and values, for metadata."""
        return {key: entry.value for key, entry in self.entries.items()}

    def _where(self, key: str) -> str:
        return f"{self.name}, line {self.entries[key].line}"

    def _near(self, key: str) -> str:
        hint = did_you_mean(key, self.entries)
        return "Expected a line such as 'width 120'" + hint


def _without_comment(value: str) -> str:
    return re.split(r"\s[#;]", value, maxsplit=1)[0].strip()


def is_ripple(path: Path) -> bool:
    """Tell whether a file is a Ripple header, or counts beside one."""
    return _header_beside(path) is not None


def _header_beside(path: Path) -> tuple[Path, RippleHeader] | None:
    """Return the header of a scan, whichever of its two files is given."""
    beside: Path | None = path
    if path.suffix.lower() == ".raw":
        beside = sibling(path.parent, [f"{path.stem}.rpl", f"{path.name}.rpl"])
    text = header_text(beside) if beside else None
    if beside is None or text is None:
        return None
    header = RippleHeader(beside.name, text)
    return (beside, header) if header.is_ripple() else None


def open_ripple(path: Path, options: ReadOptions) -> SpectralCube:
    """Open either file of a pair.

    Raises
    ------
    FormatError
        Half of the pair is missing, the header lacks a size, or the counts are
        shorter than it says.
    CalibrationError
        The header states a gain that no detector has.
    """
    refuse_detector(path, options)
    found = _header_beside(path)
    if found is None:
        raise FormatError(f"{path.name} is not a Ripple header, or has none beside it.")
    beside, header = found
    data = path if path != beside else _data_beside(beside)
    layout = _layout(header, options)
    counts, warnings = counts_of(data, beside, layout)
    calibrated = calibration(
        options, counts.shape[2], lambda: energy_axis(header, counts.shape[2])
    )
    return opened(
        path,
        FORMAT.name,
        counts,
        calibrated,
        layout={"data": data.name, "header": beside.name, "axes": layout.axes},
        warnings=[*warnings, *_unsure_order(header, layout)],
        header=header.plain(),
        pixel_size_mm=_pixel_size(header),
    )


def _data_beside(header: Path) -> Path:
    data = sibling(header.parent, [f"{header.stem}.raw", header.stem])
    if data is None or data == header:
        raise FormatError(
            f"{header.name} is only the header of a scan. Expected the counts, "
            f"{header.stem}.raw, beside it."
        )
    return data


def _layout(header: RippleHeader, options: ReadOptions) -> PlainLayout:
    """Say how the counts lie in their file; a user's order of axes comes first."""
    sizes = {key[0]: header.whole(key) for key in _SIZES}
    if sizes["d"] == 1:
        raise FormatError(
            f"{header.name} describes a single value for each pixel (depth 1): that "
            "is a picture, not a datacube."
        )
    by_axis = {"y": sizes["h"], "x": sizes["w"], "e": sizes["d"]}
    axes = options.axes or header.choice(
        "record-by", {**_AXES, "dont-care": "yxe"}, "vector"
    )
    shape = (by_axis[axes[0]], by_axis[axes[1]], by_axis[axes[2]])
    offset = header.whole("offset", 0) if "offset" in header.entries else 0
    return PlainLayout(_dtype(header), shape, axes, offset)


def _unsure_order(header: RippleHeader, layout: PlainLayout) -> list[str]:
    order = (header.text("byte-order") or "dont-care").lower()
    if layout.dtype.itemsize == 1 or order in ("little-endian", "big-endian"):
        return []
    return [f"{header.name} does not tell the byte order; little-endian is assumed."]


def _dtype(header: RippleHeader) -> np.dtype[Any]:
    length = header.whole("data-length")
    kind = header.choice("data-type", _KINDS, "unsigned")
    order = header.choice("byte-order", _ORDERS, "little-endian")
    lengths = (4, 8) if kind == "f" else (1, 2, 4, 8)
    if length not in lengths:
        raise FormatError(
            f"{header.name}: data-length {length} does not go with data-type "
            f"{header.text('data-type')}; expected one of "
            f"{', '.join(map(str, lengths))}."
        )
    return np.dtype(f"{order}{kind}{length}")


def energy_axis(header: RippleHeader, n_channels: int) -> EnergyAxis | None:
    """Find the calibration under the keys of ESPRIT, HyperSpy and Lispix.

    Without a unit, a channel wider than 0.5 is in eV. A scale of 1 from 0, and 1 eV
    per channel, are what programs write that know of no calibration.

    Raises
    ------
    FormatError
        A value is no number.
    CalibrationError
        A gain that no detector has.
    """
    for scale_key, origin_key, unit_key in (
        ("depthscaleincrement", "depthscaleorigin", "depthscaleunits"),
        ("depth-scale", "depth-origin", "depth-units"),
    ):
        scale, origin = header.number(scale_key), header.number(origin_key) or 0.0
        unit = (header.text(unit_key) or "").lower()
        if scale is None or (scale == 1 and origin == 0 and unit not in _KEV):
            continue
        factor = _KEV.get(unit, 1e-3 if scale > _EV_ABOVE else 1.0)
        return axis_from_coefficients(n_channels, origin * factor, scale * factor)
    width_ev, origin_ev = header.number("ev-per-chan"), header.number("depth-origin")
    if not width_ev or width_ev == 1:
        return None
    return axis_from_coefficients(n_channels, (origin_ev or 0.0) / 1e3, width_ev / 1e3)


def _pixel_size(header: RippleHeader) -> tuple[float, float] | None:
    height, width = (_length_mm(header, key) for key in ("height", "width"))
    return (height, width) if height and width else None


def _length_mm(header: RippleHeader, key: str) -> float | None:
    """Return the side of a pixel, if it is stated with a unit of length."""
    for scale_key, unit_key in (
        (f"{key}-scale", f"{key}-units"),
        (f"{key}scaleincrement", f"{key}scaleunits"),
    ):
        unit = _MM.get((header.text(unit_key) or "").lower())
        scale = header.number(scale_key) if unit else None
        if unit and scale and scale > 0:
            return scale * unit
    return None


def _header_bytes(path: Path) -> bytes:
    found = _header_beside(path)
    return found[0].read_bytes() if found else b""


FORMAT = Format(
    "ripple",
    "Ripple (.rpl and .raw; ESPRIT, Lispix, HyperSpy)",
    (".rpl", ".raw"),
    is_ripple,
    open_ripple,
    header=_header_bytes,
)
