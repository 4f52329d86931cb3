"""Mend a slightly wrong energy calibration by the lines in the spectrum itself.

Calibrations typed in by hand are rounded: a scan may lie 50 to 80 eV off, a whole
bin of the embedding. Zero and gain are moved until the shapes of all usual elements
explain the sum spectrum best. The search is narrow, so that no line can be taken
for its neighbour.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from napari_maxrf.analysis._background import Spectrum, snip_background
from napari_maxrf.analysis._templates import fitted_areas, templates
from napari_maxrf.cube import EnergyAxis, SpectralCube
from napari_maxrf.provenance import ProcessStep

_REACH_KEV = 0.12
_LEAST_COUNTS = 10_000
_LEAST_GAIN = 0.02
_MODEL_ERROR = 0.05


def recalibrated(cube: SpectralCube) -> SpectralCube:
    """Give a cube the axis that its own lines ask for.

    Parameters
    ----------
    cube : SpectralCube
        Read once, for its sum spectrum. Counts stay as they are.

    Returns
    -------
    SpectralCube
        With an axis of source ``"fit"`` and a provenance step that holds both
        axes; the cube itself if its axis cannot be bettered.
    """
    axis = refined_axis(cube.sum_spectrum(), cube.energy)
    if axis is cube.energy:
        return cube
    facts = {"from": cube.energy.to_json(), "to": axis.to_json()}
    step = ProcessStep("recalibrate", facts)
    return replace(cube, energy=axis, provenance=(*cube.provenance, step))


def refined_axis(spectrum: Spectrum, axis: EnergyAxis) -> EnergyAxis:
    """Move zero and gain of an axis until known lines fit a sum spectrum.

    Parameters
    ----------
    spectrum : ndarray, shape (n_channels,)
        Summed counts of many pixels.
    axis : EnergyAxis
        Right within about 0.12 keV everywhere.

    Returns
    -------
    EnergyAxis
        With source ``"fit"``; `axis` itself where the spectrum has too few counts
        or the fit becomes no better.
    """
    from scipy.optimize import minimize

    if spectrum.sum() < _LEAST_COUNTS or axis.n_channels < 64:
        return axis
    net = spectrum - snip_background(spectrum, axis)

    def misfit(moves: Spectrum) -> float:
        return _misfit(spectrum, net, _moved(axis, moves[0], moves[1]))

    shifts = np.linspace(-_REACH_KEV, _REACH_KEV, 13)
    start = min(shifts.tolist(), key=lambda shift: misfit(np.array([shift, shift])))
    corners = np.array([[0.0, 0.0], [0.02, 0.0], [0.0, 0.02]]) + start
    best = minimize(
        misfit,
        corners[0],
        method="Nelder-Mead",
        options={"initial_simplex": corners, "xatol": 5e-4, "fatol": 1e-4},
    )
    if np.abs(best.x).max() > 1.5 * _REACH_KEV:
        return axis
    better = misfit(np.zeros(2)) - best.fun > _LEAST_GAIN * best.fun
    return _moved(axis, float(best.x[0]), float(best.x[1])) if better else axis


def _moved(axis: EnergyAxis, at_low_kev: float, at_high_kev: float) -> EnergyAxis:
    """Move an axis by so much near 4 keV and near 13 keV, in a straight line."""
    slope = (at_high_kev - at_low_kev) / 9.0
    offset = axis.offset_kev + at_low_kev + slope * (axis.offset_kev - 4.0)
    gain, quad = axis.gain_kev * (1 + slope), axis.quad_kev * (1 + slope)
    return EnergyAxis(axis.n_channels, offset, gain, quad, source="fit")


def _misfit(spectrum: Spectrum, net: Spectrum, axis: EnergyAxis) -> float:
    """Say how badly the best shapes fit when the spectrum lies on an axis."""
    return fitted_areas(templates(axis), spectrum, net, axis, _MODEL_ERROR)[1]
