"""Compiled drawing of photons. Imported only when photons are drawn.

Random numbers are counter-based: the n-th number of a pixel is a hash of (seed,
index of the pixel, n) and of nothing else. Counts thus do not depend on which
block, thread or machine draws a pixel. The hash is the finaliser of SplitMix64
(Steele, Lea and Flood, OOPSLA 2014); each pixel walks with its own odd step.
"""

from __future__ import annotations

import math
from typing import Any

import numba
import numpy as np

_compiled: Any = numba.njit(nogil=True, error_model="numpy")

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_STEP_SALT = np.uint64(0xD1B54A32D192ED03)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_SHIFT_30, _SHIFT_27, _SHIFT_31 = np.uint64(30), np.uint64(27), np.uint64(31)
_SHIFT_11, _SHIFT_32 = np.uint64(11), np.uint64(32)
_LOW_32 = np.uint64(0xFFFFFFFF)
_ONE = np.uint64(1)
_UNIT = 2.0**-53


@_compiled
def _mix(x):  # type: ignore[no-untyped-def]
    """Scramble 64 bits."""
    x = (x ^ (x >> _SHIFT_30)) * _MIX_1
    x = (x ^ (x >> _SHIFT_27)) * _MIX_2
    return x ^ (x >> _SHIFT_31)


@_compiled
def _uniform(bits):  # type: ignore[no-untyped-def]
    """Turn 64 random bits into a number strictly between 0 and 1."""
    return (np.float64(bits >> _SHIFT_11) + 0.5) * _UNIT


@_compiled
def _poisson_small(state, step, mean):  # type: ignore[no-untyped-def]
    """Count how many uniform numbers can be multiplied before exp(-mean) (Knuth)."""
    limit = math.exp(-mean)
    count = -1
    product = 1.0
    while product > limit:
        state += step
        product *= _uniform(_mix(state))
        count += 1
    return state, count


@_compiled
def _poisson_large(state, step, mean):  # type: ignore[no-untyped-def]
    """Draw by transformed rejection, PTRS of Hoermann (1993), for means of 10 up."""
    b = 0.931 + 2.53 * math.sqrt(mean)
    a = -0.059 + 0.02483 * b
    inverse_alpha = 1.1239 + 1.1328 / (b - 3.4)
    accepted_at_once = 0.9277 - 3.6224 / (b - 2.0)
    log_mean = math.log(mean)
    while True:
        state += step
        u = _uniform(_mix(state)) - 0.5
        state += step
        v = _uniform(_mix(state))
        us = 0.5 - abs(u)
        k = math.floor((2.0 * a / us + b) * u + mean + 0.43)
        if us >= 0.07 and v <= accepted_at_once:
            return state, np.int64(k)
        if k < 0.0 or (us < 0.013 and v > us):
            continue
        bound = k * log_mean - mean - math.lgamma(k + 1.0)
        if math.log(v * inverse_alpha / (a / (us * us) + b)) <= bound:
            return state, np.int64(k)


@_compiled
def _poisson(state, step, mean):  # type: ignore[no-untyped-def]
    """Draw a Poisson number; return the moved state and the number."""
    if mean <= 0.0:
        return state, 0
    if mean < 10.0:
        return _poisson_small(state, step, mean)
    return _poisson_large(state, step, mean)


@_compiled
def alias_table(share, table):  # type: ignore[no-untyped-def]
    """Fill Walker's alias table of a distribution (Vose, 1991).

    Bin j, hit uniformly, is kept with probability ``(table[j] >> 32) / 2**32``
    and otherwise replaced by the bin in the low 32 bits of ``table[j]``.
    """
    n = len(share)
    scaled = share * (n / share.sum())
    stack = np.empty(n, np.int64)
    low, high = 0, n
    for j in range(n):
        table[j] = j
        if scaled[j] < 1.0:
            stack[low] = j
            low += 1
        else:
            high -= 1
            stack[high] = j
    while low > 0 and high < n:
        low -= 1
        small, large = stack[low], stack[high]
        kept = np.uint64(scaled[small] * 4294967296.0)
        table[small] = (kept << _SHIFT_32) | np.uint64(large)
        scaled[large] -= 1.0 - scaled[small]
        if scaled[large] < 1.0:
            high += 1
            stack[low] = large
            low += 1


