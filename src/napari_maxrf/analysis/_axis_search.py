"""Find an energy axis from nothing but the peaks of a spectrum.

Two peaks taken for two lines give a zero and a gain. All such pairs are tried; the
axes on which most other peaks fall on lines, with widths that a silicon detector
has, are judged by how well the shapes of all usual elements explain the spectrum.
"""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from napari_maxrf.analysis._background import snip_background
from napari_maxrf.analysis._lines import line_groups
from napari_maxrf.analysis._refine import refined_axis
from napari_maxrf.analysis._resolution import USUAL_RESOLUTION
from napari_maxrf.analysis._templates import (
    ANODES,
    LOWEST_KEV,
    PAINT_ELEMENTS,
    fitted_areas,
    templates,
)
from napari_maxrf.cube import EnergyAxis
from napari_maxrf.errors import CalibrationError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_maxrf.analysis._background import Spectrum
    from napari_maxrf.analysis._peaks import Peak

Floats = npt.NDArray[np.float64]

GAINS_KEV = (0.002, 0.1)
_OFFSET_KEV = 1.2
_HIGHEST_KEV = 30.0
_WEAKEST = 0.08
_N_PEAKS = 16
_N_PAIRED = 8
_N_JUDGED = 40
_BATCH = 20_000
_REACH = 0.15
_TOO_NARROW, _TOO_WIDE = 0.15, 0.5
_ZERO_PEAK_KEV = 0.12
_MODEL_ERROR = 0.05
_MOST_CHANNELS = 1100
_TRUST = 1.3
_WELL_EXPLAINED = 0.2
_AMBIGUOUS = 1.15
_LEAST_EXPLAINED = 0.5


class _Lines(NamedTuple):
    """Lines by which peaks may be explained, one entry each."""

    energy_kev: Floats
    main: npt.NDArray[np.int_]
    """Index of the strongest line of the same shell: its own if it is that."""


def found_axis(
    spectrum: Spectrum,
    peaks: Sequence[Peak],
    elements: Sequence[str] = (),
    known: EnergyAxis | None = None,
) -> EnergyAxis:
    """Find the axis on which the peaks of a spectrum are lines of elements.

    Parameters
    ----------
    spectrum : ndarray, shape (n_channels,)
        Summed counts, not negative.
    peaks : sequence of Peak
        Its peaks, the highest first.
    elements : sequence of str, optional
        Elements known to be there, beside whatever else paintings are made of.
    known : EnergyAxis, optional
        A calibration to be trusted unless another one explains the spectrum much
        better; without one, any gain from 2 to 100 eV is tried.

    Returns
    -------
    EnergyAxis
        Right within about a fifth of the resolution, with source ``"fit"``.

    Raises
    ------
    CalibrationError
        No axis explains the peaks, or several do equally well.
    """
    given = _lines(elements)
    peaks = peaks[:_N_PEAKS]
    axes, left = [], []
    if known is not None:
        axes.append(_refined(spectrum, known))
        left.append(_unexplained(spectrum, axes[0]) / _TRUST)
        if left[0] < _WELL_EXPLAINED and not _missing(axes[0], peaks, given):
            return axes[0]
    axes += [_axis(len(spectrum), one) for one in _tried(peaks, given)]
    left += [_unexplained(spectrum, axis) for axis in axes[len(left) :]]
    judged = np.array(left) * [1 + _missing(axis, peaks, given) for axis in axes]
    if not axes or judged.min() > _LEAST_EXPLAINED:
        raise CalibrationError(
            "No energy axis from 2 to 100 eV per channel makes the peaks of this "
            "spectrum lines of elements. Name two or more elements that are there."
        )
    best = axes[int(judged.argmin())]
    if known is None:
        _check_is_the_only_one(best, axes, judged, peaks)
    return best


def _tried(peaks: Sequence[Peak], given: _Lines) -> list[Floats]:
    """Return zero and gain of all axes worth a closer look."""
    usual = _lines((*PAINT_ELEMENTS, *ANODES))
    pairs = _best_by_peaks(peaks[:_N_PAIRED], peaks, usual)
    if len(given.energy_kev) > 1:
        pairs += _best_by_peaks(peaks, peaks, given)
    return [_straightened(pair, peaks, usual) for pair in pairs]


