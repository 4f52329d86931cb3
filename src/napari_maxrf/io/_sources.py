"""What a lazy array was made from, for readers that do better than block by block.

Dask computes whole blocks before it takes a channel from them, as soon as axes are
moved or napari's own cache is on. Where counts come from an array that gives any box
as quickly as it is asked for, `energy_first` hands that array on, without dask.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol
from weakref import WeakValueDictionary

import numpy as np
import numpy.typing as npt

from napari_maxrf.io._keys import box_of, picked

if TYPE_CHECKING:
    import dask.array as da

    from napari_maxrf.cube import SpectralCube

Box = tuple[slice, slice, slice]


class BoxSource(Protocol):
    """Counts (y, x, energy) of which any box is quick to read."""

    shape: tuple[int, int, int]
    dtype: np.dtype[Any]

    def box(self, box: Box, /) -> npt.NDArray[Any]:
        """Read a box of counts."""


_SOURCES: WeakValueDictionary[str, Any] = WeakValueDictionary()


def remember(counts: da.Array, source: BoxSource) -> da.Array:
    """Note what a dask array was made from; return the array."""
    _SOURCES[counts.name] = source
    return counts


def source_of(counts: da.Array) -> BoxSource | None:
    """Return what a dask array was made from, if it gives boxes quickly.

    Whatever was done to the counts since gives them another name, and None.
    """
    return _SOURCES.get(counts.name)


class EnergyFirst:
    """Counts as (energy, y, x), for a viewer that steps through channels.

    Parameters
    ----------
    source : BoxSource
        Counts (y, x, energy).
    """

    ndim = 3

    def __init__(self, source: BoxSource) -> None:
        self._source = source
        n_y, n_x, n_channels = source.shape
        self.shape = (n_channels, n_y, n_x)
        self.dtype = source.dtype

    @property
    def size(self) -> int:
        """Number of counts."""
        return self.shape[0] * self.shape[1] * self.shape[2]

    @property
    def nbytes(self) -> int:
        """Bytes that all counts would take in memory."""
        return self.size * self.dtype.itemsize

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, key: Any) -> npt.NDArray[Any]:
        (channels, rows, columns), picks = box_of(key, self.shape)
        box = self._source.box((rows, columns, channels))
        return picked(np.moveaxis(box, 2, 0), picks)

    def __array__(
        self, dtype: npt.DTypeLike | None = None, copy: bool | None = None
    ) -> npt.NDArray[Any]:
        """Read all counts."""
        return np.asarray(self[:], dtype)


def energy_first(cube: SpectralCube) -> da.Array | EnergyFirst:
    """Return the counts of a cube as (energy, y, x), as quick as they can be had.

    Parameters
    ----------
    cube : SpectralCube
        Any cube.

    Returns
    -------
    EnergyFirst or dask array, shape (energy, y, x)
        Without dask where the counts are packed in blocks (`cached_cube`).
    """
    source = source_of(cube.counts)
    return EnergyFirst(source) if source else cube.counts.transpose(2, 0, 1)