@_compiled
def poisson_table(mean, low, table):  # type: ignore[no-untyped-def]
    """Fill an alias table of Poisson numbers from `low` up, counted from `low`.

    The length of `table` is a power of two, so that the high bits of one random
    number choose an entry without bias.
    """
    share = np.empty(len(table))
    log_mean = math.log(mean)
    for j in range(len(table)):
        k = low + j
        share[j] = math.exp(k * log_mean - mean - math.lgamma(k + 1.0))
    alias_table(share, table)


@_compiled
def count_parts(means, sizes):  # type: ignore[no-untyped-def]
    """Count the table draws that `divide_means` needs for the bins of one row."""
    parts = 0
    for mean in means:
        while mean >= sizes[0]:
            mean -= sizes[np.searchsorted(sizes, mean, "right") - 1]
            parts += 1
    return parts


@_compiled
def divide_means(means, sizes, bins, tables):  # type: ignore[no-untyped-def]
    """Take from each mean, in place, the largest tabulated means that fit.

    A sum of Poisson numbers is one of the sum of their means. `bins` and `tables`
    receive the bin and the number of the table of each part.
    """
    part = 0
    for b in range(len(means)):
        while means[b] >= sizes[0]:
            t = np.searchsorted(sizes, means[b], "right") - 1
            means[b] -= sizes[t]
            bins[part] = b
            tables[part] = t
            part += 1


@_compiled
def _add_tabulated(counts, parts, tables, state, step):  # type: ignore[no-untyped-def]
    """Add one number from a table of Poisson numbers for each of `parts`."""
    bins, numbers = parts
    for i in range(len(bins)):
        state += step
        bits = _mix(state)
        t = numbers[i]
        j = bits >> tables.shift[t]
        entry = tables.entries[tables.first[t] + j]
        if (bits & _LOW_32) >= (entry >> _SHIFT_32):
            j = entry & _LOW_32
        counts[bins[i]] += tables.low[t] + j
    return state


@_compiled
def _add_photons(counts, table, photons, state, step):  # type: ignore[no-untyped-def]
    """Share `photons` out over the bins of one pixel through an alias table."""
    n_bins = np.uint64(len(table))
    for _ in range(photons):
        state += step
        bits = _mix(state)
        j = ((bits >> _SHIFT_32) * n_bins) >> _SHIFT_32
        entry = table[j]
        if (bits & _LOW_32) >= (entry >> _SHIFT_32):
            j = entry & _LOW_32
        counts[j] += 1


@_compiled
def draw_photons(  # type: ignore[no-untyped-def]
    out, order, cluster_of, index, seed, log_ratio, fixed, recipe, tables
):
    """Fill `out` (m, n_bins), which must hold zeros, with drawn counts.

    `order` says which pixel comes first: those of one cluster together share the
    cache. See `napari_maxrf.synthesis._recipe` for `recipe` and `tables`.
    """
    key = _mix(seed + _GOLDEN)
    for row in order:
        k = cluster_of[row]
        state = _mix(key + index[row] * _GOLDEN)
        step = _mix(state ^ _STEP_SALT) | _ONE
        scale = 1.0
        if log_ratio > 0.0:
            state += step
            scale = math.exp(_uniform(_mix(state)) * log_ratio)
        photons = fixed
        if fixed < 0:
            for i in range(recipe.large_start[k], recipe.large_start[k + 1]):
                mean = scale * recipe.large_mean[i]
                state, count = _poisson(state, step, mean)
                out[row, recipe.large_bin[i]] = count
            a, z = recipe.start[k], recipe.start[k + 1]
            parts = recipe.bins[a:z], recipe.tables[a:z]
            state = _add_tabulated(out[row], parts, tables, state, step)
            state, photons = _poisson(state, step, scale * recipe.rest[k])
        _add_photons(out[row], recipe.alias[k], photons, state, step)
