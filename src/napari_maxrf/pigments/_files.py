"""Load a palette: one of the package, or one of the user's from a file."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from napari_maxrf._toml_lines import line_numbers, nearest_line
from napari_maxrf.config import read_toml_text
from napari_maxrf.errors import MaxrfError, PaletteError, did_you_mean
from napari_maxrf.physics import MEDIA, Paint, as_paint, load_instrument
from napari_maxrf.pigments._entries import Entries
from napari_maxrf.pigments._measured import Measured
from napari_maxrf.pigments._palette import Palette, named_palette
from napari_maxrf.pigments._palette_file import PaletteFile
from napari_maxrf.pigments._pigment import Pigment, hue_family
from napari_maxrf.pigments._table import pigment_table

if TYPE_CHECKING:
    from napari_maxrf.spectrum import MeasuredSpectrum


def load_palette(name_or_path: str | os.PathLike[str]) -> Palette:
    """Load a palette of the package by id, or one of the user's from a file.

    Parameters
    ----------
    name_or_path : str or path-like
        One of `palette_names`; the path of a ``.toml`` file; or that of a ``.json``
        file of pigments with colours and spectra, as ganX takes it.

    Raises
    ------
    PaletteError
        There is no such palette, or the file cannot be used: what is wrong and in
        which line, and the nearest valid name.

    Examples
    --------
    >>> len(load_palette("sarteano").ids)
    12
    """
    text = os.fspath(name_or_path)
    readers = {".toml": _from_toml, ".json": _from_dictionary}
    read = readers.get(Path(text).suffix.lower())
    if read is None:
        return named_palette(text)
    try:
        return read(Path(text))
    except MaxrfError as error:
        message = str(error)
        where = "" if Path(text).name in message else f"{text}: "
        raise PaletteError(f"{where}{message}") from error


def _from_toml(path: Path) -> Palette:
    content = PaletteFile.from_toml(path)
    return _Reading(path, content).palette()


class _Reading:
    """A palette file on its way to a palette, with the lines of its keys."""

    def __init__(self, path: Path, content: PaletteFile) -> None:
        self.path = path
        self.content = content
        self.lines = line_numbers(read_toml_text(path))

    def palette(self) -> Palette:
        """Build the palette, checking every name in the file."""
        content, chosen = self.content, self._pigments()
        self._check_paint(content.paint, ("paint",), chosen)
        for pigment in chosen:
            if pigment.paint is not None:
                self._check_paint(pigment.paint, self._place(pigment.id), chosen)
        return Palette(
            id=self.path.stem,
            name=content.name or self.path.stem,
            period=content.period,
            pigments=chosen,
            instrument=self._instrument(),
            paint=content.paint,
        )

    def error(self, place: tuple[str | int, ...], message: str) -> PaletteError:
        """Return an error that names the file and the line."""
        line = nearest_line(self.lines, place)
        where = f"line {line}: " if line else ""
        return PaletteError(f"{self.path}: {where}{message}")

    def _pigments(self) -> tuple[Pigment, ...]:
        entries = Entries(self.content, self.path.parent, self.error)
        names = self.content.pigments
        if names is None:
            names = tuple(self.content.entries)
        known = {**pigment_table(), **dict.fromkeys(self.content.entries)}
        for row, key in enumerate(names):
            if key not in known:
                raise self.error(
                    ("pigments", row),
                    f"There is no pigment {key!r}{did_you_mean(key, known)}",
                )
        self._check_colours(names)
        return tuple(self._coloured(entries.pigment(key)) for key in names)

    def _check_colours(self, names: tuple[str, ...]) -> None:
        for key in self.content.colours:
            if key not in names:
                raise self.error(
                    ("colours", key),
                    f"colours names {key!r}, which is not among the palette's "
                    f"pigments{did_you_mean(key, names)}",
                )

    def _coloured(self, pigment: Pigment) -> Pigment:
        colour = self.content.colours.get(pigment.id)
        if colour is None or colour == pigment.srgb:
            return pigment
        source = f"user: {self.path.name}"
        return replace(pigment, srgb=colour, lab=None, colour_source=source)

    def _place(self, key: str) -> tuple[str | int, ...]:
        kinds = ("pigment", "mixture", "measured")
        kind = next(kind for kind in kinds if key in getattr(self.content, kind))
        return (kind, key, "paint")

    def _check_paint(
        self,
        paint: str | Paint,
        place: tuple[str | int, ...],
        pigments: tuple[Pigment, ...],
    ) -> None:
        try:
            named = as_paint(paint).substances
        except MaxrfError as error:
            raise self.error(place, str(error)) from error
        known = {*MEDIA, *pigment_table(), *(p.id for p in pigments if p.composition)}
        for name in sorted(named - known):
            raise self.error(
                place,
                f"a layer names {name!r}, which is neither a substance nor a pigment"
                f"{did_you_mean(name, known)} Substances: {', '.join(MEDIA)}.",
            )

    def _instrument(self) -> str:
        """Return name or path of the instrument; a path begins at the palette."""
        name = self.content.instrument
        if name.endswith(".toml"):
            name = str(self.path.parent / name)
        try:
            load_instrument(name)
        except MaxrfError as error:
            raise self.error(("instrument",), str(error)) from error
        return name


def _from_dictionary(path: Path) -> Palette:
    """Build a palette of all spectra in a file that holds their colours too."""
    from napari_maxrf._files import file_hash
    from napari_maxrf.io import open_spectra

    digest = file_hash(path)
    pigments = [
        _measured_pigment(path, spectrum, digest) for spectrum in open_spectra(path)
    ]
    return Palette(path.stem, path.stem, "", tuple(pigments))


def _measured_pigment(path: Path, spectrum: MeasuredSpectrum, digest: str) -> Pigment:
    if spectrum.colour is None:
        raise PaletteError(f"{path}: {spectrum.name} has no colour.")
    return Pigment(
        id=re.sub(r"\W+", "_", spectrum.name.lower()).strip("_") or "pigment",
        name=spectrum.name,
        composition=(),
        density_g_cm3=0.0,
        srgb=spectrum.colour,
        hue_family=hue_family(spectrum.colour),
        colour_source=f"user: {path.name}",
        measured=Measured(spectrum, str(path), spectrum.name, digest),
    )
