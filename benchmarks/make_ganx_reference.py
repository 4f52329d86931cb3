"""Make ganx_reference.json; run by a Python of its own that has ganx 0.0.2.

    python -m venv ganx && ganx/bin/pip install ganx==0.0.2
    ganx/bin/python benchmarks/make_ganx_reference.py

ganX (Bombini et al., arXiv 2304.14078) is not needed to run the tests.
"""

from __future__ import annotations

import contextlib
import io
import json
import tempfile
from pathlib import Path

import h5py
import numpy as np
from ganx.XRF_generator_classes import XRFGenerator

PIGMENTS = {
    "white": [240, 235, 229],
    "vermilion": [190, 58, 45],
    "ochre": [196, 148, 70],
    "azurite": [60, 99, 141],
    "malachite": [78, 141, 104],
    "black": [35, 31, 32],
}
COLOURS = [
    [0, 0, 0],
    [20, 24, 30],
    [118, 66, 40],
    [190, 58, 45],
    [205, 170, 120],
    [90, 110, 150],
    [70, 120, 90],
    [240, 240, 235],
    [255, 0, 255],
]
SIDE, N_BINS, COUNTS, SCANS = 8, 64, 400, 15


def dictionary(folder: Path) -> dict:
    """Write a made-up spectrum per pigment, and list them as ganX takes them."""
    rng = np.random.default_rng(20)
    x = np.linspace(0, 40, 2001)
    pigments = {}
    for name, colour in PIGMENTS.items():
        y = np.full(x.size, 0.05)
        lines = zip(rng.uniform(2, 35, 4), rng.exponential(1000, 4), strict=True)
        for centre, height in lines:
            y += height * np.exp(-0.5 * ((x - centre) / 0.15) ** 2)
        path = folder / f"{name}.h5"
        with h5py.File(path, "w") as file:
            file["x"], file["y"] = x, y
        pigments[name] = {"xrf": str(path), "RGB": colour}
    return pigments


def generator(pigments: dict, picture: np.ndarray) -> XRFGenerator:
    """Cluster the picture into as many colours as it has."""
    made = XRFGenerator(pigments, picture, len(COLOURS), COUNTS, rebin_size=N_BINS)
    clusters = made._rgbKMeansClustering
    clusters._N_min, clusters._N_max = len(COLOURS), len(COLOURS) + 1
    made.do_cluster()
    return made


def main() -> None:
    """Write colours, spectra and sums of samples beside this file."""
    tiles = np.array(COLOURS, np.uint8).reshape(3, 3, 3)
    picture = tiles.repeat(SIDE, axis=0).repeat(SIDE, axis=1) / 255.0
    with tempfile.TemporaryDirectory() as folder:
        pigments = dictionary(Path(folder))
        with contextlib.redirect_stdout(io.StringIO()):
            made = generator(pigments, picture)
            spectra = made._pigmentDataBaseUtils.pigments_dict_data
            colours = [rgb.max(axis=(0, 1)) for rgb in made._list_of_rgbs]
            scans = []
            for _ in range(SCANS):
                made._generated_XRF = np.zeros((*picture.shape[:2], N_BINS))
                scans.append(made.generate_xrf())
    expected = [made.get_distribution_from_rgb(c, spectra) for c in colours]
    by_tile = np.reshape(scans, (SCANS, 3, SIDE, 3, SIDE, N_BINS))
    by_tile = by_tile.transpose(1, 3, 0, 2, 4, 5).reshape(9, -1, N_BINS)
    reference = {
        "made_with": "ganx 0.0.2, make_ganx_reference.py",
        "pigment_colours": list(PIGMENTS.values()),
        "pigment_spectra": [spectra[name]["xrf"]["y"].tolist() for name in PIGMENTS],
        "tiles": COLOURS,
        "side": SIDE,
        "cluster_colours": np.array(colours).tolist(),
        "expected": np.array(expected).tolist(),
        "pixels_of_a_tile": by_tile.shape[1],
        "sums": by_tile.sum(axis=1).astype(int).tolist(),
        "sums_of_squares": (by_tile**2).sum(axis=1).astype(int).tolist(),
    }
    tests = Path(__file__).resolve().parents[1] / "tests" / "synthesis"
    path = tests / "ganx_reference.json"
    path.write_text(json.dumps(reference, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
