"""Paint ``mockup.png``: a test panel with twelve pigments and a small still life.

The sample picture of napari-maxrf is made here, from nothing but the pigments of the
palette "sarteano" and a seed, so that anyone may use it and anyone can repeat it.

    python sample_data/paint_mockup.py [-o PATH] [--scale N]
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import numpy.typing as npt
from _painting import landscape, still_life, support, swatches
from _painting.brush import Brush, Canvas
from _painting.fields import Grid, fractal, noise, rectangle, smoothstep
from _painting.paint import colour, to_srgb
from _painting.passage import Passage, paint
from PIL import Image

WIDTH, HEIGHT = 512, 384
SCENE_LEFT, SCENE_TOP, SCENE_WIDTH, SCENE_HEIGHT = 14, 10, 344, 256
_BEYOND_PICTURE = 6.0  # gesso left about the picture within its window

_TONED_GROUND = {"titanium_white": 0.35, "gold_ochre": 1.0, "dark_ochre": 0.9}
_GROUND_BRUSH = Brush(16, 60, 1.8, dryness=0.45, opacity=0.75, thickness=0.3)


def paint_panel(scale: int = 1, samples: int | None = None) -> npt.NDArray[np.uint8]:
    """Return the painted panel.

    Parameters
    ----------
    scale
        The picture is ``512 * scale`` by ``384 * scale`` pixels.
    samples
        Samples per picture pixel and axis; 3 for ``scale`` 1, otherwise 2.

    Returns
    -------
    ndarray of uint8, shape (384 * scale, 512 * scale, 3)
        sRGB.
    """
    samples = samples or (3 if scale == 1 else 2)
    canvas = Canvas.blank(Grid(0, 0, WIDTH, HEIGHT, scale * samples))
    support.prepare(canvas)
    support.draw(canvas, swatches.lines(), swatches.labels())
    for passage in swatches.passages(canvas.grid):
        paint(canvas, passage)
    _paint_scene(canvas.window(SCENE_LEFT, SCENE_TOP, SCENE_WIDTH, SCENE_HEIGHT))
    support.age(canvas)
    light = support.photograph(support.lit(canvas), samples)
    return (to_srgb(light) * 255).round().astype(np.uint8)


def _paint_scene(canvas: Canvas) -> None:
    """Paint the picture on a toned ground that shows at its edges."""
    grid = canvas.grid
    paint(canvas, _toned_ground(grid))
    edge = _picture_edge(grid, _BEYOND_PICTURE, "picture")
    within = smoothstep(-0.4, 0.5, edge)
    for part in (landscape, still_life):
        for passage in part.passages(grid):
            paint(canvas, passage, within)


def _toned_ground(grid: Grid) -> Passage:
    """Return the thin ochre wash under the picture."""
    wash = np.broadcast_to(colour(_TONED_GROUND), (*grid.shape, 3))
    edge = _picture_edge(grid, _BEYOND_PICTURE - 2.6, "wash")
    angle = 0.1 * noise(grid, "wash/angle", 80)
    return Passage("wash", grid, wash, edge, angle, (_GROUND_BRUSH,), 1.5, 0.35)


def _picture_edge(grid: Grid, margin: float, name: str) -> npt.NDArray[np.float32]:
    """Return the signed distance to a box as a brush would leave it."""
    right, bottom = grid.width - margin, grid.height - margin
    ragged = 0.5 * fractal(grid, name, 24) + 0.25 * noise(grid, f"{name}/hairs", 2.5)
    return rectangle(grid, margin, margin, right, bottom) + ragged


def main() -> None:
    """Paint the panel and save it as a PNG file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    default = Path(__file__).with_name("mockup.png")
    parser.add_argument("-o", "--output", type=Path, default=default)
    parser.add_argument("--scale", type=int, default=1, help="size, 1 for 512 x 384")
    options = parser.parse_args()
    picture = Image.fromarray(paint_panel(options.scale))
    picture.save(options.output, format="PNG", optimize=True)


if __name__ == "__main__":
    main()
