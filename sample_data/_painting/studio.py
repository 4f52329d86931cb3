"""What all things on the ledge are painted with: brushes, lights and highlights."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from .brush import Brush
from .fields import ellipse, noise, smoothstep
from .paint import Ramp, blend
from .passage import Passage

if TYPE_CHECKING:
    from .fields import Grid
    from .forms import Form

SHINE = Ramp(
    (0.0, {"smalt": 1.0, "titanium_white": 0.4}),
    (1.0, {"titanium_white": 1.0, "gold_ochre": 0.01}),
)

LARGE = Brush(9, 26, 1.8, dryness=0.25, thickness=0.6, variety=0.09)
MEDIUM = Brush(5, 15, 1.8, thickness=0.8, variety=0.09)
SMALL = Brush(2.6, 8.5, 1.8, thickness=0.9, tolerance=0.008, variety=0.08)
FINE = Brush(1.5, 5, 1.8, thickness=0.9, tolerance=0.012, variety=0.07)
PATTERN = Brush(1.5, 4.5, 2.0, dryness=0.2, opacity=0.85, thickness=0.7)
_DABS = Brush(1.4, 3.4, 1.6, dryness=0.25, thickness=2.2, variety=0.02, opacity=0.85)
_DRAG = Brush(2.2, 6, 1.4, dryness=0.45, opacity=0.5, thickness=1.2, variety=0.04)


def highlight(
    name: str, grid: Grid, form: Form, local: Ramp, sharpness: float, size: float
) -> Passage:
    """Return the touches of thick light paint where a form shines.

    The shine is whitest in its middle and passes into the `local` light.
    """
    name = f"{name}/shine"
    gloss = form.gloss(sharpness)
    broken = gloss + 0.10 * noise(grid, name, 2.2)
    inside = np.minimum((broken - size + 0.14) * 6, form.inside)
    colour = blend(local(1 + 0 * gloss), SHINE(gloss), smoothstep(size, 1.0, gloss))
    return Passage(name, grid, colour, inside, form.angle, (_DABS,), 1.6, 0.25)


class Spot(NamedTuple):
    """A place where light gathers: middle, half axes and turn of an ellipse."""

    x: float
    y: float
    long: float
    broad: float
    turn: float


def touch(name: str, grid: Grid, spot: Spot, local: Ramp) -> Passage:
    """Return a few dragged strokes of the lightest local colour."""
    name = f"{name}/touch"
    core = ellipse(grid, spot.x, spot.y, spot.long, spot.broad, spot.turn)
    core = core + 0.5 * noise(grid, name, 3)
    share = 0.2 * smoothstep(0.2 * spot.broad, spot.broad, core)
    colour = blend(local(1 + 0 * core), SHINE(1 + 0 * core), share)
    angle = np.full(grid.shape, spot.turn, np.float32)
    return Passage(name, grid, colour, core, angle, (_DRAG,), 1.5 * spot.broad, 0.0)
