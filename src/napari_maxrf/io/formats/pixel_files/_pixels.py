"""The files of a scan as one array, read pixel by pixel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_maxrf.errors import FormatError
from napari_maxrf.io._held import reading
from napari_maxrf.io.formats.pixel_files._counts import counts_of

if TYPE_CHECKING:
    import numpy.typing as npt

    from napari_maxrf.io.formats.pixel_files._members import Members


class PixelFiles:
    """Counts (y, x, channel) of one detector.

    Parameters
    ----------
    members : Members
        Where the files are.
    names : tuple of str or None
        The file of each pixel, row by row; pixels without one are 0.
    shape : (int, int, int)
        Rows, columns and channels.
    kind : str
        Format of the files.
    index : int
        Which spectrum of each file.
    dtype : dtype
        Unsigned integer; or float64 where counts are not whole.
    """

    def __init__(
        self,
        members: Members,
        names: tuple[str | None, ...],
        shape: tuple[int, int, int],
        kind: str,
        index: int,
        dtype: np.dtype[Any],
    ) -> None:
        self.members, self.names, self.shape = members, names, shape
        self.kind, self.index, self.dtype = kind, index, dtype
        self._stamp = members.stamp()

    def __getitem__(self, box: tuple[slice, ...]) -> npt.NDArray[Any]:
        rows, columns, channels = box
        self._check_unchanged()
        sizes = (rows.stop - rows.start, columns.stop - columns.start)
        counts = np.zeros((*sizes, self.shape[2]), self.dtype)
        for line, y in zip(counts, range(rows.start, rows.stop), strict=True):
            for target, x in zip(line, range(columns.start, columns.stop), strict=True):
                name = self.names[y * self.shape[1] + x]
                if name is not None:
                    target[:] = self._counts(name)
        return counts[:, :, channels]

    def _check_unchanged(self) -> None:
        with reading(self.members.path):
            if self.members.path.is_file() and self.members.stamp() != self._stamp:
                raise FormatError(
                    f"{self.members.path.name} has changed since it was opened. Open "
                    "it again."
                )

    def _counts(self, name: str) -> npt.NDArray[Any]:
        data = self.members.read(name)
        values = counts_of(data, name, self.kind, self.index, self.shape[2])
        if values.dtype.kind != "i" and self.dtype.kind == "u":
            values = self._whole(values, name)
        elif self.dtype.kind == "u" and values.max() > np.iinfo(self.dtype).max:
            raise FormatError(f"{name} holds {values.max()} counts in a channel.")
        return values.astype(self.dtype)

    def _whole(self, values: npt.NDArray[Any], name: str) -> npt.NDArray[Any]:
        top = np.iinfo(self.dtype).max
        fits = (values >= 0) & (values <= top) & (values == np.floor(values))
        if not fits.all():
            wrong = values[~fits][0]
            raise FormatError(
                f"{name} holds {wrong:g}, which is no whole count, unlike the files at "
                "the start, middle and end of the scan."
            )
        return values

    def __dask_tokenize__(self) -> tuple[Any, ...]:
        where = (str(self.members.path), self._stamp, self.kind, self.index)
        return "PixelFiles", *where, self.shape, self.names
