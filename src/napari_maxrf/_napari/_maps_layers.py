"""Layers of the Element maps dock: single maps, ratios, and the composite."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari.utils import Colormap

from napari_maxrf._napari._facts import LayerFacts, is_synthetic, metadata
from napari_maxrf._napari._maps_rows import hex_of
from napari_maxrf.provenance import ProcessStep

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import numpy.typing as npt

    from napari_maxrf._napari._layers import LayerData
    from napari_maxrf._napari._maps_rows import Colour, MapRow
    from napari_maxrf._napari._placement import Placement
    from napari_maxrf.analysis._composite import Mode
    from napari_maxrf.cube import SpectralCube
    from napari_maxrf.provenance import Provenance

LABELS = ("y", "x")


def map_layers(
    rows: Sequence[MapRow],
    cube: SpectralCube,
    provenance: Provenance,
    placement: Placement,
) -> list[LayerData]:
    """Show maps in their colours and limits; they add up.

    The first covers what lies below, since light that is added to a photograph or to
    the composite turns white.
    """
    return [
        _map_layer(
            row,
            cube,
            provenance,
            placement,
            colormap=_from_black(row.colour),
            blending="additive" if rank else "opaque",
        )
        for rank, row in enumerate(rows)
    ]


def ratio_layer(
    row: MapRow, cube: SpectralCube, provenance: Provenance, placement: Placement
) -> LayerData:
    """Show a ratio of two maps; where it is not certain there is nothing."""
    return _map_layer(row, cube, provenance, placement, colormap="inferno")


def composite_layer(
    picture: npt.NDArray[np.float32], facts: LayerFacts, placement: Placement
) -> LayerData:
    """Show many maps in one picture, which no order of layers changes."""
    given = {
        "name": _title(facts, "composite"),
        "metadata": metadata(facts),
        "rgb": True,
        "contrast_limits": (0.0, 1.0),
        "axis_labels": LABELS,
    }
    return picture, given | placement, "image"


def composite_facts(
    rows: Sequence[MapRow], cube: SpectralCube, provenance: Provenance, mode: Mode
) -> LayerFacts:
    """Tell from what a composite is made, so that it can be made again."""
    parts = {
        row.map.name: {"colour": hex_of(row.colour), "limits": list(row.limits)}
        for row in rows
        if row.shown
    }
    step = ProcessStep("composite", {"mode": mode, "maps": parts})
    synthetic = is_synthetic(provenance)
    return LayerFacts("composite", (*provenance, step), cube=cube, synthetic=synthetic)


def _map_layer(
    row: MapRow,
    cube: SpectralCube,
    provenance: Provenance,
    placement: Placement,
    **keywords: Any,
) -> LayerData:
    facts = LayerFacts(
        "element map",
        provenance,
        cube=cube,
        element_map=row.map,
        synthetic=is_synthetic(provenance),
    )
    given = {
        "name": _title(facts, row.map.name),
        "metadata": metadata(facts),
        "rgb": False,
        "axis_labels": LABELS,
        "contrast_limits": row.limits,
    }
    return row.map.image, given | placement | keywords, "image"


def _title(facts: LayerFacts, what: str) -> str:
    """Name a layer; one of a computed scan says so."""
    name = facts.cube.name if facts.cube is not None else ""
    told = "synthetic" if facts.synthetic and "synthetic" not in name else ""
    return " ".join(word for word in (name, told, what) if word)


def _from_black(colour: Colour) -> Colormap:
    red, green, blue = (value / 255 for value in colour)
    ends = [[0.0, 0.0, 0.0, 1.0], [red, green, blue, 1.0]]
    return Colormap(ends, name=hex_of(colour))
