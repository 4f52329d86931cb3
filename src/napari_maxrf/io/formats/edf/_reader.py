"""EDF files with spectra, opened as cubes: one file, or all files of a series."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from napari_maxrf.errors import FormatError, MaxrfError
from napari_maxrf.io._calibration import axis_from_coefficients
from napari_maxrf.io._detectors import on_axis, summed
from napari_maxrf.io._format import Format, ReadOptions, UnknownLayoutError
from napari_maxrf.io._layout import could_be_scan, order_of_axes
from napari_maxrf.io._opened import calibration, opened
from napari_maxrf.io._oriented import ArraySource, lazy_oriented
from napari_maxrf.io._raw import RawArray
from napari_maxrf.io.formats._snake import Snaked, unsnaked
from napari_maxrf.io.formats.edf._frames import EdfFrame, is_edf, read_frames
from napari_maxrf.io.formats.edf._piles import (
    Pile,
    pile_of_files,
    pile_of_frames,
    plane_of,
    too_short,
)
from napari_maxrf.io.formats.edf._series import first_in, series_of
from napari_maxrf.io.formats.edf._stack import Stack

if TYPE_CHECKING:
    from pathlib import Path

    from napari_maxrf.cube import EnergyAxis, SpectralCube

_TERMS = ("MCA a", "MCA b", "MCA c")
_LIVE = "MCA live time"
_UNTOUCHED = ((0.0, 1.0, 0.0), (0.0, 0.0, 0.0))


def holds_spectra(path: Path) -> bool:
    """Tell a scan in EDF, or a folder with one, from pictures and maps in EDF.

    Frames with titles of their own are the maps of a fit; a frame alone is a map
    unless its header or the files beside it speak of spectra.
    """
    if path.is_dir():
        first = first_in(path)
        return first is not None and holds_spectra(first)
    if not is_edf(path):
        return False
    try:
        frames = read_frames(path, most=2)
        return _are_spectra(path, frames)
    except (MaxrfError, OSError):
        return path.suffix.lower() == ".edf"


def _are_spectra(path: Path, frames: list[EdfFrame]) -> bool:
    first = frames[0]
    if first.is_spectra:
        return True
    if len(first.shape) == 3:
        return could_be_scan(first.shape)
    if len(frames) > 1:
        titles = {frame.text("title") for frame in frames}
        if len(titles) > 1 or len({frame.shape for frame in frames}) > 1:
            return False
        return could_be_scan((path.stat().st_size // first.n_bytes, *plane_of(first)))
    n_files = max(map(len, series_of(path).values()))
    return n_files > 1 and could_be_scan((n_files, *plane_of(first)))


def open_edf(path: Path, options: ReadOptions) -> SpectralCube:
    """Open a file, or the series to which it belongs.

    Raises
    ------
    FormatError
        A header is damaged, nothing is complete, or there is no such detector.
    UnknownLayoutError
        It is not said which axis is energy, or how wide the scan is.
    CalibrationError
        The calibration in the header makes no sense.
    """
    path = (first_in(path) or path) if path.is_dir() else path
    frames = read_frames(path)
    if len(frames[0].shape) == 3:
        return _open_solid(path, frames, options)
    if len(frames) > 1 and plane_of(frames[0])[0] > 1:
        piles = {"": pile_of_frames(path, frames)}
    else:
        piles = {
            name: pile_of_files(files)
            for name, files in _chosen(path, options.detector).items()
        }
    cubes = [_cube(path, pile, options) for pile in piles.values()]
    first, names = cubes[0], tuple(filter(None, piles))
    if len(cubes) == 1:
        return replace(first, detectors=names)
    shapes = {cube.shape[:2] for cube in cubes}
    if len(shapes) > 1:
        raise FormatError(
            f"{path.name}: the detectors {', '.join(names)} have scans of different "
            "sizes. Open one of them (detector)."
        )
    return replace(
        first,
        counts=summed([on_axis(cube, first.energy) for cube in cubes]),
        live_time_s=_mean_live_time(cubes),
        detectors=names,
        metadata={**first.metadata, **_all_warnings(cubes)},
    )


def _mean_live_time(cubes: list[SpectralCube]) -> npt.NDArray[np.float32] | None:
    times = [cube.live_time_s for cube in cubes if cube.live_time_s is not None]
    if len(times) < len(cubes):
        return None
    return np.asarray(np.mean(times, axis=0), dtype=np.float32)


def _all_warnings(cubes: list[SpectralCube]) -> dict[str, Any]:
    every = [text for cube in cubes for text in cube.metadata.get("warnings", ())]
    return {"warnings": list(dict.fromkeys(every))} if every else {}


def _chosen(path: Path, detector: str | None) -> dict[str, dict[int, Path]]:
    series = series_of(path)
    if detector is None:
        return series
    wanted = detector.removeprefix("xia")
    if wanted not in series or not wanted:
        names = [name for name in series if name]
        has = f"it has {', '.join(names)}" if names else "its names tell no detectors"
        raise FormatError(f"{path.name} has no detector {detector!r}; {has}.")
    return {wanted: series[wanted]}


def _cube(path: Path, pile: Pile, options: ReadOptions) -> SpectralCube:
    first, shape = pile.first, pile.shape
    source: ArraySource
    if pile.is_of_spectra:
        shape = (*_grid(path, pile, options), shape[2])
        axes = "yxe"
    else:
        axes = "yxe" if first.is_spectra and options.axes is None else ""
        axes = axes or order_of_axes(path.name, shape, options)
    source = Stack(pile.pieces(), shape)
    if options.snake and axes == "yxe":
        source = Snaked(source)
    counts = lazy_oriented(source, axes, _blocks(source, axes))
    cube = opened(
        path,
        FORMAT.name,
        counts,
        calibration(options, counts.shape[2], lambda: _axis(path, first, counts)),
        layout={"axes": axes, "files": len(set(pile.paths) - {None})},
        warnings=[*pile.warnings, *_room(pile, shape)],
        header=_plain(first),
    )
    live = _live_time(pile, cube.shape) if axes == "yxe" else None
    if live is not None and options.snake:
        live = unsnaked(live)
    return replace(cube, live_time_s=live)


def _blocks(source: ArraySource, axes: str) -> tuple[int, ...] | None:
    """Read a file at a time, or a row of files of one spectrum each."""
    if source.shape[1] * source.shape[2] * source.dtype.itemsize > 2**25:
        return None
    return (1, *source.shape[1:])


def _grid(path: Path, pile: Pile, options: ReadOptions) -> tuple[int, int]:
    """Return rows and columns of a scan with one spectrum in each frame."""
    n, _, n_channels = pile.shape
    width, height = options.width or pile.width, options.height
    if width is None and height is None:
        side = math.isqrt(n)
        raise UnknownLayoutError(
            f"{path.name} is one of {n} spectra and does not say how many make a row. "
            "Say the width or height of the scan.",
            needs=("width", "height"),
            shape=(n, n_channels),
            guess=ReadOptions(width=side, height=-(-n // side)),
        )
    if width is None:
        width = -(-n // (height or 1))
    if height is None:
        height = -(-n // width)
    if width * height < n or width * height > 4 * n + 2**10:
        raise FormatError(
            f"{path.name} is one of {n} spectra, which do not make {height} x {width} "
            "pixels."
        )
    return height, width


def _room(pile: Pile, shape: tuple[int, int, int]) -> list[str]:
    """Warn of pixels for which there is no spectrum."""
    n, per_frame, _ = pile.shape
    if pile.is_of_spectra:
        empty, where = shape[0] * shape[1] - n, "at the end of the scan"
    else:
        planes = [plane_of(frame) for frame in pile.frames if frame is not None]
        empty, where = sum(per_frame - length for length, _ in planes), "in rows"
    return [f"{empty} pixels {where} have no spectrum and are empty."] if empty else []


def _axis(path: Path, frame: EdfFrame, counts: Any) -> EnergyAxis | None:
    """Read zero, gain and quadratic term, in keV."""
    terms = [frame.number(key) for key in _TERMS]
    offset, gain, quad = (term or 0.0 for term in terms)
    if terms[1] is None or (offset, gain, quad) in _UNTOUCHED:
        return None
    return axis_from_coefficients(counts.shape[2], offset, gain, quad)


def _live_time(pile: Pile, shape: tuple[int, ...]) -> npt.NDArray[np.float32] | None:
    """Spread the live time of each frame over its pixels; 0 means unknown."""
    seconds = [frame.number(_LIVE) if frame else None for frame in pile.frames]
    if not any(one is not None and one > 0 for one in seconds):
        return None
    values = np.array([max(one or 0.0, 0.0) for one in seconds], np.float32)
    if pile.is_of_spectra:
        plane = np.zeros(shape[0] * shape[1], np.float32)
        plane[: values.size] = values
        return plane.reshape(shape[:2])
    return np.repeat(values[:, None], shape[1], axis=1)


def _open_solid(
    path: Path, frames: list[EdfFrame], options: ReadOptions
) -> SpectralCube:
    """Open a file whose first frame has three axes; further frames are left out."""
    first = frames[0]
    shape = (first.shape[0], first.shape[1], first.shape[2])
    axes = options.axes or ("yxe" if first.is_spectra else None)
    axes = axes or order_of_axes(path.name, shape, options)
    warnings = []
    if first.missing:
        entry = math.prod(shape[1:]) * first.dtype.itemsize
        complete = (first.n_bytes - first.missing) // entry
        if axes[0] != "y" or complete < 1:
            raise FormatError(too_short(path, first))
        warnings = [f"{too_short(path, first)} Only {complete} rows are opened."]
        shape = (complete, *shape[1:])
    if len(frames) > 1:
        warnings.append(f"{path.name} holds {len(frames)} frames; the first is opened.")
    raw = RawArray(path, first.dtype, shape, first.offset)
    counts = lazy_oriented(raw, axes)
    cube = opened(
        path,
        FORMAT.name,
        counts,
        calibration(options, counts.shape[2], lambda: _axis(path, first, counts)),
        layout={"axes": axes, "files": 1},
        warnings=warnings,
        header=_plain(first),
    )
    seconds = first.number(_LIVE)
    if not seconds or seconds < 0:
        return cube
    return replace(cube, live_time_s=np.full(cube.shape[:2], seconds, np.float32))


def _plain(frame: EdfFrame) -> dict[str, Any]:
    return {key[:100]: value[:1000] for key, value in frame.keys.items()}


FORMAT = Format(
    "edf",
    "EDF, one file or a series (.edf)",
    (".edf",),
    holds_spectra,
    open_edf,
    detectors=True,
    folders=True,
)
