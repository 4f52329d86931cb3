"""Paint as layers: how a pigment lies on a wall, a canvas or a test panel."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches

from napari_maxrf.errors import MaxrfError
from napari_maxrf.physics._materials import (
    Composition,
    Ingredient,
    Layer,
    mix_by_volume,
)


@dataclass(frozen=True)
class Medium:
    """A substance that is no pigment: binder, filler, ground or support."""

    composition: Composition
    density_g_cm3: float

    def share(self, volume: float) -> Ingredient:
        """Return it with its share of a volume."""
        return Ingredient(volume, self.composition, self.density_g_cm3)


OIL = Medium((("C57H104O6", 1.0),), 0.93)
PROTEIN = Medium((("C102H151O39N31", 1.0),), 1.3)
VARNISH = Medium((("C30H48O3", 1.0),), 1.1)
CELLULOSE = Medium((("C6H10O5", 1.0),), 0.6)
LIME = Medium((("CaCO3", 1.0),), 2.71)
QUARTZ = Medium((("SiO2", 1.0),), 2.65)


@dataclass(frozen=True)
class PaintPreset:
    """A paint layer and what lies below it.

    Attributes
    ----------
    description : str
        In one line, for a user.
    pigment : float
        Share of the volume that is pigment.
    medium : tuple of Ingredient
        What binds it; the shares with `pigment` and `void` sum to 1.
    void : float
        Share of the volume that is air.
    thickness_um : float
        Thickness of the paint.
    below : tuple of Layer
        Ground and support, upper first.
    """

    description: str
    pigment: float
    medium: tuple[Ingredient, ...]
    thickness_um: float
    below: tuple[Layer, ...]
    void: float = 0.0


def chalk_ground(thickness_um: float) -> Layer:
    """Return chalk in glue: 50 % CaCO3 and 10 % protein by volume, the rest void."""
    return mix_by_volume([LIME.share(0.5), PROTEIN.share(0.1)], thickness_um, void=0.4)


def _support(thickness_um: float) -> Layer:
    return mix_by_volume([CELLULOSE.share(1.0)], thickness_um)


def _plaster(thickness_um: float) -> Layer:
    return mix_by_volume([LIME.share(0.5), QUARTZ.share(0.5)], thickness_um)


def _presets() -> dict[str, PaintPreset]:
    return {
        "mockup": PaintPreset(
            "Thick reference swatch: 60 % pigment in glue, 200 um, on chalk ground",
            0.6,
            (PROTEIN.share(0.4),),
            200.0,
            (chalk_ground(500.0),),
        ),
        "fresco": PaintPreset(
            "Wall painting: 30 % pigment in lime, 30 um, on lime and sand plaster",
            0.3,
            (LIME.share(0.5),),
            30.0,
            (_plaster(5000.0),),
            void=0.2,
        ),
        "oil": PaintPreset(
            "Oil paint: 35 % pigment in oil, 40 um, on chalk ground and canvas",
            0.35,
            (OIL.share(0.65),),
            40.0,
            (chalk_ground(200.0), _support(500.0)),
        ),
        "tempera": PaintPreset(
            "Egg or glue paint: 50 % pigment, 30 um, on chalk ground and panel",
            0.5,
            (PROTEIN.share(0.5),),
            30.0,
            (chalk_ground(300.0), _support(10_000.0)),
        ),
    }


def paint_names() -> tuple[str, ...]:
    """Return the names of the paint presets, the default first."""
    return tuple(_presets())


def paint_preset(name: str) -> PaintPreset:
    """Return a paint preset by name.

    Raises
    ------
    MaxrfError
        There is no such preset; the message names the nearest.
    """
    presets = _presets()
    if name not in presets:
        near = get_close_matches(name, presets, n=1, cutoff=0.3)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise MaxrfError(
            f"There is no paint {name!r}; {hint}Known: {', '.join(presets)}."
        )
    return presets[name]


def paint_stack(
    composition: Composition, density_g_cm3: float, preset: str = "mockup"
) -> tuple[Layer, ...]:
    """Return the layers of a pigment painted in a given way.

    Parameters
    ----------
    composition : tuple of (str, float)
        Formulas of the pigment with their mass fractions, which sum to 1.
    density_g_cm3 : float
        Density of the pigment without binder.
    preset : str
        One of `paint_names`.

    Returns
    -------
    tuple of Layer
        The paint and what lies below it, surface first.

    Raises
    ------
    MaxrfError
        The preset or a formula is unknown, or the fractions do not sum to 1.

    Examples
    --------
    >>> paint, ground = paint_stack((("HgS", 1.0),), 8.09, "mockup")
    >>> paint.thickness_um
    200.0
    """
    chosen = paint_preset(preset)
    pigment = Ingredient(chosen.pigment, composition, density_g_cm3)
    paint = mix_by_volume(
        [pigment, *chosen.medium], chosen.thickness_um, void=chosen.void
    )
    return (paint, *chosen.below)
