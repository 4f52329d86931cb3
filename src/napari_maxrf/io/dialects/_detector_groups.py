"""A group for each detector, ``detector_NAME/counts``, with pairs of calibration."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_maxrf.io.dialects._dialect import (
    Detector,
    Dialect,
    Layout,
    pixels_and_channels,
)
from napari_maxrf.io.dialects._energies import calibrated, pair_vectors
from napari_maxrf.io.dialects._facts import plane, spreads
from napari_maxrf.io.dialects._links import solid

if TYPE_CHECKING:
    from pathlib import Path

    import h5py

    from napari_maxrf.io._format import ReadOptions

_PREFIX = "detector_"


def _names(file: h5py.File) -> tuple[str, ...]:
    return tuple(
        name.removeprefix(_PREFIX)
        for name in file
        if name.startswith(_PREFIX) and solid(file, f"{name}/counts") is not None
    )


def _layout(file: h5py.File, path: Path, options: ReadOptions) -> Layout:
    axes = options.axes or "yxe"

    def read(name: str) -> Detector:
        group = file[f"{_PREFIX}{name}"]
        data = group["counts"]
        pixels, n_channels = pixels_and_channels(data, axes)
        real = plane(group, "real_time_s", pixels)
        return Detector(
            data,
            axes,
            calibrated(options, n_channels, pair_vectors(group, file), name=path.name),
            live_time_s=plane(group, "live_time_s", pixels),
            planes={} if real is None else {"real_time_s": real},
            header=spreads(real_time_s=real),
        )

    return Layout(read, _names(file), prefix=_PREFIX)


DETECTOR_GROUPS = Dialect(
    "hdf5-detectors",
    "HDF5, a group per detector",
    lambda file: bool(_names(file)),
    _layout,
    detectors=True,
)
