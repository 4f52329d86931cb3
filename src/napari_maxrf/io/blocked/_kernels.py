"""Pack counts into as few bits as they need, and take any box of them out again.

Counts of a scan are small: most channels of most pixels hold 0 to 7. The 64 pixels
of a row in one channel are a group, stored with as many bits each as the largest of
them needs, so that a group of w bits fills w words of 64 bits. The widths of all
groups of a block stand before its words, one byte each. From them the place of every
count is known, and a single channel or pixel is read without unpacking the rest.

Groups follow each other row by row, channel by channel within a row. Values are
handled by their bits alone, so that any type of number comes back exactly.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from napari_maxrf.io._compiled import compiled
from napari_maxrf.io.blocked._lanes import LANES

Words = npt.NDArray[np.uint64]


_WORD, _BYTES = 64, 8
_ONES = np.uint64(0xFFFFFFFFFFFFFFFF)
_ZERO, _ONE = np.uint64(0), np.uint64(1)


def most_words(n_rows: int, n_channels: int, deep: int, itemsize: int) -> int:
    """Return how many words `pack` may need for all channels of a column of blocks."""
    n_blocks = -(-n_channels // deep)
    heads = n_blocks * -(-n_rows * deep // _BYTES)
    return heads + n_rows * n_channels * _BYTES * itemsize


@compiled
def pack(
    tile: npt.NDArray[Any],
    first_column: int,
    deep: int,
    words: Words,
    lengths: npt.NDArray[np.int64],
) -> int:
    """Pack up to 64 columns of a tile, one block for each `deep` channels.

    Parameters
    ----------
    tile : ndarray of unsigned integers, shape (rows, columns, channels)
        Bits of the counts.
    first_column : int
        Where the columns begin.
    deep : int
        Channels in a block.
    words : ndarray of uint64
        Filled from its beginning; as long as `most_words` says.
    lengths : ndarray of int64, shape (blocks,)
        Filled with the words of each block.

    Returns
    -------
    int
        Words in all.
    """
    n_rows, n_columns, n_channels = tile.shape
    n_columns = min(n_columns - first_column, LANES)
    group = np.zeros((deep, LANES), np.uint64)
    heads = words.view(np.uint8)
    end = 0
    for block in range(lengths.size):
        low = block * deep
        n_deep = min(deep, n_channels - low)
        start = end
        end = start + (n_rows * n_deep + _BYTES - 1) // _BYTES
        heads[start * _BYTES : end * _BYTES] = 0
        part = tile[:, first_column : first_column + n_columns, low : low + n_deep]
        for y in range(n_rows):
            for x in range(n_columns):
                for e in range(n_deep):
                    group[e, x] = part[y, x, e]
            for e in range(n_deep):
                width = _width(group[e])
                heads[start * _BYTES + y * n_deep + e] = width
                end = _put(group[e], width, words, end)
        lengths[block] = end - start
    return end


@compiled
def _width(group: Words) -> int:
    """Return the bits which the largest value of a group needs."""
    used = _ZERO
    for x in range(LANES):
        used |= group[x]
    width = 0
    while used > _ZERO:
        used >>= _ONE
        width += 1
    return width


@compiled
def _put(group: Words, width: int, words: Words, place: int) -> int:
    """Append 64 values of `width` bits; return the place behind them."""
    held, filled = _ZERO, 0
    for x in range(LANES):
        value = group[x]
        held |= value << np.uint64(filled)
        filled += width
        if filled >= _WORD:
            words[place] = held
            place += 1
            filled -= _WORD
            held = value >> np.uint64(width - filled) if filled else _ZERO
    return place


@compiled
def unpack(
    words: Words,
    starts: npt.NDArray[np.int64],
    n_wide: int,
    span: tuple[int, int],
    deep: int,
    rows: tuple[int, int],
    columns: tuple[int, int],
    channels: tuple[int, int],
    out: npt.NDArray[Any],
) -> bool:
    """Take a box out of blocks of one row of blocks.

    Parameters
    ----------
    words : ndarray of uint64
        The blocks, by energy and then by column.
    starts : ndarray of int64, shape (blocks + 1,)
        Where each begins in `words`, and where the last ends.
    n_wide : int
        Blocks that lie beside each other.
    span : (int, int)
        Rows of a block, and channels of all blocks together.
    deep : int
        Channels of a block; the last may have less.
    rows, columns, channels : (int, int)
        What to take, from and to, counted from the first of these blocks.
    out : ndarray of unsigned integers, shape (rows, columns, channels)
        Where it goes.

    Returns
    -------
    bool
        False if the blocks are damaged; `out` is then filled in part.
    """
    heads = words.view(np.uint8)
    places = np.empty(span[0] * deep + 1, np.int64)
    values = np.zeros((deep, LANES), out.dtype)
    most = out.itemsize * _BYTES
    for block in range(starts.size - 1):
        first = block // n_wide * deep
        left = block % n_wide * LANES
        n_deep = min(deep, span[1] - first)
        used = places[: span[0] * n_deep + 1]
        if not _find(heads, starts[block], starts[block + 1], used, most):
            return False
        low, high = max(channels[0] - first, 0), min(channels[1] - first, n_deep)
        x0, x1 = max(columns[0] - left, 0), min(columns[1] - left, LANES)
        part = out[
            :,
            left + x0 - columns[0] : left + x1 - columns[0],
            first + low - channels[0] : first + high - channels[0],
        ]
        for y in range(rows[1] - rows[0]):
            group = (rows[0] + y) * n_deep + low
            for e in range(high - low):
                place = used[group + e]
                _take(words, place, used[group + e + 1] - place, (x0, x1), values, e)
            for x in range(part.shape[1]):
                for e in range(part.shape[2]):
                    part[y, x, e] = values[e, x]
    return True


@compiled
def _find(
    heads: npt.NDArray[np.uint8],
    start: int,
    stop: int,
    places: npt.NDArray[np.int64],
    most: int,
) -> bool:
    """Add up the widths of a block to the places of its groups; see that they fit."""
    n_groups = places.size - 1
    place = start + (n_groups + _BYTES - 1) // _BYTES
    if place > stop:
        return False
    for i in range(n_groups):
        width: Any = np.int64(heads[start * _BYTES + i])  # not to become a float
        if width > most:
            return False
        places[i] = place
        place += width
    places[n_groups] = place
    return place == stop


@compiled
def _take(
    words: Words,
    place: int,
    width: int,
    span: tuple[int, int],
    values: npt.NDArray[Any],
    row: int,
) -> None:
    """Unpack the values of a span of a group into a row of `values`."""
    first, last = span
    if width == 0:
        values[row, : last - first] = 0
        return
    mask = _ONES >> np.uint64(_WORD - width)
    place += first * width // _WORD
    shift = first * width % _WORD
    held, left = words[place] >> np.uint64(shift), _WORD - shift
    for x in range(last - first):
        value = held
        if left >= width:
            # a shift by all 64 bits is undefined
            held = held >> np.uint64(width) if width < _WORD else _ZERO
            left -= width
        else:
            place += 1
            held = words[place]
            value |= held << np.uint64(left)
            used = width - left
            held = held >> np.uint64(used) if used < _WORD else _ZERO
            left += _WORD - width
        values[row, x] = value & mask


@compiled
def add_up(
    tile: npt.NDArray[Any],
    total: npt.NDArray[Any],
    top: npt.NDArray[Any],
    image: npt.NDArray[Any],
) -> None:
    """Add a tile (rows, columns, channels) to the sums of a cube.

    `total` and `top` have an entry for each channel, `image` for each pixel.
    """
    n_rows, n_columns, n_channels = tile.shape
    for y in range(n_rows):
        for x in range(n_columns):
            for e in range(n_channels):
                value = tile[y, x, e]
                total[e] += value
                image[y, x] += value
                top[e] = max(top[e], value)
