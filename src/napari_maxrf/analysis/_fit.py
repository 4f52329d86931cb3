"""Which elements a scan shows, proposed from its sum spectrum.

The continuum is removed, and shapes of all elements that paintings are made of are
fitted together, so that a peak is given to the element that explains all of its
lines: arsenic needs its K beta, as its K alpha hides under lead. The lines of the
tube and the argon of the air take part and are left out of the answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from napari_maxrf.analysis._background import Spectrum, snip_background
from napari_maxrf.analysis._lines import main_line, resolution_kev
from napari_maxrf.analysis._refine import refined_axis
from napari_maxrf.analysis._templates import (
    ANODES,
    PAINT_ELEMENTS,
    fitted_areas,
    templates,
)
from napari_maxrf.errors import MaxrfError

if TYPE_CHECKING:
    from napari_maxrf.cube import EnergyAxis, SpectralCube

_LEAST_SIGNIFICANCE = 5.0
_LEAST_ENERGY_KEV = 1.6
_LEAST_SHARE = 0.5
_LEAST_CONTRAST = 0.03
_LEAST_HUMP = 0.3
_PEAK_SHIFT = 0.35
_MODEL_ERROR = 0.02


@dataclass(frozen=True)
class FoundElement:
    """What the sum spectrum says of one element.

    Attributes
    ----------
    element : str
        Chemical symbol.
    counts : float
        Net counts of its main line.
    significance : float
        Net counts over their statistical error.
    """

    element: str
    counts: float
    significance: float


def strongest_elements(cube: SpectralCube, n: int = 8) -> tuple[str, ...]:
    """Propose elements to map, the most significant first.

    Parameters
    ----------
    cube : SpectralCube
        Read once, for its sum spectrum.
    n : int, optional
        At most so many.

    Returns
    -------
    tuple of str
        Chemical symbols; empty if the spectrum has no clear peak.
    """
    found = found_elements(cube.sum_spectrum(), cube.energy)
    return tuple(one.element for one in found[: max(n, 0)])


def found_elements(spectrum: Spectrum, axis: EnergyAxis) -> list[FoundElement]:
    """Judge every element by its main line in a sum spectrum.

    Parameters
    ----------
    spectrum : ndarray, shape (n_channels,)
        Summed counts.
    axis : EnergyAxis
        Their energies; a slight error of its calibration is found and allowed for.

    Returns
    -------
    list of FoundElement
        Most significant first.
    """
    return elements_on(spectrum, refined_axis(spectrum, axis))


def elements_on(spectrum: Spectrum, axis: EnergyAxis) -> list[FoundElement]:
    """Do what `found_elements` does, on an axis that is exact already."""
    if spectrum.sum() <= 0:
        return []
    background = snip_background(spectrum, axis)
    fitted = _fitted_shells(spectrum, background, axis)
    anode = _anode(fitted)
    judged = (
        _judged(element, spectrum, background, axis, fitted)
        for element in PAINT_ELEMENTS
        if element != anode
    )
    found = [one for one in judged if one is not None]
    return sorted(found, key=lambda one: -one.significance)


def _fitted_shells(
    spectrum: Spectrum, background: Spectrum, axis: EnergyAxis
) -> dict[str, Spectrum]:
    """Fit all shapes with areas of at least 0; return what each adds per channel."""
    shapes, net = templates(axis), spectrum - background
    areas, _ = fitted_areas(shapes, spectrum, net, axis, _MODEL_ERROR)
    parts = shapes.shapes * areas
    return {name: parts[:, index] for index, name in enumerate(shapes.names)}


def _anode(fitted: dict[str, Spectrum]) -> str | None:
    """Find the anode: its K lines come with a Compton peak of like size."""
    sizes = {}
    for anode in ANODES:
        line = float(fitted.get(f"{anode} K", np.zeros(1)).sum())
        hump = sum(
            float(part.sum())
            for name, part in fitted.items()
            if name.startswith(f"{anode} Compton")
        )
        sizes[anode] = hump if hump > _LEAST_HUMP * line > 0 else 0.0
    best = max(sizes, key=lambda anode: sizes[anode])
    return best if sizes[best] > 0 else None


def _judged(
    element: str,
    spectrum: Spectrum,
    background: Spectrum,
    axis: EnergyAxis,
    fitted: dict[str, Spectrum],
) -> FoundElement | None:
    """Accept an element if its main line is a peak of its own."""
    try:
        line, energy = main_line(element, *axis.range_kev)
    except MaxrfError:
        return None
    if energy < _LEAST_ENERGY_KEV:  # lost in air, and cut by the electronics
        return None
    half = resolution_kev(energy, axis.gain_kev) / 2
    window = axis.window(energy - half, energy + half)
    own = fitted.get(f"{element} {line[0]}", np.zeros(axis.n_channels))[window]
    all_parts = sum(part[window] for part in fitted.values())
    counts, under = float(own.sum()), float(background[window].sum())
    significance = counts / np.sqrt(max(float(spectrum[window].sum()) + under, 1.0))
    accepted = (
        significance > _LEAST_SIGNIFICANCE
        and counts > _LEAST_SHARE * float(np.sum(all_parts))
        and counts > _LEAST_CONTRAST * under
        and _has_peak(spectrum, axis, energy)
    )
    return FoundElement(element, counts, float(significance)) if accepted else None


def _has_peak(spectrum: Spectrum, axis: EnergyAxis, energy_kev: float) -> bool:
    """Tell whether the spectrum has a maximum of its own at an energy."""
    from scipy.ndimage import gaussian_filter1d

    fwhm = resolution_kev(energy_kev, axis.gain_kev) / axis.gain_kev
    smooth: npt.NDArray[np.float64] = gaussian_filter1d(spectrum, 0.25 * fwhm)
    centre, reach = axis.channel_of(energy_kev), max(1, round(_PEAK_SHIFT * fwhm))
    low, high = max(centre - reach, 1), min(centre + reach + 1, smooth.size - 1)
    rises = np.diff(smooth[low - 1 : high + 1])
    return bool(((rises[:-1] > 0) & (rises[1:] <= 0)).any())
