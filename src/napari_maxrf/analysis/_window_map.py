"""The map of any energy window, as a user drags it over the spectrum.

Counts between two energies are added, and what lies under a line can be taken away
by a straight line through a strip on each side. Both are linear, so that a vector
of weights does the work of the whole map.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from napari_maxrf.analysis._lines import resolution_kev
from napari_maxrf.analysis._visits import weighted_sums_steps
from napari_maxrf.analysis._windows import Weights, _background, _share
from napari_maxrf.errors import MaxrfError
from napari_maxrf.progress import Steps, finish

if TYPE_CHECKING:
    from napari_maxrf.cube import EnergyAxis, SpectralCube

_STRIP = 0.5

Image = npt.NDArray[np.float32]


def window_channels(axis: EnergyAxis, low_kev: float, high_kev: float) -> slice:
    """Return the channels of a window, as `EnergyAxis.window`, at least one.

    Raises
    ------
    MaxrfError
        The limits are in the wrong order, or no channel lies between them.
    """
    channels = axis.window(low_kev, high_kev)
    if channels.stop <= channels.start:
        low, high = axis.range_kev
        raise MaxrfError(
            f"No channel lies between {low_kev:.3f} and {high_kev:.3f} keV; the scan "
            f"covers {low:.2f} to {high:.2f} keV."
        )
    return channels


def window_weights(
    axis: EnergyAxis, low_kev: float, high_kev: float, background: bool = False
) -> Weights:
    """Weigh channels so that the weighted sum is the counts of a window.

    Parameters
    ----------
    axis : EnergyAxis
        Channels of the spectra.
    low_kev, high_kev : float
        Limits of the window.
    background : bool
        Whether a straight line is taken away, which runs through the strips of half
        a detector resolution on both sides. Where one strip lies outside the axis
        the line is flat.

    Returns
    -------
    ndarray, shape (n_channels,)
        Without background exactly 1 inside and 0 outside.

    Raises
    ------
    MaxrfError
        The window holds no channel.
    """
    window = np.zeros(axis.n_channels)
    channels = window_channels(axis, low_kev, high_kev)
    window[channels] = 1.0
    if not background:
        return window
    low, high = axis.edges_kev[[channels.start, channels.stop]]
    fwhm = resolution_kev((low + high) / 2, axis.gain_kev)
    strip = max(_STRIP * fwhm, axis.gain_kev)
    left, right = _share(axis, low - strip, low), _share(axis, high, high + strip)
    return window - _background(axis.centres_kev, window, left, right)


def window_map(
    cube: SpectralCube, low_kev: float, high_kev: float, background: bool = False
) -> Image:
    """Map an energy window; see `window_map_steps`."""
    return finish(window_map_steps(cube, low_kev, high_kev, background))


def window_map_steps(
    cube: SpectralCube, low_kev: float, high_kev: float, background: bool = False
) -> Steps[Image]:
    """Add the counts of a window in every pixel, tile by tile.

    Yields
    ------
    Progress
        One record after each tile.

    Returns
    -------
    ndarray of float32, shape (y, x)
        Counts; with `background` net counts, negative where noise has it so.

    Raises
    ------
    MaxrfError
        The window holds no channel.
    """
    weights = window_weights(cube.energy, low_kev, high_kev, background)
    images = yield from weighted_sums_steps(cube, weights[:, None])
    return np.asarray(images[0])
