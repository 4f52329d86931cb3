"""All bars of opening and reading scans, in one run.

    python benchmarks/scans.py [--folder /tmp/big] [--gb 10] [--peer PYTHON]
                               [--pymca PYTHON] [--out scans.json]

Prints each row of the table as soon as it is measured, and writes them as JSON and as
a Markdown table for `docs/performance.md`. The folder needs room for three times the
scan; what is there from a run before is used again, and left. PYTHON are those of
environments that have rosettasciio and PyMca5 (MAXRF_PEER and MAXRF_PYMCA name them
too); without them nothing is compared with these. A part that fails is told and the
others go on.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

import bars
import bcf
import big_cubes
import cube_views
import element_maps
import open_times
from bars import Row

BCF_SIZES = (600, 800, 680)
VIEWED = (1024, 1024, 2048)
RUNS = 3

Part = Callable[[argparse.Namespace], Iterator[Row]]


def fit_rows(arguments: argparse.Namespace) -> Iterator[Row]:
    """Fit beside PyMca."""
    if arguments.pymca:
        yield from element_maps.rows(arguments.pymca, arguments.spectra, RUNS)
    else:
        yield Row("linear fit, spectra/s", "", "no PyMca here to compare with")


def bcf_rows(arguments: argparse.Namespace) -> Iterator[Row]:
    """Read pixels beside rosettasciio."""
    path = arguments.folder / "pixels.bcf"
    yield from bcf.rows(*bcf.compared(path, *BCF_SIZES, arguments.peer))


def big_rows(arguments: argparse.Namespace) -> Iterator[Row]:
    """Pack and map a large scan."""
    shape = open_times.size_of(arguments.gb).shape
    facts = big_cubes.measured(arguments.folder / "scan", shape, packed_only=True)
    yield from big_cubes.rows(facts)


def view_rows(arguments: argparse.Namespace) -> Iterator[Row]:
    """Look at a packed cube."""
    folder = arguments.folder / "views"
    yield from cube_views.rows(folder, VIEWED, arguments.window)


def open_rows(arguments: argparse.Namespace) -> Iterator[Row]:
    """Open all formats."""
    from big_files import WRITERS

    size = open_times.size_of(arguments.gb)
    yield from open_times.rows(arguments.folder / "formats", size, list(WRITERS))


PARTS: dict[str, Part] = {
    "fit": fit_rows,
    "bcf": bcf_rows,
    "big": big_rows,
    "views": view_rows,
    "open": open_rows,
}


def measured(part: Part, arguments: argparse.Namespace) -> Iterator[Row]:
    """Measure one part; what goes wrong becomes a row."""
    start = time.perf_counter()
    try:
        yield from part(arguments)
    except Exception as error:  # other parts may still be measured
        traceback.print_exc()
        yield Row(part.__doc__ or "", "", f"failed: {type(error).__name__}", False)
    sys.stderr.write(f"{part.__name__}: {time.perf_counter() - start:.0f} s\n")


def main() -> None:
    """Measure all parts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--gb", type=float, default=10.0)
    parser.add_argument("--spectra", type=int, default=20_000)
    parser.add_argument("--peer", default=os.environ.get("MAXRF_PEER"))
    parser.add_argument("--pymca", default=os.environ.get("MAXRF_PYMCA"))
    parser.add_argument("--window", action="store_true", help="also the real window")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--out", type=Path, default=Path("scans.json"))
    arguments = parser.parse_args()
    about, rows = bars.machine(), list[Row]()
    sys.stdout.write(f"{about}\n\n{bars.head()}\n")
    with tempfile.TemporaryDirectory() as name:
        arguments.folder = arguments.folder or Path(name)
        arguments.folder.mkdir(parents=True, exist_ok=True)
        for key in arguments.only:
            for row in bars.told(measured(PARTS[key], arguments)):
                rows.append(row)
                bars.save(rows, about, arguments.out)


if __name__ == "__main__":
    main()
