"""Headers of an EDF file: ``{ key = value ; ... }``, then the values of an array.

A file holds one such frame or many, one after the other. Only headers are read here,
and each says how far the next one is.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_maxrf.errors import FormatError, did_you_mean
from napari_maxrf.io._held import reading

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from typing import BinaryIO

_FIRST, _LONGEST = 2**13, 2**20
_MOST_FRAMES = 2**17
_MOST_KEYS = 10_000
_LARGEST = 2**31 - 1
_END = re.compile(rb"\}[ \t]*\r?\n")
_TYPES = {
    "signedbyte": "i1",
    "unsignedbyte": "u1",
    "signedshort": "i2",
    "unsignedshort": "u2",
    "signedinteger": "i4",
    "unsignedinteger": "u4",
    "signedlong": "i4",
    "unsignedlong": "u4",
    "signed64": "i8",
    "unsigned64": "u8",
    "float": "f4",
    "floatvalue": "f4",
    "floatieee32": "f4",
    "real": "f4",
    "double": "f8",
    "doublevalue": "f8",
    "doubleieee64": "f8",
}
_ORDERS = {"lowbytefirst": "<", "highbytefirst": ">"}
_UNPACKED = {"", "none", "no"}


@dataclass(frozen=True)
class EdfFrame:
    """One array in a file.

    Attributes
    ----------
    keys : mapping of str to str
        The header, names as they are in the file.
    dtype : dtype
        Type of a value, with its byte order.
    shape : tuple of int
        Shape, slowest axis first.
    offset : int
        Where the values begin.
    missing : int
        Bytes that the file is too short for this array.
    """

    keys: Mapping[str, str]
    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    offset: int
    missing: int = 0
    _lower: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def n_bytes(self) -> int:
        """Bytes of the array."""
        return math.prod(self.shape) * self.dtype.itemsize

    def text(self, key: str) -> str:
        """Return a value whatever the capitals of its key; "" if there is none."""
        return self._lower.get(key.lower(), "")

    def number(self, key: str) -> float | None:
        """Return a value as a number; None if there is none."""
        try:
            value = float(self.text(key).split()[0])
        except (ValueError, IndexError):
            return None
        return value if math.isfinite(value) else None

    @property
    def is_spectra(self) -> bool:
        """Whether the header speaks of a multichannel analyser."""
        return any(key.startswith("mca ") for key in self._lower)


def is_edf(path: Path) -> bool:
    """Look for the first header and its most needed keys."""
    try:
        if not path.is_file():
            return False
        with path.open("rb") as stream:
            head = stream.read(_FIRST)
    except OSError:
        return False
    lower = head.lower()
    begun = lower.lstrip()[:1] == b"{"
    return begun and b"dim_1" in lower and b"datatype" in lower


def read_frames(path: Path, most: int = _MOST_FRAMES) -> list[EdfFrame]:
    """Read the headers of a file.

    Parameters
    ----------
    path : Path
        The file.
    most : int, optional
        Stop after so many frames.

    Returns
    -------
    list of EdfFrame
        At least one. The last one may be incomplete: see `EdfFrame.missing`.

    Raises
    ------
    FormatError
        A header is damaged, or describes what cannot be read.
    """
    frames: list[EdfFrame] = []
    with reading(path), path.open("rb") as stream:
        size, at = path.stat().st_size, 0
        while at < size and len(frames) < most:
            header, length = _header(stream, at, path.name, bool(frames))
            if not length:
                break
            frame, n_bytes = _frame(header, at + length, size, path.name)
            if frame is not None:
                frames.append(frame)
            at += length + n_bytes
    if not frames:
        raise FormatError(f"{path.name} holds no array: its header has no Dim_1.")
    return frames


def _header(
    stream: BinaryIO, at: int, name: str, others: bool
) -> tuple[dict[str, str], int]:
    """Read a header; return its keys and its length, 0 where there is none."""
    stream.seek(at)
    data = stream.read(_FIRST)
    if data.lstrip()[:1] != b"{":
        if others:
            return {}, 0
        raise FormatError(f"{name} does not begin with the header of an EDF file.")
    end = _END.search(data)
    while end is None and len(data) < _LONGEST:
        more = stream.read(len(data))
        if not more:
            break
        data += more
        end = _END.search(data)
    if end is None:
        raise FormatError(
            f"{name}: the header at byte {at:,} does not end ('}}' and a new line are "
            "missing)."
        )
    return _keys(data[: end.start()]), end.end()


def _keys(header: bytes) -> dict[str, str]:
    text = header.decode("utf-8", errors="replace").lstrip().removeprefix("{")
    pairs = (part.partition("=") for part in text.split(";")[:_MOST_KEYS])
    return {key.strip(): value.strip() for key, equals, value in pairs if equals}


def _frame(
    keys: dict[str, str], offset: int, size: int, name: str
) -> tuple[EdfFrame | None, int]:
    """Return a frame and the bytes to its end; None for a header without array."""
    lower = {key.lower(): value for key, value in keys.items()}
    stated = _stated_bytes(lower, name)
    if "dim_1" not in lower:
        return None, stated or 0
    if lower.get("compression", "").lower() not in _UNPACKED:
        raise FormatError(
            f"{name} is packed ({lower['compression'][:40]}), which is not supported. "
            "Save it again without compression."
        )
    dtype, shape = _dtype(lower, name), _shape(lower, name)
    needed = math.prod(shape) * dtype.itemsize
    if stated is not None and stated < needed:
        sizes = " x ".join(map(str, (*shape, dtype.itemsize)))
        raise FormatError(
            f"{name}: the header states {stated:,} bytes, but {sizes} are {needed:,}."
        )
    missing = max(0, offset + needed - size)
    return EdfFrame(keys, dtype, shape, offset, missing, lower), max(
        needed, stated or 0
    )


def _stated_bytes(lower: dict[str, str], name: str) -> int | None:
    for key in ("edf_binarysize", "size"):
        if key in lower:
            return _whole(lower, key, name, lowest=0, largest=2**62)
    return None


def _shape(lower: dict[str, str], name: str) -> tuple[int, ...]:
    sizes = []
    for axis in (1, 2, 3, 4):
        if f"dim_{axis}" not in lower:
            break
        sizes.append(_whole(lower, f"dim_{axis}", name))
    if len(sizes) == 4 and sizes[3] > 1:
        raise FormatError(f"{name} has four axes; expected at most three.")
    return tuple(reversed(sizes[:3]))


def _dtype(lower: dict[str, str], name: str) -> np.dtype[Any]:
    kind = lower.get("datatype", "").lower()
    order = lower.get("byteorder", "LowByteFirst").lower()
    for what, word, known in (
        ("DataType", kind, _TYPES),
        ("ByteOrder", order, _ORDERS),
    ):
        if word not in known:
            raise FormatError(
                f"{name}: {what} is {word[:40]!r}; expected one such as "
                f"{next(iter(known))!r}{did_you_mean(word, known)}"
            )
    return np.dtype(_ORDERS[order] + _TYPES[kind])


def _whole(
    lower: dict[str, str],
    key: str,
    name: str,
    lowest: int = 1,
    largest: int = _LARGEST,
) -> int:
    text = lower[key]
    if not re.fullmatch(r"\+?[0-9]{1,18}", text) or not lowest <= int(text) <= largest:
        raise FormatError(
            f"{name}: {key} is {text[:40]!r}; expected a whole number from {lowest} "
            f"to {largest}."
        )
    return int(text)
