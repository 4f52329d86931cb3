"""The spectra of a palette: measured ones as they are, the others from physics.

Computed spectra are kept in memory and in the user's cache folder, by what
decides them: substance, paint, instrument, axis, and the version of the model.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import xraylib

from napari_maxrf._files import content_hash
from napari_maxrf.errors import MaxrfError, PaletteError
from napari_maxrf.physics import (
    MEDIA,
    MODEL_VERSION,
    Substance,
    expected_spectrum,
    load_instrument,
)
from napari_maxrf.pigments._cache import Rows, add_rows, read_rows
from napari_maxrf.pigments._table import pigment_table

if TYPE_CHECKING:
    from napari_maxrf.cube import EnergyAxis
    from napari_maxrf.physics import Instrument, Layer, Paint
    from napari_maxrf.pigments._palette import Palette
    from napari_maxrf.pigments._pigment import Pigment

Floats = npt.NDArray[np.float64]
Stacks = Mapping[str, Callable[[], "tuple[Layer, ...]"]]


def palette_spectra(palette: Palette, axis: EnergyAxis) -> Floats:
    """Return the spectra of all pigments, shape (n_pigments, n_channels)."""
    book = _Book(load_instrument(palette.instrument), axis)
    substances = substances_of(palette)
    samples = {
        pigment.id: _Sample(pigment, pigment.paint or palette.paint_used, substances)
        for pigment in palette.pigments
        if pigment.measured is None
    }
    stacks = {sample.key: sample.layers for sample in samples.values()}
    computed = book.spectra(stacks)
    return np.array(
        [
            computed[samples[pigment.id].key]
            if pigment.measured is None
            else pigment.measured.probabilities(axis)
            for pigment in palette.pigments
        ]
    )


def blank_spectrum(palette: Palette, axis: EnergyAxis) -> Floats:
    """Return the spectrum of the palette's paint without any pigment."""
    paint, substances = palette.paint_used, substances_of(palette)
    key = content_hash(["blank", paint.to_json(), _named(paint, substances)])
    book = _Book(load_instrument(palette.instrument), axis)
    return book.spectra({key: lambda: paint.blank(substances)})[key].copy()


def substances_of(palette: Palette) -> dict[str, Substance]:
    """Return what a layer of the palette may be made of, by name."""
    pigments = (*pigment_table().values(), *palette.pigments)
    known = {
        pigment.id: Substance(pigment.composition, pigment.density_g_cm3)
        for pigment in pigments
        if pigment.composition
    }
    return {**MEDIA, **known}


def _named(
    paint: Paint, substances: Mapping[str, Substance]
) -> dict[str, list[object] | None]:
    """Return what the names in a paint stand for, to be hashed."""
    return {
        name: [
            [list(term) for term in substances[name].composition],
            substances[name].density_g_cm3,
        ]
        if name in substances
        else None
        for name in paint.substances
    }


@dataclass(frozen=True, eq=False)
class _Sample:
    """A pigment as it is painted."""

    pigment: Pigment
    paint: Paint
    substances: Mapping[str, Substance]

    @property
    def key(self) -> str:
        """Hash of all that decides its layers."""
        return content_hash(
            [
                [list(term) for term in self.pigment.composition],
                self.pigment.density_g_cm3,
                self.paint.to_json(),
                _named(self.paint, self.substances),
            ]
        )

    def layers(self) -> tuple[Layer, ...]:
        """Return the layers, surface first."""
        own = Substance(self.pigment.composition, self.pigment.density_g_cm3)
        try:
            return self.paint.layers(own, self.substances)
        except MaxrfError as error:
            raise PaletteError(f"Pigment {self.pigment.id}: {error}") from error


class _Book:
    """The computed spectra of one instrument on one axis."""

    def __init__(self, instrument: Instrument, axis: EnergyAxis) -> None:
        self.instrument = instrument
        self.axis = axis
        self.key = content_hash(self._facts())

    def _facts(self) -> dict[str, object]:
        calibration = self.axis.to_json()
        return {
            "instrument": self.instrument.deciding_json(),
            "axis": {k: v for k, v in calibration.items() if k != "source"},
            "model": MODEL_VERSION,
            "xraylib": xraylib.__version__,
        }

    def spectra(self, stacks: Stacks) -> Rows:
        """Return the spectrum of each stack, from memory, disk or physics."""
        rows = _rows_in_memory(self.key)
        if not stacks.keys() <= rows.keys():
            rows.update(read_rows(self.key, self.axis.n_channels))
        missing = [key for key in stacks if key not in rows]
        if missing:
            new = {key: self._computed(stacks[key]()) for key in missing}
            add_rows(self.key, self.axis.n_channels, new)
            rows.update(new)
        return {key: rows[key] for key in stacks}

    def _computed(self, layers: tuple[Layer, ...]) -> Floats:
        counts = expected_spectrum(layers, self.instrument, self.axis)
        shares = np.asarray(counts / counts.sum())
        shares.setflags(write=False)
        return shares


@lru_cache(maxsize=16)
def _rows_in_memory(_book: str) -> Rows:
    """Return the spectra of a book that were used before, to be added to."""
    return {}
