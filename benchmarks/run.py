"""Measure every stage on one synthetic megapixel-like load and print a table.

    python benchmarks/run.py [--side 512] [--runs 3]

Times of one machine say little; the columns to compare are the ratios between
stages, and the same row before and after a change, measured in one sitting.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from napari_maxrf.embedding import load_embedder
from napari_maxrf.pigments import load_palette
from napari_maxrf.pipeline import square_picture
from napari_maxrf.recolouring import load_recolourer
from napari_maxrf.samples import sample_path
from napari_maxrf.synthesis import SynthesisConfig, cluster_colours, synthesise


def median_seconds(work: Callable[[], Any], runs: int) -> float:
    """Time `work` after one warm-up."""
    work()
    seconds = []
    for _ in range(runs):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


def stages(side: int) -> dict[str, Callable[[], Any]]:
    """Return the stages on the mock-up, `side` pixels square."""
    picture = square_picture(sample_path("mockup.png"), side)
    palette, config = load_palette("sarteano"), SynthesisConfig()
    synthetic = synthesise(picture, palette, config)
    counts = synthetic.cube.counts
    embedder, recolourer = load_embedder(), load_recolourer()
    embedded = embedder.embed(synthetic.cube)
    shape, kind = counts.shape, counts.dtype
    return {
        "cluster colours": lambda: cluster_colours(
            picture, config.k_min, config.k_max, config.seed
        ),
        "sample photons": counts.compute,
        "fill the same array": lambda: np.full(shape, 1, kind),
        "sample and embed": lambda: embedder.embed(synthetic.cube),
        "recolour": lambda: recolourer.recolour(embedded),
    }


def main() -> int:
    """Print seconds and pixels per second of each stage."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--side", type=int, default=512)
    parser.add_argument("--runs", type=int, default=3)
    arguments = parser.parse_args()
    pixels = arguments.side**2
    sys.stdout.write(f"{'stage':22} {'seconds':>9} {'pixels/s':>12}\n")
    for name, work in stages(arguments.side).items():
        seconds = median_seconds(work, arguments.runs)
        sys.stdout.write(f"{name:22} {seconds:9.3f} {pixels / seconds:12,.0f}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
