"""Stacks of TIFF pages, one for each channel of energy.

A stack says nothing about energy, so that it is taken for a scan only with as many
pages as spectra have channels, or with the user's word. Pages that lie plainly in
the file are read in place; packed ones are unpacked by tifffile, page by page.
"""

from __future__ import annotations

import math
import struct
import threading
import zlib
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from napari_maxrf.errors import FormatError
from napari_maxrf.io._format import Format, ReadOptions, UnknownLayoutError
from napari_maxrf.io._held import reading
from napari_maxrf.io._layout import FEWEST_CHANNELS, is_usual
from napari_maxrf.io._opened import calibration, opened, refuse_detector
from napari_maxrf.io._oriented import lazy_oriented
from napari_maxrf.io._raw import RawArray
from napari_maxrf.io._tiff_files import opened_tiff, starts_as_tiff

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import dask.array as da
    from tifffile import TiffFile, TiffFrame, TiffPage, TiffPageSeries

    from napari_maxrf.cube import SpectralCube
    from napari_maxrf.io._format import AxisOrder

_LARGEST_PAGE = 2**30
_UNIT_MM = {"mm": 1.0, "um": 1e-3, "µm": 1e-3, "micron": 1e-3, "cm": 10.0, "nm": 1e-6}
_CENTIMETRE = 3


@dataclass(frozen=True)
class _Stack:
    """A series of pages with three axes, of which one may be energy.

    Attributes
    ----------
    index : int
        Which series of the file.
    shape : tuple of int
        Shape, slowest axis first.
    axes : str
        Likely order of the axes, such as ``"eyx"``.
    certain : bool
        Whether the file itself says that the third axis is one of channels.
    """

    index: int
    shape: tuple[int, ...]
    axes: AxisOrder
    certain: bool


def is_stack(path: Path) -> bool:
    """Tell whether a TIFF file holds as many pages or samples as spectra have."""
    if not starts_as_tiff(path):
        return False
    try:
        with opened_tiff(path) as file:
            return _stack_of(file) is not None
    except (FormatError, OSError):
        return False


def _stack_of(file: TiffFile) -> _Stack | None:
    found = (_as_stack(i, series) for i, series in enumerate(file.series))
    return next((stack for stack in found if stack is not None), None)


def _as_stack(index: int, series: TiffPageSeries) -> _Stack | None:
    """Describe a series by its axes Y, X and one more; None if it is no stack."""
    pairs = zip(series.get_axes(False), series.get_shape(False), strict=True)
    kept = [(axis, int(size)) for axis, size in pairs if size > 1 or axis in "YX"]
    letters = "".join("e" if axis not in "YX" else axis.lower() for axis, _ in kept)
    if sorted(letters) != ["e", "x", "y"]:
        return None
    shape = tuple(size for _, size in kept)
    if shape[letters.index("e")] < FEWEST_CHANNELS:
        return None
    named = kept[letters.index("e")][0]
    axes: AxisOrder = "eyx" if letters == "eyx" else "yxe"
    if letters not in ("eyx", "yxe"):
        return None
    return _Stack(index, shape, axes, certain=named in "CS")


def open_stack(path: Path, options: ReadOptions) -> SpectralCube:
    """Open a stack lazily.

    Raises
    ------
    FormatError
        The file is damaged, or packed in a way that needs another package.
    UnknownLayoutError
        The number of pages is not one that spectra have.
    """
    refuse_detector(path, options)
    with opened_tiff(path) as file:
        stack = _stack_of(file)
        if stack is None:
            raise FormatError(f"{path.name} is a picture, not a stack of channels.")
        series = file.series[stack.index]
        _check_pages(path, series)
        axes = _order(path, stack, options)
        counts = _counts(path, file, stack, axes)
        pixel_size = _pixel_size(file, series.keyframe)
    calibrated = calibration(options, counts.shape[2], lambda: None)
    layout = {"axes": axes}
    return opened(
        path,
        FORMAT.name,
        counts,
        calibrated,
        layout=layout,
        pixel_size_mm=pixel_size,
    )


