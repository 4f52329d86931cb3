"""The tests that find defects in sums over bands of channels.

All work on 2 sqrt(n + 3/8), by which counts of any size have an error of about 1
(Anscombe, Biometrika 35 (1948) 246).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Bands = npt.NDArray[np.float32]
Floats = npt.NDArray[np.float64]
Side = Literal["left", "right", "top", "bottom"]

_SIDES: tuple[tuple[Side, Side], ...] = (("left", "right"), ("top", "bottom"))

_REACH_PX, _STEP_PX = 4.0, 0.01
_LEAST_DISPLACEMENT_PX, _LEAST_SIGNIFICANCE = 0.15, 10.0
_FEWEST_ROWS, _FEWEST_COLUMNS = 24, 16
_N_GROUPS, _LEAST_AGREEING, _STRIP_ROWS = 6, 5, 4
_DISAGREEMENT_PX = 0.3
_MARGIN, _STEP_SIGMA = 0.12, 8.0
_FLANK_SIGMA, _FLANK_SHARE = 3.0, 0.25
_EMPTY_SHARE, _USUAL_SHARE = 0.5, 0.05


@dataclass(frozen=True)
class Backlash:
    """Displacement of the odd rows (1, 3, ...) against the even ones.

    Attributes
    ----------
    displacement_px : float
        What lies at column x of the even rows appears at x + displacement in the odd.
    error_px : float
        Standard error, from groups of rows.
    significance : float
        Displacement over its error.
    """

    displacement_px: float
    error_px: float
    significance: float


@dataclass(frozen=True)
class Border:
    """Columns or rows at a side, up to a sharp step.

    Attributes
    ----------
    side : str
        ``"left"``, ``"right"``, ``"top"`` or ``"bottom"``.
    n : int
        How many.
    significance : float
        The step over the usual change from one column to the next, in robust sigma.
    """

    side: Side
    n: int
    significance: float


@dataclass(frozen=True)
class HotPixel:
    """A channel of a pixel with counts that neither its neighbours nor a peak explain.

    Attributes
    ----------
    y, x, channel : int
        Where it is.
    counts, expected : float
        What was counted, and the median of the pixels around in that channel.
    significance : float
        Minus the decimal logarithm of the Poisson probability of so many counts.
    """

    y: int
    x: int
    channel: int
    counts: float
    expected: float
    significance: float


@dataclass(frozen=True)
class BadRow:
    """A row without counts of its own: ``"empty"`` or ``"repeated"``."""

    y: int
    kind: Literal["empty", "repeated"]


def stabilised(bands: Bands) -> Bands:
    """Give sums of counts an error of about 1, whatever their size."""
    return 2 * np.sqrt(np.maximum(bands, 0) + np.float32(3 / 8))


# Backlash


def backlash_of(
    bands: Bands, bad_rows: Sequence[int] = (), borders: Sequence[Border] = ()
) -> Backlash | None:
    """Find the displacement of odd rows against even ones.

    Each row is correlated with the mean of its two neighbours, for fractions of a
    pixel by their Fourier transforms. Noise of different rows is independent and
    adds nothing to a correlation, so that the position of its maximum is not biased
    towards whole or half pixels, as that of interpolated rows is. Parts of the scan
    must agree about the displacement.

    Parameters
    ----------
    bands : ndarray, shape (y, x, band)
        Counts in a few bands of channels.
    bad_rows : sequence of int, optional
        Rows to leave out.
    borders : sequence of Border, optional
        Columns to leave out.

    Returns
    -------
    Backlash or None
        None if it is below 0.15 pixel or 10 standard errors, or for fewer than 26
        rows or 16 columns.
    """
    left, right = (
        sum(one.n for one in borders if one.side == side) for side in ("left", "right")
    )
    part = stabilised(bands[:, left : bands.shape[1] - right])
    if part.shape[1] < _FEWEST_COLUMNS:
        return None
    rows = np.arange(1, len(part) - 1)
    bad = np.isin(rows[:, None] + (-1, 0, 1), list(bad_rows)).any(axis=1)
    if np.count_nonzero(~bad) < _FEWEST_ROWS:
        return None
    correlation, shifts = _correlations(part, rows[~bad])
    return _agreed(correlation, shifts)


def _agreed(correlation: Floats, shifts: Floats) -> Backlash | None:
    """Take the shift of all rows if that of groups of rows is about the same.

    Of noise, or of a picture without detail, every group finds another one. A group
    is made of strips from all over the scan, as parts of it may be without detail.
    The error of so few groups is itself uncertain, so that much is asked of it.
    """
    size = float(shifts[np.argmax(correlation.sum(axis=0))])
    group = np.arange(len(correlation)) // _STRIP_ROWS % _N_GROUPS
    parts = (correlation[group == one].sum(axis=0) for one in range(_N_GROUPS))
    apart = np.array([shifts[np.argmax(part)] for part in parts]) - size
    near = apart[np.abs(apart) < _DISAGREEMENT_PX]
    agree = len(near) >= _LEAST_AGREEING
    spread = float(np.sqrt(np.mean(near**2))) if agree else np.inf
    error = max(spread / np.sqrt(_N_GROUPS), _STEP_PX / 2)
    sure = abs(size) >= max(_LEAST_DISPLACEMENT_PX, _LEAST_SIGNIFICANCE * error)
    if not (agree and sure) or abs(size) > _REACH_PX - _DISAGREEMENT_PX:
        return None
    return Backlash(size, float(error), float(abs(size) / error))


def _correlations(values: Bands, rows: npt.NDArray[np.intp]) -> tuple[Floats, Floats]:
    """Correlate rows with the mean of their neighbours, shape (rows, shifts).

    An even row is displaced against odd ones the other way: its shifts are turned.
    Slow changes along a row say little about where it lies; they are weighed down
    in proportion to their frequency.
    """
    n = 2 * values.shape[1]
    frequency = np.arange(n // 2 + 1) / n
    shifts = np.arange(-_REACH_PX, _REACH_PX + _STEP_PX / 2, _STEP_PX)
    turns = np.exp(2j * np.pi * frequency * shifts[:, None]) * frequency
    correlation = np.empty((len(rows), len(shifts)))
    for place, y in enumerate(rows):
        around = _transformed((values[y - 1] + values[y + 1]) / 2, n)
        product = (np.conj(around) * _transformed(values[y], n)).sum(axis=1)
        values_of_row = (turns * product).real.sum(axis=1)
        correlation[place] = values_of_row if y % 2 else values_of_row[::-1]
    return correlation, shifts


def _transformed(row: Bands, n: int) -> npt.NDArray[np.complex128]:
    """Transform a row (x, band) along x, its mean removed and its ends faded out."""
    fade = np.hanning(len(row) + 2)[1:-1] ** 0.25
    centred = (row - row.mean(axis=0)) * fade[:, None]
    return np.fft.rfft(centred, n=n, axis=0)


# Borders


def borders_of(bands: Bands) -> tuple[Border, ...]:
    """Find sides where the scan begins or ends beside the object.

    The median along a column, in every band, gives its profile. A border is what lies
    outside a change from one column to the next that is far above the usual one.

    Parameters
    ----------
    bands : ndarray, shape (y, x, band)
        Counts in a few bands of channels.
    """
    # spread over their unit, whole counts have a median that is not itself whole
    spread_out = np.random.default_rng(0).random(bands.shape, np.float32)
    values = stabilised(bands + spread_out)
    found = []
    for axis, sides in enumerate(_SIDES):
        if values.shape[1 - axis] < _FEWEST_COLUMNS:
            continue
        profile = np.median(values, axis=axis)
        steps = np.linalg.norm(np.diff(profile, axis=0), axis=1)
        usual = float(np.median(steps))
        spread = 1.4826 * float(np.median(np.abs(steps - usual)))
        counting = 1 / np.sqrt(values.shape[axis])
        sigma = (steps - usual) / max(spread, 0.1 * usual, counting)
        for side, ordered in zip(sides, (sigma, sigma[::-1]), strict=True):
            n, significance = _outside_step(ordered)
            if n:
                found.append(Border(side, n, significance))
    return tuple(found)


def _outside_step(sigma: Floats) -> tuple[int, float]:
    """Return how many columns lie outside the strongest step near the beginning."""
    margin = sigma[: max(2, int(_MARGIN * (len(sigma) + 1)))]
    place = int(np.argmax(margin))
    if margin[place] < _STEP_SIGMA:
        return 0, 0.0
    last, least = place, max(_FLANK_SIGMA, _FLANK_SHARE * float(margin[place]))
    while last + 1 < len(margin) and sigma[last + 1] > least:
        last += 1
    return last + 1, float(margin[place])


# Rows


def bad_rows_of(bands: Bands, is_repeated: Callable[[int], bool]) -> tuple[BadRow, ...]:
    """Find rows that are empty where others are not, or repeat the row before.

    Parameters
    ----------
    bands : ndarray, shape (y, x, band)
        Counts in a few bands of channels.
    is_repeated : callable
        Compares a row with the one before, count by count; asked only where the
        sums agree.
    """
    totals = bands.sum(axis=2)
    empty = (totals <= 0).mean(axis=1)
    if np.median(empty) > _USUAL_SHARE:  # a sparse scan: zeros mean nothing
        bad = np.zeros(len(bands), bool)
    else:
        bad = empty > _EMPTY_SHARE
    found = [BadRow(int(y), "empty") for y in np.flatnonzero(bad)]
    same = (bands[1:] == bands[:-1]).all(axis=(1, 2)) & ~bad[1:]
    same &= totals[1:].any(axis=1)
    for y in np.flatnonzero(same) + 1:
        if is_repeated(int(y)):
            found.append(BadRow(int(y), "repeated"))
    return tuple(sorted(found, key=lambda one: one.y))
