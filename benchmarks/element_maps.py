"""Fit element maps beside PyMca's fast fit: spectra per second, and equal areas.

    python benchmarks/element_maps.py --pymca PYTHON [--spectra 20000] [--runs 3]

PYTHON is that of an environment with PyMca5 and fisx (``pip install PyMca5 fisx``); the
variable MAXRF_PYMCA may name it instead. Both fit the same counts in memory by the
same columns, PyMca's own: 12 families of lines on 1450 channels, escape peaks, no
weights; once with a polynomial background and once with SNIP. PyMca runs with as many
threads as its BLAS likes and with one; the faster counts. They take turns, so that
whatever else the machine does falls on both. Wall and processor time are told: on a
busy machine the second is the fairer one.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from bars import Row, show

from napari_maxrf.analysis import DetectorState, LineModel
from napari_maxrf.analysis._linear_fit import LinearFit
from napari_maxrf.analysis._resolution import USUAL_RESOLUTION
from napari_maxrf.cube import EnergyAxis

WORKER = Path(__file__).with_name("pymca_fast_fit.py")
N_CHANNELS, GAIN_KEV = 2048, 0.012
MEAN_AREAS = {"Ca K": 3000, "Ti K": 800, "Mn K": 50, "Fe K": 1500, "Ni K": 100}
MEAN_AREAS |= {"Cu K": 700, "Zn K": 300, "As K": 0, "Sr K": 60, "Hg L": 2000}
MEAN_AREAS |= {"Pb L": 12000, "Pb M": 600}
SNIP_REACH, SMOOTHING = 24, 3
TIMES = 10
ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
"""Threads of a library hinder each other on few or busy cores."""


def pymca(python: str, folder: Path, mode: str, **more: str) -> dict[str, float]:
    """Run PyMca in its own environment."""
    command = [python, str(WORKER), str(folder), mode]
    told = {**os.environ, **more}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=told)
    lines = done.stdout.strip().splitlines()
    return json.loads(lines[-1]) if mode != "model" else {}


def line_model(folder: Path, background: str) -> LineModel:
    """Make PyMca's columns a model of ours."""
    facts = json.loads((folder / f"columns_{background}.json").read_text())
    first, last = facts["channels"]
    columns = np.zeros((N_CHANNELS, len(facts["names"])))
    columns[first:last] = np.load(folder / f"columns_{background}.npy")
    snip = background == "snip"
    return LineModel(
        detector=DetectorState(EnergyAxis(N_CHANNELS, 0.0, GAIN_KEV), USUAL_RESOLUTION),
        shells=(),
        n_mapped=0,
        names=tuple(facts["names"]),
        columns=columns,
        free=np.arange(len(facts["names"])) < facts["n_free"],
        channels=slice(first, last),
        weights=np.ones(N_CHANNELS),
        snip_reach=SNIP_REACH if snip else 0,
        smoothing=SMOOTHING if snip else 0,
    )


