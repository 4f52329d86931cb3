"""Time the spectra of the whole pigment table: computed, then from the cache.

    python benchmarks/pigment_table.py [--instrument chnet_mo] [--bins 512] [--runs 3]

Every run is a process of its own with a cache folder of its own: the first call
computes 88 spectra, the second finds them on disk, the third in memory. Starting
Python and importing the package are not counted.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile

COLUMNS = ("computed", "from disk", "in memory")
CHILD = """
import json, sys, time
from napari_maxrf.cube import EnergyAxis
from napari_maxrf.pigments import load_palette, _spectra
from dataclasses import replace
palette = replace(load_palette("pigments_all"), instrument=sys.argv[1])
axis = EnergyAxis.from_range(0.5, 38.5, int(sys.argv[2]))
palette.content_hash
seconds = []
for turn in range(3):
    if turn == 1:
        _spectra._rows_in_memory.cache_clear()
    start = time.perf_counter()
    palette.spectra(axis)
    seconds.append(time.perf_counter() - start)
print(json.dumps([len(palette), *seconds]))
"""


def one_run(instrument: str, bins: int) -> list[float]:
    """Time the three ways in a fresh process; return pigments and seconds."""
    with tempfile.TemporaryDirectory() as folder:
        changed = {"XDG_CACHE_HOME": folder, "LOCALAPPDATA": folder, "HOME": folder}
        done = subprocess.run(
            [sys.executable, "-c", CHILD, instrument, str(bins)],
            env=os.environ | changed,
            capture_output=True,
            text=True,
            check=True,
        )
    return json.loads(done.stdout)


def main() -> int:
    """Print the median seconds of each way."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--instrument", nargs="+", default=["chnet_mo", "m6_jetstream"])
    parser.add_argument("--bins", type=int, nargs="+", default=[512, 4096])
    parser.add_argument("--runs", type=int, default=3)
    arguments = parser.parse_args()
    sys.stdout.write(f"{'instrument':14} {'bins':>5} {'pigments':>8}")
    sys.stdout.write("".join(f" {name + ' (s)':>14}" for name in COLUMNS) + "\n")
    for instrument in arguments.instrument:
        for bins in arguments.bins:
            runs = [one_run(instrument, bins) for _ in range(arguments.runs)]
            middle = [statistics.median(column) for column in zip(*runs, strict=True)]
            sys.stdout.write(f"{instrument:14} {bins:5} {middle[0]:8.0f}")
            sys.stdout.write("".join(f" {s:14.4f}" for s in middle[1:]) + "\n")
            sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
