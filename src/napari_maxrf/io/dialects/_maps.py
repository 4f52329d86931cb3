"""Files of the program MAPS at the Advanced Photon Source, fitted and raw.

Fitted files hold one detector, or the sum of all, in ``/MAPS``; raw ones hold a
dataset for each detector, ``/MAPS_RAW/data_a`` and so on, and no calibration. The one
that MAPS leaves beside them, as for ``.mda`` scans, is used. Energy comes first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari_maxrf.io._maps_fit import fitted_terms
from napari_maxrf.io.dialects._dialect import (
    Detector,
    Dialect,
    Layout,
    pixels_and_channels,
)
from napari_maxrf.io.dialects._energies import (
    calibrated,
    coefficients,
    from_terms,
    vector,
)
from napari_maxrf.io.dialects._facts import plane, spreads, stacked_plane
from napari_maxrf.io.dialects._links import own_group, solid

if TYPE_CHECKING:
    from pathlib import Path

    import h5py

    from napari_maxrf.io._format import ReadOptions
    from napari_maxrf.io._opened import Calibration
    from napari_maxrf.io.dialects._energies import Source

_SPECTRA = ("MAPS/Spectra", "MAPS")
_RAW = "MAPS_RAW"
_LETTERS = "abcdefgh"


def _fit_beside(path: Path, index: int) -> Source:
    def read(n_channels: int) -> Calibration | None:
        terms, name = fitted_terms(path.parent, index)
        return None if terms is None else from_terms(n_channels, terms, name)

    return read


def _fitted(file: h5py.File) -> h5py.Group | None:
    groups = (own_group(file, name) for name in _SPECTRA)
    holding = (one for one in groups if one is not None and solid(one, "mca_arr"))
    return next(holding, None)


def _fitted_layout(file: h5py.File, path: Path, options: ReadOptions) -> Layout:
    group, axes = _fitted(file), options.axes or "eyx"

    def read(_: str) -> Detector:
        data = solid(group, "mca_arr")
        pixels, n_channels = pixels_and_channels(data, axes)
        sources = (
            coefficients(group, "Energy_Calibration"),
            coefficients(group, "energy_calib"),
            vector(group, "Energy", "energy"),
            _fit_beside(path, 0),
        )
        real = plane(group, "Elapsed_Realtime", pixels)
        return Detector(
            data,
            axes,
            calibrated(options, n_channels, *sources, name=path.name),
            live_time_s=plane(group, "Elapsed_Livetime", pixels),
            planes={} if real is None else {"real_time_s": real},
            header=spreads(
                real_time_s=real,
                input_counts=plane(group, "Input_Counts", pixels),
                output_counts=plane(group, "Output_Counts", pixels),
            ),
        )

    return Layout(read)


def _raw_names(file: h5py.File) -> tuple[str, ...]:
    group = own_group(file, _RAW)
    if group is None:
        return ()
    return tuple(one for one in _LETTERS if solid(group, f"data_{one}") is not None)


def _raw_layout(file: h5py.File, path: Path, options: ReadOptions) -> Layout:
    group, axes = own_group(file, _RAW), options.axes or "eyx"

    def read(name: str) -> Detector:
        index = _LETTERS.index(name)
        data = solid(group, f"data_{name}")
        pixels, n_channels = pixels_and_channels(data, axes)

        def each(*names: str) -> Any:
            return stacked_plane(group, names, index, pixels)

        real = each("realtime")
        fit = _fit_beside(path, index)
        return Detector(
            data,
            axes,
            calibrated(options, n_channels, fit, name=path.name),
            live_time_s=each("livetime"),
            planes={} if real is None else {"real_time_s": real},
            header=spreads(
                real_time_s=real,
                input_counts=each("inputcounts"),
                output_counts=each("ouputcounts", "outputcounts"),
            ),
        )

    return Layout(read, _raw_names(file), prefix="data_")


MAPS = Dialect(
    "hdf5-maps",
    "HDF5 of MAPS (APS)",
    lambda file: _fitted(file) is not None,
    _fitted_layout,
    suffixes=(".h5", *(f".h5{detector}" for detector in range(4))),
)
MAPS_RAW = Dialect(
    "hdf5-maps-raw",
    "HDF5 of MAPS (APS), raw",
    lambda file: bool(_raw_names(file)),
    _raw_layout,
    detectors=True,
)
