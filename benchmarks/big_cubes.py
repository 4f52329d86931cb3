"""Scans as large as a laptop's memory: opened, packed, stepped through and mapped.

    python benchmarks/big_cubes.py [--height 256] [--width 256] [--channels 2048]
                                   [--folder /tmp] [--json]

Writes a Ripple pair of whole spectra (uint16, Poisson, tiles of 64 rows repeated),
measures, and deletes all of it. Every part runs in a fresh process. Before cold
reads the file's pages are dropped from memory (Linux). The disk's own rates are
measured in the same run, so that ratios hold also on a busy machine; times are
medians. maxrf4u's 34 MB/s is what its documentation reports for its conversion.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

MAXRF4U_MB_PER_S = 34.0
TILE_ROWS = 64
PIECE = 2**26
WINDOW_KEV = (6.2, 6.6)
GAIN_KEV = 0.015

Facts = dict[str, Any]


def mean_spectrum(n_channels: int) -> np.ndarray:
    """Return expected counts of a pixel: lines on a falling continuum, 700 in all."""
    energy = GAIN_KEV * np.arange(n_channels)
    shape = np.where(energy > 0.5, np.exp(-energy / 6), 0)
    for line_kev, height in ((3.69, 6), (6.40, 12), (8.05, 4), (10.55, 20), (12.6, 12)):
        shape += height * np.exp(-0.5 * ((energy - line_kev) / 0.065) ** 2)
    return 700 * shape / shape.sum()


def write_scan(folder: Path, height: int, width: int, n_channels: int) -> Path:
    """Write a Ripple pair and wait until it is on the disk."""
    rng = np.random.default_rng(0)
    brightness = rng.gamma(4, 0.25, (TILE_ROWS, min(width, 256), 1))
    tile = rng.poisson(brightness * mean_spectrum(n_channels)).astype("<u2")
    rows = np.concatenate([tile] * -(-width // tile.shape[1]), axis=1)[:, :width]
    with (folder / "scan.raw").open("wb") as stream:
        for y in range(0, height, TILE_ROWS):
            stream.write(np.ascontiguousarray(rows[: height - y]).data)
        os.fsync(stream.fileno())
    entries = {
        "width": width,
        "height": height,
        "depth": n_channels,
        "offset": 0,
        "data-length": 2,
        "data-type": "unsigned",
        "byte-order": "little-endian",
        "record-by": "vector",
        "ev-per-chan": 1000 * GAIN_KEV,
    }
    header = folder / "scan.rpl"
    header.write_text("".join(f"{key}\t{value}\n" for key, value in entries.items()))
    return header


def forget(path: Path) -> None:
    """Drop a file's pages from memory, where the system can."""
    if hasattr(os, "posix_fadvise"):
        with path.open("rb") as stream:
            os.fsync(stream.fileno())
            os.posix_fadvise(stream.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def resident_mib() -> float:
    """Return the memory this process holds now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Return milliseconds and result."""
    start = time.perf_counter()
    result = work()
    return 1000 * (time.perf_counter() - start), result


def disk_rates(folder: Path, path: Path) -> Facts:
    """Read a file from beginning to end, and write a gibibyte, past the page cache."""
    forget(path)
    buffer = memoryview(bytearray(PIECE))
    start, n_bytes = time.perf_counter(), 0
    with path.open("rb", buffering=0) as stream:
        while n_read := stream.readinto(buffer):
            n_bytes += n_read
    read = n_bytes / 1e6 / (time.perf_counter() - start)
    piece = np.random.default_rng(0).bytes(PIECE)
    trial = folder / "trial"
    start = time.perf_counter()
    with trial.open("wb", buffering=0) as stream:
        for _ in range(16):
            stream.write(piece)
        os.fsync(stream.fileno())
    written = 16 * PIECE / 1e6 / (time.perf_counter() - start)
    trial.unlink()
    return {"disk reads, MB/s": read, "disk writes, MB/s": written}


def opening(path: Path, cache: str, packed: bool) -> Facts:
    """Open a scan, with its packed copy or without."""
    import dask.array  # noqa: F401 - paid once by any program

    from napari_maxrf.io import cached_cube, open_cube
    from napari_maxrf.io.blocked import CacheConfig

    before = resident_mib()
    ms, cube = timed(lambda: open_cube(path))
    if packed:
        more, cube = timed(lambda: cached_cube(cube, CacheConfig(folder=cache)))
        ms += more
    return {"open, ms": ms, "open, MiB more": resident_mib() - before}


def converting(path: Path, cache: str) -> Facts:
    """Pack a scan whose pages are not in memory."""
    from napari_maxrf.io import build_cache_steps, open_cube
    from napari_maxrf.io.blocked import CacheConfig, cache_entries

    warm_up(path.parent)
    config = CacheConfig(folder=cache)
    cube = open_cube(path)
    forget(path.with_suffix(".raw"))
    start, cpu = time.perf_counter(), time.process_time()
    for _ in build_cache_steps(cube, config):
        pass
    entry = cache_entries(config)[0]
    with entry.path.open("rb") as stream:
        os.fsync(stream.fileno())
    seconds = time.perf_counter() - start
    megabytes = cube.counts.nbytes / 1e6
    return {
        "convert, MB/s": megabytes / seconds,
        "convert, MB per CPU second": megabytes / (time.process_time() - cpu),
        "packed, share of the size": entry.n_bytes / cube.counts.nbytes,
        "convert, peak MiB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def warm_up(folder: Path) -> None:
    """Compile all loops on a scan of a few pixels, as every later start finds them."""
    from napari_maxrf.io import build_cache, energy_first, open_cube
    from napari_maxrf.io.blocked import CacheConfig

    with tempfile.TemporaryDirectory(dir=folder) as name:
        small = open_cube(write_scan(Path(name), 20, 70, 64))
        packed = build_cache(small, CacheConfig(folder=name))
        packed.spectrum(0, 0), energy_first(packed)[3]


def looking(path: Path, cache: str, packed: bool) -> Facts:
    """Step through energies, follow a cursor, and map a window."""
    from napari_maxrf.io import cached_cube, energy_first, open_cube
    from napari_maxrf.io.blocked import CacheConfig

    warm_up(path.parent)
    cube = open_cube(path)
    if packed:
        cube = cached_cube(cube, CacheConfig(folder=cache)) or cube
    rng = np.random.default_rng(1)
    n_y, n_x, n_channels = cube.shape
    view = energy_first(cube)
    pixels = [(int(rng.integers(n_y)), int(rng.integers(n_x))) for _ in range(100)]
    steps = rng.integers(0, n_channels, 40 if packed else 3)
    channels = [timed(lambda e=e: np.asarray(view[int(e)])) for e in steps]
    spectra = [timed(lambda p=p: cube.spectrum(*p)) for p in pixels]
    maps = [timed(lambda: cube.window_sum(*WINDOW_KEV).compute()) for _ in range(3)]
    return {
        "energy step, ms": statistics.median(ms for ms, _ in channels),
        "energy step, worst ms": max(ms for ms, _ in channels),
        "spectrum, ms": statistics.median(ms for ms, _ in spectra),
        "spectrum, worst ms": max(ms for ms, _ in spectra),
        "window map, ms": statistics.median(ms for ms, _ in maps),
        "look, MiB": resident_mib(),
        "counts of the map": float(maps[0][1].sum()),
        "counts of the spectra": int(sum(int(one.sum()) for _, one in spectra)),
    }


def fresh(work: Callable[..., Facts], *arguments: Any) -> Facts:
    """Run in a process of its own."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(work, *arguments).result()


def measured(arguments: argparse.Namespace, folder: Path) -> Facts:
    """Write the scan and measure all parts."""
    cache = str(folder / "cache")
    path = write_scan(folder, arguments.height, arguments.width, arguments.channels)
    raw = path.with_suffix(".raw")
    facts: Facts = {"GB": raw.stat().st_size / 1e9, **disk_rates(folder, raw)}
    facts["file"] = fresh(opening, path, cache, False)
    facts |= fresh(converting, path, cache)
    facts["times maxrf4u"] = facts["convert, MB/s"] / MAXRF4U_MB_PER_S
    facts["share of the disk's rate"] = (
        facts["convert, MB/s"] / facts["disk reads, MB/s"]
    )
    facts["packed"] = fresh(opening, path, cache, True)
    facts["packed"] |= fresh(looking, path, cache, True)
    if not arguments.packed_only:
        facts["file"] |= fresh(looking, path, cache, False)
        for key in ("counts of the map", "counts of the spectra"):
            if facts["file"][key] != facts["packed"][key]:
                sys.exit(f"{key} differ: {facts['file'][key]}, {facts['packed'][key]}")
    return facts


def lines(facts: Facts) -> Iterator[str]:
    """Yield the lines of the report."""
    for key, value in facts.items():
        if not isinstance(value, dict):
            yield f"{key:<28}{value:>12.2f}"
    yield f"{'':<28}{'packed':>12}{'file itself':>14}"
    for key, value in facts["packed"].items():
        other = facts["file"].get(key)
        yield f"{key:<28}{value:>12.1f}" + (f"{other:>14.1f}" if other else "")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--height", type=int, default=256)
    parser.add_argument("--width", type=int, default=256)
    parser.add_argument("--channels", type=int, default=2048)
    parser.add_argument("--folder", type=Path, help="where there is room")
    parser.add_argument("--packed-only", action="store_true")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.folder) as name:
        facts = measured(arguments, Path(name))
    if arguments.json:
        sys.stdout.write(json.dumps(facts, indent=2) + "\n")
    else:
        sys.stdout.write("\n".join(lines(facts)) + "\n")


if __name__ == "__main__":
    main()
