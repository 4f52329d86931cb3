"""The view behind the still life: sky, cumulus, hills, a farm and cypresses."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from .brush import Brush
from .fields import (
    Field,
    Grid,
    fractal,
    generator,
    noise,
    polyline,
    profile,
    rectangle,
    smoothstep,
)
from .forms import relief
from .paint import Ramp, between, blend
from .passage import Passage

if TYPE_CHECKING:
    from collections.abc import Iterator

_SKY = Ramp(
    (0.0, {"titanium_white": 1.0, "gold_ochre": 0.22, "cinnabar": 0.03}),
    (0.3, {"titanium_white": 1.0, "smalt": 0.9, "gold_ochre": 0.05}),
    (0.7, {"titanium_white": 1.0, "smalt": 1.6, "cobalt_blue": 0.45}),
    (1.0, {"titanium_white": 1.0, "smalt": 1.2, "cobalt_blue": 1.3}),
)
_CLOUD = Ramp(
    (0.0, {"titanium_white": 1.0, "smalt": 1.8, "caput_mortuum": 0.32}),
    (0.4, {"titanium_white": 1.0, "smalt": 0.9, "caput_mortuum": 0.1}),
    (0.7, {"titanium_white": 1.0, "gold_ochre": 0.09, "smalt": 0.2}),
    (1.0, {"titanium_white": 1.0, "gold_ochre": 0.02}),
)
_FAR = Ramp(
    (0.0, {"smalt": 2.2, "titanium_white": 0.7, "cobalt_blue": 0.35}),
    (1.0, {"smalt": 1.0, "titanium_white": 1.0, "green_earth": 0.3}),
)
_MIDDLE = Ramp(
    (0.0, {"green_earth": 1.0, "smalt": 1.0, "cobalt_blue": 0.12}),
    (0.5, {"green_earth": 1.5, "titanium_white": 0.3, "smalt": 0.4}),
    (1.0, {"green_earth": 0.8, "titanium_white": 0.5, "gold_ochre": 0.6}),
)
_NEAR = Ramp(
    (0.0, {"aegirine": 1.0, "green_earth": 0.6, "ivory_black": 0.1}),
    (0.45, {"green_earth": 1.0, "gold_ochre": 0.2}),
    (0.8, {"green_earth": 0.6, "gold_ochre": 1.0, "titanium_white": 0.12}),
    (1.0, {"gold_ochre": 1.0, "titanium_white": 0.4, "green_earth": 0.1}),
)
_FIELD = Ramp(
    (0.0, {"dark_ochre": 1.0, "green_earth": 0.6}),
    (0.5, {"gold_ochre": 1.0, "dark_ochre": 0.3, "titanium_white": 0.12}),
    (1.0, {"gold_ochre": 1.0, "titanium_white": 0.6}),
)
_CYPRESS = Ramp(
    (0.0, {"carbon_black": 0.5, "aegirine": 1.0, "cobalt_blue": 0.1}),
    (0.5, {"aegirine": 1.0, "green_earth": 0.7}),
    (1.0, {"green_earth": 1.0, "gold_ochre": 0.7, "titanium_white": 0.05}),
)
_WALL = Ramp(
    (0.0, {"dark_ochre": 0.6, "smalt": 1.0, "titanium_white": 0.2}),
    (1.0, {"titanium_white": 1.0, "gold_ochre": 0.45}),
)
_ROOF = Ramp(
    (0.0, {"caput_mortuum": 1.0, "red_ochre": 1.0}),
    (1.0, {"cinnabar": 1.0, "gold_ochre": 0.6, "titanium_white": 0.15}),
)

_BROAD = Brush(13, 36, 2.2, dryness=0.2, thickness=0.5, variety=0.08)
_MEDIUM = Brush(6.5, 20, 1.8, thickness=0.7, variety=0.08, wander=0.25)
_SMALL = Brush(3.2, 11, 1.6, thickness=0.8, tolerance=0.02)
_FINE = Brush(1.6, 5.5, 1.5, thickness=0.8, tolerance=0.025)
_CLOUD_BRUSHES = (
    Brush(6, 13, 1.6, dryness=0.25, variety=0.04, wander=0.4),
    Brush(3, 7, 1.7, thickness=1.5, variety=0.03, wander=0.5, tolerance=0.02),
)
_BUILDING_BRUSHES = (Brush(2.4, 6, 2.0, dryness=0.1, wander=0.1), _FINE)
_TREE_BRUSHES = (
    Brush(4, 12, 2.0, dryness=0.2),
    Brush(2, 7, 2.2, thickness=1.3, variety=0.12, tolerance=0.01),
    Brush(1.3, 4, 1.2, thickness=1.2, variety=0.15, tolerance=0.02),
)


class Cloud(NamedTuple):
    """A cumulus: middle and base, half its width, its rise, its number of heaps."""

    x: int
    base: int
    width: int
    rise: int
    heaps: int


class Tree(NamedTuple):
    """A cypress: its foot and its height."""

    x: int
    foot: int
    height: int


_CLOUDS = (
    Cloud(262, 84, 62, 52, 60),
    Cloud(196, 97, 34, 18, 26),
    Cloud(30, 92, 46, 40, 44),
    Cloud(326, 98, 30, 22, 24),
)
_TREES = (
    Tree(214, 152, 34),
    Tree(224, 155, 58),
    Tree(236, 153, 44),
    Tree(318, 158, 38),
    Tree(328, 160, 68),
)
# Left, top, right, bottom of walls; left, top, right, eaves of roofs.
_WALLS = {"tower": (288, 114, 296, 140), "house": (295, 126, 312, 142)}
_ROOFS = {"tower": (286.5, 110, 297.5, 115), "house": (294.5, 122, 314, 128)}


def passages(grid: Grid) -> Iterator[Passage]:
    """Yield the passages of the view from far to near."""
    yield _sky(grid)
    for number, cloud in enumerate(_CLOUDS):
        yield _cloud(grid, f"cloud/{number}", cloud)
    yield _far_hills(grid)
    yield _middle_hills(grid)
    yield from _farm(grid)
    yield _near_hill(grid)
    for number, tree in enumerate(_TREES):
        yield _cypress(grid, f"cypress/{number}", tree)


def _sky(grid: Grid) -> Passage:
    height = 1 - grid.y / 135 + 0.05 * fractal(grid, "sky", 60, 16)
    height = height + 0.12 * (grid.x - 120) / 340
    streak = smoothstep(0.8, 2.0, fractal(grid, "cirrus", 70, 9)) * 0.3
    colour = blend(_SKY(height), _CLOUD(0.85 + 0 * height), streak)
    angle = 0.25 * noise(grid, "sky/angle", 50) - 0.12
    inside = rectangle(grid, -9, -9, 400, 140)
    return Passage("sky", grid, colour, inside, angle, (_BROAD, _MEDIUM), 4.0, 0.82)


def _cloud(grid: Grid, name: str, cloud: Cloud) -> Passage:
    """Return a cumulus, lit from the left, flat and grey below."""
    reach = cloud.width + 16
    above = cloud.base - cloud.rise - 22
    grid = grid.crop(cloud.x - reach, above, cloud.x + reach, cloud.base + 8)
    heap = _heaps(grid, name, cloud)
    floor = cloud.base + 1.5 * noise(grid, f"{name}/floor", 14) - grid.y
    inside = np.minimum(heap - 0.8, floor * 0.7)
    form = relief(grid, inside, 1.25 * np.maximum(heap, 0), 1.6)
    low = smoothstep(0.55 * cloud.rise, 0, cloud.base - grid.y)
    tone = 0.34 + 0.62 * form.light() - 0.32 * low + 0.05 * fractal(grid, name, 9)
    return Passage(
        name, grid, _CLOUD(tone), inside, form.angle, _CLOUD_BRUSHES, 5.0, 0.8
    )


def _heaps(grid: Grid, name: str, cloud: Cloud) -> Field:
    """Return the height of spheres heaped up, ragged by noise."""
    px = grid.x + 1.4 * noise(grid, f"{name}/x", 4.5)
    py = grid.y + 1.4 * noise(grid, f"{name}/y", 4.5)
    rng = generator(name)
    aside = np.clip(rng.normal(0, 0.42, cloud.heaps), -1, 1)
    dome = 1 - aside**2
    x = cloud.x + aside * cloud.width
    y = cloud.base - 3 - dome * cloud.rise * rng.random(cloud.heaps) ** 0.8
    radius = (0.12 + 0.16 * rng.random(cloud.heaps)) * cloud.rise * (0.5 + 0.6 * dome)
    height = np.full(grid.shape, -99, np.float32)
    for cx, cy, r in zip(x, y, radius, strict=True):
        distance = np.hypot(px - cx, py - cy)
        bulge = np.sqrt(np.maximum(r**2 - distance**2, 0))
        height = np.maximum(height, np.where(distance < r, bulge, r - distance))
    return height


def _crest(grid: Grid, name: str, level: float, rise: float, cell: float) -> Field:
    """Return the height of ground above a skyline, positive below it."""
    return grid.y - level + rise * profile(grid, name, cell, 5)


def _far_hills(grid: Grid) -> Passage:
    dip = 5 * np.exp(-(((grid.x - 170) / 40) ** 2))
    inside = _crest(grid, "far", 117, 5.5, 52) - dip
    folds = fractal(grid, "far/folds", 18, 26)
    tone = 0.35 + 0.22 * folds + 0.02 * (grid.y - 115)
    angle = 0.3 + 0.3 * noise(grid, "far/angle", 24)
    brushes = (_MEDIUM, _SMALL)
    return Passage("far", grid, _FAR(tone), inside, angle, brushes, 2.0, 0.85)


def _middle_hills(grid: Grid) -> Passage:
    inside = _crest(grid, "middle", 131, 4.0, 46)
    folds = fractal(grid, "middle/folds", 26, 15)
    patches = smoothstep(0.4, 0.7, noise(grid, "middle/fields", 20, 6))
    tone = 0.5 + 0.25 * folds
    colour = between(_MIDDLE, _FIELD, tone, 0.65 * patches)
    groves = smoothstep(0.7, 0.9, fractal(grid, "middle/groves", 8, 5))
    colour = blend(colour, _MIDDLE(0 * tone), 0.8 * groves)
    angle = 0.35 * noise(grid, "middle/angle", 22) + 0.1
    brushes = (_MEDIUM, _SMALL, _FINE)
    return Passage("middle", grid, colour, inside, angle, brushes, 1.5, 0.85)


def _near_hill(grid: Grid) -> Passage:
    swell = 9 * np.exp(-(((grid.x - 235) / 70) ** 2))
    swell = swell - 10 * smoothstep(150, 60, grid.x) - 4 * smoothstep(280, 345, grid.x)
    inside = _crest(grid, "near", 157, 1.2, 24) + swell
    tone = 0.5 + 0.2 * fractal(grid, "near/folds", 18, 7) - 0.012 * (inside - 8)
    rows = np.sin((grid.y + 0.22 * grid.x) * 1.5 + 0.4 * noise(grid, "rows", 20))
    sown = smoothstep(0.2, 0.5, noise(grid, "near/fields", 34, 9))
    colour = between(_NEAR, _FIELD, tone + 0.12 * sown * rows, 0.75 * sown)
    colour = blend(colour, _NEAR(0.1 + 0 * tone), _tree_shadows(grid))
    angle = 0.14 + 0.2 * noise(grid, "near/angle", 26)
    brushes = (_MEDIUM, _SMALL, _FINE)
    return Passage("near", grid, colour, inside, angle, brushes, 1.2, 0.9)


def _tree_shadows(grid: Grid) -> Field:
    """Return the shadows that the cypresses throw to the right, 0..1."""
    shadow = sum(
        np.exp(
            -(((grid.x - tree.x - 14) / 15) ** 2)
            - ((grid.y - tree.foot - 3) / 2.2) ** 2
        )
        for tree in _TREES
    )
    return np.clip(shadow, 0, 0.85)


def _farm(grid: Grid) -> Iterator[Passage]:
    """Yield a farm on the middle hill: tower, house, their roofs."""
    grid = grid.crop(276, 102, 324, 152)
    for name, box in _WALLS.items():
        yield _wall(grid, name, *box)
    for name, box in _ROOFS.items():
        yield _roof(grid, f"{name}/roof", *box)


def _sunny(grid: Grid, name: str, left: float, right: float) -> Field:
    """Return 1 on the side of a building that faces the sun, 0 on the other."""
    lit = smoothstep(0.65, 0.5, (grid.x - left) / (right - left))
    return lit + 0.15 * noise(grid, f"{name}/grain", 4)


def _wall(
    grid: Grid, name: str, left: int, top: int, right: int, bottom: int
) -> Passage:
    tone = 0.3 + 0.6 * _sunny(grid, name, left, right)
    for x, y in ((left + 2, top + 5), (left + 3, top + 13)):
        window = rectangle(grid, x, y, x + 3, y + 5)
        tone = tone - smoothstep(0.4, 1.2, window)
    inside = rectangle(grid, left, top, right, bottom)
    angle = np.full(grid.shape, np.pi / 2, np.float32)
    return Passage(name, grid, _WALL(tone), inside, angle, _BUILDING_BRUSHES)


def _roof(
    grid: Grid, name: str, left: float, top: float, right: float, eaves: float
) -> Passage:
    tone = 0.25 + 0.5 * _sunny(grid, name, left, right)
    fall = (grid.y - top) / (eaves - top)
    half = (right - left) / 2 * (0.45 + 0.55 * fall)
    slope = half - np.abs(grid.x - (left + right) / 2)
    inside = np.minimum(slope, rectangle(grid, left, top, right, eaves))
    angle = np.full(grid.shape, 0.1, np.float32)
    return Passage(name, grid, _ROOF(tone), inside, angle, _BUILDING_BRUSHES)


def _cypress(grid: Grid, name: str, tree: Tree) -> Passage:
    """Return a cypress, its left side in the sun."""
    x, foot, height = tree
    grid = grid.crop(x - 22, foot - height - 14, x + 22, foot + 8)
    lean = 0.02 * height * generator(name).normal()
    points = [(x, foot), (x + lean / 2, foot - 0.3 * height), (x + lean, foot - height)]
    # `across` is positive to the left of a line drawn upwards.
    body, across = polyline(grid, points, [0.075 * height, 0.115 * height, 0.3])
    inside = body + 1.3 * fractal(grid, name, 2.6, 6, octaves=3)
    tufts = fractal(grid, f"{name}/tufts", 3.5, 9, octaves=3)
    side = np.clip(across, -1, 1)
    tone = 0.32 + 0.36 * side + 0.2 * tufts
    angle = np.float32(-np.pi / 2) - 0.25 * side + 0.1 * tufts
    return Passage(name, grid, _CYPRESS(tone), inside, angle, _TREE_BRUSHES, 1.8)
