"""Scans of pixels with spectra, opened as cubes."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from napari_maxrf.errors import FormatError, did_you_mean
from napari_maxrf.io._detectors import agree, on_axis, summed
from napari_maxrf.io._format import Format, ReadOptions
from napari_maxrf.io._held import reading
from napari_maxrf.io._opened import Calibration, opened
from napari_maxrf.io._oriented import lazy_oriented
from napari_maxrf.io.formats.mda._calibrated import RECORD_KEYS, calibrated
from napari_maxrf.io.formats.mda._spectra import MdaSpectra
from napari_maxrf.io.formats.mda._xdr import (
    FileHead,
    ScanHead,
    extra_values,
    file_head,
    scan_head,
)

if TYPE_CHECKING:
    from pathlib import Path
    from typing import BinaryIO

    from napari_maxrf.cube import SpectralCube

_FEWEST_CHANNELS, _MOST_CHANNELS = 128, 2**16
_MOST_PIXELS = 2**26
_SPECTRUM = re.compile(r"(?:.*:)?(.+)\.VAL")
_MM = {"mm": 1.0, "um": 1e-3, "micron": 1e-3, "microns": 1e-3, "cm": 10.0, "m": 1e3}


def is_mda(path: Path) -> bool:
    """Look for a version, ranks and sizes that fit each other."""
    return file_head(path) is not None


@dataclass(frozen=True)
class _Scan:
    """Heads of a scan over rows: the outermost, a row, and a spectrum."""

    file: FileHead
    rows: tuple[ScanHead | None, ...]
    outer: ScanHead | None
    spectrum: ScanHead
    starts: npt.NDArray[np.int64]

    @property
    def names(self) -> tuple[str, ...]:
        """Short names of the detectors, such as ``"mca1"``."""
        found = (_SPECTRUM.fullmatch(name) for name in self.spectrum.detectors)
        short = tuple(one[1] if one else "" for one in found)
        unique = len(set(short)) == len(short) and all(short)
        return short if unique else self.spectrum.detectors


def open_mda(path: Path, options: ReadOptions) -> SpectralCube:
    """Open a scan of rank 3, or one row of spectra in a scan of rank 2.

    Raises
    ------
    FormatError
        The scan holds no spectra or is damaged; no such detector.
    CalibrationError
        The calibration beside the scan makes no sense.
    """
    head = file_head(path)
    if head is None:
        raise FormatError(f"{path.name} is no EPICS scan (.mda), or is damaged.")
    with reading(path), path.open("rb") as stream:
        scan = _read(stream, path, head)
    names = _chosen(path, scan, options.detector)
    axes = _axes(path, scan, names, options)
    whole = _cube(path, scan, names, axes[0])
    if all(agree(one.axis, axes[0].axis) for one in axes):
        return whole
    each = zip(names, axes, strict=True)
    cubes = [_cube(path, scan, (name,), found) for name, found in each]
    return replace(whole, counts=summed([on_axis(one, whole.energy) for one in cubes]))


def _axes(
    path: Path, scan: _Scan, names: tuple[str, ...], options: ReadOptions
) -> list[Calibration]:
    extras = extra_values(path, scan.file.extra_at, RECORD_KEYS)
    full, n_channels = scan.spectrum.detectors, scan.spectrum.n_points
    return [
        calibrated(path, full[index], index, n_channels, extras, options)
        for index in map(scan.names.index, names)
    ]


def _chosen(path: Path, scan: _Scan, detector: str | None) -> tuple[str, ...]:
    if detector is None:
        return scan.names
    for short, full in zip(scan.names, scan.spectrum.detectors, strict=True):
        if detector in (short, full):
            return (short,)
    raise FormatError(
        f"{path.name} has no detector {detector!r}{did_you_mean(detector, scan.names)}"
        f" It has {', '.join(scan.names)}."
    )


def _cube(
    path: Path, scan: _Scan, names: tuple[str, ...], calibrated: Calibration
) -> SpectralCube:
    """Add up detectors of one axis."""
    indices = tuple(map(scan.names.index, names))
    source = MdaSpectra(path, scan.starts, scan.spectrum.n_points, indices)
    cube = opened(
        path,
        FORMAT.name,
        lazy_oriented(source, "yxe", (1, *source.shape[1:])),
        calibrated,
        layout={"detectors": list(names)},
        warnings=_warnings(path, scan),
        header=_header(scan),
        pixel_size_mm=_pixel_size(path, scan),
    )
    return replace(cube, detectors=names)


def _read(stream: BinaryIO, path: Path, head: FileHead) -> _Scan:
    """Read the heads of all rows, and of the first spectrum."""
    size = path.stat().st_size
    top = scan_head(stream, head.scan_at, size, path.name)
    if top.rank == 3:
        rows = tuple(
            scan_head(stream, at, size, path.name) if 0 < at < size else None
            for at in map(int, top.lower_at)
        )
    elif top.rank == 2:
        rows = (top,)
    else:
        raise FormatError(_no_spectra(path, head, top))
    starts = _starts(path, rows, size)
    first = scan_head(stream, int(starts[starts > 0][0]), size, path.name)
    if first.rank != 1 or not _is_spectrum(first, top.rank):
        raise FormatError(_no_spectra(path, head, first))
    return _Scan(head, rows, top if top.rank == 3 else None, first, starts)


def _starts(
    path: Path, rows: tuple[ScanHead | None, ...], size: int
) -> npt.NDArray[np.int64]:
    """Collect where the pixels begin, shape (y, x), 0 for those not measured."""
    width = max((row.n_points for row in rows if row is not None), default=0)
    if not 0 < len(rows) * width <= _MOST_PIXELS:
        raise FormatError(
            f"{path.name} describes {len(rows)} x {width} pixels, which cannot be."
        )
    starts = np.zeros((len(rows), width), np.int64)
    for target, row in zip(starts, rows, strict=True):
        if row is not None and row.rank == 2:
            target[: row.n_points] = row.lower_at
    starts[(starts < 0) | (starts >= size)] = 0
    if not starts.any():
        raise FormatError(f"{path.name} holds no measured pixel.")
    return starts


def _is_spectrum(head: ScanHead, rank: int) -> bool:
    """Tell a scan over channels from one over positions."""
    named = [name for name in head.detectors if "mca" in name.lower()]
    many = _FEWEST_CHANNELS <= head.n_points <= _MOST_CHANNELS
    plain = head.n_points < _FEWEST_CHANNELS and rank == 3 and not head.positioners
    return bool(named and (many or plain))


def _no_spectra(path: Path, head: FileHead, last: ScanHead) -> str:
    sizes = " x ".join(map(str, head.sizes))
    beside = sorted(one.name for one in path.parent.glob("*.h5"))
    near = [name for name in beside if name.startswith(path.stem)]
    hint = f" Open {near[0]} beside it." if near else ""
    return (
        f"{path.name} is an EPICS scan of {sizes} points with {len(last.detectors)} "
        "single values for each and no spectra. A fly scan keeps its spectra in "
        f"another file, mostly .h5.{hint}"
    )


def _warnings(path: Path, scan: _Scan) -> list[str]:
    missing = int((scan.starts == 0).sum())
    if not missing:
        return []
    return [
        f"{path.name}: the scan was stopped; {missing} of {scan.starts.size} pixels "
        "were not measured and are empty."
    ]


def _header(scan: _Scan) -> dict[str, Any]:
    first = next(row for row in scan.rows if row is not None)
    motors = [*(scan.outer.positioners if scan.outer else ()), *first.positioners]
    return {
        "version": round(scan.file.version, 2),
        "scan": scan.file.number,
        "time": (scan.outer or first).time,
        "positioners": [f"{one.name} {one.description}".strip() for one in motors],
        "detectors": list(scan.spectrum.detectors),
    }


def _pixel_size(path: Path, scan: _Scan) -> tuple[float, float] | None:
    """Take the median step of the first motor of rows and columns, in mm."""
    first = next(row for row in scan.rows if row is not None)
    with path.open("rb") as stream:
        height = _step(stream, scan.outer) if scan.outer else None
        width = _step(stream, first)
    return (height, width) if height and width else None


def _step(stream: BinaryIO, head: ScanHead) -> float | None:
    if not head.positioners or head.n_done < 2:
        return None
    unit = _MM.get(head.positioners[0].unit.strip().lower())
    stream.seek(head.data_at)
    places = np.frombuffer(stream.read(8 * head.n_done), ">f8")
    if unit is None or not np.isfinite(places).all():
        return None
    step = float(np.median(np.abs(np.diff(places)))) * unit
    return round(step, 9) if step > 0 else None


FORMAT = Format("mda", "EPICS scan (.mda)", (".mda",), is_mda, open_mda, detectors=True)
