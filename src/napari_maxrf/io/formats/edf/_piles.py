"""Frames of a scan in their order, from one file or from the files of a series."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from napari_maxrf.errors import FormatError
from napari_maxrf.io._raw import RawArray
from napari_maxrf.io.formats.edf._frames import EdfFrame, read_frames
from napari_maxrf.io.formats.edf._series import gaps

if TYPE_CHECKING:
    from pathlib import Path


def plane_of(frame: EdfFrame) -> tuple[int, int]:
    """Return the shape of a frame as rows of spectra; a vector is one spectrum."""
    return math.prod(frame.shape[:-1]), frame.shape[-1]


def too_short(path: Path, frame: EdfFrame) -> str:
    """Say how much of an array is missing."""
    sizes = " x ".join(map(str, (*frame.shape, frame.dtype.itemsize)))
    return (
        f"{path.name} has {path.stat().st_size:,} bytes; {frame.missing:,} more are "
        f"needed ({sizes}, after {frame.offset}). Is the scan complete?"
    )


@dataclass(frozen=True)
class Pile:
    """Frames of one detector; None where a frame is missing.

    Attributes
    ----------
    frames : tuple of EdfFrame or None
        In the order of the scan.
    paths : tuple of Path or None
        The file of each frame.
    warnings : tuple of str
        What is missing, and why.
    width : int or None
        Frames in a row of the scan, where files tell it; each is one spectrum.
    """

    frames: tuple[EdfFrame | None, ...]
    paths: tuple[Path | None, ...]
    warnings: tuple[str, ...] = ()
    width: int | None = None

    @property
    def first(self) -> EdfFrame:
        """The first frame that is there."""
        return next(frame for frame in self.frames if frame is not None)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Number of frames, spectra in the largest one, and channels."""
        planes = [plane_of(frame) for frame in self.frames if frame is not None]
        return len(self.frames), max(n for n, _ in planes), planes[0][1]

    @property
    def is_of_spectra(self) -> bool:
        """Whether each frame is a single spectrum."""
        return self.shape[1] == 1 and self.shape[0] > 1

    def pieces(self) -> list[RawArray | None]:
        """Return the arrays, as rows of spectra."""
        return [
            None
            if frame is None or path is None
            else RawArray(path, frame.dtype, plane_of(frame), frame.offset)
            for frame, path in zip(self.frames, self.paths, strict=True)
        ]


def pile_of_frames(path: Path, frames: list[EdfFrame]) -> Pile:
    """Take the complete frames of one file.

    Raises
    ------
    FormatError
        Their shapes differ, or none is complete.
    """
    shapes = {frame.shape for frame in frames}
    if len(shapes) > 1:
        raise FormatError(
            f"{path.name} holds arrays of different shapes {sorted(shapes)[:5]}: that "
            "is no scan."
        )
    complete = tuple(frame for frame in frames if not frame.missing)
    if not complete:
        raise FormatError(too_short(path, frames[0]))
    warnings: tuple[str, ...] = ()
    if len(complete) < len(frames):
        warnings = (
            f"{path.name} ends inside frame {len(frames)}: only the first "
            f"{len(complete)} are opened.",
        )
    return Pile(complete, (path,) * len(complete), warnings)


def pile_of_files(files: dict[int, Path]) -> Pile:
    """Take the files of a series in the order of their numbers.

    Files that are missing, incomplete or of another kind are left empty.

    Raises
    ------
    FormatError
        No file can be used; the message is about the first.
    """
    read = {number: _usable(path) for number, path in files.items()}
    usable = [frames for frames in read.values() if not isinstance(frames, str)]
    if not usable:
        raise FormatError(str(next(iter(read.values()))))
    usual = Counter(map(_kind, usable)).most_common(1)[0][0]
    for number, frames in read.items():
        if not isinstance(frames, str) and _kind(frames) != usual:
            read[number] = "another kind"
    for number in gaps(files):
        read[number] = "missing"
    return _in_order(files, read)


def _in_order(files: dict[int, Path], read: dict[int, list[EdfFrame] | str]) -> Pile:
    per_file = max(len(one) for one in read.values() if not isinstance(one, str))
    frames: list[EdfFrame | None] = []
    paths: list[Path | None] = []
    for number in sorted(read):
        one = read[number]
        here = [] if isinstance(one, str) else one
        frames += [*here, *[None] * (per_file - len(here))]
        paths += [files.get(number)] * per_file
    empty = sorted(number for number, one in read.items() if isinstance(one, str))
    width = per_file if len(read) > 1 and per_file > 1 else None
    return Pile(tuple(frames), tuple(paths), _of_empty(empty), width)


def _of_empty(numbers: list[int]) -> tuple[str, ...]:
    if not numbers:
        return ()
    some = ", ".join(map(str, numbers[:10])) + (" ..." if len(numbers) > 10 else "")
    return (
        f"{len(numbers)} files of the series are missing, incomplete or of another "
        f"kind (number {some}); their pixels are empty.",
    )


def _kind(frames: list[EdfFrame]) -> tuple[str, int, bool]:
    """Tell files of a scan from others: type, channels, one frame or many."""
    return frames[0].dtype.str, frames[0].shape[-1], len(frames) > 1


def _usable(path: Path) -> list[EdfFrame] | str:
    """Return the frames of a file, or why they cannot be used."""
    try:
        frames = read_frames(path)
    except FormatError as error:
        return str(error)
    complete = [frame for frame in frames if not frame.missing]
    if not complete:
        return too_short(path, frames[0])
    if len(frames) > 1 and {plane_of(frame) for frame in frames} != {
        (1, frames[0].shape[-1])
    }:
        return f"{path.name} is a scan of its own, of {len(frames)} frames."
    return complete
