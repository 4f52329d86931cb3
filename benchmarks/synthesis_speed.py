"""Synthesis beside ganX, plain writing and numpy's Poisson numbers.

    python benchmarks/synthesis_speed.py [--ganx PYTHON] [--side 256] [--runs 5]

PYTHON is that of an environment with ganx 0.0.2. All run in one sitting; medians.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from napari_maxrf.pigments import load_palette
from napari_maxrf.pipeline import square_picture
from napari_maxrf.samples import sample_path
from napari_maxrf.synthesis import (
    SynthesisConfig,
    cluster_colours,
    photon_sampler,
    synthesise,
)

GANX = """
import time, sys, io, contextlib
import numpy as np
from ganx.XRF_generator_classes import XRFGenerator
side, n_bins, k = map(int, sys.argv[1:])
q = np.random.default_rng(0).exponential(size=n_bins)
q /= q.sum()
start = time.perf_counter()
for _ in range(k):
    total = XRFGenerator.get_xrf_distr_2D(400, q, (side, side))
print(time.perf_counter() - start)
"""
"""The loop of ganX over its clusters without what little it does around it."""
GANX_SIDE, GANX_CLUSTERS = 64, 10


def seconds(work: Callable[[], Any], runs: int) -> float:
    """Return the median time of `work` after one warm-up."""
    work()
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def ganx_rate(python: str, n_bins: int, runs: int) -> float:
    """Pixels per second of ganX on a smaller picture; its rate falls with size."""
    command = [python, "-c", GANX, str(GANX_SIDE), str(n_bins), str(GANX_CLUSTERS)]
    times = [
        float(subprocess.run(command, check=True, capture_output=True).stdout)
        for _ in range(runs)
    ]
    return GANX_SIDE**2 / statistics.median(times)


def report(name: str, value: float, unit: str) -> None:
    """Print one line."""
    sys.stdout.write(f"{name:44} {value:14,.4g} {unit}\n")
    sys.stdout.flush()


def compare(
    side: int, n_bins: int, counts: float, arguments: argparse.Namespace
) -> None:
    """Measure one number of bins and counts."""
    picture = square_picture(sample_path("mockup.png"), side)
    config = SynthesisConfig(n_bins=n_bins, counts=counts)
    made = synthesise(picture, load_palette("sarteano"), config)
    labels, index = made.clusters.labels.ravel(), np.arange(side * side)
    sampler = photon_sampler(made.expected, counts, 0)
    shape = (side * side, n_bins)
    sys.stdout.write(f"\n{side} x {side} pixels, {n_bins} bins, {counts:g} counts\n")
    ours = seconds(lambda: sampler.draw(labels, index, threads=2), arguments.runs)
    filled = seconds(lambda: np.full(shape, 1, np.uint16), arguments.runs)
    report("ours, two threads", side**2 / ours, "pixels/s")
    report("share of the bandwidth of filling the array", 100 * filled / ours, "%")
    lazy = seconds(made.cube.counts.compute, arguments.runs)
    report("ours, through the lazy cube", side**2 / lazy, "pixels/s")
    if counts > 1000:
        few = (made.expected * counts)[labels[:4096]]
        rng = np.random.default_rng(0)
        numpy_rate = len(few) / seconds(lambda: rng.poisson(few), 3)
        report("times numpy's Generator.poisson", side**2 / ours / numpy_rate, "")
    elif arguments.ganx:
        rate = ganx_rate(arguments.ganx, n_bins, 3)
        report("ganX", rate, "pixels/s")
        report("times ganX", side**2 / ours / rate, "")


def shares(side: int, runs: int) -> None:
    """Print what part of a whole synthesis each stage takes."""
    picture = square_picture(sample_path("mockup.png"), side)
    palette, config = load_palette("sarteano"), SynthesisConfig(n_bins=1024)
    made = synthesise(picture, palette, config)
    clusters = seconds(
        lambda: cluster_colours(picture, config.k_min, config.k_max), runs
    )
    setting_up = seconds(lambda: synthesise(picture, palette, config), runs)
    drawing = seconds(made.cube.counts.compute, runs)
    whole = setting_up + drawing
    sys.stdout.write(f"\nstages of {side} x {side} pixels, 1024 bins, 400 counts\n")
    report("colour clusters", 100 * clusters / whole, "%")
    report("mixtures and spectra", 100 * (setting_up - clusters) / whole, "%")
    report("sampling and writing", 100 * drawing / whole, "%")


def main() -> int:
    """Print every comparison."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ganx", help="Python of an environment with ganx 0.0.2")
    parser.add_argument("--side", type=int, default=256)
    parser.add_argument("--runs", type=int, default=5)
    arguments = parser.parse_args()
    for n_bins, counts in ((512, 400.0), (1024, 400.0), (1024, 30000.0)):
        compare(arguments.side, n_bins, counts, arguments)
    shares(1024, 1)
    return 0


if __name__ == "__main__":
    sys.exit(main())
