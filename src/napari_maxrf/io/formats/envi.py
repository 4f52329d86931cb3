"""ENVI: a header ``.hdr`` of names and values, and counts in a file beside it.

The format of imaging spectroscopy. Scans come in it too, with energies in the list
of wavelengths. A list in units of length belongs to light and is no energy axis.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_maxrf.errors import CalibrationError, FormatError, did_you_mean
from napari_maxrf.io._calibration import axis_from_energies
from napari_maxrf.io._format import Format, ReadOptions
from napari_maxrf.io._opened import calibration, opened, refuse_detector
from napari_maxrf.io._pairs import PlainLayout, counts_of, header_text, sibling

if TYPE_CHECKING:
    from pathlib import Path

    from napari_maxrf.cube import EnergyAxis, SpectralCube

_DATA_SUFFIXES = (".raw", ".img", ".dat", ".bip", ".bil", ".bsq", ".bin", "")
_SIZES = {"y": "lines", "x": "samples", "e": "bands"}
_AXES = {"bip": "yxe", "bil": "yex", "bsq": "eyx"}
_TYPES = {1: "u1", 2: "i2", 3: "i4", 4: "f4", 5: "f8"}
_TYPES |= {12: "u2", 13: "u4", 14: "i8", 15: "u8"}
_ENTRY = re.compile(r"^[ \t]*([^=\n{}]+?)[ \t]*=[ \t]*(\{[^}]*\}|[^\n]*)", re.MULTILINE)
_LARGEST = 2**31 - 1
_LENGTHS = ("nm", "nano", "micro", "µm", "um", "mm", "cm", "angstrom", "wavenumber")


class EnviHeader:
    """Names and values of a header, names lower-cased.

    Parameters
    ----------
    name : str
        Name of the file, for messages.
    text : str
        The whole header.
    """

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        self.values: dict[str, str] = {}
        for match in _ENTRY.finditer(_without_comments(text)):
            key = " ".join(match[1].lower().split())
            self.values.setdefault(key, match[2].strip())

    def whole(self, key: str, default: int | None = None, lowest: int = 1) -> int:
        """Return a whole number.

        Raises
        ------
        FormatError
            It is missing, no number, or out of bounds.
        """
        text = self.values.get(key)
        if text is None and default is not None:
            return default
        if text is None:
            raise FormatError(
                f"{self.name} has no {key!r}. Expected a line such as '{key} = 120'"
                f"{did_you_mean(key, self.values)}"
            )
        if (
            not re.fullmatch(r"\+?\d{1,12}", text)
            or not lowest <= int(text) <= _LARGEST
        ):
            raise FormatError(
                f"{self.name}: {key!r} is {text[:40]!r}; expected a whole number from "
                f"{lowest} to {_LARGEST}."
            )
        return int(text)

    def numbers(self, key: str) -> list[float] | None:
        """Return a list in braces as numbers, or None if there is no such list.

        Raises
        ------
        CalibrationError
            An entry is no number.
        """
        text = self.values.get(key)
        if text is None:
            return None
        entries = [one for one in re.split(r"[,\s]+", text.strip("{} \t\r\n")) if one]
        try:
            return [float(one) for one in entries]
        except ValueError as error:
            raise CalibrationError(
                f"{self.name}: {key!r} holds something that is no number ({error})."
            ) from error

    def plain(self) -> dict[str, Any]:
        """Return names and values for metadata, but for long lists."""
        return {key: one for key, one in self.values.items() if len(one) < 1000}


def _without_comments(text: str) -> str:
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return "\n".join(line for line in lines if not line.lstrip().startswith(";"))


def is_envi(path: Path) -> bool:
    """Tell whether a file is an ENVI header, or counts beside one."""
    return _header_beside(path) is not None


def _header_beside(path: Path) -> tuple[Path, EnviHeader] | None:
    """Return the header of a scan, whichever of its two files is given."""
    own = _read(path)
    if own is not None:
        return path, own
    if path.suffix.lower() not in _DATA_SUFFIXES:
        return None
    beside = sibling(path.parent, [f"{path.name}.hdr", f"{path.stem}.hdr"])
    header = _read(beside) if beside else None
    return (beside, header) if beside and header else None


def _read(path: Path) -> EnviHeader | None:
    text = header_text(path)
    if text is None or not text.lstrip().lower().startswith("envi"):
        return None
    header = EnviHeader(path.name, text)
    return header if {*_SIZES.values()} & set(header.values) else None


def open_envi(path: Path, options: ReadOptions) -> SpectralCube:
    """Open either file of a pair.

    Raises
    ------
    FormatError
        Half of the pair is missing, the header lacks a size, or the counts are
        shorter than it says.
    CalibrationError
        The list of energies makes no sense.
    """
    refuse_detector(path, options)
    found = _header_beside(path)
    if found is None:
        raise FormatError(f"{path.name} is not an ENVI header, or has none beside it.")
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
        warnings=[*warnings, *_of_light(header)],
        header=header.plain(),
    )


def _data_beside(header: Path) -> Path:
    """Find ``scan.raw`` beside ``scan.hdr``, or beside ``scan.raw.hdr``."""
    stem = header.stem if header.suffix.lower() == ".hdr" else header.name
    names = [stem, *(f"{stem}{suffix}" for suffix in _DATA_SUFFIXES if suffix)]
    data = sibling(header.parent, [name for name in names if name != header.name])
    if data is None:
        raise FormatError(
            f"{header.name} is only the header of a scan. Expected the counts, "
            f"{stem}.raw, .img or .dat, beside it."
        )
    return data


def _layout(header: EnviHeader, options: ReadOptions) -> PlainLayout:
    """Say how the counts lie in their file; a user's order of axes comes first."""
    sizes = {axis: header.whole(key) for axis, key in _SIZES.items()}
    if sizes["e"] < 2:
        raise FormatError(
            f"{header.name} describes a single band: that is a picture, not a datacube."
        )
    word = header.values.get("interleave", "bsq").lower()
    if word not in _AXES:
        raise FormatError(
            f"{header.name}: 'interleave' is {word[:40]!r}; expected one of "
            f"{', '.join(_AXES)}{did_you_mean(word, _AXES)}"
        )
    axes = options.axes or _AXES[word]
    shape = (sizes[axes[0]], sizes[axes[1]], sizes[axes[2]])
    offset = header.whole("header offset", 0, lowest=0)
    return PlainLayout(_dtype(header), shape, axes, offset)


