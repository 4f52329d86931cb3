"""The pigment table: what each pigment is, how it looks, and how we know.

The table and the palettes are CSV files beside this module, with a source for
every colour and composition, so that a conservator can check any number.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from napari_maxrf.errors import MaxrfError, PaletteError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_FOLDER = files("napari_maxrf.pigments") / "data"


@dataclass(frozen=True)
class Pigment:
    """A pigment of the table, or one with a colour of the user's own.

    Attributes
    ----------
    id, name : str
        Key in snake case, and English name.
    ci_name : str
        Colour Index generic name, empty where there is none.
    hue_family : str
        White, black, red, yellow, green, blue, purple, brown or metal.
    composition : tuple of (str, float)
        Formulas with their mass fractions; sum 1.
    density_g_cm3 : float
        Density of the substance, without binder.
    srgb : (int, int, int)
        Colour, 0 to 255.
    lab : (float, float, float)
        The same in CIE Lab (D65, 2 degrees).
    colour_source, composition_source : str
        Where these come from, and what was assumed.
    period_from, period_to : int or None
        Years of use in painting; negative before Christ, None if open.
    fluoresces_as : str
        Lines to look for.
    xrf_visible : str
        Whether a scanner in air sees it: yes, weak or no.
    notes : str
        Admixtures, alteration, doubts.
    """

    id: str
    name: str
    ci_name: str
    hue_family: str
    composition: tuple[tuple[str, float], ...]
    density_g_cm3: float
    srgb: tuple[int, int, int]
    lab: tuple[float, float, float]
    colour_source: str
    composition_source: str
    period_from: int | None
    period_to: int | None
    fluoresces_as: str
    xrf_visible: str
    notes: str

    def __post_init__(self) -> None:
        from napari_maxrf.physics import elements_of

        try:
            elements_of(self.composition)
        except MaxrfError as error:
            raise PaletteError(f"Pigment {self.id}: {error}") from error
        if not self.density_g_cm3 > 0:
            raise PaletteError(
                f"Pigment {self.id}: density must be above 0 g/cm3, "
                f"got {self.density_g_cm3:g}."
            )
        if len(self.srgb) != 3 or not all(0 <= part <= 255 for part in self.srgb):
            raise PaletteError(
                f"Pigment {self.id}: a colour is three numbers from 0 to 255, "
                f"got {self.srgb}."
            )

    def to_json(self) -> dict[str, Any]:
        """Return what decides colour and spectrum, as plain JSON values."""
        return {
            "id": self.id,
            "name": self.name,
            "composition": [list(term) for term in self.composition],
            "density_g_cm3": self.density_g_cm3,
            "srgb": list(self.srgb),
        }


@lru_cache(maxsize=1)
def pigment_table() -> Mapping[str, Pigment]:
    """Return all pigments of the table by id, in its order.

    Examples
    --------
    >>> pigment_table()["cinnabar"].fluoresces_as
    'Hg La, Lb, Lg, M; S K'
    """
    rows = (_pigment(row) for row in _rows("pigments.csv"))
    return MappingProxyType({pigment.id: pigment for pigment in rows})


@lru_cache(maxsize=1)
def palette_rows() -> Mapping[str, tuple[dict[str, str], ...]]:
    """Return the rows of the palettes table, grouped by palette id."""
    grouped: dict[str, list[dict[str, str]]] = {}
    for row in _rows("palettes.csv"):
        grouped.setdefault(row["palette_id"], []).append(row)
    return MappingProxyType({key: tuple(rows) for key, rows in grouped.items()})


def _rows(name: str) -> Iterable[dict[str, str]]:
    text = (_FOLDER / name).read_text(encoding="utf-8")
    return csv.DictReader(text.splitlines())


def _pigment(row: dict[str, str]) -> Pigment:
    red, green, blue = (int(part) for part in row["srgb"].split())
    lightness, a, b = (float(part) for part in row["lab"].split())
    return Pigment(
        id=row["id"],
        name=row["name"],
        ci_name=row["ci_name"],
        hue_family=row["hue_family"],
        composition=_composition(row["composition"]),
        density_g_cm3=float(row["density_g_cm3"]),
        srgb=(red, green, blue),
        lab=(lightness, a, b),
        colour_source=row["colour_source"],
        composition_source=row["composition_source"],
        period_from=_year(row["period_from"]),
        period_to=_year(row["period_to"]),
        fluoresces_as=row["fluoresces_as"],
        xrf_visible=row["xrf_visible"],
        notes=row["notes"],
    )


def _composition(text: str) -> tuple[tuple[str, float], ...]:
    terms = (term.split(":") for term in text.split(";"))
    return tuple((formula.strip(), float(share)) for formula, share in terms)


def _year(text: str) -> int | None:
    return int(text) if text else None
