"""Fit a stack of spectra with PyMca, for `element_maps.py`.

    python benchmarks/pymca_fast_fit.py FOLDER MODE

Runs in an environment of its own, with PyMca5 and fisx. MODE ``model`` writes the
columns of PyMca's linear model to FOLDER/columns_*.npy; ``polynomial`` and ``snip``
fit FOLDER/spectra.npy, write the areas, and print seconds as JSON.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import numpy as np
from PyMca5.PyMcaPhysics.xrf import FastXRFLinearFit
from PyMca5.PyMcaPhysics.xrf.ClassMcaTheory import McaTheory

PEAKS = {
    "Ca": ["K"],
    "Ti": ["K"],
    "Mn": ["K"],
    "Fe": ["K"],
    "Ni": ["K"],
    "Cu": ["K"],
    "Zn": ["K"],
    "As": ["K"],
    "Sr": ["K"],
    "Hg": ["L"],
    "Pb": ["L", "M"],
}
"""Twelve families of lines."""

N_CHANNELS = 2048
FIRST, LAST = 150, 1600
"""Fitted channels, 1450 of them."""

SNIP_WIDTH = 24


def configuration(background: str) -> dict:
    """Return a fit configuration; the background is ``polynomial`` or ``snip``."""
    config = McaTheory().getConfiguration()
    config["peaks"] = PEAKS
    snip = background == "snip"
    config["fit"].update(
        xmin=FIRST,
        xmax=LAST - 1,
        stripflag=int(snip),
        stripalgorithm=1,
        snipwidth=SNIP_WIDTH,
        stripfilterwidth=5,
        continuum=0 if snip else 4,
        linpolorder=4,
        sumflag=0,
        scatterflag=0,
        escapeflag=1,
        hypermetflag=1,
        linearfitflag=1,
        fitweight=0,
    )
    config["detector"].update(zero=0.0, gain=0.012, noise=0.08, fano=0.114, sum=0.0)
    return config


def columns(background: str) -> tuple[np.ndarray, list[str], int]:
    """Return PyMca's columns (channels, n), their names, and how many are free."""
    fit = FastXRFLinearFit.FastXRFLinearFit()
    fit._fitConfigure(configuration=configuration(background), weight=0, nSpectra=1)
    x = np.arange(N_CHANNELS, dtype=np.float64)
    y = 1e4 * np.exp(-x / 700) + 1e3
    fit._mcaTheory.setData(x=x, y=y, xmin=FIRST, xmax=LAST - 1)
    made, names, _, n_free = fit._fitCreateModel(dtype=np.float64)
    return made, names, n_free


def main() -> int:
    """Do what the mode says."""
    folder, mode = Path(sys.argv[1]), sys.argv[2]
    if mode == "model":
        for background in ("polynomial", "snip"):
            made, names, n_free = columns(background)
            np.save(folder / f"columns_{background}.npy", made)
            facts = {"names": names, "n_free": n_free, "channels": [FIRST, LAST]}
            (folder / f"columns_{background}.json").write_text(json.dumps(facts))
        return 0
    spectra = np.load(folder / "spectra.npy")
    x = np.arange(spectra.shape[-1], dtype=np.float64)
    fit = FastXRFLinearFit.FastXRFLinearFit()
    start, used = time.perf_counter(), time.process_time()
    result = fit.fitMultipleSpectra(
        x=x, y=spectra, configuration=configuration(mode), weight=0, refit=True
    )
    seconds = time.perf_counter() - start
    np.save(folder / f"areas_{mode}.npy", np.asarray(result["parameters"]))
    cpu = time.process_time() - used
    sys.stdout.write(json.dumps({"seconds": seconds, "cpu_seconds": cpu}) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
