"""Maps in HDF5, in groups of results as PyMca writes those of a fit.

Groups are known by their names and not by their attributes: these are texts of any
length, and the HDF5 library can hang for ever on one that is damaged.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import h5py

from napari_maxrf.errors import FormatError, MaxrfError
from napari_maxrf.io._hdf5 import starts_as_hdf5
from napari_maxrf.io._held import open_file, own_dataset, read_small, reading
from napari_maxrf.io.formats.map_files._mapset import MapSet, named_maps

if TYPE_CHECKING:
    from pathlib import Path

    import numpy.typing as npt

PYMCA_HDF5 = "pymca-hdf5"
_LETTERS = {"uncertainties": "s", "massfractions": "w", "molarconcentrations": "mM"}
"""What PyMca puts before the name of an element in its other files."""

_ORDER = ("parameters", "massfractions", "molarconcentrations", "uncertainties")
_MOST_MAPS = 1000


def is_pymca_hdf5(path: Path) -> bool:
    """Look for a group of maps."""
    if not starts_as_hdf5(path):
        return False
    try:
        with reading(path), open_file(path) as file:
            return bool(_groups(file))
    except MaxrfError:
        return False


def read_pymca_hdf5(path: Path) -> MapSet:
    """Read the maps of all groups of results.

    Those of a group other than the fitted areas are named as PyMca does: ``s(Fe_K)``
    for the uncertainty, ``w(Fe_K)`` for the mass fraction.

    Raises
    ------
    FormatError
        A map is damaged or was not written, or there are absurdly many.
    """
    names: list[str] = []
    planes: list[npt.NDArray[Any]] = []
    with reading(path), open_file(path) as file:
        groups = _groups(file)
        shape = groups[0][1][0].shape if groups else ()
        for group, datasets in groups:
            letter = _LETTERS.get(_leaf(group.name))
            for dataset in (one for one in datasets if one.shape == shape):
                leaf = _leaf(dataset.name)
                names.append(f"{letter}({leaf})" if letter else leaf)
                planes.append(read_small(own_dataset(group, leaf), shape))
    if not names:
        raise FormatError(f"{path.name} holds no group of results with maps.")
    return MapSet(path.stem, named_maps(names, planes), PYMCA_HDF5)


def _groups(file: h5py.File) -> list[tuple[h5py.Group, list[h5py.Dataset]]]:
    """Find groups with maps, fitted areas first."""
    found: list[tuple[h5py.Group, list[h5py.Dataset]]] = []

    def visit(name: str, item: Any) -> None:
        if isinstance(item, h5py.Group) and _is_of_results(name):
            maps = [item[name] for name in item if _is_map(item, name)]
            if maps:
                found.append((item, maps))

    file.visititems(visit)
    if sum(len(maps) for _, maps in found) > _MOST_MAPS:
        raise FormatError(f"{file.filename} holds more than {_MOST_MAPS} maps.")
    return sorted(found, key=lambda one: _rank(_leaf(one[0].name)))


def _rank(name: str) -> int:
    return _ORDER.index(name) if name in _ORDER else len(_ORDER)


def _leaf(name: str) -> str:
    return name.rpartition("/")[2]


def _is_of_results(name: str) -> bool:
    *above, leaf = name.split("/")
    return leaf in _ORDER or above[-1:] == ["results"]


def _is_map(group: h5py.Group, name: str) -> bool:
    item = group.get(name)
    return (
        isinstance(item, h5py.Dataset)
        and item.ndim == 2
        and item.dtype.kind in "uif"
        and min(item.shape) > 1
    )
