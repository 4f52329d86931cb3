"""Damage scans at random and see that every reader only ever complains.

    python benchmarks/fuzz_cubes.py [--files 10000] [--seed 0] [--only bcf]

Each file must open and be read, or be refused with a `MaxrfError` of one line. The
process may not use more than a few GiB of address space, and a file that takes more
than ten seconds ends the run with a traceback of where it hung. The exit status is 1
if anything else was raised; the damaged files are then left in the current folder.

A format is one function in `SAMPLES`: it writes a valid scan into a folder and
returns the path to open. All files in the folder are damaged in turn.
"""

from __future__ import annotations

import argparse
import faulthandler
import resource
import shutil
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import dask
import numpy as np

from napari_maxrf.errors import MaxrfError
from napari_maxrf.io import open_cube

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "io"))
from _bcf_files import Bcf, sample_counts
from _bcf_files import mutated as damaged_numbers
from _spectra_files import mutated as damaged_text

HANGING_S = 10
MOST_BYTES = 6 * 2**30
WAYS = (damaged_numbers, damaged_text)
COUNTS = sample_counts(12, 10, 64)

SAMPLES: dict[str, Callable[[Path], Path]] = {}


def sample(write: Callable[[Path], Path]) -> Callable[[Path], Path]:
    """Put a function into `SAMPLES`, under its name."""
    SAMPLES[write.__name__] = write
    return write


@sample
def bcf(folder: Path) -> Path:
    path = folder / "scan.bcf"
    how = Bcf((COUNTS, COUNTS), packings=(0, 1, 2, 3), chunk=256, scattered=True)
    path.write_bytes(how.content())
    return path


@sample
def bcf_packed(folder: Path) -> Path:
    path = folder / "scan.bcf"
    path.write_bytes(Bcf((COUNTS,), (1, 2), block=2000, positions=True).content())
    return path


@dataclass
class Result:
    """What became of the damaged files of one format."""

    outcomes: Counter[str] = field(default_factory=Counter)
    slowest_s: float = 0.0
    grown_mib: float = 0.0
    escaped: int = 0


def peak_mib() -> float:
    """Return the peak memory of this process (Linux counts in KiB)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def outcome(path: Path) -> str:
    """Open a scan and read from it; anything but one line of ours goes up."""
    try:
        cube = open_cube(path)
        cube.spectrum(0, 0)
        cube.spectrum(cube.shape[0] - 1, cube.shape[1] // 2)
        if cube.counts.nbytes < 2**24:
            cube.counts.compute()
    except MaxrfError as error:
        if "\n" in str(error):
            raise
        return type(error).__name__
    return "opened"


def fuzz(kind: str, n_files: int, seed: int) -> Result:
    """Damage and open `n_files` files of one format."""
    result, rng = Result(), np.random.default_rng([seed, *kind.encode()])
    with tempfile.TemporaryDirectory() as name:
        opened = SAMPLES[kind](Path(name))
        files = sorted(one for one in Path(name).rglob("*") if one.is_file())
        targets = [(path, path.read_bytes()) for path in files]
        if outcome(opened) != "opened":
            raise RuntimeError(f"the sample of {kind} does not open")
        before = peak_mib()
        for _ in range(n_files):
            path, good = targets[rng.integers(len(targets))]
            path.write_bytes(WAYS[rng.integers(len(WAYS))](good, rng))
            attempt(opened, result)
            path.write_bytes(good)
        result.grown_mib = peak_mib() - before
    return result


def attempt(opened: Path, result: Result) -> None:
    """Open once and note what happened; keep a scan that broke a reader."""
    faulthandler.dump_traceback_later(HANGING_S, exit=True)
    start = time.perf_counter()
    try:
        result.outcomes[outcome(opened)] += 1
    except Exception:  # the very thing this script looks for
        result.escaped += 1
        kept = Path(f"escaped-{result.escaped}-{opened.name}")
        shutil.copytree(opened.parent, kept, dirs_exist_ok=True)
        sys.stderr.write(f"{kept}\n{traceback.format_exc()}\n")
    result.slowest_s = max(result.slowest_s, time.perf_counter() - start)
    faulthandler.cancel_dump_traceback_later()


def main() -> int:
    """Run all formats and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", choices=SAMPLES)
    arguments = parser.parse_args()
    dask.config.set(scheduler="synchronous")
    resource.setrlimit(resource.RLIMIT_AS, (MOST_BYTES, MOST_BYTES))
    escaped = 0
    row = "{:<12} {:>7} {:>12} {:>17} {:>8} {:>11} {:>10}\n"
    heads = ("opened", "FormatError", "CalibrationError", "escaped")
    sys.stdout.write(row.format("format", *heads, "slowest ms", "MiB grown"))
    for kind in [arguments.only] if arguments.only else SAMPLES:
        result = fuzz(kind, arguments.files, arguments.seed)
        counts = [result.outcomes[key] for key in heads[:3]]
        others = sum(result.outcomes.values()) - sum(counts)
        counts[1] += others  # UnknownLayoutError is a FormatError
        slowest, grown = f"{1000 * result.slowest_s:.0f}", f"{result.grown_mib:.0f}"
        sys.stdout.write(row.format(kind, *counts, result.escaped, slowest, grown))
        sys.stdout.flush()
        escaped += result.escaped
    return int(escaped > 0)


if __name__ == "__main__":
    sys.exit(main())
