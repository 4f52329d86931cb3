"""Maps of elements: net counts of one line for every pixel.

The counts themselves are not touched, and the map is not clipped: where an element
is absent it scatters around zero, and a mean over a region stays right.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from napari_maxrf.analysis._lines import main_line
from napari_maxrf.analysis._visits import WeightedSums, visits
from napari_maxrf.analysis._windows import line_window, net_weights
from napari_maxrf.progress import Progress, Steps, finish

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_maxrf.cube import SpectralCube


@dataclass(frozen=True, eq=False)
class ElementMap:
    """Net counts of a line of an element.

    Attributes
    ----------
    element : str
        Chemical symbol; empty for a window of the user's.
    line : str
        ``"Ka"`` or ``"La"``, the shell ``"K"`` of a fit, or the name of a window.
    energy_kev : float
        Energy of the line, or the middle of the window.
    window_kev : (float, float)
        Limits between which counts were added, or the lines of a shell lie.
    image : ndarray of float32, shape (y, x)
        Net counts, negative where noise has it so.
    error : ndarray of float32, shape (y, x), or None
        Statistical error of the image, where it was asked for.
    unit : str
        ``"counts"``, ``"counts/s"`` or another after normalisation.
    """

    element: str
    line: str
    energy_kev: float
    window_kev: tuple[float, float]
    image: npt.NDArray[np.float32]
    error: npt.NDArray[np.float32] | None = None
    unit: str = "counts"

    @property
    def name(self) -> str:
        """What a user would call it, ``"Fe Ka"``."""
        return f"{self.element} {self.line}".strip()


def element_maps(
    cube: SpectralCube, elements: Sequence[str] | None = None
) -> list[ElementMap]:
    """Map elements; see `element_maps_steps`."""
    return finish(element_maps_steps(cube, elements))


def element_maps_steps(
    cube: SpectralCube, elements: Sequence[str] | None = None, errors: bool = False
) -> Steps[list[ElementMap]]:
    """Map elements by the window around their main line, in one pass over the cube.

    Parameters
    ----------
    cube : SpectralCube
        Counts and their energies.
    elements : sequence of str, optional
        Chemical symbols; default `strongest_elements`, which costs another pass.
    errors : bool, optional
        Also compute the statistical error of every pixel.

    Yields
    ------
    Progress
        One record after each block.

    Returns
    -------
    list of ElementMap
        In the order of `elements`.

    Raises
    ------
    MaxrfError
        Something is not an element, or its line lies outside the scan.
    """
    if elements is None:
        from napari_maxrf.analysis._fit import strongest_elements

        yield Progress("Looking for elements", 0, 0)
        elements = strongest_elements(cube)
    if not elements:
        return []
    lines = [main_line(element, *cube.energy.range_kev) for element in elements]
    weights = np.stack([net_weights(cube.energy, energy) for _, energy in lines], 1)
    sums = WeightedSums(cube, weights, errors)
    yield from visits(cube, [sums], "Mapping elements")
    return [
        ElementMap(
            element,
            line,
            energy,
            line_window(cube.energy, energy),
            sums.images[index],
            None if sums.errors is None else sums.errors[index],
        )
        for index, (element, (line, energy)) in enumerate(
            zip(elements, lines, strict=True)
        )
    ]
