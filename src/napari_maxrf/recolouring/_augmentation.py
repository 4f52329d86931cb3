"""Cut, turn and mirror training pairs, without touching their values.

Only geometric changes are allowed: any change of colour would break the link
between a spectrum and its colour. Values are never interpolated either, since
that would weaken the noise of the spectra, which the network has to learn.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


def augment(
    latents: Array,
    rgb: Array,
    side: int,
    shrink_share: float,
    rng: np.random.Generator,
) -> tuple[Array, Array]:
    """Take a random square of a pair, turned and mirrored at random.

    Parameters
    ----------
    latents, rgb : ndarray, shape (y, x, 3)
        Input and target; both are treated alike.
    side : int
        Side of the square in pixels. A smaller picture is continued by reflection.
    shrink_share : float
        Probability of taking a larger square and keeping only some of its rows
        and columns, so that the network sees the picture at a coarser scale.
    rng : numpy.random.Generator
        Decides on place, turn and mirroring.

    Returns
    -------
    tuple of ndarray, shape (side, side, 3)
        Views where possible.
    """
    rows, columns = _place(rgb.shape[0], rgb.shape[1], side, shrink_share, rng)
    turns, mirror = int(rng.integers(4)), bool(rng.integers(2))
    pair = (_cut(image, rows, columns) for image in (latents, rgb))
    first, second = (_turned(image, turns, mirror) for image in pair)
    return first, second


def _place(
    height: int, width: int, side: int, shrink_share: float, rng: np.random.Generator
) -> tuple[Array, Array]:
    """Choose which rows and columns to keep, both of length `side`."""
    largest = min(height, width)
    reach = side
    if largest > side and rng.random() < shrink_share:
        reach = int(rng.integers(side, largest + 1))
    steps = (np.arange(side) * reach) // side
    return tuple(
        _reflected(steps + rng.integers(min(0, n - reach), max(0, n - reach) + 1), n)
        for n in (height, width)
    )  # type: ignore[return-value]


def _reflected(index: Array, length: int) -> Array:
    """Fold indices that lie outside back into the picture, like a mirror.

    Examples
    --------
    >>> _reflected(np.arange(-2, 6), 4).tolist()
    [2, 1, 0, 1, 2, 3, 2, 1]
    """
    if length == 1:
        return np.zeros_like(index)
    period = 2 * (length - 1)
    folded = np.abs(index) % period
    return np.asarray(np.minimum(folded, period - folded))


def _cut(image: Array, rows: Array, columns: Array) -> Array:
    """Keep the chosen rows and columns, as a view if they are neighbours."""
    if _consecutive(rows) and _consecutive(columns):
        return image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    return np.asarray(image[np.ix_(rows, columns)])


def _consecutive(index: Array) -> bool:
    return bool((np.diff(index) == 1).all())


def _turned(image: Array, turns: int, mirror: bool) -> Array:
    """Turn by quarters and mirror left to right."""
    turned = np.rot90(image, turns)
    return turned[:, ::-1] if mirror else turned
