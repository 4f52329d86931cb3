"""From the entries of a palette file to pigments."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from napari_maxrf.errors import MaxrfError, PaletteError, did_you_mean
from napari_maxrf.physics import as_paint
from napari_maxrf.pigments._measured import read_measured
from napari_maxrf.pigments._mixing import mixed_colour, mixed_substance
from napari_maxrf.pigments._pigment import Pigment, hue_family, main_lines
from napari_maxrf.pigments._table import pigment_table

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_maxrf.physics import Paint
    from napari_maxrf.pigments._palette_file import (
        MeasuredEntry,
        MixtureEntry,
        PaletteFile,
        PigmentEntry,
    )

Place = tuple[str | int, ...]
_TAKEN = ("name", "ci_name", "hue_family", "period_from", "period_to", "notes")


class ErrorAt(Protocol):
    """What makes an error that names the line of a place in the file."""

    def __call__(self, place: Place, message: str) -> PaletteError:
        """Return the error."""


class Entries:
    """Turns entries into pigments.

    Parameters
    ----------
    content : PaletteFile
        What the file says.
    folder : Path
        Where paths of spectra begin.
    error : callable
        Makes an error from a place in the file and a message.
    """

    def __init__(self, content: PaletteFile, folder: Path, error: ErrorAt) -> None:
        self._content = content
        self._folder = folder
        self._error = error
        self._check_once()

    def pigment(self, key: str) -> Pigment:
        """Return a pigment of the file or, if it is not there, of the table.

        Raises
        ------
        PaletteError
            The entry cannot be used.
        """
        content = self._content
        if key in content.pigment:
            return self._built("pigment", key, self._from_chemistry)
        if key in content.mixture:
            return self._built("mixture", key, self._from_parts)
        if key in content.measured:
            return self._built("measured", key, self._from_spectrum)
        return pigment_table()[key]

    def _built(self, kind: str, key: str, build: Callable[..., Pigment]) -> Pigment:
        """Build a pigment from its entry; an error names the entry's line."""
        try:
            return build(key, getattr(self._content, kind)[key])
        except MaxrfError as error:
            raise self._placed((kind, key), error) from error

    def _placed(self, place: Place, error: MaxrfError) -> MaxrfError:
        """Name the line, unless the error comes from further inside."""
        return error if "line " in str(error) else self._error(place, str(error))

    def _check_once(self) -> None:
        kinds = ("pigment", "mixture", "measured")
        seen: dict[str, str] = {}
        for kind in kinds:
            for key in getattr(self._content, kind):
                if key in seen:
                    raise self._error(
                        (kind, key),
                        f"{key!r} stands both under {seen[key]!r} and under {kind!r}.",
                    )
                seen[key] = kind

    def _base(self, kind: str, key: str, like: str | None) -> Pigment | None:
        """Return the pigment of the table from which an entry takes the rest."""
        table = pigment_table()
        if like is not None and like not in table:
            raise self._error(
                (kind, key, "like"),
                f"There is no pigment {like!r}{did_you_mean(like, table)}",
            )
        return table.get(like or key)

    def _common(
        self,
        key: str,
        entry: PigmentEntry | MixtureEntry,
        base: Pigment | None,
        colour: tuple[int, int, int] | None,
    ) -> dict[str, Any]:
        """Return what every kind of pigment has."""
        srgb = entry.colour or colour or (base.srgb if base else None)
        if srgb is None:
            raise PaletteError(f"{key} has no colour; add colour = '#rrggbb'.")
        facts = {
            name: value
            for name in _TAKEN
            if (value := getattr(entry, name)) is not None
        }
        if base is not None:
            facts = {name: getattr(base, name) for name in _TAKEN} | facts
        facts.setdefault("name", key.replace("_", " "))
        facts.setdefault("hue_family", hue_family(srgb))
        return {"id": key, "srgb": srgb, "paint": _paint(entry.paint)} | facts

    def _from_chemistry(self, key: str, entry: PigmentEntry) -> Pigment:
        base = self._base("pigment", key, entry.like)
        substance = _substance(entry, base)
        if substance is None:
            raise PaletteError(
                f"{key} needs a composition, for example composition = {{ HgS = 1.0 }}."
            )
        composition, density = substance
        return Pigment(
            **self._common(key, entry, base, None),
            composition=composition,
            density_g_cm3=density,
            fluoresces_as=main_lines(composition),
            colour_source="user",
            composition_source="user",
        )

    def _from_parts(self, key: str, entry: MixtureEntry) -> Pigment:
        parts = [(self._part(key, name), share) for name, share in entry.parts.items()]
        composition, density = mixed_substance(parts)
        colours, shares = zip(*((p.srgb, share) for p, share in parts), strict=True)
        base = self._base("mixture", key, entry.like)
        return Pigment(
            **self._common(key, entry, base, mixed_colour(colours, shares)),
            composition=composition,
            density_g_cm3=density,
            fluoresces_as=main_lines(composition),
            colour_source="user" if entry.colour else "mixed after Kubelka and Munk",
            composition_source="mixture",
            parts=tuple(entry.parts.items()),
        )

    def _part(self, key: str, name: str) -> Pigment:
        """Return a part of a mixture, which has to be known by its chemistry."""
        own = self._content.pigment
        known = {**pigment_table(), **dict.fromkeys(own)}
        if name in own or (name in known and name not in self._content.entries):
            part = self.pigment(name)
            colour = self._content.colours.get(name)
            return replace(part, srgb=colour) if colour else part
        reason = f"There is no pigment {name!r}{did_you_mean(name, known)}"
        if name in self._content.entries:
            reason = (
                f"{name!r} is itself a mixture or a measured spectrum; a mixture "
                "takes pigments known by their chemistry."
            )
        raise self._error(("mixture", key, "parts", name), reason)

    def _from_spectrum(self, key: str, entry: MeasuredEntry) -> Pigment:
        base = self._base("measured", key, entry.like)
        path = self._folder / Path(entry.file).expanduser()
        measured = read_measured(path, entry.spectrum, entry.axis)
        if entry.sha256 is not None and entry.sha256 != measured.sha256:
            raise PaletteError(
                f"{path} is not the file that the palette was saved with "
                f"(SHA-256 {measured.sha256}, expected {entry.sha256}). Bring the "
                "old file back, or take the line sha256 out to accept the new one."
            )
        composition, density = _substance(entry, base) or ((), 0.0)
        return Pigment(
            **self._common(key, entry, base, measured.spectrum.colour),
            composition=composition,
            density_g_cm3=density,
            fluoresces_as=main_lines(composition),
            colour_source="user",
            composition_source="user" if entry.composition else "",
            measured=measured,
        )


def _substance(
    entry: PigmentEntry, base: Pigment | None
) -> tuple[tuple[tuple[str, float], ...], float] | None:
    """Return composition and density of an entry, or of what it is like."""
    if entry.composition is None:
        if base is None:
            return None
        return base.composition, entry.density_g_cm3 or base.density_g_cm3
    if entry.density_g_cm3 is None:
        raise PaletteError("A composition needs density_g_cm3 beside it.")
    return tuple(entry.composition.items()), entry.density_g_cm3


def _paint(paint: str | Paint | None) -> Paint | None:
    return None if paint is None else as_paint(paint)
