"""Which tube a scan was made with, by the scatter of its own lines.

The K lines of an anode come back unchanged (Rayleigh) and with less energy (Compton),
and the loss tells the scattering angle. Anodes whose lines lie low, such as chromium,
or that show L lines only, such as tungsten, look like an element of the paint.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from napari_maxrf.analysis._lines import FWHM_PER_SIGMA, LineGroup, line_groups

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_maxrf.analysis._background import Spectrum
    from napari_maxrf.analysis._peaks import Peak
    from napari_maxrf.analysis._resolution import Resolution
    from napari_maxrf.cube import EnergyAxis

Floats = npt.NDArray[np.float64]

SCATTERING_ANODES = ("Mo", "Rh", "Pd", "Ag")
ELECTRON_KEV = 510.999
_ANGLES_DEG = (80.0, 178.0)
_USUAL_DEG = 135.0
_FWHMS_KEV = (0.2, 1.2)
_USUAL_FWHM_KEV = 0.55
_SHIFT_KEV = 0.06
_BELOW_KEV, _ABOVE_KEV = 0.9, 0.45
_NEAR = 0.5
_LEAST_SIGNIFICANCE = 5.0
_LARGEST_ERROR_DEG = 6.0
_SHAPE_ERROR_DEG = 3.0


@dataclass(frozen=True)
class ScatterPeaks:
    """What the tube's K alpha lines show after scattering.

    Attributes
    ----------
    anode : str
        Element of the target.
    theta_deg, theta_error_deg : float
        Scattering angle, and its error: that of counting, and 3 degrees, as the shape
        of the Compton peak depends on the sample (two scans by one scanner differ by
        4 degrees).
    compton_kev, compton_fwhm_kev : float
        Centre and width of the Compton peak.
    rayleigh_counts, compton_counts : float
        Net counts of both.
    """

    anode: str
    theta_deg: float
    theta_error_deg: float
    compton_kev: float
    compton_fwhm_kev: float
    rayleigh_counts: float
    compton_counts: float


def compton_kev(energy_kev: float, theta_deg: float) -> float:
    """Energy of a photon after scattering at an electron at rest.

    Examples
    --------
    >>> round(compton_kev(22.1, 122), 2)
    20.73
    """
    loss = energy_kev / ELECTRON_KEV * (1 - np.cos(np.deg2rad(theta_deg)))
    return float(energy_kev / (1 + loss))


def scatter_peaks(
    spectrum: Spectrum, axis: EnergyAxis, peaks: Sequence[Peak], resolution: Resolution
) -> ScatterPeaks | None:
    """Find the anode and the scattering angle.

    Parameters
    ----------
    spectrum : ndarray, shape (n_channels,)
        Summed counts, not negative.
    axis : EnergyAxis
        Calibrated.
    peaks : sequence of Peak
        Those of the spectrum.
    resolution : Resolution
        Width of a Rayleigh peak.

    Returns
    -------
    ScatterPeaks or None
        None if no anode shows both peaks.
    """
    found = [
        _fitted(spectrum, axis, resolution, anode)
        for anode in SCATTERING_ANODES
        if _has_both_peaks(axis, peaks, resolution, _k_alpha(anode).energy_kev)
    ]
    sure = [one for one in found if one is not None]
    return max(sure, key=lambda one: one.rayleigh_counts, default=None)


def _k_alpha(anode: str) -> LineGroup:
    return next(group for group in line_groups(anode) if group.label == "Ka")


def _has_both_peaks(
    axis: EnergyAxis, peaks: Sequence[Peak], resolution: Resolution, line_kev: float
) -> bool:
    """Tell whether a narrow peak lies at a line, and a wide one below it."""
    fwhm = resolution.fwhm_kev(line_kev)
    low, high = (compton_kev(line_kev, angle) for angle in reversed(_ANGLES_DEG))
    narrow = wide = False
    for peak in peaks:
        energy = axis.offset_kev + axis.gain_kev * peak.channel
        width = peak.fwhm_channels * axis.gain_kev
        narrow |= abs(energy - line_kev) < _NEAR * fwhm and width < 2.5 * fwhm
        wide |= low < energy < high and width > 1.3 * fwhm
    return narrow and wide


def _fitted(
    spectrum: Spectrum, axis: EnergyAxis, resolution: Resolution, anode: str
) -> ScatterPeaks | None:
    """Fit both peaks on a curved background; None if one is not there.

    Both may be shifted together: the angle follows from their distance, which does
    not suffer when the axis was fitted at lower energies only.
    """
    from scipy.optimize import least_squares

    line = _k_alpha(anode)
    lowest = compton_kev(line.energy_kev, _ANGLES_DEG[1]) - _BELOW_KEV
    window = axis.window(lowest, line.energy_kev + _ABOVE_KEV)
    edges, counts = axis.edges_kev[window.start : window.stop + 1], spectrum[window]
    if edges[-1] < line.energy_kev + _ABOVE_KEV / 2:
        return None
    weights = 1 / np.sqrt(np.maximum(counts, 1))

    def shapes(values: Floats) -> Floats:
        return _shapes(edges, line, resolution, values)

    def residuals(values: Floats) -> Floats:
        matrix = shapes(values)
        return np.asarray((matrix @ _areas(matrix, counts, weights) - counts) * weights)

    fit = least_squares(
        residuals,
        (_USUAL_DEG, _USUAL_FWHM_KEV, 0.0),
        bounds=tuple(
            zip(_ANGLES_DEG, _FWHMS_KEV, (-_SHIFT_KEV, _SHIFT_KEV), strict=True)
        ),
        x_scale=(5.0, 0.1, 0.01),
    )
    if fit.active_mask.any():
        return None
    matrix = shapes(fit.x)
    areas = _areas(matrix, counts, weights)
    error = _theta_error_deg(fit.jac, 2 * fit.cost / max(len(counts) - 8, 1))
    if min(areas[:2]) < _LEAST_SIGNIFICANCE * np.sqrt(counts.mean()):
        return None
    if error > _LARGEST_ERROR_DEG:
        return None
    theta, fwhm, _ = map(float, fit.x)
    compton = compton_kev(line.energy_kev, theta)
    error = float(np.hypot(error, _SHAPE_ERROR_DEG))
    return ScatterPeaks(anode, theta, error, compton, fwhm, *map(float, areas[:2]))


def _theta_error_deg(jacobian: Floats, chi_square: float) -> float:
    """Error by counting, enlarged where the shapes fit badly."""
    try:
        variance = np.linalg.inv(jacobian.T @ jacobian)[0, 0]
    except np.linalg.LinAlgError:
        return np.inf
    return float(np.sqrt(variance * max(chi_square, 1.0)))


def _shapes(
    edges_kev: Floats, line: LineGroup, resolution: Resolution, values: Floats
) -> Floats:
    """Build the Rayleigh and the Compton peak, and a parabola above 0."""
    theta, fwhm, shift = values
    edges_kev = edges_kev - shift
    rayleigh = sum(
        share * _gauss(edges_kev, energy, resolution.fwhm_kev(energy))
        for energy, share in zip(line.energies_kev, line.shares, strict=True)
    )
    compton = _gauss(edges_kev, compton_kev(line.energy_kev, theta), fwhm)
    x = np.linspace(0.0, 1.0, len(edges_kev) - 1)
    return np.stack([rayleigh, compton, x**2, 2 * x * (1 - x), (1 - x) ** 2], axis=1)


def _gauss(edges_kev: Floats, energy_kev: float, fwhm_kev: float) -> Floats:
    from scipy.special import ndtr

    return np.asarray(
        np.diff(ndtr((edges_kev - energy_kev) * (FWHM_PER_SIGMA / fwhm_kev)))
    )


def _areas(shapes: Floats, counts: Floats, weights: Floats) -> Floats:
    from scipy.optimize import nnls

    scale = shapes.max(axis=0) + 1e-12
    areas, _ = nnls(shapes / scale * weights[:, None], counts * weights, maxiter=300)
    return np.asarray(areas / scale)
