"""A canvas and the mark that one brush leaves on it.

A stroke is an arc.  Across it lie bristles, each with its own load; they leave
streaks, run dry towards the end and push paint to the sides.  The canvas keeps
colour (linear light) and the height of the paint, which is lit at the end.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from .fields import Field, Grid, generator, smoothstep

if TYPE_CHECKING:
    from .paint import Colour

_BRISTLES_PER_PIXEL = 2.4
_TEXTURE_SHAPE = (256, 512)


def _bristle_texture() -> Field:
    """Return streaks with values evenly spread over 0..1."""
    raw = generator("bristles").standard_normal(_TEXTURE_SHAPE)
    streaks = ndimage.gaussian_filter(raw, (0.7, 26), mode="wrap")
    streaks = streaks / streaks.std()
    grain = ndimage.gaussian_filter(raw[::-1], (0.6, 2.5), mode="wrap")
    mixed = streaks + 0.35 * grain / grain.std()
    rank = mixed.ravel().argsort().argsort().reshape(_TEXTURE_SHAPE)
    return (rank / rank.size).astype(np.float32)


_TEXTURE = _bristle_texture()


@dataclass(frozen=True)
class Brush:
    """How a brush is held and loaded.

    Parameters
    ----------
    width, length
        Size of a stroke in panel pixels.
    coverage
        How many times the area is gone over.
    opacity
        Hiding power of the loaded paint.
    dryness
        0 for a full brush, 1 for a dry one that leaves broken streaks.
    thickness
        Height of the paint, arbitrary units.
    wander
        Deviation of the direction in radians.
    variety
        Deviation of the mixture between strokes.
    tolerance
        Strokes are left out where the canvas is already this near (linear light).
    """

    width: float
    length: float
    coverage: float = 1.6
    opacity: float = 0.9
    dryness: float = 0.3
    thickness: float = 1.0
    wander: float = 0.15
    variety: float = 0.06
    tolerance: float = 0.0


@dataclass(frozen=True)
class Stroke:
    """One arc: middle, direction, curvature, size (panel pixels) and colour."""

    x: float
    y: float
    angle: float
    bend: float
    width: float
    length: float
    colour: Colour
    offset: tuple[int, int]


class Canvas:
    """Colour and height of the paint on a window of the panel."""

    def __init__(self, grid: Grid, colour: Colour, height: Field) -> None:
        self.grid = grid
        self.colour = colour
        self.height = height

    @classmethod
    def blank(cls, grid: Grid) -> Canvas:
        """Return an unpainted canvas."""
        return cls(
            grid,
            np.ones((*grid.shape, 3), np.float32),
            np.zeros(grid.shape, np.float32),
        )

    def window(self, left: int, top: int, width: int, height: int) -> Canvas:
        """Return a part with its own origin; painting it paints this canvas."""
        part = self.over(self.grid.crop(left, top, left + width, top + height))
        grid = Grid(0, 0, part.grid.width, part.grid.height, self.grid.density)
        return Canvas(grid, part.colour, part.height)

    def under(self, grid: Grid, field: npt.NDArray[np.float32]) -> Field:
        """Return the part of a field on this canvas under a grid cropped from it."""
        top = round((grid.top - self.grid.top) * grid.density)
        left = round((grid.left - self.grid.left) * grid.density)
        return field[top : top + grid.shape[0], left : left + grid.shape[1]]

    def over(self, grid: Grid) -> Canvas:
        """Return the part of the canvas under a grid cropped from its own."""
        return Canvas(
            grid, self.under(grid, self.colour), self.under(grid, self.height)
        )

    def lay(self, stroke: Stroke, brush: Brush, limit: Field | None = None) -> None:
        """Lay one stroke; `limit` (0..1) holds the paint back, as when cutting in."""
        patch = self._patch(stroke)
        if patch is None:
            return
        rows, columns, along, across = patch
        bristle = _bristles(stroke, along, across)
        cover = _cover(stroke, brush, along, across, bristle)
        if limit is not None:
            cover = cover * limit[rows, columns]
        self._colour(rows, columns, cover, stroke.colour, bristle)
        self._height(rows, columns, cover, brush, bristle, across / stroke.width)

    def _patch(self, stroke: Stroke) -> tuple[slice, slice, Field, Field] | None:
        """Return the pixels a stroke can reach and their place in it."""
        grid = self.grid
        cos, sin = np.cos(stroke.angle), np.sin(stroke.angle)
        half, sag = stroke.length / 2, abs(stroke.bend) * stroke.length**2 / 8
        side = stroke.width / 2 + sag + 0.5
        reach_x = abs(cos) * half + abs(sin) * side
        reach_y = abs(sin) * half + abs(cos) * side
        columns = _span(stroke.x - grid.left, reach_x, grid.density, grid.shape[1])
        rows = _span(stroke.y - grid.top, reach_y, grid.density, grid.shape[0])
        if columns.start >= columns.stop or rows.start >= rows.stop:
            return None
        dx = grid.x[:, columns] - np.float32(stroke.x)
        dy = grid.y[rows] - np.float32(stroke.y)
        along = np.float32(cos) * dx + np.float32(sin) * dy
        across = np.float32(cos) * dy - np.float32(sin) * dx
        return rows, columns, along, across - np.float32(stroke.bend / 2) * along**2

    def _colour(
        self, rows: slice, columns: slice, cover: Field, colour: Colour, bristle: Field
    ) -> None:
        """Blend the paint into the canvas, streaked by unevenly mixed paint."""
        ground = self.colour[rows, columns]
        streak = (0.93 + 0.14 * bristle)[..., None] * colour
        ground += cover[..., None] * (streak - ground)

    def _height(
        self,
        rows: slice,
        columns: slice,
        cover: Field,
        brush: Brush,
        bristle: Field,
        across: Field,
    ) -> None:
        """Raise the paint: furrows along the stroke, a ridge at either side."""
        ridge = smoothstep(0.25, 0.46, np.abs(across)) * 0.5
        target = brush.thickness * (0.25 + 0.75 * bristle + ridge)
        ground = self.height[rows, columns]
        ground += cover * (0.35 * ground + target - ground)


def _span(middle: float, reach: float, density: int, count: int) -> slice:
    """Return the samples within reach of a point on one axis."""
    start = int(np.floor((middle - reach) * density))
    stop = int(np.ceil((middle + reach) * density)) + 1
    return slice(max(start, 0), min(stop, count))


def _bristles(stroke: Stroke, along: Field, across: Field) -> Field:
    """Return the load of the bristle at every pixel, 0..1."""
    row = (across * _BRISTLES_PER_PIXEL + stroke.offset[0]).astype(np.int32)
    column = (along * 3.0 + stroke.offset[1]).astype(np.int32)
    return _TEXTURE[row & (_TEXTURE_SHAPE[0] - 1), column & (_TEXTURE_SHAPE[1] - 1)]


def _cover(
    stroke: Stroke, brush: Brush, along: Field, across: Field, bristle: Field
) -> npt.NDArray[np.float32]:
    """Return how far the paint hides what lies under it, 0..1."""
    u = along * (2 / stroke.length)
    v = np.abs(across) * (2 / stroke.width)
    sides = np.clip((1 - v + 0.3 * (bristle - 0.5)) * (0.8 * stroke.width), 0, 1)
    start = np.clip((u + 1 - 0.12 * bristle) * (0.4 * stroke.length), 0, 1)
    end = np.clip((1 - u - 0.55 * (1 - bristle)) * (0.3 * stroke.length), 0, 1)
    worn = brush.dryness * (0.6 + 0.35 * u)
    load = np.clip((bristle - worn) * 5 + 0.8, 0, 1)
    return brush.opacity * sides * start * end * load
