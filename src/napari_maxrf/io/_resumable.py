"""Write ``.maxrf`` files of any size in blocks, so that a stopped run can go on.

The blocks are drawn and packed side by side and written in their order. Until all
are there the file lies beside its target as ``NAME.maxrf.part`` and remembers what
it is made of and how many blocks it holds; see `_checkpoints` for what a killed
process leaves. Nothing that grows with the scan is held in memory.
"""

from __future__ import annotations

import json
import os
import time
import zlib
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import h5py
import numpy as np
import numpy.typing as npt

from napari_maxrf import __version__
from napari_maxrf.errors import MaxrfError
from napari_maxrf.io._checkpoints import CheckpointedFile, journal_of
from napari_maxrf.io._held import release
from napari_maxrf.io._maxrf import DETECTOR
from napari_maxrf.io._maxrf_write import (
    nx_group,
    packed,
    put_array,
    put_text,
    write_description,
    write_detector,
    write_root,
)
from napari_maxrf.progress import Progress, Steps

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from napari_maxrf.cube import SpectralCube

CHECKPOINT_S = 5.0
"""Seconds between checkpoints: at most this much work is done twice."""

_SIDE = 64
_AHEAD_BYTES = 2**28
_MOST_WORKERS = 16
_UNFINISHED = "unfinished"
_STAGE = "Writing the scan"


class ScanBlocksLike(Protocol):
    """A scan of which any block can be drawn at any time, by several threads."""

    @property
    def cube(self) -> SpectralCube:
        """What is known besides the counts; unsigned type and shape of these."""

    @property
    def planes(self) -> tuple[str, ...]:
        """Names of the maps that come with the counts."""

    def draw(
        self, rows: slice, columns: slice
    ) -> tuple[npt.NDArray[Any], Mapping[str, npt.NDArray[np.float32]]]:
        """Return counts (y, x, energy) and maps (y, x) of a block."""


def unfinished_path(path: Path) -> Path:
    """Return where the unfinished file of `path` lies."""
    return path.with_name(f"{path.name}.part")


def check_unfinished(path: str | os.PathLike[str], *, resume: bool) -> None:
    """Refuse a target that is no ``.maxrf``, or whose unfinished file would be lost.

    Raises
    ------
    MaxrfError
        The suffix is another one, or a stopped run left its work and `resume` is
        not set.
    """
    path = Path(path)
    if path.suffix.lower() != ".maxrf":
        raise MaxrfError(f"Cannot save a cube as {path.name}: use the suffix .maxrf.")
    partial = unfinished_path(path)
    if not resume and journal_of(partial).is_file() and partial.is_file():
        raise MaxrfError(
            f"{partial} holds the work of a run that was stopped. Go on with --resume, "
            "or remove it to begin anew."
        )


def save_blocks_steps(
    scan: ScanBlocksLike,
    path: str | os.PathLike[str],
    *,
    resume: bool = False,
    checkpoint_s: float = CHECKPOINT_S,
) -> Steps[Path]:
    """Write a scan block by block; a run that was stopped can go on.

    Parameters
    ----------
    scan : ScanBlocksLike
        For example `napari_maxrf.synthesis.ScanBlocks`. Its shape and provenance
        say whether an unfinished file belongs to it.
    path : path-like
        Ends in ``.maxrf``.
    resume : bool
        Go on with the unfinished file beside `path`; begin where there is none.
    checkpoint_s : float
        Seconds between checkpoints.

    Yields
    ------
    Progress
        One record after each block, with the minutes that are left.

    Returns
    -------
    Path
        The finished file; its values do not depend on stops.

    Raises
    ------
    MaxrfError
        An unfinished file is in the way, was made with other settings, or cannot
        be written on because the disk is full; what it holds can be gone on with.
    """
    path = Path(path)
    check_unfinished(path, resume=resume)
    partial = unfinished_path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with _unfinished(partial, scan) as (file, below):
            if _UNFINISHED in file:
                yield from _write_blocks(file, scan, below, checkpoint_s)
                _complete(file, scan.cube)
        if os.name == "nt":
            release(path)  # an open file cannot be replaced there
        os.replace(partial, path)
        journal_of(partial).unlink()
    except OSError as error:
        raise MaxrfError(
            f"Cannot write {partial}: {error.strerror or error}. Make room and go on "
            "with --resume; what was written is kept."
        ) from error
    return path


