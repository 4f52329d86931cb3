"""The wooden ledge, the striped cloth on it, and the shadows cast on both."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .fields import ellipse, fractal, noise, profile, smoothstep
from .forms import relief
from .paint import Ramp
from .passage import Passage
from .studio import FINE, LARGE, MEDIUM, PATTERN, SMALL

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .fields import Field, Grid

_TABLE = Ramp(
    (0.0, {"caput_mortuum": 1.0, "carbon_black": 0.5, "aegirine": 0.4}),
    (0.35, {"caput_mortuum": 1.0, "dark_ochre": 0.6}),
    (0.7, {"dark_ochre": 1.0, "red_ochre": 0.3, "titanium_white": 0.1}),
    (1.0, {"gold_ochre": 1.0, "dark_ochre": 0.5, "titanium_white": 0.4}),
)
_CLOTH = Ramp(
    (0.0, {"smalt": 1.0, "ivory_black": 0.6, "caput_mortuum": 0.5}),
    (0.3, {"smalt": 1.6, "titanium_white": 0.6, "dark_ochre": 0.35}),
    (0.6, {"titanium_white": 1.0, "smalt": 0.9, "dark_ochre": 0.2}),
    (0.85, {"titanium_white": 1.0, "gold_ochre": 0.09}),
    (1.0, {"titanium_white": 1.0, "gold_ochre": 0.015}),
)
_STRIPE = Ramp(
    (0.0, {"cobalt_blue": 1.0, "carbon_black": 0.6}),
    (0.6, {"cobalt_blue": 1.0, "titanium_white": 0.05}),
    (1.0, {"cobalt_blue": 1.0, "titanium_white": 0.4}),
)

_BACK, _FRONT = 168.0, 217.0  # edges of the ledge

# Middle, half axes and depth of the shadows; the light comes from the left.
_SHADOWS = (
    (136, 206, 60, 9, 0.85),
    (106, 211, 28, 5, 1.1),
    (186, 215, 30, 6, 1.0),
    (222, 200, 26, 6, 0.9),
    (236, 221, 28, 5, 1.0),
    (266, 217, 30, 5, 0.9),
    (308, 204, 46, 9, 1.0),
    (288, 208, 26, 5, 1.1),
)


def passages(grid: Grid) -> Iterator[Passage]:
    """Yield the ledge, the cloth and its stripes."""
    shade = _cast_shadows(grid)
    yield _table(grid, shade)
    yield from _cloth(grid, shade)


def _cast_shadows(grid: Grid) -> Field:
    """Return the shadow on the ledge, 0 in the light."""
    shadow = np.zeros(grid.shape, np.float32)
    for cx, cy, rx, ry, dark in _SHADOWS:
        core = ellipse(grid, cx, cy, rx, ry)
        shadow = np.maximum(shadow, dark * smoothstep(-0.35 * ry, 0.7 * ry, core))
    return np.clip(shadow, 0, 1)


def _table(grid: Grid, shade: Field) -> Passage:
    wood = fractal(grid, "table/grain", 60, 2.2, octaves=3)
    top = 0.74 + 0.07 * wood + 0.002 * (grid.y - _BACK) - 0.0004 * grid.x
    front = 0.40 + 0.06 * wood - 0.0004 * grid.x - 0.003 * (grid.y - _FRONT)
    edge = _FRONT + 0.5 * profile(grid, "table/edge", 9) - grid.y
    tone = np.where(edge > 0, top, front)
    tone = tone + 0.28 * np.exp(-((edge / 1.1) ** 2))
    tone = tone - 0.5 * shade * (edge > 0)
    cloth, _ = _cloth_outline(grid)
    below = smoothstep(-9, -1, np.roll(cloth, 5 * grid.density, axis=1))
    tone = tone - 0.24 * below * (edge < 0)
    inside = grid.y - _BACK + 0.004 * (grid.x - 170)
    angle = 0.04 * noise(grid, "table/angle", 40)
    brushes = (LARGE, MEDIUM, SMALL)
    return Passage("table", grid, _TABLE(tone), inside, angle, brushes, 1.0)


def _cloth(grid: Grid, shade: Field) -> Iterator[Passage]:
    """Yield the cloth and the stripes woven along its hem."""
    inside, hem = _cloth_outline(grid)
    height = _folds(grid)
    tone = _cloth_tone(grid, inside, height, shade)
    fan = np.pi / 2 - 0.012 * (grid.x - 200)
    across = 0.12 * noise(grid, "cloth/angle", 20)
    angle = np.where(grid.y > _FRONT - 2, fan, across)
    brushes = (LARGE, MEDIUM, SMALL, FINE)
    yield Passage("cloth", grid, _CLOTH(tone), inside, angle, brushes)
    level = hem - 0.5 * height
    stripes = np.maximum(1.9 - np.abs(level - 8.5), 0.6 - np.abs(level - 13.2))
    woven = np.minimum(stripes, np.where(grid.y > 190, inside, -1))
    along = np.sign(200 - grid.x) * -0.4 + 0 * level
    yield Passage("stripe", grid, _STRIPE(tone), woven, along, (PATTERN,), body=0.8)


def _cloth_tone(grid: Grid, inside: Field, height: Field, shade: Field) -> Field:
    """Return the tone of the cloth: lit above, darker where it hangs and folds."""
    form = relief(grid, inside, height, 0.7)
    hanging = smoothstep(_FRONT - 3, _FRONT + 5, grid.y)
    edge = 0.1 * np.exp(-(((grid.y - _FRONT + 1) / 2.0) ** 2))
    tone = 0.86 - 0.16 * hanging + edge
    tone = tone + 0.95 * (form.light() - 0.59) - 0.62 * shade * (1 - hanging)
    return tone - 0.25 * smoothstep(0, -3.5, height) * hanging


def _cloth_outline(grid: Grid) -> tuple[Field, Field]:
    """Return the signed distance to the cloth and the distance above its hem."""
    ripple = 1.6 * np.sin(grid.x / 7.4) + 1.5 * profile(grid, "hem", 16)
    hem = 242 - 0.25 * np.abs(grid.x - 200) + ripple - grid.y
    wave = noise(grid, "cloth/side", 12)
    left = grid.x - 96 + 0.45 * (_FRONT - grid.y) + wave
    right = 304 + 0.9 * (_FRONT - grid.y) - grid.x + wave
    back = grid.y - 181 + 1.2 * noise(grid, "cloth/back", 18)
    top = np.minimum(np.minimum(left, right), back)
    lower = grid.y > _FRONT
    return np.where(lower, hem * 0.85, np.minimum(top, hem)), hem


def _folds(grid: Grid) -> Field:
    """Return the height of the cloth: creases on the ledge, folds over its edge."""
    fall = np.clip(grid.y - _FRONT, 0, None)
    spread = (grid.x - 192) / (1 + 0.012 * fall)
    wander = 0.8 * noise(grid, "folds", 22, 40)
    folds = np.sin(spread / 6.3 + wander) + 0.45 * np.sin(spread / 2.9 - 2 * wander)
    over = smoothstep(_FRONT - 14, _FRONT + 16, grid.y)
    slant = grid.y + 0.35 * grid.x
    crease = 1 - np.abs(np.sin(slant / 15 + 0.9 * noise(grid, "creases", 34, 20)))
    return 3.6 * folds * over + 3.0 * crease**2 * (1 - over)
