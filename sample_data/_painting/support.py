"""The panel itself: wood, gesso, pencil lines, age and the light it is seen in."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from scipy.spatial import cKDTree

from .brush import Brush, Canvas
from .fields import (
    Field,
    Grid,
    blur,
    ellipse,
    fractal,
    generator,
    noise,
    rectangle,
    slopes,
    smoothstep,
)
from .paint import Colour, Ramp, colour
from .passage import Passage, paint

_WOOD = Ramp(
    (0.0, {"caput_mortuum": 1.0, "dark_ochre": 0.6, "carbon_black": 0.3}),
    (0.5, {"dark_ochre": 1.0, "aegirine": 0.35, "titanium_white": 0.14}),
    (1.0, {"gold_ochre": 1.0, "dark_ochre": 0.8, "titanium_white": 0.45}),
)
_GESSO = Ramp(
    (0.0, {"titanium_white": 1.0, "dark_ochre": 0.05, "gold_ochre": 0.03}),
    (1.0, {"titanium_white": 1.0, "dark_ochre": 0.010, "gold_ochre": 0.014}),
)
_GRAPHITE = colour({"carbon_black": 1.0, "titanium_white": 0.15})
_GESSO_HEIGHT = 1.1
_GESSO_BRUSHES = (
    Brush(22, 70, 1.6, dryness=0.3, opacity=0.8, thickness=0.6, variety=0.03),
    Brush(12, 40, 0.8, dryness=0.5, opacity=0.7, thickness=0.7, variety=0.03),
)


def prepare(canvas: Canvas) -> None:
    """Plane the board and brush the gesso on, short of the edges of the wood."""
    grid = canvas.grid
    canvas.colour[:], canvas.height[:] = _wood(grid)
    edge = _gesso_edge(grid)
    cover = smoothstep(-0.5, 0.5, edge)
    canvas.height += _GESSO_HEIGHT * smoothstep(-0.8, 1.2, edge)
    tone = 0.75 + 0.15 * fractal(grid, "gesso", 90)
    angle = 0.15 * noise(grid, "gesso/angle", 150) + 0.05
    canvas.colour += cover[..., None] * (_GESSO(tone - 0.15) - canvas.colour)
    gesso = Passage("gesso", grid, _GESSO(tone), edge, angle, _GESSO_BRUSHES, 1.2, 0.0)
    ground = canvas.height.copy()
    paint(canvas, gesso)
    canvas.height[:] = ground * (1 - cover) + (canvas.height + _GESSO_HEIGHT) * cover


def _wood(grid: Grid) -> tuple[Colour, Field]:
    """Return colour and relief of the bare board."""
    grain = fractal(grid, "wood", 160, 2.4, octaves=3)
    pores = smoothstep(1.0, 2.2, noise(grid, "wood/pores", 14, 0.7))
    return _WOOD(0.5 + 0.14 * grain - 0.25 * pores), 0.25 * grain - 0.5 * pores


def _gesso_edge(grid: Grid) -> Field:
    """Return the signed distance to the gesso: ragged, one corner knocked off."""
    right, bottom = grid.width - 5.5, grid.height - 5.5
    edge = rectangle(grid, 5.5, 5.5, right, bottom)
    edge = edge + 0.7 * fractal(grid, "gesso/edge", 40, octaves=5)
    chip = -ellipse(grid, grid.width - 2, grid.height - 4, 19, 12, -0.5)
    nick = -ellipse(grid, 4, 118, 7, 10, 0.2)
    broken = 0.9 * fractal(grid, "gesso/broken", 5)
    return np.minimum(edge, np.minimum(chip, nick) + broken)


def draw(
    canvas: Canvas,
    lines: list[tuple[float, float, float, float]],
    labels: list[tuple[float, float, str, float]],
) -> None:
    """Draw in pencil: lines by their ends, labels by middle, text and size."""
    grid = canvas.grid
    d = grid.density
    sheet = Image.new("L", (grid.shape[1], grid.shape[0]))
    pen = ImageDraw.Draw(sheet)
    for x0, y0, x1, y1 in lines:
        pen.line(
            (x0 * d, y0 * d, x1 * d, y1 * d), fill=150, width=max(1, round(0.45 * d))
        )
    for x, y, text, size in labels:
        _write(sheet, text, x * d, y * d, size * d)
    mark = blur(np.asarray(sheet, np.float32) / 255, grid, 0.12)
    tooth = smoothstep(
        -3.8, -0.4, noise(grid, "pencil", 0.7) + 0.4 * noise(grid, "hand", 9)
    )
    canvas.colour += (0.85 * mark * tooth)[..., None] * (_GRAPHITE - canvas.colour)


def _write(sheet: Image.Image, text: str, x: float, y: float, size: float) -> None:
    """Write a word about a point by hand: no letter stands quite like the next."""
    font = ImageFont.load_default(size)
    rng = generator(text)
    pen = x - font.getlength(text) / 2
    for letter in text:
        middle = round(pen + font.getlength(letter) / 2), y + rng.normal(0, 0.03) * size
        _letter(sheet, letter, font, middle, float(rng.normal(4, 5)))
        pen += font.getlength(letter)


def _letter(
    sheet: Image.Image,
    letter: str,
    font: ImageFont.FreeTypeFont,
    middle: tuple[float, float],
    turn: float,
) -> None:
    """Set one letter about a point, slanted and turned by `turn` degrees."""
    side = round(2.4 * font.size)
    slip = Image.new("L", (side, side))
    ImageDraw.Draw(slip).text((side / 2, 0.62 * side), letter, 255, font, anchor="ms")
    slant = (1, 0.22, -0.11 * side, 0, 1, 0)
    slip = slip.transform(
        slip.size, Image.Transform.AFFINE, slant, Image.Resampling.BICUBIC
    )
    slip = slip.rotate(-turn, Image.Resampling.BICUBIC)
    sheet.paste(255, (round(middle[0] - side / 2), round(middle[1] - side / 2)), slip)


def age(canvas: Canvas) -> None:
    """Crack the paint finely, here and there, and let a little dust settle."""
    grid = canvas.grid
    cracks = np.maximum(
        _cracks(grid, "cracks", 26, 0.32), 0.7 * _cracks(grid, "fine", 11, 0.22)
    )
    where = smoothstep(0.3, 1.8, fractal(grid, "cracks/where", 70, octaves=2))
    depth = cracks * where * smoothstep(2, 8, _gesso_edge(grid))
    canvas.colour *= (1 - 0.26 * depth)[..., None]
    canvas.height -= 0.35 * depth


def _cracks(grid: Grid, name: str, cell: float, width: float) -> Field:
    """Return lines between the cells of a random net, 0..1."""
    rng = generator(name)
    x = np.arange(grid.left - cell, grid.left + grid.width + cell, cell)
    y = np.arange(grid.top - cell, grid.top + grid.height + cell, cell)
    seeds = np.stack(np.meshgrid(x, y), -1).reshape(-1, 2)
    seeds = seeds + rng.uniform(-0.5, 0.5, seeds.shape) * cell
    bent_x = grid.x + 0.12 * cell * noise(grid, f"{name}/x", cell / 3)
    bent_y = grid.y + 0.12 * cell * noise(grid, f"{name}/y", cell / 3)
    distance, _ = cKDTree(seeds).query(np.stack([bent_x, bent_y], -1), k=2)
    gap = (distance[..., 1] - distance[..., 0]).astype(np.float32)
    return smoothstep(2.4 * width, 0.4 * width, gap)


def lit(canvas: Canvas, strength: float = 0.32) -> Colour:
    """Return the panel under a lamp from the upper left, linear light."""
    relief = blur(canvas.height, canvas.grid, 0.22)
    across, down = slopes(relief, canvas.grid)
    facing = np.tanh(0.62 * across + 0.78 * down)
    shaded = canvas.colour * (1 + strength * facing)[..., None]
    gleam = 0.05 * smoothstep(0.35, 0.9, facing)
    return shaded + gleam[..., None]


def photograph(light: Colour, samples: int) -> Colour:
    """Return the mean over blocks of `samples` by `samples`."""
    rows, columns = light.shape[0] // samples, light.shape[1] // samples
    return light.reshape(rows, samples, columns, samples, 3).mean((1, 3))
