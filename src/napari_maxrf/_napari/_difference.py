"""The map of colour differences between two layers, as a layer of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_maxrf._napari._layers import LayerData, difference_layer
from napari_maxrf._napari._placement import placement_of
from napari_maxrf._napari._plane import pixels
from napari_maxrf.progress import Progress, Steps
from napari_maxrf.provenance import ProcessStep

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt
    from napari.layers import Image


def difference_work(first: Image, second: Image) -> Callable[[], Steps[LayerData]]:
    """Return the work that compares two RGB layers, for a thread.

    What is needed of the layers is read here, on the main thread. The result
    lies over `first`; if `second` has another number of pixels it is resampled
    to those of `first`.
    """
    names = first.name, second.name
    pair = pixels(first), pixels(second)
    placement = placement_of(first)
    step = ProcessStep("colour difference", {"first": names[0], "second": names[1]})

    def steps() -> Steps[LayerData]:
        yield Progress("Comparing colours", 0, 0)
        image = _difference(*pair)
        name = f"Colour difference {names[0]} / {names[1]}"
        return difference_layer(image, name, placement, (step,))

    return steps


def _difference(
    first: npt.NDArray[object], second: npt.NDArray[object]
) -> npt.NDArray[object]:
    from napari_maxrf.pictures import as_picture, resize
    from napari_maxrf.recolouring import colour_difference_map

    a, b = as_picture(first), as_picture(second)
    if a.shape != b.shape:
        b = resize(b, a.shape[:2])
    return colour_difference_map(a, b)
