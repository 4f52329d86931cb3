"""Arrays of many frames or files, seen as one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from napari_maxrf.io._raw import RawArray


class Stack:
    """Arrays of equal shape one upon the other; what is missing is 0.

    Parameters
    ----------
    pieces : sequence of RawArray or None
        Two-dimensional arrays; shorter ones are filled up with 0.
    shape : (int, int, int)
        Number of pieces, and the size of a whole one. Where a piece is one
        spectrum, number of rows, columns and channels of a scan of such pieces.
    """

    def __init__(
        self, pieces: Sequence[RawArray | None], shape: tuple[int, int, int]
    ) -> None:
        self.pieces, self.shape = tuple(pieces), shape
        first = next(piece for piece in pieces if piece is not None)
        self.dtype = first.dtype
        self.of_spectra = first.shape[0] == 1 and shape[1] != 1

    def __getitem__(self, box: tuple[slice, ...]) -> npt.NDArray[Any]:
        values = np.zeros([one.stop - one.start for one in box], self.dtype)
        for index, target in zip(self._each(box), self._targets(values), strict=True):
            piece = self.pieces[index] if index < len(self.pieces) else None
            if piece is not None:
                rows = slice(0, 1) if self.of_spectra else box[1]
                stop = min(rows.stop, piece.shape[0])
                read = piece[slice(min(rows.start, stop), stop), box[2]]
                target[: len(read)] = read
        return values

    def _each(self, box: tuple[slice, ...]) -> list[int]:
        """Return the indices of the pieces that a box touches."""
        outer = range(box[0].start, box[0].stop)
        if not self.of_spectra:
            return list(outer)
        inner = range(box[1].start, box[1].stop)
        return [y * self.shape[1] + x for y in outer for x in inner]

    def _targets(self, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Cut the result into the parts that the pieces fill."""
        return values.reshape(-1, 1, values.shape[2]) if self.of_spectra else values

    def __dask_tokenize__(self) -> tuple[Any, ...]:
        tokens = (one and one.__dask_tokenize__() for one in self.pieces)
        return "Stack", self.shape, *tokens
