"""The twelve pigments and their mixtures.

Mixtures follow Kubelka and Munk in three wide bands: the ratio of absorption to
scattering of a mixture is the mean of its parts, weighted by amount and by
scattering power, ``K/S = (1 - R)^2 / (2 R)`` (Kubelka & Munk 1931; Duncan 1940).
Three bands are few, yet blue and ochre give green, as on the palette.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from napari_maxrf.pigments import load_palette

Recipe = Mapping[str, float]
Colour = npt.NDArray[np.float32]

PALETTE = load_palette("sarteano")

# Scattering power against an ordinary earth: titanium white hides far better,
# smalt is a glass that hardly scatters in the binder.
SCATTERING = {"titanium_white": 4.0, "smalt": 0.7, "green_earth": 0.8}


def to_linear(srgb: npt.ArrayLike) -> Colour:
    """Return linear light of sRGB values in 0..1 (IEC 61966-2-1)."""
    value = np.asarray(srgb, np.float32)
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)


def to_srgb(linear: npt.ArrayLike) -> Colour:
    """Return sRGB values in 0..1 of linear light (IEC 61966-2-1)."""
    value = np.clip(np.asarray(linear, np.float32), 0, 1)
    root = 1.055 * np.maximum(value, 1e-6) ** (1 / 2.4) - 0.055
    return np.where(value <= 0.0031308, 12.92 * value, root)


def absorption(reflectance: npt.ArrayLike) -> Colour:
    """Return K/S of an opaque layer."""
    value = np.clip(np.asarray(reflectance, np.float32), 1e-4, 0.9999)
    return (1 - value) ** 2 / (2 * value)


def reflectance(ratio: npt.ArrayLike) -> Colour:
    """Return the reflectance of an opaque layer from its K/S."""
    value = np.asarray(ratio, np.float32)
    return 1 + value - np.sqrt(value * (value + 2))


_RATIO = {
    name: absorption(to_linear(srgb))
    for name, srgb in zip(PALETTE.ids, PALETTE.colours, strict=True)
}


def mix(recipe: Recipe) -> Colour:
    """Return K/S of a mixture, shape (3,)."""
    shares = {name: part * SCATTERING.get(name, 1.0) for name, part in recipe.items()}
    total = sum(shares.values())
    return sum(share / total * _RATIO[name] for name, share in shares.items())


def colour(recipe: Recipe) -> Colour:
    """Return the linear-light colour of a mixture, shape (3,)."""
    return reflectance(mix(recipe))


class Ramp:
    """Mixtures set out from shadow to light, as laid on a palette.

    Parameters
    ----------
    steps
        Pairs of tone (0 shadow .. 1 light) and recipe, tones rising.
    """

    def __init__(self, *steps: tuple[float, Recipe]) -> None:
        tones = [tone for tone, _ in steps]
        # Interpolated as logarithms: equal steps of tone look equal.
        ratios = np.log(np.stack([mix(recipe) for _, recipe in steps]))
        scale = np.linspace(0, 1, 512)
        columns = [np.interp(scale, tones, ratios[:, band]) for band in range(3)]
        self._table = reflectance(np.exp(np.stack(columns, -1)))

    def __call__(self, tone: npt.ArrayLike) -> Colour:
        """Return linear-light colours of tones, shape (..., 3)."""
        index = np.clip(np.asarray(tone) * 511, 0, 511).astype(np.int16)
        return self._table[index]


def blend(under: Colour, over: Colour, share: npt.ArrayLike) -> Colour:
    """Return `under` with `over` laid on it where `share` is 1."""
    amount = np.asarray(share, np.float32)[..., None]
    return under + amount * (over - under)


def varied(colours: Colour, rng: np.random.Generator, amount: float) -> Colour:
    """Return colours as a brush picks them up: never twice the same mixture."""
    count = len(colours)
    depth = rng.normal(0, amount, (count, 1))
    warmth = rng.normal(0, 0.6 * amount, (count, 1)) * np.array([-1.0, 0.1, 1.0])
    return reflectance(absorption(colours) * np.exp(depth + warmth))


def between(
    first: Ramp, second: Ramp, tone: npt.ArrayLike, share: npt.ArrayLike
) -> Colour:
    """Return colours between two ramps, `share` 0 for the first, 1 for the second."""
    return blend(first(tone), second(tone), share)
