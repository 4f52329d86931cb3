"""NeXus and the files that PyMca recommends: counts with what belongs to them beside.

Counts are marked as spectra (``interpretation``), are the signal of an ``NXdata`` with
an axis of energy, or have a ``calibration`` or ``channels`` beside them. Counts of one
shape in one entry are the detectors of one scan; of several scans the default is meant.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from napari_maxrf.io.dialects._dialect import (
    ENERGY_AT,
    Detector,
    Dialect,
    Layout,
    pixels_and_channels,
)
from napari_maxrf.io.dialects._energies import ENERGY_NAMES, calibrated, vector
from napari_maxrf.io.dialects._facts import (
    plane,
    small_attribute,
    spreads,
    text_attribute,
)
from napari_maxrf.io.dialects._links import contents_of, own_group, own_item, solid
from napari_maxrf.io.dialects._nexus_axes import (
    is_energy,
    order_of_names,
    pixel_size_mm,
    terms_and_channels,
)
from napari_maxrf.io.dialects._plain import likely_axes, which_dataset

if TYPE_CHECKING:
    from pathlib import Path

    import h5py

    from napari_maxrf.io._format import AxisOrder, ReadOptions
    from napari_maxrf.io.dialects._dialect import Plane

_LIVE, _REAL = ("live_time", "livetime"), ("real_time", "realtime", "elapsed_time")
_FEWEST_CHANNELS = 16


@dataclass(frozen=True)
class _Signal:
    """Counts, and the plot that shows them with the names of its axes, if any."""

    data: h5py.Dataset
    plot: h5py.Group | None = None
    axes: tuple[str, ...] = ()


def _signals(file: h5py.File) -> list[_Signal]:
    """Find all counts that are marked as spectra, each once."""
    contents = contents_of(file)
    marked = (data for data in contents.solids if _is_marked(data))
    found = {data.id: _Signal(data) for data in marked}
    for plotted in filter(None, map(_plotted, contents.groups)):
        known = found.get(plotted.data.id, plotted)
        found[plotted.data.id] = replace(plotted, data=known.data)
    return list(found.values())


def _is_marked(data: h5py.Dataset) -> bool:
    if text_attribute(data, "interpretation") == "spectrum":
        return bool(data.shape[2] >= _FEWEST_CHANNELS)
    beside = (own_item(data.parent, name) for name in ("calibration", "channels"))
    return any(one is not None and one.ndim == 1 for one in beside)


def _plotted(group: h5py.Group) -> _Signal | None:
    """Return what a plot shows, if one of its three axes is energy."""
    data, names = _shown(group), small_attribute(group, "axes")
    axes = tuple(map(str, names)) if isinstance(names, list) else ()
    if data is None or len(axes) != 3 or sum(map(is_energy, axes)) != 1:
        return None
    return _Signal(data, group, axes)


def _shown(group: h5py.Group | None) -> h5py.Dataset | None:
    if group is None or text_attribute(group, "NX_class") != "NXdata":
        return None
    return solid(group, text_attribute(group, "signal") or "data")


def _default(file: h5py.File) -> h5py.Dataset | None:
    """Follow what the file says is to be shown first."""
    group: h5py.Group | None = file["/"]
    for _ in range(3):
        name = text_attribute(group, "default") if group is not None else None
        group = own_group(group, name) if group is not None and name else None
        if (shown := _shown(group)) is not None:
            return shown
    return None


def _of_one_scan(file: h5py.File, path: Path) -> list[_Signal]:
    """Take all detectors of one scan; ask where there are several scans."""
    signals = _signals(file)
    if len({one.data.shape for one in signals}) == 1:
        entries = {one.data.name.split("/")[1] for one in signals}
        bare = all(one.data.name.count("/") == 2 for one in signals)
        if len(entries) == 1 or bare:
            return signals
    default = _default(file)
    meant = [one for one in signals if default is not None and one.data == default]
    if not meant:
        raise which_dataset(path, [one.data for one in signals])
    return meant


def _layout(file: h5py.File, path: Path, options: ReadOptions) -> Layout:
    named = _by_name(_of_one_scan(file, path))
    sums = tuple(name for name in named if "sum" in name.rpartition("/")[2].lower())
    single = tuple(name for name in named if name not in sums)
    shapes = [one for one in named.values() if one.plot is not None]

    def read(name: str) -> Detector:
        return _detector(named[name], path, options)

    return Layout(
        read,
        parts=single or sums[:1],
        others=sums if single else (),
        prefix="detector_",
        pixel_size_mm=pixel_size_mm(shapes[0].plot, shapes[0].axes) if shapes else None,
    )


def _by_name(signals: list[_Signal]) -> dict[str, _Signal]:
    """Name detectors by their groups, if that tells them from each other."""
    if len(signals) == 1:
        return {"": signals[0]}
    short = {one.data.parent.name.rpartition("/")[2]: one for one in signals}
    if len(short) == len(signals):
        return short
    return {one.data.name.strip("/"): one for one in signals}


def _detector(signal: _Signal, path: Path, options: ReadOptions) -> Detector:
    data, group = signal.data, signal.data.parent
    axes = _axes(signal, path, options)
    pixels, n_channels = pixels_and_channels(data, axes)
    plotted = tuple(name for name in signal.axes if is_energy(name))
    sources = (
        terms_and_channels(group),
        vector(group, *ENERGY_NAMES),
        vector(signal.plot, *plotted),
    )
    real = _first_plane(group, _REAL, pixels)
    return Detector(
        data,
        axes,
        calibrated(options, n_channels, *sources, name=path.name),
        live_time_s=_first_plane(group, _LIVE, pixels),
        planes={} if real is None else {"real_time_s": real},
        header=spreads(real_time_s=real),
    )


def _axes(signal: _Signal, path: Path, options: ReadOptions) -> AxisOrder:
    """Take the names of the axes, or what is marked as spectra or numbers channels."""
    data = signal.data
    if options.axes is None and signal.axes:
        return order_of_names(signal.axes)
    if options.axes is None and text_attribute(data, "interpretation") == "spectrum":
        return "yxe"
    channels = own_item(data.parent, "channels")
    if options.axes is None and channels is not None:
        fitting = [one for one in range(3) if data.shape[one] == channels.size]
        if len(fitting) == 1:
            return ENERGY_AT[fitting[0]]
    return likely_axes(path, data, options)


def _first_plane(
    group: h5py.Group, names: tuple[str, ...], pixels: tuple[int, int]
) -> Plane | None:
    found = (plane(group, name, pixels) for name in names)
    return next((one for one in found if one is not None), None)


NEXUS = Dialect(
    "hdf5-nexus",
    "HDF5 of PyMca and NeXus",
    lambda file: bool(_signals(file)),
    _layout,
    suffixes=(".h5", ".hdf5", ".hdf", ".nxs"),
    detectors=True,
)
