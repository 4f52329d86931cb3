"""What the Element maps dock has done in threads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from napari_maxrf._napari._maps_rows import MapRow, first_rows
from napari_maxrf.progress import Progress, Steps

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_maxrf.analysis import ElementMaps, MapConfig
    from napari_maxrf.cube import SpectralCube


@dataclass(frozen=True, eq=False)
class MadeMaps:
    """Maps of a scan, and how they are shown at first."""

    cube: SpectralCube
    made: ElementMaps
    rows: list[MapRow]
    method: str


def mapping_steps(cube: SpectralCube, config: MapConfig) -> Steps[MadeMaps]:
    """Map elements, and describe the maps by their figures."""
    from napari_maxrf.analysis import map_elements_steps

    made = yield from map_elements_steps(cube, config)
    yield Progress("Describing the maps", 0, 0)
    return MadeMaps(cube, made, first_rows(made.maps), config.method)


def saving_steps(save: Callable[[], None]) -> Steps[None]:
    """Write a file in one step that cannot be stopped: it is done or not begun."""
    yield Progress("Writing", 0, 0)
    save()
