"""Open a large scan of every format: seconds, and memory that stays.

    python benchmarks/open_times.py [--gb 10] [--folder /tmp/big] [--only Ripple]

Files are written by `big_files.py` where they are missing, and left if a folder is
named. Each is opened in a fresh process that has imported the package and dask, with
its pages dropped from memory (Linux); whatever else a format imports is counted, as it
is at a user's first file. Sizes are of the counts. Formats that hold a file for each
pixel, or cannot be written quickly here, are smaller; their names say so.
"""

from __future__ import annotations

import argparse
import math
import shutil
import statistics
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from bars import Row, show
from big_cubes import TILE_ROWS, Facts, forget, fresh, resident_mib, timed

if TYPE_CHECKING:
    from big_files import Size

N_CHANNELS, WIDTH = 2048, 1600
MOST_MS, MOST_MIB = 1000, 300
RUNS = 3
BAR = "at most 1 s, less than 300 MB more"


def size_of(gigabytes: float) -> Size:
    """Return a scan of so many bytes of counts, or a few rows more."""
    from big_files import Size  # not at the top: fresh processes would import it too

    tiles = math.ceil(gigabytes * 1e9 / (2 * WIDTH * N_CHANNELS * TILE_ROWS))
    return Size(TILE_ROWS * tiles, WIDTH, N_CHANNELS)


def opening(path: Path) -> Facts:
    """Open a scan, and tell what it took."""
    import dask.array  # noqa: F401 - paid once by any program

    from napari_maxrf.io import open_cube

    before = resident_mib()
    ms, cube = timed(lambda: open_cube(path))
    return {"ms": ms, "mib": resident_mib() - before, "gb": cube.counts.nbytes / 1e9}


def written(label: str, folder: Path, size: Size) -> Path:
    """Write a scan if it is not there yet; return what to open."""
    from big_files import WRITERS

    place = folder / "".join(one if one.isalnum() else "_" for one in label)
    note = place / "open.txt"
    if not note.exists():
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
        path = WRITERS[label](place, size)
        note.write_text(path.relative_to(place).as_posix())
    return place / note.read_text()


def forget_all(path: Path) -> None:
    """Drop all files of a scan from memory."""
    for one in path.parent.iterdir() if path.is_file() else path.rglob("*"):
        if one.is_file():
            forget(one)


def rows(folder: Path, size: Size, labels: list[str]) -> Iterator[Row]:
    """Measure each format, then tell the slowest and the largest of all."""
    slowest = largest = Row("", "", "0")
    worst = {"ms": 0.0, "mib": -math.inf}
    for label in labels:
        path = written(label, folder, size)
        runs = []
        for _ in range(RUNS):
            forget_all(path)
            runs.append(fresh(opening, path))
        ms, mib = (statistics.median(run[key] for run in runs) for key in ("ms", "mib"))
        figure = f"{ms / 1000:.2f} s, {mib:.0f} MiB ({runs[0]['gb']:.1f} GB)"
        reached = ms <= MOST_MS and mib < MOST_MIB
        yield Row(f"open {label}", BAR, figure, reached)
        if ms > worst["ms"]:
            worst["ms"], slowest = ms, Row(label, "", f"{ms / 1000:.2f} s")
        if mib > worst["mib"]:
            worst["mib"], largest = mib, Row(label, "", f"{mib:.0f} MiB")
    figure = f"{slowest.figure} ({slowest.what}), {largest.figure} ({largest.what})"
    reached = worst["ms"] <= MOST_MS and worst["mib"] < MOST_MIB
    yield Row(f"open, worst of {len(labels)} formats", BAR, figure, reached)


def main() -> None:
    """Measure and print."""
    from big_files import WRITERS

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gb", type=float, default=2.0)
    parser.add_argument("--folder", type=Path, help="where files are written and left")
    parser.add_argument("--only", choices=list(WRITERS))
    arguments = parser.parse_args()
    labels = [arguments.only] if arguments.only else list(WRITERS)
    with tempfile.TemporaryDirectory() as name:
        show(rows(arguments.folder or Path(name), size_of(arguments.gb), labels))


if __name__ == "__main__":
    sys.exit(main())
