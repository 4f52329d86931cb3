"""Measure how much of a real scan's spectra simulated ones explain.

    python benchmarks/real_scan_mixture.py [--scan FILE] [--out FOLDER] [--kv 40 50]

Spectra of the scan of a painted copy of the *Creation of Adam* are fitted by mixtures,
with weights of at least 0, of what the physics computes for the palette of that copy.
Step by step the simulation gets what the real thing has. Prints Markdown tables and
draws the plots of `docs/real_scan_mixture.md`.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
from real_scan_fit import examine, read, region_labels, region_names
from real_scan_plots import draw_mean, draw_regions, draw_steps
from real_scan_tables import (
    ablation_table,
    composition_table,
    nickel_table,
    region_table,
    residual_table,
    setup_lines,
    step_table,
)

SCAN = Path("../shared/data/cubes/aurora_antico/prova1.h5")


def main() -> int:
    """Print the tables and draw the plots."""
    parser = argparse.ArgumentParser(
        description="Fit a real scan by mixtures of simulated spectra."
    )
    parser.add_argument("--scan", type=Path, default=SCAN, help="the file prova1.h5")
    parser.add_argument("--out", type=Path, help="folder for the plots")
    parser.add_argument(
        "--kv", type=float, nargs="*", default=[], help="tube voltages to try as well"
    )
    options = parser.parse_args()
    if not options.scan.is_file():
        print(
            f"There is no {options.scan}; give the scan with --scan.", file=sys.stderr
        )
        return 0
    scans = read(options.scan)
    labels = region_labels(scans)
    names = region_names(scans, labels)
    results = {name: examine(scan, labels, options.kv) for name, scan in scans.items()}
    sizes = np.bincount(labels.ravel()).tolist()
    tables = (
        step_table(results),
        region_table(results, names, sizes),
        residual_table(results),
        composition_table(results),
        ablation_table(results),
        nickel_table(results, labels, names),
        setup_lines(results),
    )
    print("\n\n".join(tables))
    if options.out is not None:
        draw_steps(options.out, results)
        draw_mean(options.out, results)
        draw_regions(options.out, results, labels, names)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
