"""Turn results of the core into layers: data, keywords and type, nothing else.

The functions are pure, so that a reader, a worker and a test use the same
ones; only `add_layers` touches a viewer. All keywords that napari would guess
(contrast, RGB, units, axis labels) are always given.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from napari_maxrf._napari._energy_readout import tell_energy
from napari_maxrf._napari._facts import (
    LayerFacts,
    cube_of,
    embedded_of,
    facts_of,
    is_synthetic,
    metadata,
)
from napari_maxrf._napari._placement import (
    Placement,
    below_energy,
    pixel_placement,
    placement_of,
)
from napari_maxrf.analysis._first_sight import first_sight_steps, glance
from napari_maxrf.progress import Steps, finish

if TYPE_CHECKING:
    from collections.abc import Iterable

    from napari.components import ViewerModel
    from napari.layers import Layer

    from napari_maxrf.analysis import ElementMap
    from napari_maxrf.cube import SpectralCube
    from napari_maxrf.embedding import EmbeddedImage
    from napari_maxrf.io import MapSet
    from napari_maxrf.provenance import Provenance
    from napari_maxrf.synthesis import Synthesis

__all__ = [
    "LayerData",
    "LayerFacts",
    "add_layers",
    "clustered_layer",
    "cube_layers",
    "cube_layers_steps",
    "cube_of",
    "difference_layer",
    "embedded_of",
    "embedding_layer",
    "facts_of",
    "map_set_layers",
    "placement_of",
    "preview_layers",
    "recoloured_layer",
]

LayerData = tuple[Any, dict[str, Any], str]
Plane = npt.NDArray[Any]

PLANE_LABELS = ("y", "x")
CUBE_LABELS = ("energy", "y", "x")
MAP_COLORMAPS = (
    "red",
    "green",
    "blue",
    "yellow",
    "cyan",
    "magenta",
    "bop orange",
    "bop purple",
)
SHOWN_MAPS = 3
PREVIEW_WORD = " (preview)"
BRIGHTEST_PERCENTILE = 99.5


def add_layers(viewer: ViewerModel, layers: Iterable[LayerData]) -> list[Layer]:
    """Add layer data to `viewer` in their order. Main thread only."""
    from napari.layers import Layer

    made = [Layer.create(*layer) for layer in layers]
    for layer in made:
        viewer.add_layer(layer)
        tell_energy(viewer, layer)
    return made


def cube_layers(
    cube: SpectralCube,
    placement: Placement | None = None,
    n_maps: int = len(MAP_COLORMAPS),
) -> list[LayerData]:
    """Return sum image, element maps and cube as layers. Reads the whole cube.

    Parameters
    ----------
    cube : SpectralCube
        What to show.
    placement : dict, optional
        Where it lies (`placement_of` the picture it was made from). If not
        given, in mm by the cube's own pixel size, or in pixels.
    n_maps : int
        How many element maps to make, of the strongest elements.
    """
    return finish(cube_layers_steps(cube, placement, n_maps))


def cube_layers_steps(
    cube: SpectralCube,
    placement: Placement | None = None,
    n_maps: int = len(MAP_COLORMAPS),
) -> Steps[list[LayerData]]:
    """Do what `cube_layers` does, with progress: for a worker."""
    sight = yield from first_sight_steps(cube, n_maps)
    where = placement or pixel_placement(cube.pixel_size_mm)
    contrast = channel_contrast(sight.sum_image, sight.sum_spectrum)
    return [
        sum_layer(cube, sight.sum_image, where, visible=not sight.maps),
        *(map_layer(cube, one, i, where) for i, one in enumerate(sight.maps)),
        counts_layer(cube, contrast, where),
    ]


def preview_layers(cube: SpectralCube) -> list[LayerData]:
    """Return a sum image of what a glance shows, and the cube, for a large scan.

    `finish_preview` later does to them what `cube_layers` would have done at once.
    """
    seen = glance(cube)
    where = pixel_placement(cube.pixel_size_mm)
    contrast = channel_contrast(seen.sum_image, seen.sum_spectrum)
    shown, keywords, kind = sum_layer(cube, seen.sum_image, where)
    keywords["metadata"] = metadata(_facts_of_cube("sum", cube, preview=True))
    if not seen.whole:
        keywords["name"] += PREVIEW_WORD
    return [(shown, keywords, kind), counts_layer(cube, contrast, where)]


def sum_layer(
    cube: SpectralCube, image: Plane, placement: Placement, visible: bool = True
) -> LayerData:
    """Show the counts of all channels, in grey."""
    return _plane_layer(
        image.astype(np.float32),
        f"{_title(cube)} sum image",
        _facts_of_cube("sum", cube),
        placement,
        contrast_limits=contrast_of(image),
        colormap="gray",
        visible=visible,
    )


def map_layer(
    cube: SpectralCube, element_map: ElementMap, rank: int, placement: Placement
) -> LayerData:
    """Show an element map in the colour of its `rank`.

    The maps add up to one picture. The strongest lies below and covers what is
    under it, since counts added to a photograph or to grey turn white.
    """
    return _plane_layer(
        element_map.image,
        f"{_title(cube)} {element_map.element} {element_map.line}".rstrip(),
        _facts_of_cube("element map", cube, element_map=element_map),
        placement,
        contrast_limits=contrast_of(element_map.image),
        colormap=MAP_COLORMAPS[rank % len(MAP_COLORMAPS)],
        blending="additive" if rank else "opaque",
        visible=rank < SHOWN_MAPS,
    )


def map_set_layers(found: MapSet) -> list[LayerData]:
    """Show the maps of another program's analysis, each in a colour of its own."""
    where = pixel_placement(found.pixel_size_mm)
    return [
        _plane_layer(
            image,
            f"{found.name} {name}",
            LayerFacts("element map", ()),
            where,
            contrast_limits=contrast_of(image),
            colormap=MAP_COLORMAPS[rank % len(MAP_COLORMAPS)],
            blending="additive" if rank else "opaque",
            visible=rank < SHOWN_MAPS,
        )
        for rank, (name, image) in enumerate(found.maps.items())
    ]


