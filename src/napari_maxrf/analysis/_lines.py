"""Which characteristic lines an element shows in a given range of energies.

Energies and strengths are those of xraylib (Schoonjans et al., Spectrochim. Acta B
66, 776 (2011)): production cross-sections with cascade, excited at 40 keV, where
usual tubes end. Lines that no detector of a scanner resolves are joined, as a user
would name them.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from napari_maxrf.errors import MaxrfError

FWHM_PER_SIGMA = 2.3548
_NOISE_KEV2, _FANO_KEV = 1.0e-3, 4.5e-4
_WEAKEST = 0.01
_EXCITATION_KEV = 40.0

_JOINED = {
    "Ka": ("KL3", "KL2"),
    "Kb": ("KM3", "KM2", "KM5", "KM4", "KN3", "KN2"),
    "La": ("L3M5", "L3M4"),
    "Lb1": ("L2M4",),
    "Lb2": ("L3N5", "L3N4", "L3N1", "L3O4", "L3O5"),
    "Lb3": ("L1M3", "L1M2"),
    "Lg1": ("L2N4",),
    "Lg3": ("L1N2", "L1N3"),
    "Ll": ("L3M1",),
    "Le": ("L2M1",),
    "Ma": ("M5N7", "M5N6"),
    "Mb": ("M4N6",),
}
_GREEK = {"a": "α", "b": "β", "g": "γ", "l": "ℓ", "e": "η"}
_MAX_K = 50


class LineGroup(NamedTuple):
    """A line that is shown as one, with the lines of which it is made.

    Attributes
    ----------
    label : str
        Plain name, ``"Ka"`` or ``"Lb1"``.
    energies_kev, shares : tuple of float
        Energies of its parts, and their shares, which sum to 1.
    strength : float
        Production cross-section in cm2/g at 40 keV.
    """

    label: str
    energies_kev: tuple[float, ...]
    shares: tuple[float, ...]
    strength: float

    @property
    def energy_kev(self) -> float:
        """Mean energy of the parts."""
        return float(np.dot(self.energies_kev, self.shares))


class Line(NamedTuple):
    """A line, or several that no scanner resolves.

    Attributes
    ----------
    label : str
        Element and Siegbahn name, such as ``"Fe Kα"``.
    energy_kev : float
        Mean of the joined lines, weighted by their strength.
    strength : float
        Relative to the strongest line of the element in the range.
    """

    label: str
    energy_kev: float
    strength: float


def visible_lines(element: str, low_kev: float, high_kev: float) -> list[Line]:
    """List the lines of an element between two energies, strongest first.

    Parameters
    ----------
    element : str
        Chemical symbol.
    low_kev, high_kev : float
        Limits, whatever excites; usual tubes reach 40 kV.

    Returns
    -------
    list of Line
        Every line above 1 % of the strongest; empty if the element shows none.

    Raises
    ------
    MaxrfError
        There is no such element.

    Examples
    --------
    >>> [(line.label, round(line.energy_kev, 2)) for line in visible_lines("Fe", 1, 38)]
    [('Fe Kα', 6.4), ('Fe Kβ', 7.06)]
    """
    lines = [
        Line(f"{element} {_in_greek(label)}", energy, strength)
        for label, energy, strength in _all_lines(_atomic_number(element))
        if low_kev <= energy <= high_kev
    ]
    top = max((line.strength for line in lines), default=1.0)
    shown = [line._replace(strength=line.strength / top) for line in lines]
    kept = [line for line in shown if line.strength > _WEAKEST]
    return sorted(kept, key=lambda line: -line.strength)


def main_line(element: str, low_kev: float, high_kev: float) -> tuple[str, float]:
    """Choose the line by which an element is mapped: K alpha up to tin, else L alpha.

    Returns
    -------
    str
        Plain name for files, ``"Ka"`` or ``"La"``.
    float
        Its energy in keV.

    Raises
    ------
    MaxrfError
        There is no such element, or the line lies outside the range.
    """
    number = _atomic_number(element)
    wanted = "Ka" if number <= _MAX_K else "La"
    for label, energy, _ in _all_lines(number):
        if label == wanted and low_kev < energy < high_kev:
            return label, energy
    raise MaxrfError(
        f"{element} has no {_in_greek(wanted)} line between {low_kev:.1f} "
        f"and {high_kev:.1f} keV, where the scan has counts."
    )


def line_groups(element: str) -> tuple[LineGroup, ...]:
    """List the lines of an element with their parts, whatever their energy.

    Raises
    ------
    MaxrfError
        There is no such element.

    Examples
    --------
    >>> k_alpha = line_groups("Fe")[0]
    >>> k_alpha.label, [round(energy, 3) for energy in k_alpha.energies_kev]
    ('Ka', [6.404, 6.391])
    """
    return _groups(_atomic_number(element))


def resolution_kev(energy_kev: float, channel_kev: float = 0.0) -> float:
    """Width of a line at half height (FWHM) as a silicon drift detector shows it.

    ``FWHM = 2.3548 sqrt(1.0e-3 + 4.5e-4 E + channel**2 / 12)``, E and the width of
    a channel in keV: electronic noise, Fano statistics, and the channel itself.

    Examples
    --------
    >>> round(resolution_kev(5.9) * 1000)
    142
    """
    variance = _NOISE_KEV2 + _FANO_KEV * energy_kev + channel_kev**2 / 12
    return FWHM_PER_SIGMA * float(np.sqrt(variance))


def _in_greek(label: str) -> str:
    return label[0] + _GREEK[label[1]] + label[2:]


def _atomic_number(element: str) -> int:
    import xraylib

    try:
        number = int(xraylib.SymbolToAtomicNumber(element))
    except ValueError as error:
        raise MaxrfError(
            f"{element!r} is not a chemical element. Give symbols such as Fe or Cu."
        ) from error
    return number


@lru_cache(maxsize=512)
def _groups(number: int) -> tuple[LineGroup, ...]:
    """Build every joined line that is excited."""
    found = []
    for label, members in _JOINED.items():
        parts = [_single_line(number, name) for name in members]
        seen = [(energy, weight) for energy, weight in parts if weight > 0]
        strength = sum(weight for _, weight in seen)
        if seen:
            energies = tuple(energy for energy, _ in seen)
            shares = tuple(weight / strength for _, weight in seen)
            found.append(LineGroup(label, energies, shares, strength))
    return tuple(found)


def _all_lines(number: int) -> tuple[tuple[str, float, float], ...]:
    """List (name, mean energy, strength) of every joined line that is excited."""
    return tuple((g.label, g.energy_kev, g.strength) for g in _groups(number))


def _single_line(number: int, name: str) -> tuple[float, float]:
    """Energy and production cross-section; zeros where xraylib has no such line."""
    import xraylib

    line = getattr(xraylib, f"{name}_LINE")
    try:
        energy = float(xraylib.LineEnergy(number, line))
        strength = xraylib.CS_FluorLine_Kissel_Cascade(number, line, _EXCITATION_KEV)
    except ValueError:
        return 0.0, 0.0
    return energy, float(strength)
