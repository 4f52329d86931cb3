"""Read the native format ``.maxrf``: an HDF5 file that NeXus readers know too.

The layout, written by `_maxrf_write`, is that of the format document: counts in
``/entry/instrument/detector_sum/data``, stored sums in ``/entry/summary``, planes
beside the counts in ``/entry/maps`` and one ``NXprocess`` for each step.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np
import numpy.typing as npt

from napari_maxrf.cube import CubeSums, EnergyAxis, SpectralCube, StoredSums
from napari_maxrf.errors import CalibrationError, FormatError
from napari_maxrf.io._held import (
    HeldDataset,
    check_counts,
    check_small,
    open_file,
    own_dataset,
    read_small,
    reading,
)
from napari_maxrf.io._lazy import lazy_counts
from napari_maxrf.provenance import ProcessStep

if TYPE_CHECKING:
    from pathlib import Path

    import dask.array as da

FORMAT_VERSION = 1
DETECTOR = "entry/instrument/detector_sum"
_MAX_TEXT = 2**26
_LARGE_MAPS = 2**27
_PLANE_BLOCK = 2**10
_MAX_CHANNELS = 2**16


def is_maxrf(file: h5py.File) -> bool:
    """Tell whether an open HDF5 file says that it is a ``.maxrf``."""
    return text_of(file.attrs.get("format")) == "maxrf"


def open_maxrf(path: Path, detector: str | None = None) -> SpectralCube:
    """Open a ``.maxrf`` lazily.

    Parameters
    ----------
    path : Path
        The file.
    detector : str, optional
        A detector kept beside the sum, such as ``"detector_01"``; default the sum.

    Raises
    ------
    FormatError
        The file is damaged, incomplete, or of a newer format version.
    """
    with reading(path), open_file(path) as file:
        check_version(file, path)
        group = _detector_group(file, path, detector)
        data = own_dataset(group, "data")
        check_counts(data, complete=True)
        if data.shape[2] > _MAX_CHANNELS:
            raise FormatError(
                f"{path.name} claims {data.shape[2]} channels; at most {_MAX_CHANNELS} "
                "are possible."
            )
        counts = lazy_counts(HeldDataset(path, data.name))
        summed = group.name == f"/{DETECTOR}" and "summary" in file["entry"]
        return SpectralCube(
            counts=counts,
            stored=StoredSums(counts.name, partial(_sums, path)) if summed else None,
            energy=_energy_axis(group, data.shape[2], path),
            live_time_s=_optional_plane(group, "live_time", data.shape[:2]),
            **_beside_counts(file["entry"], data.shape[:2], path),
        )


def stored_summary(path: Path) -> dict[str, npt.NDArray[Any]]:
    """Read the sums stored beside the counts, without reading the counts.

    Returns
    -------
    dict of str to ndarray
        ``sum_spectrum`` and ``max_spectrum`` (energy,), ``sum_image`` (y, x).

    Raises
    ------
    FormatError
        The file is damaged or of a newer version.
    """
    with reading(path), open_file(path) as file:
        check_version(file, path)
        n_y, n_x, n_channels = file[f"{DETECTOR}/data"].shape
        shapes = {
            "sum_spectrum": (n_channels,),
            "max_spectrum": (n_channels,),
            "sum_image": (n_y, n_x),
        }
        group = file["entry/summary"]
        return {
            name: read_small(own_dataset(group, name), shape)
            for name, shape in shapes.items()
        }


def _sums(path: Path) -> CubeSums:
    return CubeSums(**stored_summary(path))


def check_version(file: h5py.File, path: Path) -> None:
    """Refuse a file of a version that this package does not know.

    Raises
    ------
    FormatError
        The version is missing, senseless or another one.
    """
    version = file.attrs.get("format_version")
    if not isinstance(version, int | np.integer):
        raise FormatError(f"{path.name} does not tell its format version.")
    if int(version) != FORMAT_VERSION:
        raise FormatError(
            f"{path.name} was written by format version {version}; this version reads "
            f"{FORMAT_VERSION}. Update napari-maxrf."
        )


def text_of(value: Any) -> str | None:
    """Return a text attribute as str; None if it is something else."""
    if isinstance(value, bytes):
        return value.decode("utf-8", errors="replace")
    return value if isinstance(value, str) else None


def _detector_group(file: h5py.File, path: Path, detector: str | None) -> h5py.Group:
    instrument = file.get("entry/instrument")
    present = list(instrument) if isinstance(instrument, h5py.Group) else []
    if "detector_sum" not in present:
        held = ", ".join(file["entry"]) if "entry" in file else "nothing"
        raise FormatError(f"{path.name} holds no counts; it holds {held}.")
    wanted = detector or "detector_sum"
    if wanted not in present:
        names = ", ".join(name for name in present if name.startswith("detector"))
        raise FormatError(f"{path.name} has no detector {detector}; it has {names}.")
    return instrument[wanted]


def _energy_axis(group: h5py.Group, n_channels: int, path: Path) -> EnergyAxis:
    dataset = own_dataset(group, "calibration")
    offset, gain, quad = read_small(dataset, (3,)).astype(float).tolist()
    source = text_of(dataset.attrs.get("source")) or "file"
    try:
        return EnergyAxis(n_channels, offset, gain, quad, source)
    except CalibrationError as error:
        raise FormatError(f"{path.name}: {error}") from error


def _optional_plane(
    group: h5py.Group, name: str, shape: tuple[int, ...]
) -> npt.NDArray[np.float32] | None:
    if name not in group:
        return None
    return read_small(own_dataset(group, name), shape).astype(np.float32)


def _beside_counts(
    entry: h5py.Group, shape: tuple[int, ...], path: Path
) -> dict[str, Any]:
    """Read what a cube knows besides its counts."""
    metadata = _json_object(_text(entry, "metadata") or "{}", path)
    metadata["file"] = str(path)
    detectors = entry["instrument/detector_sum"].attrs.get("detectors", "[]")
    names = json.loads(text_of(detectors) or "[]")
    return {
        "name": _text(entry, "title") or path.stem,
        "pixel_size_mm": _pixel_size(entry, path),
        "provenance": _provenance(entry, path, metadata),
        "maps": _maps(entry, shape, path),
        "detectors": tuple(str(name) for name in names),
        "metadata": metadata,
    }


def _pixel_size(entry: h5py.Group, path: Path) -> tuple[float, float] | None:
    measurement = entry.get("measurement")
    if measurement is None or "pixel_size_mm" not in measurement.attrs:
        return None
    height, width = (float(side) for side in measurement.attrs["pixel_size_mm"])
    if not (0 < height < np.inf and 0 < width < np.inf):
        raise FormatError(
            f"{path.name}: a pixel of {height} x {width} mm is not usable."
        )
    return height, width


def _maps(entry: h5py.Group, shape: tuple[int, ...], path: Path) -> dict[str, Any]:
    """Read the maps, or leave them on the disk as dask arrays where they are large."""
    group = entry.get("maps", {})
    large = 4 * shape[0] * shape[1] * len(group) > _LARGE_MAPS
    return {
        name: _held_plane(own_dataset(group, name), shape, path)
        if large
        else read_small(own_dataset(group, name), shape).astype(np.float32)
        for name in group
    }


def _held_plane(dataset: h5py.Dataset, shape: tuple[int, ...], path: Path) -> da.Array:
    import dask.array as da

    check_small(dataset, shape)
    held = HeldDataset(path, dataset.name)
    stored: da.Array = da.from_array(held, _PLANE_BLOCK, meta=np.empty((0, 0)))
    plane: da.Array = stored.astype(np.float32)
    return plane


def process_names(entry: h5py.Group) -> list[str]:
    """Return the names of the stored steps, in their order."""
    names = [name for name in entry if re.fullmatch(r"process_\d+", name)]
    return sorted(names, key=lambda name: int(name.removeprefix("process_")))


def _provenance(
    entry: h5py.Group, path: Path, metadata: dict[str, Any]
) -> tuple[ProcessStep, ...]:
    """Read the steps; their dates go to the metadata, since a step has none."""
    steps, dates = [], []
    for name in process_names(entry):
        group = entry[name]
        parameters = _json_object(_text(group, "parameters") or "{}", path)
        process = _text(group, "process") or "unknown"
        steps.append(ProcessStep(process, parameters, _text(group, "version") or ""))
        dates.append(_text(group, "date") or "")
    if dates:
        metadata["process_dates"] = dates
    return tuple(steps)


def _text(group: h5py.Group, name: str) -> str | None:
    """Read a scalar text dataset; None if there is none."""
    if name not in group:
        return None
    dataset = own_dataset(group, name)
    if dataset.shape != () or dataset.dtype.kind not in "OS":
        raise FormatError(f"{dataset.name} of {dataset.file.filename} is not a text.")
    if dataset.dtype.itemsize > _MAX_TEXT:
        raise FormatError(f"{dataset.name} of {dataset.file.filename} is too long.")
    return text_of(dataset[()])


def _json_object(text: str, path: Path) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        raise FormatError(f"{path.name} holds a damaged description.") from error
    if not isinstance(value, Mapping):
        raise FormatError(f"{path.name} holds a damaged description.")
    return dict(value)
