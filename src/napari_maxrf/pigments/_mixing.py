"""A mixture of pigments as one pigment: its chemistry, and a guess at its colour."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_maxrf.pigments._pigment import Pigment

Floats = npt.NDArray[np.float64]

_DARKEST = 2e-3
"""Reflectance, about 6 of 255 in sRGB: a channel of 0 is a colour outside sRGB and not
a paint that swallows all light."""


def mixed_substance(
    parts: Sequence[tuple[Pigment, float]],
) -> tuple[tuple[tuple[str, float], ...], float]:
    """Return composition and density of pigments mixed by volume.

    ``rho = sum v_i rho_i`` and a mass fraction ``v_i rho_i / rho``.

    Parameters
    ----------
    parts : sequence of (Pigment, float)
        Pigments with their shares of the volume, which sum to 1.

    Returns
    -------
    composition : tuple of (str, float)
        Formulas with mass fractions.
    density_g_cm3 : float
    """
    density = sum(share * pigment.density_g_cm3 for pigment, share in parts)
    total: dict[str, float] = {}
    for pigment, share in parts:
        mass = share * pigment.density_g_cm3 / density
        for formula, fraction in pigment.composition:
            total[formula] = total.get(formula, 0.0) + mass * fraction
    return tuple(total.items()), density


def mixed_colour(colours: npt.ArrayLike, shares: npt.ArrayLike) -> tuple[int, int, int]:
    """Mix colours as paints, not as lights.

    Kubelka-Munk with one constant in each of the three channels: K/S of a
    reflectance R is ``(1 - R)**2 / (2 R)``, and that of a mixture the mean of its
    parts' (Duncan, J. Oil Colour Chem. Assoc. 32, 296 (1949), with equal scatter
    of all pigments). Three channels and equal scatter make it a guess; a measured
    colour is better.

    Parameters
    ----------
    colours : array, shape (n, 3)
        sRGB, 0 to 255.
    shares : array, shape (n,)
        Shares of the volume; sum 1.

    Examples
    --------
    >>> mixed_colour([(255, 255, 255), (0, 0, 0)], [1.0, 0.0])
    (255, 255, 255)
    """
    reflectance = np.clip(_linear(np.asarray(colours) / 255), _DARKEST, 1.0)
    ratio = (1 - reflectance) ** 2 / (2 * reflectance)
    mixed = np.asarray(shares, dtype=np.float64) @ ratio
    red, green, blue = _companded(1 + mixed - np.sqrt(mixed**2 + 2 * mixed))
    return int(red), int(green), int(blue)


def _linear(srgb: Floats) -> Floats:
    """Undo the companding of sRGB (IEC 61966-2-1)."""
    return np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)


def _companded(linear: Floats) -> Floats:
    bright = 1.055 * np.maximum(linear, 1e-9) ** (1 / 2.4) - 0.055
    srgb = np.where(linear <= 0.0031308, 12.92 * linear, bright)
    return np.asarray(np.rint(255 * np.clip(srgb, 0, 1)))
