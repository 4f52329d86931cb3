"""Folders and archives of spectrum files, opened as cubes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from napari_maxrf.errors import FormatError, MaxrfError, did_you_mean
from napari_maxrf.io._archives import names_in, starts_as_zip
from napari_maxrf.io._calibration import assumed_axis
from napari_maxrf.io._detectors import agree, on_axis, summed
from napari_maxrf.io._format import Format, ReadOptions
from napari_maxrf.io._held import reading
from napari_maxrf.io._opened import NO_CALIBRATION, Calibration, opened
from napari_maxrf.io._oriented import ArraySource, lazy_oriented
from napari_maxrf.io.formats._snake import Snaked, unsnaked
from napari_maxrf.io.formats.pixel_files._counts import live_time_in, spectra_of
from napari_maxrf.io.formats.pixel_files._layout import FEWEST_FILES, Layout, laid_out
from napari_maxrf.io.formats.pixel_files._members import Members, members_of
from napari_maxrf.io.formats.pixel_files._names import Series, series_among
from napari_maxrf.io.formats.pixel_files._pixels import PixelFiles
from napari_maxrf.io.formats.pixel_files._size import (
    MOST_BYTES,
    SIDE_SUFFIXES,
    MapSize,
    size_in,
    sizes_among,
)
from napari_maxrf.io.spectra._file import decoded

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from napari_maxrf.cube import SpectralCube
    from napari_maxrf.spectrum import MeasuredSpectrum

_HEAD_BYTES = 4096
_MOST_LIVE_TIMES = 10_000
"""Above, opening would take longer than a user waits; live time is then unknown."""


def is_pixel_files(path: Path) -> bool:
    """Look for a series of spectrum files, and how large the scan is."""
    try:
        if path.is_file() and not starts_as_zip(path):
            return _is_side_file(path) and is_pixel_files(path.resolve().parent)
        if path.is_file() and not series_among(names_in(path)):
            return False
        return _is_scan(members_of(path))
    except MaxrfError:  # of a deceptive archive, to be told when it is opened
        return True
    except OSError:
        return False


def _is_side_file(path: Path) -> bool:
    try:
        if not 0 < path.stat().st_size <= MOST_BYTES:
            return False
        return size_in(decoded(path.read_bytes(), path.name), path.name) is not None
    except FormatError:
        return False


def _is_scan(members: Members) -> bool:
    """Tell whether the longest series are spectra alike, and enough of them."""
    series = _filled_series(members)
    if not series:
        return False
    files = list(series[0].files.values())
    alone = series[0].folder == "" or not any("/" not in n for n in members.sizes)
    if (len(files) < FEWEST_FILES or not alone) and not _sizes(members):
        return False  # such as a folder of other scans with some spots in a folder
    try:
        sizes = {
            (one.metadata.get("format"), one.counts.size)
            for name in {files[0], files[-1]}
            for one in spectra_of(members.read(name), name)
        }
    except MaxrfError:
        return bool(_sizes(members)) and series[0].suffix in (".mca", ".spe", ".spx")
    return len(sizes) == 1


@lru_cache(maxsize=1)
def _filled_series(members: Members) -> list[Series]:
    return series_among(name for name, size in members.sizes.items() if size > 0)


def _sizes(members: Members) -> dict[str, MapSize]:
    """Find side files here, else in the folder above."""
    found = sizes_among(members)
    if found or not members.path.is_dir():
        return found
    above = _Above(members.path.parent)
    return sizes_among(above)


class _Above:
    """The files right in a folder, for the side file of a scan in a folder of it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.sizes = {
            one.name: one.stat().st_size
            for one in path.iterdir()
            if one.suffix.lower() in SIDE_SUFFIXES and one.is_file()
        }

    def read(self, name: str, most: int = MOST_BYTES) -> bytes:
        """Return the first bytes of a file."""
        with (self.path / name).open("rb") as stream:
            return stream.read(most)

    def stamp(self) -> Any:
        """Return nothing: the file is read once."""


def open_pixel_files(path: Path, options: ReadOptions) -> SpectralCube:
    """Open a folder, an archive, or the side file of a folder.

    Raises
    ------
    FormatError
        Nothing can be read, files do not fit the size of the scan, or there is no
        such detector.
    UnknownLayoutError
        Nobody says how wide the scan is.
    CalibrationError
        The calibration of the first file makes no sense.
    """
    if path.is_file() and not starts_as_zip(path):
        path = path.resolve().parent
    with reading(path):
        members = members_of(path)
    series, size = _filled_series(members), _one_size(members)
    if not series:
        raise FormatError(f"{path.name} holds no numbered spectrum files.")
    first = _first_spectra(members, series[0].files.values())
    layout = laid_out(path.name, series, size, options, first[0].counts.size)
    scan = _Scan(path, members, layout, size, options)
    cubes = dict(scan.cubes())
    names = _chosen(path, tuple(cubes), options.detector)
    return _added({name: cubes[name] for name in names})


def _one_size(members: Members) -> MapSize | None:
    """Return what the side file says; several scans in one folder are refused."""
    found = _sizes(members)
    kinds = {(size.height, size.width) for size in found.values()}
    if len(kinds) > 1:
        places = ", ".join(sorted(found))
        raise FormatError(
            f"{members.path.name} holds the sizes of several scans ({places}). Open "
            "the folder of one scan."
        )
    return next(iter(found.values()), None)


def _first_spectra(
    members: Members, names: Iterable[str]
) -> tuple[MeasuredSpectrum, ...]:
    """Read the first file that can be read; the message is about the very first."""
    problem: MaxrfError | None = None
    for name, _ in zip(names, range(FEWEST_FILES), strict=False):
        try:
            return spectra_of(members.read(name), name)
        except MaxrfError as error:
            problem = problem or error
    raise problem or FormatError(f"{members.path.name} holds no spectra.")


