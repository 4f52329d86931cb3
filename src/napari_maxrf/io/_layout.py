"""Which axis is energy, where a file holds an array and says nothing about it.

Spectra have a usual number of channels. Where just one axis has such a number it is
taken; where none or several have, the user is asked and not guessed at.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_maxrf.errors import FormatError
from napari_maxrf.io._format import ReadOptions, UnknownLayoutError

if TYPE_CHECKING:
    from napari_maxrf.io._format import AxisOrder

FEWEST_CHANNELS = 128
"""Below, an array is taken for a picture or a stack of pictures."""

_MOST_CHANNELS = 2**16
_USUAL = {256, 512, *range(1000, 1025), *range(2000, 2049), *range(4000, 4097), 8192}
_COLOURS = (1, 2, 3, 4)
_ORDERS: tuple[AxisOrder, ...] = ("eyx", "yex", "yxe")


def is_usual(n_channels: int) -> bool:
    """Tell whether detectors have so many channels."""
    return n_channels in _USUAL


def could_be_scan(shape: tuple[int, ...]) -> bool:
    """Tell whether an array has as many axes and channels as a scan.

    Examples
    --------
    >>> could_be_scan((60, 80, 1024)), could_be_scan((512, 512, 3))
    (True, False)
    """
    return (
        len(shape) == 3
        and min(shape) > 0
        and shape[2] not in _COLOURS
        and any(FEWEST_CHANNELS <= size <= _MOST_CHANNELS for size in shape)
    )


def order_of_axes(name: str, shape: tuple[int, ...], options: ReadOptions) -> AxisOrder:
    """Return the order of the axes of an array, slowest first.

    Parameters
    ----------
    name : str
        Name of the file, for messages.
    shape : tuple of int
        Shape of the array as it is in the file.
    options : ReadOptions
        The user's word comes first.

    Raises
    ------
    FormatError
        The array is no datacube.
    UnknownLayoutError
        No axis, or several, can be energy.

    Examples
    --------
    >>> order_of_axes("scan.npy", (60, 80, 1024), ReadOptions())
    'yxe'
    >>> order_of_axes("scan.npy", (2048, 60, 80), ReadOptions())
    'eyx'
    """
    if len(shape) != 3 or 0 in shape:
        raise FormatError(
            f"{name} has shape {shape}, not a datacube: expected three axes, y, x and "
            "energy, none of them empty."
        )
    if options.axes is not None:
        return options.axes
    if not could_be_scan(shape):
        raise FormatError(_not_a_cube(name, shape))
    usual = [axis for axis in range(3) if is_usual(shape[axis])]
    if len(usual) == 1:
        return _ORDERS[usual[0]]
    raise UnknownLayoutError(
        f"{name} has shape {shape} and does not say which axis is energy. Say the "
        "order of the axes (axes), such as yxe or eyx.",
        needs=("axes",),
        shape=shape,
        guess=ReadOptions(axes=_likeliest(shape)),
    )


def _likeliest(shape: tuple[int, ...]) -> AxisOrder:
    """Prefer a usual number of channels, then the last axis, then the longest."""
    places = range(3)
    usual = [axis for axis in places if is_usual(shape[axis])]
    fitting = usual or [axis for axis in places if shape[axis] >= FEWEST_CHANNELS]
    return _ORDERS[max(fitting, key=lambda axis: (axis == 2, shape[axis]))]


def _not_a_cube(name: str, shape: tuple[int, ...]) -> str:
    if shape[-1] in _COLOURS or shape[0] in _COLOURS:
        return f"{name} has shape {shape}: that is a picture, not a datacube."
    return (
        f"{name} has shape {shape}: no axis is a spectrum of {FEWEST_CHANNELS} "
        "channels or more. If it is a datacube, say the order of its axes (axes)."
    )