def _dtype(header: EnviHeader) -> np.dtype[Any]:
    code, order = header.whole("data type"), header.whole("byte order", 0, lowest=0)
    if code not in _TYPES or order > 1:
        raise FormatError(
            f"{header.name}: 'data type' {code} with 'byte order' {order} is not "
            f"known; expected one of {', '.join(map(str, _TYPES))}, and 0 or 1."
        )
    return np.dtype(f"{'<>'[order]}{_TYPES[code]}")


def energy_axis(header: EnviHeader, n_channels: int) -> EnergyAxis | None:
    """Read the list of wavelengths, where it holds energies.

    Raises
    ------
    CalibrationError
        The list has another length, does not rise, or holds other than numbers.
    """
    values = header.numbers("wavelength")
    if not values or _of_light(header):
        return None
    unit = _unit(header)
    kev = np.asarray(values) / (1000 if unit == "ev" else 1)
    if unit in ("ev", "kev") and kev.size and kev[-1] > 200:
        raise CalibrationError(
            f"{header.name}: the last energy is {kev[-1]:g} keV; expected at most 200. "
            "Is the unit right?"
        )
    return axis_from_energies(kev, n_channels)


def _unit(header: EnviHeader) -> str:
    return header.values.get("wavelength units", "").strip("{} ").lower()


def _of_light(header: EnviHeader) -> list[str]:
    """Warn where the list of wavelengths is one of lengths."""
    unit = _unit(header)
    if not unit.startswith(_LENGTHS):
        return []
    return [
        f"{header.name} lists wavelengths in {unit}: a cube of light, not of X-rays. "
        "The energy axis is assumed."
    ]


def _header_bytes(path: Path) -> bytes:
    found = _header_beside(path)
    return found[0].read_bytes() if found else b""


FORMAT = Format(
    "envi",
    "ENVI (.hdr and .raw, .img or .dat)",
    (".hdr", ".raw", ".img", ".dat", ".bip", ".bil", ".bsq"),
    is_envi,
    open_envi,
    header=_header_bytes,
)
