"""Scans as large as a laptop's memory: opened, packed, stepped through and mapped.

    python benchmarks/big_cubes.py [--height 256] [--width 256] [--channels 2048]
                                   [--folder /tmp/big] [--packed-only]

Writes a Ripple pair of whole spectra (uint16, Poisson, tiles of 64 rows repeated),
unless the folder named has one of that size, which is left there. The packed copy
is deleted. Every part runs in a fresh process. Before cold
reads the file's pages are dropped from memory (Linux). The disk's own rates are
measured in the same run, so that ratios hold also on a busy machine; times are
medians. maxrf4u's 34 MB/s is what its documentation reports for its conversion.
"""

from __future__ import annotations

import argparse
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
from bars import Row, show

MAXRF4U_MB_PER_S = 34.0
TILE_ROWS = 64
PIECE = 2**26
WINDOW_KEV = (6.2, 6.6)
GAIN_KEV = 0.015
SHARE = "share of the disk's rate"

Facts = dict[str, Any]


def mean_spectrum(n_channels: int) -> np.ndarray:
    """Return expected counts of a pixel: lines on a falling continuum, 700 in all."""
    energy = GAIN_KEV * np.arange(n_channels)
    shape = np.where(energy > 0.5, np.exp(-energy / 6), 0)
    for line_kev, height in ((3.69, 6), (6.40, 12), (8.05, 4), (10.55, 20), (12.6, 12)):
        shape += height * np.exp(-0.5 * ((energy - line_kev) / 0.065) ** 2)
    return 700 * shape / shape.sum()


def write_scan(folder: Path, height: int, width: int, n_channels: int) -> Path:
    """Write a Ripple pair, if it is not there, and wait until it is on the disk."""
    header, text = folder / "scan.rpl", header_of_ripple(height, width, n_channels)
    if header.exists() and header.read_text() == text:
        return header
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(0)
    brightness = rng.gamma(4, 0.25, (TILE_ROWS, min(width, 256), 1))
    tile = rng.poisson(brightness * mean_spectrum(n_channels)).astype("<u2")
    rows = np.concatenate([tile] * -(-width // tile.shape[1]), axis=1)[:, :width]
    with (folder / "scan.raw").open("wb") as stream:
        for y in range(0, height, TILE_ROWS):
            stream.write(np.ascontiguousarray(rows[: height - y]).data)
        os.fsync(stream.fileno())
    header.write_text(text)
    return header


def header_of_ripple(height: int, width: int, n_channels: int) -> str:
    """Return the header of whole spectra, 16 bits a count."""
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
    return "".join(f"{key}\t{value}\n" for key, value in entries.items())


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


def measured(
    folder: Path, shape: tuple[int, int, int], packed_only: bool = False
) -> Facts:
    """Write the scan and measure all parts."""
    path = write_scan(folder, *shape)
    raw = path.with_suffix(".raw")
    with tempfile.TemporaryDirectory(dir=folder) as cache:
        facts: Facts = {"GB": raw.stat().st_size / 1e9, **disk_rates(folder, raw)}
        facts["file"] = fresh(opening, path, cache, False)
        facts |= fresh(converting, path, cache)
        facts["packed"] = fresh(opening, path, cache, True)
        facts["packed"] |= fresh(looking, path, cache, True)
        if not packed_only:
            facts["file"] |= fresh(looking, path, cache, False)
            compare(facts["file"], facts["packed"])
    facts["times maxrf4u"] = facts["convert, MB/s"] / MAXRF4U_MB_PER_S
    facts[SHARE] = facts["convert, MB/s"] / facts["disk reads, MB/s"]
    return facts


def compare(file: Facts, packed: Facts) -> None:
    """Stop if the packed copy holds other counts than the file."""
    for key in ("counts of the map", "counts of the spectra"):
        if file[key] != packed[key]:
            sys.exit(f"{key} differ: {file[key]}, {packed[key]}")


def rows(facts: Facts) -> Iterator[Row]:
    """Yield what the bars of a large scan ask for."""
    packed, size = facts["packed"], f"{facts['GB']:.1f} GB"
    ms, mib = packed["open, ms"], packed["open, MiB more"]
    yield Row(
        f"open {size} with its packed copy",
        "at most 1 s, less than 300 MB more",
        f"{ms / 1000:.2f} s, {mib:.0f} MiB",
        ms <= 1000 and mib < 300,
    )
    ms = packed["window map, ms"]
    yield Row(
        f"element map by window, {size}, packed",
        "at most 1 s",
        f"{ms / 1000:.2f} s",
        ms <= 1000,
    )
    rate, times = facts["convert, MB/s"], facts["times maxrf4u"]
    yield Row(
        f"conversion of {size}",
        "at least 5 times maxrf4u's 34 MB/s",
        f"{rate:.0f} MB/s, {times:.1f} times, "
        f"{facts[SHARE]:.0%} of the disk's "
        f"{facts['disk reads, MB/s']:.0f} MB/s",
        times >= 5,
    )


def views(facts: Facts, where: str) -> Iterator[Row]:
    """Yield what the bars of browsing ask for."""
    packed = facts["packed"]
    names = {"energy step": "energy step", "spectrum": "spectrum under the cursor"}
    for key, name in names.items():
        ms = packed[f"{key}, ms"]
        figure = f"{ms:.1f} ms, worst {packed[f'{key}, worst ms']:.0f} ms"
        yield Row(f"{name}, {where}", "median at most 50 ms", figure, ms <= 50)


def lines(facts: Facts) -> Iterator[str]:
    """Yield the lines of the whole report."""
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
    parser.add_argument("--folder", type=Path, help="where the scan is kept")
    parser.add_argument("--packed-only", action="store_true")
    arguments = parser.parse_args()
    shape = (arguments.height, arguments.width, arguments.channels)
    with tempfile.TemporaryDirectory() as name:
        folder = arguments.folder or Path(name)
        facts = measured(folder, shape, arguments.packed_only)
    show([*rows(facts), *views(facts, f"{facts['GB']:.1f} GB, packed")])
    sys.stdout.write("\n" + "\n".join(lines(facts)) + "\n")


if __name__ == "__main__":
    main()
