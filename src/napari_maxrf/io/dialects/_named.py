"""Files with a single scan, under a name that one program always uses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_maxrf.errors import CalibrationError
from napari_maxrf.io._opened import NO_CALIBRATION
from napari_maxrf.io.dialects._dialect import (
    ENERGY_AT,
    ENERGY_AT_TURNED,
    Detector,
    Dialect,
    Layout,
    pixels_and_channels,
)
from napari_maxrf.io.dialects._energies import (
    calibrated,
    is_column,
    pairs_of_attribute,
    usual_range,
    vector,
)
from napari_maxrf.io.dialects._links import own_item, solid

if TYPE_CHECKING:
    from pathlib import Path

    import h5py

    from napari_maxrf.io._format import AxisOrder, ReadOptions
    from napari_maxrf.io.dialects._energies import Source


def _single(
    data: h5py.Dataset,
    axes: AxisOrder,
    source: Source,
    path: Path,
    options: ReadOptions,
) -> Layout:
    _, n_channels = pixels_and_channels(data, axes)
    calibration = calibrated(options, n_channels, source, name=path.name)
    return Layout(lambda _: Detector(data, axes, calibration))


def _xismus_layout(file: h5py.File, path: Path, options: ReadOptions) -> Layout:
    data, pairs = file["dataset_1"], pairs_of_attribute(file, "calibration")
    return _single(data, options.axes or "yxe", pairs, path, options)


def _ganx_layout(file: h5py.File, path: Path, options: ReadOptions) -> Layout:
    data, published = file["img"], usual_range(0.5, 38.5, NO_CALIBRATION)
    return _single(data, options.axes or "yxe", published, path, options)


def _xrfdata_layout(file: h5py.File, path: Path, options: ReadOptions) -> Layout:
    """Tell the axis of energy by its length; MATLAB stores all axes reversed."""
    data, energies = file["XRFdata"], file["ENERGY"]
    places = [axis for axis in (2, 0, 1) if data.shape[axis] == energies.size]
    axes = options.axes
    if axes is None:
        if not places or not is_column(energies):
            raise CalibrationError(
                f"{path.name}: ENERGY has {energies.size} values in shape "
                f"{energies.shape}, XRFdata has shape {data.shape}."
            )
        turned = "MATLAB_class" in data.attrs and places[0] != 2
        axes = (ENERGY_AT_TURNED if turned else ENERGY_AT)[places[0]]
    return _single(data, axes, vector(file, "ENERGY"), path, options)


XISMUS = Dialect(
    "hdf5-xismus",
    "HDF5 of XISMuS",
    lambda file: (
        solid(file, "dataset_1") is not None
        and ("calibration" in file.attrs or "datatypes" in file.attrs)
    ),
    _xismus_layout,
)
GANX = Dialect(
    "hdf5-ganx",
    "HDF5 of ganX and INFN",
    lambda file: solid(file, "img") is not None,
    _ganx_layout,
)
XRFDATA = Dialect(
    "hdf5-xrfdata",
    "HDF5 of napari-hsi-analysis",
    lambda file: (
        solid(file, "XRFdata") is not None and own_item(file, "ENERGY") is not None
    ),
    _xrfdata_layout,
    suffixes=(".h5", ".hdf5", ".hdf", ".mat"),
)
