"""Maps of several windows at once, in one pass over the cube."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_maxrf.analysis._maps import ElementMap
from napari_maxrf.analysis._visits import WeightedSums, visits
from napari_maxrf.analysis._window_map import window_weights
from napari_maxrf.progress import Steps, finish

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_maxrf.cube import SpectralCube


@dataclass(frozen=True)
class EnergyWindow:
    """Energies between which counts are added.

    Attributes
    ----------
    low_kev, high_kev : float
        Its limits.
    name : str
        What to call it; default its limits.
    background : bool
        Take off a straight background, from both sides.

    Examples
    --------
    >>> EnergyWindow(6.2, 6.6).title
    '6.20-6.60 keV'
    """

    low_kev: float
    high_kev: float
    name: str = ""
    background: bool = True

    @property
    def title(self) -> str:
        """Name, or limits where there is none."""
        return self.name or f"{self.low_kev:.2f}-{self.high_kev:.2f} keV"


def window_maps(
    cube: SpectralCube, windows: Sequence[EnergyWindow], errors: bool = False
) -> list[ElementMap]:
    """Map windows; see `window_maps_steps`."""
    return finish(window_maps_steps(cube, windows, errors))


def window_maps_steps(
    cube: SpectralCube, windows: Sequence[EnergyWindow], errors: bool = False
) -> Steps[list[ElementMap]]:
    """Map windows of any limits, in one pass over the channels they need.

    Parameters
    ----------
    cube : SpectralCube
        Counts and their energies.
    windows : sequence of EnergyWindow
        What to add up.
    errors : bool, optional
        Also compute the statistical error of every pixel.

    Yields
    ------
    Progress
        One record after each block.

    Returns
    -------
    list of ElementMap
        In the order of `windows`.

    Raises
    ------
    MaxrfError
        A window holds no channel.

    Examples
    --------
    >>> import dask.array as da
    >>> from napari_maxrf.cube import EnergyAxis, SpectralCube
    >>> cube = SpectralCube(da.ones((2, 3, 100)), EnergyAxis.from_range(0, 10, 100))
    >>> (made,) = window_maps(cube, [EnergyWindow(4, 5, background=False)])
    >>> made.image.tolist()
    [[10.0, 10.0, 10.0], [10.0, 10.0, 10.0]]
    """
    if not windows:
        return []
    weights = [
        window_weights(cube.energy, one.low_kev, one.high_kev, one.background)
        for one in windows
    ]
    sums = WeightedSums(cube, np.stack(weights, axis=1), errors)
    yield from visits(cube, [sums], "Mapping windows")
    return [
        ElementMap(
            "",
            one.title,
            (one.low_kev + one.high_kev) / 2,
            (one.low_kev, one.high_kev),
            sums.images[index],
            None if sums.errors is None else sums.errors[index],
        )
        for index, one in enumerate(windows)
    ]
