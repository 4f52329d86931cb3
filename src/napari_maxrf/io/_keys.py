"""Basic and fancy keys of arrays, taken apart into what to read and what to pick.

Dask hands a key to an array-like as the user wrote it: numbers, slices with steps,
lists. A file is read in boxes; what is wanted is then picked from the box, one axis
after the other.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt


def box_of(
    key: Any, shape: tuple[int, ...]
) -> tuple[tuple[slice, ...], tuple[Any, ...]]:
    """Split a key into the smallest box that holds it, and what to pick there.

    Parameters
    ----------
    key : int, slice, array of int or bool, Ellipsis, or a tuple of them
        Fewer keys than axes are filled up with whole axes.
    shape : tuple of int
        Shape of the array.

    Returns
    -------
    tuple of slice
        The box: start and stop of every axis, within the array.
    tuple
        Keys relative to the box, for `picked`.

    Examples
    --------
    >>> box_of((3, slice(None, None, -2)), (5, 7))
    ((slice(3, 4, None), slice(0, 7, None)), (0, slice(None, None, -2)))
    """
    pairs = zip(_one_for_each_axis(key, len(shape)), shape, strict=True)
    spans = [_span(one, size) for one, size in pairs]
    return tuple(span for span, _ in spans), tuple(pick for _, pick in spans)


def picked(box: npt.NDArray[Any], picks: tuple[Any, ...]) -> npt.NDArray[Any]:
    """Pick from each axis of a box what its key asks for, axes independent."""
    for axis in reversed(range(len(picks))):
        box = box[(slice(None),) * axis + (picks[axis],)]
    return box


def _one_for_each_axis(key: Any, ndim: int) -> list[Any]:
    keys = list(key) if isinstance(key, tuple) else [key]
    at = next((i for i, one in enumerate(keys) if one is Ellipsis), None)
    if at is not None:
        keys[at : at + 1] = [slice(None)] * (ndim - len(keys) + 1)
    return keys + [slice(None)] * (ndim - len(keys))


def _span(key: Any, size: int) -> tuple[slice, Any]:
    if isinstance(key, slice):
        return _span_of_range(range(size)[key])
    index = np.asarray(key)
    if index.dtype == bool:
        index = np.flatnonzero(index)
    if index.size == 0:
        return slice(0, 0), index.astype(np.intp)
    if index.min() < -size or index.max() >= size:
        raise IndexError(f"{key} lies outside an axis of {size} entries")
    index = np.where(index < 0, index + size, index)
    low, high = int(index.min()), int(index.max())
    picks = index - low
    return slice(low, high + 1), int(picks) if picks.ndim == 0 else picks


def _span_of_range(chosen: range) -> tuple[slice, slice]:
    if not chosen:
        return slice(0, 0), slice(None)
    low, high = sorted((chosen[0], chosen[-1]))
    step = None if chosen.step == 1 else chosen.step
    return slice(low, high + 1), slice(None, None, step)
