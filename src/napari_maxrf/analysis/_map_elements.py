"""Element maps as a configuration asks for them: by window or fit, per second."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_maxrf.analysis._fit import found_elements
from napari_maxrf.analysis._fit_maps import fit_maps_steps, sum_spectrum_steps
from napari_maxrf.analysis._lines import main_line
from napari_maxrf.analysis._maps import ElementMap
from napari_maxrf.analysis._normalise import normalised
from napari_maxrf.analysis._refine import refined_axis
from napari_maxrf.analysis._visits import WeightedSums, visits
from napari_maxrf.analysis._window_map import window_weights
from napari_maxrf.analysis._windows import line_window, net_weights
from napari_maxrf.progress import Progress, Steps, finish
from napari_maxrf.provenance import ProcessStep

if TYPE_CHECKING:
    from napari_maxrf.analysis._line_model import LineModel
    from napari_maxrf.analysis._map_config import MapConfig
    from napari_maxrf.cube import EnergyAxis, SpectralCube, Spectrum
    from napari_maxrf.provenance import Provenance

_MOST = 12


@dataclass(frozen=True, eq=False)
class ElementMaps:
    """Maps of a scan, with what they rest on.

    Attributes
    ----------
    maps : tuple of ElementMap
        In the order of the elements.
    axis : EnergyAxis
        On which they were made, refined or not.
    sum_spectrum : ndarray, shape (n_channels,)
        Of all pixels.
    model : LineModel or None
        Of a fit.
    provenance : tuple of ProcessStep
        Of the scan, and the step that made the maps.
    """

    maps: tuple[ElementMap, ...]
    axis: EnergyAxis
    sum_spectrum: Spectrum
    model: LineModel | None
    provenance: Provenance


def map_elements(cube: SpectralCube, config: MapConfig) -> ElementMaps:
    """Map elements; see `map_elements_steps`."""
    return finish(map_elements_steps(cube, config))


def map_elements_steps(cube: SpectralCube, config: MapConfig) -> Steps[ElementMaps]:
    """Map elements by window or fit, in two passes: the sum spectrum, and the maps.

    Parameters
    ----------
    cube : SpectralCube
        Counts and their energies.
    config : MapConfig
        Method, elements, background, normalisation.

    Yields
    ------
    Progress
        One record after each block.

    Returns
    -------
    ElementMaps
        Empty where no element is given and the scan shows none clearly.

    Raises
    ------
    MaxrfError
        Something is not an element or has no line in the range, or the live time or
        dose that is asked for is missing.
    """
    total = yield from sum_spectrum_steps(cube)
    yield Progress("Looking at the sum spectrum", 0, 0)
    names = config.elements or tuple(
        one.element for one in found_elements(total, cube.energy)[:_MOST]
    )
    model = None
    made: tuple[ElementMap, ...] = ()
    if not names:
        axis = cube.energy
    elif config.method == "fit":
        from napari_maxrf.analysis._line_model import line_model

        chosen = config.model_copy(update={"elements": names})
        model = line_model(total, cube.energy, chosen)
        fitted = yield from fit_maps_steps(cube, chosen, model)
        made, axis = fitted.maps, model.detector.axis
    else:
        refine = config.recalibrate
        axis = refined_axis(total, cube.energy) if refine else cube.energy
        made = yield from _by_window(cube, axis, names, config)
    maps = tuple(normalised(one, cube, config.normalise) for one in made)
    step = ProcessStep("map elements", _facts(config, maps, axis, model))
    return ElementMaps(maps, axis, total, model, (*cube.provenance, step))


def _by_window(
    cube: SpectralCube, axis: EnergyAxis, names: tuple[str, ...], config: MapConfig
) -> Steps[tuple[ElementMap, ...]]:
    """Add the counts around the main lines of elements."""
    lines = [main_line(name, *axis.range_kev) for name in names]
    limits = [line_window(axis, energy) for _, energy in lines]
    if config.background == "none":
        weights = [window_weights(axis, *limit) for limit in limits]
    else:
        weights = [net_weights(axis, energy) for _, energy in lines]
    sums = WeightedSums(cube, np.stack(weights, axis=1), config.errors)
    yield from visits(cube, [sums], "Mapping elements")
    return tuple(
        ElementMap(
            name,
            line,
            energy,
            limit,
            sums.images[index],
            None if sums.errors is None else sums.errors[index],
        )
        for index, (name, (line, energy), limit) in enumerate(
            zip(names, lines, limits, strict=True)
        )
    )


def _facts(
    config: MapConfig,
    maps: tuple[ElementMap, ...],
    axis: EnergyAxis,
    model: LineModel | None,
) -> dict[str, Any]:
    """Collect what is needed to repeat the maps."""
    facts: dict[str, Any] = {
        **config.to_json(),
        "maps": [one.name for one in maps],
        "energy": axis.to_json(),
    }
    if model is not None:
        resolution = model.detector.resolution
        facts["resolution"] = {
            "s0_kev2": resolution.s0_kev2,
            "s1_kev": resolution.s1_kev,
            "source": model.detector.source,
        }
        facts["columns"] = list(model.names)
    return facts