@contextmanager
def _unfinished(
    partial: Path, scan: ScanBlocksLike
) -> Iterator[tuple[h5py.File, CheckpointedFile]]:
    """Open the unfinished file of a scan, or begin it; commit it if all went well."""
    known = journal_of(partial).is_file() and partial.is_file()
    below = CheckpointedFile(partial, resume=known)
    try:
        with h5py.File(below, "r+" if known else "w") as file:
            if known:
                _check_same(file, scan, partial)
            else:
                _begin(file, scan)
                file.flush()
                below.commit()
            yield file, below
        below.commit()
    finally:
        below.close()


def _identity(scan: ScanBlocksLike) -> dict[str, Any]:
    """Return all that decides the values of a scan, flat, under readable names."""
    cube = scan.cube
    facts: dict[str, Any] = {"shape": list(cube.shape), "version": __version__}
    facts |= {"stored_type": cube.counts.dtype.name, "maps": list(scan.planes)}
    for step in cube.provenance:
        facts |= _flat(step.parameters)
    plain: dict[str, Any] = json.loads(json.dumps(facts, default=str))
    return plain


def _flat(values: Mapping[str, Any]) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in values.items():
        flat |= _flat(value) if isinstance(value, dict) else {name: value}
    return flat


def _check_same(file: h5py.File, scan: ScanBlocksLike, partial: Path) -> None:
    """Refuse to go on with a file that was begun with other settings."""
    if _UNFINISHED not in file:
        return  # complete, but stopped before it was given its name
    then, now = json.loads(file[_UNFINISHED]["identity"][()]), _identity(scan)
    differences = [
        f"{name} was {then.get(name)!r} and is {now.get(name)!r}"
        for name in sorted({*then, *now})
        if then.get(name) != now.get(name)
    ]
    if differences:
        raise MaxrfError(
            f"{partial.name} was begun with other settings: {'; '.join(differences)}. "
            "Go on with the same ones, or remove it to begin anew."
        )


def _begin(file: h5py.File, scan: ScanBlocksLike) -> None:
    """Write what is known before the first block, and room for all of them."""
    cube = scan.cube
    write_root(file, cube)
    write_detector(file, cube)
    dtype = cube.counts.dtype.newbyteorder("<")
    data = file[DETECTOR].create_dataset(
        "data", cube.shape, dtype, **packed(cube.shape)
    )
    data.attrs["interpretation"] = "spectrum"
    pixels = cube.shape[:2]
    maps = nx_group(file["entry"], "maps", "NXcollection")
    for name in scan.planes:
        maps.create_dataset(name, pixels, "<f4", **packed(pixels))
    summary = nx_group(file["entry"], "summary", "NXcollection")
    summary.create_dataset("sum_image", pixels, "<f8", **packed(pixels))
    state = file.create_group(_UNFINISHED)
    put_text(state, "identity", json.dumps(_identity(scan), ensure_ascii=False))
    state.create_dataset("sum_spectrum", data=np.zeros(cube.shape[2]))
    state.create_dataset("max_spectrum", data=np.zeros(cube.shape[2], dtype))
    state.attrs["done"] = 0


def _complete(file: h5py.File, cube: SpectralCube) -> None:
    """Write what is known after the last block, and forget that it was a part."""
    summary, state = file["entry/summary"], file[_UNFINISHED]
    for name in ("sum_spectrum", "max_spectrum"):
        put_array(summary, name, state[name][()])
    summary.create_dataset("n_pixels", data=cube.shape[0] * cube.shape[1])
    if not file["entry/maps"]:
        del file["entry/maps"]
    write_description(file["entry"], cube)
    del file[_UNFINISHED]


@dataclass(frozen=True)
class _Chunk:
    """A packed chunk: the dataset it belongs to, its first element, its bytes."""

    dataset: str
    offset: tuple[int, ...]
    data: bytes


@dataclass(frozen=True, eq=False)
class _Block:
    """A block that needs only to be written."""

    chunks: list[_Chunk]
    sum_spectrum: npt.NDArray[np.float64]
    max_spectrum: npt.NDArray[Any]


def _write_blocks(
    file: h5py.File, scan: ScanBlocksLike, below: CheckpointedFile, checkpoint_s: float
) -> Steps[None]:
    state = file[_UNFINISHED]
    totals = {name: state[name][()] for name in ("sum_spectrum", "max_spectrum")}
    corners = _Corners(scan.cube.shape[0], scan.cube.shape[1])
    first, clock = int(state.attrs["done"]), _Clock(checkpoint_s)
    yield Progress(_STAGE, first, len(corners))
    blocks = _in_order(lambda n: _pack(scan, *corners.block(n)), first, corners, scan)
    for done, block in enumerate(blocks, first + 1):
        for chunk in block.chunks:
            file[chunk.dataset].id.write_direct_chunk(chunk.offset, chunk.data)
        below.check()
        totals["sum_spectrum"] += block.sum_spectrum
        np.maximum(
            totals["max_spectrum"], block.max_spectrum, out=totals["max_spectrum"]
        )
        if done == len(corners) or clock.is_due():
            _checkpoint(file, below, totals, done)
        left = clock.minutes_left(done - first, len(corners) - done)
        yield Progress(_STAGE, done, len(corners), {"minutes left": left})


