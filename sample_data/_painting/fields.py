"""Scalar fields on a regular grid: coordinates, smooth noise, signed shapes.

Lengths are panel pixels whatever the resolution, so that a picture rendered twice
as large shows the same drawing.  Signed shapes are positive inside.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy import ndimage

Field = npt.NDArray[np.float32]

SEED = 20
_BSPLINE_DEVIATION = 0.479  # of a cubic B-spline field of unit normal coefficients


def generator(name: str) -> np.random.Generator:
    """Return the random generator of a named part, the same on every run."""
    return np.random.default_rng([SEED, zlib.crc32(name.encode())])


@dataclass(frozen=True)
class Grid:
    """Sampling points of a window of the panel.

    Parameters
    ----------
    left, top, width, height
        The window in panel pixels.
    density
        Samples per panel pixel.
    """

    left: float
    top: float
    width: float
    height: float
    density: int

    @cached_property
    def x(self) -> Field:
        """Horizontal coordinates, shape (1, columns)."""
        count = round(self.width * self.density)
        steps = (np.arange(count) + 0.5) / self.density
        return (self.left + steps)[None, :].astype(np.float32)

    @cached_property
    def y(self) -> Field:
        """Vertical coordinates, downwards, shape (rows, 1)."""
        count = round(self.height * self.density)
        steps = (np.arange(count) + 0.5) / self.density
        return (self.top + steps)[:, None].astype(np.float32)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.y.shape[0], self.x.shape[1]

    def crop(self, left: int, top: int, right: int, bottom: int) -> Grid:
        """Return the samples between two corners, as far as there are any."""
        left, top = max(left, self.left), max(top, self.top)
        right = min(right, self.left + self.width)
        bottom = min(bottom, self.top + self.height)
        return Grid(left, top, right - left, bottom - top, self.density)


def smoothstep(low: float, high: float, value: npt.ArrayLike) -> Field:
    """Return the cubic step from 0 at `low` to 1 at `high`."""
    t = np.clip((np.asarray(value, np.float32) - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)


def _spline_weights(position: Field, count: int) -> Field:
    """Return cubic B-spline weights, shape (points, count)."""
    nodes = np.arange(count, dtype=np.float32) - 1
    t = np.abs(position[:, None] - nodes[None, :])
    near = 2 / 3 - t**2 + t**3 / 2
    far = np.clip(2 - t, 0, None) ** 3 / 6
    return np.where(t < 1, near, far).astype(np.float32)


def noise(grid: Grid, name: str, cell_x: float, cell_y: float | None = None) -> Field:
    """Return smooth noise of zero mean and unit deviation.

    Parameters
    ----------
    grid
        Where to sample.
    name
        Names the random part.
    cell_x, cell_y
        Size of a feature in panel pixels; `cell_y` is `cell_x` when not given.
    """
    cell_y = cell_x if cell_y is None else cell_y
    columns = int(grid.width / cell_x) + 4
    rows = int(grid.height / cell_y) + 4
    lattice = generator(name).standard_normal((rows, columns)).astype(np.float32)
    across = _spline_weights((grid.x[0] - grid.left) / cell_x, columns)
    down = _spline_weights((grid.y[:, 0] - grid.top) / cell_y, rows)
    return down @ lattice @ across.T / np.float32(_BSPLINE_DEVIATION)


def fractal(
    grid: Grid,
    name: str,
    cell_x: float,
    cell_y: float | None = None,
    *,
    octaves: int = 4,
    gain: float = 0.5,
) -> Field:
    """Return noise of several octaves with unit deviation."""
    cell_y = cell_x if cell_y is None else cell_y
    parts = [
        gain**i * noise(grid, f"{name}/{i}", cell_x / 2**i, cell_y / 2**i)
        for i in range(octaves)
    ]
    return sum(parts) / np.float32(
        np.sqrt(sum(gain ** (2 * i) for i in range(octaves)))
    )


def profile(grid: Grid, name: str, cell: float, octaves: int = 1) -> Field:
    """Return noise that varies along x only, shape (1, columns)."""
    return fractal(grid, name, cell, 1e4, octaves=octaves)[:1]


def blur(field: Field, grid: Grid, radius: float) -> Field:
    """Return the Gaussian blur of a field, `radius` in panel pixels."""
    return ndimage.gaussian_filter(field, radius * grid.density, mode="nearest")


def slopes(field: Field, grid: Grid) -> tuple[Field, Field]:
    """Return the slope along x and along y, per panel pixel."""
    down, across = np.gradient(field, 1 / grid.density)
    return across, down


def rectangle(
    grid: Grid, left: float, top: float, right: float, bottom: float
) -> Field:
    """Return the signed distance to a box, positive inside."""
    return np.minimum(
        np.minimum(grid.x - left, right - grid.x),
        np.minimum(grid.y - top, bottom - grid.y),
    )


def ellipse(
    grid: Grid, cx: float, cy: float, rx: float, ry: float, turn: float = 0.0
) -> Field:
    """Return an approximate signed distance to a turned ellipse."""
    u, v = turned(grid, cx, cy, turn)
    reach = np.hypot(u / rx, v / ry)
    return (1 - reach) * min(rx, ry)


def turned(grid: Grid, cx: float, cy: float, turn: float) -> tuple[Field, Field]:
    """Return coordinates about a centre, in axes turned by `turn` radians."""
    dx, dy = grid.x - cx, grid.y - cy
    cos, sin = np.float32(np.cos(turn)), np.float32(np.sin(turn))
    return cos * dx + sin * dy, cos * dy - sin * dx


def polyline(
    grid: Grid, points: npt.ArrayLike, radii: npt.ArrayLike
) -> tuple[Field, Field]:
    """Return signed distance to a tapering tube and the offset across it.

    Parameters
    ----------
    grid
        Where to sample.
    points
        Corners, shape (n, 2), x and y.
    radii
        Radius at each corner, shape (n,).
    """
    corners, radius = np.asarray(points, np.float32), np.asarray(radii, np.float32)
    best = np.full(grid.shape, -np.inf, np.float32)
    across = np.zeros(grid.shape, np.float32)
    for i in range(len(corners) - 1):
        distance, side, along = _segment(grid, corners[i], corners[i + 1])
        width = radius[i] + along * (radius[i + 1] - radius[i])
        inside = width - distance
        nearer = inside > best
        best = np.where(nearer, inside, best)
        across = np.where(nearer, side / np.maximum(width, 0.2), across)
    return best, across


def _segment(grid: Grid, start: Field, end: Field) -> tuple[Field, Field, Field]:
    """Return distance, signed side and position 0..1 along a segment."""
    delta = end - start
    length = float(np.hypot(*delta)) or 1e-6
    dx, dy = grid.x - start[0], grid.y - start[1]
    along = np.clip((dx * delta[0] + dy * delta[1]) / length**2, 0, 1)
    distance = np.hypot(dx - along * delta[0], dy - along * delta[1])
    side = (dx * delta[1] - dy * delta[0]) / length
    return distance, side, along


def bezier(points: npt.ArrayLike, count: int = 24) -> npt.NDArray[np.float64]:
    """Return points on a cubic Bezier curve, shape (count, 2)."""
    p = np.asarray(points, float)
    t = np.linspace(0, 1, count)[:, None]
    s = 1 - t
    return s**3 * p[0] + 3 * s**2 * t * p[1] + 3 * s * t**2 * p[2] + t**3 * p[3]
