"""Hold the ideal observer against slow sums and drawn photons, and time it.

Run ``python benchmarks/ideal_observer.py``; docs/palettes.md quotes what it prints.
"""

from __future__ import annotations

import time
from functools import reduce
from math import sqrt

import numpy as np
from scipy import stats

from napari_maxrf.pigments import distinguishability, load_palette
from napari_maxrf.pigments._observer import ideal_error
from napari_maxrf.synthesis import SynthesisConfig, sample_spectra

DRAWS = 40_000


def summed_error(p: np.ndarray, q: np.ndarray, counts: float) -> float:
    """Sum half of min(P, Q) over all outcomes of a few channels."""
    number = np.arange(int(counts + 12 * sqrt(counts) + 25))
    chances = (
        reduce(np.multiply.outer, [stats.poisson.pmf(number, m * counts) for m in s])
        for s in (p, q)
    )
    return float(np.minimum(*chances).sum() / 2)


def random_pair(rng: np.random.Generator, kind: int) -> np.ndarray:
    """Return two spectra of three channels: alike or not, some with a zero."""
    p, q = 10 ** rng.uniform(-5, 0, (2, 3))
    if kind % 3 == 0:
        q = p * np.exp(rng.normal(0, 10 ** rng.uniform(-2, 0.5), 3))
    if kind % 5 == 0:
        q[rng.integers(3)] = 0
    pair = np.array([p, q])
    return pair / pair.sum(axis=1, keepdims=True)


def against_sums(n: int = 1500) -> None:
    rng = np.random.default_rng(0)
    deviations = []
    for kind in range(n):
        pair, counts = random_pair(rng, kind), 10 ** rng.uniform(-1, 1.7)
        exact = summed_error(*pair, counts)
        if exact > 1e-12:
            deviations.append(abs(ideal_error(*pair, counts)[0] / exact - 1))
    half, most, worst = np.quantile(deviations, [0.5, 0.99, 1])
    print(
        f"{len(deviations)} pairs of three channels against the sum over all outcomes: "
        f"half within {half:.1g}, 99 % within {most:.1g}, the worst {worst:.1g}"
    )


def against_draws(n: int = 100) -> None:
    palette, axis = load_palette("pigments_all"), SynthesisConfig().axis
    deviations: list[float] = []
    for counts in (50, 400):
        found = distinguishability(palette, axis, counts)
        rows, columns = np.nonzero(np.triu(found.errors, 1) > 2e-3)
        for k in np.linspace(0, len(rows) - 1, n).astype(int):
            pair = found.spectra[[rows[k], columns[k]]]
            expected = found.errors[rows[k], columns[k]]
            share = drawn_error(pair, counts, seed=977 * int(k) + counts)
            deviations.append(
                (share - expected) / sqrt(expected * (1 - expected) / DRAWS)
            )
    print(
        f"{len(deviations)} pairs of the table against {DRAWS} drawn spectra each: "
        f"deviations {np.mean(deviations):.2f} +- {np.std(deviations):.2f} of what "
        f"chance gives, the largest {np.abs(deviations).max():.1f}"
    )


def drawn_error(pair: np.ndarray, counts: float, seed: int) -> float:
    """Judge drawn spectra by their likelihood ratio."""
    truth = np.repeat([0, 1], DRAWS // 2)
    drawn = sample_spectra(pair, truth, counts, seed=seed)
    with np.errstate(divide="ignore"):
        steps = np.nan_to_num(np.log(pair[0]) - np.log(pair[1]))
    return float(np.mean((drawn @ steps < 0) != truth))


def speed() -> None:
    palette = load_palette("pigments_all")
    for n_bins in (512, 4096):
        axis = SynthesisConfig(n_bins=n_bins).axis
        for counts in (50, 400, 30_000):
            distinguishability(palette, axis, counts)
            start, used = time.perf_counter(), time.process_time()
            distinguishability(palette, axis, counts)
            start, used = time.perf_counter() - start, time.process_time() - used
            print(
                f"88 pigments, {n_bins} bins, {counts} counts, spectra known: "
                f"{start:.2f} s, {used:.2f} s of processor"
            )


if __name__ == "__main__":
    against_sums()
    against_draws()
    speed()
