"""What the comparison needs of a layer that is one flat picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from napari.layers import Image

from napari_maxrf._napari._facts import LayerFacts, is_helper, metadata

if TYPE_CHECKING:
    from napari.layers import Layer

_COPIED = (
    "scale",
    "translate",
    "rotate",
    "shear",
    "affine",
    "units",
    "axis_labels",
    "contrast_limits",
    "gamma",
)
_GREY_COPIED = ("colormap",)


def is_plane(layer: Layer) -> bool:
    """Tell whether `layer` is a flat image of the user's, RGB or not."""
    return isinstance(layer, Image) and layer.ndim == 2 and not is_helper(layer)


def is_rgb_plane(layer: Layer) -> bool:
    """Tell whether `layer` is a flat RGB picture of the user's."""
    return is_plane(layer) and bool(layer.rgb)


def pixels(layer: Image) -> npt.NDArray[Any]:
    """Return the full-size pixels of a flat layer, without a copy where possible."""
    return np.asarray(layer.data[0] if layer.multiscale else layer.data)


def helper_of(layer: Image, name: str) -> Image:
    """Return a new layer that shows the same pixels at the same place.

    It shares the memory of `layer`, but can be cropped, moved in the list and
    removed without touching it.
    """
    keys = _COPIED if layer.rgb else _COPIED + _GREY_COPIED
    keywords = {key: getattr(layer, key) for key in keys}
    return Image(
        pixels(layer),
        name=name,
        rgb=layer.rgb,
        blending="opaque",
        metadata=metadata(LayerFacts("helper")),
        **keywords,
    )
