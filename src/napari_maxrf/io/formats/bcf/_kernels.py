"""Compiled loops over the bytes of spectra: find rows, and add up the pulses.

Both loops take any stretch of bytes and stop before the first pixel that is not
whole in it; the caller reads on from there, so that memory stays small whatever a
file promises. Every length is checked before it is used, as compiled code does not
notice when it leaves an array. This module is imported when the first file is
opened, since numba takes its time.

All numbers are turned into int64 at once: numba joins int64 and uint64 to a float.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, cast

import numba
import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Callable

    Bytes = npt.NDArray[np.uint8]
    Whole = Any  # int64, or whatever numba makes of a sum with one

Function = TypeVar("Function", bound="Callable[..., Any]")

HEAD_BYTES = 22
PACKING_AT, PULSES_AT, PAYLOAD_AT = 12, 16, 18
ROW, LEFT, COLUMN, FAULT, BOUND = range(5)
"""Places in the state that goes from one stretch to the next."""
Y0, X0, X1, LOW, HIGH, N_CHANNELS, LIMIT = range(7)
"""Places in the window: first row, columns, channels, and the highest count."""

FINE, BROAD, BESIDE, PACKING, PAYLOAD, CODE, CHANNEL, COUNT, TWICE, PLACE = range(10)
FAULTS = {
    BROAD: "it stores more pixels than a row has",
    BESIDE: "a pixel lies beside the scan",
    PACKING: "a spectrum is packed in an unknown way",
    PAYLOAD: "a spectrum is shorter than it says",
    CODE: "a spectrum holds an unknown code",
    CHANNEL: "a pulse lies above the last channel",
    COUNT: "a count is absurdly high",
    TWICE: "a pixel is stored twice",
    PLACE: "it does not begin where the row before ends",
}
_TOO_MANY = 2**32
_ONE, _TWO, _FOUR, _SIX = (np.uintp(number) for number in (1, 2, 4, 6))


def new_state(row: int) -> npt.NDArray[np.int64]:
    """Return the state before the first byte of a row."""
    state = np.zeros(5, np.int64)
    state[ROW], state[LEFT] = row, -1
    return state


def _compiled(function: Function) -> Function:
    """Compile without the interpreter lock, kept on disk where that is possible."""
    try:
        compiled: Any = numba.njit(nogil=True, cache=True)(function)
    except RuntimeError:  # neither the package's folder nor a cache can be written
        compiled = numba.njit(nogil=True)(function)
    return cast("Function", compiled)


@_compiled
def _u16(data: Bytes, at: Whole) -> Whole:
    return np.int64(data[at]) | np.int64(data[at + 1]) << 8


@_compiled
def _u32(data: Bytes, at: Whole) -> Whole:
    return _u16(data, at) | _u16(data, at + 2) << 16


@_compiled
def _word(data: Bytes, at: Whole) -> Whole:
    """Read 16 bits at an unsigned place."""
    return np.uint32(data[at]) | np.uint32(data[at + _ONE]) << np.uint32(8)


@_compiled
def _pixel_bytes(data: Bytes, at: Whole) -> Whole:
    """Return the length of a pixel: head, payload and single pulses."""
    length = HEAD_BYTES + _u16(data, at + PAYLOAD_AT)
    if _u16(data, at + PACKING_AT) < 2:
        return length
    return length + 2 * _u16(data, at + PULSES_AT)


@_compiled
def _instruction_bytes(code: Whole, number: Whole) -> Whole:
    """Return the length of an instruction after its first two bytes; -1: unknown."""
    if code == 0:
        return np.int64(0)
    if code == 1:
        return 1 + (number + 1) // 2
    if code == 2 or code == 4 or code == 8:
        return code + number * (code // 2)
    return np.int64(-1)


@_compiled
def _base(data: Bytes, at: Whole, code: Whole) -> Whole:
    """Return what an instruction adds to all its values; -1 if it is too high."""
    if code == 1:
        return np.int64(data[at])
    if code == 2:
        return _u16(data, at)
    if code == 8 and _u32(data, at + 4) != 0:
        return np.int64(-1)
    return _u32(data, at)


@_compiled
def _value(data: Bytes, at: Whole, code: Whole, index: Whole) -> Whole:
    """Return a value of an instruction, without its base."""
    if code == 1:
        return (np.int64(data[at + index // 2]) >> (4 * (index & 1))) & 15
    if code == 2:
        return np.int64(data[at + index])
    if code == 4:
        return _u16(data, at + 2 * index)
    return _u32(data, at + 4 * index)


@_compiled
def _highest(data: Bytes, at: Whole, code: Whole, number: Whole) -> Whole:
    """Return a number that no value of an instruction exceeds."""
    base = _base(data, at, code)
    if base < 0:
        return np.int64(_TOO_MANY)
    if code < 4:
        return base + (15 if code == 1 else 255)
    top = np.int64(0)
    for index in range(number):
        top = max(top, _value(data, at + code, code, index))
    return base + top


@_compiled
def _bound(data: Bytes, at: Whole) -> Whole:
    """Return a number that no channel of a pixel exceeds."""
    pulses, top = _u16(data, at + PULSES_AT), np.int64(0)
    if _u16(data, at + PACKING_AT) < 2:
        return pulses
    stop = at + HEAD_BYTES + _u16(data, at + PAYLOAD_AT) - 4
    at += HEAD_BYTES
    while at + 2 <= stop:
        code, number = np.int64(data[at]), np.int64(data[at + 1])
        length = _instruction_bytes(code, number)
        if length < 0 or at + 2 + length > stop:
            return np.int64(_TOO_MANY)
        if code > 0:
            top = max(top, _highest(data, at + 2, code, number))
        at += 2 + length
    return pulses + top


@_compiled
def _add_pulses(
    data: Bytes,
    at: Whole,
    number: Whole,
    window: npt.NDArray[np.int64],
    out: npt.NDArray[Any],
) -> int:
    """Add a count for each 16-bit channel number."""
    low, high, n_channels = window[LOW], window[HIGH], window[N_CHANNELS]
    for index in range(number):
        channel = _u16(data, at + 2 * index)
        if channel >= n_channels:
            return CHANNEL
        if low <= channel < high:
            out[channel - low] += 1
    return FINE


@_compiled
def _tally(channel: Whole, low: Whole, n_wanted: Whole, out: npt.NDArray[Any]) -> None:
    """Add a count to a channel if it is wanted; the cast wraps what lies below."""
    place = np.uint32(channel - low)
    if place < n_wanted:
        out[place] += 1


@_compiled
def _add_packed_pulses(
    data: Bytes,
    at: Whole,
    number: Whole,
    window: npt.NDArray[np.int64],
    out: npt.NDArray[Any],
) -> int:
    """Add a count for each 12-bit channel number; three words hold four of them.

    This is where the time goes. Unsigned places spare the test for negative ones,
    and make it four times faster.
    """
    low, n_wanted = np.uint32(window[LOW]), np.uint32(window[HIGH] - window[LOW])
    n_channels, place = np.uint32(window[N_CHANNELS]), np.uintp(at)
    for _ in range(number >> 2):
        one = _word(data, place)
        two = _word(data, place + _TWO)
        three = _word(data, place + _FOUR)
        first = one >> np.uint32(4)
        second = (one & np.uint32(15)) << np.uint32(8) | two >> np.uint32(8)
        third = (two & np.uint32(255)) << np.uint32(4) | three >> np.uint32(12)
        fourth = three & np.uint32(4095)
        if max(max(first, second), max(third, fourth)) >= n_channels:
            return CHANNEL
        _tally(first, low, n_wanted, out)
        _tally(second, low, n_wanted, out)
        _tally(third, low, n_wanted, out)
        _tally(fourth, low, n_wanted, out)
        place += _SIX
    return _add_last_packed_pulses(data, at, number, window, out)


@_compiled
def _add_last_packed_pulses(
    data: Bytes,
    at: Whole,
    number: Whole,
    window: npt.NDArray[np.int64],
    out: npt.NDArray[Any],
) -> int:
    """Add those after the last four; there are no words beyond them to read."""
    at += 6 * (number >> 2)
    for turn in range(number & 3):
        channel = _u16(data, at) >> 4
        if turn == 1:
            channel = (_u16(data, at) & 15) << 8 | _u16(data, at + 2) >> 8
        elif turn == 2:
            channel = (_u16(data, at + 2) & 255) << 4 | _u16(data, at + 4) >> 12
        if channel >= window[N_CHANNELS]:
            return CHANNEL
        if window[LOW] <= channel < window[HIGH]:
            out[channel - window[LOW]] += 1
    return FINE


@_compiled
def _add_values(
    data: Bytes,
    at: Whole,
    channel: Whole,
    window: npt.NDArray[np.int64],
    out: npt.NDArray[Any],
) -> int:
    """Add the values of one instruction to the channels from `channel` on."""
    code, number = np.int64(data[at]), np.int64(data[at + 1])
    base, at = _base(data, at + 2, code), at + 2 + code
    if base < 0:
        return COUNT
    low, high, limit = window[LOW], window[HIGH], window[LIMIT]
    for index in range(max(low - channel, 0), min(number, high - channel)):
        value = base + _value(data, at, code, index)
        place = channel + index - low
        if value > limit - np.int64(out[place]):
            return COUNT
        out[place] += value
    return FINE


@_compiled
def _add_runs(
    data: Bytes,
    at: Whole,
    stop: Whole,
    window: npt.NDArray[np.int64],
    out: npt.NDArray[Any],
) -> int:
    """Add a run-length spectrum, instruction by instruction."""
    channel = np.int64(0)
    while at < stop:
        if at + 2 > stop:
            return PAYLOAD
        code, number = np.int64(data[at]), np.int64(data[at + 1])
        length = _instruction_bytes(code, number)
        if length < 0:
            return CODE
        if at + 2 + length > stop:
            return PAYLOAD
        if channel + number > window[N_CHANNELS]:
            return CHANNEL
        if code > 0:
            fault = _add_values(data, at, channel, window, out)
            if fault != FINE:
                return fault
        channel += number
        at += 2 + length
    return FINE


@_compiled
def _add_pixel(
    data: Bytes, at: Whole, window: npt.NDArray[np.int64], out: npt.NDArray[Any]
) -> int:
    """Add a pixel that lies whole in the data."""
    packing, pulses = _u16(data, at + PACKING_AT), _u16(data, at + PULSES_AT)
    payload, at = _u16(data, at + PAYLOAD_AT), at + HEAD_BYTES
    if packing == 0:
        if 2 * pulses > payload:
            return PAYLOAD
        return _add_pulses(data, at, pulses, window, out)
    if packing == 1:
        needed = (3 * pulses + 1) // 2
        if needed + (needed & 1) > payload:
            return PAYLOAD
        return _add_packed_pulses(data, at, pulses, window, out)
    if packing > 3:
        return PACKING
    if payload < 4 or _u32(data, at + payload - 4) != 2 * pulses:
        return PAYLOAD
    fault = _add_runs(data, at, at + payload - 4, window, out)
    if fault != FINE:
        return fault
    return _add_pulses(data, at + payload, pulses, window, out)


@_compiled
def walk(
    data: Bytes,
    base: int,
    state: npt.NDArray[np.int64],
    offsets: npt.NDArray[np.int64],
    width: int,
) -> int:
    """Note where rows begin, and what no count exceeds.

    Parameters
    ----------
    data : ndarray of uint8
        A stretch of the spectra that begins at a row or at a pixel.
    base : int
        Place of its first byte.
    state : ndarray of int64, shape (5,)
        Where the walk is; changed.
    offsets : ndarray of int64, shape (rows + 1,)
        Place of the first byte of each row, and after the last; filled.
    width : int
        Pixels in a row.

    Returns
    -------
    int
        Bytes that were used up.
    """
    at = 0
    while state[ROW] < offsets.size - 1:
        if state[LEFT] < 0:
            if at + 4 > data.size:
                return at
            offsets[state[ROW]] = base + at
            state[LEFT] = _u32(data, at)
            if state[LEFT] > width:
                state[FAULT] = BROAD
                return at
            at += 4
        while state[LEFT] > 0:
            if at + HEAD_BYTES > data.size or at + _pixel_bytes(data, at) > data.size:
                return at
            state[BOUND] = max(state[BOUND], _bound(data, at))
            at += _pixel_bytes(data, at)
            state[LEFT] -= 1
        state[ROW] += 1
        state[LEFT] = -1
        offsets[state[ROW]] = base + at
    return at


@_compiled
def decode(
    data: Bytes,
    base: int,
    state: npt.NDArray[np.int64],
    offsets: npt.NDArray[np.int64],
    window: npt.NDArray[np.int64],
    seen: npt.NDArray[np.int64],
    out: npt.NDArray[Any],
) -> int:
    """Add the pixels of some rows to an array.

    Parameters
    ----------
    data, base, state, offsets
        As for `walk`; the offsets are compared.
    window : ndarray of int64, shape (7,)
        First row, columns from and to, channels from and to, all channels, and the
        highest count that may be.
    seen : ndarray of int64, shape (width,)
        Zeros; columns are marked there.
    out : ndarray, shape (rows, columns, channels)
        Counts are added to it.

    Returns
    -------
    int
        Bytes that were used up.
    """
    at = 0
    while state[ROW] < window[Y0] + out.shape[0]:
        row = state[ROW]
        if state[LEFT] < 0:
            if at + 4 > data.size:
                return at
            state[LEFT] = _u32(data, at)
            if offsets[row] != base + at:
                state[FAULT] = PLACE
                return at
            if state[LEFT] > seen.size:
                state[FAULT] = BROAD
                return at
            at += 4
        while state[LEFT] > 0:
            if at + HEAD_BYTES > data.size or at + _pixel_bytes(data, at) > data.size:
                return at
            x = _u32(data, at)
            state[COLUMN] = x
            if x >= seen.size:
                state[FAULT] = BESIDE
                return at
            if seen[x] == row + 1:
                state[FAULT] = TWICE
                return at
            seen[x] = row + 1
            if window[X0] <= x < window[X1]:
                spectrum = out[row - window[Y0], x - window[X0]]
                state[FAULT] = _add_pixel(data, at, window, spectrum)
                if state[FAULT] != FINE:
                    return at
            at += _pixel_bytes(data, at)
            state[LEFT] -= 1
        state[ROW] += 1
        state[LEFT] = -1
    return at