def _checkpoint(
    file: h5py.File,
    below: CheckpointedFile,
    totals: Mapping[str, npt.NDArray[Any]],
    done: int,
) -> None:
    state = file[_UNFINISHED]
    for name, values in totals.items():
        state[name][...] = values
    state.attrs["done"] = done
    file.flush()
    below.commit()


class _Clock:
    """When to make a checkpoint, and how long it all takes."""

    def __init__(self, pause_s: float) -> None:
        self._pause_s = pause_s
        self._start = self._last = time.monotonic()

    def is_due(self) -> bool:
        now = time.monotonic()
        if now - self._last < self._pause_s:
            return False
        self._last = now
        return True

    def minutes_left(self, done: int, left: int) -> float:
        return (time.monotonic() - self._start) / done * left / 60


@dataclass(frozen=True)
class _Corners:
    """The blocks of a scan, row by row."""

    height: int
    width: int

    def __len__(self) -> int:
        return -(-self.height // _SIDE) * -(-self.width // _SIDE)

    def block(self, number: int) -> tuple[slice, slice]:
        row, column = divmod(number, -(-self.width // _SIDE))
        y, x = row * _SIDE, column * _SIDE
        return (
            slice(y, min(y + _SIDE, self.height)),
            slice(x, min(x + _SIDE, self.width)),
        )


def _in_order(
    make: Callable[[int], _Block], first: int, corners: _Corners, scan: ScanBlocksLike
) -> Iterator[_Block]:
    """Make blocks side by side, not many more than are being worked on."""
    workers = min(os.cpu_count() or 1, _MOST_WORKERS)
    n_bytes = _SIDE**2 * scan.cube.shape[2] * scan.cube.counts.dtype.itemsize
    ahead = max(1, min(workers + 2, _AHEAD_BYTES // n_bytes))
    waiting: deque[Future[_Block]] = deque()
    pool = ThreadPoolExecutor(min(workers, ahead), "scan-block")
    try:
        for number in range(first, len(corners)):
            waiting.append(pool.submit(make, number))
            if len(waiting) >= ahead:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


def _pack(scan: ScanBlocksLike, rows: slice, columns: slice) -> _Block:
    counts, planes = scan.draw(rows, columns)
    corner = rows.start, columns.start
    shape = scan.cube.shape
    chunks = _chunks(f"{DETECTOR}/data", counts, corner, shape)
    for name, plane in planes.items():
        chunks += _chunks(f"entry/maps/{name}", plane, corner, shape[:2])
    sums = counts.sum(axis=2, dtype=np.float64)
    chunks += _chunks("entry/summary/sum_image", sums, corner, shape[:2])
    spectra = counts.reshape(-1, shape[2])
    return _Block(chunks, spectra.sum(axis=0, dtype=np.float64), spectra.max(axis=0))


def _chunks(
    dataset: str,
    values: npt.NDArray[Any],
    corner: tuple[int, int],
    whole: tuple[int, ...],
) -> list[_Chunk]:
    """Pack a block as the filters of `packed` would; one chunk is as wide as it."""
    sides: tuple[int, ...] = packed(whole)["chunks"]
    if values.ndim == 2:
        return [_Chunk(dataset, corner, _packed_bytes(values, sides))]
    return [
        _Chunk(
            dataset,
            (*corner, first),
            _packed_bytes(values[:, :, first : first + sides[2]], sides),
        )
        for first in range(0, whole[2], sides[2])
    ]


def _packed_bytes(values: npt.NDArray[Any], sides: tuple[int, ...]) -> bytes:
    """Fill up with zeros to a whole chunk, put like bytes together, and deflate."""
    little = values.dtype.newbyteorder("<")
    chunk = np.zeros(sides, little)
    chunk[tuple(slice(size) for size in values.shape)] = values
    planes = chunk.reshape(-1).view(np.uint8).reshape(-1, little.itemsize).T
    return zlib.compress(np.ascontiguousarray(planes).data, 1)
