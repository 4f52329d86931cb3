"""The figures of docs/physics.md."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from measured import elements, fisx_lines, l_lines, scatter, tubes
from measured.peaks import Spectrum
from measured.rows import Row
from napari_maxrf.physics import Effects
from napari_maxrf.physics._tube import Tube, tube_continuum, tube_lines

MEASURED, MODEL, LESS, MORE = "0.35", "#0a6ebd", "#d95f02", "#2ca25f"
PULSE_US = 0.1
PILED = f"with pile-up, {PULSE_US} us"

mpl.use("Agg")
mpl.rcParams.update(
    {
        "font.size": 9,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "grid.color": "0.92",
        "axes.axisbelow": True,
        "legend.frameon": False,
        "axes.titlesize": 10,
        "axes.titlelocation": "left",
    }
)


def _saved(figure: Figure, path: Path) -> Path:
    figure.savefig(path, dpi=100)
    plt.close(figure)
    return path


def _draw(
    upper: Axes, lower: Axes, real: Spectrum, model: Spectrum, step_kev: float
) -> None:
    """Draw a pair on a logarithmic axis, with model over measured below."""
    x = real.axis.centres_kev
    low, high = upper.get_xlim()
    part = (x >= low) & (x <= high)
    upper.plot(x[part], real.counts[part], color=MEASURED, lw=0.7, label="measured")
    upper.plot(x[part], model.counts[part], color=MODEL, lw=1.2, label="model")
    upper.set_yscale("log")
    _ratio(lower, real, model, (low, high), step_kev)


def _ratio(
    lower: Axes,
    real: Spectrum,
    model: Spectrum,
    range_kev: tuple[float, float],
    step_kev: float,
) -> None:
    lower.axhspan(0.8, 1.2, color=MODEL, alpha=0.12, lw=0)
    _line(lower, real, model, range_kev, step_kev, MODEL)
    lower.axhline(1, color="0.4", lw=0.8)
    lower.set_ylim(0.4, 1.6)
    lower.set_xlabel("keV")


def _line(
    lower: Axes,
    real: Spectrum,
    model: Spectrum,
    range_kev: tuple[float, float],
    step_kev: float,
    colour: str,
) -> None:
    """Draw model over measured in bands that hold 25 counts or more."""
    edges = np.arange(range_kev[0], range_kev[1] - step_kev / 2, step_kev)
    seen = np.array([real.area(e, e + step_kev) for e in edges])
    ours = np.array([model.area(e, e + step_kev) for e in edges])
    known = seen >= 25
    middle, ratio = edges[known] + step_kev / 2, ours[known] / seen[known]
    lower.plot(middle, ratio, color=colour, lw=1, marker=".", ms=3)


def _label(
    axes: Axes,
    x: float,
    text: str,
    spectrum: Spectrum,
    up: float = 1.6,
    side: str = "center",
) -> None:
    """Write a line's name above its peak."""
    top = spectrum.counts[spectrum.axis.window(x - 0.1, x + 0.1)].max()
    axes.annotate(text, (x, top * up), ha=side, va="bottom", fontsize=8)


def draw_elements(path: Path) -> Path:
    """Draw four of the pure blocks."""
    figure, axes = plt.subplots(
        2,
        4,
        figsize=(12, 4.6),
        height_ratios=[3, 1],
        layout="constrained",
        sharex="col",
    )
    for column, symbol in enumerate(("S", "Ti", "Fe", "Cu")):
        real = elements.nist(symbol)
        plain = elements.block(symbol, real.axis, effects=Effects(escape=False))
        line = elements.LINES[symbol]
        window = (line[0] - 0.15, line[0] + 0.15)
        scale = real.area(*window) / plain.area(*window)
        model = Spectrum(real.axis, plain.counts * scale)
        upper, lower = axes[:, column]
        upper.set_xlim(0.7, line[-1] + 3.5)
        _draw(upper, lower, real, model, 0.1)
        upper.set_ylim(3, 8 * real.counts[real.axis.window(*window)].max())
        upper.set_title(f"{symbol} block, Rh 50 kV")
        for energy, name in zip(line, ("Kα", "Kβ"), strict=False):
            _label(upper, energy, name, real)
    axes[0, 0].set_ylabel("counts per 10 eV")
    axes[0, 0].legend(loc="upper right")
    axes[1, 0].set_ylabel("model / measured")
    return _saved(figure, path)


