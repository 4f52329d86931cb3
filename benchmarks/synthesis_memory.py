"""Resident memory of ``napari-maxrf synthesise`` for pictures of different sizes.

``python benchmarks/synthesis_memory.py 1 10 100 --blocks 60`` makes pictures of so
many megapixels, runs the command on each in a process of its own, and prints peak
resident memory, pixels per second and bytes per pixel. With ``--blocks`` a run is
stopped after so many blocks: whatever grows with the picture has then been made.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("megapixels", type=float, nargs="+")
    parser.add_argument("--bins", type=int, default=1024)
    parser.add_argument("--suffix", choices=("tif", "png"), default="tif")
    parser.add_argument("--blocks", type=int, default=0, help="0: all")
    parser.add_argument("--folder", type=Path, help="Where the scans are written.")
    parser.add_argument("--one", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.one:
        _run_one(asked.one, asked.bins, asked.blocks)
        return
    sys.stdout.write("megapixels  picture  peak MiB  prepared s  pixels/s  B/pixel\n")
    for size in asked.megapixels:
        with tempfile.TemporaryDirectory(dir=asked.folder) as folder:
            path = Path(folder) / f"picture.{asked.suffix}"
            _make_picture(path, size)
            options = ["--bins", str(asked.bins), "--blocks", str(asked.blocks)]
            words = [sys.executable, __file__, "0", "--one", str(path), *options]
            told = subprocess.run(words, check=True, capture_output=True, text=True)
            sys.stdout.write(f"{size:10g}  {asked.suffix:>7}{told.stdout}")
            sys.stdout.flush()


def _make_picture(path: Path, megapixels: float) -> None:
    """Write smooth colours with some noise, row by row."""
    import tifffile
    from PIL import Image

    side = round((megapixels * 1e6) ** 0.5)
    x = np.linspace(0, 6, side, dtype=np.float32)
    rng = np.random.default_rng(0)
    shape = (side, side, 3)
    target = path if path.suffix == ".tif" else path.with_suffix(".raw.tif")
    levels = tifffile.memmap(target, shape=shape, dtype=np.uint8, photometric="rgb")
    for row, y in enumerate(x):
        waves = np.stack([np.sin(x + y), np.cos(x - 2 * y), np.sin(x * y)], axis=1)
        noise = rng.integers(-4, 5, (side, 1), dtype=np.int16)
        levels[row] = np.clip(127 + 110 * waves + noise, 0, 255).astype(np.uint8)
    levels.flush()
    if path.suffix != ".tif":
        Image.fromarray(np.asarray(levels)).save(path, compress_level=1)


def _run_one(path: Path, n_bins: int, n_blocks: int) -> None:
    """Do the work of the command and print what it took."""
    from napari_maxrf.io import save_blocks_steps
    from napari_maxrf.pigments import load_palette
    from napari_maxrf.progress import finish
    from napari_maxrf.synthesis import SynthesisConfig, picture_rows, scan_blocks_steps

    start = time.monotonic()
    config = SynthesisConfig(n_bins=n_bins)
    picture = picture_rows(path)
    scan = finish(scan_blocks_steps(picture, load_palette("sarteano"), config))
    prepared, done = time.monotonic(), 0
    out = path.with_name("scan.maxrf")
    steps = save_blocks_steps(scan, out)
    for record in steps:
        done = record.done
        if n_blocks and done >= n_blocks:
            break
    steps.close()
    spent = time.monotonic() - prepared
    written = out if out.exists() else out.with_name("scan.maxrf.part")
    pixels = min(done * 4096, picture.shape[0] * picture.shape[1])
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sys.stdout.write(
        f"{peak:10.0f}{prepared - start:12.1f}{pixels / spent:10.0f}"
        f"{written.stat().st_size / pixels:9.0f}\n"
    )


if __name__ == "__main__":
    main()
