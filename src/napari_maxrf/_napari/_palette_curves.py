"""Which spectra of a palette are drawn, in which colours, with which labels.

Pure: from what was found and what the user ticked and selected to curves and marks.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from napari_maxrf._napari._palette_findings import LineMark, PaletteSpectra
    from napari_maxrf.pigments import Pigment

Colour = tuple[int, int, int]
Floats = npt.NDArray[np.float64]

MOST_CURVES = 8
MOST_MARKS = 12
N_STYLES = 4
LEAST_CONTRAST = 4.5
"""Contrast of a line against its background after WCAG 2."""
_STEPS = 50


@dataclass(frozen=True, eq=False)
class Curve:
    """One spectrum to draw.

    Attributes
    ----------
    key, name : str
        Id and name of the pigment.
    colour : (int, int, int)
        Its colour, made readable on the background.
    style : int
        Which kind of line, so that alike colours differ.
    bold : bool
        Whether the user selected it.
    counts : ndarray, shape (n_channels,)
        Expected counts per channel.
    marks : tuple of LineMark
        Its lines, heights in counts.
    """

    key: str
    name: str
    colour: Colour
    style: int
    bold: bool
    counts: Floats
    marks: tuple[LineMark, ...]


def curves_of(
    found: PaletteSpectra,
    counts: float,
    ticked: Collection[str],
    selected: Sequence[str],
    background: Colour,
) -> tuple[Curve, ...]:
    """Return the curves to draw: the selected pigments, then the ticked ones.

    Parameters
    ----------
    found : PaletteSpectra
        Spectra of all pigments of the palette.
    counts : float
        Photons per pixel.
    ticked, selected : sequence of str
        Ids; those of other palettes are passed over.
    background : (int, int, int)
        What the curves have to stand out from.

    Returns
    -------
    tuple of Curve
        At most `MOST_CURVES`.
    """
    pigments = {pigment.id: pigment for pigment in found.palette.pigments}
    rows = {key: row for row, key in enumerate(pigments)}
    shown = [key for key in dict.fromkeys((*selected, *ticked)) if key in pigments]
    styles: dict[str, int] = {}
    curves = []
    for key in shown[:MOST_CURVES]:
        pigment = pigments[key]
        style = styles.get(pigment.hue_family, 0)
        styles[pigment.hue_family] = style + 1
        curves.append(
            Curve(
                key=key,
                name=pigment.name,
                colour=readable(pigment.srgb, background),
                style=style % N_STYLES,
                bold=key in selected,
                counts=found.shares[rows[key]] * counts,
                marks=scaled(found.lines[key], counts),
            )
        )
    return tuple(curves)


def preview_curve(
    pigment: Pigment, counts: Floats, marks: Iterable[LineMark], background: Colour
) -> Curve:
    """Return the curve of one pigment by itself.

    Parameters
    ----------
    pigment : Pigment
        Whose spectrum it is.
    counts : ndarray, shape (n_channels,)
        Counts per channel.
    marks : iterable of LineMark
        Its lines, heights as shares of all counts.
    background : (int, int, int)
        What the curve has to stand out from.
    """
    return Curve(
        key=pigment.id,
        name=pigment.name,
        colour=readable(pigment.srgb, background),
        style=0,
        bold=True,
        counts=counts,
        marks=scaled(marks, float(counts.sum())),
    )


def scaled(marks: Iterable[LineMark], counts: float) -> tuple[LineMark, ...]:
    """Return marks with heights in counts instead of shares."""
    return tuple(replace(mark, height=mark.height * counts) for mark in marks)


def spaced_marks(
    curves: Sequence[Curve],
    tube: Iterable[LineMark],
    least_kev: float,
    visible_kev: tuple[float, float],
) -> tuple[LineMark, ...]:
    """Choose the lines to label: the highest first, none too near to another.

    Selected curves are labelled alone if there are any.

    Parameters
    ----------
    curves : sequence of Curve
        What is drawn.
    tube : iterable of LineMark
        Lines of the anode, labelled last.
    least_kev : float
        How far apart two labels have to be.
    visible_kev : (float, float)
        Range of energies in sight.
    """
    bold = [curve for curve in curves if curve.bold] or curves
    own = sorted(
        (mark for curve in bold for mark in curve.marks), key=lambda mark: -mark.height
    )
    low, high = visible_kev
    chosen: list[LineMark] = []
    for mark in (*own, *tube):
        apart = all(
            abs(mark.energy_kev - other.energy_kev) >= least_kev for other in chosen
        )
        if apart and low <= mark.energy_kev <= high and len(chosen) < MOST_MARKS:
            chosen.append(mark)
    return tuple(chosen)


def readable(
    colour: Colour, background: Colour, least: float = LEAST_CONTRAST
) -> Colour:
    """Return a colour with enough contrast, nearest to the one given.

    It is mixed with white on a dark background, with black on a light one.

    Examples
    --------
    >>> readable((230, 120, 40), (0, 0, 0))
    (230, 120, 40)
    >>> readable((0, 0, 0), (0, 0, 0)) > (80, 80, 80)
    True
    """
    extremes = ((0, 0, 0), (255, 255, 255))
    goal = max(extremes, key=lambda extreme: contrast(extreme, background))[0]
    for step in range(_STEPS + 1):
        share = step / _STEPS
        red, green, blue = (round(part + share * (goal - part)) for part in colour)
        if contrast((red, green, blue), background) >= least:
            break
    return red, green, blue


def contrast(one: Colour, other: Colour) -> float:
    """Return the contrast ratio of WCAG 2 between two sRGB colours, 1 to 21.

    Examples
    --------
    >>> contrast((255, 255, 255), (0, 0, 0))
    21.0
    """
    bright, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


def _luminance(colour: Colour) -> float:
    """Return the relative luminance of IEC 61966-2-1."""
    red, green, blue = (_linear(part / 255) for part in colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
