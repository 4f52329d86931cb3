"""Paint as layers: how a pigment lies on a wall, a canvas or a test panel.

A `Paint` says in volume shares what binds a pigment, how thick it lies, and what
lies over and under it: varnish and glazes, ground, underpaint and support. It is
the same for all pigments of a palette, or one pigment's own.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator, Field, model_validator

from napari_maxrf.config import StepConfig
from napari_maxrf.errors import MaxrfError, did_you_mean
from napari_maxrf.physics._materials import (
    Composition,
    Ingredient,
    Layer,
    mix_by_volume,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

_TOLERANCE = 1e-6
_THICKEST_UM = 1e6


@dataclass(frozen=True)
class Substance:
    """Anything that can be part of a layer: a binder, a filler, a pigment."""

    composition: Composition
    density_g_cm3: float

    def share(self, volume: float) -> Ingredient:
        """Return it with its share of a volume."""
        return Ingredient(volume, self.composition, self.density_g_cm3)


MEDIA: Mapping[str, Substance] = MappingProxyType(
    {
        "oil": Substance((("C57H104O6", 1.0),), 0.93),
        "protein": Substance((("C102H151O39N31", 1.0),), 1.3),
        "acrylic": Substance((("C5H8O2", 1.0),), 1.18),
        "wax": Substance((("C46H92O2", 1.0),), 0.96),
        "varnish": Substance((("C30H48O3", 1.0),), 1.1),
        "cellulose": Substance((("C6H10O5", 1.0),), 0.6),
        "lime": Substance((("CaCO3", 1.0),), 2.71),
        "gypsum": Substance((("CaSO6H4", 1.0),), 2.32),
        "quartz": Substance((("SiO2", 1.0),), 2.65),
    }
)
"""What layers are made of beside pigments; glue and egg count as protein, wood
and canvas as cellulose, chalk as lime."""


def _checked_shares(parts: dict[str, float]) -> dict[str, float]:
    negative = [name for name, share in parts.items() if not share >= 0]
    if negative:
        raise ValueError(
            f"the volume share of {negative[0]} must be at least 0, "
            f"got {parts[negative[0]]:g}"
        )
    if sum(parts.values()) > 1 + _TOLERANCE:
        raise ValueError(
            f"volume shares must not exceed 1 together, they are "
            f"{sum(parts.values()):.4g}; what is missing to 1 is air"
        )
    return parts


Shares = Annotated[dict[str, float], AfterValidator(_checked_shares)]


class Coat(StepConfig):
    """A layer over or under the paint."""

    parts: Shares = Field(
        min_length=1,
        description="Substances or pigments with their shares of the volume; what is "
        "missing to 1 is air.",
        title="Parts",
    )
    thickness_um: float = Field(
        ge=0,
        le=_THICKEST_UM,
        description="Thickness of the layer.",
        json_schema_extra={"unit": "um"},
        title="Thickness",
    )

    def layer(self, substances: Mapping[str, Substance]) -> Layer:
        """Return it as a layer of elements.

        Raises
        ------
        MaxrfError
            A part is unknown, or all of it is air.
        """
        return _mixed(self.parts, self.thickness_um, substances)


class Paint(StepConfig):
    """How a pigment is painted: its binder, its thickness, and what is around it.

    Examples
    --------
    >>> paint = Paint(pigment=0.4, medium={"oil": 0.6}, thickness_um=50.0)
    >>> [round(layer.density_g_cm3, 3) for layer in paint.layers(MEDIA["quartz"])]
    [1.618]
    """

    description: str = Field("", description="In one line.", title="Description")
    pigment: float = Field(
        gt=0,
        le=1,
        description="Share of the paint's volume that is pigment.",
        title="Pigment share",
    )
    medium: Shares = Field(
        {},
        description="What binds the pigment, with shares of the volume; what is "
        "missing to 1 is air.",
        title="Medium",
    )
    thickness_um: float = Field(
        gt=0,
        le=_THICKEST_UM,
        description="Thickness of the paint.",
        json_schema_extra={"unit": "um"},
        title="Thickness",
    )
    over: tuple[Coat, ...] = Field(
        (), description="Varnish and glazes, the surface first.", title="Over it"
    )
    under: tuple[Coat, ...] = Field(
        (),
        description="Underpaint, ground and support, the uppermost first.",
        title="Under it",
    )

    @model_validator(mode="after")
    def _fits_into_the_volume(self) -> Paint:
        total = self.pigment + sum(self.medium.values())
        if total > 1 + _TOLERANCE:
            raise ValueError(
                f"pigment and medium must not exceed 1 together, they are {total:.4g}"
            )
        return self

    @property
    def substances(self) -> frozenset[str]:
        """Names of all that it is made of, beside its pigment."""
        coats = (name for coat in (*self.over, *self.under) for name in coat.parts)
        return frozenset((*self.medium, *coats))

    def layers(
        self, pigment: Substance, substances: Mapping[str, Substance] = MEDIA
    ) -> tuple[Layer, ...]:
        """Return the layers of a pigment painted like this, surface first.

        Parameters
        ----------
        pigment : Substance
            Composition and density of the pigment without binder.
        substances : mapping of str to Substance
            What the names in `medium`, `over` and `under` stand for.

        Raises
        ------
        MaxrfError
            A name or a formula is unknown.
        """
        bound = {name: _known(name, substances) for name in self.medium}
        parts = [pigment.share(self.pigment)]
        parts += [bound[name].share(share) for name, share in self.medium.items()]
        paint = mix_by_volume(parts, self.thickness_um, void=_void(parts))
        return self._between_coats((paint,), substances)

    def blank(self, substances: Mapping[str, Substance] = MEDIA) -> tuple[Layer, ...]:
        """Return the same layers without pigment: its place is taken by medium.

        A paint without medium leaves only what lies over and under it.
        """
        bound = sum(self.medium.values())
        if bound == 0:
            return self._between_coats((), substances)
        scale = (bound + self.pigment) / bound
        medium = {name: share * scale for name, share in self.medium.items()}
        paint = _mixed(medium, self.thickness_um, substances)
        return self._between_coats((paint,), substances)

    def _between_coats(
        self, paint: tuple[Layer, ...], substances: Mapping[str, Substance]
    ) -> tuple[Layer, ...]:
        over = (coat.layer(substances) for coat in self.over)
        under = (coat.layer(substances) for coat in self.under)
        return (*over, *paint, *under)


def _mixed(
    shares: Mapping[str, float],
    thickness_um: float,
    substances: Mapping[str, Substance],
) -> Layer:
    parts = [_known(name, substances).share(share) for name, share in shares.items()]
    if sum(part.share for part in parts) == 0:
        raise MaxrfError(f"A layer of {', '.join(shares)} holds nothing but air.")
    return mix_by_volume(parts, thickness_um, void=_void(parts))


def _void(parts: list[Ingredient]) -> float:
    return max(0.0, 1 - sum(part.share for part in parts))


def _known(name: str, substances: Mapping[str, Substance]) -> Substance:
    if name not in substances:
        raise MaxrfError(
            f"A layer names {name!r}, which is no substance"
            f"{did_you_mean(name, substances)} "
            f"Known: {', '.join(MEDIA)}, and pigments by their id."
        )
    return substances[name]


def _coat(thickness_um: float, **parts: float) -> Coat:
    return Coat(parts=parts, thickness_um=thickness_um)


def _chalk(thickness_um: float) -> Coat:
    return _coat(thickness_um, lime=0.5, protein=0.1)


def chalk_ground(thickness_um: float) -> Layer:
    """Return chalk in glue: 50 % CaCO3 and 10 % protein by volume, the rest void."""
    return _chalk(thickness_um).layer(MEDIA)


_PRESETS: Mapping[str, Paint] = MappingProxyType(
    {
        "mockup": Paint(
            description="Thick reference swatch: 60 % pigment in glue, 200 um, on "
            "chalk ground",
            pigment=0.6,
            medium={"protein": 0.4},
            thickness_um=200.0,
            under=(_chalk(500.0),),
        ),
        "fresco": Paint(
            description="Wall painting: 30 % pigment in lime, 30 um, on lime and sand "
            "plaster",
            pigment=0.3,
            medium={"lime": 0.5},
            thickness_um=30.0,
            under=(_coat(5000.0, lime=0.5, quartz=0.5),),
        ),
        "oil": Paint(
            description="Oil paint: 35 % pigment in oil, 40 um, on chalk ground and "
            "canvas",
            pigment=0.35,
            medium={"oil": 0.65},
            thickness_um=40.0,
            under=(_chalk(200.0), _coat(500.0, cellulose=1.0)),
        ),
        "tempera": Paint(
            description="Egg or glue paint: 50 % pigment, 30 um, on chalk ground and "
            "panel",
            pigment=0.5,
            medium={"protein": 0.5},
            thickness_um=30.0,
            under=(_chalk(300.0), _coat(10_000.0, cellulose=1.0)),
        ),
    }
)


def paint_names() -> tuple[str, ...]:
    """Return the names of the paint presets, the default first."""
    return tuple(_PRESETS)


def paint_preset(name: str) -> Paint:
    """Return a paint preset by name.

    Raises
    ------
    MaxrfError
        There is no such preset; the message names the nearest.
    """
    if name not in _PRESETS:
        raise MaxrfError(
            f"There is no paint {name!r}{did_you_mean(name, _PRESETS)} "
            f"Known: {', '.join(_PRESETS)}."
        )
    return _PRESETS[name]


def as_paint(paint: str | Paint) -> Paint:
    """Return a paint as it is, or the preset of that name.

    Raises
    ------
    MaxrfError
        There is no such preset.
    """
    return paint_preset(paint) if isinstance(paint, str) else paint


def paint_stack(
    composition: Composition, density_g_cm3: float, preset: str = "mockup"
) -> tuple[Layer, ...]:
    """Return the layers of a pigment painted in a preset way.

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
    return paint_preset(preset).layers(Substance(composition, density_g_cm3))