def counts_layer(
    cube: SpectralCube, contrast: tuple[float, float], placement: Placement
) -> LayerData:
    """Show the cube itself, lazily and hidden, as (energy, y, x).

    It is hidden because drawing one channel of a file that is stored spectrum
    by spectrum reads all of it, and because it would cover the maps.
    """
    from napari_maxrf.io import energy_first

    keywords = {
        "name": f"{_title(cube)} cube",
        "metadata": metadata(_facts_of_cube("cube", cube)),
        "contrast_limits": contrast,
        "colormap": "viridis",
        "rgb": False,
        "visible": False,
        "axis_labels": CUBE_LABELS,
    }
    return energy_first(cube), keywords | below_energy(placement, cube.energy), "image"


def clustered_layer(synthesis: Synthesis, placement: Placement) -> LayerData:
    """Show the picture in the few colours the synthesis worked with."""
    cube = synthesis.cube
    facts = _facts_of_cube("clustered", cube)
    name = f"{cube.name} clustered"
    return _rgb_layer(synthesis.clusters.picture(), name, facts, placement)


def embedding_layer(
    embedded: EmbeddedImage,
    placement: Placement | None = None,
    cube: SpectralCube | None = None,
) -> LayerData:
    """Show an embedding in false colours over what it was made from."""
    facts = LayerFacts(
        "embedding",
        embedded.provenance,
        cube=cube,
        embedded=embedded,
        synthetic=is_synthetic(embedded.provenance),
    )
    title = _labelled(embedded.name, facts.synthetic)
    where = placement or pixel_placement(embedded.pixel_size_mm)
    return _rgb_layer(embedded.false_colour(), f"{title} false colour", facts, where)


def recoloured_layer(
    rgb: Plane,
    embedded: EmbeddedImage,
    placement: Placement | None = None,
    provenance: Provenance = (),
) -> LayerData:
    """Show the colours a network predicts, float (y, x, 3) in 0 to 1."""
    facts = LayerFacts(
        "recoloured",
        provenance or embedded.provenance,
        embedded=embedded,
        synthetic=is_synthetic(embedded.provenance),
        predicted=True,
    )
    where = placement or pixel_placement(embedded.pixel_size_mm)
    return _rgb_layer(rgb, f"{embedded.name} recoloured (predicted)", facts, where)


def difference_layer(
    difference: Plane, name: str, placement: Placement, provenance: Provenance = ()
) -> LayerData:
    """Show a map of CIEDE2000 colour differences, shape (y, x)."""
    return _plane_layer(
        difference,
        name,
        LayerFacts("difference", provenance),
        placement,
        contrast_limits=_difference_contrast(difference),
        colormap="inferno",
    )


def _facts_of_cube(kind: Any, cube: SpectralCube, **more: Any) -> LayerFacts:
    synthetic = is_synthetic(cube.provenance)
    return LayerFacts(kind, cube.provenance, cube=cube, synthetic=synthetic, **more)


def _title(cube: SpectralCube) -> str:
    return _labelled(cube.name, is_synthetic(cube.provenance))


def _labelled(name: str, synthetic: bool) -> str:
    """Say of a computed scan in its name that it is one."""
    return f"{name} synthetic" if synthetic and "synthetic" not in name else name


def _plane_layer(
    image: Plane, name: str, facts: LayerFacts, placement: Placement, **keywords: Any
) -> LayerData:
    given = {
        "name": name,
        "metadata": metadata(facts),
        "rgb": False,
        "axis_labels": PLANE_LABELS,
    }
    return image, given | placement | keywords, "image"


def _rgb_layer(
    rgb: Plane, name: str, facts: LayerFacts, placement: Placement
) -> LayerData:
    given = {
        "name": name,
        "metadata": metadata(facts),
        "rgb": True,
        "contrast_limits": (0.0, 1.0),
        "axis_labels": PLANE_LABELS,
    }
    return rgb, given | placement, "image"


def contrast_of(image: Plane) -> tuple[float, float]:
    """Return limits from almost the darkest to almost the brightest pixel."""
    finite = image[np.isfinite(image)]
    if not finite.size:
        return 0.0, 1.0
    low, high = np.percentile(
        finite, (100 - BRIGHTEST_PERCENTILE, BRIGHTEST_PERCENTILE)
    )
    low = max(float(low), 0.0)
    return low, max(float(high), low + 1.0)


def _difference_contrast(image: Plane) -> tuple[float, float]:
    """Return limits from 0 that a colour bar can label in whole numbers."""
    high = np.nanpercentile(image, BRIGHTEST_PERCENTILE)
    return 0.0, max(4.0 * float(np.ceil(high / 4)), 4.0)


def channel_contrast(sum_image: Plane, sum_spectrum: Plane) -> tuple[float, float]:
    """Return limits that suit most channels, from sums that are cheap to have.

    The strong channels of a mean pixel, times how far bright pixels stand
    above the mean.
    """
    mean = sum_spectrum.sum() / sum_image.size
    if mean <= 0:
        return 0.0, 1.0
    bright = np.percentile(sum_image, BRIGHTEST_PERCENTILE) / mean
    strong = np.percentile(sum_spectrum, BRIGHTEST_PERCENTILE - 1) / sum_image.size
    return 0.0, max(float(bright * strong), 1.0)
