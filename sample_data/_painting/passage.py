"""Painting a passage: an area of the picture, gone over with one brush after another.

Big brushes first, small ones where the canvas is still far from what is meant
(Hertzmann, "Painterly rendering with curved brush strokes of multiple sizes", 1998);
dark before light within each, as a painter works up a form.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from .brush import Brush, Canvas, Stroke
from .fields import Field, Grid, generator, noise, smoothstep
from .paint import Colour, varied

if TYPE_CHECKING:
    from .forms import Form


@dataclass(frozen=True)
class Passage:
    """What is meant to be seen in an area, and how the brush goes there.

    Parameters
    ----------
    name
        Names the random part.
    grid
        Where the fields below are sampled.
    colour
        Linear light, shape (rows, columns, 3).
    inside
        Signed distance to the outline in panel pixels, positive inside.
    angle
        Direction of the strokes in radians, shape (rows, columns).
    brushes
        Big to small.
    softness
        Width of the outline in panel pixels.
    body
        How far the first thin layer hides the ground, 0..1.
    """

    name: str
    grid: Grid
    colour: Colour
    inside: Field
    angle: Field
    brushes: tuple[Brush, ...]
    softness: float = 0.9
    body: float = 1.0

    @classmethod
    def of_form(
        cls,
        name: str,
        grid: Grid,
        form: Form,
        colour: Colour,
        brushes: tuple[Brush, ...],
    ) -> Passage:
        """Return a passage that fills a form and follows it."""
        return cls(name, grid, colour, form.inside, form.angle, brushes)


def paint(canvas: Canvas, passage: Passage, within: Field | None = None) -> None:
    """Paint a passage on the canvas.

    Parameters
    ----------
    canvas
        The canvas, or the window of it that the passage's grid was cropped from.
    passage
        What to paint.
    within
        Holds the paint back where it is 0, over the whole of `canvas`.
    """
    within = None if within is None else canvas.under(passage.grid, within)
    canvas = canvas.over(passage.grid)
    tremor = noise(canvas.grid, f"{passage.name}/tremor", 5.0)
    edge = passage.inside + 0.3 * tremor
    limit = smoothstep(-passage.softness / 2, passage.softness / 2, edge)
    if within is not None:
        limit = limit * within
    _lay_in(canvas, passage, limit)
    for number, brush in enumerate(passage.brushes):
        rng = generator(f"{passage.name}/{number}")
        for stroke in _strokes(canvas, passage, brush, rng):
            canvas.lay(stroke, brush, limit)


def _lay_in(canvas: Canvas, passage: Passage, limit: Field) -> None:
    """Lay in the passage thinly, darker and warmer than meant, before the strokes."""
    thin = 0.8 * (1 - passage.body) * noise(canvas.grid, f"{passage.name}/thin", 9, 5)
    share = np.clip(passage.body + thin * (passage.body > 0), 0, 1) * limit
    lay_in = passage.colour * np.array([0.78, 0.68, 0.6], np.float32)
    canvas.colour += share[..., None] * (lay_in - canvas.colour)


def _strokes(
    canvas: Canvas, passage: Passage, brush: Brush, rng: np.random.Generator
) -> list[Stroke]:
    """Return the strokes of one brush, in the order of painting."""
    points = _scattered(canvas, brush, rng)
    rows, columns = _pixels(canvas, points)
    wanted = passage.colour[rows, columns]
    missing = np.abs(canvas.colour[rows, columns] - wanted).mean(1)
    chosen = (passage.inside[rows, columns] > -0.15 * brush.width) & (
        missing >= brush.tolerance * rng.uniform(0.5, 1.5, len(points))
    )
    points, wanted = points[chosen], varied(wanted[chosen], rng, brush.variety)
    angle, bend = _course(canvas, passage, points, brush, rng)
    order = np.argsort(wanted.mean(1) + rng.normal(0, 0.15, len(points)))
    return [_stroke(points[i], angle[i], bend[i], brush, wanted[i], rng) for i in order]


def _scattered(
    canvas: Canvas, brush: Brush, rng: np.random.Generator
) -> npt.NDArray[np.float64]:
    """Return one point at random in each cell of a grid over the canvas."""
    cell = np.sqrt(brush.width * brush.length / brush.coverage)
    grid = canvas.grid
    x = np.arange(grid.left, grid.left + grid.width, cell)
    y = np.arange(grid.top, grid.top + grid.height, cell)
    corners = np.stack(np.meshgrid(x, y), -1).reshape(-1, 2)
    return corners + rng.uniform(0, cell, corners.shape)


def _pixels(
    canvas: Canvas, points: npt.NDArray[np.float64]
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Return the pixel under every point."""
    grid = canvas.grid
    columns = ((points[:, 0] - grid.left) * grid.density).astype(np.intp)
    rows = ((points[:, 1] - grid.top) * grid.density).astype(np.intp)
    return (
        np.clip(rows, 0, grid.shape[0] - 1),
        np.clip(columns, 0, grid.shape[1] - 1),
    )


def _course(
    canvas: Canvas,
    passage: Passage,
    points: npt.NDArray[np.float64],
    brush: Brush,
    rng: np.random.Generator,
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return direction and curvature of strokes through the points."""
    angle = passage.angle[_pixels(canvas, points)].astype(float)
    step = 0.35 * brush.length
    ahead = np.stack([np.cos(angle), np.sin(angle)], -1) * step
    turn = (
        passage.angle[_pixels(canvas, points + ahead)]
        - passage.angle[_pixels(canvas, points - ahead)]
    )
    turn = (turn + np.pi / 2) % np.pi - np.pi / 2
    bend = np.clip(turn / (2 * step), -1.2 / brush.length, 1.2 / brush.length)
    flip = np.pi * (rng.random(len(points)) < 0.25)
    wander = rng.normal(0, brush.wander, len(points))
    return angle + wander + flip, bend * np.where(flip > 0, -1, 1)


def _stroke(
    point: npt.NDArray[np.float64],
    angle: float,
    bend: float,
    brush: Brush,
    colour: Colour,
    rng: np.random.Generator,
) -> Stroke:
    """Return a stroke of slightly uneven size."""
    width, length = np.exp(rng.normal(0, 0.18, 2)) * (brush.width, brush.length)
    offset = (int(rng.integers(1024)), int(rng.integers(1024)))
    return Stroke(*point, angle, bend, width, length, colour, offset)
