"""What a palette file says, as it stands in the file.

name = "My studio"
instrument = "m6_jetstream"
paint = "oil"
pigments = ["lead_white", "azurite", "flesh", "house_red"]

[colours]
azurite = "#3a6ea5"

[mixture.flesh]
parts = { lead_white = 0.9, vermilion = 0.1 }

[measured.house_red]
file = "spectra/red.spx"
colour = "#aa2211"
"""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BeforeValidator, Discriminator, Field, Tag, model_validator

from napari_maxrf.config import StepConfig
from napari_maxrf.physics import Paint
from napari_maxrf.pigments._palette import DEFAULT_INSTRUMENT, DEFAULT_PAINT

_HEX = re.compile(r"#([0-9a-fA-F]{2})([0-9a-fA-F]{2})([0-9a-fA-F]{2})")
_SUM_TOLERANCE = 1e-3


def _as_colour(value: Any) -> Any:
    """Read '#rrggbb'; three numbers are left to be checked."""
    if not isinstance(value, str):
        return value
    match = _HEX.fullmatch(value)
    if match is None:
        raise ValueError("is not a colour; write it as '#rrggbb'")
    return tuple(int(part, 16) for part in match.groups())


Part = Annotated[int, Field(ge=0, le=255)]
Colour = Annotated[tuple[Part, Part, Part], BeforeValidator(_as_colour)]


def _paint_kind(value: Any) -> str:
    return "name" if isinstance(value, str) else "table"


NamedPaint = Annotated[str, Tag("name")]
DescribedPaint = Annotated[Paint, Tag("table")]
AnyPaint = Annotated[NamedPaint | DescribedPaint, Discriminator(_paint_kind)]


class _Entry(StepConfig):
    """What the three kinds of entries have in common.

    An entry that has the id of a pigment of the table, or that is `like` one, takes
    from it what it does not say.
    """

    name: str | None = Field(None, description="English name.", title="Name")
    like: str | None = Field(
        None,
        description="Id of a pigment of the table from which to take what is not "
        "said here.",
        title="Like",
    )
    colour: Colour | None = Field(
        None, description="Colour, as '#rrggbb' or [r, g, b].", title="Colour"
    )
    ci_name: str | None = Field(
        None, description="Colour Index generic name.", title="Colour Index"
    )
    hue_family: str | None = Field(
        None, description="White, black, red and so on.", title="Hue"
    )
    period_from: int | None = Field(
        None, description="First year of its use; negative before Christ.", title="From"
    )
    period_to: int | None = Field(None, description="Last year of its use.", title="To")
    notes: str | None = Field(
        None, description="Admixtures, alteration, doubts.", title="Notes"
    )
    paint: AnyPaint | None = Field(
        None,
        description="How this one is painted, if not like the others.",
        title="Paint",
    )


class PigmentEntry(_Entry):
    """A pigment known by its chemistry."""

    composition: dict[str, float] | None = Field(
        None,
        min_length=1,
        description="Formulas with their mass fractions, which sum to 1.",
        title="Composition",
    )
    density_g_cm3: float | None = Field(
        None,
        gt=0,
        description="Density without binder.",
        json_schema_extra={"unit": "g/cm3"},
        title="Density",
    )


class MeasuredEntry(PigmentEntry):
    """A pigment known by a measured spectrum."""

    file: str = Field(
        min_length=1,
        description="Path of the spectrum, from the folder of the palette file.",
        title="File",
    )
    spectrum: str | None = Field(
        None, description="Which one, if the file holds several.", title="Spectrum"
    )
    sha256: str | None = Field(
        None,
        description="First 16 digits of the file's SHA-256; another file is refused.",
        title="SHA-256",
    )
    offset_kev: float | None = Field(
        None,
        description="Energy of channel 0, where the file holds no calibration.",
        json_schema_extra={"unit": "keV"},
        title="Offset",
    )
    gain_kev: float | None = Field(
        None,
        gt=0,
        description="Width of a channel, where the file holds no calibration.",
        json_schema_extra={"unit": "keV"},
        title="Gain",
    )

    @model_validator(mode="after")
    def _whole_calibration(self) -> MeasuredEntry:
        if (self.offset_kev is None) != (self.gain_kev is None):
            raise ValueError("offset_kev and gain_kev go together")
        return self

    @property
    def axis(self) -> tuple[float, float] | None:
        """Offset and gain, if given."""
        if self.offset_kev is None or self.gain_kev is None:
            return None
        return self.offset_kev, self.gain_kev


class MixtureEntry(_Entry):
    """Several pigments of the palette or the table, mixed."""

    parts: dict[str, float] = Field(
        min_length=1,
        description="Pigments with their shares of the volume, which sum to 1.",
        title="Parts",
    )

    @model_validator(mode="after")
    def _shares_sum_to_one(self) -> MixtureEntry:
        negative = [key for key, share in self.parts.items() if share < 0]
        if negative:
            raise ValueError(
                f"the share of {negative[0]} must be at least 0, "
                f"got {self.parts[negative[0]]:g}"
            )
        total = sum(self.parts.values())
        if abs(total - 1) > _SUM_TOLERANCE:
            raise ValueError(f"shares must sum to 1, they sum to {total:.4g}")
        return self


class PaletteFile(StepConfig):
    """What a palette file may say."""

    name: str = Field("", description="Name of the palette.", title="Name")
    period: str = Field("", description="When it was in use.", title="Period")
    pigments: tuple[str, ...] | None = Field(
        None,
        description="Ids of pigments of the table and of entries below; all entries "
        "if it is not given.",
        title="Pigments",
    )
    colours: dict[str, Colour] = Field(
        {},
        description="Colours that replace the table's, as '#rrggbb' or [r, g, b].",
        title="Colours",
    )
    instrument: str = Field(
        DEFAULT_INSTRUMENT,
        description="Name of a scanner, or path of its file from the folder of this.",
        title="Instrument",
    )
    paint: AnyPaint = Field(
        DEFAULT_PAINT,
        description="How the pigments are painted: a name, or a table.",
        title="Paint",
    )
    pigment: dict[str, PigmentEntry] = Field(
        {}, description="Pigments known by their chemistry.", title="Own pigments"
    )
    mixture: dict[str, MixtureEntry] = Field(
        {}, description="Mixtures of pigments.", title="Mixtures"
    )
    measured: dict[str, MeasuredEntry] = Field(
        {}, description="Pigments known by a measured spectrum.", title="Measured"
    )

    @property
    def entries(self) -> dict[str, PigmentEntry | MixtureEntry | MeasuredEntry]:
        """All entries by id, in the order of pigments, mixtures, measured ones."""
        return {**self.pigment, **self.mixture, **self.measured}
