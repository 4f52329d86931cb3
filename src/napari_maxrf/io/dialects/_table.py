"""The table of dialects, and the two functions that use it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_maxrf.io.dialects._detector_groups import DETECTOR_GROUPS
from napari_maxrf.io.dialects._maps import MAPS, MAPS_RAW
from napari_maxrf.io.dialects._named import GANX, XISMUS, XRFDATA
from napari_maxrf.io.dialects._nexus import NEXUS
from napari_maxrf.io.dialects._opening import open_dialect
from napari_maxrf.io.dialects._plain import PLAIN
from napari_maxrf.io.dialects._xrfmaps import LARCH, PYXRF

if TYPE_CHECKING:
    from pathlib import Path

    import h5py

    from napari_maxrf.cube import SpectralCube
    from napari_maxrf.io._format import ReadOptions
    from napari_maxrf.io.dialects._dialect import Dialect

DIALECTS = (
    MAPS,
    MAPS_RAW,
    PYXRF,
    LARCH,
    DETECTOR_GROUPS,
    XISMUS,
    GANX,
    XRFDATA,
    NEXUS,
    PLAIN,
)
"""All dialects: those known by names before those known by marks, any file last."""


def dialect_of(file: h5py.File) -> Dialect | None:
    """Return the first dialect that knows an open file, if any."""
    return next((dialect for dialect in DIALECTS if dialect.matches(file)), None)


def open_file_of(
    file: h5py.File, path: Path, dialect: Dialect, options: ReadOptions
) -> SpectralCube:
    """Open a file of a known dialect, or the dataset that the user names in it.

    Raises
    ------
    MaxrfError
        As `open_dialect`.
    """
    chosen = dialect if options.dataset is None else PLAIN
    return open_dialect(file, path, chosen, options)
