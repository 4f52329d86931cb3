"""A pigment: what it is made of or how it was measured, and how it looks."""

from __future__ import annotations

from colorsys import rgb_to_hls
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from napari_maxrf.errors import MaxrfError, PaletteError

if TYPE_CHECKING:
    from napari_maxrf.physics import Paint
    from napari_maxrf.pigments._measured import Measured

_SEEN_FROM = 16
"""Sulphur: lighter elements are lost in air."""
_SEEN_SHARE = 0.02
_LAST_K = 50

_HUES = (
    (16, "red"),
    (62, "yellow"),
    (188, "green"),
    (262, "blue"),
    (330, "purple"),
    (361, "red"),
)
"""Upper limits of the families in degrees of hue."""
_GREY, _PALE, _DARK = 0.035, 0.82, 0.32


@dataclass(frozen=True)
class Pigment:
    """A pigment of the table, or one of the user's own.

    Attributes
    ----------
    id, name : str
        Key in snake case, and English name.
    composition : tuple of (str, float)
        Formulas with their mass fractions; sum 1. May be empty where a spectrum
        was measured.
    density_g_cm3 : float
        Density of the substance, without binder.
    srgb : (int, int, int)
        Colour, 0 to 255.
    ci_name : str
        Colour Index generic name, empty where there is none.
    hue_family : str
        White, black, red, yellow, green, blue, purple, brown or metal.
    lab : (float, float, float) or None
        The colour in CIE Lab (D65, 2 degrees), where the table has it.
    colour_source, composition_source : str
        Where these come from, and what was assumed.
    period_from, period_to : int or None
        Years of use in painting; negative before Christ, None if open.
    fluoresces_as : str
        Lines to look for.
    xrf_visible : str
        Whether a scanner in air sees it: yes, weak or no; empty if not known.
    notes : str
        Admixtures, alteration, doubts.
    paint : Paint or None
        How this pigment is painted; None for the paint of its palette.
    measured : Measured or None
        A measured spectrum, which takes the place of the computed one.
    parts : tuple of (str, float)
        Ids and volume shares of the pigments it was mixed from, if it is a mixture.

    Raises
    ------
    PaletteError
        Composition, density or colour cannot be used.
    """

    id: str
    name: str
    composition: tuple[tuple[str, float], ...]
    density_g_cm3: float
    srgb: tuple[int, int, int]
    ci_name: str = ""
    hue_family: str = ""
    lab: tuple[float, float, float] | None = None
    colour_source: str = ""
    composition_source: str = ""
    period_from: int | None = None
    period_to: int | None = None
    fluoresces_as: str = ""
    xrf_visible: str = ""
    notes: str = ""
    paint: Paint | None = None
    measured: Measured | None = None
    parts: tuple[tuple[str, float], ...] = ()

    def __post_init__(self) -> None:
        if self.composition or self.measured is None:
            self._check_substance()
        if len(self.srgb) != 3 or not all(0 <= part <= 255 for part in self.srgb):
            raise PaletteError(
                f"Pigment {self.id}: a colour is three numbers from 0 to 255, "
                f"got {self.srgb}."
            )

    def _check_substance(self) -> None:
        from napari_maxrf.physics import elements_of

        try:
            elements_of(self.composition)
        except MaxrfError as error:
            raise PaletteError(f"Pigment {self.id}: {error}") from error
        if not self.density_g_cm3 > 0:
            raise PaletteError(
                f"Pigment {self.id}: density must be above 0 g/cm3, "
                f"got {self.density_g_cm3:g}."
            )

    def to_json(self) -> dict[str, Any]:
        """Return what decides colour and spectrum, as plain JSON values."""
        facts: dict[str, Any] = {
            "id": self.id,
            "name": self.name,
            "composition": [list(term) for term in self.composition],
            "density_g_cm3": self.density_g_cm3,
            "srgb": list(self.srgb),
        }
        if self.paint is not None:
            facts["paint"] = self.paint.to_json()
        if self.measured is not None:
            facts["measured"] = self.measured.to_json()
        return facts


def main_lines(composition: tuple[tuple[str, float], ...]) -> str:
    """Name the lines to look for in a composition, the heaviest share first.

    K alpha up to tin and L alpha above, of elements from sulphur upwards that
    make up at least 2 % of the mass.

    Examples
    --------
    >>> main_lines((("HgS", 0.6), ("Fe2O3", 0.4)))
    'Hg La, Fe Ka, S Ka'
    """
    import xraylib

    from napari_maxrf.physics import elements_of

    shares = elements_of(composition).items() if composition else ()
    seen = [(w, z) for z, w in shares if z >= _SEEN_FROM and w >= _SEEN_SHARE]
    return ", ".join(
        f"{xraylib.AtomicNumberToSymbol(z)} {'Ka' if z <= _LAST_K else 'La'}"
        for _, z in sorted(seen, reverse=True)
    )


def hue_family(srgb: tuple[int, int, int]) -> str:
    """Name the family of a colour, much as the pigment table does.

    Examples
    --------
    >>> [hue_family(c) for c in ((180, 30, 25), (30, 60, 140), (250, 250, 245))]
    ['red', 'blue', 'white']
    """
    hue, lightness, _ = rgb_to_hls(*(part / 255 for part in srgb))
    chroma = (max(srgb) - min(srgb)) / 255
    if chroma < _GREY or (lightness > _PALE and chroma < 4 * _GREY):
        return "white" if lightness > 0.5 else "black"
    family = next(name for limit, name in _HUES if hue * 360 < limit)
    return "brown" if family == "yellow" and lightness < _DARK else family
