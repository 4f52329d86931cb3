"""Damage spectrum files at random and see that every reader only ever complains.

    python benchmarks/fuzz_spectra.py [--files 10000] [--seed 0] [--only spx]

Each file must open or be refused with a `MaxrfError` of one line. For each format
the table shows how many opened, how many were refused, the slowest file, and how
far the peak memory of the process rose. A file that takes more than ten seconds
ends the run with a traceback of where it hung. The exit status is 1 if anything
else was raised; the file is then left in the current folder.
"""

from __future__ import annotations

import argparse
import faulthandler
import resource
import sys
import tempfile
import time
import traceback
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from napari_maxrf.errors import MaxrfError
from napari_maxrf.io import open_spectra

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "io"))
from _spectra_files import SAMPLES, mutated

HANGING_S = 10


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
    """Open a file; anything but success or one line of ours goes up."""
    try:
        open_spectra(path)
    except MaxrfError as error:
        if "\n" in str(error):
            raise
        return type(error).__name__
    return "opened"


def victims(folder: Path, opened: Path) -> list[Path]:
    """Return the files to damage: a dictionary, and the spectra it names."""
    return (
        [opened, *sorted(folder.rglob("*.h5"))]
        if opened.suffix == ".json"
        else [opened]
    )


def fuzz(kind: str, n_files: int, seed: int) -> Result:
    """Damage and open `n_files` files of one format."""
    result, rng = Result(), np.random.default_rng([seed, list(SAMPLES).index(kind)])
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        opened = SAMPLES[kind](folder)
        targets = [(path, path.read_bytes()) for path in victims(folder, opened)]
        outcome(opened)
        before = peak_mib()
        for _ in range(n_files):
            path, good = targets[rng.integers(len(targets))]
            path.write_bytes(mutated(good, rng))
            attempt(opened, path, result)
            path.write_bytes(good)
        result.grown_mib = peak_mib() - before
    return result


def attempt(opened: Path, damaged: Path, result: Result) -> None:
    """Open once and note what happened; keep a file that broke a reader."""
    faulthandler.dump_traceback_later(HANGING_S, exit=True)
    start = time.perf_counter()
    try:
        result.outcomes[outcome(opened)] += 1
    except Exception:  # the very thing this script looks for
        result.escaped += 1
        kept = Path(f"escaped-{result.escaped}-{damaged.name}")
        kept.write_bytes(damaged.read_bytes())
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
    escaped = 0
    row = "{:<12} {:>7} {:>12} {:>17} {:>8} {:>11} {:>10}\n"
    heads = ("format", "opened", "FormatError", "CalibrationError", "escaped")
    sys.stdout.write(row.format(*heads, "slowest ms", "MiB grown"))
    for kind in [arguments.only] if arguments.only else SAMPLES:
        result = fuzz(kind, arguments.files, arguments.seed)
        counts = [result.outcomes[key] for key in ("opened", *heads[2:4])]
        slowest, grown = f"{1000 * result.slowest_s:.0f}", f"{result.grown_mib:.0f}"
        sys.stdout.write(row.format(kind, *counts, result.escaped, slowest, grown))
        sys.stdout.flush()
        escaped += result.escaped
    return int(escaped > 0)


if __name__ == "__main__":
    sys.exit(main())
