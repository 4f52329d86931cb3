"""Compiled work on spectra of single pixels. Imported only when a fit runs.

Every function releases the interpreter's lock and runs on one thread; a fit calls
them from several threads, each with its own pixels. numba's own threads are not
used: without extra libraries they end the process when two fits run at once.
"""

from __future__ import annotations

import math
from typing import Any

import numba
import numpy as np

_ANY_ORDER = {"reassoc", "contract", "nsz"}


def _made(function: Any, fastmath: Any) -> Any:
    """Compile, and keep the result on disk between sessions where possible."""
    options = {"nogil": True, "error_model": "numpy", "fastmath": fastmath}
    try:
        return numba.njit(cache=True, **options)(function)
    except RuntimeError:  # neither the package's folder nor a cache can be written
        return numba.njit(**options)(function)


def _compiled(function: Any) -> Any:
    return _made(function, False)


def _adding(function: Any) -> Any:
    """Compile; sums may be taken in any order."""
    return _made(function, _ANY_ORDER)


_STEPS_PER_UNIT = 32.0
_LARGEST_ROOT = 1024.0
_TABLE_SIZE = int(_LARGEST_ROOT * _STEPS_PER_UNIT) + 2
_LEVELS = 16384
_FULL_EXCHANGES = 3


def _level(root: Any) -> Any:
    """Double logarithm of the SNIP method, of the square root of counts + 1."""
    return np.log(np.log(root + 1) + 1)


def _root(level: Any) -> Any:
    """Undo `_level`."""
    return np.exp(np.exp(level) - 1) - 1


# From the root 1 of no counts upwards; beyond the end formulas take over.
_TO_LEVEL = _level(1 + np.arange(_TABLE_SIZE) / _STEPS_PER_UNIT).astype(np.float32)
_LOWEST = float(_level(1.0))
_HIGHEST = float(_level(1.0 + _LARGEST_ROOT))
_PER_LEVEL = _LEVELS / (_HIGHEST - _LOWEST)
_TO_ROOT = _root(_LOWEST + np.arange(_LEVELS + 2) / _PER_LEVEL).astype(np.float32)


@_compiled
def _levels(counts, levels):  # type: ignore[no-untyped-def]
    """Take the double logarithm, from a table with straight lines between."""
    one, zero, last = np.float32(1), np.float32(0), np.float32(_TABLE_SIZE - 2)
    steps = np.float32(_STEPS_PER_UNIT)
    highest = zero
    for i in range(counts.size):
        above = counts[i] if counts[i] > zero else zero  # 0 for what is no number
        place = (np.sqrt(above + one) - one) * steps
        highest = max(highest, place)
        place = min(place, last)
        at = np.int32(place)
        low = _TO_LEVEL[at]
        levels[i] = low + (place - np.float32(at)) * (_TO_LEVEL[at + 1] - low)
    if highest > last:
        for i in range(counts.size):
            root = math.sqrt(max(counts[i], zero) + 1.0)
            levels[i] = math.log(math.log(root + 1.0) + 1.0)


@_compiled
def _counts(levels, counts):  # type: ignore[no-untyped-def]
    """Undo `_levels`."""
    zero, last = np.float32(0), np.float32(_LEVELS)
    highest = zero
    for i in range(levels.size):
        place = (levels[i] - np.float32(_LOWEST)) * np.float32(_PER_LEVEL)
        place = place if place > zero else zero
        highest = max(highest, place)
        place = min(place, last)
        at = np.int32(place)
        low = _TO_ROOT[at]
        root = low + (place - np.float32(at)) * (_TO_ROOT[at + 1] - low)
        counts[i] = root * root - np.float32(1)
    if highest > last:
        for i in range(levels.size):
            root = math.exp(math.exp(levels[i]) - 1.0) - 1.0
            counts[i] = root * root - 1.0


