"""A measured reference spectrum in a palette, known by its file.

The palette file names the spectrum and holds a hash of its file, so that a scan
made with it can be made again; the counts themselves stay where they are.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from napari_maxrf._files import content_hash, file_hash
from napari_maxrf.cube import EnergyAxis
from napari_maxrf.errors import CalibrationError, PaletteError

if TYPE_CHECKING:
    import os

    from napari_maxrf.spectrum import MeasuredSpectrum

ZERO_PEAK_KEV = 0.3
"""Below, a detector's zero peak and noise, never a line of a pigment."""


@dataclass(frozen=True, eq=False)
class Measured:
    """A measured spectrum, and the file it stands in.

    Attributes
    ----------
    spectrum : MeasuredSpectrum
        Counts with a calibrated axis.
    file : str
        Path of the file.
    key : str or None
        Which spectrum of the file; None where it holds one.
    sha256 : str
        First 16 hexadecimal digits of the file's SHA-256.

    Raises
    ------
    CalibrationError
        The spectrum has no energy axis.
    """

    spectrum: MeasuredSpectrum
    file: str
    key: str | None
    sha256: str

    def __post_init__(self) -> None:
        if self.spectrum.axis is None:
            raise CalibrationError(
                f"{self.file} holds no energy calibration. Say offset_kev and "
                "gain_kev beside its name."
            )

    @cached_property
    def content_hash(self) -> str:
        """Hash of counts and calibration, whatever file they stand in."""
        counts = np.ascontiguousarray(self.spectrum.counts, dtype=np.float64)
        digest = hashlib.sha256(counts.tobytes()).hexdigest()
        return content_hash([digest, self._calibration])

    @property
    def _calibration(self) -> dict[str, Any]:
        axis = self.spectrum.axis
        values = axis.to_json() if axis is not None else {}
        return {key: value for key, value in values.items() if key != "source"}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Measured) and self.content_hash == other.content_hash

    def __hash__(self) -> int:
        return hash(self.content_hash)

    def probabilities(self, axis: EnergyAxis) -> npt.NDArray[np.float64]:
        """Return the share of the counts in each channel of `axis`; sum 1.

        Channels below 0.3 keV are left out, and values below zero, which
        corrected spectra hold, count as none. Where `axis` reaches beyond the
        measurement it holds nothing.

        Raises
        ------
        CalibrationError
            Nothing was measured on `axis`.
        PaletteError
            The spectrum has no counts there.
        """
        counts = np.clip(self.spectrum.on(axis), 0, None)
        counts[: axis.window(axis.range_kev[0], ZERO_PEAK_KEV).stop] = 0
        total = counts.sum()
        if not total > 0:
            low, high = axis.range_kev
            raise PaletteError(
                f"{self.file} has no counts between {low:.2f} and {high:.2f} keV."
            )
        return np.asarray(counts / total)

    def to_json(self) -> dict[str, Any]:
        """Return what decides the spectrum, as plain JSON values."""
        return {"content_hash": self.content_hash, "spectrum": self.spectrum.name}


def read_measured(
    file: str | os.PathLike[str],
    key: str | None = None,
    axis: tuple[float, float] | None = None,
) -> Measured:
    """Read a reference spectrum.

    Parameters
    ----------
    file : path-like
        Any of `napari_maxrf.io.SPECTRUM_FORMATS`.
    key : str, optional
        Which spectrum, where the file holds several.
    axis : (float, float), optional
        Energy of channel 0 and width of a channel in keV, for files that do not
        say; it takes the place of what a file says.

    Raises
    ------
    FormatError
        The file cannot be read, or holds several spectra and no key is given.
    CalibrationError
        There is no energy axis, or it makes no sense.
    """
    from napari_maxrf.io import open_spectrum

    spectrum = open_spectrum(file, key)
    if axis is not None:
        offset, gain = axis
        channels = len(spectrum.counts)
        spectrum = spectrum.calibrated(
            EnergyAxis(channels, offset, gain, source="user")
        )
    return Measured(spectrum, str(file), key, file_hash(file))
