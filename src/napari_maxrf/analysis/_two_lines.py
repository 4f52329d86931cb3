"""An energy axis from lines that a user points at."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from napari_maxrf.cube import EnergyAxis
from napari_maxrf.errors import CalibrationError
from napari_maxrf.provenance import ProcessStep

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_maxrf.cube import SpectralCube, Spectrum

_LEAST_APART = 2.0


def axis_from_lines(
    n_channels: int, lines: Sequence[tuple[float, float]]
) -> EnergyAxis:
    """Draw a straight axis through peaks of known energy.

    Parameters
    ----------
    n_channels : int
        Channels of the axis.
    lines : sequence of (float, float)
        Channel and energy in keV of two or more peaks; through more than two the
        line of least squares is drawn.

    Returns
    -------
    EnergyAxis
        With source ``"user"``.

    Raises
    ------
    CalibrationError
        There are fewer than two, they lie within two channels of each other, or
        energies do not rise with the channels.

    Examples
    --------
    >>> axis = axis_from_lines(1024, [(300.0, 6.404), (600.0, 12.614)])
    >>> round(axis.gain_kev * 1000, 2), round(axis.offset_kev, 3)
    (20.7, 0.194)
    """
    if len(lines) < 2:
        raise CalibrationError(f"Two lines are needed, got {len(lines)}.")
    channels, energies = np.array(lines, dtype=float).T
    if np.ptp(channels) < _LEAST_APART:
        raise CalibrationError(
            f"The lines lie in channels {channels.min():.1f} to {channels.max():.1f}; "
            "choose peaks that lie further apart."
        )
    gain, offset = np.polyfit(channels, energies, 1)
    if gain <= 0:
        raise CalibrationError(
            "The peak at the higher channel has the lower energy: exchange the lines."
        )
    return EnergyAxis(n_channels, float(offset), float(gain), source="user")


def on_axis(cube: SpectralCube, axis: EnergyAxis, how: str) -> SpectralCube:
    """Give a cube another axis, with a provenance step that holds both.

    Parameters
    ----------
    cube : SpectralCube
        Its counts stay as they are.
    axis : EnergyAxis
        With as many channels.
    how : str
        What the axis was found by, for the provenance.
    """
    facts = {"from": cube.energy.to_json(), "to": axis.to_json(), "by": how}
    step = ProcessStep("recalibrate", facts)
    return replace(cube, energy=axis, provenance=(*cube.provenance, step))


def nearest_peak(spectrum: Spectrum, channel: float, reach: int = 8) -> float:
    """Return the position of the local maximum nearest to a channel.

    The counts are smoothed a little, climbed from the place, and the top is that of
    a parabola through three channels.

    Parameters
    ----------
    spectrum : ndarray, shape (n_channels,)
        Counts.
    channel : float
        Where to begin.
    reach : int
        How many channels the top may lie away.

    Returns
    -------
    float
        In fractions of a channel; `channel` itself where nothing rises.
    """
    from scipy.ndimage import gaussian_filter1d

    smooth = gaussian_filter1d(np.asarray(spectrum, dtype=float), 1.0)
    start = int(np.clip(round(channel), 0, len(smooth) - 1))
    low, high = max(start - reach, 0), min(start + reach + 1, len(smooth))
    tops = [
        at
        for at in range(max(low, 1), min(high, len(smooth) - 1))
        if smooth[at - 1] < smooth[at] >= smooth[at + 1]
    ]
    if not tops:
        return float(channel)
    top = max(tops, key=lambda at: smooth[at] / (1 + abs(at - start)))
    left, middle, right = smooth[top - 1 : top + 2]
    return float(top + 0.5 * (left - right) / (left - 2 * middle + right))
