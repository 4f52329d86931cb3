"""Ratios of an element's lines as a scan itself shows them.

Tables give the ratios of a thin layer under monochromatic excitation. The tube's
spectrum excites the edges of a shell unequally, and paint swallows soft lines more
than hard ones: lead L beta over L alpha is off by a third. In the sum spectrum there
are counts enough to mend that; where there are not, the tables hold.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_maxrf.analysis._model_shapes import PeakShaper
    from napari_maxrf.analysis._shells import Shell

Floats = npt.NDArray[np.float64]

_SPREAD = 0.2
_MODEL_ERROR = 0.02


def refined_ratios(
    spectrum: Floats,
    net: Floats,
    shells: Sequence[Shell],
    others: Sequence[Floats],
    shaper: PeakShaper,
    channels: slice,
) -> tuple[Shell, ...]:
    """Fit every line of every shell, held near its table by a fifth of itself.

    Parameters
    ----------
    spectrum, net : ndarray, shape (n_channels,)
        Summed counts, and those less the continuum.
    shells : sequence of Shell
        With the ratios of the tables.
    others : sequence of ndarray, shape (n_channels,)
        Shapes of what else there is.
    shaper : PeakShaper
        Draws peaks on the axis.
    channels : slice
        Where to fit.

    Returns
    -------
    tuple of Shell
        With the same lines, in other ratios.
    """
    lines = [_lines(shell) for shell in shells]
    shapes = np.stack(
        [shaper.shell(one, escape=True) for each in lines for one in each]
        + [other for other in others if other[channels].sum() > 0],
        axis=1,
    )[channels]
    weight = 1 / np.hypot(
        np.sqrt(spectrum[channels] + 1), _MODEL_ERROR * spectrum[channels]
    )
    shares = [
        np.array([_share(shell, one) for one in each])
        for shell, each in zip(shells, lines, strict=True)
    ]
    whole = _areas(_joined(shapes, shares) * weight[:, None], net[channels] * weight)[
        : len(shells)
    ]
    rows = _prior(shares, whole, shapes.shape[1])
    areas = _areas(
        np.vstack([shapes * weight[:, None], rows]),
        np.concatenate([net[channels] * weight, np.zeros(len(rows))]),
    )
    ends = np.cumsum([len(share) for share in shares])
    return tuple(
        _changed(shell, each, own, share)
        for shell, each, own, share in zip(
            shells, lines, np.split(areas[: ends[-1]], ends[:-1]), shares, strict=True
        )
    )


def _lines(shell: Shell) -> list[Shell]:
    """Split a shell into its lines, each of area 1."""
    split = []
    for label in dict.fromkeys(shell.labels):
        parts = [i for i, own in enumerate(shell.labels) if own == label]
        shares = [shell.shares[i] for i in parts]
        split.append(
            shell._replace(
                energies_kev=tuple(shell.energies_kev[i] for i in parts),
                shares=tuple(share / sum(shares) for share in shares),
                labels=(label,) * len(parts),
            )
        )
    return split


def _share(shell: Shell, line: Shell) -> float:
    own = zip(shell.labels, shell.shares, strict=True)
    return sum(share for label, share in own if label == line.labels[0])


def _joined(shapes: Floats, shares: Sequence[Floats]) -> Floats:
    """Put the lines of every shell together in their ratio."""
    ends = np.cumsum([len(share) for share in shares])
    parts = np.split(shapes, ends, axis=1)
    together = [part @ share for part, share in zip(parts, shares, strict=False)]
    return np.column_stack([*together, parts[-1]])


def _prior(shares: Sequence[Floats], whole: Floats, n_columns: int) -> Floats:
    """Hold each line to its share of the shell's area, shape (lines, n_columns)."""
    rows, start = [], 0
    for share, area in zip(shares, whole, strict=True):
        n = len(share)
        away = (np.eye(n) - share[:, None]) / (_SPREAD * share[:, None])
        block = np.zeros((n, n_columns))
        block[:, start : start + n] = away / max(float(area), 1.0)
        rows.append(block)
        start += n
    return np.vstack(rows)


def _areas(rows: Floats, right: Floats) -> Floats:
    from scipy.optimize import nnls

    scale = np.maximum(np.linalg.norm(rows, axis=0), 1e-30)
    areas, _ = nnls(rows / scale, right, maxiter=100 * rows.shape[1])
    return np.asarray(areas / scale)


def _changed(
    shell: Shell, lines: Sequence[Shell], areas: Floats, shares: Floats
) -> Shell:
    """Give a shell the ratios found; none found leaves it as it is."""
    if areas.sum() <= 0:
        return shell
    factors = dict(
        zip((one.labels[0] for one in lines), areas / areas.sum() / shares, strict=True)
    )
    changed = [
        share * factors[label]
        for label, share in zip(shell.labels, shell.shares, strict=True)
    ]
    return shell._replace(shares=tuple(changed))
