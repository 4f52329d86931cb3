"""The spectra that a reference file offers, before one is chosen and calibrated.

A file is read once; what a user then chooses and types is put together without
touching it again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from napari_maxrf._files import file_hash
from napari_maxrf.cube import EnergyAxis
from napari_maxrf.pigments._measured import Measured

if TYPE_CHECKING:
    import os

    from napari_maxrf.spectrum import MeasuredSpectrum


@dataclass(frozen=True, eq=False)
class Reference:
    """One spectrum of a file.

    Attributes
    ----------
    spectrum : MeasuredSpectrum
        Counts, with or without energies.
    file : str
        Path of the file.
    key : str or None
        Name of the spectrum, if the file holds several.
    sha256 : str
        First 16 hexadecimal digits of the file's SHA-256.
    """

    spectrum: MeasuredSpectrum
    file: str
    key: str | None
    sha256: str

    @property
    def is_calibrated(self) -> bool:
        """Whether the file says what energies the channels have."""
        return self.spectrum.axis is not None

    def measured(self, axis: tuple[float, float] | None = None) -> Measured:
        """Return the spectrum as a palette holds it.

        Parameters
        ----------
        axis : (float, float), optional
            Energy of channel 0 and width of a channel in keV; takes the place of
            what the file says.

        Raises
        ------
        CalibrationError
            There is no energy axis, or it makes no sense.
        """
        spectrum = self.spectrum
        if axis is not None:
            offset, gain = axis
            channels = len(spectrum.counts)
            own = EnergyAxis(channels, offset, gain, source="user")
            spectrum = spectrum.calibrated(own)
        return Measured(spectrum, self.file, self.key, self.sha256)


def read_references(path: str | os.PathLike[str]) -> tuple[Reference, ...]:
    """Read all spectra of a file.

    Parameters
    ----------
    path : path-like
        Any of `napari_maxrf.io.SPECTRUM_FORMATS`.

    Raises
    ------
    FormatError
        The file cannot be read, or holds no spectrum.
    CalibrationError
        It holds a calibration that makes no sense.
    """
    from napari_maxrf.io import open_spectra

    spectra, digest = open_spectra(path), file_hash(path)
    several = len(spectra) > 1
    return tuple(
        Reference(spectrum, str(path), spectrum.name if several else None, digest)
        for spectrum in spectra
    )
