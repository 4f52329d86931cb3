"""One picture that shows what every stage made of a painting."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from napari_maxrf._files import atomic_path
from napari_maxrf.analysis import visible_lines

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from napari_maxrf.analysis import ElementMap
    from napari_maxrf.pipeline._demo import DemoResult

PANEL_INCHES = 3.6
DIFFERENCE_LIMIT = 30.0
"""CIEDE2000 at the end of the colour bar; fixed, so that montages compare."""
MAP_COLOURS = ("inferno", "viridis")
MAP_PERCENTILES = (1.0, 99.5)


def montage(result: DemoResult, path: Path) -> None:
    """Draw all stages of a demo into one PNG, atomically.

    Parameters
    ----------
    result : DemoResult
        What the demo made.
    path : path
        Where to write.
    """
    from matplotlib.figure import Figure

    height, width = result.original.shape[:2]
    aspect = min(max(height / width, 0.4), 2.0)
    size = (4 * PANEL_INCHES, 2 * (PANEL_INCHES * aspect + 0.25) + 0.5)
    figure = Figure(figsize=size, dpi=120, layout="compressed", facecolor="white")
    axes = figure.subplots(2, 4)
    _draw_pictures(axes, result)
    for axis, element_map, colours in zip(
        axes[0, 2:], result.maps, MAP_COLOURS, strict=False
    ):
        _draw_map(figure, axis, element_map, colours)
    for axis in axes[0, 2 + len(result.maps) :]:
        axis.set_visible(False)
    _draw_difference(figure, axes[1, 2], result)
    _draw_spectrum(axes[1, 3], result)
    figure.suptitle(_title(result), fontsize=11)
    with atomic_path(path) as temporary:
        figure.savefig(temporary, format="png")


def _draw_pictures(axes: npt.NDArray[Any], result: DemoResult) -> None:
    clusters = len(result.synthesis.clusters.colours)
    pictures = (
        (axes[0, 0], result.original, "Original picture"),
        (
            axes[0, 1],
            result.synthesis.clusters.picture(),
            f"Clustered: {clusters} colours",
        ),
        (axes[1, 0], result.embedded.false_colour(), "Embedding, false colour"),
        (axes[1, 1], result.recoloured, "Recoloured from the scan (predicted)"),
    )
    for axis, picture, title in pictures:
        _show(axis, picture, title)


def _show(axis: Axes, picture: npt.NDArray[Any], title: str, **options: Any) -> Any:
    axis.set_title(title, fontsize=10)
    axis.set_xticks([])
    axis.set_yticks([])
    return axis.imshow(picture, interpolation="nearest", **options)


def _draw_map(
    figure: Figure, axis: Axes, element_map: ElementMap, colours: str
) -> None:
    low, high = np.percentile(element_map.image, MAP_PERCENTILES)
    drawn = _show(
        axis,
        element_map.image,
        _line_name(element_map),
        cmap=colours,
        vmin=low,
        vmax=max(high, low + 1),
    )
    figure.colorbar(drawn, ax=axis, label="counts", shrink=0.8)


def _line_name(element_map: ElementMap) -> str:
    line = element_map.line.replace("a", "α").replace("b", "β")
    return f"{element_map.element} {line}, {element_map.energy_kev:.2f} keV"


def _draw_difference(figure: Figure, axis: Axes, result: DemoResult) -> None:
    drawn = _show(
        axis,
        result.difference,
        f"Difference to the original, mean {result.report['ciede2000']:.1f}",
        cmap="magma",
        vmin=0,
        vmax=DIFFERENCE_LIMIT,
    )
    figure.colorbar(drawn, ax=axis, label="CIEDE2000", extend="max", shrink=0.8)


def _draw_spectrum(axis: Axes, result: DemoResult) -> None:
    energy = result.synthesis.cube.energy.centres_kev
    counts = np.maximum(result.sum_spectrum, 0.5)
    axis.semilogy(energy, counts, color="black", linewidth=0.8)
    axis.set_title("Sum spectrum of the scan", fontsize=10)
    height, width = result.original.shape[:2]
    axis.set_box_aspect(min(max(height / width, 0.4), 2.0))
    axis.set_xlabel("energy (keV)")
    axis.set_ylabel("counts per channel")
    axis.set_xlim(*result.synthesis.cube.energy.range_kev)
    axis.set_ylim(max(counts.min(), counts.max() * 1e-4), counts.max() * 30)
    for rank, element_map in enumerate(result.maps):
        _mark_element(axis, element_map.element, rank, energy, counts)


def _mark_element(
    axis: Axes,
    element: str,
    rank: int,
    energy: npt.NDArray[np.float64],
    counts: npt.NDArray[np.float64],
) -> None:
    """Name the strongest line of an element above its peak.

    Names alternate in height, as neighbouring lines are often neighbours in rank.
    """
    lines = visible_lines(element, float(energy[0]), float(energy[-1]))
    if not lines:
        return
    label, line_kev, _ = max(lines, key=lambda line: line[2])
    height = counts[np.abs(energy - line_kev).argmin()]
    axis.annotate(
        label,
        (line_kev, height),
        xytext=(0, 8 + 11 * (rank % 3)),
        textcoords="offset points",
        ha="center",
        arrowprops={"arrowstyle": "-", "linewidth": 0.5, "color": "grey"},
        fontsize=8,
    )


def _title(result: DemoResult) -> str:
    report = result.report
    similarity = report["ms_ssim"]
    shown = f"MS-SSIM {similarity:.3f}, " if similarity is not None else ""
    return (
        f"{result.name}: synthetic scan with palette {report['palette']}, "
        f"{report['synthesis']['counts']:g} counts per pixel; recoloured: {shown}"
        f"UQI {report['uqi']:.3f}, CIEDE2000 {report['ciede2000']:.1f}, "
        f"CompuPhase {report['compuphase']:.3f}"
    )