def draw_scatter(path: Path) -> Path:
    """Draw acrylic under both tubes, without multiple scatter and with pile-up."""
    figure, axes = plt.subplots(
        2,
        2,
        figsize=(12, 5.8),
        height_ratios=[3, 1.4],
        layout="constrained",
        sharex="col",
    )
    for column, case in enumerate((scatter.CASES[0], scatter.CASES[7])):
        real, model = scatter.pair(case)
        _, once = scatter.pair(case, Effects(multiple_scatter=False))
        piled = scatter.piled_up(case, PULSE_US)
        upper, lower = axes[:, column]
        upper.set_xlim(2, 39.5)
        _draw(upper, lower, real, model, 0.5)
        part = real.axis.window(2, 39.5)
        x = real.axis.centres_kev[part]
        upper.plot(x, once.counts[part], color=LESS, lw=0.8, label="scattered once")
        upper.plot(x, piled.counts[part], color=MORE, lw=0.8, label=PILED)
        for other, colour in ((once, LESS), (piled, MORE)):
            _line(lower, real, other, (2, 39.5), 0.5, colour)
        upper.set_ylim(2, 8 * real.counts[real.axis.window(10, 30)].max())
        upper.set_title(f"Acrylic: {case.name}")
        elastic, shifted = scatter.LINES[case.anode]
        _label(upper, elastic, "   Rayleigh", real, 1.1, "left")
        _label(upper, shifted, "Compton", real)
        lower.axvspan(*case.range_kev, color="0.5", alpha=0.08, lw=0)
    axes[0, 0].set_ylabel("counts per 10 eV in 300 s")
    axes[0, 0].legend(loc="lower center")
    axes[1, 0].set_ylabel("model / measured")
    return _saved(figure, path)


def draw_filters(path: Path) -> Path:
    """Draw both series of filters."""
    figure, axes = plt.subplots(
        2, 5, figsize=(13, 5), layout="constrained", sharey="row"
    )
    for row, anode in enumerate(("Mo", "Rh")):
        cases = [c for c in scatter.CASES if c.anode == anode and c.series == "spx"]
        for axes_of_case, case in zip(axes[row], cases[-5:], strict=True):
            real, model = scatter.pair(case)
            x = real.axis.centres_kev
            part = (x > 2.5) & (x < 39.5)
            axes_of_case.axvspan(*case.range_kev, color="0.5", alpha=0.08, lw=0)
            axes_of_case.plot(x[part], real.counts[part], color=MEASURED, lw=0.6)
            axes_of_case.plot(x[part], model.counts[part], color=MODEL, lw=1.1)
            axes_of_case.set_yscale("log")
            axes_of_case.set_ylim(0.5, 5e4)
            axes_of_case.set_title(case.name, fontsize=8)
        axes[row, 0].set_ylabel("counts per 10 eV in 300 s")
    for axes_of_case in axes[1]:
        axes_of_case.set_xlabel("keV")
    return _saved(figure, path)


def draw_lines(path: Path) -> Path:
    """Draw the soil and the scan's lead white, where lead shows its L lines."""
    figure, axes = plt.subplots(
        2, 2, figsize=(12, 5), height_ratios=[3, 1], layout="constrained", sharex="col"
    )
    cases = (
        (
            "Soil NIST 2587 with 0.32 % Pb, XGT-7200",
            l_lines.soil(),
            (6.2, 6.6),
            (5.5, 17.5),
        ),
        (
            "Lead white in the real scan, detector 10264",
            l_lines.scan()[0],
            (10.3, 10.8),
            (8, 17.5),
        ),
    )
    for column, (title, (real, plain), window, limits) in enumerate(cases):
        scale = real.area(*window) / plain.area(*window)
        model = Spectrum(plain.axis, plain.counts * scale)
        upper, lower = axes[:, column]
        upper.set_xlim(*limits)
        _draw(upper, lower, real, model, 0.2)
        upper.set_title(title)
        for name, (energy, _) in l_lines.WINDOWS.items():
            shown = name[:2] == "Pb" or (column == 0 and name[:2] != "Hg")
            if shown and limits[0] < energy < limits[1]:
                _label(upper, energy, _greek(name), real, 1.25)
        upper.set_ylim(top=upper.get_ylim()[1] * 2.5)
    axes[0, 0].set_ylabel("counts per channel")
    axes[0, 0].legend(loc="upper right")
    axes[1, 0].set_ylabel("model / measured")
    return _saved(figure, path)


