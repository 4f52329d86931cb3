"""Maps in TIFF: a grey page for each, named in its description.

PyMca writes ``Title=Fe_K`` into each page, ImageJ a list of labels, OME the names of
channels. A grey page without any name may be a photograph or a radiograph; only one
of floats is then taken for a map.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from napari_maxrf.errors import FormatError, MaxrfError
from napari_maxrf.io._layout import FEWEST_CHANNELS
from napari_maxrf.io._tiff_files import opened_tiff, starts_as_tiff
from napari_maxrf.io.formats.map_files._mapset import MapSet, named_maps

if TYPE_CHECKING:
    from pathlib import Path

    from tifffile import TiffFile, TiffPage

TIFF_MAPS = "tiff-maps"
_TITLE = re.compile(r"^\s*(?:Title|Label)\s*=\s*(.+?)\s*$", re.IGNORECASE | re.M)
_MOST_BYTES = 2**31
_RATIO = 1100
_TO_MM = {2: 25.4, 3: 10.0}
_IMAGEJ_TO_MM = {"mm": 1.0, "millimeter": 1.0, "cm": 10.0, "um": 1e-3, "micron": 1e-3}
_IMAGEJ_TO_MM |= {"µm": 1e-3, "\\u00b5m": 1e-3, "inch": 25.4}


def is_tiff_maps(path: Path) -> bool:
    """Look for grey pages of one size, named or of floats, fewer than channels."""
    if not starts_as_tiff(path):
        return False
    try:
        with opened_tiff(path) as file:
            pages = _pages(path, file)
            named = any(_names(file, pages))
            return named or all(_kind(page) == "f" for page in pages)
    except (MaxrfError, OSError):
        return False


def read_tiff_maps(path: Path) -> MapSet:
    """Read all pages.

    Raises
    ------
    FormatError
        The file is damaged, or its pages are no maps of one size.
    """
    with opened_tiff(path) as file:
        pages = _pages(path, file)
        names = _names(file, pages)
        if len(pages) == 1 and not names[0]:
            names = [path.stem]
        planes = [_plane(path, page) for page in pages]
        size = _pixel_size(file, pages[0])
    return MapSet(path.stem, named_maps(names, planes), TIFF_MAPS, size)


def _pages(path: Path, file: TiffFile) -> list[TiffPage]:
    """Return the pages; refuse pictures in colour, stacks of channels, and bombs."""
    pages: list[Any] = []
    for page in file.pages:
        pages.append(page)
        if len(pages) >= FEWEST_CHANNELS:
            raise FormatError(f"{path.name} has {FEWEST_CHANNELS} pages or more.")
    shapes = {page.shape for page in pages}
    if len(shapes) != 1 or len(next(iter(shapes))) != 2 or 0 in next(iter(shapes)):
        raise FormatError(
            f"{path.name} has pages of the shapes {sorted(shapes)[:5]}; maps are grey "
            "and of one size."
        )
    for page in pages:
        _check_page(path, page)
    return pages


def _kind(page: TiffPage) -> str:
    return "" if page.dtype is None else page.dtype.kind


def _check_page(path: Path, page: TiffPage) -> None:
    if page.dtype is None or _kind(page) not in "uif" or page.photometric == 3:
        raise FormatError(f"{path.name} holds no map of numbers (type {page.dtype}).")
    stored = sum(page.databytecounts)
    needed = int(np.prod(page.shape, dtype=object)) * page.dtype.itemsize
    packed = int(page.compression) != 1
    if stored > path.stat().st_size or needed > (_RATIO if packed else 1) * stored:
        raise FormatError(
            f"{path.name} keeps {stored:,} bytes for a page of {needed:,}. Was it "
            "copied completely?"
        )
    if needed > _MOST_BYTES:
        raise FormatError(f"{path.name} has a page of {needed:,} bytes: no map.")


def _plane(path: Path, page: TiffPage) -> npt.NDArray[Any]:
    try:
        return np.asarray(page.asarray())
    except (ImportError, NotImplementedError) as error:
        raise FormatError(
            f"{path.name} is packed in a way that needs another package ({error}). "
            "Save it without compression."
        ) from error


def _names(file: TiffFile, pages: list[TiffPage]) -> list[str]:
    """Name the pages: by PyMca's title, ImageJ's labels, or OME's channels."""
    titles = [_title(page) for page in pages]
    if any(titles):
        return titles
    imagej = file.imagej_metadata or {} if file.is_imagej else {}
    labels = imagej.get("Labels", [])
    if not labels and file.is_ome:
        pattern = r"<Channel\b[^>]*?\bName=\"([^\"]{1,100})\""
        labels = re.findall(pattern, file.ome_metadata or "")
    labels = [str(label).split("\n")[0] for label in labels]
    return labels if len(labels) == len(pages) else [""] * len(pages)


def _title(page: TiffPage) -> str:
    found = _TITLE.search(str(page.description)[:10_000])
    return found[1] if found else ""


def _pixel_size(file: TiffFile, page: TiffPage) -> tuple[float, float] | None:
    """Turn the resolution, which is pixels for a length, into mm for a pixel."""
    unit = _TO_MM.get(_tag(page, "ResolutionUnit"))
    if file.is_imagej:
        metadata = file.imagej_metadata or {}
        unit = _IMAGEJ_TO_MM.get(str(metadata.get("unit", "")), None)
    sizes = []
    for tag in ("YResolution", "XResolution"):
        value = _tag(page, tag)
        if unit is None or not isinstance(value, tuple) or 0 in value[:2]:
            return None
        sizes.append(round(unit * value[1] / value[0], 9))
    return (sizes[0], sizes[1]) if min(sizes) > 1e-5 and max(sizes) < 100 else None


def _tag(page: TiffPage, name: str) -> Any:
    tag = page.tags.get(name)
    return None if tag is None else tag.value
