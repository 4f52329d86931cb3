"""A palette: the pigments someone painted with, their colours and spectra."""

from __future__ import annotations

from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from napari_maxrf._files import content_hash
from napari_maxrf.errors import PaletteError
from napari_maxrf.pigments._table import Pigment, palette_rows, pigment_table

if TYPE_CHECKING:
    from collections.abc import Iterable

    from napari_maxrf.cube import EnergyAxis

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
    paint : str
        How the pigments are painted, see `napari_maxrf.physics.paint_names`.

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
    paint: str = DEFAULT_PAINT

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
        """Sixteen hexadecimal digits that change with anything that matters."""
        scanner: Any = self.instrument
        if scanner.endswith(".toml"):
            from napari_maxrf.physics import load_instrument

            scanner = load_instrument(scanner).to_json()
        pigments = [pigment.to_json() for pigment in self.pigments]
        return content_hash(
            {"pigments": pigments, "instrument": scanner, "paint": self.paint}
        )

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
                f"Palette {self.id!r} has no pigment {key!r}{nearest(key, self.ids)}."
            )
        return replace(self, pigments=tuple(p for p in self.pigments if p.id in wanted))

    def spectra(self, axis: EnergyAxis) -> npt.NDArray[np.float64]:
        """Return the spectrum of every pigment, as painted and measured.

        Computed once per pigment and axis, then kept in memory and in the
        user's cache folder.

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

    def to_json(self) -> dict[str, Any]:
        """Return plain values that JSON can hold."""
        return {
            "id": self.id,
            "name": self.name,
            "period": self.period,
            "instrument": self.instrument,
            "paint": self.paint,
            "pigments": [pigment.to_json() for pigment in self.pigments],
            "version": 1,
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
            f"There is no palette {name!r}{nearest(name, palette_names())}. "
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
        raise PaletteError(f"There is no pigment {key!r}{nearest(key, table)}.")
    return table[key]


def nearest(name: str, names: Iterable[str]) -> str:
    """Return a hint at the name that was probably meant, or nothing.

    Examples
    --------
    >>> nearest("azurit", ["azurite", "smalt"])
    "; did you mean 'azurite'?"
    """
    near = get_close_matches(name.lower(), list(names), n=1, cutoff=0.5)
    return f"; did you mean {near[0]!r}?" if near else ""
