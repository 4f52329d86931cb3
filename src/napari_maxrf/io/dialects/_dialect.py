"""What a dialect is: a layout of HDF5 files that one program writes.

A dialect knows its files by their groups, and lists their detectors. How detectors
are chosen, added and turned into a cube is the same for all (`_opening`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import h5py
    import numpy as np
    import numpy.typing as npt

    from napari_maxrf.io._format import AxisOrder, ReadOptions
    from napari_maxrf.io._opened import Calibration

    Plane = npt.NDArray[np.float32]

ENERGY_AT: tuple[AxisOrder, ...] = ("eyx", "yex", "yxe")
"""Order of the axes by the place of energy among them."""

ENERGY_AT_TURNED: tuple[AxisOrder, ...] = ("exy", "xey", "xye")
"""The same where x comes before y."""


@dataclass(frozen=True)
class Detector:
    """Counts of one detector, and what the file says about them.

    Attributes
    ----------
    data : h5py.Dataset
        The counts.
    axes : str
        Order of their axes, slowest first.
    calibration : Calibration
        Energy axis.
    live_time_s : ndarray or None
        Seconds, 0 where unknown, in the order of the pixels in the file.
    planes : dict of str to ndarray
        Further values for every pixel, 0 where unknown, in the same order.
    header : dict
        What the file says besides, as plain values.
    """

    data: h5py.Dataset
    axes: AxisOrder
    calibration: Calibration
    live_time_s: Plane | None = None
    planes: dict[str, Plane] = field(default_factory=dict)
    header: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Layout:
    """The detectors in a file, and how to read one.

    Attributes
    ----------
    read : callable
        Returns the detector of a name.
    parts : tuple of str
        Names of what is added up by default.
    others : tuple of str
        Further names to ask for, such as a sum made by another program.
    detectors : tuple of str or None
        Names of the detectors in the default sum, if not the parts themselves.
    prefix : str
        What users may put before a name, as the file does.
    header : dict
        What the file says about the scan, as plain values.
    warnings : list of str
        What the user should know before using the cube.
    pixel_size_mm : (float, float) or None
        Height and width of a pixel.
    """

    read: Callable[[str], Detector]
    parts: tuple[str, ...] = ("",)
    others: tuple[str, ...] = ()
    detectors: tuple[str, ...] | None = None
    prefix: str = ""
    header: dict[str, Any] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    pixel_size_mm: tuple[float, float] | None = None


@dataclass(frozen=True)
class Dialect:
    """One layout: how to know it and how to read it."""

    name: str
    label: str
    matches: Callable[[h5py.File], bool]
    layout: Callable[[h5py.File, Path, ReadOptions], Layout]
    suffixes: tuple[str, ...] = (".h5", ".hdf5", ".hdf")
    detectors: bool = False


def pixels_and_channels(
    data: h5py.Dataset, axes: AxisOrder
) -> tuple[tuple[int, int], int]:
    """Return the sizes of the two pixel axes, as in the file, and of energy."""
    sizes = list(data.shape)
    n_channels = sizes.pop(axes.index("e"))
    return (sizes[0], sizes[1]), n_channels
