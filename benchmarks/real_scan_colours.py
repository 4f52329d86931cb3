"""How near the predicted colours of a real scan come to a photograph.

    python benchmarks/real_scan_colours.py [--embedding E] [--model M] [--out PICTURE]

Embeds and recolours the scan of two painted hands of the optional test data, and
compares with the photograph that was brought into register with it (which shows the
fresco, not the scanned copy), columns 5 to 119. Without options the shipped models
are judged.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np

from napari_maxrf.analysis import recalibrated
from napari_maxrf.colours import ciede2000, srgb_to_lab
from napari_maxrf.embedding import load_embedder
from napari_maxrf.io import open_cube
from napari_maxrf.pictures import load_picture, save_picture
from napari_maxrf.recolouring import load_recolourer

SCANS = Path(__file__).resolve().parents[2] / "shared" / "data" / "cubes"
FOLDER = SCANS / "aurora_antico"
OBJECT = np.s_[:, 5:]
"""The scan begins outside the object."""


def row(name: str, picture: np.ndarray, truth: np.ndarray) -> str:
    """Return correlations of R, G, B, L*, a*, b* and the mean CIEDE2000."""
    lab, true_lab = srgb_to_lab(picture), srgb_to_lab(truth)
    planes = np.concatenate([picture, lab], axis=2).reshape(-1, 6).T
    true_planes = np.concatenate([truth, true_lab], axis=2).reshape(-1, 6).T
    pairs = zip(planes, true_planes, strict=True)
    with np.errstate(invalid="ignore"):
        related = [np.corrcoef(ours, true)[0, 1] for ours, true in pairs]
    shown = " ".join(f"{value:6.2f}" for value in related)
    return f"{name:12} {shown} {ciede2000(lab, true_lab).mean():9.1f}\n"


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scan", type=Path, default=FOLDER / "prova1.h5")
    parser.add_argument("--photo", type=Path, default=FOLDER / "rgb_proxy_prova1.png")
    parser.add_argument("--embedding", type=Path)
    parser.add_argument("--model", type=Path)
    parser.add_argument("--out", type=Path, help="Where to save the picture.")
    arguments = parser.parse_args()
    if not arguments.scan.exists():
        sys.stdout.write(f"skipped: {arguments.scan} is not here\n")
        return 0
    embedder = load_embedder(arguments.embedding)
    embedded = embedder.embed(recalibrated(open_cube(arguments.scan)))
    recolourer = load_recolourer(arguments.model)
    picture = recolourer.recolour(embedded)
    if arguments.out:
        save_picture(arguments.out, picture)
    truth = load_picture(arguments.photo)[OBJECT]
    unknown = recolourer.unknown_pixels(embedded).mean()
    flat = np.broadcast_to(truth.mean(axis=(0, 1)), truth.shape)
    sys.stdout.write(f"{unknown:.0%} of the pixels are unlike any in training\n")
    sys.stdout.write(f"{'':12}      R      G      B     L*     a*     b* CIEDE2000\n")
    sys.stdout.write(row("recoloured", picture[OBJECT], truth))
    sys.stdout.write(row("flat colour", flat, truth))
    return 0


if __name__ == "__main__":
    sys.exit(main())
