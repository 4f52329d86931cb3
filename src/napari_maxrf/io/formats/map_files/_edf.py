"""Maps in EDF, as PyMca and ESRF programs write them: a frame for each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_maxrf.errors import FormatError
from napari_maxrf.io._raw import RawArray
from napari_maxrf.io.formats.edf import holds_spectra, is_edf, read_frames
from napari_maxrf.io.formats.map_files._mapset import MapSet, named_maps

if TYPE_CHECKING:
    from pathlib import Path

EDF_MAPS = "edf-maps"
_MOST_MAPS = 1000


def is_edf_maps(path: Path) -> bool:
    """Take every EDF file whose frames are no spectra."""
    return is_edf(path) and not holds_spectra(path)


def read_edf_maps(path: Path) -> MapSet:
    """Read the frames of a file, named by their titles.

    Raises
    ------
    FormatError
        Frames are damaged, of different sizes, or too many for maps.
    """
    frames = read_frames(path, most=_MOST_MAPS + 1)
    if len(frames) > _MOST_MAPS:
        raise FormatError(f"{path.name} holds more than {_MOST_MAPS} frames: no maps.")
    complete = [frame for frame in frames if not frame.missing]
    if not complete:
        raise FormatError(
            f"{path.name} is too short by {frames[0].missing:,} bytes. Was it copied "
            "completely?"
        )
    if any(len(frame.shape) != 2 for frame in complete):
        raise FormatError(
            f"{path.name} has arrays of shape {complete[0].shape}; a map has two axes."
        )
    planes = [
        RawArray(path, frame.dtype, frame.shape, frame.offset)[:, :]
        for frame in complete
    ]
    titles = [frame.text("title") for frame in complete]
    names = [path.stem] if titles == [""] else titles
    cut = len(frames) - len(complete)
    metadata = {"warnings": [f"{path.name} ends inside its last map."]} if cut else {}
    return MapSet(path.stem, named_maps(names, planes), EDF_MAPS, metadata=metadata)
