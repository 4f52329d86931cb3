"""Scans whose every second row runs backwards, put in order as they are read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from napari_maxrf.io._oriented import ArraySource


class Snaked:
    """A source (y, x, energy) with odd rows from right to left, the right way round.

    Parameters
    ----------
    source : ArraySource
        Counts in the order in which they were measured.
    """

    def __init__(self, source: ArraySource) -> None:
        self.source = source
        self.shape, self.dtype = source.shape, source.dtype

    def __getitem__(self, box: tuple[slice, ...]) -> npt.NDArray[Any]:
        rows, columns, channels = box
        width = self.shape[1]
        mirrored = slice(width - columns.stop, width - columns.start)
        lines = []
        for y in range(rows.start, rows.stop):
            one = slice(y, y + 1)
            if y % 2:
                lines.append(self.source[one, mirrored, channels][:, ::-1])
            else:
                lines.append(self.source[one, columns, channels])
        return np.concatenate(lines)

    def __dask_tokenize__(self) -> tuple[Any, ...]:
        return "Snaked", self.source.__dask_tokenize__()


def unsnaked(plane: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Turn the odd rows of a plane round.

    Examples
    --------
    >>> unsnaked(np.arange(6).reshape(3, 2)).tolist()
    [[0, 1], [3, 2], [4, 5]]
    """
    turned = plane.copy()
    turned[1::2] = plane[1::2, ::-1]
    return turned
