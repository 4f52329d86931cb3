"""What a layer of ours is, kept in one place of its metadata.

Layers come and go, are renamed, reordered and saved; only their metadata stays
with them. One frozen record under one key tells what a layer shows, what made
it, and gives the widgets the object behind the pixels.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from napari.layers import Layer

    from napari_maxrf.analysis import ElementMap
    from napari_maxrf.cube import SpectralCube
    from napari_maxrf.embedding import EmbeddedImage
    from napari_maxrf.provenance import Provenance

KEY = "maxrf"

Kind = Literal[
    "cube",
    "sum",
    "element map",
    "window map",
    "composite",
    "clustered",
    "embedding",
    "recoloured",
    "difference",
    "helper",
]


@dataclass(frozen=True, eq=False)
class LayerFacts:
    """What one layer shows and where it comes from.

    Attributes
    ----------
    kind : str
        What the pixels are.
    provenance : tuple of ProcessStep
        All steps that led to them.
    cube : SpectralCube or None
        The cube itself (kind ``"cube"``) or the one the layer was made from.
    embedded : EmbeddedImage or None
        The embedding itself (kind ``"embedding"``) or the one it was made from.
    element_map : ElementMap or None
        Line and window of an element map.
    synthetic, predicted : bool
        Whether the data were computed from a picture, or by a network.
    preview : bool
        Whether a sum image stands for more that is still being read.
    """

    kind: Kind
    provenance: Provenance = field(default=(), repr=False)
    cube: SpectralCube | None = field(default=None, repr=False)
    embedded: EmbeddedImage | None = field(default=None, repr=False)
    element_map: ElementMap | None = field(default=None, repr=False)
    synthetic: bool = False
    predicted: bool = False
    preview: bool = False


def facts_of(layer: Layer) -> LayerFacts | None:
    """Return what is known about `layer`, or None if it is not one of ours."""
    facts = layer.metadata.get(KEY)
    return facts if isinstance(facts, LayerFacts) else None


def cube_of(layer: Layer) -> SpectralCube | None:
    """Return the cube that `layer` shows, or None if it shows something else."""
    facts = facts_of(layer)
    return facts.cube if facts is not None and facts.kind == "cube" else None


def embedded_of(layer: Layer) -> EmbeddedImage | None:
    """Return the embedding that `layer` shows, or None if it shows something else."""
    facts = facts_of(layer)
    return facts.embedded if facts is not None and facts.kind == "embedding" else None


def is_helper(layer: Layer) -> bool:
    """Tell whether `layer` only serves a display, such as the curtain."""
    facts = facts_of(layer)
    return facts is not None and facts.kind == "helper"


def is_synthetic(provenance: Provenance) -> bool:
    """Tell whether one of the steps made a scan out of a picture."""
    return any(step.process == "synthesise" for step in provenance)


def metadata(facts: LayerFacts) -> dict[str, Any]:
    """Wrap `facts` as the metadata of a layer."""
    return {KEY: facts}