def _refined(spectrum: Spectrum, known: EnergyAxis) -> EnergyAxis:
    """Mend a known axis on fewer channels, and bring it back to its own."""
    joined, coarse = merged(spectrum, known)
    moved = refined_axis(joined, coarse)
    gain = known.gain_kev * moved.gain_kev / coarse.gain_kev
    offset = moved.offset_kev - (coarse.offset_kev - known.offset_kev) * (
        gain / known.gain_kev
    )
    return EnergyAxis(known.n_channels, offset, gain, source="fit")


def _missing(axis: EnergyAxis, peaks: Sequence[Peak], given: _Lines) -> float:
    """Share of the given elements' main lines at which there is no peak."""
    row = np.array([[axis.offset_kev, axis.gain_kev]])
    main = given.energy_kev[given.main == np.arange(len(given.main))]
    if not main.size:
        return 0.0
    apart = np.abs(_energies(row, peaks)[0][:, None] - main).min(axis=0)
    return float(np.mean(apart > 2 * _REACH * USUAL_RESOLUTION.fwhms_kev(main)))


def _check_is_the_only_one(
    best: EnergyAxis, axes: Sequence[EnergyAxis], left: Floats, peaks: Sequence[Peak]
) -> None:
    """Refuse to choose between axes that explain a spectrum equally well."""
    rows = np.array([[axis.offset_kev, axis.gain_kev] for axis in (best, *axes)])
    energy = _energies(rows, peaks[:_N_PAIRED])
    apart = np.abs(energy[1:] - energy[0]).max(axis=1)
    rival = apart > USUAL_RESOLUTION.fwhm_kev(float(energy[0].mean()))
    if (left[rival] < _AMBIGUOUS * left.min()).any():
        raise CalibrationError(
            "Several energy axes explain the few peaks of this spectrum equally well. "
            "Name two or more elements that are there."
        )


def _axis(n_channels: int, zero_and_gain: Floats) -> EnergyAxis:
    zero, gain = zero_and_gain
    return EnergyAxis(n_channels, float(zero), float(gain), source="fit")


def _lines(elements: Sequence[str]) -> _Lines:
    """List the lines of elements, each with the strongest of its shell."""
    energies: list[float] = []
    main: list[int] = []
    for element in dict.fromkeys(elements):
        for shell in "KL":
            groups = [g for g in line_groups(element) if g.label.startswith(shell)]
            shown = [g for g in groups if LOWEST_KEV < g.energy_kev < _HIGHEST_KEV]
            shown.sort(key=lambda group: -group.strength)
            first = len(energies)
            for group in shown:
                if group.strength > _WEAKEST * shown[0].strength:
                    energies.append(group.energy_kev)
                    main.append(first)
    return _Lines(np.array(energies), np.array(main, dtype=np.int_))


def _best_by_peaks(
    paired: Sequence[Peak], peaks: Sequence[Peak], lines: _Lines
) -> list[Floats]:
    """Return zero and gain of the axes on which most peaks are lines."""
    axes = _paired_axes(paired, lines)
    if not len(axes):
        return []
    scores = np.concatenate(
        [
            _scores(axes[start : start + _BATCH], peaks, lines)
            for start in range(0, len(axes), _BATCH)
        ]
    )
    best: list[Floats] = []
    last = peaks[0].channel
    for index in np.argsort(-scores):
        energy = axes[index] @ (1.0, last)
        apart = (abs(energy - kept @ (1.0, last)) for kept in best)
        if min(apart, default=1.0) > 0.02 or _differs(axes[index], best):
            best.append(axes[index])
        if len(best) == _N_JUDGED:
            break
    return best


def _differs(axis: Floats, others: Sequence[Floats]) -> bool:
    """Tell whether an axis has another gain than all others, by a half percent."""
    return all(abs(axis[1] / other[1] - 1) > 0.005 for other in others)


def _paired_axes(peaks: Sequence[Peak], lines: _Lines) -> Floats:
    """Take two high peaks for two lines, in all ways; return (zero, gain) rows."""
    energies = np.unique(lines.energy_kev)
    low, high = (energies[i] for i in np.triu_indices(energies.size, 1))
    found = []
    for one, other in combinations(sorted(p.channel for p in peaks), 2):
        gain = (high - low) / (other - one)
        found.append(np.stack([low - gain * one, gain], axis=1))
    axes = np.concatenate(found) if found else np.zeros((0, 2))
    zero, gain = axes.T
    usable = (gain > GAINS_KEV[0]) & (gain < GAINS_KEV[1]) & (abs(zero) < _OFFSET_KEV)
    axes = axes[usable]
    widths = _width_ratios(axes, peaks)
    return np.asarray(axes[_is_plausible(np.median(widths, axis=1))])


