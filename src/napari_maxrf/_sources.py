"""What a lazy array was made from, for readers that do better than block by block.

Dask computes whole blocks and copies them together, also where a file could be read
in one go; and looking after its graph takes longer than reading one spectrum. Here the
way back from dask's array to its source is kept.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol
from weakref import WeakValueDictionary

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import dask.array as da


class CountSource(Protocol):
    """Counts (y, x, energy) somewhere else, read by keys."""

    def __getitem__(self, key: Any, /) -> npt.NDArray[Any]:
        """Read what a key asks for."""


_SOURCES: WeakValueDictionary[str, CountSource] = WeakValueDictionary()


def remember(counts: da.Array, source: CountSource) -> None:
    """Note what a dask array (y, x, energy) was made from, unchanged."""
    _SOURCES[counts.name] = source


def source_of(counts: da.Array) -> CountSource | None:
    """Return what a dask array was made from, as long as it is known here.

    Whatever was done to the counts since gives them another name, and None.
    """
    return _SOURCES.get(counts.name)


def read_box(counts: da.Array, box: tuple[slice, slice, slice]) -> npt.NDArray[Any]:
    """Read a box (y, x, energy) in one go, where nothing was done to the counts."""
    source = source_of(counts)
    if source is not None:
        return np.asarray(source[box])
    # threads would cost more than the reading of one pixel
    return np.asarray(counts[box].compute(scheduler="synchronous"))
