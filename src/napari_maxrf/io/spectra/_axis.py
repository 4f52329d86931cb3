"""Energy axes of single spectra: coefficients, or a column beside the counts.

A column says its unit in its title. Without one, whole numbers that count up by one
are channels, and energies that end above 200 are in eV, as no scanner sees 200 keV.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_maxrf.errors import CalibrationError
from napari_maxrf.io._calibration import (
    axis_from_coefficients,
    axis_from_energies,
    axis_from_pairs,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import numpy.typing as npt

    from napari_maxrf.cube import EnergyAxis

MOST_KEV = 200.0
"""Above, a number is in eV; no scanner of paintings reaches that many keV."""

_UNIT = re.compile(r"(?<![a-z])(k?ev)(?![a-z])", re.IGNORECASE)
_CHANNEL = re.compile(
    r"(?<![a-z])(channels?|chan|ch|canal[ei]?|kan[aä]le?|bin)(?![a-z])", re.IGNORECASE
)
NO_CALIBRATION = "The file holds no energy calibration."


def unit_of(title: str) -> str:
    """Tell what a title says of its column.

    Returns
    -------
    str
        ``"kev"``, ``"ev"``, ``"energy"`` (unit not said), ``"channel"`` or ``""``.

    Examples
    --------
    >>> [unit_of(t) for t in ("Energy (keV), Counts", "E/eV", "channel;counts", "x")]
    ['kev', 'ev', 'channel', '']
    """
    unit = _UNIT.search(title)
    if unit:
        return unit[1].lower()
    if re.search("energ", title, re.IGNORECASE):
        return "energy"
    return "channel" if _CHANNEL.search(title) else ""


def coefficients_axis(
    n_channels: int, coefficients: Sequence[float], where: str
) -> EnergyAxis | None:
    """Return the axis of zero, gain and quadratic term in keV.

    Zero 0 with gain 1, or all 0, is how programs write that nothing was calibrated.

    Returns
    -------
    EnergyAxis or None
        None where there is no calibration.

    Raises
    ------
    CalibrationError
        The terms are no energy axis of a detector, or there are more than three.
    """
    offset, gain, quad, *higher = (*coefficients, 0.0, 0.0, 0.0)
    if any(higher):
        raise CalibrationError(
            f"{where}: the calibration has terms above the second order, {higher}, "
            "which are not supported."
        )
    if offset == quad == 0 and gain in (0, 1):
        return None
    with prefixed(where):
        axis = axis_from_coefficients(n_channels, offset, gain, quad)
    return sensible(axis, where)


def pairs_axis(
    pairs: Sequence[tuple[float, float]], n_channels: int, where: str
) -> tuple[EnergyAxis | None, dict[str, Any]]:
    """Fit pairs of channel and energy in keV.

    Returns
    -------
    EnergyAxis or None
        None where fewer than two pairs leave the axis open.
    dict
        Pairs and residuals, for metadata.

    Raises
    ------
    CalibrationError
        The pairs contradict each other or give no usable gain.
    """
    if len(pairs) < 2:
        return None, {"note": NO_CALIBRATION}
    channels, energies = zip(*pairs, strict=True)
    with prefixed(where):
        axis, facts = axis_from_pairs(channels, energies, n_channels)
    return sensible(axis, where), {"calibration": facts}


def column_axis(
    values: npt.NDArray[np.float64],
    n_channels: int,
    unit: str,
    locate: Callable[[int], str],
) -> tuple[EnergyAxis | None, dict[str, Any]]:
    """Read the column that stands beside the counts.

    Parameters
    ----------
    values : ndarray, shape (n_channels,) or (n_channels + 1,)
        Channel numbers, or energies of the channels' centres (or limits).
    n_channels : int
        Number of counts.
    unit : str
        As `unit_of` tells it.
    locate : callable
        Names the place of a value in the file, given its index.

    Returns
    -------
    EnergyAxis or None
        None where the column holds channel numbers.
    dict
        What was found, for metadata.

    Raises
    ------
    CalibrationError
        Channels do not count up by one; energies do not rise evenly, or lie
        beyond what a scanner sees.
    """
    if unit == "channel" or (not unit and _counts_up(values)):
        if not _counts_up(values):
            raise CalibrationError(
                f"{locate(0)}: channel numbers must be whole and count up by one."
            )
        return None, {"first_channel": int(values[0]), "note": NO_CALIBRATION}
    _check_rising(values, locate)
    in_ev = unit == "ev" or (unit != "kev" and values[-1] > MOST_KEV)
    energies = values / 1000 if in_ev else values
    if energies[-1] > MOST_KEV:
        raise CalibrationError(
            f"{locate(values.size - 1)}: {values[-1]:g} {'eV' if in_ev else 'keV'} is "
            f"beyond {MOST_KEV:g} keV. Name the unit, keV or eV, in the title of the "
            "column."
        )
    with prefixed(locate(0)):
        axis = axis_from_energies(energies, n_channels)
    return sensible(axis, locate(0)), {"energies_in": "eV" if in_ev else "keV"}


def sensible(axis: EnergyAxis, where: str) -> EnergyAxis:
    """Refuse an axis that lies outside of what any X-ray detector sees.

    Raises
    ------
    CalibrationError
        No channel lies between 0 and 200 keV, or the first lies far below 0.
    """
    low, high = axis.range_kev
    if high <= 0 or low >= MOST_KEV or low < -MOST_KEV:
        raise CalibrationError(
            f"{where}: the calibration puts the channels at {low:g} to {high:g} keV, "
            "where no X-ray detector measures."
        )
    return axis


@contextmanager
def prefixed(where: str) -> Iterator[None]:
    """Say in which file and line a calibration is wrong."""
    try:
        yield
    except CalibrationError as error:
        raise CalibrationError(f"{where}: {error}") from error


def _counts_up(values: npt.NDArray[np.float64]) -> bool:
    return bool(
        values[0] >= 0
        and float(values[0]).is_integer()
        and (np.diff(values) == 1).all()
    )


def _check_rising(
    values: npt.NDArray[np.float64], locate: Callable[[int], str]
) -> None:
    """Look for a fall; equal neighbours are left to rounding."""
    falls = np.flatnonzero(np.diff(values) < 0)
    if falls.size:
        index = int(falls[0]) + 1
        raise CalibrationError(
            f"{locate(index)}: energy {values[index]:g} follows {values[index - 1]:g}; "
            "energies must rise."
        )