def _order(path: Path, stack: _Stack, options: ReadOptions) -> AxisOrder:
    if options.axes is not None:
        return options.axes
    n_channels = stack.shape[stack.axes.index("e")]
    if stack.certain or is_usual(n_channels):
        return stack.axes
    raise UnknownLayoutError(
        f"{path.name} is a stack of {n_channels} pages, which need not be channels of "
        f"energy. If they are, say so by the order of its axes (axes): {stack.axes}.",
        needs=("axes",),
        shape=stack.shape,
        guess=ReadOptions(axes=stack.axes),
    )


def _check_pages(path: Path, series: TiffPageSeries) -> None:
    page = series.keyframe
    if series.dtype is None or np.dtype(series.dtype).kind not in "uif":
        raise FormatError(f"{path.name} holds {series.dtype}; expected counts.")
    if math.prod(page.shape) * np.dtype(page.dtype).itemsize > _LARGEST_PAGE:
        shown = " x ".join(map(str, page.shape))
        raise FormatError(f"{path.name}: a page of {shown} is too large to read.")


def _counts(path: Path, file: TiffFile, stack: _Stack, axes: str) -> da.Array:
    """Read plain pages where they lie, and packed ones by tifffile."""
    series = file.series[stack.index]
    page = series.keyframe
    dtype = np.dtype(series.dtype).newbyteorder(file.byteorder)
    if series.dataoffset is not None:
        offset = int(series.dataoffset)
        return lazy_oriented(RawArray(path, dtype, stack.shape, offset), axes)
    if page.is_final and page.is_contiguous and len(series) == stack.shape[0]:
        offsets = tuple(int(one.dataoffsets[0]) for one in series if one is not None)
        return lazy_oriented(ScatteredPages(path, dtype, stack.shape, offsets), axes)
    # a single page is unpacked as a whole, whatever is asked of it
    blocks = stack.shape if len(series) == 1 else None
    packed = PackedPages(path, stack.index, stack.shape)
    return lazy_oriented(packed, axes, blocks)


class ScatteredPages(RawArray):
    """Plain pages that lie here and there in a file.

    Parameters
    ----------
    path, dtype, shape
        As in `RawArray`, with pages along the first axis.
    offsets : tuple of int
        Where each page begins.
    """

    def __init__(
        self,
        path: Path,
        dtype: np.dtype[Any],
        shape: tuple[int, ...],
        offsets: tuple[int, ...],
    ) -> None:
        self.offsets = offsets
        super().__init__(path, dtype, shape)

    def _check_length(self) -> None:
        size, page = self._identity[0], self.nbytes // self.shape[0]
        if len(self.offsets) != self.shape[0] or max(self.offsets) + page > size:
            raise FormatError(
                f"{self.path.name} ends before its last page. Is the file complete?"
            )

    def _skips_much(self, second: slice) -> bool:
        return True

    def _place(self, entry: int, second: int) -> int:
        step = math.prod(self.shape[2:]) * self.dtype.itemsize
        return self.offsets[entry] + second * step

    def __reduce__(self) -> tuple[Any, ...]:
        return ScatteredPages, (self.path, self.dtype, self.shape, self.offsets)


