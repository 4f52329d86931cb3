"""The spectra of an ``.mda`` scan as one array, read pixel by pixel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from napari_maxrf.errors import FormatError
from napari_maxrf.io._held import reading
from napari_maxrf.io.formats.mda._xdr import scan_head

if TYPE_CHECKING:
    from pathlib import Path
    from typing import BinaryIO

_EXACT = 2**24
"""Up to here a float32 holds every whole number."""


class MdaSpectra:
    """Counts (y, x, channel) of one detector, or of several added up.

    The file keeps counts as float32. They are given out as integers where they are
    whole; a value that is not is then refused, and never rounded.

    Parameters
    ----------
    path : Path
        The scan.
    starts : ndarray of int, shape (y, x)
        Where the scan over the channels of each pixel begins; 0 for pixels that
        were not measured, whose counts are 0.
    n_channels : int
        Number of channels.
    detectors : tuple of int
        Which detectors of the innermost scan to add up.
    """

    def __init__(
        self,
        path: Path,
        starts: npt.NDArray[np.int64],
        n_channels: int,
        detectors: tuple[int, ...],
    ) -> None:
        self.path, self.starts, self.detectors = path.resolve(), starts, detectors
        self.shape = (*starts.shape, n_channels)
        with reading(self.path):
            self._identity = self._stamp()
        self.dtype = self._probed()

    def _stamp(self) -> tuple[int, int]:
        facts = self.path.stat()
        return facts.st_size, facts.st_mtime_ns

    def _probed(self) -> np.dtype[Any]:
        """Look whether counts are whole in a few pixels spread over the scan."""
        measured = self.starts[self.starts > 0]
        chosen = measured[np.linspace(0, measured.size - 1, 5).astype(int)]
        with reading(self.path), self.path.open("rb") as stream:
            each = [self._floats(stream, int(at)) for at in np.unique(chosen)]
        return np.dtype(np.uint32 if all(map(_are_whole, each)) else np.float32)

    def __getitem__(self, box: tuple[slice, ...]) -> npt.NDArray[Any]:
        rows, columns, channels = box
        wanted = self.starts[rows, columns]
        counts = np.zeros((*wanted.shape, self.shape[2]), self.dtype)
        with reading(self.path):
            if self._stamp() != self._identity:
                raise FormatError(
                    f"{self.path.name} has changed since it was opened. Open it again."
                )
            with self.path.open("rb") as stream:
                for index in np.argwhere(wanted > 0):
                    at = int(wanted[tuple(index)])
                    counts[tuple(index)] = self._spectrum(stream, at)
        return counts[:, :, channels]

    def _spectrum(self, stream: BinaryIO, at: int) -> npt.NDArray[Any]:
        values = self._floats(stream, at)
        if self.dtype.kind == "u" and not _are_whole(values):
            raise FormatError(
                f"{self.path.name}: the spectrum at byte {at:,} holds values that are "
                "no whole counts, unlike others in this file."
            )
        with np.errstate(over="ignore", invalid="ignore"):  # of damaged floats
            total = values.astype(self.dtype).sum(axis=0, dtype=self.dtype)
        return np.asarray(total)

    def _floats(self, stream: BinaryIO, at: int) -> npt.NDArray[np.float32]:
        """Read the values of a pixel, shape (detectors, channels)."""
        head = scan_head(stream, at, self._identity[0], self.path.name)
        n_channels = self.shape[2]
        if head.n_points != n_channels or max(self.detectors) >= len(head.detectors):
            raise FormatError(
                f"{self.path.name}: the spectrum at byte {at:,} has {head.n_points} "
                f"channels of {len(head.detectors)} detectors; expected {n_channels} "
                f"channels as in the first."
            )
        values = np.empty((len(self.detectors), n_channels), ">f4")
        for target, index in zip(values, self.detectors, strict=True):
            stream.seek(head.detector_at(index))
            target[:] = np.frombuffer(stream.read(4 * n_channels), ">f4")
        return values.astype(np.float32)

    def __dask_tokenize__(self) -> tuple[Any, ...]:
        return "MdaSpectra", str(self.path), self.detectors, *self._identity


def _are_whole(values: npt.NDArray[np.float32]) -> bool:
    inside = (values >= 0) & (values <= _EXACT)
    return bool(inside.all() and (values == np.floor(values)).all())
