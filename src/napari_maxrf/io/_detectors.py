"""Several detectors of one scan, added without loss.

Each detector has its own zero and gain. Channels are added as they are where the
axes agree within a channel; else the counts are shared out over the first axis.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import dask.array as da

    from napari_maxrf.cube import EnergyAxis, SpectralCube


def agree(one: EnergyAxis, other: EnergyAxis) -> bool:
    """Tell whether two axes agree within a channel of `other`."""
    if one.n_channels != other.n_channels:
        return False
    apart = np.abs(one.edges_kev - other.edges_kev).max()
    return bool(apart <= other.gain_kev * (1 + 1e-9))


def on_axis(cube: SpectralCube, axis: EnergyAxis) -> da.Array:
    """Return counts as they are if axes agree within a channel, else rebinned."""
    if agree(cube.energy, axis):
        return cube.counts
    return cube.rebin(axis).counts


def summed(parts: list[da.Array]) -> da.Array:
    """Add detectors in a type that cannot wrap."""
    if len(parts) == 1:
        return parts[0]
    kinds = {part.dtype.kind for part in parts}
    if "f" in kinds:
        doubles = any(part.dtype == np.float64 for part in parts)
        wide = np.dtype(np.float64 if doubles else np.float32)
    else:
        size = min(2 * max(part.dtype.itemsize for part in parts), 8)
        wide = np.dtype(f"{'u' if kinds == {'u'} else 'i'}{size}")
    total: da.Array = parts[0].astype(wide)
    for part in parts[1:]:
        total = total + part.astype(wide)
    return total
