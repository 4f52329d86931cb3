"""Lines of one shell of one element, in the ratio in which they reach the detector.

The lines of a shell are fitted with one area. Their ratio is that of xraylib's
production cross-sections, changed by an average paint, which swallows soft lines
more than hard ones, and by the silicon, which lets hard ones pass.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from napari_maxrf.analysis._lines import line_groups
from napari_maxrf.errors import MaxrfError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable

SHELLS = ("K", "L", "M")
ESCAPE_KEV = 1.740
"""Energy of the silicon K photon that leaves the detector."""

_SILICON = 14
_SILICON_G_CM2 = 0.045 * 2.33
_EXCITATION_KEV = 25.0
_WEAKEST = 1e-3
_SOFTEST_KEV = 0.2


class Shell(NamedTuple):
    """Lines that are fitted with one area.

    Attributes
    ----------
    element : str
        Chemical symbol.
    shell : str
        ``"K"``, ``"L"`` or ``"M"``.
    energies_kev, shares : tuple of float
        Of every line; the shares sum to 1.
    labels : tuple of str
        Plain name of every line, ``"Ka"``; its parts have the same.
    main_kev : float
        Energy of the strongest line, doublets joined.
    """

    element: str
    shell: str
    energies_kev: tuple[float, ...]
    shares: tuple[float, ...]
    labels: tuple[str, ...]
    main_kev: float

    @property
    def name(self) -> str:
        """Element and shell, ``"Fe K"``."""
        return f"{self.element} {self.shell}"


def named_shells(
    names: tuple[str, ...], low_kev: float, high_kev: float, matrix: str = ""
) -> list[Shell]:
    """Look up elements, all their shells or one of them.

    Parameters
    ----------
    names : tuple of str
        ``"Fe"`` for all shells that show, ``"Pb L"`` for one.
    low_kev, high_kev : float
        Where the strongest line of a shell must lie.
    matrix : str, optional
        Formula of an average sample, thick for X-rays; empty for a thin one.

    Raises
    ------
    MaxrfError
        Something is no element or no shell, or shows no line in the range.

    Examples
    --------
    >>> [shell.name for shell in named_shells(("Fe", "Pb L"), 1.0, 30.0)]
    ['Fe K', 'Pb L']
    """
    check_matrix(matrix)
    found: dict[str, Shell] = {}
    for name in names:
        element, shell = _split(name)
        seen = [
            one
            for one in _shells(element, matrix)
            if low_kev < one.main_kev < high_kev and shell in (None, one.shell)
        ]
        if not seen:
            raise MaxrfError(
                f"{name} has no line between {low_kev:.1f} and {high_kev:.1f} keV, "
                "where the spectrum is fitted."
            )
        found |= {one.name: one for one in seen}
    return list(found.values())


def shells_between(
    elements: Iterable[str], low_kev: float, high_kev: float, matrix: str = ""
) -> list[Shell]:
    """List all shells of elements whose strongest line lies between two energies."""
    return [
        one
        for element in elements
        for one in _shells(element, matrix)
        if low_kev < one.main_kev < high_kev
    ]


def _split(name: str) -> tuple[str, str | None]:
    """Split ``"Pb L"`` or ``"Pb-L"`` into element and shell."""
    parts = name.replace("-", " ").replace("_", " ").split()
    if len(parts) == 2 and parts[1] not in SHELLS:
        hint = did_you_mean(parts[1], SHELLS)
        raise MaxrfError(f"{name!r}: there is no shell {parts[1]!r}{hint}")
    if len(parts) not in (1, 2):
        raise MaxrfError(f"{name!r} is not an element; give Fe, or Pb L for a shell.")
    return parts[0], parts[1] if len(parts) == 2 else None


@lru_cache(maxsize=512)
def _shells(element: str, matrix: str) -> tuple[Shell, ...]:
    """List the shells of an element, its weakest lines left out."""
    found = []
    for shell in SHELLS:
        groups = [g for g in line_groups(element) if g.label.startswith(shell)]
        lines = [
            (energy, group.strength * share * _seen(energy, matrix), group.label)
            for group in groups
            for energy, share in zip(group.energies_kev, group.shares, strict=True)
            if energy > _SOFTEST_KEV
        ]
        total = sum(strength for _, strength, _ in lines)
        if total <= 0:
            continue
        kept = [line for line in lines if line[1] > _WEAKEST * total]
        whole = sum(strength for _, strength, _ in kept)
        energies, strengths, labels = zip(*kept, strict=True)
        shares = tuple(strength / whole for strength in strengths)
        main = max(groups, key=lambda group: group.strength).energy_kev
        found.append(Shell(element, shell, energies, shares, labels, main))
    return tuple(found)


@lru_cache(maxsize=4096)
def _seen(energy_kev: float, matrix: str) -> float:
    """Return the share that leaves a thick sample and is absorbed in silicon."""
    import xraylib

    caught = -np.expm1(-xraylib.CS_Photo(_SILICON, energy_kev) * _SILICON_G_CM2)
    if not matrix:
        return float(caught)
    paths = sum(
        xraylib.CS_Total_CP(matrix, energy) for energy in (energy_kev, _EXCITATION_KEV)
    )
    return float(caught / paths)


def check_matrix(matrix: str) -> None:
    """Refuse what is not a formula.

    Raises
    ------
    MaxrfError
        xraylib cannot read it.
    """
    import xraylib

    if not matrix:
        return
    try:
        xraylib.CompoundParser(matrix)
    except (ValueError, RuntimeError) as error:
        raise MaxrfError(
            f"The matrix {matrix!r} is not a formula; give one such as CaCO3."
        ) from error


def escape_share(energy_kev: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the escape peak over the full peak of lines, shape (n,).

    A share ``f = w/2 (1 - 1/J) [1 - r ln(1 + 1/r)]`` of the photons loses a silicon
    K photon, with the fluorescence yield w, the jump J and the ratio r of the
    attenuations at 1.74 keV and at the line (S. J. B. Reed and N. G. Ware, J. Phys.
    E 5, 582 (1972)); the peaks are as f to 1 - f. It is 0 below the silicon edge.
    """
    import xraylib

    edge = xraylib.EdgeEnergy(_SILICON, xraylib.K_SHELL)
    jump = xraylib.JumpFactor(_SILICON, xraylib.K_SHELL)
    yield_ = xraylib.FluorYield(_SILICON, xraylib.K_SHELL)
    own = xraylib.CS_Total(_SILICON, ESCAPE_KEV)
    ratio = own / np.array([xraylib.CS_Total(_SILICON, float(e)) for e in energy_kev])
    share = 0.5 * yield_ * (1 - 1 / jump) * (1 - ratio * np.log1p(1 / ratio))
    return np.asarray(np.where(energy_kev > edge, share / (1 - share), 0.0))
