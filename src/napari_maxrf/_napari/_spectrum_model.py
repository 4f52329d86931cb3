"""What the Spectrum dock shows: which curves, elements and window, on which scale.

Pure: no Qt and no viewer. The dock puts measured spectra in, and the plot gets
curves, marks and units out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from napari_maxrf._napari._palette_curves import Colour, readable
from napari_maxrf._napari._spectrum_lines import lines_of_element

if TYPE_CHECKING:
    from collections.abc import Iterator

    from napari_maxrf._napari._palette_findings import LineMark
    from napari_maxrf.cube import EnergyAxis

Floats = npt.NDArray[np.float64]

COLOURS: tuple[Colour, ...] = (
    (86, 180, 233),
    (230, 159, 0),
    (0, 158, 115),
    (204, 121, 167),
    (240, 228, 66),
    (213, 94, 0),
    (0, 114, 178),
    (160, 160, 160),
)
"""Colours that people with any colour vision tell apart (Okabe and Ito, 2008)."""
CURSOR, SUM, MAXIMUM = "cursor", "sum", "maximum"
MOST_PINNED = 12
HALF_BRIGHT = 382
"""Sum of red, green and blue below which a background is dark."""


@dataclass(frozen=True)
class EnergyScale:
    """Where energies stand on the plot: in keV, or in channels if they are assumed.

    Attributes
    ----------
    axis : EnergyAxis
        Of the scan.
    """

    axis: EnergyAxis

    @property
    def is_calibrated(self) -> bool:
        """Whether the energies of the channels are known."""
        return self.axis.source != "assumed"

    @property
    def label(self) -> str:
        """Title of the axis."""
        return "energy (keV)" if self.is_calibrated else "channel (not calibrated)"

    @property
    def places(self) -> Floats:
        """Where the channels stand, shape (n_channels,)."""
        channels = np.arange(self.axis.n_channels, dtype=float)
        return self.axis.centres_kev if self.is_calibrated else channels

    def place(self, energy_kev: float) -> float:
        """Return where an energy stands."""
        if self.is_calibrated:
            return energy_kev
        return (energy_kev - self.axis.offset_kev) / self.axis.gain_kev

    def energy_kev(self, place: float) -> float:
        """Return the energy of a place."""
        if self.is_calibrated:
            return place
        return self.axis.offset_kev + place * self.axis.gain_kev

    def channel(self, place: float) -> int:
        """Return the channel of a place."""
        return self.axis.channel_of(self.energy_kev(place))


@dataclass(frozen=True, eq=False)
class Measured:
    """A spectrum of one or many pixels.

    Attributes
    ----------
    key, name : str
        What it is, for the program and for the user.
    total : ndarray, shape (n_channels,)
        Counts of all its pixels.
    n_pixels : int
        How many those are.
    live_time_s : float or None
        Mean live time of a pixel; None when unknown.
    colour : (int, int, int) or None
        Its own colour, such as that of a label.
    """

    key: str
    name: str
    total: Floats
    n_pixels: int = 1
    live_time_s: float | None = None
    colour: Colour | None = None

    def values(self, per_pixel: bool, rate: bool) -> Floats:
        """Return counts, of the mean pixel or of all, per second if asked for."""
        return self.total * self.unit(per_pixel, rate)

    def unit(self, per_pixel: bool, rate: bool) -> float:
        """Return what one count is worth."""
        divisor = float(self.n_pixels) if per_pixel else 1.0
        if rate and self.live_time_s is not None:
            divisor *= self.live_time_s
        return 1.0 / divisor


@dataclass(frozen=True, eq=False)
class Drawn:
    """A curve as it is drawn.

    Attributes
    ----------
    key, name : str
        As of `Measured`.
    colour : (int, int, int)
        Readable on the background.
    values : ndarray, shape (n_channels,)
        In the unit of the plot.
    floor : float
        Half a count in that unit, where a logarithmic plot shows none.
    live : bool
        Whether it follows the cursor.
    """

    key: str
    name: str
    colour: Colour
    values: Floats
    floor: float = 0.5
    live: bool = False


class SpectrumModel:
    """Curves, elements, window and scale of one dock.

    Attributes
    ----------
    scale : EnergyScale or None
        None while there is no scan.
    cursor : Measured or None
        The pixel under the cursor.
    elements : tuple of str
        Whose lines are marked.
    window_kev : (float, float) or None
        The energy window.
    per_pixel, rate : bool
        Whether values are of the mean pixel, and per second.
    """

    def __init__(self) -> None:
        self.scale: EnergyScale | None = None
        self.cursor: Measured | None = None
        self.elements: tuple[str, ...] = ()
        self.window_kev: tuple[float, float] | None = None
        self.per_pixel = True
        self.rate = False
        self._curves: dict[str, Measured] = {}
        self._numbers: dict[str, int] = {}

    @property
    def curves(self) -> tuple[Measured, ...]:
        """All curves but that of the cursor, in the order they came."""
        return tuple(self._curves.values())

    @property
    def has_live_times(self) -> bool:
        """Whether counts per second can be shown."""
        everything = [*self.curves, *([self.cursor] if self.cursor else [])]
        return any(one.live_time_s is not None for one in everything)

    @property
    def unit(self) -> str:
        """What the values are."""
        words = "counts per second" if self.rate else "counts"
        return f"{words} per pixel" if self.per_pixel else words

    def show_axis(self, axis: EnergyAxis | None) -> None:
        """Begin afresh with a scan; elements stay, curves and window go."""
        self.scale = EnergyScale(axis) if axis is not None else None
        self.cursor = self.window_kev = None
        self._curves.clear()
        self._numbers.clear()

    def put(self, curve: Measured) -> None:
        """Add a curve, or replace the one of the same key in its colour."""
        self._number(curve.key)
        self._curves[curve.key] = curve

    def remove(self, key: str) -> None:
        """Take a curve away, if it is there."""
        self._curves.pop(key, None)
        self._numbers.pop(key, None)

    def replace_group(self, prefix: str, curves: list[Measured]) -> None:
        """Replace all curves whose key begins with `prefix`."""
        kept = {curve.key for curve in curves}
        for key in [key for key in self._curves if key.startswith(prefix)]:
            if key not in kept:
                self.remove(key)
        for curve in curves:
            self.put(curve)

    def pin(self) -> Measured | None:
        """Keep the curve under the cursor; the oldest gives way to the 13th."""
        if self.cursor is None:
            return None
        name = self.cursor.name
        pinned = Measured(
            f"pin {name}", name, self.cursor.total, 1, self.cursor.live_time_s
        )
        self.put(pinned)
        older = [key for key in self._curves if key.startswith("pin ")]
        for key in older[:-MOST_PINNED]:
            self.remove(key)
        return pinned

    def drawn(self, background: Colour) -> tuple[Drawn, ...]:
        """Return all curves as they are drawn on a background."""
        curves = [
            self._draw(one, readable(self._colour(one), background))
            for one in self._curves.values()
        ]
        if self.cursor is not None:
            colour = (255, 255, 255) if sum(background) < HALF_BRIGHT else (0, 0, 0)
            curves.append(self._draw(self.cursor, colour))
        return tuple(curves)

    def marks(self) -> tuple[tuple[str, tuple[LineMark, ...]], ...]:
        """Return the lines of each marked element, heights relative to its highest."""
        if self.scale is None or not self.scale.is_calibrated:
            return ()
        low, high = self.scale.axis.range_kev
        return tuple(
            (element, tuple(lines_of_element(element, low, high)))
            for element in self.elements
        )

    def element_colour(self, element: str, background: Colour) -> Colour:
        """Return the colour in which the lines of an element are marked."""
        return readable(
            COLOURS[self.elements.index(element) % len(COLOURS)], background
        )

    def _draw(self, curve: Measured, colour: Colour) -> Drawn:
        return Drawn(
            curve.key,
            curve.name,
            colour,
            curve.values(self.per_pixel, self.rate),
            floor=curve.unit(self.per_pixel, self.rate) / 2,
            live=curve is self.cursor,
        )

    def _colour(self, curve: Measured) -> Colour:
        return curve.colour or COLOURS[self._number(curve.key) % len(COLOURS)]

    def _number(self, key: str) -> int:
        """Return the number of a curve's colour: the lowest that is free."""
        if key not in self._numbers:
            self._numbers[key] = next(self._free())
        return self._numbers[key]

    def _free(self) -> Iterator[int]:
        taken = set(self._numbers.values())
        return (number for number in range(len(taken) + 1) if number not in taken)
