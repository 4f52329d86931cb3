"""Maps of two beamline programs, PyXRF and Larch, which share names of groups.

Both keep a group with ``counts`` for each detector and one for their sum. That of
PyXRF is the plain sum. That of Larch is corrected for dead time and, in 16 bits, may
have wrapped; the detectors themselves are added up instead.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from napari_maxrf.io._held import own_dataset, read_small
from napari_maxrf.io.dialects._dialect import (
    Detector,
    Dialect,
    Layout,
    pixels_and_channels,
)
from napari_maxrf.io.dialects._energies import (
    calibrated,
    from_terms,
    usual_gain,
    vector,
)
from napari_maxrf.io.dialects._facts import attributes, plane, spreads
from napari_maxrf.io.dialects._links import own_group, own_item, solid

if TYPE_CHECKING:
    from pathlib import Path

    import h5py

    from napari_maxrf.io._format import ReadOptions
    from napari_maxrf.io._opened import Calibration
    from napari_maxrf.io.dialects._energies import Source

_ROOTS = ("xrmmap", "xrfmap")
_DETECTOR = re.compile(r"(?:mca|det)(\d+)")
_SUMS = ("mcasum", "detsum")
_MICROSECOND = 1e-6
_MOST_DETECTORS = 64
_USUAL_NOTE = (
    "PyXRF keeps no calibration; 10 eV for each channel, from 0, is usual there. "
    "Calibrate with two or more lines."
)
_CORRECTED = (
    "The file holds no single detectors but only the sum by Larch, which is corrected "
    "for dead time: these are no raw counts."
)


def _root(file: h5py.File) -> str | None:
    """Name the group that holds all, if there are detectors in it."""
    for name in _ROOTS:
        group = own_group(file, name)
        if group is not None and _names(group):
            return name
    return None


def _names(root: h5py.Group) -> tuple[str, ...]:
    """Name the single detectors by number, and the sums."""
    single = sorted(filter(_DETECTOR.fullmatch, root), key=_number)
    listed = (*single[:_MOST_DETECTORS], *_SUMS)
    return tuple(name for name in listed if solid(root, f"{name}/counts") is not None)


def _number(name: str) -> int:
    found = _DETECTOR.fullmatch(name)
    return int(found[1][:9]) if found else 0


def _by_larch(file: h5py.File) -> bool:
    root = _root(file)
    return root == "xrmmap" or (
        root is not None and own_group(file, f"{root}/config") is not None
    )


def _pyxrf_layout(file: h5py.File, path: Path, options: ReadOptions) -> Layout:
    root, axes = file[_root(file)], options.axes or "yxe"

    def read(name: str) -> Detector:
        data = solid(root, f"{name}/counts")
        _, n_channels = pixels_and_channels(data, axes)
        sources = vector(root[name], "energy"), usual_gain(0.0, 0.01, _USUAL_NOTE)
        return Detector(
            data, axes, calibrated(options, n_channels, *sources, name=path.name)
        )

    names = _names(root)
    single = tuple(name for name in names if name not in _SUMS)
    sums = tuple(name for name in names if name in _SUMS)
    return Layout(
        read,
        parts=sums[:1] or single,
        others=single if sums else (),
        detectors=single,
        header=attributes(own_group(root, "scan_metadata")),
    )


def _larch_layout(file: h5py.File, path: Path, options: ReadOptions) -> Layout:
    root, axes = file[_root(file)], options.axes or "yxe"

    def read(name: str) -> Detector:
        group = root[name]
        data = solid(group, "counts")
        pixels, n_channels = pixels_and_channels(data, axes)
        sources = _larch_terms(root, name), vector(group, "energy")
        real = plane(group, "realtime", pixels, _MICROSECOND)
        factor = plane(group, "dtfactor", pixels)
        planes = {"real_time_s": real, "dead_time_factor": factor}
        return Detector(
            data,
            axes,
            calibrated(options, n_channels, *sources, name=path.name),
            live_time_s=plane(group, "livetime", pixels, _MICROSECOND),
            planes={what: one for what, one in planes.items() if one is not None},
            header=spreads(
                **planes,
                input_counts=plane(group, "inpcounts", pixels),
                output_counts=plane(group, "outcounts", pixels),
            ),
        )

    names = _names(root)
    single = tuple(name for name in names if name not in _SUMS)
    sums = tuple(name for name in names if name in _SUMS)
    return Layout(
        read,
        parts=single or sums[:1],
        others=sums if single else (),
        detectors=single,
        header=attributes(root, ("Version", "Beamline", "Start_Time", "Stop_Time")),
        warnings=[] if single else [_CORRECTED],
    )


def _larch_terms(root: h5py.Group, name: str) -> Source:
    """Take the terms of a detector from the configuration; a sum has the first's."""

    def read(n_channels: int) -> Calibration | None:
        group, index = own_group(root, "config/mca_calib"), max(0, _number(name) - 1)
        if group is None:
            return None
        terms = [_entry(group, key, index) for key in ("offset", "slope", "quad")]
        if terms[0] is None or terms[1] is None:
            return None
        known = tuple(term or 0.0 for term in terms)
        return from_terms(n_channels, known, group.name)

    return read


def _entry(group: h5py.Group, name: str, index: int) -> float | None:
    data = own_item(group, name)
    if data is None or data.ndim != 1 or not index < data.size <= _MOST_DETECTORS:
        return None
    return float(read_small(own_dataset(group, name), data.shape)[index])


PYXRF = Dialect(
    "hdf5-pyxrf",
    "HDF5 of PyXRF (NSLS-II)",
    lambda file: _root(file) is not None and not _by_larch(file),
    _pyxrf_layout,
    detectors=True,
)
LARCH = Dialect(
    "hdf5-larch",
    "HDF5 of Larch (GSECARS)",
    _by_larch,
    _larch_layout,
    detectors=True,
)
