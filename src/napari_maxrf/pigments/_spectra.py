"""The spectra of a palette: physics behind two caches."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import xraylib

from napari_maxrf._files import content_hash
from napari_maxrf.physics import (
    MODEL_VERSION,
    expected_spectrum,
    load_instrument,
    paint_stack,
)
from napari_maxrf.pigments._cache import read_spectrum, write_spectrum

if TYPE_CHECKING:
    from napari_maxrf.cube import EnergyAxis
    from napari_maxrf.physics import Instrument, Layer
    from napari_maxrf.pigments._palette import Palette

Floats = npt.NDArray[np.float64]


def palette_spectra(palette: Palette, axis: EnergyAxis) -> Floats:
    """Return the spectra of all pigments, shape (n_pigments, n_channels)."""
    instrument = load_instrument(palette.instrument)
    rows = []
    for pigment in palette.pigments:
        layers = paint_stack(pigment.composition, pigment.density_g_cm3, palette.paint)
        rows.append(_kept(_Sample(layers, instrument, axis)))
    return np.array(rows)


class _Sample:
    """What decides a spectrum; equal samples have equal keys."""

    def __init__(
        self, layers: tuple[Layer, ...], instrument: Instrument, axis: EnergyAxis
    ) -> None:
        self.layers = layers
        self.instrument = instrument
        self.axis = axis
        self.key = content_hash(self._facts())

    def _facts(self) -> dict[str, object]:
        texts = ("name", "description", "source", "channels")
        scanner = self.instrument.to_json()
        calibration = self.axis.to_json()
        return {
            "layers": [layer.to_json() for layer in self.layers],
            "instrument": {k: v for k, v in scanner.items() if k not in texts},
            "axis": {k: v for k, v in calibration.items() if k != "source"},
            "model": MODEL_VERSION,
            "xraylib": xraylib.__version__,
        }

    def __hash__(self) -> int:
        return hash(self.key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Sample) and self.key == other.key


@lru_cache(maxsize=512)
def _kept(sample: _Sample) -> Floats:
    """Return a spectrum of sum 1 from memory, from disk, or from physics."""
    values = read_spectrum(sample.key, sample.axis.n_channels)
    if values is None:
        counts = expected_spectrum(sample.layers, sample.instrument, sample.axis)
        values = counts / counts.sum()
        write_spectrum(sample.key, values)
    values.setflags(write=False)
    return values
