"""Axes of NeXus plots: their order, the energies of channels, the size of a pixel."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_maxrf.io.dialects._dialect import ENERGY_AT, ENERGY_AT_TURNED
from napari_maxrf.io.dialects._energies import (
    column,
    from_terms,
    is_column,
    terms_of,
)
from napari_maxrf.io.dialects._facts import text_attribute
from napari_maxrf.io.dialects._links import own_item

if TYPE_CHECKING:
    import h5py

    from napari_maxrf.io._format import AxisOrder
    from napari_maxrf.io._opened import Calibration
    from napari_maxrf.io.dialects._energies import Source

_ENERGY = ("energy", "energies", "energy_kev", "channel", "channels", "mca")
_MM = {"mm": 1.0, "um": 1e-3, "µm": 1e-3, "micron": 1e-3, "cm": 10.0, "m": 1e3}


def is_energy(name: str) -> bool:
    """Tell whether an axis has a name that energies have."""
    return name.lower() in _ENERGY


def order_of_names(names: tuple[str, ...]) -> AxisOrder:
    """Return the order of three named axes; pixels are y, x unless named x, y.

    Examples
    --------
    >>> order_of_names(("energy", "y", "x")), order_of_names(("x", "y", "energy"))
    ('eyx', 'xye')
    """
    place = next(i for i, name in enumerate(names) if is_energy(name))
    first, second = (name.lower() for i, name in enumerate(names) if i != place)
    turned = first.startswith("x") and second.startswith("y")
    return (ENERGY_AT_TURNED if turned else ENERGY_AT)[place]


def terms_and_channels(group: h5py.Group) -> Source:
    """Take ``calibration`` (a, b, c) for the numbers in ``channels``, or from 0 on."""

    def read(n_channels: int) -> Calibration | None:
        terms = terms_of(group, "calibration")
        if terms is None or terms[1] in (0, 1):
            return None
        first, step = _numbering(own_item(group, "channels"), n_channels)
        a, b, c = (*terms, 0.0)[:3]
        moved = (
            a + b * first + c * first**2,
            step * (b + 2 * c * first),
            c * step**2,
        )
        return from_terms(n_channels, moved, f"{group.name}/calibration")

    return read


def _numbering(channels: h5py.Dataset | None, n_channels: int) -> tuple[float, float]:
    """Return the number of the first channel and the step to the next."""
    if channels is None or not is_column(channels) or channels.size != n_channels:
        return 0.0, 1.0
    numbers = column(channels)
    steps = np.unique(np.diff(numbers))
    if steps.size != 1 or not np.isfinite(numbers).all() or steps[0] <= 0:
        return 0.0, 1.0
    return float(numbers[0]), float(steps[0])


def pixel_size_mm(
    plot: h5py.Group, names: tuple[str, ...]
) -> tuple[float, float] | None:
    """Return height and width of a pixel, from axes in a unit of length."""
    pixels = [name for name in names if not is_energy(name)]
    if order_of_names(names) in ENERGY_AT_TURNED:
        pixels.reverse()
    steps = [_step_mm(own_item(plot, name)) for name in pixels]
    if steps[0] is None or steps[1] is None:
        return None
    return steps[0], steps[1]


def _step_mm(places: h5py.Dataset | None) -> float | None:
    """Return the step between places that rise or fall evenly, else None."""
    if places is None or places.size < 2 or not is_column(places):
        return None
    factor = _MM.get((text_attribute(places, "units") or "").strip())
    values = column(places)
    step = (values[-1] - values[0]) / (values.size - 1)
    if factor is None or not np.isfinite(values).all() or step == 0:
        return None
    even = bool((np.abs(np.diff(values) / step - 1) < 0.05).all())
    return abs(float(step)) * factor if even else None
