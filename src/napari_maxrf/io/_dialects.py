"""HDF5 layouts of other programs, each opened as the same kind of cube.

A dialect is a test that looks for its keys and a function that opens it. They are
tried in order; the last one takes any file with one 3-D dataset that looks like a
scan, and never picks one of several by itself.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np

from napari_maxrf.cube import EnergyAxis, SpectralCube
from napari_maxrf.errors import CalibrationError, FormatError
from napari_maxrf.io._calibration import (
    assumed_axis,
    axis_from_energies,
    axis_from_pairs,
)
from napari_maxrf.io._detectors import on_axis, summed
from napari_maxrf.io._held import (
    HeldDataset,
    check_counts,
    own_dataset,
    read_small,
)
from napari_maxrf.io._lazy import lazy_counts
from napari_maxrf.provenance import ProcessStep

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import dask.array as da

    from napari_maxrf.io._format import ReadOptions

_CHANNELS = (256, 8192)
_USUAL_CHANNELS = {256, 512, *range(1000, 1025), *range(2000, 2049), 4096, 8192}
_ENERGY_NAMES = ("ENERGY", "energy", "energies", "Energy", "energy_kev")


@dataclass(frozen=True)
class Dialect:
    """One layout: how to know it and how to open it."""

    name: str
    label: str
    matches: Callable[[h5py.File], bool]
    open: Callable[[h5py.File, Path, ReadOptions], SpectralCube]
    suffixes: tuple[str, ...] = (".h5", ".hdf5", ".hdf")
    detectors: bool = False


# -- several detectors, one group each


def _detector_groups(file: h5py.File) -> dict[str, h5py.Dataset]:
    return {
        name.removeprefix("detector_"): file[name]["counts"]
        for name in file
        if name.startswith("detector_")
        and isinstance(file.get(name), h5py.Group)
        and isinstance(file[name].get("counts"), h5py.Dataset)
    }


def _open_detectors(file: h5py.File, path: Path, options: ReadOptions) -> SpectralCube:
    """Open one detector, or the sum of all, channel by channel."""
    names, detector = tuple(_detector_groups(file)), options.detector
    if detector is not None:
        wanted = detector.removeprefix("detector_")
        if wanted not in names:
            raise FormatError(
                f"{path.name} has no detector {detector}; it has {', '.join(names)}."
            )
        names = (wanted,)
    cubes = [_one_detector(file, path, name) for name in names]
    first = cubes[0]
    for name, cube in zip(names, cubes, strict=True):
        if cube.shape[:2] != first.shape[:2]:
            raise FormatError(
                f"{path.name}: detector {name} has {cube.shape[:2]} pixels, detector "
                f"{names[0]} {first.shape[:2]}. Open one with detector=..."
            )
    counts = summed([on_axis(cube, first.energy) for cube in cubes])
    return replace(first, counts=counts, detectors=names)


def _one_detector(file: h5py.File, path: Path, name: str) -> SpectralCube:
    group = file[f"detector_{name}"]
    data = own_dataset(group, "counts")
    check_counts(data)
    axis, facts = _pair_axis(group, file, data.shape[2])
    return SpectralCube(
        counts=lazy_counts(HeldDataset(path, data.name)),
        energy=axis,
        name=path.stem,
        live_time_s=_plane(group, "live_time_s", data.shape),
        metadata={"calibration": facts, **_real_time(group, data.shape)},
    )


def _pair_axis(
    group: h5py.Group, file: h5py.File, n_channels: int
) -> tuple[EnergyAxis, dict[str, Any]]:
    """Fit the pairs of the detector, else those of the file, else assume."""
    for place in (group, file):
        if "calibration_channel" in place and "calibration_keV" in place:
            channels = own_dataset(place, "calibration_channel")
            energies = own_dataset(place, "calibration_keV")
            n = min(channels.size, n_channels)
            return axis_from_pairs(
                read_small(channels, (n,)), read_small(energies, (n,)), n_channels
            )
    return assumed_axis(n_channels), {"note": _NO_CALIBRATION}


def _plane(group: h5py.Group, name: str, shape: tuple[int, ...]) -> Any:
    if name not in group:
        return None
    return read_small(own_dataset(group, name), shape[:2]).astype(np.float32)


def _real_time(group: h5py.Group, shape: tuple[int, ...]) -> dict[str, Any]:
    """Summarise the real time, which is no live time: a sum would mislead."""
    plane = _plane(group, "real_time_s", shape)
    if plane is None:
        return {}
    return {
        "real_time_s": {
            "median": round(float(np.median(plane)), 6),
            "min": round(float(plane.min()), 6),
            "max": round(float(plane.max()), 6),
        }
    }


# -- one dataset under a known name


def _open_ganx(file: h5py.File, path: Path, options: ReadOptions) -> SpectralCube:
    data = own_dataset(file, "img")
    check_counts(data)
    axis = EnergyAxis.from_range(0.5, 38.5, data.shape[2], source="assumed")
    metadata = {"calibration": {"note": _NO_CALIBRATION}}
    counts = lazy_counts(HeldDataset(path, data.name))
    return SpectralCube(counts, axis, path.stem, metadata=metadata)


def _open_xrfdata(file: h5py.File, path: Path, options: ReadOptions) -> SpectralCube:
    data, vector = own_dataset(file, "XRFdata"), own_dataset(file, "ENERGY")
    check_counts(data)
    if max(vector.shape, default=0) != vector.size or vector.size > 2**17:
        raise FormatError(
            f"{path.name}: ENERGY has shape {vector.shape}, not a vector."
        )
    energies = read_small(vector, vector.shape).ravel()
    places = [axis for axis in (2, 0, 1) if data.shape[axis] == energies.size]
    if not places:
        raise CalibrationError(
            f"{path.name}: ENERGY has {energies.size} values, XRFdata {data.shape}."
        )
    counts = lazy_counts(HeldDataset(path, data.name))
    if places[0] != 2:
        # MATLAB stores the first axis last, so that all three appear reversed
        turned = "MATLAB_class" in data.attrs
        counts = counts.transpose() if turned else _energy_last(counts, places[0])
    axis = axis_from_energies(energies, counts.shape[2])
    return SpectralCube(counts, axis, path.stem)


def _energy_last(counts: da.Array, axis: int) -> da.Array:
    import dask.array as da

    return counts if axis == 2 else da.moveaxis(counts, axis, -1)


# -- any other file with a 3-D dataset


def _solid_datasets(file: h5py.File) -> list[str]:
    """Name every 3-D dataset of numbers that lies in the file itself."""
    found: list[str] = []

    def visit(name: str, item: Any) -> None:
        solid = isinstance(item, h5py.Dataset) and item.ndim == 3
        if solid and item.dtype.kind in "uif" and 0 not in item.shape:
            found.append(name)

    file.visititems(visit)
    return found


def _open_plain(file: h5py.File, path: Path, options: ReadOptions) -> SpectralCube:
    names, dataset = _solid_datasets(file), options.dataset or options.detector
    wanted = [name for name in names if dataset in (None, name)]
    listing = ", ".join(f"{name} {file[name].shape}" for name in names)
    if not wanted:
        raise FormatError(f"{path.name} has no dataset {dataset}; it has {listing}.")
    scans = [name for name in wanted if _energy_place(file[name].shape) is not None]
    if not scans:
        raise FormatError(_not_a_cube(path, listing, file[wanted[0]].shape))
    if len(scans) > 1:
        raise FormatError(
            f"{path.name} holds several 3-D datasets: {listing}. Say which one to "
            "open, by its name as detector."
        )
    return _plain_cube(file, path, scans[0])


def _plain_cube(file: h5py.File, path: Path, name: str) -> SpectralCube:
    parent, _, leaf = name.rpartition("/")
    data = own_dataset(file[parent] if parent else file, leaf)
    check_counts(data)
    place = _energy_place(data.shape)
    if place is None:
        raise FormatError(_not_a_cube(path, name, data.shape))
    counts = _energy_last(lazy_counts(HeldDataset(path, data.name)), place)
    axis, facts = _nearby_axis(data, file, counts.shape[2])
    metadata = {
        "dataset": data.name,
        "energy_axis_of_file": place,
        "calibration": facts,
    }
    return SpectralCube(counts, axis, path.stem, metadata=metadata)


def _energy_place(shape: tuple[int, ...]) -> int | None:
    """Guess which axis is energy: the one with as many entries as spectra have.

    Of several, an axis of a usual number of channels wins; of several such, the
    last, where most programs keep it.
    """
    if shape[-1] in (3, 4):
        return None
    low, high = _CHANNELS
    fitting = [axis for axis in (2, 0, 1) if low <= shape[axis] <= high]
    usual = [axis for axis in fitting if shape[axis] in _USUAL_CHANNELS]
    return next(iter(usual or fitting), None)


def _nearby_axis(
    data: h5py.Dataset, file: h5py.File, n_channels: int
) -> tuple[EnergyAxis, dict[str, Any]]:
    """Look for an energy vector beside the counts, or pairs at the root."""
    for place in (data.parent, file):
        for name in _ENERGY_NAMES:
            vector = place.get(name)
            if isinstance(vector, h5py.Dataset) and vector.shape == (n_channels,):
                values = read_small(own_dataset(place, name), (n_channels,))
                return axis_from_energies(values, n_channels), {"vector": vector.name}
    pairs = np.asarray(file.attrs.get("calibration", ()))
    if pairs.ndim == 2 and pairs.shape[1] == 2 and pairs.dtype.kind in "uif":
        return axis_from_pairs(pairs[:, 0], pairs[:, 1], n_channels)
    return assumed_axis(n_channels), {"note": _NO_CALIBRATION}


def _not_a_cube(path: Path, listing: str, shape: tuple[int, ...]) -> str:
    what = "that is a picture" if shape[-1] in (3, 4) else "no axis is a spectrum"
    low, high = _CHANNELS
    return (
        f"{path.name} holds {listing}: {what}, not a datacube. One axis must have "
        f"{low} to {high} channels."
    )


_NO_CALIBRATION = (
    "The file holds no energy calibration; the range is assumed. Calibrate with two "
    "or more lines."
)

DIALECTS = (
    Dialect(
        "hdf5-detectors",
        "HDF5, a group per detector",
        lambda file: bool(_detector_groups(file)),
        _open_detectors,
        detectors=True,
    ),
    Dialect(
        "hdf5-xrfdata",
        "HDF5 of napari-hsi-analysis",
        lambda file: "XRFdata" in file and "ENERGY" in file,
        _open_xrfdata,
        suffixes=(".h5", ".hdf5", ".hdf", ".mat"),
    ),
    Dialect(
        "hdf5-ganx",
        "HDF5 of ganX and INFN",
        lambda file: (
            isinstance(file.get("img"), h5py.Dataset) and file["img"].ndim == 3
        ),
        _open_ganx,
    ),
    Dialect(
        "hdf5-plain",
        "HDF5 with one 3-D dataset",
        lambda file: bool(_solid_datasets(file)),
        _open_plain,
    ),
)


def dialect_of(file: h5py.File) -> Dialect | None:
    """Return the first dialect that knows an open file, if any."""
    return next((dialect for dialect in DIALECTS if dialect.matches(file)), None)


def open_dialect(
    file: h5py.File, path: Path, dialect: Dialect, options: ReadOptions
) -> SpectralCube:
    """Open a file of a known dialect and note where the cube came from."""
    cube = dialect.open(file, path, options)
    facts = {
        "file": path.name,
        "format": dialect.name,
        "detectors": list(cube.detectors),
        "energy": cube.energy.to_json(),
    }
    return replace(
        cube,
        metadata={**cube.metadata, "file": str(path)},
        provenance=(ProcessStep("open", facts),),
    )