def _chosen(
    path: Path, names: tuple[str, ...], detector: str | None
) -> tuple[str, ...]:
    if detector is None:
        return names
    wanted = detector.removeprefix("detector_")
    if wanted in names and wanted:
        return (wanted,)
    known = [name for name in names if name]
    has = f"It has {', '.join(known)}." if known else "Its names tell no detectors."
    raise FormatError(
        f"{path.name} has no detector {detector!r}{did_you_mean(wanted, known)} {has}"
    )


def _added(cubes: dict[str, SpectralCube]) -> SpectralCube:
    """Add up detectors on the axis of the first."""
    each = list(cubes.values())
    first, names = each[0], tuple(filter(None, cubes))
    if len(each) == 1:
        return replace(first, detectors=names)
    times = [one.live_time_s for one in each if one.live_time_s is not None]
    mean = np.mean(times, axis=0) if len(times) == len(each) else None
    warnings = [text for one in each for text in one.metadata.get("warnings", ())]
    metadata = {**first.metadata, "warnings": list(dict.fromkeys(warnings))}
    return replace(
        first,
        counts=summed([on_axis(one, first.energy) for one in each]),
        live_time_s=None if mean is None else np.asarray(mean, dtype=np.float32),
        detectors=names,
        metadata=metadata,
    )


@dataclass(frozen=True)
class _Scan:
    """A scan whose files are known, not yet read."""

    path: Path
    members: Members
    layout: Layout
    size: MapSize | None
    options: ReadOptions

    def cubes(self) -> Iterator[tuple[str, SpectralCube]]:
        """Yield a cube for each detector; files of several spectra hold several."""
        for detector, names in self.layout.detectors.items():
            probes = self._probes(names)
            n = len(probes[0])
            for index in range(n):
                of_file = str(index + 1) if n > 1 else ""
                name = " ".join(filter(None, (detector, of_file)))
                alike = [one[index] for one in probes if len(one) == n]
                yield name, self._cube(names, alike, index)

    def _probes(
        self, names: tuple[str | None, ...]
    ) -> list[tuple[MeasuredSpectrum, ...]]:
        """Read the first file that can be read, and those in the middle and last."""
        there = [name for name in names if name is not None]
        found = [_first_spectra(self.members, there)]
        for name in (there[len(there) // 2], there[-1]):
            try:
                found.append(spectra_of(self.members.read(name), name))
            except MaxrfError:
                continue
        return found

    def _cube(
        self,
        names: tuple[str | None, ...],
        probes: list[MeasuredSpectrum],
        index: int,
    ) -> SpectralCube:
        first, layout = probes[0], self.layout
        kind = str(first.metadata.get("format"))
        shape = (layout.height, layout.width, first.counts.size)
        dtype = np.dtype(np.uint32 if all(map(_is_whole, probes)) else np.float64)
        source: ArraySource = PixelFiles(self.members, names, shape, kind, index, dtype)
        source = Snaked(source) if self.options.snake else source
        cube = opened(
            self.path,
            FORMAT.name,
            lazy_oriented(source, "yxe", (1, *shape[1:])),
            _calibrated(first),
            layout={
                "files": sum(name is not None for name in names),
                "kind": kind,
                "height": layout.height,
                "width": layout.width,
                "snake": bool(self.options.snake),
            },
            warnings=[*layout.warnings, *_of_axes(probes)],
            header=_header(first, self.size),
        )
        return replace(cube, live_time_s=self._live_time(names, first, kind))

    def _live_time(
        self, names: tuple[str | None, ...], first: MeasuredSpectrum, kind: str
    ) -> npt.NDArray[np.float32] | None:
        """Read the live time of every pixel, if the first file has one; 0 is none."""
        n_files = sum(name is not None for name in names)
        if not first.live_time_s or n_files > _MOST_LIVE_TIMES:
            return None
        seconds = np.zeros(len(names), np.float32)
        for place, name in enumerate(names):
            if name is not None:
                head = self.members.read(name, _HEAD_BYTES)
                seconds[place] = live_time_in(head, kind)
        if not seconds.any():
            return None
        plane = seconds.reshape(self.layout.height, self.layout.width)
        return unsnaked(plane) if self.options.snake else plane


def _is_whole(spectrum: MeasuredSpectrum) -> bool:
    values = spectrum.counts
    return bool(((values >= 0) & (values == np.floor(values))).all())


def _calibrated(first: MeasuredSpectrum) -> Calibration:
    if first.axis is None:
        return Calibration(assumed_axis(first.counts.size), {"note": NO_CALIBRATION})
    return Calibration(first.axis, dict(first.metadata.get("calibration", {})))


def _of_axes(probes: list[MeasuredSpectrum]) -> list[str]:
    """Warn where files of one detector are calibrated differently."""
    first = probes[0].axis
    others = [one.axis for one in probes[1:] if one.axis is not None]
    if first is None or all(agree(one, first) for one in others):
        return []
    return ["The files are calibrated differently; the axis is that of the first."]


def _header(first: MeasuredSpectrum, size: MapSize | None) -> dict[str, Any]:
    facts = dict(first.metadata.get("header") or {})
    if size is not None:
        facts["size_file"] = size.file
        if size.dwell_time_s is not None:
            facts["dwell_time_s"] = size.dwell_time_s
    return facts


FORMAT = Format(
    "pixel-files",
    "Folder or zip of .mca, .spe, .txt, .csv or .spx, one for each pixel",
    (".zip",),
    is_pixel_files,
    open_pixel_files,
    detectors=True,
    folders=True,
)
