"""Write a file of blocks tile by tile, with the sums of the cube in the same pass."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from napari_maxrf.io.blocked._layout import (
    DEEP,
    HIGH,
    START,
    WIDE,
    WORD,
    grid_of,
    write_end,
)

if TYPE_CHECKING:
    from concurrent.futures import Executor
    from typing import BinaryIO

Shape = tuple[int, int, int]
Packed = tuple[npt.NDArray[np.uint64], npt.NDArray[np.int64]]


def _type_of_sums(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """Choose a type in which sums cannot wrap."""
    if dtype.kind == "f" or dtype.itemsize == 8:
        return np.dtype(np.float64)
    return np.dtype(f"{dtype.kind}8")


class BlockWriter:
    """A file of blocks while it is written.

    Tiles begin at multiples of a block and may come in any order, each once.

    Parameters
    ----------
    stream : BinaryIO
        Empty file.
    shape : tuple of int
        Shape of the cube.
    dtype : dtype
        Type of its counts, in the machine's byte order.
    workers : Executor
        Threads that pack.
    """

    def __init__(
        self, stream: BinaryIO, shape: Shape, dtype: np.dtype[Any], workers: Executor
    ) -> None:
        self._stream, self._shape, self._dtype = stream, shape, dtype
        self._workers = workers
        self._places = np.zeros(grid_of(shape), np.uint64)
        self._lengths = np.zeros(grid_of(shape), np.uint32)
        self._sum_spectrum = np.zeros(shape[2])
        self._sum_image = np.zeros(shape[:2], _type_of_sums(dtype))
        lowest = -np.inf if dtype.kind == "f" else np.iinfo(dtype).min
        self._max_spectrum = np.full(shape[2], lowest, dtype)
        self.written = stream.write(START)

    def add(self, y: int, x: int, tile: npt.NDArray[Any]) -> None:
        """Pack and write a tile of whole spectra whose first pixel is (y, x)."""
        tile = np.ascontiguousarray(tile, self._dtype)
        summing = self._workers.submit(self._add_up, y, x, tile)
        bits = tile.view(f"u{tile.dtype.itemsize}")
        jobs = [
            (top, left)
            for top in range(0, len(tile), HIGH)
            for left in range(0, tile.shape[1], WIDE)
        ]
        columns = list(self._workers.map(lambda job: _packed(bits, *job), jobs))
        n_wide = -(-tile.shape[1] // WIDE)
        for row in range(-(-len(tile) // HIGH)):
            self._write_row(
                y // HIGH + row, x // WIDE, columns[row * n_wide : (row + 1) * n_wide]
            )
        summing.result()

    def _write_row(self, y: int, x: int, columns: list[Packed]) -> None:
        """Write a row of blocks: all columns of an energy, then the next energy."""
        lengths = np.stack([lengths for _, lengths in columns], axis=1)
        ends = np.cumsum(lengths, axis=0)
        parts = [
            words[ends[e, j] - lengths[e, j] : ends[e, j]]
            for e in range(len(lengths))
            for j, (words, _) in enumerate(columns)
        ]
        after = np.cumsum(lengths.ravel()).reshape(lengths.shape)
        places = self.written + (after - lengths) * WORD
        where = (y, slice(None), slice(x, x + len(columns)))
        self._places[where], self._lengths[where] = places, lengths
        run = np.concatenate(parts).astype("<u8", copy=False)
        self._stream.write(run.view(np.uint8).data)
        self.written += run.nbytes

    def _add_up(self, y: int, x: int, tile: npt.NDArray[Any]) -> None:
        from napari_maxrf.io.blocked._kernels import add_up

        total = np.zeros(self._shape[2], _type_of_sums(self._dtype))
        image = np.zeros(tile.shape[:2], total.dtype)
        add_up(tile, total, self._max_spectrum, image)
        self._sum_spectrum += total
        self._sum_image[y : y + len(tile), x : x + tile.shape[1]] = image

    def finish(self, source: dict[str, Any]) -> None:
        """Write tables and description."""
        tables: dict[str, npt.NDArray[Any]] = {
            "places": self._places,
            "lengths": self._lengths,
            "sum_spectrum": self._sum_spectrum,
            "max_spectrum": self._max_spectrum,
            "sum_image": self._sum_image,
        }
        write_end(self._stream, self.written, self._shape, self._dtype, tables, source)


def _packed(bits: npt.NDArray[Any], top: int, left: int) -> Packed:
    """Pack one column of blocks: all energies of up to 16 x 64 pixels."""
    from napari_maxrf.io.blocked._kernels import most_words, pack

    part = bits[top : top + HIGH]
    n_rows, _, n_channels = part.shape
    words = np.empty(
        most_words(n_rows, n_channels, DEEP, bits.dtype.itemsize), np.uint64
    )
    lengths = np.empty(-(-n_channels // DEEP), np.int64)
    n_words = pack(part, left, DEEP, words, lengths)
    return words[:n_words].copy(), lengths
