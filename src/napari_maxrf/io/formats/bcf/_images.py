"""Pictures that a ``.bcf`` brings along: the sample as camera or electrons saw it."""

from __future__ import annotations

import base64
import binascii
import math
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from napari_maxrf.io._images import ScanImage
from napari_maxrf.io.formats.bcf._calibrated import number, pixel_size_mm
from napari_maxrf.io.formats.bcf._header import read_header
from napari_maxrf.io.formats.bcf._sources import open_sources

if TYPE_CHECKING:
    from pathlib import Path

    from napari_maxrf.io.formats.bcf._header import Facts, ImageFacts

_TYPES = {1: "<u1", 2: "<u2", 4: "<u4"}
_COLOURS = 3
_MOST_PIXELS = 2**28
_UM_PER_MM = 1000.0


def open_bcf_images(path: Path) -> tuple[ScanImage, ...]:
    """Read all pictures of a file; those that are blank or damaged are left out.

    Raises
    ------
    FormatError
        The file is damaged or cut off before the end of its header.
    """
    header = read_header(open_sources(path).header, images=True)
    scan_size = pixel_size_mm(header)
    found = [
        ScanImage(_name(image, plane), pixels, _size(image, scan_size))
        for image in header.images
        for plane in image.planes.values()
        if (pixels := _pixels(image, plane)) is not None and pixels.any()
    ]
    return tuple(found)


def _name(image: ImageFacts, plane: Facts) -> str:
    parts = (image.name.strip(), plane.get("Description") or plane.get("Name", ""))
    return " ".join(dict.fromkeys(part for part in parts if part)) or "image"


def _size(
    image: ImageFacts, scan_size: tuple[float, float] | None
) -> tuple[float, float] | None:
    """Return the image's own pixel size; those that have none lie on the scan."""
    own = [number(image.facts, key) or 0.0 for key in ("YCalibration", "XCalibration")]
    if not all(size > 0 for size in own):
        return scan_size
    return own[0] / _UM_PER_MM, own[1] / _UM_PER_MM


def _pixels(image: ImageFacts, plane: Facts) -> npt.NDArray[Any] | None:
    """Decode a plane if it has as many bytes as its size says, else give up."""
    sizes = [number(image.facts, key) or 0 for key in ("Height", "Width", "ItemSize")]
    height, width, item = (int(size) for size in sizes)
    if min(height, width) < 1 or height * width > _MOST_PIXELS:
        return None
    try:
        content = base64.b64decode(plane.get("Data", ""), validate=False)
    except (binascii.Error, ValueError):
        return None
    if item not in (*_TYPES, _COLOURS) or len(content) != height * width * item:
        return None
    shape = (height, width) if item in _TYPES else (height, width, item)
    values = np.frombuffer(content, _TYPES.get(item, "<u1"), math.prod(shape))
    return values.reshape(shape)
