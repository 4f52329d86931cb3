"""The plots of `real_scan_mixture`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import numpy.typing as npt
from real_scan_fit import FIRST_COLUMN, STEPS, Result, group_counts

GROUP_COLOURS = {
    "paint": "#c44e52",
    "nickel yellow": "#d9a400",
    "support": "#8c6d46",
    "air": "#4c9ed9",
    "metal": "#55a868",
    "hard": "#8172b3",
    "flat": "#999999",
}
MARKED_KEV = {
    "Pb M": 2.35,
    "Ar": 2.96,
    "Ca": 3.69,
    "Ti": 4.51,
    "Cr": 5.41,
    "Fe": 6.40,
    "Ni": 7.47,
    "Cu": 8.04,
    "Hg L\u03b1": 9.99,
    "Pb L\u03b1": 10.55,
    "Hg L\u03b2": 11.82,
    "Pb L\u03b2": 12.62,
    "Pb L\u03b3": 14.76,
    "Compton": 20.65,
    "Ag K": 22.16,
    "Sb": 26.36,
}
_DPI = 75


def draw_mean(out: Path, results: Mapping[str, Result]) -> None:
    """Draw the mean spectra with the groups of the fit, and residuals below."""
    figure, axes = plt.subplots(
        2 * len(results),
        1,
        figsize=(11, 5.2 * len(results)),
        height_ratios=[3, 1.3] * len(results),
        sharex=True,
        layout="constrained",
    )
    for index, result in enumerate(results.values()):
        _draw_spectrum(axes[2 * index], result)
        _draw_residuals(axes[2 * index + 1], result)
    handles, texts = axes[0].get_legend_handles_labels()
    figure.legend(handles, texts, ncols=9, fontsize=8, loc="outside upper center")
    axes[-1].set_xlabel("energy (keV)")
    axes[-1].set_xlim(0.5, 30)
    _save(figure, out / "physics_realscan_mean.png")


def _draw_spectrum(axes: Any, result: Result) -> None:
    scan, pixels = result.scan, result.scan.counts[:, FIRST_COLUMN:, 0].size
    energy = result.setup.axis.centres_kev[scan.window]
    counts = scan.total(slice(FIRST_COLUMN, None))[scan.window] / pixels
    for group, added in group_counts(result).items():
        axes.semilogy(
            energy, added / pixels, lw=0.9, color=GROUP_COLOURS[group], label=group
        )
    axes.semilogy(energy, counts, color="black", lw=1.6, label="measured")
    axes.semilogy(
        energy, result.mean.fitted / pixels, color="#ff7f0e", lw=0.9, label="sum"
    )
    axes.set_ylim(0.1, 9000)
    axes.set_ylabel("counts per channel\nand pixel")
    axes.set_title(f"detector {scan.detector}, mean of all pixels", loc="left")
    for name, place in MARKED_KEV.items():
        axes.annotate(
            name, (place, 900), fontsize=7, rotation=90, ha="center", va="bottom"
        )


def _draw_residuals(axes: Any, result: Result) -> None:
    scan, pixels = result.scan, result.scan.counts[:, FIRST_COLUMN:, 0].size
    energy = result.setup.axis.centres_kev[scan.window]
    axes.axhspan(-1, 1, color="0.92")
    axes.plot(energy, result.mean.residuals / np.sqrt(pixels), color="black", lw=0.9)
    for place in MARKED_KEV.values():
        axes.axvline(place, color="0.8", lw=0.5, zorder=0)
    axes.set_ylim(-3.2, 3.2)
    axes.set_ylabel("residual (\u03c3\nof one pixel)")


def draw_steps(out: Path, results: Mapping[str, Result]) -> None:
    """Draw the reduced chi-square of one pixel over the steps."""
    figure, axes = plt.subplots(figsize=(9, 4.2), layout="constrained")
    places = np.arange(len(STEPS))
    for shift, (name, result) in zip((-0.2, 0.2), results.items(), strict=True):
        values = [one.pixel_chi2 - 1 for one in result.steps]
        bars = axes.barh(places + shift, values, 0.38, label=f"detector {name}")
        axes.bar_label(
            bars, [f"{value:.2f}" for value in values], padding=2, fontsize=7
        )
    axes.set_yticks(places, [step.title for step in STEPS])
    axes.invert_yaxis()
    axes.set_xscale("log")
    axes.set_xlim(0.03, 400)
    axes.axvline(1, color="0.6", lw=0.8, zorder=0)
    axes.set_xlabel("reduced chi-square of one pixel, less 1 (right half)")
    axes.legend(loc="lower right")
    _save(figure, out / "physics_realscan_steps.png")


def draw_regions(
    out: Path,
    results: Mapping[str, Result],
    labels: npt.NDArray[np.int_],
    names: tuple[str, ...],
) -> None:
    """Draw the regions as a map, and their residuals at the exposure of one pixel."""
    figure = plt.figure(figsize=(11, 12), layout="constrained")
    grid = figure.add_gridspec(
        len(names) // 2 + 1, 2, height_ratios=[2.4, 1, 1, 1, 1, 1]
    )
    _draw_map(figure, grid, labels)
    sizes = np.bincount(labels.ravel())
    listed = "\n".join(
        f"{k + 1}  {name}, {size} pixels"
        for k, (name, size) in enumerate(zip(names, sizes, strict=True))
    )
    figure.add_subplot(grid[0, 1], frameon=False, xticks=[], yticks=[]).text(
        0, 0.5, listed, va="center", linespacing=1.7
    )
    for index, name in enumerate(names):
        axes = figure.add_subplot(grid[1 + index // 2, index % 2])
        _draw_region(axes, results, index, int(sizes[index]))
        axes.set_title(f"{index + 1}  {name}", fontsize=8, loc="left")
        if index >= len(names) - 2:
            axes.set_xlabel("energy (keV)")
    axes.legend(fontsize=7, loc="upper right")
    _save(figure, out / "physics_realscan_regions.png")


def _draw_map(figure: Any, grid: Any, labels: npt.NDArray[np.int_]) -> None:
    axes = figure.add_subplot(grid[0, 0])
    count = int(labels.max()) + 1
    shown = axes.imshow(labels + 1, cmap="tab10", vmin=0.5, vmax=10.5)
    axes.set_axis_off()
    figure.colorbar(shown, ax=axes, ticks=range(1, count + 1), shrink=0.8)


def _draw_region(
    axes: Any, results: Mapping[str, Result], index: int, pixels: int
) -> None:
    axes.axhspan(-1, 1, color="0.92")
    for name, result in results.items():
        energy = result.setup.axis.centres_kev[result.scan.window]
        left = result.regions.residuals[index] / np.sqrt(pixels)
        axes.plot(energy, left, lw=0.7, label=name)
    axes.set_xlim(0.5, 30)
    axes.set_ylim(-4, 4)
    axes.tick_params(labelsize=7)
    axes.set_ylabel("\u03c3 of one pixel", fontsize=7)


def _save(figure: Any, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=_DPI)
    plt.close(figure)
