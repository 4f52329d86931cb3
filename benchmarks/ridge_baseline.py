"""Ridge regression from three latents to colour: the simplest honest baseline.

    python benchmarks/ridge_baseline.py PICTURES... [--most 40]

The regression is fitted to the pixels that the recolouring model keeps for its
nearest-neighbour baseline, on all products of the latents up to degree 3, and
scored like `napari-maxrf evaluate`.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures

from napari_maxrf.embedding import load_embedder
from napari_maxrf.pigments import load_palette
from napari_maxrf.pipeline import picture_paths, square_picture
from napari_maxrf.recolouring import load_recolourer, picture_metrics
from napari_maxrf.synthesis import SynthesisConfig, synthesise

DEGREE = 3
METRICS = ("ms_ssim", "uqi", "ciede2000", "compuphase")


def main() -> int:
    """Print the mean metrics of the regression."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pictures", type=Path, nargs="+")
    parser.add_argument("--most", type=int, default=0)
    arguments = parser.parse_args()
    embedder, recolourer = load_embedder(), load_recolourer()
    palette, config = load_palette("sarteano"), SynthesisConfig()
    if recolourer.reference is None:
        sys.stderr.write("The recolouring model holds no reference pixels.\n")
        return 1
    model = make_pipeline(PolynomialFeatures(DEGREE), Ridge())
    model.fit(*recolourer.reference)
    rows = []
    for path in picture_paths(arguments.pictures, arguments.most):
        original = square_picture(path, 256)
        scan = synthesise(original, palette, config).cube
        latents = embedder.embed(scan).standardised()
        colours = model.predict(latents.reshape(-1, 3)).reshape(original.shape)
        predicted = np.clip(colours, 0, 1).astype(np.float32)
        rows.append(picture_metrics(predicted, original))
    for name in METRICS:
        sys.stdout.write(f"{name:12} {np.mean([row[name] for row in rows]):.3f}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
