"""Which lines stand where: the marks of an element, and the names near an energy."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from napari_maxrf._napari._palette_findings import LineMark
from napari_maxrf.analysis._lines import resolution_kev, visible_lines

if TYPE_CHECKING:
    from collections.abc import Sequence

_ALL = """
H He Li Be B C N O F Ne Na Mg Al Si P S Cl Ar K Ca Sc Ti V Cr Mn Fe Co Ni Cu Zn
Ga Ge As Se Br Kr Rb Sr Y Zr Nb Mo Tc Ru Rh Pd Ag Cd In Sn Sb Te I Xe Cs Ba La
Ce Pr Nd Pm Sm Eu Gd Tb Dy Ho Er Tm Yb Lu Hf Ta W Re Os Ir Pt Au Hg Tl Pb Bi Po
At Rn Fr Ra Ac Th Pa U
"""
SYMBOLS = tuple(_ALL.split())
"""Chemical symbols by atomic number, hydrogen first."""
LIGHTEST = 11
UNUSUAL = frozenset(
    ["Ne", "Kr", "Xe", "Tc", "Pm", "Po", "At", "Rn", "Fr", "Ra", "Ac", "Pa"]
)
"""Elements that no painting shows, so that their names would only confuse."""
MOST_NAMES = 4
CALIBRATORS = (
    *("Ca", "Ti", "Mn", "Fe", "Ni", "Cu", "Zn", "Sr", "Ag", "Sn", "Ba", "Hg", "Pb"),
    *("S", "Cl", "Ar", "K", "Cr", "Co", "As", "Se", "Zr", "Mo", "Rh", "Cd", "Au", "Bi"),
)
"""Elements of paintings and tubes whose lines calibrate energies, usual ones first."""
_LOWEST_KEV, _HIGHEST_KEV = 0.3, 120.0
_WEAKEST_NAMED = 0.08
_REACH_FWHM = 0.7


class NamedLine(NamedTuple):
    """A line of any usual element."""

    element: str
    label: str
    energy_kev: float
    strength: float


def lines_of_element(element: str, low_kev: float, high_kev: float) -> list[LineMark]:
    """Return the lines of an element in a range; heights relative to the highest."""
    return [
        LineMark(line.label, line.energy_kev, line.strength)
        for line in visible_lines(element, low_kev, high_kev)
    ]


def has_lines(element: str) -> bool:
    """Tell whether a scanner can show an element at all."""
    return SYMBOLS.index(element) + 1 >= LIGHTEST


def lines_near(energy_kev: float, most: int = MOST_NAMES) -> list[NamedLine]:
    """Return the lines that a detector hardly tells from an energy.

    Those of the usual elements of paintings come first, each kind from near to far.
    Where there are too many, weak ones are left out.

    Examples
    --------
    >>> [line.label for line in lines_near(6.404)][:2]
    ['Fe Kα', 'Mn Kβ']
    """
    reach = _REACH_FWHM * resolution_kev(max(energy_kev, 0.1))
    near = [one for one in _all_lines() if abs(one.energy_kev - energy_kev) <= reach]
    near.sort(key=lambda line: (line.element not in CALIBRATORS, -line.strength))
    return sorted(
        near[:most],
        key=lambda line: (
            line.element not in CALIBRATORS,
            abs(line.energy_kev - energy_kev),
        ),
    )


def near_words(energy_kev: float) -> str:
    """Name the lines near an energy, such as ``"Fe Kα 6.40, Mn Kβ 6.49"``."""
    return ", ".join(
        f"{line.label} {line.energy_kev:.2f}" for line in lines_near(energy_kev)
    )


@lru_cache(maxsize=1)
def _all_lines() -> tuple[NamedLine, ...]:
    usual = [one for one in SYMBOLS[LIGHTEST - 1 :] if one not in UNUSUAL]
    return tuple(
        NamedLine(element, line.label, line.energy_kev, line.strength)
        for element in usual
        for line in visible_lines(element, _LOWEST_KEV, _HIGHEST_KEV)
        if line.strength >= _WEAKEST_NAMED
    )


def line_choices(elements: Sequence[str]) -> list[NamedLine]:
    """Return lines to calibrate with, those of the given elements first."""
    wanted = dict.fromkeys((*elements, *CALIBRATORS))
    return [
        NamedLine(element, *line)
        for element in wanted
        for line in visible_lines(element, _LOWEST_KEV, _HIGHEST_KEV)[:3]
    ]


def likeliest(
    choices: Sequence[NamedLine], energy_kev: float, expected: Sequence[str]
) -> int:
    """Return which line a peak near an energy is most likely.

    A near line is likelier than a far one, a strong one than a weak one, and one of
    an expected element than another.

    Examples
    --------
    >>> choices = line_choices(("Pb",))
    >>> choices[likeliest(choices, 10.53, ("Pb",))].label
    'Pb Lα'
    """
    fwhm = resolution_kev(max(energy_kev, 0.1))

    def penalty(line: NamedLine) -> float:
        away = abs(line.energy_kev - energy_kev) / fwhm
        return away + 1 - line.strength + 0.5 * (line.element not in expected)

    return min(range(len(choices)), key=lambda row: penalty(choices[row]))
