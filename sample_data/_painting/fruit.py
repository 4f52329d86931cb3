"""Pomegranates, one of them cut open, pears in the bowl, grapes and leaves."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.spatial import cKDTree

from .brush import Brush
from .fields import (
    bezier,
    ellipse,
    fractal,
    generator,
    noise,
    polyline,
    smoothstep,
    turned,
)
from .forms import ellipsoid, meridians, relief
from .paint import Ramp, between, blend
from .passage import Passage
from .studio import SHINE, highlight

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from .fields import Field, Grid
    from .forms import Form

RED = Ramp(
    (0.0, {"caput_mortuum": 1.0, "carbon_black": 0.9}),
    (0.25, {"caput_mortuum": 1.0, "cinnabar": 0.6}),
    (0.5, {"cinnabar": 1.0, "red_ochre": 0.15}),
    (0.8, {"cinnabar": 1.0, "gold_ochre": 0.35, "titanium_white": 0.08}),
    (1.0, {"cinnabar": 0.8, "gold_ochre": 0.5, "titanium_white": 0.5}),
)
_BLUSH = Ramp(
    (0.0, {"caput_mortuum": 1.0, "dark_ochre": 0.6, "ivory_black": 0.3}),
    (0.5, {"dark_ochre": 1.0, "gold_ochre": 0.8, "cinnabar": 0.3}),
    (1.0, {"gold_ochre": 1.0, "titanium_white": 0.5, "cinnabar": 0.1}),
)
_PITH = Ramp(
    (0.0, {"dark_ochre": 1.0, "caput_mortuum": 0.5}),
    (0.5, {"gold_ochre": 1.0, "titanium_white": 0.5, "cinnabar": 0.1}),
    (1.0, {"titanium_white": 1.0, "gold_ochre": 0.4}),
)
_PEAR = Ramp(
    (0.0, {"aegirine": 0.8, "dark_ochre": 1.0, "caput_mortuum": 0.3}),
    (0.3, {"green_earth": 1.0, "gold_ochre": 0.5}),
    (0.6, {"gold_ochre": 1.0, "green_earth": 0.25, "titanium_white": 0.08}),
    (1.0, {"gold_ochre": 1.0, "titanium_white": 0.6}),
)
_PEAR_BLUSH = Ramp(
    (0.0, {"caput_mortuum": 1.0, "dark_ochre": 0.5}),
    (0.5, {"dark_ochre": 1.0, "cinnabar": 0.5}),
    (1.0, {"gold_ochre": 1.0, "cinnabar": 0.5, "titanium_white": 0.3}),
)
_GRAPE = Ramp(
    (0.0, {"carbon_black": 1.0, "caput_mortuum": 0.3}),
    (0.35, {"caput_mortuum": 0.7, "cobalt_blue": 0.8, "carbon_black": 0.3}),
    (0.6, {"cobalt_blue": 1.0, "caput_mortuum": 0.5, "smalt": 0.4}),
    (1.0, {"smalt": 1.0, "titanium_white": 0.35, "caput_mortuum": 0.15}),
)
_LEAF = Ramp(
    (0.0, {"aegirine": 1.0, "carbon_black": 0.3}),
    (0.5, {"green_earth": 1.0, "aegirine": 0.4}),
    (1.0, {"green_earth": 1.0, "gold_ochre": 0.4, "titanium_white": 0.25}),
)
_STALK = Ramp(
    (0.0, {"caput_mortuum": 1.0, "ivory_black": 0.6}),
    (1.0, {"dark_ochre": 1.0, "gold_ochre": 0.4, "titanium_white": 0.1}),
)

_ROUND = (
    Brush(6, 13, 2.0, thickness=0.8, wander=0.2),
    Brush(3, 8, 2.0, thickness=0.9, tolerance=0.01),
    Brush(1.6, 4.5, 1.8, thickness=0.9, tolerance=0.012),
)
_BERRY = (Brush(3, 6, 2.2, thickness=0.8), Brush(1.4, 3.5, 2.2, tolerance=0.01))
_TIP = Brush(1.4, 4, 2.0, dryness=0.1, thickness=1.0, tolerance=0.008)
_DOT = Brush(1.5, 2.2, 3.5, dryness=0.05, thickness=1.4, variety=0.08)


class Fruit(NamedTuple):
    """A fruit: its middle, its radius, and how far it leans clockwise."""

    x: float
    y: float
    size: float
    lean: float = 0.0

    @property
    def up(self) -> npt.NDArray[np.float64]:
        """Direction of its stalk or crown."""
        return np.array([np.sin(self.lean), -np.cos(self.lean)])

    def around(self, grid: Grid, reach: float) -> Grid:
        """Return the grid about it, `reach` in radii."""
        far = int(reach * self.size) + 1
        x, y = int(self.x), int(self.y)
        return grid.crop(x - far, y - far, x + far, y + far)


_POMEGRANATES = {
    "back": Fruit(206, 186, 19, -0.6),
    "front": Fruit(168, 196, 23, 0.55),
}
_PEARS = {
    "pear/right": Fruit(304, 163, 16, 0.5),
    "pear/left": Fruit(268, 162, 17.5, -0.22),
}
_CUT = Fruit(214, 207, 18, -0.25)
# Points of a crown from the outside inwards: place, length, tone.
_CROWN = (
    (-1, 0.9, 0.8),
    (1, 0.9, 0.25),
    (-0.45, 1.1, 0.6),
    (0.5, 1.1, 0.4),
    (0, 1, 0.7),
)
# Foot, direction and length of the leaves.
_LEAVES = (
    (146, 206, 3.0, 17),
    (150, 211, 2.55, 15),
    (188, 178, -0.9, 16),
    (194, 176, -0.35, 14),
)
_GRAPES_ROWS = (range(5), range(-1, 4), range(-1, 3), range(2))


def passages(grid: Grid) -> Iterator[Passage]:
    """Yield the fruit on the cloth from back to front."""
    for number, leaf in enumerate(_LEAVES):
        yield _leaf(grid, f"leaf/{number}", *leaf)
    for name, fruit in _POMEGRANATES.items():
        yield from _pomegranate(fruit.around(grid, 1.7), name, fruit)
    yield from _grapes(grid)
    yield from _cut(_CUT.around(grid, 1.3))


def pears(grid: Grid) -> Iterator[Passage]:
    """Yield the pears standing in the bowl."""
    for name, fruit in _PEARS.items():
        yield from _pear(grid, name, fruit)


def _pomegranate(grid: Grid, name: str, fruit: Fruit) -> Iterator[Passage]:
    """Yield the fruit, its crown and its highlight."""
    x, y, size, lean = fruit
    form = ellipsoid(grid, x, y, size, 0.95 * size, lean)
    facets = 0.05 * noise(grid, f"{name}/facets", 0.5 * size)
    tone = form.tone(0.34) + facets + 0.02 * fractal(grid, f"{name}/skin", 4)
    ripe = fractal(grid, f"{name}/blush", 15) + 0.5 * form.normal_y
    skin = between(RED, _BLUSH, tone, 0.7 * smoothstep(0.2, 1.5, ripe))
    yield Passage.of_form(name, grid, form, skin, _ROUND)
    yield _crown(grid, f"{name}/crown", fruit)
    yield highlight(name, grid, form, RED, 30, 0.86)


def _crown(grid: Grid, name: str, fruit: Fruit) -> Passage:
    """Return the calyx: five points standing in a ring."""
    up, size = fruit.up, fruit.size
    side = np.array([-up[1], up[0]])
    base = np.array([fruit.x, fruit.y]) + 0.86 * size * up
    inside = np.full(grid.shape, -9, np.float32)
    tone = np.zeros(grid.shape, np.float32)
    for place, long, light in _CROWN:
        foot = base + 0.13 * size * place * side
        tip = foot + 0.36 * size * long * up + 0.16 * size * place * side
        part, across = polyline(grid, [foot, tip], [0.14 * size, 0.4])
        nearer = part > np.maximum(inside, -0.5)
        tone = np.where(nearer, light + 0.2 * across, tone)
        inside = np.maximum(inside, part)
    angle = np.full(grid.shape, np.arctan2(up[1], up[0]), np.float32)
    return Passage(name, grid, RED(tone), inside, angle, (_TIP,))


def _cut(grid: Grid) -> Iterator[Passage]:
    """Yield the opened pomegranate: rind, pith and the seeds in their chambers."""
    x, y, size, lean = _CUT
    wide, high = 1.08 * size, 0.92 * size
    rind = ellipsoid(grid, x + 1.5, y + 1.2, wide, high, lean)
    yield Passage.of_form("rind", grid, rind, RED(rind.tone(0.3)), _ROUND)
    face = ellipse(grid, x - 0.8, y - 0.6, wide - 1.6, high - 1.6, lean)
    tone = 0.85 - 0.014 * (grid.x - x) + 0.08 * noise(grid, "pith", 4)
    yield Passage("pith", grid, _PITH(tone), face, rind.angle, _ROUND[1:])
    yield _seeds(grid, np.minimum(_chambers(grid), face - 2.0))


def _chambers(grid: Grid) -> Field:
    """Return the signed distance to the chambers between uneven walls."""
    u, v = turned(grid, _CUT.x - 2.8, _CUT.y + 0.4, _CUT.lean)
    u = u + 1.2 * noise(grid, "walls/x", 9)
    v = v + 1.2 * noise(grid, "walls/y", 9)
    bearing = np.arctan2(v, u)
    bearing = bearing + 0.35 * np.sin(bearing) + 0.2 * np.sin(3 * bearing)
    sector = np.abs((5 * bearing / (2 * np.pi) + 0.2) % 1 - 0.5)
    return np.minimum(1.2 * (0.5 - sector) * np.hypot(u, v) - 0.8, np.hypot(u, v) - 1.5)


def _seeds(grid: Grid, chambers: Field) -> Passage:
    """Return the seeds: small wet beads, each with its light."""
    centres = _bead_places()
    points = np.stack(np.broadcast_arrays(grid.x, grid.y), -1)
    distance, index = cKDTree(centres).query(points)
    dx, dy = np.moveaxis((points - centres[index]) / 1.9, -1, 0)
    tone = 0.62 - 0.16 * distance - 0.28 * (dx + dy)
    glint = smoothstep(0.3, 0.12, np.hypot(dx + 0.3, dy + 0.35))
    colour = blend(RED(tone), SHINE(1 + 0 * tone), 0.8 * glint)
    inside = np.minimum(chambers, 1.85 - distance)
    return Passage("seeds", grid, colour, inside, 0.8 + 0 * tone, (_DOT, _DOT))


def _bead_places() -> npt.NDArray[np.float64]:
    """Return the middles of the seeds, packed closely but not in rows."""
    columns, rows = np.meshgrid(np.arange(-7, 8), np.arange(-7, 8))
    packed = np.stack([3.4 * (columns + 0.5 * (rows % 2)), 3.0 * rows], -1)
    places = packed.reshape(-1, 2) + np.array([_CUT.x, _CUT.y])
    return places + generator("seeds").normal(0, 0.35, places.shape)


def _pear(grid: Grid, name: str, fruit: Fruit) -> Iterator[Passage]:
    """Yield the fruit, its stalk and its highlight."""
    neck = np.array([fruit.x, fruit.y]) + 1.15 * fruit.size * fruit.up
    form = _pear_form(grid, fruit, neck)
    tone = form.tone(0.3) + 0.03 * fractal(grid, f"{name}/skin", 4)
    ripe = 0.9 * form.normal_x + 0.6 * noise(grid, f"{name}/blush", 12)
    skin = between(_PEAR, _PEAR_BLUSH, tone, 0.75 * smoothstep(0.1, 1.4, ripe))
    freckles = smoothstep(1.5, 1.9, noise(grid, f"{name}/freckles", 1.3))
    skin = blend(skin, _STALK(0.5 * tone), 0.35 * freckles)
    yield Passage.of_form(name, grid, form, skin, _ROUND)
    yield _stalk(grid, f"{name}/stalk", neck + 0.38 * fruit.size * fruit.up, fruit)
    yield highlight(name, grid, form, _PEAR, 24, 0.80)


def _pear_form(grid: Grid, fruit: Fruit, neck: npt.NDArray[np.float64]) -> Form:
    size = fruit.size
    body, _ = polyline(grid, [(fruit.x, fruit.y), neck], [size, 0.42 * size])
    height = np.sqrt(np.clip(body * (1.9 * size - body), 0, None))
    form = relief(grid, body, height, 1.2)
    normal = form.normal_x, form.normal_y, form.normal_z
    return replace(form, angle=meridians(normal, fruit.lean))


def _stalk(
    grid: Grid, name: str, foot: npt.NDArray[np.float64], fruit: Fruit
) -> Passage:
    up = fruit.up
    right = np.array([1.0, 0.0])
    ends = foot, foot + 3 * up, foot + 6 * up + right, foot + 8 * up + 4 * right
    bent = bezier(ends, 8)
    inside, across = polyline(grid, bent, np.linspace(1.3, 0.8, len(bent)))
    angle = np.full(grid.shape, fruit.lean - np.pi / 2, np.float32)
    return Passage(name, grid, _STALK(0.5 + 0.5 * across), inside, angle, (_TIP,))


def _grapes(grid: Grid) -> Iterator[Passage]:
    """Yield a bunch of grapes, the hind ones first."""
    rng = generator("grapes")
    for row, columns in enumerate(_GRAPES_ROWS):
        for column in columns:
            x = 243 + 7.6 * column + 1.5 * row + rng.normal(0, 1.1)
            y = 192 + 5.2 * row + rng.normal(0, 0.8)
            grape = Fruit(x, y, 5.2 + rng.normal(0, 0.4))
            yield from _grape(grape.around(grid, 1.6), f"grape/{row}/{column}", grape)


def _grape(grid: Grid, name: str, grape: Fruit) -> Iterator[Passage]:
    form = ellipsoid(grid, grape.x, grape.y, grape.size, grape.size)
    bloom = 0.08 * noise(grid, name, 3)
    skin = _GRAPE(form.tone(0.35) + bloom)
    yield Passage.of_form(name, grid, form, skin, _BERRY)
    yield highlight(name, grid, form, _GRAPE, 26, 0.86)


def _leaf(grid: Grid, name: str, x: int, y: int, turn: float, length: float) -> Passage:
    """Return a leaf lying on the cloth, one half of it turned to the light."""
    grid = grid.crop(x - 24, y - 24, x + 25, y + 25)
    reach = 0.5 * length
    u, v = turned(grid, x + reach * np.cos(turn), y + reach * np.sin(turn), turn)
    v = v + 0.012 * u**2
    inside = 0.22 * length * (1 - (u / reach) ** 2) - np.abs(v)
    tone = 0.5 - 0.3 * np.sign(v) * np.cos(turn) + 0.05 * noise(grid, name, 3)
    vein = smoothstep(0.6, 0.2, np.abs(v))
    colour = blend(_LEAF(tone), _LEAF(1 + 0 * tone), 0.6 * vein)
    angle = np.full(grid.shape, turn, np.float32)
    return Passage(name, grid, colour, inside, angle, (_ROUND[1], _TIP))
