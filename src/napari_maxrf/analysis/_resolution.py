"""How wide a line is in a silicon detector, as a function of its energy."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from napari_maxrf.analysis._lines import FWHM_PER_SIGMA

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Resolution:
    """Electronic noise and Fano statistics: ``sigma**2 = s0 + s1 E``.

    The width of the channels comes on top of it.

    Attributes
    ----------
    s0_kev2 : float
        Variance of a peak at 0 keV.
    s1_kev : float
        Growth of the variance with energy.

    Examples
    --------
    >>> round(Resolution(1.0e-3, 4.5e-4).fwhm_kev(5.9) * 1000)
    142
    """

    s0_kev2: float
    s1_kev: float

    def variance_kev2(self, energy_kev: float) -> float:
        """Variance of a line at an energy."""
        return self.s0_kev2 + self.s1_kev * max(energy_kev, 0.0)

    def fwhm_kev(self, energy_kev: float) -> float:
        """Width at half height of a line at an energy."""
        return float(self.fwhms_kev(np.array([energy_kev]))[0])

    def fwhms_kev(self, energies_kev: Floats) -> Floats:
        """Return the widths of lines at several energies, in an array like theirs."""
        variance = self.s0_kev2 + self.s1_kev * np.maximum(energies_kev, 0.0)
        return np.asarray(FWHM_PER_SIGMA * np.sqrt(variance))


USUAL_RESOLUTION = Resolution(1.0e-3, 4.5e-4)
"""A silicon drift detector of 142 eV at 5.9 keV."""
