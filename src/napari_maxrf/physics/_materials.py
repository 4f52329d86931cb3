"""What a sample is made of: formulas, mixtures and layers, and how they absorb.

xraylib wants atomic numbers and mass fractions; conservators think in formulas
and volume shares. This module stands between the two, and turns every senseless
input into one readable line before it reaches a formula.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property, lru_cache
from math import isfinite
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt
import xraylib
import xraylib_np
from threadpoolctl import ThreadpoolController  # type: ignore[import-untyped]

from napari_maxrf.errors import MaxrfError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from contextlib import AbstractContextManager

Floats = npt.NDArray[np.float64]
Composition = tuple[tuple[str, float], ...]
"""Formulas with their mass fractions, for example ``(("HgS", 1.0),)``."""

_TOLERANCE = 1e-3
_HEAVIEST = 92


@dataclass(frozen=True)
class Layer:
    """One homogeneous layer of a sample.

    Attributes
    ----------
    mass_fractions : mapping of str or int to float
        Mass fraction of every element, by symbol or atomic number; sum 1.
    density_g_cm3 : float
        Density, positive.
    thickness_um : float
        Thickness, not negative.

    Raises
    ------
    MaxrfError
        An element is unknown, the fractions do not sum to 1, or density or
        thickness are out of range.

    Examples
    --------
    >>> copper = Layer({"Cu": 1.0}, 8.96, 100.0)
    >>> round(copper.areal_mass_g_cm2, 4)
    0.0896
    """

    mass_fractions: Mapping[str | int, float]
    density_g_cm3: float
    thickness_um: float

    def __post_init__(self) -> None:
        if not (isfinite(self.density_g_cm3) and self.density_g_cm3 > 0):
            raise MaxrfError(
                f"Density must be above 0 g/cm3, got {self.density_g_cm3:g}."
            )
        if not (isfinite(self.thickness_um) and self.thickness_um >= 0):
            raise MaxrfError(
                f"Thickness must be at least 0 um, got {self.thickness_um:g}."
            )
        check_sum(self.mass_fractions.values(), "Mass fractions of a layer")
        _ = self.elements

    @cached_property
    def elements(self) -> tuple[tuple[int, float], ...]:
        """Atomic numbers with their mass fractions, lightest first."""
        total: dict[int, float] = {}
        for element, fraction in self.mass_fractions.items():
            number = atomic_number(element)
            total[number] = total.get(number, 0.0) + fraction
        return tuple(sorted((z, w) for z, w in total.items() if w > 0))

    @property
    def areal_mass_g_cm2(self) -> float:
        """Mass per area, density times thickness."""
        return self.density_g_cm3 * self.thickness_um * 1e-4

    def to_json(self) -> dict[str, object]:
        """Return plain values that JSON can hold."""
        return {
            "elements": [[z, w] for z, w in self.elements],
            "density_g_cm3": self.density_g_cm3,
            "thickness_um": self.thickness_um,
        }


def check_sum(fractions: Iterable[float], what: str) -> None:
    """Refuse fractions that are negative or do not sum to 1.

    Raises
    ------
    MaxrfError
        A fraction is negative or not a number, or the sum is off by more than
        one thousandth.
    """
    values = list(fractions)
    if any(not isfinite(value) or value < 0 for value in values):
        raise MaxrfError(f"{what} hold a negative or undefined value: {values}.")
    if abs(sum(values) - 1) > _TOLERANCE:
        raise MaxrfError(f"{what} must sum to 1, they sum to {sum(values):.4g}.")


def atomic_number(element: str | int) -> int:
    """Return the atomic number of an element given by symbol or number.

    Raises
    ------
    MaxrfError
        There is no such element, or it is heavier than uranium.

    Examples
    --------
    >>> atomic_number("Fe")
    26
    """
    try:
        number = (
            int(xraylib.SymbolToAtomicNumber(element))
            if isinstance(element, str)
            else int(element)
        )
    except (TypeError, ValueError):
        raise _unknown(element) from None
    if not 1 <= number <= _HEAVIEST:
        raise MaxrfError(f"Element {element!r} is outside H to U.")
    return number


def _unknown(element: object) -> MaxrfError:
    """Return the error for an unknown symbol; most are written with wrong capitals."""
    meant = str(element).strip().capitalize()
    symbols = (xraylib.AtomicNumberToSymbol(z) for z in range(1, _HEAVIEST + 1))
    hint = f"Did you mean {meant!r}?" if meant in symbols else "Give a symbol like Fe."
    return MaxrfError(f"Unknown element {element!r}. {hint}")


def parse_formula(formula: str) -> dict[int, float]:
    """Return the mass fraction of every element of a chemical formula.

    A dot is a decimal point: ``CaSO4.2H2O`` would mean 4.2 oxygen atoms.

    Raises
    ------
    MaxrfError
        The formula cannot be read; the message shows the offending character.

    Examples
    --------
    >>> {z: round(w, 3) for z, w in parse_formula("HgS").items()}
    {16: 0.138, 80: 0.862}
    """
    for character in formula:
        if not (character.isascii() and (character.isalnum() or character in "().")):
            raise _not_understood(formula, character)
    if re.search(r"\.(?!\d)", formula):
        raise _not_understood(formula, ".")
    return dict(_parsed(formula))


def _not_understood(formula: str, character: str) -> MaxrfError:
    return MaxrfError(
        f"Formula {formula!r} holds {character!r}, which is not understood. "
        "Write crystal water out, for example CaSO6H4."
    )


@lru_cache(maxsize=512)
def _parsed(formula: str) -> tuple[tuple[int, float], ...]:
    try:
        parsed = xraylib.CompoundParser(formula)
    except ValueError as error:
        reason = str(error).removeprefix("Invalid chemical formula: ")
        raise MaxrfError(
            f"Formula {formula!r} is not a chemical formula: {reason}. Write symbols "
            "with one capital, as in Fe2O3."
        ) from error
    return tuple(zip(parsed["Elements"], parsed["massFractions"], strict=True))


def elements_of(composition: Composition) -> dict[int, float]:
    """Return the mass fraction of every element of a mixture of formulas.

    Parameters
    ----------
    composition : tuple of (str, float)
        Formulas with their mass fractions, which sum to 1.

    Raises
    ------
    MaxrfError
        A formula is unknown or the fractions do not sum to 1.
    """
    check_sum((share for _, share in composition), "Mass fractions of a composition")
    total: dict[int, float] = {}
    for formula, share in composition:
        for number, fraction in parse_formula(formula).items():
            total[number] = total.get(number, 0.0) + share * fraction
    return total


@dataclass(frozen=True)
class Ingredient:
    """A substance with its share of the volume of a mixture."""

    share: float
    composition: Composition
    density_g_cm3: float


def mix_by_volume(
    ingredients: Iterable[Ingredient], thickness_um: float, void: float = 0.0
) -> Layer:
    """Mix substances by volume into a layer.

    The density is ``sum v_i rho_i`` and a mass fraction ``v_i rho_i / rho``;
    `void` is the share of the volume that holds nothing.

    Raises
    ------
    MaxrfError
        The volume shares with `void` do not sum to 1, or a substance is unusable.
    """
    parts = list(ingredients)
    check_sum([*(part.share for part in parts), void], "Volume shares of a layer")
    density = sum(part.share * part.density_g_cm3 for part in parts)
    total: dict[str | int, float] = {}
    for part in parts:
        mass = part.share * part.density_g_cm3 / density
        for number, fraction in elements_of(part.composition).items():
            total[number] = total.get(number, 0.0) + mass * fraction
    return Layer(total, density, thickness_um)


def mass_attenuation(
    elements: Iterable[tuple[int, float]], energy_kev: Floats
) -> Floats:
    """Return the total mass attenuation of a mixture, in cm2/g.

    Parameters
    ----------
    elements : iterable of (int, float)
        Atomic numbers with mass fractions.
    energy_kev : ndarray, shape (n,)
        Energies in keV, above 0.1.

    Returns
    -------
    ndarray, shape (n,)
    """
    return _weighted("CS_Total", elements, energy_kev)


def photo_absorption(
    elements: Iterable[tuple[int, float]], energy_kev: Floats
) -> Floats:
    """Return the photoelectric mass absorption of a mixture, in cm2/g."""
    return _weighted("CS_Photo", elements, energy_kev)


def scattering(
    table: Literal["DCS_Rayl", "DCS_Compt"],
    elements: Iterable[tuple[int, float]],
    energy_kev: Floats,
    theta_rad: float,
) -> Floats:
    """Return the differential cross-section of a mixture, in cm2/(g sr)."""
    return _weighted(table, elements, energy_kev, theta_rad)


def _weighted(
    table: str,
    elements: Iterable[tuple[int, float]],
    energy_kev: Floats,
    *angle: float,
) -> Floats:
    energies = np.ascontiguousarray(energy_kev, dtype=np.float64).tobytes()
    return _mixed(table, tuple(elements), energies, *angle)


@lru_cache(maxsize=1024)
def _mixed(
    table: str, elements: tuple[tuple[int, float], ...], energies: bytes, *angle: float
) -> Floats:
    total = np.zeros(len(energies) // 8)
    for number, fraction in elements:
        total += fraction * _looked_up(table, number, energies, *angle)
    total.setflags(write=False)
    return total


@lru_cache(maxsize=4096)
def _looked_up(table: str, number: int, energies: bytes, *angle: float) -> Floats:
    """Look one element up, shape (n_energies,): samples share their elements."""
    where = [np.array([value]) for value in angle]
    with single_threaded():
        values = getattr(xraylib_np, table)(
            np.array([number], dtype=np.int_), np.frombuffer(energies).copy(), *where
        )
    flat = np.asarray(values).reshape(-1)
    flat.setflags(write=False)
    return flat


def single_threaded() -> AbstractContextManager[object]:
    """Keep xraylib's table functions on the calling thread.

    They start a team of OpenMP threads at every call and wait for it: 0.1 ms on
    an idle machine, more than 10 ms on a busy one, for microseconds of work.
    """
    limited = _thread_pools().limit(limits=1, user_api="openmp")
    return limited  # type: ignore[no-any-return]


@lru_cache(maxsize=1)
def _thread_pools() -> ThreadpoolController:
    return ThreadpoolController()


@lru_cache(maxsize=64)
def named_elements(material: str) -> tuple[tuple[tuple[int, float], ...], float]:
    """Return composition and density of an element, formula or named gas.

    Parameters
    ----------
    material : str
        ``"air"``, ``"helium"``, an element symbol or a formula.

    Returns
    -------
    elements : tuple of (int, float)
        Atomic numbers with mass fractions.
    density_g_cm3 : float
        At 1 bar for gases; that of the element for elements; 1 for formulas.
    """
    if material == "air":
        air = xraylib.GetCompoundDataNISTByName("Air, Dry (near sea level)")
        pairs = zip(air["Elements"], air["massFractions"], strict=True)
        return tuple(pairs), float(air["density"])
    if material == "helium":
        return ((2, 1.0),), 1.66e-4
    elements = tuple(parse_formula(material).items())
    if len(elements) == 1:
        return elements, float(xraylib.ElementDensity(elements[0][0]))
    return elements, 1.0


def transmission(material: str, thickness_um: float, energy_kev: Floats) -> Floats:
    """Return the share of photons that pass a filter, shape (n,)."""
    elements, density = named_elements(material)
    depth = density * thickness_um * 1e-4
    return np.asarray(np.exp(-mass_attenuation(elements, energy_kev) * depth))
