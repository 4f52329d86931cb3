"""The pigment table: what each pigment is, how it looks, and how we know.

The table and the palettes are CSV files beside this module, with a source for
every colour and composition, so that a conservator can check any number.
"""

from __future__ import annotations

import csv
from functools import lru_cache
from importlib.resources import files
from types import MappingProxyType
from typing import TYPE_CHECKING

from napari_maxrf.pigments._pigment import Pigment

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_FOLDER = files("napari_maxrf.pigments") / "data"


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
