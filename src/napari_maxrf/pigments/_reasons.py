"""In words, why two pigments look alike to XRF."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_maxrf.pigments._pigment import main_lines

if TYPE_CHECKING:
    from napari_maxrf.pigments._pigment import Pigment


def reason(first: Pigment, second: Pigment) -> str:
    """Say what the main elements of two pigments have to do with one another.

    Elements from sulphur upwards that make up at least 2 % of the mass; a pigment
    known by its measured spectrum alone has none that we know.

    Examples
    --------
    >>> from napari_maxrf.pigments import pigment_table
    >>> table = pigment_table()
    >>> reason(table["azurite"], table["malachite"])
    'same elements: Cu'
    >>> reason(table["carbon_black"], table["quinacridone_magenta"])
    'neither has a line of its own'
    """
    if not (first.composition and second.composition):
        return "measured spectra alike"
    one, other = _elements(first), _elements(second)
    if not (one or other):
        return "neither has a line of its own"
    shared = [symbol for symbol in one if symbol in other]
    apart = [symbol for symbol in (*one, *other) if symbol not in shared]
    if not apart:
        return f"same elements: {', '.join(shared)}"
    if shared:
        return f"both {', '.join(shared)}, differ in {', '.join(apart)}"
    return f"differ in {', '.join(apart)}: too few counts"


def _elements(pigment: Pigment) -> list[str]:
    """Return the symbols of the main elements, the heaviest share first."""
    lines = main_lines(pigment.composition)
    return [line.split()[0] for line in lines.split(", ")] if lines else []
