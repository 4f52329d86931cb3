"""The maps of one scan, as long as its layer is open."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from napari_maxrf._napari._maps_rows import COLOURS, MapRow, described, kept_choices
from napari_maxrf.analysis import ratio_map

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari.layers import Layer

    from napari_maxrf._napari._maps_work import MadeMaps
    from napari_maxrf._napari._placement import Placement
    from napari_maxrf.cube import SpectralCube
    from napari_maxrf.provenance import Provenance


@dataclass(eq=False)
class MapSession:
    """What was made of a scan, and how it is shown.

    Attributes
    ----------
    cube : SpectralCube
        The scan.
    placement : dict
        Where it lies.
    rows : list of MapRow
        Its maps.
    provenance : tuple of ProcessStep
        What made them.
    composite : napari layer or None
        The layer in which they are shown together.
    """

    cube: SpectralCube
    placement: Placement
    rows: list[MapRow] = field(default_factory=list)
    provenance: Provenance = ()
    composite: Layer | None = None

    def take(self, made: MadeMaps) -> None:
        """Replace the maps by new ones; known ones keep colour and tick."""
        self.rows = kept_choices(made.rows, self.rows)
        self.provenance = made.made.provenance

    def add_ratio(self, over: str, under: str) -> MapRow:
        """Divide a map by another; the same ratio made again replaces itself.

        Raises
        ------
        MaxrfError
            The maps do not go together, or the second has no errors.
        """
        maps = {row.map.name: row.map for row in self.rows}
        ratio = ratio_map(maps[over], maps[under])
        others = [row for row in self.rows if row.map.name != ratio.name]
        row = described(ratio, COLOURS[len(others) % len(COLOURS)], shown=False)
        self.rows = [*others, row]
        return row


def names_of(rows: Sequence[MapRow]) -> list[str]:
    """Return the names of the maps of which a ratio can be made."""
    return [row.map.name for row in rows if row.map.unit != "ratio"]
