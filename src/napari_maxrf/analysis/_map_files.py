"""Several element maps in one file, for programs that go on from there.

OME-TIFF for image programs, HDF5 in the layout of PyMca's fit results for its RGB
correlator and for silx, CSV for spreadsheets. Values are written as they are.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_maxrf._files import atomic_path, write_text
from napari_maxrf.errors import MaxrfError

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Sequence

    import h5py
    import numpy.typing as npt

    from napari_maxrf.analysis._maps import ElementMap
    from napari_maxrf.provenance import Provenance

    Size = tuple[float, float] | None

_PROCESS = "xrf_maps"
_UNFIT = re.compile(r"[^A-Za-z0-9.+-]+")


def save_maps(
    maps: Sequence[ElementMap],
    path: str | os.PathLike[str],
    pixel_size_mm: tuple[float, float] | None = None,
    provenance: Provenance = (),
) -> None:
    """Write maps to one file, in the format that its name asks for.

    Parameters
    ----------
    maps : sequence of ElementMap
        Of one scan.
    path : path-like
        Ends in ``.ome.tif`` or ``.ome.tiff`` (one channel per map, float32),
        ``.h5`` or ``.hdf5`` (NXdata, as PyMca writes a fit; errors beside), or
        ``.csv`` (row, column, and a column for each map).
    pixel_size_mm : (float, float), optional
        Height and width of a pixel in mm.
    provenance : tuple of ProcessStep, optional
        What made the maps; written to OME-TIFF and HDF5.

    Raises
    ------
    MaxrfError
        The suffix is another one, there are no maps, their shapes or names do not go
        together, or the file cannot be written.
    """
    path = Path(path)
    write = next(
        (one for suffix, one in _WRITERS if path.name.lower().endswith(suffix)), None
    )
    if write is None:
        known = ", ".join(suffix for suffix, _ in _WRITERS)
        raise MaxrfError(f"Cannot save maps as {path.name}: use one of {known}.")
    _check(maps)
    write(maps, path, pixel_size_mm, provenance)


def _check(maps: Sequence[ElementMap]) -> None:
    if not maps:
        raise MaxrfError("There are no maps to save.")
    shapes = {one.image.shape for one in maps}
    if len(shapes) > 1:
        raise MaxrfError(f"Maps of shapes {sorted(shapes)} do not fit into one file.")
    names = [one.name for one in maps]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise MaxrfError(f"Two maps are called {twice[0]}; rename one of them.")


def _save_ome(
    maps: Sequence[ElementMap], path: Path, size: Size, provenance: Provenance
) -> None:
    import tifffile

    metadata: dict[str, Any] = {
        "axes": "CYX",
        "Channel": {"Name": [one.name for one in maps]},
        "Description": _story(maps, provenance),
    }
    if size is not None:
        for side, value in zip("YX", size, strict=True):
            metadata[f"PhysicalSize{side}"] = float(value)
            metadata[f"PhysicalSize{side}Unit"] = "mm"
    stack = np.stack([one.image for one in maps]).astype(np.float32)
    with atomic_path(path) as temporary:
        tifffile.imwrite(
            temporary,
            stack,
            ome=True,
            photometric="minisblack",
            compression="zlib",
            resolution=None if size is None else (10 / size[1], 10 / size[0]),
            resolutionunit=None if size is None else "CENTIMETER",
            metadata=metadata,
        )


def _story(maps: Sequence[ElementMap], provenance: Provenance) -> str:
    """Say what the values are, and how they were made, as JSON."""
    facts = {
        "units": {one.name: one.unit for one in maps},
        "energies_kev": {one.name: round(one.energy_kev, 4) for one in maps},
        "provenance": [step.to_json() for step in provenance],
    }
    return json.dumps(facts, ensure_ascii=False)


def _save_hdf5(
    maps: Sequence[ElementMap], path: Path, size: Size, provenance: Provenance
) -> None:
    import h5py

    with atomic_path(path) as temporary, h5py.File(temporary, "w") as file:
        file.attrs.update(NX_class="NXroot", default="entry")
        entry = _group(file, "entry", "NXentry")
        entry.attrs["default"] = f"{_PROCESS}/results/parameters"
        process = _group(entry, _PROCESS, "NXprocess")
        process["program"] = "napari-maxrf"
        process["configuration"] = _story(maps, provenance)
        results = _group(process, "results", "NXcollection")
        values = {_plain(one.name): one.image for one in maps}
        _put_maps(_group(results, "parameters", "NXdata"), maps, values, size)
        errors = {_plain(one.name): one.error for one in maps if one.error is not None}
        if errors:
            _put_maps(_group(results, "uncertainties", "NXdata"), maps, errors, size)


def _group(parent: h5py.Group, name: str, kind: str) -> h5py.Group:
    made = parent.create_group(name, track_order=True)
    made.attrs["NX_class"] = kind
    return made


def _plain(name: str) -> str:
    """Name a dataset as PyMca does, ``Fe_K``; a slash would make a group."""
    return _UNFIT.sub("_", name)


def _put_maps(
    group: h5py.Group,
    maps: Sequence[ElementMap],
    planes: dict[str, npt.NDArray[np.float32]],
    size: Size,
) -> None:
    names = list(planes)
    group.attrs["signal"] = names[0]
    if names[1:]:
        group.attrs["auxiliary_signals"] = names[1:]
    group.attrs["axes"] = ["y", "x"]
    units = {_plain(one.name): one.unit for one in maps}
    for name, plane in planes.items():
        group[name] = plane.astype(np.float32)
        group[name].attrs.update(interpretation="image", units=units[name])
    for name, length, step in zip(
        "yx", maps[0].image.shape, size or (1.0, 1.0), strict=True
    ):
        group[name] = np.arange(length) * step
        group[name].attrs["units"] = "mm" if size else "pixel"


def _save_csv(
    maps: Sequence[ElementMap], path: Path, size: Size, provenance: Provenance
) -> None:
    rows, columns = np.indices(maps[0].image.shape).reshape(2, -1)
    names = ",".join(one.name.replace(",", ";") for one in maps)
    values = [one.image.ravel().tolist() for one in maps]
    lines = [
        f"{row},{column},{','.join(f'{value:.7g}' for value in pixel)}"
        for row, column, *pixel in zip(
            rows.tolist(), columns.tolist(), *values, strict=True
        )
    ]
    write_text(path, "\n".join([f"row,column,{names}", *lines]) + "\n")


_WRITERS: tuple[
    tuple[str, Callable[[Sequence[ElementMap], Path, Size, Provenance], None]], ...
] = (
    (".ome.tif", _save_ome),
    (".ome.tiff", _save_ome),
    (".h5", _save_hdf5),
    (".hdf5", _save_hdf5),
    (".csv", _save_csv),
)
