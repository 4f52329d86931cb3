"""The painted jug, after the black-figured ware of Etruria, and the blue bowl."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .fields import bezier, ellipse, fractal, noise, polyline, smoothstep
from .forms import tube, vessel
from .fruit import RED, pears
from .paint import Ramp, blend
from .passage import Passage
from .studio import FINE, LARGE, MEDIUM, PATTERN, SMALL, Spot, touch

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .fields import Field, Grid
    from .forms import Form

_CLAY = Ramp(
    (0.0, {"caput_mortuum": 1.0, "carbon_black": 1.4, "cobalt_blue": 0.1}),
    (0.25, {"red_ochre": 0.7, "caput_mortuum": 1.0, "carbon_black": 0.15}),
    (0.48, {"dark_ochre": 1.0, "cinnabar": 0.35, "red_ochre": 0.2}),
    (0.64, {"gold_ochre": 1.0, "dark_ochre": 0.7, "cinnabar": 0.3}),
    (0.80, {"gold_ochre": 1.0, "titanium_white": 0.3, "cinnabar": 0.15}),
    (1.0, {"gold_ochre": 0.7, "titanium_white": 0.6, "cinnabar": 0.05}),
)
_SLIP = Ramp(
    (0.0, {"carbon_black": 1.0}),
    (0.6, {"ivory_black": 1.0, "caput_mortuum": 0.35}),
    (1.0, {"ivory_black": 0.7, "smalt": 1.0, "titanium_white": 0.1}),
)
_BLUE = Ramp(
    (0.0, {"carbon_black": 1.0, "cobalt_blue": 0.8}),
    (0.4, {"cobalt_blue": 1.0, "carbon_black": 0.06}),
    (0.75, {"cobalt_blue": 1.0, "smalt": 0.6, "titanium_white": 0.1}),
    (1.0, {"smalt": 1.0, "titanium_white": 0.7, "cobalt_blue": 0.1}),
)

_JUG_X, _JUG_TILT = 98.0, 0.17
_BOWL_X, _BOWL_RIM, _BOWL_WIDTH, _BOWL_DEPTH = 282.0, 171.0, 42.0, 7.5

# Radius by height.
_JUG = {
    56: 17, 62: 14, 72: 9.5, 82: 10, 96: 20, 112: 34, 132: 42,
    155: 40, 178: 31, 196: 20, 203: 18, 209: 22, 216: 22,
}  # fmt: skip
_BOWL = {166: 42, 171: 42, 180: 39.5, 190: 32, 198: 22, 202: 18, 206: 20, 214: 20}

_BANDS = (
    (60, 63), (74, 76), (86, 89), (104.5, 106),
    (136, 138), (143, 145), (152, 154), (164, 166),
)  # fmt: skip
_JUG_LIGHTS = (
    Spot(75, 122, 11, 2.0, 1.8),
    Spot(76, 160, 8, 2.0, 1.35),
    Spot(92.5, 80, 6, 1.2, 1.6),
    Spot(90, 201, 3, 1.5, 1.9),
)


def passages(grid: Grid) -> Iterator[Passage]:
    """Yield the jug, then the bowl with what is in it."""
    yield from _jug(grid.crop(30, 44, 152, 222))
    yield from _bowl(grid.crop(228, 120, 336, 222))


def _jug(grid: Grid) -> Iterator[Passage]:
    """Yield the handle, the mouth and the painted body of the jug."""
    yield _handle(grid)
    body = _jug_body(grid)
    tone = body.tone() + 0.02 * fractal(grid, "jug/clay", 6)
    brushes = (LARGE, MEDIUM, SMALL, FINE)
    yield Passage.of_form("jug", grid, body, _CLAY(tone), brushes)
    yield from _decoration(grid, body, tone)
    yield _mouth(grid)
    for number, spot in enumerate(_JUG_LIGHTS):
        yield touch(f"jug/{number}", grid, spot, _CLAY)


def _jug_body(grid: Grid) -> Form:
    form = vessel(grid, _JUG_X, _JUG, _JUG_TILT)
    sine = np.clip((grid.x - _JUG_X) / 22, -1, 1)
    foot = 207 + 4 * np.sqrt(1 - sine**2) - grid.y
    lip = grid.y - 57 + 0 * sine
    return form.within(np.minimum(foot, lip))


def _decoration(grid: Grid, body: Form, tone: Field) -> Iterator[Passage]:
    """Yield the bands and figures in black slip, and one band in red."""
    worn = 0.5 * smoothstep(0.8, 1.6, fractal(grid, "jug/wear", 5))
    turn = np.arctan2(body.normal_x, body.normal_z)
    level = grid.y - _JUG_TILT * _jug_radius(grid) * (np.cos(turn) - 0.5)
    for name, ramp, drawn in (
        ("slip", _SLIP, _figures(level, turn)),
        ("red", RED, _band(level, 146.2, 150.8)),
    ):
        inside = np.minimum(drawn, body.inside) - worn
        yield Passage(name, grid, ramp(tone), inside, body.angle, (PATTERN,), 0.8, 0.85)


def _figures(level: Field, turn: Field) -> Field:
    """Return the signed distance to bands, tongues, a running wave and rays.

    `level` is the height on the jug and `turn` the angle about its axis.
    """
    bands = [_band(level, low, high) for low, high in _BANDS]
    tongues = np.minimum(2.5 * np.cos(22 * turn), _band(level, 92, 103))
    crest = 122 + 6.5 * np.sin(9 * turn + 0.13 * (level - 122))
    wave = np.minimum(level - crest, _band(level, 111, 134))
    saw = np.abs((turn * 11 / np.pi) % 1 - 0.5) * 2
    rays = np.minimum(4 * ((level - 170) / 26 - saw), _band(level, 168, 194))
    return np.max([*bands, tongues, wave, rays], axis=0)


def _jug_radius(grid: Grid) -> Field:
    """Return roughly the radius of the jug at every height."""
    return np.interp(grid.y, list(_JUG), list(_JUG.values()))


def _band(level: Field, low: float, high: float) -> Field:
    """Return the signed distance to a band between two levels."""
    return np.minimum(level - low, high - level)


def _handle(grid: Grid) -> Passage:
    course = bezier([(88, 61), (50, 46), (38, 96), (64, 116)])
    inside, across = polyline(grid, course, np.linspace(3.6, 4.4, len(course)))
    angle = _direction(grid, course)
    form = tube(grid, inside, across, angle)
    brushes = (MEDIUM, SMALL, FINE)
    return Passage.of_form("handle", grid, form, _CLAY(form.tone()), brushes)


def _direction(grid: Grid, course: Field) -> Field:
    """Return the direction of a curve at its nearest point, everywhere."""
    steps = np.diff(course, axis=0)
    middles = (course[1:] + course[:-1]) / 2
    nearest = np.argmin([np.hypot(grid.x - x, grid.y - y) for x, y in middles], axis=0)
    return np.arctan2(steps[:, 1], steps[:, 0]).astype(np.float32)[nearest]


def _mouth(grid: Grid) -> Passage:
    rim = ellipse(grid, _JUG_X, 57.5, 17.5, 4.2)
    hole = ellipse(grid, _JUG_X, 57.7, 14.6, 2.9)
    tone = 0.85 - 0.012 * (grid.x - _JUG_X + 17) + 0 * rim
    dark = _CLAY(0.05 + 0.25 * smoothstep(90, 115, grid.x + 0 * rim))
    colour = blend(_CLAY(tone), dark, smoothstep(-0.3, 0.5, hole))
    return Passage("mouth", grid, colour, rim, 0 * rim, (SMALL, FINE), 0.8)


def _bowl(grid: Grid) -> Iterator[Passage]:
    """Yield the inside of the bowl, its pears and its outside."""
    rim = ellipse(grid, _BOWL_X, _BOWL_RIM, _BOWL_WIDTH, _BOWL_DEPTH)
    tone = 0.12 + 0.4 * smoothstep(260, 322, grid.x + 0 * rim)
    yield Passage("bowl/inside", grid, _BLUE(tone), rim, 0 * rim, (MEDIUM, SMALL), 0.9)
    yield from pears(grid)
    body = _bowl_body(grid)
    tone = body.tone(0.3) + 0.03 * fractal(grid, "bowl", 8)
    yield Passage.of_form("bowl", grid, body, _BLUE(tone), (MEDIUM, SMALL, FINE))
    yield _lip(grid)
    yield touch("bowl", grid, Spot(262, 186, 7, 2.2, 0.75), _BLUE)


def _front(grid: Grid) -> Field:
    """Return the distance below the front of the rim of the bowl."""
    sine = np.clip((grid.x - _BOWL_X) / _BOWL_WIDTH, -1, 1)
    return grid.y - _BOWL_RIM - _BOWL_DEPTH * np.sqrt(1 - sine**2)


def _bowl_body(grid: Grid) -> Form:
    form = vessel(grid, _BOWL_X, _BOWL, 0.18)
    sine = np.clip((grid.x - _BOWL_X) / 20, -1, 1)
    foot = 204.5 + 3.5 * np.sqrt(1 - sine**2) - grid.y
    return form.within(np.minimum(foot, _front(grid)))


def _lip(grid: Grid) -> Passage:
    """Return the light along the rim of the bowl."""
    outer = ellipse(grid, _BOWL_X, _BOWL_RIM, _BOWL_WIDTH + 0.6, _BOWL_DEPTH + 0.5)
    reach = np.abs(grid.x - _BOWL_X) < _BOWL_WIDTH
    front = (grid.y > _BOWL_RIM - 1) & reach
    inside = np.where(front, 1.0 - np.abs(_front(grid)), -1)
    inside = np.minimum(inside, outer + 1.5)
    tone = 0.95 - 0.0075 * (grid.x - 240) + 0.1 * noise(grid, "lip", 6)
    angle = np.arctan2(-0.18 * (grid.x - _BOWL_X), 20 + 0 * grid.y)
    return Passage("lip", grid, _BLUE(tone), inside, angle, (FINE,), 0.8)
