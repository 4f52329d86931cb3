"""Small facts in HDF5 files: attributes, and values for every pixel.

All are read only after their size was found to be small. Times of zero or less mean
unknown, and become 0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import h5py
import numpy as np
import numpy.typing as npt

from napari_maxrf.io._held import own_dataset, read_small
from napari_maxrf.io.dialects._links import own_item

if TYPE_CHECKING:
    from collections.abc import Iterable

    from napari_maxrf.io.dialects._dialect import Plane

_LARGEST_ATTRIBUTE = 2**16
_LONGEST_TEXT = 500
_MOST_ATTRIBUTES = 100
_MOST_NUMBERS = 16


def small_attribute(item: h5py.Group | h5py.Dataset, name: str) -> Any:
    """Return an attribute as plain Python values; None if missing or not plain.

    Texts, numbers and nested lists of numbers are plain.
    """
    if name not in item.attrs:
        return None
    attribute = item.attrs.get_id(name)
    if attribute.get_storage_size() > _LARGEST_ATTRIBUTE:
        return None
    text = h5py.check_string_dtype(attribute.dtype)
    if text is None and attribute.dtype.kind not in "buifS":
        return None
    return _plain(item.attrs[name])


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.decode("utf-8", errors="replace")
    if isinstance(value, np.ndarray):
        return [_plain(one) for one in value.tolist()]
    if isinstance(value, list):
        return [_plain(one) for one in value]
    if isinstance(value, np.generic):
        return _plain(value.item())
    return value if isinstance(value, str | bool | int | float) else None


def text_attribute(item: h5py.Group | h5py.Dataset, name: str) -> str | None:
    """Return an attribute that is a text; None if missing or something else."""
    value = small_attribute(item, name)
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    return value if isinstance(value, str) else None


def attributes(
    item: h5py.Group | None, names: Iterable[str] | None = None
) -> dict[str, Any]:
    """Return attributes that are short texts or few numbers, for the metadata."""
    if item is None:
        return {}
    wanted = list(item.attrs if names is None else names)[:_MOST_ATTRIBUTES]
    values = {name: small_attribute(item, name) for name in wanted}
    return {name: value for name, value in values.items() if _is_short(value)}


def _is_short(value: Any) -> bool:
    if isinstance(value, str):
        return len(value) <= _LONGEST_TEXT
    if isinstance(value, list):
        return len(value) <= _MOST_NUMBERS and all(map(_is_short, value))
    return value is not None and bool(np.isfinite(value))


def plane(
    group: h5py.Group, name: str, pixels: tuple[int, int], scale: float = 1.0
) -> Plane | None:
    """Read a value for every pixel, such as a time in seconds.

    Parameters
    ----------
    group : h5py.Group
        Where it lies.
    name : str
        Name in the group.
    pixels : tuple of int
        Sizes of the two pixel axes, in the order of the file.
    scale : float, optional
        Factor to the unit that is wanted.

    Returns
    -------
    ndarray, float32, or None
        0 where the file holds nothing above 0; None if all is unknown, or of another
        shape. A single number stands for all pixels.
    """
    data = own_item(group, name)
    shapes = (pixels, (pixels[0] * pixels[1],), (), (1,))
    if data is None or data.dtype.kind not in "uif" or data.shape not in shapes:
        return None
    values = read_small(_checked(data), data.shape)
    return known(values if values.size > 1 else np.full(pixels, values), pixels, scale)


def stacked_plane(
    group: h5py.Group, names: Iterable[str], index: int, pixels: tuple[int, int]
) -> Plane | None:
    """Read the value of one detector for every pixel, of the first name there is.

    The dataset has an entry for each detector; else as `plane`.
    """
    for name in names:
        data = own_item(group, name)
        if data is not None and _is_stack(data, index, pixels):
            values = read_small(_checked(data), data.shape)
            return known(values[index], pixels)
    return None


def _checked(data: h5py.Dataset) -> h5py.Dataset:
    return own_dataset(data.parent, data.name.rpartition("/")[2])


def _is_stack(data: h5py.Dataset, index: int, pixels: tuple[int, int]) -> bool:
    right = data.ndim == 3 and data.shape[1:] == pixels and index < data.shape[0]
    return right and data.shape[0] <= _MOST_NUMBERS and data.dtype.kind in "uif"


def known(
    values: npt.NDArray[Any], pixels: tuple[int, int], scale: float = 1.0
) -> Plane | None:
    """Set what is not above 0 to 0; None if nothing is left.

    Examples
    --------
    >>> known(np.array([-1, 2000, 0, 1000]), (2, 2), 1e-3).tolist()
    [[0.0, 2.0], [0.0, 1.0]]
    """
    with np.errstate(invalid="ignore", over="ignore", under="ignore"):
        scaled = (values.reshape(pixels).astype(np.float64) * scale).astype(np.float32)
    good = np.isfinite(scaled) & (scaled > 0)
    return np.where(good, scaled, np.float32(0)) if good.any() else None


def spread(values: Plane | None) -> dict[str, float] | None:
    """Summarise a plane by the median, least and greatest of its known values."""
    if values is None:
        return None
    seen = values[values > 0].astype(np.float64)
    found = {"median": np.median(seen), "min": seen.min(), "max": seen.max()}
    return {key: round(float(value), 6) for key, value in found.items()}


def spreads(**planes: Plane | None) -> dict[str, Any]:
    """Summarise those of several planes that are known."""
    found = {name: spread(values) for name, values in planes.items()}
    return {name: facts for name, facts in found.items() if facts is not None}
