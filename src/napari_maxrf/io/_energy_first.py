"""Counts packed in blocks, as a viewer asks for them: without dask between.

Dask takes a channel from whole blocks only after it has computed them, as soon as axes
are moved or napari's own cache is on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from napari_maxrf._sources import source_of
from napari_maxrf.io._keys import box_of, picked

if TYPE_CHECKING:
    import dask.array as da

    from napari_maxrf.cube import SpectralCube

Box = tuple[slice, slice, slice]


@runtime_checkable
class BoxSource(Protocol):
    """Counts (y, x, energy) of which any box is quick to read."""

    shape: tuple[int, int, int]
    dtype: np.dtype[Any]

    def box(self, box: Box, /) -> npt.NDArray[Any]:
        """Read a box of counts."""


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
    source: Any = source_of(cube.counts)
    if isinstance(source, BoxSource):
        return EnergyFirst(source)
    turned: da.Array = cube.counts.transpose(2, 0, 1)
    return turned
