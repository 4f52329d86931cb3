"""Position and width of single lines in a sum spectrum.

Each line is fitted in a narrow window, together with its neighbours and a straight
background, so that an error of one line's surroundings does not spread to others.
A doublet such as K alpha 1 and 2 is fitted as what it is: taken for one Gaussian it
would lie off and look too wide.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from napari_maxrf.analysis._lines import FWHM_PER_SIGMA, LineGroup, line_groups

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from napari_maxrf.analysis._background import Spectrum
    from napari_maxrf.analysis._resolution import Resolution
    from napari_maxrf.cube import EnergyAxis

Floats = npt.NDArray[np.float64]

MEASURED_LINES = ("Ka", "Kb", "La", "Lb1", "Lg1")
"""Lines strong and narrow enough to calibrate on."""

_REACH = 1.2
_ONE_SHAPE = 0.6
_FURTHEST_SHIFT = 0.6
_VARIANCE_FACTORS = (0.3, 3.0)
_LEAST_CHANNELS = 7
_LEAST_SHARE = 0.85
_LEAST_CONTRAST = 0.4
_LARGEST_POSITION_ERROR = 0.05
_LARGEST_WIDTH_ERROR = 0.15


@dataclass(frozen=True)
class FittedLine:
    """A line as it was found.

    Attributes
    ----------
    element : str
        Chemical symbol.
    line : str
        Plain Siegbahn name, ``"Ka"``.
    energy_kev : float
        Where it belongs.
    channel, channel_error : float
        Where it was found, and the error of that by counting, enlarged where the
        shape fits badly.
    fwhm_kev, fwhm_error_kev : float
        Width without that of the channels, on the axis of the fit.
    counts : float
        Net counts.
    contrast : float
        Net counts over background in the upper half of the peak.
    share : float
        Part of the net counts there that is this line's and no neighbour's.
    position_error : float
        Error of the position over the width.
    """

    element: str
    line: str
    energy_kev: float
    channel: float
    channel_error: float
    fwhm_kev: float
    fwhm_error_kev: float
    counts: float
    contrast: float
    share: float
    position_error: float

    @property
    def name(self) -> str:
        """Element and line, ``"Fe Ka"``."""
        return f"{self.element} {self.line}"


def fitted_lines(
    spectrum: Spectrum,
    axis: EnergyAxis,
    resolution: Resolution,
    elements: Iterable[str],
    others: Iterable[str],
    only: Collection[str] | None = None,
) -> list[FittedLine]:
    """Fit every usable line of some elements.

    Parameters
    ----------
    spectrum : ndarray, shape (n_channels,)
        Summed counts, not negative.
    axis : EnergyAxis
        Right within half of the resolution.
    resolution : Resolution
        Right within a factor of 1.7 of the width.
    elements : iterable of str
        Whose lines to fit.
    others : iterable of str
        What else there is; neighbouring lines of all are allowed for.
    only : collection of str, optional
        Names of lines, ``"Fe Ka"``, to leave out all others.

    Returns
    -------
    list of FittedLine
        In the order of energies, without those that are hidden by neighbours, lost
        in the background, or cut by the end of the axis.
    """
    wanted = list(dict.fromkeys(elements))
    every = [(e, g) for e in dict.fromkeys((*wanted, *others)) for g in line_groups(e)]
    found = [
        _fitted(_window(spectrum, axis, resolution, element, group, every))
        for element, group in every
        if element in wanted
        and group.label in MEASURED_LINES
        and (only is None or f"{element} {group.label}" in only)
    ]
    usable = (line for line in found if line is not None and _is_usable(line))
    return sorted(usable, key=lambda line: line.energy_kev)


def _is_usable(line: FittedLine) -> bool:
    return (
        line.share > _LEAST_SHARE
        and line.contrast > _LEAST_CONTRAST
        and line.position_error < _LARGEST_POSITION_ERROR
        and line.fwhm_error_kev < _LARGEST_WIDTH_ERROR * line.fwhm_kev
    )


class _Part(NamedTuple):
    """Lines that are fitted with one area."""

    energies_kev: Floats
    shares: Floats


class _Window(NamedTuple):
    """What the fit of one line looks at."""

    element: str
    group: LineGroup
    counts: Floats
    axis: EnergyAxis
    edges_kev: Floats
    resolution: Resolution
    own: _Part
    neighbours: list[_Part]


def _window(
    spectrum: Spectrum,
    axis: EnergyAxis,
    resolution: Resolution,
    element: str,
    group: LineGroup,
    every: list[tuple[str, LineGroup]],
) -> _Window:
    """Cut the window of a line, and collect what lies in it."""
    energy = group.energy_kev
    fwhm = resolution.fwhm_kev(energy)
    reach = max(_REACH * fwhm, _LEAST_CHANNELS / 2 * axis.gain_kev)
    part = axis.window(energy - reach, energy + reach)
    own, neighbours = [group], []
    for other, near in every:
        apart = abs(near.energy_kev - energy) / fwhm
        if near is group or apart > reach / fwhm + _REACH:
            continue
        if other == element and apart < _ONE_SHAPE and near.label[0] == group.label[0]:
            own.append(near)
        else:
            neighbours.append(_part([near]))
    edges = axis.edges_kev[part.start : part.stop + 1]
    counts = spectrum[part]
    return _Window(
        element, group, counts, axis, edges, resolution, _part(own), neighbours
    )


def _part(groups: list[LineGroup]) -> _Part:
    """Join lines in the ratio of their strengths."""
    energies = [e for group in groups for e in group.energies_kev]
    shares = [s * group.strength for group in groups for s in group.shares]
    return _Part(np.array(energies), np.array(shares) / sum(shares))


def _fitted(window: _Window) -> FittedLine | None:
    """Fit shift and variance of a line; None where that is not possible."""
    from scipy.optimize import least_squares

    energy = window.group.energy_kev
    variance = window.resolution.variance_kev2(energy)
    if len(window.counts) < _LEAST_CHANNELS - 1 or not _stands_out(window.counts):
        return None
    shift = _FURTHEST_SHIFT * window.resolution.fwhm_kev(energy)
    low, high = _VARIANCE_FACTORS
    fit = least_squares(
        lambda values: _residuals(window, values),
        (0.0, variance),
        bounds=((-shift, low * variance), (shift, high * variance)),
        x_scale=(0.1 * shift, 0.2 * variance),
        method="trf",
    )
    if fit.active_mask.any():
        return None
    freedom = max(len(window.counts) - 2 - len(window.neighbours) - 3, 1)
    try:
        covariance = np.linalg.inv(fit.jac.T @ fit.jac) * max(1, 2 * fit.cost / freedom)
    except np.linalg.LinAlgError:
        return None
    return _told(window, fit.x, np.sqrt(np.diag(covariance)))


def _stands_out(counts: Floats) -> bool:
    """Tell whether there may be a line at all, to spare the fit of what is none."""
    top = float(counts[1:-1].max())
    return top > 1 and top > (1 + _LEAST_CONTRAST / 2) * float(min(counts[[0, -1]]))


def _residuals(window: _Window, values: Floats) -> Floats:
    """Return what is left, in standard errors, with the best areas."""
    shapes = _shapes(window, values)
    model = shapes @ _areas(window, shapes)
    return np.asarray((model - window.counts) * _weights(window))


def _weights(window: _Window) -> Floats:
    return np.asarray(1 / np.sqrt(np.maximum(window.counts, 1)))


def _areas(window: _Window, shapes: Floats) -> Floats:
    """Fit areas of at least 0."""
    from scipy.optimize import nnls

    weights = _weights(window)
    scale = np.maximum(np.abs(shapes).max(axis=0), 1e-12)
    weighted = shapes / scale * weights[:, None]
    areas, _ = nnls(weighted, window.counts * weights, maxiter=300)
    return np.asarray(areas / scale)


def _shapes(window: _Window, values: Floats) -> Floats:
    """Build the line, its neighbours, and a straight background of two slopes."""
    shift, variance = values
    columns = [_peak(window.edges_kev - shift, window.own, lambda _: variance)]
    columns += [
        _peak(window.edges_kev - shift, part, window.resolution.variance_kev2)
        for part in window.neighbours
    ]
    ramp = np.linspace(0.0, 1.0, len(window.counts))
    return np.stack([*columns, ramp, 1 - ramp], axis=1)


def _peak(
    edges_kev: Floats, part: _Part, variance_of: Callable[[float], float]
) -> Floats:
    """Integrate Gaussians of area 1 together over every channel."""
    from scipy.special import ndtr

    sigmas = np.sqrt([variance_of(float(energy)) for energy in part.energies_kev])
    sums = ndtr((edges_kev[:, None] - part.energies_kev) / sigmas)
    return np.asarray(np.diff(sums, axis=0) @ part.shares)


def _told(window: _Window, values: Floats, errors: Floats) -> FittedLine:
    """Describe a fit."""
    shapes = _shapes(window, values)
    parts = shapes * _areas(window, shapes)
    energy, axis = window.group.energy_kev, window.axis
    fwhm = FWHM_PER_SIGMA * float(np.sqrt(values[1]))
    centres = (window.edges_kev[1:] + window.edges_kev[:-1]) / 2
    top = np.abs(centres - energy - values[0]) < fwhm / 2
    own, net, below = (
        float(parts[top, columns].sum())
        for columns in (slice(0, 1), slice(0, -2), slice(-2, None))
    )
    slope = axis.gain_kev
    return FittedLine(
        element=window.element,
        line=window.group.label,
        energy_kev=energy,
        channel=(energy + float(values[0]) - axis.offset_kev) / slope,
        channel_error=float(errors[0]) / slope,
        fwhm_kev=fwhm,
        fwhm_error_kev=fwhm * float(errors[1] / values[1]) / 2,
        counts=float(parts[:, 0].sum()),
        contrast=own / max(below, 1.0),
        share=own / net if net > 0 else 0.0,
        position_error=float(errors[0]) / fwhm,
    )
