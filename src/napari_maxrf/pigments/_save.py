"""Write a palette as a file that says all that is its own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import tomli_w

from napari_maxrf._files import write_text
from napari_maxrf.pigments._table import pigment_table

if TYPE_CHECKING:
    import os

    from napari_maxrf.physics import Paint
    from napari_maxrf.pigments._measured import Measured
    from napari_maxrf.pigments._palette import Palette
    from napari_maxrf.pigments._pigment import Pigment

_SAID = ("name", "ci_name", "hue_family", "notes")


def save_palette(palette: Palette, path: str | os.PathLike[str]) -> None:
    """Write a palette as a TOML file that `load_palette` reads.

    All colours are written, so that the file keeps its meaning when the table of
    the package changes. Measured spectra are named by their path, from the folder
    of the palette where they lie in it, and by a hash of their file.

    Raises
    ------
    MaxrfError
        The file cannot be written.
    """
    folder = Path(path).absolute().parent
    content: dict[str, Any] = {
        "name": palette.name,
        "period": palette.period,
        "instrument": _place(palette.instrument, folder),
        "paint": _paint(palette.paint),
        "pigments": list(palette.ids),
        "colours": {p.id: _hex(p.srgb) for p in palette.pigments if _from_table(p)},
    }
    for pigment in palette.pigments:
        if not _from_table(pigment):
            kind, entry = _entry(pigment, palette, folder)
            content.setdefault(kind, {})[pigment.id] = entry
    write_text(path, tomli_w.dumps(content))


def _from_table(pigment: Pigment) -> bool:
    """Tell whether a pigment is the table's, but perhaps for its colour."""
    known = pigment_table().get(pigment.id)
    same = known is not None and (
        (pigment.composition, pigment.density_g_cm3, pigment.name)
        == (known.composition, known.density_g_cm3, known.name)
    )
    return same and pigment.paint is None and pigment.measured is None


def _entry(
    pigment: Pigment, palette: Palette, folder: Path
) -> tuple[str, dict[str, Any]]:
    """Return the kind of an entry and what it says."""
    facts: dict[str, Any] = {name: getattr(pigment, name) for name in _SAID}
    facts["colour"] = _hex(pigment.srgb)
    years = {"period_from": pigment.period_from, "period_to": pigment.period_to}
    facts |= {name: year for name, year in years.items() if year is not None}
    if pigment.paint is not None:
        facts["paint"] = _paint(pigment.paint)
    if pigment.measured is not None:
        return "measured", {
            **facts,
            **_substance(pigment),
            **_reference(pigment.measured, folder),
        }
    if _parts_are_known(pigment, palette):
        return "mixture", {**facts, "parts": dict(pigment.parts)}
    return "pigment", {**facts, **_substance(pigment)}


def _parts_are_known(pigment: Pigment, palette: Palette) -> bool:
    """Tell whether a mixture can be written as one: its parts stay in reach."""
    mixed = {p.id for p in palette.pigments if p.parts or p.measured is not None}
    known = ({*pigment_table(), *palette.ids}) - mixed
    return bool(pigment.parts) and all(name in known for name, _ in pigment.parts)


def _substance(pigment: Pigment) -> dict[str, Any]:
    if not pigment.composition:
        return {}
    return {
        "composition": dict(pigment.composition),
        "density_g_cm3": pigment.density_g_cm3,
    }


def _reference(measured: Measured, folder: Path) -> dict[str, Any]:
    facts: dict[str, Any] = {"file": _place(measured.file, folder)}
    if measured.key is not None:
        facts["spectrum"] = measured.key
    axis = measured.spectrum.axis
    if axis is not None and axis.source == "user":
        facts |= {"offset_kev": axis.offset_kev, "gain_kev": axis.gain_kev}
    return facts | {"sha256": measured.sha256}


def _place(path: str, folder: Path) -> str:
    """Return a path from `folder` if it lies in it, else the whole path."""
    if Path(path).suffix == "":
        return path
    whole = Path(path).absolute()
    return (
        whole.relative_to(folder).as_posix()
        if whole.is_relative_to(folder)
        else str(whole)
    )


def _paint(paint: str | Paint) -> Any:
    return paint if isinstance(paint, str) else paint.to_json()


def _hex(srgb: tuple[int, int, int]) -> str:
    red, green, blue = srgb
    return f"#{red:02x}{green:02x}{blue:02x}"
