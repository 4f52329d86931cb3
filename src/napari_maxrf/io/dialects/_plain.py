"""Any other file with a 3-D dataset of numbers. One of several is never guessed at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_maxrf.errors import FormatError, did_you_mean
from napari_maxrf.io._format import ReadOptions, UnknownLayoutError
from napari_maxrf.io._layout import (
    FEWEST_CHANNELS,
    could_be_scan,
    is_usual,
    order_of_axes,
)
from napari_maxrf.io.dialects._dialect import (
    ENERGY_AT,
    Detector,
    Dialect,
    Layout,
    pixels_and_channels,
)
from napari_maxrf.io.dialects._energies import (
    ENERGY_NAMES,
    calibrated,
    coefficients,
    pairs_of_attribute,
    vector,
)
from napari_maxrf.io.dialects._links import contents_of, own_item

if TYPE_CHECKING:
    from pathlib import Path

    import h5py

    from napari_maxrf.io._format import AxisOrder

_MOST_LISTED = 20


def _layout(file: h5py.File, path: Path, options: ReadOptions) -> Layout:
    wanted = options.dataset or options.detector
    data = _named(file, path, wanted) if wanted else _only_scan(file, path, options)
    axes = likely_axes(path, data, options)
    _, n_channels = pixels_and_channels(data, axes)
    sources = (
        vector(data.parent, *ENERGY_NAMES),
        vector(file, *ENERGY_NAMES),
        coefficients(data.parent, "calibration"),
        pairs_of_attribute(file, "calibration"),
    )
    one = Detector(
        data, axes, calibrated(options, n_channels, *sources, name=path.name)
    )
    name = options.detector or ""
    return Layout(lambda _: one, parts=(name,), detectors=())


def _named(file: h5py.File, path: Path, name: str) -> h5py.Dataset:
    data = own_item(file, name)
    if data is None:
        known = [one.name.strip("/") for one in contents_of(file).solids]
        raise FormatError(
            f"{path.name} has no dataset {name}; it has {', '.join(known)}"
            f"{did_you_mean(name, known)}"
        )
    return data


def _only_scan(file: h5py.File, path: Path, options: ReadOptions) -> h5py.Dataset:
    solids = contents_of(file).solids
    scans = [data for data in solids if could_be_scan(data.shape)]
    if options.axes is not None and not scans:
        scans = solids
    if len(scans) > 1:
        raise which_dataset(path, scans)
    return scans[0] if scans else solids[0]


def likely_axes(path: Path, data: h5py.Dataset, options: ReadOptions) -> AxisOrder:
    """Take the only axis that is long enough, else the only one of a usual length.

    Raises
    ------
    FormatError
        The dataset is no datacube.
    UnknownLayoutError
        Several axes, or none, can be energy.
    """
    shape = data.shape
    long = [place for place, size in enumerate(shape) if size >= FEWEST_CHANNELS]
    if options.axes is None and could_be_scan(shape) and len(long) == 1:
        return ENERGY_AT[long[0]]
    return order_of_axes(f"{path.name}: {data.name}", shape, options)


def which_dataset(path: Path, datasets: list[h5py.Dataset]) -> UnknownLayoutError:
    """Return the question which of several datasets is the scan.

    Parameters
    ----------
    path : Path
        The file.
    datasets : list of h5py.Dataset
        All that could be meant; at most 20 are listed.
    """
    listed = [f"{one.name.strip('/')} {one.shape}" for one in datasets]
    more = len(listed) - _MOST_LISTED
    end = f" and {more} more" if more > 0 else ""
    sure = [one for one in datasets if sum(map(is_usual, one.shape)) == 1]
    likely = sure[0] if len(sure) == 1 else datasets[0]
    return UnknownLayoutError(
        f"{path.name} holds several 3-D datasets: {', '.join(listed[:_MOST_LISTED])}"
        f"{end}. Say which one to open (dataset).",
        needs=("dataset",),
        shape=likely.shape,
        guess=ReadOptions(dataset=likely.name.strip("/")),
    )


PLAIN = Dialect(
    "hdf5-plain",
    "HDF5 with one 3-D dataset",
    lambda file: bool(contents_of(file).solids),
    _layout,
)
