"""A spectrum file as text, read once and within bounds.

Instruments write ASCII, Windows code pages, UTF-8 and UTF-16, with any kind of line
end. What cannot be a spectrum for its size or its bytes is refused here, before a
parser spends memory on it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from napari_maxrf.errors import FormatError

if TYPE_CHECKING:
    from pathlib import Path

MAX_BYTES = 16 * 2**20
MAX_LINES = 1_000_000
MAX_LINE_LENGTH = 2**20
MAX_CHANNELS = 2**16

_BYTE_ORDER_MARKS = {
    b"\xef\xbb\xbf": "utf-8-sig",
    b"\xff\xfe": "utf-16",
    b"\xfe\xff": "utf-16",
}
_BINARY = re.compile(r"[\x00-\x08\x0e-\x1f]")
_LINE_END = re.compile(r"\r\n|\r|\n")


@dataclass(frozen=True)
class SpectrumFile:
    """Path and text of a file that may hold spectra.

    Attributes
    ----------
    path : Path
        Where it stands.
    text : str
        Its content; empty for HDF5, which is read by its own library.
    """

    path: Path
    text: str = ""

    @property
    def name(self) -> str:
        """Name of the file, as messages show it."""
        return self.path.name

    @cached_property
    def start(self) -> str:
        """The first characters that are not blank, which tell the format."""
        return self.text[:4096].lstrip()

    @cached_property
    def lines(self) -> list[str]:
        """Lines without their ends.

        Raises
        ------
        FormatError
            More or longer lines than a spectrum has.
        """
        if self.text.count("\n") + self.text.count("\r") > MAX_LINES:
            raise FormatError(f"{self.name} has more than {MAX_LINES:,} lines.")
        lines = _LINE_END.split(self.text)
        for index, line in enumerate(lines):
            if len(line) > MAX_LINE_LENGTH:
                raise FormatError(f"{self.line(index)} is {len(line):,} characters.")
        return lines

    def line(self, index: int) -> str:
        """Name a line, given its index from 0, in a message."""
        return f"{self.name} line {index + 1}"

    def line_of(self, position: int) -> str:
        """Name the line that holds a character of the text."""
        return self.line(len(_LINE_END.findall(self.text, 0, max(position, 0))))


def read_text(path: Path) -> SpectrumFile:
    """Read and decode a text file.

    Raises
    ------
    FormatError
        The file is empty, binary or too large, or cannot be read.
    """
    try:
        with path.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise FormatError(
            f"Cannot read {path.name}: {error.strerror or error}."
        ) from error
    if len(data) > MAX_BYTES:
        raise FormatError(
            f"{path.name} is larger than {MAX_BYTES // 2**20} MiB: that is no single "
            "spectrum. Open a scan as a datacube instead."
        )
    text = decoded(data, path.name)
    if not text.strip():
        raise FormatError(f"{path.name} is empty.")
    return SpectrumFile(path, text)


def decoded(data: bytes, name: str) -> str:
    """Decode by mark, as UTF-8, or as the Windows code page of Western Europe.

    Raises
    ------
    FormatError
        The bytes are no text.
    """
    marked = (code for mark, code in _BYTE_ORDER_MARKS.items() if data.startswith(mark))
    for encoding in (next(marked, "utf-8"), "cp1252", "latin-1"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        break
    if _BINARY.search(text):
        raise FormatError(
            f"{name} is binary, in no format that holds spectra here. Export the "
            "spectrum as text (.csv, .msa, .mca or .spe) and open that."
        )
    return text
