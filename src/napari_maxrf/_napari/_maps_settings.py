"""How maps are made: method and background in sight, the rest folded away."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_maxrf._napari._forms import ConfigForm
from napari_maxrf.analysis import MapConfig

if TYPE_CHECKING:
    from collections.abc import Sequence

START = MapConfig(errors=True)
"""Errors are needed for ratios, and say how much of a map is more than noise."""
SHOWN = "method", "background", "normalise"
MORE = (
    "errors",
    "recalibrate",
    "fit_others",
    "degree",
    "non_negative",
    "escape",
    "pile_up",
    "scatter",
    "refine_ratios",
    "matrix",
    "low_kev",
    "high_kev",
)
OF_A_FIT = MORE[2:]


class MapForm(ConfigForm[MapConfig]):
    """Fields of `MapConfig`; those of a fit are dead for windows."""

    def __init__(self) -> None:
        super().__init__(START, SHOWN, MORE)
        self.changed.connect(self._enable)
        self._enable()

    def config_for(self, elements: Sequence[str]) -> MapConfig:
        """Return the parameters for these elements.

        Raises
        ------
        MaxrfError
            A value is out of bounds.
        """
        return self.config().model_copy(update={"elements": tuple(elements)})

    def _enable(self) -> None:
        fits = self.fields["method"].read() == "fit"
        for name in OF_A_FIT:
            self.fields[name].widget.enabled = fits
