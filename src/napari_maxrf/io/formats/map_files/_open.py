"""The table of map formats, and the two functions that use it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from napari_maxrf.errors import FormatError, MaxrfError
from napari_maxrf.io.formats.map_files._datamuncher import (
    DATAMUNCHER,
    is_datamuncher,
    read_datamuncher,
)
from napari_maxrf.io.formats.map_files._edf import EDF_MAPS, is_edf_maps, read_edf_maps
from napari_maxrf.io.formats.map_files._hdf5 import (
    PYMCA_HDF5,
    is_pymca_hdf5,
    read_pymca_hdf5,
)
from napari_maxrf.io.formats.map_files._tables import PYMCA_TABLE, is_table, read_table
from napari_maxrf.io.formats.map_files._tiff import (
    TIFF_MAPS,
    is_tiff_maps,
    read_tiff_maps,
)

if TYPE_CHECKING:
    import os
    from collections.abc import Callable

    from napari_maxrf.io.formats.map_files._mapset import MapSet


@dataclass(frozen=True)
class MapFormat:
    """A format of element maps and its reader.

    Attributes
    ----------
    name : str
        As `recognise_maps` returns it.
    label : str
        As users call it.
    suffixes : tuple of str
        Usual endings of the file name; the content decides.
    matches : callable
        Tells by the content whether a file is of this format, and never raises.
    read : callable
        Reads a file that matches.
    """

    name: str
    label: str
    suffixes: tuple[str, ...]
    matches: Callable[[Path], bool]
    read: Callable[[Path], MapSet]


MAP_FORMATS = (
    MapFormat(
        DATAMUNCHER,
        "Datamuncher (.dms, .ims)",
        (".dms", ".ims"),
        is_datamuncher,
        read_datamuncher,
    ),
    MapFormat(
        PYMCA_HDF5, "PyMca fit in HDF5", (".h5",), is_pymca_hdf5, read_pymca_hdf5
    ),
    MapFormat(EDF_MAPS, "EDF maps", (".edf",), is_edf_maps, read_edf_maps),
    MapFormat(TIFF_MAPS, "TIFF maps", (".tif", ".tiff"), is_tiff_maps, read_tiff_maps),
    MapFormat(
        PYMCA_TABLE, "PyMca table (.dat, .csv)", (".dat", ".csv"), is_table, read_table
    ),
)
"""All formats of maps, in the order in which they are tried."""


def recognise_maps(path: str | os.PathLike[str]) -> str | None:
    """Tell by the content whether a file holds element maps.

    Returns
    -------
    str or None
        The name of one of `MAP_FORMATS`; None for everything else.
    """
    found = _format_of(Path(path))
    return found.name if found else None


def _format_of(path: Path) -> MapFormat | None:
    if not path.is_file():
        return None
    return next((one for one in MAP_FORMATS if one.matches(path)), None)


def open_maps(path: str | os.PathLike[str]) -> MapSet:
    r"""Read the element maps in a file.

    Parameters
    ----------
    path : path-like
        A file of one of `MAP_FORMATS`, whatever its suffix.

    Returns
    -------
    MapSet

    Raises
    ------
    MaxrfError
        The file is missing.
    FormatError
        The file holds no maps, or is damaged.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "fit.csv")
    ...     _ = path.write_text('"row";"column";"Fe_K"\n0;0;12.5\n0;1;13\n')
    ...     maps = open_maps(path)
    >>> maps.source, maps.maps["Fe_K"].tolist()
    ('pymca-table', [[12.5, 13.0]])
    """
    path = Path(path)
    if not path.exists():
        raise MaxrfError(f"{path} does not exist.")
    found = _format_of(path)
    if found is None:
        known = ", ".join(one.label for one in MAP_FORMATS)
        raise FormatError(
            f"{path.name} holds no element maps that can be read: {known}"
        )
    return found.read(path)
