"""The header of a NumPy array file: shape, type and order, and nothing unpickled."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from tokenize import TokenError
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from napari_maxrf.errors import FormatError

if TYPE_CHECKING:
    from collections.abc import Callable

MAGIC = b"\x93NUMPY"


@dataclass(frozen=True)
class NpyHeader:
    """What an array file says about its values.

    Attributes
    ----------
    shape : tuple of int
        Shape as NumPy shows it.
    dtype : dtype
        Type of a value, with its byte order.
    fortran : bool
        Whether the first axis runs fastest.
    offset : int
        Bytes before the first value.
    """

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    fortran: bool
    offset: int

    @property
    def stored_shape(self) -> tuple[int, ...]:
        """Shape as it lies in the file, slowest axis first."""
        return self.shape[::-1] if self.fortran else self.shape

    def stored_axes(self, axes: str) -> str:
        """Turn an order of axes as NumPy shows them to that in the file."""
        return axes[::-1] if self.fortran else axes


def read_npy_header(stream: BinaryIO) -> NpyHeader:
    """Read the header at the beginning of a stream.

    Raises
    ------
    ValueError
        It is no such header, or one of a future version.
    """
    version = np.lib.format.read_magic(stream)
    readers: dict[tuple[int, int], Callable[..., Any]] = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }
    if version not in readers:
        raise ValueError(f"version {version} of the .npy format")
    with warnings.catch_warnings():
        # NumPy warns of headers written by Python 2, which are harmless
        warnings.simplefilter("ignore")
        try:
            shape, fortran, dtype = readers[version](stream)
        except (SyntaxError, TokenError, RecursionError) as error:
            raise ValueError("a header that is no dictionary") from error
    if any(size < 0 for size in shape):
        raise ValueError(f"a shape of {shape}")
    return NpyHeader(tuple(map(int, shape)), dtype, fortran, stream.tell())


def check_numbers(name: str, header: NpyHeader) -> None:
    """Refuse an array of anything but real numbers.

    Raises
    ------
    FormatError
        The array holds Python objects, records, complex numbers or text.
    """
    if header.dtype.hasobject:
        raise FormatError(
            f"{name} holds Python objects. Opening it could run code from the file. "
            "Save the counts as a plain array: numpy.save(file, counts.astype('u4'))."
        )
    if header.dtype.kind not in "uif":
        raise FormatError(
            f"{name} holds values of type {header.dtype}; expected counts, whole or "
            "real numbers."
        )
