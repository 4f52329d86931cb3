"""Element maps as pictures for a report: 600 dpi, scale bar, colour bar, legend."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_maxrf._files import atomic_path
from napari_maxrf.analysis._composite import composite, rgb, usual_limits
from napari_maxrf.errors import MaxrfError

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from napari_maxrf.analysis._composite import Limits, Mode
    from napari_maxrf.analysis._maps import ElementMap

DPI = 600
_LONGER_SIDE_INCHES = 4.7
_MARGIN_INCHES = 0.35
_BAR_INCHES = 0.75
_FONT_POINTS = 8
_LONGEST_BAR = 0.3
_ROUND = (1.0, 2.0, 5.0)


def save_map_picture(
    element_map: ElementMap,
    path: str | os.PathLike[str],
    pixel_size_mm: tuple[float, float] | None = None,
    limits: Limits | None = None,
    colours: str = "inferno",
) -> None:
    """Draw a map with its name, a colour bar and a scale bar.

    Parameters
    ----------
    element_map : ElementMap
        What to draw; pixels without a value stay grey.
    path : path-like
        Ends in ``.png``.
    pixel_size_mm : (float, float), optional
        Height and width of a pixel; without it the bar counts pixels.
    limits : (float, float), optional
        Values at the ends of the colour bar; default `usual_limits`.
    colours : str, optional
        A colour map of matplotlib.

    Raises
    ------
    MaxrfError
        The suffix is another one, the colour map is unknown, limits do not rise, or
        the file cannot be written.
    """
    low, high = limits or usual_limits(element_map)
    if not low < high:
        raise MaxrfError(f"Limits {low:g} to {high:g} of {element_map.name} must rise.")
    figure, axes = _figure(element_map.image.shape, pixel_size_mm, beside=_BAR_INCHES)
    drawn = axes.imshow(
        element_map.image,
        cmap=_colour_map(colours),
        vmin=low,
        vmax=high,
        interpolation="nearest",
        aspect="auto",
    )
    axes.set_title(element_map.name, fontsize=_FONT_POINTS + 2, loc="left")
    _draw_colour_bar(figure, axes, drawn, element_map.unit)
    _save(figure, path)


def save_composite_picture(
    maps: Sequence[ElementMap],
    colours: Sequence[str | Sequence[float]],
    path: str | os.PathLike[str],
    pixel_size_mm: tuple[float, float] | None = None,
    limits: Sequence[Limits | None] | None = None,
    mode: Mode = "light",
) -> None:
    """Draw a composite with a legend and a scale bar.

    Parameters
    ----------
    maps, colours, limits, mode
        As `composite` takes them.
    path : path-like
        Ends in ``.png``.
    pixel_size_mm : (float, float), optional
        Height and width of a pixel; without it the bar counts pixels.

    Raises
    ------
    MaxrfError
        As `composite` and `save_map_picture`.
    """
    picture = composite(maps, colours, limits, mode)
    figure, axes = _figure(picture.shape[:2], pixel_size_mm, beside=_BAR_INCHES)
    axes.imshow(picture, interpolation="nearest", aspect="auto")
    place = 1 + 0.12 / _inches(axes)[0]
    step = 0.2 / _inches(axes)[1]
    for row, (one, colour) in enumerate(zip(maps, colours, strict=True)):
        axes.text(
            place,
            1 - row * step,
            f"  {one.name}  ",
            transform=axes.transAxes,
            va="top",
            fontsize=_FONT_POINTS,
            color="black" if float(rgb(colour) @ (0.3, 0.6, 0.1)) > 0.5 else "white",
            bbox={"facecolor": tuple(rgb(colour)), "edgecolor": "grey", "pad": 1.5},
        )
    _save(figure, path)


def bar_length(width: float) -> float:
    """Choose a round length for a scale bar, at most three tenths of the width.

    Examples
    --------
    >>> bar_length(97.0), bar_length(3.2)
    (20.0, 0.5)
    """
    most = _LONGEST_BAR * width
    power = 10.0 ** np.floor(np.log10(most))
    return float(max(one for one in _ROUND if one * power <= most * 1.0001) * power)


def _figure(
    shape: tuple[int, ...], size: tuple[float, float] | None, beside: float
) -> tuple[Figure, Axes]:
    """Make a figure whose axes have the shape of the scan, and a scale bar below."""
    from matplotlib.figure import Figure

    step_y, step_x = size or (1.0, 1.0)
    high, wide = shape[0] * step_y, shape[1] * step_x
    scale = _LONGER_SIDE_INCHES / max(high, wide)
    # a strip of one row would be too thin to see
    inches = max(wide * scale, 0.5), max(high * scale, 0.3)
    whole = inches[0] + _MARGIN_INCHES + beside, inches[1] + 2 * _MARGIN_INCHES
    figure = Figure(figsize=whole, dpi=DPI, facecolor="white")
    axes = figure.add_axes(
        (
            _MARGIN_INCHES / 2 / whole[0],
            _MARGIN_INCHES / whole[1],
            inches[0] / whole[0],
            inches[1] / whole[1],
        )
    )
    axes.set_xticks([])
    axes.set_yticks([])
    axes.set_facecolor("0.6")
    _draw_scale_bar(axes, wide, "mm" if size else "pixels")
    return figure, axes


def _inches(axes: Axes) -> tuple[float, float]:
    box = axes.get_window_extent()
    return box.width / DPI, box.height / DPI


def _draw_scale_bar(axes: Axes, width: float, unit: str) -> None:
    length = bar_length(width)
    below = -0.1 / _inches(axes)[1]
    axes.plot(
        [0, length / width],
        [below, below],
        transform=axes.transAxes,
        color="black",
        linewidth=2.5,
        solid_capstyle="butt",
        clip_on=False,
    )
    axes.text(
        length / width + 0.01,
        below,
        f" {length:g} {unit}",
        transform=axes.transAxes,
        va="center",
        fontsize=_FONT_POINTS,
    )


def _draw_colour_bar(figure: Figure, axes: Axes, drawn: Any, unit: str) -> None:
    box = axes.get_position()
    wide = figure.get_figwidth()
    bar = figure.add_axes((box.x1 + 0.08 / wide, box.y0, 0.1 / wide, box.height))
    figure.colorbar(drawn, cax=bar)
    bar.tick_params(labelsize=_FONT_POINTS - 2, width=0.4, length=2)
    bar.set_title(unit, fontsize=_FONT_POINTS - 1, loc="left")


def _colour_map(name: str) -> Any:
    import matplotlib

    from napari_maxrf.errors import did_you_mean

    if name not in matplotlib.colormaps:
        hint = did_you_mean(name, list(matplotlib.colormaps))
        raise MaxrfError(f"There is no colour map {name!r}{hint}")
    return matplotlib.colormaps[name]


def _save(figure: Figure, path: str | os.PathLike[str]) -> None:
    path = Path(path)
    if path.suffix.lower() != ".png":
        raise MaxrfError(f"Cannot save a picture as {path.name}: use the suffix .png.")
    with atomic_path(path) as temporary:
        figure.savefig(temporary, format="png", dpi=DPI)
