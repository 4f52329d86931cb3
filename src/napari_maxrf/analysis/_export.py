"""Element maps as files that image programs measure on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_maxrf._files import atomic_path
from napari_maxrf.errors import MaxrfError

if TYPE_CHECKING:
    import os

    from napari_maxrf.analysis._maps import ElementMap


def save_element_map(
    element_map: ElementMap,
    path: str | os.PathLike[str],
    pixel_size_mm: tuple[float, float] | None = None,
) -> None:
    """Write a map as float32 TIFF with ImageJ tags.

    Parameters
    ----------
    element_map : ElementMap
        Net counts are written as they are, negative ones too.
    path : path-like
        Ends in ``.tif`` or ``.tiff``.
    pixel_size_mm : (float, float), optional
        Height and width of a pixel in mm, kept as resolution.

    Raises
    ------
    MaxrfError
        The suffix is another one, or the file cannot be written.
    """
    import tifffile

    path = Path(path)
    if path.suffix.lower() not in (".tif", ".tiff"):
        raise MaxrfError(f"Cannot save a map as {path.name}: use the suffix .tif.")
    tags: dict[str, Any] = {"axes": "YX"}
    tags["Labels"] = [f"{element_map.element} {element_map.line}"]
    resolution = None
    if pixel_size_mm is not None:
        height, width = pixel_size_mm
        resolution, tags["unit"] = (1 / width, 1 / height), "mm"
    with atomic_path(path) as temporary:
        tifffile.imwrite(
            temporary,
            element_map.image,
            imagej=True,
            resolution=resolution,
            metadata=tags,
        )
