"""Spectra as an array that decodes what is asked for, and nothing else.

A slice of rows reads their bytes; of these only the pixels and channels in the slice
are added up. One pixel's spectrum is thus a matter of a millisecond, whatever the
size of the file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from napari_maxrf._sources import remember
from napari_maxrf.errors import FormatError
from napari_maxrf.io._held import reading
from napari_maxrf.io.formats.bcf._rows import stretches

if TYPE_CHECKING:
    import dask.array as da

    from napari_maxrf.io.formats.bcf._rows import Rows

    Span = tuple[int, int]

_BLOCK_BYTES = 2**25
_PULSES_OF_A_PIXEL = 2**16


class PulseArray:
    """Counts (y, x, energy) of one detector, or of several added up.

    Parameters
    ----------
    rows : tuple of Rows
        Detectors of equal sizes.
    n_rows : int
        Rows to show: all, unless the file is cut off.

    Attributes
    ----------
    shape : (int, int, int)
        Rows, pixels in a row, channels.
    dtype : dtype
        uint16 if it is known that no count exceeds it, else uint32.
    """

    def __init__(self, rows: tuple[Rows, ...], n_rows: int) -> None:
        sizes, bounds = rows[0].sizes, [one.bound(n_rows) for one in rows]
        self._rows = rows
        self.shape = (n_rows, sizes.width, sizes.n_channels)
        self.ndim = len(self.shape)
        narrow = sum(2**16 if one is None else one for one in bounds) < 2**16
        self.dtype = np.dtype(np.uint16 if narrow else np.uint32)

    def __getitem__(self, key: Any) -> npt.NDArray[Any]:
        keys = list(key) if isinstance(key, tuple) else [key]
        if any(one is Ellipsis for one in keys):
            at = next(n for n, one in enumerate(keys) if one is Ellipsis)
            keys[at : at + 1] = [slice(None)] * (self.ndim - len(keys) + 1)
        keys += [slice(None)] * (self.ndim - len(keys))
        pairs = [_spanned(*pair) for pair in zip(keys, self.shape, strict=True)]
        rows, columns, channels = (span for span, _ in pairs)
        block = self._block(rows, columns, channels)
        return np.asarray(block[tuple(inner for _, inner in pairs)])

    def _block(self, rows: Span, columns: Span, channels: Span) -> npt.NDArray[Any]:
        spans = (rows, columns, channels)
        out = np.zeros([stop - start for start, stop in spans], self.dtype)
        if not out.size:
            return out
        with reading(self._rows[0].source.path):
            try:
                self._add_all(spans, out)
            except FormatError:
                # the file's own places of the pixels may be what is wrong
                if not any(one.trusting for one in self._rows):
                    raise
                for detector in self._rows:
                    detector.forget_positions()
                out[...] = 0
                self._add_all(spans, out)
        return out

    def _add_all(self, spans: tuple[Span, Span, Span], out: npt.NDArray[Any]) -> None:
        for detector in self._rows:
            detector.find(spans[0][1])
            self._add(detector, spans, out)

    def _add(
        self, detector: Rows, spans: tuple[Span, Span, Span], out: npt.NDArray[Any]
    ) -> None:
        from napari_maxrf.io.formats.bcf import _kernels as kernels

        (first, last), offsets = spans[0], detector.offsets
        state, window = kernels.new_state(first), self._window(spans)
        seen = np.zeros(detector.sizes.width, np.int64)

        def step(data: npt.NDArray[np.uint8], base: int) -> int:
            used = kernels.decode(data, base, state, offsets, window, seen, out)
            return 0 if state[kernels.FAULT] else used

        start, stop = int(offsets[first]), int(offsets[last])
        with detector.source.session() as read:
            for used in stretches(read, step, start, stop):
                start += used
        fault, row = state[kernels.FAULT], int(state[kernels.ROW])
        if not fault and (start, row) != (stop, last):
            fault = kernels.PLACE
        if fault:
            raise FormatError(detector.damaged(row, fault, int(state[kernels.COLUMN])))

    def _window(self, spans: tuple[Span, Span, Span]) -> npt.NDArray[np.int64]:
        (y0, _), columns, channels = spans
        limit = 2 ** (8 * self.dtype.itemsize) - 1
        if self.dtype.itemsize > 2:
            # room for the single pulses, which are added without a comparison
            limit -= _PULSES_OF_A_PIXEL * len(self._rows)
        return np.array([y0, *columns, *channels, self.shape[2], limit], np.int64)

    def __dask_tokenize__(self) -> tuple[Any, ...]:
        facts = self._rows[0].source.path.stat()
        names = tuple(one.source.name for one in self._rows)
        path = str(self._rows[0].source.path.resolve())
        return path, facts.st_size, facts.st_mtime_ns, names, self.shape

    def prepare(self) -> None:
        """Load the compiled loop now, so that the first spectrum need not wait."""
        from napari_maxrf.io.formats.bcf import _kernels as kernels

        nothing = np.empty(0, np.uint8)
        nothing.flags.writeable = False
        out = np.empty((0, *self.shape[1:]), self.dtype)
        window = self._window(((0, 0), (0, 0), (0, 0)))
        offsets = seen = np.zeros(1, np.int64)
        kernels.decode(nothing, 0, kernels.new_state(0), offsets, window, seen, out)

    def lazy(self) -> da.Array:
        """Wrap as a dask array of whole spectra, in blocks of about 32 MiB.

        Dask hands a slice of it through to `__getitem__`, so that the spectrum of a
        pixel or the map of a window decode no block; it does so only for arrays
        with its plain getter, that is without ``asarray=False`` or ``fancy=False``.
        """
        import dask.array as da

        self.prepare()
        _, width, n_channels = self.shape
        n_spectra = max(1, _BLOCK_BYTES // (n_channels * self.dtype.itemsize))
        blocks = (max(1, n_spectra // width), min(width, n_spectra), n_channels)
        meta = np.empty((0, 0, 0), self.dtype)
        counts: da.Array = da.from_array(self, chunks=blocks, meta=meta)
        remember(counts, self)
        return counts


def _spanned(key: Any, size: int) -> tuple[Span, Any]:
    """Return the range that a key of one axis needs, and the key within it."""
    if isinstance(key, slice):
        chosen = range(*key.indices(size))
        inner: Any = slice(None, None, chosen.step)
        if not chosen:
            return (0, 0), inner
        return (min(chosen), max(chosen) + 1), inner
    places = np.arange(size)[key]
    if not places.size:
        return (0, 0), places
    low = int(places.min())
    return (low, int(places.max()) + 1), places - low