def _is_plausible(ratio: Floats) -> npt.NDArray[np.bool_]:
    """Accept widths between those of the best and of an old silicon detector."""
    return (ratio > 0.75) & (ratio < 2.2)


def _width_ratios(axes: Floats, peaks: Sequence[Peak]) -> Floats:
    """Widths of peaks over those of lines there, shape (axes, peaks)."""
    energy = _energies(axes, peaks)
    widths = np.array([peak.fwhm_channels for peak in peaks]) * axes[:, 1:]
    return np.asarray(widths / USUAL_RESOLUTION.fwhms_kev(energy))


def _energies(axes: Floats, peaks: Sequence[Peak]) -> Floats:
    return np.asarray(axes[:, :1] + axes[:, 1:] * [peak.channel for peak in peaks])


def _scores(axes: Floats, peaks: Sequence[Peak], lines: _Lines) -> Floats:
    """Add up, for every axis, how well its peaks are explained by lines."""
    energy = _energies(axes, peaks)
    reach = _REACH * USUAL_RESOLUTION.fwhms_kev(energy)
    fits = _line_fits(energy, reach, lines)
    off = np.log(_width_ratios(axes, peaks))
    fits *= np.exp(-0.5 * (off / np.where(off < 0, _TOO_NARROW, _TOO_WIDE)) ** 2)
    fits[np.abs(energy) < _ZERO_PEAK_KEV] = 0.5  # a Bruker's zero peak says nothing
    weights = np.log1p([peak.significance for peak in peaks])
    return np.asarray(fits @ weights)


def _line_fits(energy: Floats, reach: Floats, lines: _Lines) -> Floats:
    """Say how near each peak is to a line, from 0 to 1, shape (axes, peaks).

    A weak line counts only as far as a peak is found for the main line of its shell.
    """
    best = np.zeros_like(energy)
    main = np.zeros((len(energy), 1))
    for index, line_kev in enumerate(lines.energy_kev):
        fit = np.maximum(1 - np.abs(energy - line_kev) / (2 * reach), 0.0)
        if lines.main[index] == index:
            main = fit.max(axis=1, keepdims=True)
            np.maximum(best, fit, out=best)
        else:
            np.maximum(best, fit * main, out=best)
    return best


def _straightened(axis: Floats, peaks: Sequence[Peak], lines: _Lines) -> Floats:
    """Draw a line through all peaks that lie on lines, and not through two only."""
    energy = _energies(axis[None], peaks)[0]
    nearest = lines.energy_kev[
        np.abs(energy[:, None] - lines.energy_kev).argmin(axis=1)
    ]
    weight = np.exp(
        -0.5 * ((energy - nearest) / (_REACH * USUAL_RESOLUTION.fwhms_kev(energy))) ** 2
    )
    if (weight > 0.1).sum() < 3:
        return axis
    gain, zero = np.polyfit([peak.channel for peak in peaks], nearest, 1, w=weight)
    return np.array([zero, gain])


def _unexplained(spectrum: Spectrum, axis: EnergyAxis) -> float:
    """Share of the net spectrum that no shape of an element explains, 0 to 1."""
    spectrum, axis = merged(spectrum, axis)
    spectrum = np.where(axis.centres_kev < _ZERO_PEAK_KEV, 0.0, spectrum)
    net = spectrum - snip_background(spectrum, axis)
    weight = 1 / np.sqrt(spectrum + (_MODEL_ERROR * spectrum) ** 2 + 1)
    whole = float(np.sqrt(np.mean((net * weight) ** 2)))
    left = fitted_areas(templates(axis), spectrum, net, axis, _MODEL_ERROR)[1]
    low = axis.centres_kev < LOWEST_KEV
    ignored = float(np.sqrt(np.mean((net[low] * weight[low]) ** 2 if low.any() else 0)))
    ignored *= np.sqrt(low.mean())
    return float(np.hypot(left, ignored) / whole) ** 2 if whole > 0 else 1.0


def merged(spectrum: Spectrum, axis: EnergyAxis) -> tuple[Spectrum, EnergyAxis]:
    """Join neighbouring channels, so that fine spectra cost no more than others."""
    step = -(-len(spectrum) // _MOST_CHANNELS)
    n = len(spectrum) // step
    offset = axis.offset_kev + axis.gain_kev * (step - 1) / 2
    return (
        spectrum[: n * step].reshape(n, step).sum(axis=1),
        EnergyAxis(n, offset, axis.gain_kev * step, source=axis.source),
    )
