"""A palette: the pigments someone painted with, their colours and spectra."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from napari_maxrf._files import content_hash
from napari_maxrf.errors import PaletteError, did_you_mean
from napari_maxrf.pigments._table import palette_rows, pigment_table

if TYPE_CHECKING:
    from collections.abc import Iterable

    from napari_maxrf.cube import EnergyAxis
    from napari_maxrf.physics import Paint
    from napari_maxrf.pigments._pigment import Pigment

DEFAULT_INSTRUMENT = "chnet_mo"
DEFAULT_PAINT = "mockup"


@dataclass(frozen=True)
class Palette:
    """Pigments together with how they are painted and measured.

    Attributes
    ----------
    id, name, period : str
        Key, name, and when it was in use.
    pigments : tuple of Pigment
        At least one, each once.
    instrument : str
        Name of the scanner, see `napari_maxrf.physics.instrument_names`, or
        path of a TOML file.
    paint : str or Paint
        How the pigments are painted: one of `napari_maxrf.physics.paint_names`, or
        a description. A pigment may have a paint of its own.

    Raises
    ------
    PaletteError
        There is no pigment, or one twice.
    """

    id: str
    name: str
    period: str
    pigments: tuple[Pigment, ...]
    instrument: str = DEFAULT_INSTRUMENT
    paint: str | Paint = DEFAULT_PAINT

    def __post_init__(self) -> None:
        if not self.pigments:
            raise PaletteError(
                f"Palette {self.id!r} has no pigments; it needs at least one."
            )
        twice = sorted({key for key in self.ids if self.ids.count(key) > 1})
        if twice:
            raise PaletteError(
                f"Palette {self.id!r} holds {', '.join(twice)} more than once."
            )

    def __len__(self) -> int:
        """Return the number of pigments."""
        return len(self.pigments)

    @property
    def ids(self) -> tuple[str, ...]:
        """The pigments' ids, in order."""
        return tuple(pigment.id for pigment in self.pigments)

    @property
    def colours(self) -> npt.NDArray[np.float64]:
        """The pigments' colours in sRGB, 0 to 1, shape (n_pigments, 3)."""
        return np.array([pigment.srgb for pigment in self.pigments]) / 255.0

    @cached_property
    def content_hash(self) -> str:
        """Sixteen hexadecimal digits that change with anything that matters.

        That is all that decides colours and spectra: pigments, paint, the scanner
        with all its numbers, and the version of the physical model.

        Raises
        ------
        MaxrfError
            Instrument or paint are unknown.
        """
        from napari_maxrf.physics import MODEL_VERSION, load_instrument

        return content_hash(
            {
                "pigments": [pigment.to_json() for pigment in self.pigments],
                "instrument": load_instrument(self.instrument).deciding_json(),
                "paint": self.paint_used.to_json(),
                "model": MODEL_VERSION,
            }
        )

    @property
    def paint_used(self) -> Paint:
        """The paint as a description, whether it was given by name or not.

        Raises
        ------
        MaxrfError
            There is no paint of that name.
        """
        from napari_maxrf.physics import as_paint

        return as_paint(self.paint)

    def subset(self, ids: Iterable[str]) -> Palette:
        """Return the palette with only these pigments, in the palette's order.

        Raises
        ------
        PaletteError
            A pigment is not in the palette, or none is left.
        """
        wanted = set(ids)
        for key in sorted(wanted - set(self.ids)):
            raise PaletteError(
                f"Palette {self.id!r} has no pigment {key!r}"
                f"{did_you_mean(key, self.ids)}"
            )
        return replace(self, pigments=tuple(p for p in self.pigments if p.id in wanted))

    def spectra(self, axis: EnergyAxis) -> npt.NDArray[np.float64]:
        """Return the spectrum of every pigment, as painted and measured.

        A measured spectrum stands for itself. The others are computed once per
        pigment and axis, then kept in memory and in the user's cache folder.

        Parameters
        ----------
        axis : EnergyAxis
            Channels of the result.

        Returns
        -------
        ndarray, shape (n_pigments, axis.n_channels)
            Each row sums to 1.

        Raises
        ------
        MaxrfError
            Instrument or paint are unknown.
        CalibrationError
            The axis lies above the tube voltage.
        """
        from napari_maxrf.pigments._spectra import palette_spectra

        return palette_spectra(self, axis)

    def blank_spectrum(self, axis: EnergyAxis) -> npt.NDArray[np.float64]:
        """Return the spectrum of the same paint without pigment, of sum 1.

        Binder, ground and support alone: a pigment that cannot be told from it
        is silent.

        Returns
        -------
        ndarray, shape (axis.n_channels,)
        """
        from napari_maxrf.pigments._spectra import blank_spectrum

        return blank_spectrum(self, axis)

    def to_json(self) -> dict[str, Any]:
        """Return plain values that JSON can hold."""
        paint = self.paint
        return {
            "id": self.id,
            "name": self.name,
            "period": self.period,
            "instrument": self.instrument,
            "paint": paint if isinstance(paint, str) else paint.to_json(),
            "pigments": [pigment.to_json() for pigment in self.pigments],
            "content_hash": self.content_hash,
            "version": 2,
        }


def palette_names() -> tuple[str, ...]:
    """Return the ids of the palettes that come with the package."""
    return tuple(palette_rows())


def named_palette(name: str) -> Palette:
    """Return a palette of the package by id.

    Raises
    ------
    PaletteError
        There is no such palette; the message names the nearest.
    """
    rows = palette_rows().get(name)
    if rows is None:
        known = ", ".join(palette_names())
        raise PaletteError(
            f"There is no palette {name!r}{did_you_mean(name, palette_names())} "
            f"Known: {known}, or the path of a .toml file."
        )
    return Palette(
        id=name,
        name=rows[0]["palette_name"],
        period=rows[0]["period"],
        pigments=pigments_by_id(row["pigment_id"] for row in rows),
    )


def pigments_by_id(ids: Iterable[str]) -> tuple[Pigment, ...]:
    """Look pigments up in the table.

    Raises
    ------
    PaletteError
        There is no such pigment; the message names the nearest.
    """
    return tuple(_pigment_by_id(key) for key in ids)


def _pigment_by_id(key: str) -> Pigment:
    table = pigment_table()
    if key not in table:
        raise PaletteError(f"There is no pigment {key!r}{did_you_mean(key, table)}")
    return table[key]
