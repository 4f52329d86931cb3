"""The samples round the picture: pure pigments, their tints, mixtures of two."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from .brush import Brush
from .fields import Grid, fractal, noise, rectangle, smoothstep
from .paint import Ramp, Recipe, colour
from .passage import Passage

if TYPE_CHECKING:
    from collections.abc import Iterator


class Box(NamedTuple):
    """A box on the panel in panel pixels."""

    left: float
    top: float
    right: float
    bottom: float


# Pigment, what is pencilled under it, dryness of the brush, thickness of the paint.
_SAMPLES = (
    ("red_ochre", "red ochre", 0.1, 0.9),
    ("cinnabar", "cinnabar", 0.1, 1.5),
    ("caput_mortuum", "caput m.", 0.1, 1.1),
    ("dark_ochre", "dk ochre", 0.1, 0.9),
    ("gold_ochre", "gold ochre", 0.1, 1.2),
    ("green_earth", "gr. earth", 0.2, 0.6),
    ("aegirine", "aegirine", 0.2, 0.7),
    ("smalt", "smalt", 0.2, 0.8),
    ("cobalt_blue", "cobalt bl.", 0.1, 1.3),
    ("ivory_black", "ivory bl.", 0.1, 0.8),
    ("carbon_black", "carbon bl.", 0.1, 0.8),
    ("titanium_white", "titanium", 0.0, 1.8),
)
_LEFT, _TOP, _PITCH, _WIDTH, _HEIGHT = 19.0, 275.0, 39.8, 35.0, 34.0
_TINTS = ((0.5, 312.5), (1.2, 325.0), (3.0, 337.5))  # parts of white, top
_TINT_HEIGHT = 10.5
_LABELS_Y = 354.0

SWATCHES: dict[str, Box] = {
    name: Box(
        _LEFT + number * _PITCH,
        _TOP,
        _LEFT + number * _PITCH + _WIDTH,
        _TOP + _HEIGHT,
    )
    for number, (name, *_) in enumerate(_SAMPLES)
}

_PAIRS = (
    ("cobalt_blue", "gold_ochre"),
    ("smalt", "green_earth"),
    ("cobalt_blue", "cinnabar"),
    ("smalt", "caput_mortuum"),
    ("cinnabar", "gold_ochre"),
    ("carbon_black", "gold_ochre"),
    ("aegirine", "red_ochre"),
    ("dark_ochre", "cobalt_blue"),
    ("ivory_black", "titanium_white"),
)
_MIXTURES = Box(371.0, 20.0, 493.0, 258.0)
_MIXTURE_HEIGHT = 18.5


def _mixture_box(number: int) -> Box:
    step = (_MIXTURES.bottom - _MIXTURES.top + 6) / len(_PAIRS)
    top = _MIXTURES.top + number * step
    return Box(_MIXTURES.left, top, _MIXTURES.right, top + _MIXTURE_HEIGHT)


def lines() -> list[tuple[float, float, float, float]]:
    """Return the pencil lines that the samples were set out with."""
    right = _LEFT + 11 * _PITCH + _WIDTH
    rows = [_TOP - 2, _TOP + _HEIGHT + 1.5, _TINTS[-1][1] + _TINT_HEIGHT + 2]
    across = [(_LEFT - 9, y + 0.4, right + 8, y - 0.4) for y in rows]
    down = [
        (box.left - 2.4, _TOP - 6, box.left - 2.2, _LABELS_Y - 4)
        for box in SWATCHES.values()
    ]
    sides = [
        (x, 14.0, x + 0.5, 264.0) for x in (_MIXTURES.left - 3, _MIXTURES.right + 3)
    ]
    return across + down + sides


def labels() -> list[tuple[float, float, str, float]]:
    """Return middle, text and size of the pencilled words."""
    words = [
        ((SWATCHES[name].left + SWATCHES[name].right) / 2, _LABELS_Y, word, 8.0)
        for name, word, *_ in _SAMPLES
    ]
    return [*words, (94.0, 367.5, "gesso on poplar, twelve pigments", 9.0)]


def passages(grid: Grid) -> Iterator[Passage]:
    """Yield every sample."""
    for name, _, dryness, thickness in _SAMPLES:
        yield _sample(grid, name, {name: 1.0}, SWATCHES[name], dryness, thickness)
        let_down = "ivory_black" if name == "titanium_white" else "titanium_white"
        for number, (parts, top) in enumerate(_TINTS):
            amount = 0.25 * parts if let_down == "ivory_black" else parts
            box = SWATCHES[name]._replace(top=top, bottom=top + _TINT_HEIGHT)
            recipe = {name: 1.0, let_down: amount}
            yield _sample(grid, f"{name}/{number}", recipe, box, 0.2, thickness)
    for number, pair in enumerate(_PAIRS):
        yield _mixture(grid, number, *pair)


def _around(grid: Grid, box: Box) -> Grid:
    """Return the part of the grid about a box."""
    return grid.crop(
        int(box.left) - 8, int(box.top) - 8, int(box.right) + 8, int(box.bottom) + 8
    )


def _sample(
    grid: Grid, name: str, recipe: Recipe, box: Box, dryness: float, thickness: float
) -> Passage:
    """Return a sample brushed on by hand, thin or full as the pigment allows."""
    grid = _around(grid, box)
    upright = box.bottom - box.top > 20
    hairs = noise(grid, name, *((1.5, 6) if upright else (6, 1.5)))
    ragged = 0.35 * fractal(grid, f"{name}/edge", 12) + 0.35 * hairs
    inside = rectangle(grid, *box) + ragged - 0.2
    paint = np.broadcast_to(colour(recipe), (*grid.shape, 3))
    lean = 0.12 * noise(grid, f"{name}/lean", 60)
    angle = np.float32(np.pi / 2 if upright else 0) + lean
    reach = box.bottom - box.top if upright else 0.8 * (box.right - box.left)
    brushes = (
        Brush(7 if upright else 5, reach, 2.2, 0.92, dryness, thickness, 0.06, 0.035),
        Brush(4, 0.6 * reach, 1.2, 0.85, dryness + 0.1, 1.2 * thickness, 0.1, 0.035),
    )
    return Passage(name, grid, paint, inside, angle, brushes, 0.8, 0.75 - dryness)


def _mixture(grid: Grid, number: int, first: str, second: str) -> Passage:
    """Return two pigments worked into one another, both let down a little."""
    box = _mixture_box(number)
    grid = _around(grid, box)
    name = f"mixture/{number}"
    white = 0.0 if second == "titanium_white" else 0.22
    ramp = Ramp(
        *(
            (share, _between(first, second, share, white))
            for share in np.linspace(0, 1, 9).tolist()
        )
    )
    place = (grid.x - box.left) / (box.right - box.left)
    share = smoothstep(0.06, 0.94, place + 0.035 * fractal(grid, name, 14, 5))
    ragged = fractal(grid, f"{name}/edge", 8) + 0.6 * noise(grid, name, 4, 1.3)
    inside = rectangle(grid, *box) + ragged - 0.4
    angle = 0.5 * noise(grid, f"{name}/angle", 11) + 0 * share
    brushes = (
        Brush(8, 26, 2.4, 0.9, 0.15, 1.0, 0.12, 0.05),
        Brush(4, 13, 2.0, 0.9, 0.25, 1.3, 0.3, 0.06),
    )
    return Passage(name, grid, ramp(share), inside, angle, brushes, 0.8, 0.7)


def _between(first: str, second: str, share: float, white: float) -> Recipe:
    """Return a mixture of two pigments, the middle let down with white."""
    recipe = {first: 1 - share, second: share}
    if white:
        recipe["titanium_white"] = white * (0.4 + 0.6 * 4 * share * (1 - share))
    return recipe
