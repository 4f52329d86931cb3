"""Pictures that lie in the file of a scan, as hidden layers below it.

Files tell at most how large a pixel of a picture is, not where the picture lies. It
begins where the scan begins, so that the user can move it into place.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_maxrf._napari._layers import PLANE_LABELS, contrast_of
from napari_maxrf._napari._placement import pixel_placement
from napari_maxrf.errors import MaxrfError

if TYPE_CHECKING:
    import os

    from napari_maxrf._napari._layers import LayerData
    from napari_maxrf._napari._placement import Placement
    from napari_maxrf.cube import SpectralCube
    from napari_maxrf.io import ScanImage

LOG = logging.getLogger(__name__)


def picture_layers(path: str | os.PathLike[str], cube: SpectralCube) -> list[LayerData]:
    """Return the pictures of a file; none if they are damaged."""
    from napari_maxrf.io import open_images

    try:
        pictures = open_images(path)
    except MaxrfError as error:
        LOG.warning("%s", error)
        return []
    return [_layer(picture, cube) for picture in pictures]


def _layer(picture: ScanImage, cube: SpectralCube) -> LayerData:
    pixels = picture.pixels
    is_rgb = pixels.ndim == 3
    limits = (0, 255) if is_rgb else contrast_of(np.asarray(pixels, float))
    keywords: dict[str, Any] = {
        "name": f"{cube.name} {picture.name}",
        "rgb": is_rgb,
        "contrast_limits": limits,
        "visible": False,
        "axis_labels": PLANE_LABELS,
    }
    return pixels, keywords | _place(picture, cube), "image"


def _place(picture: ScanImage, cube: SpectralCube) -> Placement:
    """Scale by the size of its pixels, or else to the width of the scan."""
    scan = pixel_placement(cube.pixel_size_mm)
    if picture.pixel_size_mm is not None and cube.pixel_size_mm is not None:
        size = np.array(picture.pixel_size_mm)
    else:
        width = cube.shape[1] * scan["scale"][1]
        size = np.full(2, width / picture.pixels.shape[1])
    # napari's origin is the centre of the first pixel, not its corner.
    return scan | {"scale": size, "translate": (size - scan["scale"]) / 2}
