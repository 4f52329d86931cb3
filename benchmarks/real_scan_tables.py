"""The results of `real_scan_mixture` as Markdown tables."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
from real_scan_fit import (
    FIRST_COLUMN,
    PIXELS,
    STEPS,
    Result,
    Score,
    group_counts,
    region_sums,
)

LINES_KEV = {
    "S K, Pb M, Hg M": (2.05, 2.75),
    "Ar K, Ag L": (2.80, 3.30),
    "Ca Ka": (3.55, 3.85),
    "Ca Kb": (3.88, 4.16),
    "Ti Ka": (4.36, 4.66),
    "Ti Kb": (4.80, 5.08),
    "Cr Ka": (5.28, 5.55),
    "Mn Ka": (5.76, 6.04),
    "Fe Ka": (6.24, 6.56),
    "Fe Kb": (6.90, 7.22),
    "Ni Ka": (7.32, 7.63),
    "Cu Ka": (7.88, 8.20),
    "Zn Ka, Hg Ll": (8.48, 8.88),
    "Pb Ll": (9.00, 9.38),
    "Hg La": (9.80, 10.18),
    "Pb La": (10.35, 10.75),
    "Hg Lb": (11.65, 12.05),
    "Pb Lb": (12.35, 12.90),
    "Sr Ka, Hg Lg": (13.95, 14.35),
    "Pb Lg": (14.55, 15.40),
    "continuum": (16.0, 19.5),
    "Compton": (19.5, 21.75),
    "Rayleigh": (21.85, 22.45),
    "Sb Ka": (26.15, 26.60),
    "above 27 keV": (27.0, 29.6),
}


def step_table(results: Mapping[str, Result]) -> str:
    """Write the scores of all steps as Markdown."""
    head = "| step | " + " | ".join(
        f"{name}: chi2, chi2 of a pixel, explained, R2" for name in results
    )
    rows = [
        f"| {step.title} | "
        + " | ".join(_cells(result.steps[k]) for result in results.values())
        + " |"
        for k, step in enumerate(STEPS)
    ]
    return "\n".join([head + " |", "|---" * (len(results) + 1) + "|", *rows])


def _cells(one: Score) -> str:
    return f"{one.chi2:.0f}, {one.pixel_chi2:.2f}, {one.explained:.1%}, {one.r2:.4f}"


def region_table(
    results: Mapping[str, Result], names: tuple[str, ...], sizes: list[int]
) -> str:
    """Write the scores of all regions as Markdown."""
    head = "| region | pixels | " + " | ".join(results)
    rows = [
        f"| {k + 1} {name} | {size} | "
        + " | ".join(_cells(result.region_scores[k]) for result in results.values())
        + " |"
        for k, (name, size) in enumerate(zip(names, sizes, strict=True))
    ]
    return "\n".join([head + " |", "|---" * (len(results) + 2) + "|", *rows])


def residual_table(results: Mapping[str, Result]) -> str:
    """Write what is left of the mean spectrum, line by line.

    In percent of all counts, in percent of the counts of the window, and in sigma of
    one pixel.
    """
    rows = [f"| line | {' | '.join(results)} |", "|---" * (len(results) + 1) + "|"]
    for name, (low, high) in LINES_KEV.items():
        cells = []
        for result in results.values():
            cells.append(_left(result, low, high))
        rows.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(rows)


def _left(result: Result, low: float, high: float) -> str:
    scan, fitted = result.scan, result.mean.fitted
    counts = scan.total(slice(FIRST_COLUMN, None))[scan.window]
    energy = result.setup.axis.centres_kev[scan.window]
    seen = (energy >= low) & (energy < high)
    left, there = (counts - fitted)[seen].sum(), counts[seen].sum()
    pixels = scan.counts[:, FIRST_COLUMN:, 0].size
    sigma = left / pixels / np.sqrt(fitted[seen].sum() / pixels)
    return f"{left / counts.sum():+.2%}, {left / there:+.1%}, {sigma:+.1f}"


def composition_table(results: Mapping[str, Result]) -> str:
    """Write how the mean spectrum divides between the groups."""
    groups = list(dict.fromkeys(next(iter(results.values())).parts.groups))
    rows = [f"| share of the counts | {' | '.join(results)} |"]
    rows.append("|---" * (len(results) + 1) + "|")
    for group in groups:
        shares = [
            group_counts(r)[group].sum() / r.mean.fitted.sum() for r in results.values()
        ]
        rows.append(f"| {group} | {' | '.join(f'{s:.1%}' for s in shares)} |")
    return "\n".join(rows)


def ablation_table(results: Mapping[str, Result]) -> str:
    """Write how much worse the last step does without one thing, or at another kV."""
    rows = [f"| last step, but | {' | '.join(results)} |"]
    rows.append("|---" * (len(results) + 1) + "|")
    first = next(iter(results.values()))
    for group in first.without:
        cells = [_cells(result.without[group]) for result in results.values()]
        rows.append(f"| without {group} | {' | '.join(cells)} |")
    for kv in first.voltages:
        cells = [_cells(result.voltages[kv]) for result in results.values()]
        rows.append(f"| at {kv:g} kV | {' | '.join(cells)} |")
    return "\n".join(rows)


def nickel_table(
    results: Mapping[str, Result],
    labels: npt.NDArray[np.int_],
    names: tuple[str, ...],
) -> str:
    """Write net counts per pixel of Ni Ka and Sb Ka in every region.

    Counts in the peak less those in channels beside it, with their Poisson errors.
    """
    sums = {name: region_sums(r.scan, labels) for name, r in results.items()}
    sizes = np.bincount(labels.ravel())
    head = " | ".join(f"{name}: Ni Ka, Sb Ka" for name in results)
    rows = [f"| region | {head} |", "|---" * (len(results) + 1) + "|"]
    for k, region in enumerate(names):
        cells = []
        for name, result in results.items():
            energy = result.setup.axis.centres_kev
            nets = [_net(sums[name][k], energy, place) for place in (7.475, 26.36)]
            cells.append(
                ", ".join(f"{v / sizes[k]:.1f} ± {e / sizes[k]:.1f}" for v, e in nets)
            )
        rows.append(f"| {k + 1} {region} | {' | '.join(cells)} |")
    return "\n".join(rows)


def _net(
    spectrum: npt.NDArray[np.float64], energy: npt.NDArray[np.float64], place: float
) -> tuple[float, float]:
    away = np.abs(energy - place)
    peak, beside = away < 0.13, (away > 0.18) & (away < 0.35)
    share = peak.sum() / beside.sum()
    above, below = spectrum[peak].sum(), spectrum[beside].sum()
    return float(above - share * below), float(np.sqrt(above + share**2 * below))


def setup_lines(results: Mapping[str, Result]) -> str:
    """Say what was fitted on the left half, and how single pixels do."""
    return "\n".join(_setup_line(name, result) for name, result in results.items())


def _setup_line(name: str, result: Result) -> str:
    axis, detector = result.setup.axis, result.setup.instrument.detector
    return (
        f"- {name}: axis {axis.offset_kev:+.4f} keV + {axis.gain_kev:.6f} keV n, "
        f"s0 {detector.s0_kev2:.2e} keV2, s1 {detector.s1_kev:.2e} keV; "
        f"{PIXELS} pixels one by one: median reduced chi-square "
        f"{np.median(result.pixels.chi2_reduced):.2f}, explained "
        f"{np.median(result.pixels.explained):.1%} of at most "
        f"{_highest_share(result.pixels.fitted):.1%} that noise allows"
    )


def _highest_share(expected: npt.NDArray[np.float64]) -> float:
    """Return the share that the true model would explain, at the median.

    Counts miss their expectation m by ``sqrt(2 m / pi)`` in the mean, half of it
    below.
    """
    missed = np.sqrt(2 * expected / np.pi).sum(axis=-1) / 2
    return float(np.median(1 - missed / expected.sum(axis=-1)))