def draw(model: LineModel, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw counts of known areas: every element is absent from a third of them."""
    random = np.random.default_rng(0)
    lines = [index for index, name in enumerate(model.names) if name in MEAN_AREAS]
    means = np.array([MEAN_AREAS[model.names[index]] for index in lines])
    areas = means * random.gamma(2.0, 0.5, (n, len(lines)))
    areas *= random.random(areas.shape) > 1 / 3
    channel = np.arange(N_CHANNELS)
    continuum = 25 * np.exp(-channel / 600) + 3
    level = random.gamma(20.0, 0.05, (n, 1))
    spectra = np.empty((n, N_CHANNELS), np.uint16)
    for start in range(0, n, 2000):
        rows = slice(start, start + 2000)
        mean = areas[rows] @ model.columns[:, lines].T + level[rows] * continuum
        spectra[rows] = random.poisson(mean)
    return spectra, areas


def ours(model: LineModel, spectra: np.ndarray, errors: bool) -> dict[str, Any]:
    """Fit, and tell the time."""
    start, used = time.perf_counter(), time.process_time()
    fit = LinearFit(model)
    areas = fit.areas(spectra)
    if errors:
        fit.variances(spectra)
    return {
        "seconds": time.perf_counter() - start,
        "cpu_seconds": time.process_time() - used,
        "areas": areas,
    }


def told(name: str, runs: list[dict[str, Any]], n: int) -> tuple[float, float]:
    """Print spectra per second, by the clock and by the processor."""
    clock, cpu = (
        n / statistics.median(run[key] for run in runs)
        for key in ("seconds", "cpu_seconds")
    )
    sys.stdout.write(f"  {name:32} {clock:12,.0f} {cpu:18,.0f}\n")
    return clock, cpu


def compare(
    folder: Path, python: str, background: str, n: int, runs: int
) -> tuple[dict[str, float], float]:
    """Fit in turns, print speeds and differences, return ratios and the largest."""
    spectra, truth = np.load(folder / "spectra.npy"), np.load(folder / "truth.npy")
    model = line_model(folder, background)
    ours(model, spectra[:2000], errors=True)  # compiles
    theirs, alone, plain, full = [], [], [], []
    for _ in range(runs):
        theirs.append(pymca(python, folder, background))
        alone.append(pymca(python, folder, background, **ONE_THREAD))
        plain.append(ours(model, spectra, errors=False))
        full.append(ours(model, spectra, errors=True))
    sys.stdout.write(f"\n{background}: {n} spectra, {len(model.names)} columns\n")
    sys.stdout.write(f"  {'':32} {'spectra/s':>12} {'per processor s':>18}\n")
    slow = [
        max(pair)
        for pair in zip(
            told("PyMca, with errors", theirs, n),
            told("PyMca, one thread of its BLAS", alone, n),
            strict=True,
        )
    ]
    times = {}
    for name, one in (("napari-maxrf", plain), ("napari-maxrf, with errors", full)):
        fast = told(name, one, n)
        ratios = [
            round(ours / pymca, 1) for ours, pymca in zip(fast, slow, strict=True)
        ]
        sys.stdout.write(f"  {'  times PyMca':32} {ratios[0]:12} {ratios[1]:18}\n")
        times[name] = ratios[0]
    areas = plain[0]["areas"]
    return times, differences(folder, model, background, areas, truth, spectra)


def rows(python: str, n: int, runs: int) -> Iterator[Row]:
    """Measure both backgrounds; yield speed and agreement."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        pymca(python, folder, "model")
        spectra, truth = draw(line_model(folder, "polynomial"), n)
        np.save(folder / "spectra.npy", spectra)
        np.save(folder / "truth.npy", truth)
        for background in ("polynomial", "snip"):
            times, off = compare(folder, python, background, n, runs)
            yield from verdicts(background, times, off)


def verdicts(background: str, times: dict[str, float], off: float) -> Iterator[Row]:
    """Yield the rows of one background."""
    plain, full = times.values()
    yield Row(
        f"linear fit, {background} background, spectra/s",
        f"at least {TIMES} times PyMca's fast fit",
        f"{plain:.1f} times; {full:.1f} times with errors",
        plain >= TIMES,
    )
    yield Row(
        f"areas of that fit, {background}",
        "equal to PyMca's within statistics",
        f"rms at most {off:.2f} sigma apart",
        off < 1,
    )


def differences(
    folder: Path,
    model: LineModel,
    background: str,
    areas: np.ndarray,
    truth: np.ndarray,
    spectra: np.ndarray,
) -> float:
    """Print how far both lie from each other and from the truth, in errors.

    Return the largest of the distances between them, of all lines.
    """
    pymca_areas = np.load(folder / f"areas_{background}.npy")
    errors = np.sqrt(LinearFit(model).variances(spectra))
    names = list(MEAN_AREAS)
    at = [model.names.index(name) for name in names]
    error = errors[:, at].mean(axis=0)
    apart = (areas[:, at] - pymca_areas[at].T) / error
    distances = np.sqrt((apart**2).mean(axis=0))
    sys.stdout.write("  line    apart (rms, sigma)   bias ours   bias PyMca (sigma)\n")
    for index, name in enumerate(names):
        off = [
            float((found[:, index] - truth[:, index]).mean() / error[index])
            for found in (areas[:, at], pymca_areas[at].T)
        ]
        rms = distances[index]
        sys.stdout.write(f"  {name:6} {rms:18.3f} {off[0]:12.3f} {off[1]:12.3f}\n")
    if background == "polynomial":
        part = model.channels
        ours_left, theirs_left = (
            ((spectra[:, part] - found @ model.columns[part].T) ** 2).sum(axis=1)
            for found in (areas, pymca_areas.T)
        )
        unbound = LinearFit(replace(model, free=np.ones(len(names) + 5, bool)))
        inside = (unbound.areas(spectra)[:, at] >= 0).all(axis=1)
        sys.stdout.write(
            f"  no area negative in {inside.mean():.1%} of the spectra; there apart by "
            f"at most {np.abs(apart[inside]).max(initial=0):.1e} sigma\n"
            "  sum of squares smaller here / there in "
            f"{(ours_left < theirs_left * (1 - 1e-7)).mean():.1%} / "
            f"{(theirs_left < ours_left * (1 - 1e-7)).mean():.1%} of the spectra\n"
        )
    return float(distances.max())


def main() -> None:
    """Measure both backgrounds."""
    parser = argparse.ArgumentParser(description=__doc__)
    python = os.environ.get("MAXRF_PYMCA")
    parser.add_argument("--pymca", default=python, help="a Python that has PyMca5")
    parser.add_argument("--spectra", type=int, default=20_000)
    parser.add_argument("--runs", type=int, default=3)
    arguments = parser.parse_args()
    if not arguments.pymca:
        parser.exit(0, "element_maps: no PyMca to compare with; name one by --pymca.\n")
    measured = list(rows(arguments.pymca, arguments.spectra, arguments.runs))
    sys.stdout.write("\n")
    show(measured)


if __name__ == "__main__":
    main()