def _greek(name: str) -> str:
    return name[:-1] + {"a": "α", "b": "β", "g": "γ"}[name[-1]]


def draw_tubes(path: Path) -> Path:
    """Draw the spectra of five anodes, and what another program says of their lines."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(12, 4.4), layout="constrained")
    energy = np.arange(2.0, 40, 0.05)
    for number, (anode, (z, *_)) in enumerate(
        item for item in tubes.RANGES.items() if item[0] != "Cu"
    ):
        tube, factor = Tube(z, 40.0, 45.0, 45.0), 10.0**-number
        lines, photons = tube_lines(tube)
        spread = tube_continuum(tube, energy) * 0.15
        for line, strength in zip(lines, photons, strict=True):
            spread += strength * np.exp(-0.5 * ((energy - line) / 0.06) ** 2)
        left.semilogy(energy, spread * factor, lw=1.1, label=anode)
    left.set(
        xlabel="keV",
        ylabel="photons, decades apart",
        title="Tubes at 40 kV, take-off 45°",
    )
    left.legend(ncols=5, loc="upper right")
    rows = [row for row in tubes.tube_rows() if row.check.startswith("lines")]
    _dots(
        right, rows, [row.check.split(", ", 1)[1].replace(" deg", "°") for row in rows]
    )
    right.set_title("Lines over continuum, this model against SpekPy")
    return _saved(figure, path)


def draw_fisx(path: Path) -> Path:
    """Draw every group of lines of ten pigments over fisx."""
    found = fisx_lines.fisx_rows()
    figure, axes = plt.subplots(figsize=(12, 4.6), layout="constrained")
    axes.axhspan(-5, 5, color=MODEL, alpha=0.12, lw=0)
    for place, (pigment, group, row) in enumerate(found):
        outside = (pigment, group) in fisx_lines.EXPLAINED
        apart = 100 * row.deviation
        axes.plot(place, apart, "o", ms=5, color=LESS if outside else MODEL)
        axes.annotate(
            group,
            (place, apart),
            xytext=(0, 6 if apart >= 0 else -6),
            textcoords="offset points",
            rotation=90,
            ha="center",
            va="bottom" if apart >= 0 else "top",
            fontsize=7,
        )
    names = [pigment for pigment, _, _ in found]
    starts = [names.index(name) for name in dict.fromkeys(names)]
    for start in starts[1:]:
        axes.axvline(start - 0.5, color="0.8", lw=0.8)
    ends = [*starts[1:], len(names)]
    axes.set_xticks([(a + b - 1) / 2 for a, b in zip(starts, ends, strict=True)])
    labels = [names[start].replace("_", " ") for start in starts]
    axes.set_xticklabels(labels, fontsize=8, rotation=25, ha="right")
    axes.grid(axis="x", visible=False)
    axes.set(ylim=(-22, 36), ylabel="this model over fisx less 1 (%)")
    axes.set_title("Groups of lines over each pigment's strongest")
    return _saved(figure, path)


def _dots(axes: Axes, rows: Sequence[Row], names: Sequence[str]) -> None:
    """Draw deviations with their tolerances."""
    places = np.arange(len(rows))[::-1]
    limit = max(100 * row.tolerance for row in rows)
    axes.axvspan(-limit, limit, color=MODEL, alpha=0.12, lw=0)
    axes.axvline(0, color="0.4", lw=0.8)
    axes.plot([100 * row.deviation for row in rows], places, "o", color=MODEL)
    axes.set_yticks(places, names, fontsize=8)
    axes.set(xlabel="deviation (%)", xlim=(-1.5 * limit, 1.5 * limit))
