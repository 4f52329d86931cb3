"""Arrays of any order of axes as counts (y, x, energy), the same for all formats.

This is the one place where axes are moved. What a user asks of the lazy array
reaches the file as a key, so that one pixel costs one pixel where the file allows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt

from napari_maxrf._sources import remember
from napari_maxrf.io._keys import box_of, picked

if TYPE_CHECKING:
    import dask.array as da

BLOCK_BYTES = 32 * 2**20
_ORDER = "yxe"


class ArraySource(Protocol):
    """An array somewhere else, read by boxes: a slice for each axis."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape, slowest axis first."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of a value."""

    def __getitem__(self, key: Any, /) -> npt.NDArray[Any]:
        """Read a box."""

    def __dask_tokenize__(self) -> Any:
        """Say which content this is."""


class Oriented:
    """A source seen as (y, x, energy), in the machine's byte order.

    Parameters
    ----------
    source : ArraySource
        Counts in any order of axes.
    axes : str
        That order, slowest first, such as ``"eyx"``; any other letter stands for
        an axis with a single entry.
    """

    ndim = 3

    def __init__(self, source: ArraySource, axes: str) -> None:
        self.source, self.axes = source, axes
        sizes = dict(zip(axes, source.shape, strict=True))
        self.shape = tuple(sizes[axis] for axis in _ORDER)
        self.dtype = np.dtype(source.dtype).newbyteorder("=")

    def __getitem__(self, key: Any) -> npt.NDArray[Any]:
        box, picks = box_of(key, self.shape)
        wanted = dict(zip(_ORDER, box, strict=True))
        read = self.source[tuple(wanted.get(axis, slice(0, 1)) for axis in self.axes)]
        single = tuple(i for i, axis in enumerate(self.axes) if axis not in _ORDER)
        order = "".join(axis for axis in self.axes if axis in _ORDER)
        turned = read.squeeze(single).transpose([order.index(axis) for axis in _ORDER])
        return picked(turned.astype(self.dtype, copy=False), picks)

    def __dask_tokenize__(self) -> tuple[Any, ...]:
        return "Oriented", self.source.__dask_tokenize__(), self.axes


def lazy_oriented(
    source: ArraySource, axes: str, blocks: tuple[int, ...] | None = None
) -> da.Array:
    """Wrap a source as lazy counts (y, x, energy).

    Parameters
    ----------
    source : ArraySource
        Counts in any order of axes.
    axes : str
        As `Oriented` takes it.
    blocks : tuple of int, optional
        Size of a block in the order of the source; default `file_blocks`.
    """
    import dask.array as da

    counts = Oriented(source, axes)
    stored = blocks or file_blocks(source.shape, source.dtype.itemsize)
    sizes = dict(zip(axes, stored, strict=True))
    lazy: da.Array = da.from_array(
        counts,
        chunks=tuple(sizes[axis] for axis in _ORDER),
        meta=np.empty((0, 0, 0), counts.dtype),
    )
    remember(lazy, counts)
    return lazy


def file_blocks(shape: tuple[int, ...], itemsize: int) -> tuple[int, ...]:
    """Cut an array in C order into pieces that lie together, about 32 MiB each.

    Examples
    --------
    >>> file_blocks((1024, 1024, 2048), 2)
    (8, 1024, 2048)
    >>> file_blocks((10, 40000, 4096), 4)
    (1, 2048, 4096)
    """
    room, blocks = BLOCK_BYTES // itemsize, [1] * len(shape)
    for axis in reversed(range(len(shape))):
        blocks[axis] = max(1, min(shape[axis], room))
        room //= blocks[axis]
    return tuple(blocks)
