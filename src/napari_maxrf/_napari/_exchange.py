"""Put another cube under an open layer, such as the packed copy of its own counts."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from napari_maxrf._napari._facts import (
    LayerFacts,
    cube_of,
    facts_of,
    is_synthetic,
    metadata,
)
from napari_maxrf._napari._placement import below_energy, placement_of
from napari_maxrf.errors import MaxrfError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from napari.components import ViewerModel
    from napari.layers import Layer

    from napari_maxrf.cube import SpectralCube


def exchange_cube(viewer: ViewerModel, layer: Layer, cube: SpectralCube) -> None:
    """Let a layer show another cube of the same size. Main thread only.

    The layer keeps its name, contrast, colours, place and visibility; its energy
    axis follows the cube. Maps of the same scan belong to the new cube from then
    on, so that docks which follow a selected map find it. Whoever watches the layer
    hears its ``data`` event when all is done.

    Parameters
    ----------
    viewer : ViewerModel
        Where the layer is open.
    layer : napari layer
        Of kind ``"cube"``.
    cube : SpectralCube
        What it shall show: the same pixels and channels.

    Raises
    ------
    MaxrfError
        The layer shows no cube, or one of another size.
    """
    from napari_maxrf.io import energy_first

    old = cube_of(layer)
    if old is None:
        raise MaxrfError(f"Layer “{layer.name}” shows no scan.")
    if old.shape != cube.shape:
        raise MaxrfError(
            f"{cube.name} has {cube.shape} rows, columns and channels; layer "
            f"“{layer.name}” shows {old.shape}."
        )
    _tell_maps(viewer.layers, layer, old, cube)
    facts = LayerFacts(
        "cube", cube.provenance, cube=cube, synthetic=is_synthetic(cube.provenance)
    )
    layer.metadata = {**layer.metadata, **metadata(facts)}
    _move_energies(layer, cube)
    layer.data = energy_first(cube)


def _tell_maps(
    layers: Iterable[Layer], but: Layer, old: SpectralCube, new: SpectralCube
) -> None:
    for other in layers:
        facts = facts_of(other)
        if other is not but and facts is not None and facts.cube is old:
            told = metadata(replace(facts, cube=new))
            other.metadata = {**other.metadata, **told}


def _move_energies(layer: Layer, cube: SpectralCube) -> None:
    """Put the energies of a cube on a layer, if they are others.

    Not otherwise: each change of the scale draws the old counts once more, which
    may be slow.
    """
    wanted = below_energy(placement_of(layer), cube.energy)
    for name in ("scale", "translate"):
        kept = [*wanted[name][:1], *getattr(layer, name)[1:]]
        if list(getattr(layer, name)) != kept:
            setattr(layer, name, kept)