class PackedPages:
    """Pages that tifffile unpacks, one after the other.

    The index of pages is kept, but no open file. Pickles as its description.

    Parameters
    ----------
    path : Path
        The file.
    index : int
        Which series of the file.
    shape : tuple of int
        Shape of the series without axes of a single entry.
    """

    def __init__(self, path: Path, index: int, shape: tuple[int, ...]) -> None:
        self.path, self.index, self.shape = path.resolve(), index, shape
        self._lock = threading.Lock()
        self._identity = self._stamp()
        with opened_tiff(self.path) as file:
            self._file = file
            self._pages = list(file.series[index])
            self.dtype = np.dtype(file.series[index].dtype)
        self._one_page = len(self._pages) == 1

    def _stamp(self) -> tuple[int, int]:
        facts = self.path.stat()
        return facts.st_size, facts.st_mtime_ns

    def __getitem__(self, key: tuple[slice, ...]) -> npt.NDArray[Any]:
        with self._lock, _reopened(self.path, self._file):
            if self._stamp() != self._identity:
                raise FormatError(
                    f"{self.path.name} has changed since it was opened. Open it again."
                )
            if self._one_page:
                return self._page(0, self.shape)[key]
            wanted = range(self.shape[0])[key[0]]
            pages = [self._page(at, self.shape[1:])[key[1:]] for at in wanted]
        return np.stack(pages) if pages else np.empty((0, *self.shape[1:]))[key]

    def _page(self, at: int, shape: tuple[int, ...]) -> npt.NDArray[Any]:
        page = self._pages[at]
        if page is None:
            raise FormatError(f"{self.path.name} has no page {at}.")
        _check_segments(self.path, page)
        values = page.asarray()
        if values.size != math.prod(shape):
            raise FormatError(
                f"{self.path.name}: page {at} has shape {values.shape}; expected "
                f"{shape}."
            )
        return np.asarray(values).reshape(shape)

    def __reduce__(self) -> tuple[Any, ...]:
        return PackedPages, (self.path, self.index, self.shape)

    def __dask_tokenize__(self) -> tuple[Any, ...]:
        return "PackedPages", str(self.path), self.index, *self._identity


@contextmanager
def _reopened(path: Path, file: TiffFile) -> Iterator[None]:
    """Open the file behind an index of pages for as long as it is read."""
    try:
        with reading(path):
            file.filehandle.open()
            yield
    except (struct.error, zlib.error, ArithmeticError, AssertionError) as error:
        raise FormatError(f"{path.name} cannot be unpacked ({error}).") from error
    except FormatError as error:
        if "imagecodecs" in str(error):
            raise FormatError(
                f"{path.name} is packed in a way that needs the imagecodecs package: "
                "pip install imagecodecs."
            ) from error
        raise
    finally:
        file.filehandle.close()


def _check_segments(path: Path, page: TiffPage | TiffFrame) -> None:
    """Refuse parts that are larger packed than they could be unpacked."""
    kind = page.keyframe
    if kind is None:
        raise FormatError(f"{path.name} holds a page of no known kind.")
    n_bytes = math.prod(kind.shape) * np.dtype(kind.dtype).itemsize
    if sum(page.databytecounts) > 2 * n_bytes + 2**16:
        raise FormatError(f"{path.name} holds a page larger than it can be.")


def _pixel_size(file: TiffFile, page: TiffPage) -> tuple[float, float] | None:
    """Return the size of a pixel where a unit of length is stated.

    Dots per inch are what picture programs write without any meaning.
    """
    unit = (file.imagej_metadata or {}).get("unit") if file.is_imagej else None
    if unit is not None:
        scale = _UNIT_MM.get(str(unit).lower().replace("\\u00b5", "µ"))
    else:
        tag = page.tags.get("ResolutionUnit")
        scale = 10.0 if tag is not None and tag.value == _CENTIMETRE else None
    sides = [_per_unit(page, name) for name in ("YResolution", "XResolution")]
    if scale is None or not all(sides):
        return None
    return scale / sides[0], scale / sides[1]


def _per_unit(page: TiffPage, name: str) -> float:
    """Return pixels per unit, or 0."""
    tag = page.tags.get(name)
    value = tag.value if tag is not None else None
    if not isinstance(value, tuple) or len(value) != 2 or not all(value):
        return 0.0
    return float(value[0]) / float(value[1])


def _header_bytes(path: Path) -> bytes:
    with opened_tiff(path) as file:
        stack = _stack_of(file)
    return repr(stack).encode()


FORMAT = Format(
    "tiff",
    "TIFF stack, a page for each channel",
    (".tif", ".tiff"),
    is_stack,
    open_stack,
    header=_header_bytes,
)