@_compiled
def _lowered(levels, other, distance):  # type: ignore[no-untyped-def]
    """Lower every channel to the mean of two neighbours; the ends go on evenly."""
    n, half = levels.size, np.float32(0.5)
    left, right = levels[: n - 2 * distance], levels[2 * distance :]
    here, into = levels[distance : n - distance], other[distance : n - distance]
    for i in range(into.size):
        into[i] = min(half * (left[i] + right[i]), here[i])
    for i in range(distance):
        j = n - 1 - i
        other[i] = min(half * (levels[0] + levels[i + distance]), levels[i])
        other[j] = min(half * (levels[n - 1] + levels[j - distance]), levels[j])


@_compiled
def _clipped(levels, other, reach):  # type: ignore[no-untyped-def]
    """Lower from far to near; return whichever of both arrays holds the result."""
    for distance in range(min(reach, (levels.size - 1) // 2), 0, -1):
        _lowered(levels, other, distance)
        levels, other = other, levels
    return levels


@_compiled
def _smoothed(counts, half_width, smooth):  # type: ignore[no-untyped-def]
    """Take running means; at the ends over fewer channels, evenly to both sides."""
    n = counts.size
    half_width = min(half_width, (n - 1) // 2)
    width = 2 * half_width + 1
    smooth[0], smooth[n - 1] = counts[0], counts[n - 1]
    share = np.float32(1.0 / width)
    inner = smooth[half_width : n - half_width]
    for j in range(width):
        shifted = counts[j : j + inner.size]
        if j == 0:
            for i in range(inner.size):
                inner[i] = shifted[i]
        else:
            for i in range(inner.size):
                inner[i] += shifted[i]
    for i in range(inner.size):
        inner[i] *= share
    for i in range(1, half_width):
        low = high = np.float32(0)
        for j in range(2 * i + 1):
            low += counts[j]
            high += counts[n - 1 - j]
        smooth[i] = low / np.float32(2 * i + 1)
        smooth[n - 1 - i] = high / np.float32(2 * i + 1)


@_compiled
def _continuum(counts, half_width, reach, smooth, one, two):  # type: ignore[no-untyped-def]
    """Put the continuum of one spectrum into `smooth`; `one` and `two` are room."""
    _smoothed(counts, half_width, smooth)
    _levels(smooth, one)
    _counts(_clipped(one, two, reach), smooth)


@_compiled
def snip_rows(spectra, half_width, reach, background):  # type: ignore[no-untyped-def]
    """Estimate the continuum of every row by clipping peaks.

    Parameters
    ----------
    spectra : ndarray of float32, shape (rows, channels)
        Counts.
    half_width : int
        The spectrum is smoothed over ``2 half_width + 1`` channels first.
    reach : int
        Largest distance of the neighbours, in channels.
    background : ndarray of float32, shape (rows, channels)
        Receives the result.
    """
    n = spectra.shape[1]
    one, two = np.empty(n, np.float32), np.empty(n, np.float32)
    for row in range(spectra.shape[0]):
        _continuum(spectra[row], half_width, reach, background[row], one, two)


@_adding
def _projected(net, columns, firsts, lasts, right):  # type: ignore[no-untyped-def]
    """Multiply every column, which is 0 outside [first, last), with a spectrum."""
    for j in range(right.size):
        first, last = firsts[j], lasts[j]
        column, part = columns[j, first:last], net[first:last]
        total = 0.0
        for i in range(part.size):
            total += column[i] * part[i]
        right[j] = total


@_compiled
def _solved(gram, right, kept, factor, at, values):  # type: ignore[no-untyped-def]
    """Solve the equations of the kept columns by Cholesky; others become 0."""
    n, m = right.size, 0
    for i in range(n):
        values[i] = 0.0
        if kept[i]:
            at[m] = i
            m += 1
    for i in range(m):
        for j in range(i, m):
            factor[i, j] = gram[at[i], at[j]]
    for k in range(m):
        row = factor[k, k:m]
        scale = 1.0 / math.sqrt(row[0])
        for j in range(row.size):
            row[j] *= scale
        for i in range(1, row.size):
            below, share = factor[k + i, k + i : m], row[i]
            for j in range(below.size):
                below[j] -= share * row[i + j]
    for i in range(m):
        total = right[at[i]]
        for k in range(i):
            total -= factor[k, i] * values[at[k]]
        values[at[i]] = total / factor[i, i]
    for i in range(m - 1, -1, -1):
        total = values[at[i]]
        for k in range(i + 1, m):
            total -= factor[i, k] * values[at[k]]
        values[at[i]] = total / factor[i, i]


@_compiled
def _wrong(gram, right, values, kept, free, slack, wrong):  # type: ignore[no-untyped-def]
    """Mark kept columns below 0 and left-out ones that would help; count them."""
    n, count = right.size, 0
    for i in range(n):
        if kept[i]:
            wrong[i] = not free[i] and values[i] < 0.0
        else:
            slope = right[i]
            for j in range(n):
                slope -= gram[i, j] * values[j]
            wrong[i] = slope > slack
        count += wrong[i]
    return count


@_compiled
def _one_nnls(gram, right, free, kept, factor, at, wrong, values):  # type: ignore[no-untyped-def]
    """Solve one problem, starting with the columns in `kept`."""
    n = right.size
    slack = 1e-10 * np.abs(right).max()
    fewest, exchanges = n + 1, _FULL_EXCHANGES
    for _ in range(20 * n):
        _solved(gram, right, kept, factor, at, values)
        count = _wrong(gram, right, values, kept, free, slack, wrong)
        if count == 0:
            return
        if count < fewest:
            fewest, exchanges = count, _FULL_EXCHANGES
        else:
            exchanges -= 1
        for i in range(n - 1, -1, -1):
            if wrong[i]:
                kept[i] = not kept[i]
                if exchanges < 0:  # one at a time, which cannot run in circles
                    break
    for i in range(n):
        if not free[i]:
            values[i] = max(values[i], 0.0)


@_compiled
def fit_rows(  # type: ignore[no-untyped-def]
    spectra, half_width, reach, columns, firsts, lasts, gram, inverse, free, areas
):
    """Fit the columns to every row, after taking SNIP's continuum off.

    ``x G x / 2 - x b`` is minimised exactly, with the areas x at least 0 where they
    are not free. Columns are exchanged in blocks (J. J. Judice and F. M. Pires,
    Comput. Oper. Res. 21, 587 (1994)), which takes two or three solutions where the
    start, the solution without bounds, is near.

    Parameters
    ----------
    spectra : ndarray of float32, shape (rows, channels)
        Counts.
    half_width, reach : int
        As `snip_rows` takes them; a reach of 0 takes nothing off.
    columns : ndarray, shape (n, channels)
        Weighted columns: their products with a spectrum are b.
    firsts, lasts : ndarray of int, shape (n,)
        Range of the channels outside of which a column is 0.
    gram, inverse : ndarray, shape (n, n)
        G, positive definite, and its inverse.
    free : ndarray of bool, shape (n,)
        Columns that may become negative.
    areas : ndarray of float64, shape (rows, n)
        Receives the result.
    """
    n, m = gram.shape[0], spectra.shape[1]
    smooth, one, two = np.empty((3, m), np.float32)
    kept, wrong = np.empty(n, np.bool_), np.empty(n, np.bool_)
    right, factor = np.empty(n), np.empty((n, n))
    at = np.empty(n, np.int64)
    for row in range(spectra.shape[0]):
        net = spectra[row]
        if reach > 0:
            _continuum(net, half_width, reach, smooth, one, two)
            for i in range(m):
                smooth[i] = net[i] - smooth[i]
            net = smooth
        _projected(net, columns, firsts, lasts, right)
        if not math.isfinite(right.sum()):  # a count that is no number
            areas[row] = math.nan
            continue
        bounded = False
        for i in range(n):
            total = 0.0
            for j in range(n):
                total += inverse[i, j] * right[j]
            areas[row, i] = total
            kept[i] = free[i] or total > 0.0
            bounded |= not kept[i]
        if bounded:
            _one_nnls(gram, right, free, kept, factor, at, wrong, areas[row])
