"""Solids under the light of the studio: where they are, how light falls on them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.interpolate import PchipInterpolator

from .fields import blur, slopes, smoothstep, turned

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .fields import Field, Grid

# Towards the light: left, above and before the picture (x right, y down, z out).
LIGHT = np.array([-0.72, -0.46, 0.52], np.float32)
LIGHT /= np.linalg.norm(LIGHT)
_GLANCE = LIGHT + np.array([0, 0, 1], np.float32)
_GLANCE /= np.linalg.norm(_GLANCE)


@dataclass(frozen=True)
class Form:
    """A visible surface.

    Parameters
    ----------
    inside
        Signed distance to the outline, positive inside.
    normal_x, normal_y, normal_z
        Unit normal of the surface.
    angle
        Direction of strokes that follow the form.
    """

    inside: Field
    normal_x: Field
    normal_y: Field
    normal_z: Field
    angle: Field

    def within(self, limit: Field) -> Form:
        """Return the form cut off where `limit` is negative."""
        return replace(self, inside=np.minimum(self.inside, limit))

    def light(self) -> Field:
        """Return the light on a matt surface, -1..1 (Lambert)."""
        return (
            self.normal_x * LIGHT[0]
            + self.normal_y * LIGHT[1]
            + self.normal_z * LIGHT[2]
        )

    def tone(self, reflected: float = 0.16) -> Field:
        """Return the tone 0..1: light, half-tone, shadow, reflected light.

        Shadow gathers at the terminator; beyond it the cloth throws light back on
        the parts that face down and to the right.
        """
        light = self.light()
        direct = 0.20 + 0.74 * np.clip(light, 0, None)
        shadow = 0.20 + 0.25 * np.clip(light, -1, 0)
        back = np.clip(0.5 * self.normal_x + 0.75 * self.normal_y, 0, None)
        turning = smoothstep(0.75, 0.15, self.normal_z)
        tone = np.where(light > 0, direct, shadow)
        return tone + reflected * back * (0.35 + 0.65 * turning)

    def gloss(self, sharpness: float) -> Field:
        """Return the highlight 0..1 (Blinn)."""
        glance = (
            self.normal_x * _GLANCE[0]
            + self.normal_y * _GLANCE[1]
            + self.normal_z * _GLANCE[2]
        )
        return np.clip(glance, 0, 1) ** sharpness


def ellipsoid(
    grid: Grid, cx: float, cy: float, rx: float, ry: float, turn: float = 0.0
) -> Form:
    """Return an ellipsoid, its pole turned clockwise from upright by `turn`."""
    u, v = turned(grid, cx, cy, turn)
    u, v = u / rx, v / ry
    reach = np.hypot(u, v)
    inside = (1 - reach) * min(rx, ry)
    scale = np.minimum(1, 0.999 / np.maximum(reach, 1e-6))
    u, v = u * scale, v * scale
    depth = np.sqrt(1 - u * u - v * v)
    cos, sin = np.cos(turn), np.sin(turn)
    normal = cos * u - sin * v, sin * u + cos * v, depth
    return Form(inside, *normal, meridians(normal, turn))


def meridians(normal: tuple[Field, Field, Field], turn: float) -> Field:
    """Return the direction of the lines from pole to pole on a round form.

    The pole leans clockwise by `turn` and a little towards the viewer.
    """
    pole = 0.85 * np.sin(turn), -0.85 * np.cos(turn), 0.53
    rise = sum(p * n for p, n in zip(pole, normal, strict=True))
    return np.arctan2(pole[1] - rise * normal[1], pole[0] - rise * normal[0])


def vessel(grid: Grid, cx: float, turning: Mapping[float, float], tilt: float) -> Form:
    """Return a turned vessel about an upright axis.

    Parameters
    ----------
    grid
        Where to sample.
    cx
        Place of the axis.
    turning
        Radius by height, heights rising.
    tilt
        Ratio of the axes of its rims as seen from above.
    """
    low, high = min(turning), max(turning)
    y = np.clip(grid.y[:, 0], low, high)
    outline = PchipInterpolator(list(turning), list(turning.values()))
    radius, slope = outline(y)[:, None], outline(y, 1)[:, None]
    sine = np.clip((grid.x - cx) / radius, -0.999, 0.999)
    cosine = np.sqrt(1 - sine**2)
    ends = np.minimum(grid.y - low, high - grid.y)
    inside = (radius - np.abs(grid.x - cx)) / np.sqrt(1 + slope**2)
    angle = np.arctan2(-tilt * sine, cosine)
    return Form(np.minimum(inside, ends), *_turned_normal(sine, cosine, slope), angle)


def _turned_normal(
    sine: Field, cosine: Field, slope: Field
) -> tuple[Field, Field, Field]:
    """Return the unit normal of a turned surface, shown a little from above."""
    steep = 1 / np.sqrt(1 + slope**2)
    x, y, z = sine * steep, -slope * steep - 0.12 + 0 * sine, cosine * steep
    size = np.sqrt(x**2 + y**2 + z**2)
    return x / size, y / size, z / size


def relief(grid: Grid, inside: Field, height: Field, smooth: float) -> Form:
    """Return a surface given by its height above the picture plane."""
    across, down = slopes(blur(height, grid, smooth), grid)
    size = np.sqrt(1 + across**2 + down**2)
    angle = np.arctan2(across, -down)  # along the contour lines
    return Form(inside, -across / size, -down / size, 1 / size, angle)


def tube(grid: Grid, inside: Field, across: Field, angle: Field) -> Form:
    """Return a round bar from the offset across it, -1..1."""
    side = np.clip(across, -0.98, 0.98)
    return Form(
        inside,
        np.sin(angle) * side,
        -np.cos(angle) * side,
        np.sqrt(1 - side**2),
        angle,
    )
