"""Pigments that XRF does not see, by computation and not by a column of a table.

A pigment is silent where the ideal observer cannot tell its paint from the same
paint without it. The bare paint may lie thicker or thinner: a pigment that does no
more than dim the ground has no signal by which anyone could know it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from napari_maxrf.pigments._observer import error_table

if TYPE_CHECKING:
    from napari_maxrf.cube import EnergyAxis
    from napari_maxrf.physics import Paint
    from napari_maxrf.pigments._palette import Palette

Floats = npt.NDArray[np.float64]

THICKNESSES = np.geomspace(0.25, 4.0, 9)
"""Thicknesses of the bare paint that are tried, relative to the pigment's."""
_BETWEEN = 8


@dataclass(frozen=True)
class SilentPigment:
    """A pigment that cannot be told from paint without it.

    Attributes
    ----------
    id : str
        The pigment.
    error : float
        Error of the ideal observer, in the bare paint's most similar thickness.
    """

    id: str
    error: float

    def to_json(self) -> dict[str, Any]:
        """Return plain values that JSON can hold."""
        return {"id": self.id, "error": self.error}


def silent_pigments(
    palette: Palette,
    axis: EnergyAxis,
    counts: float,
    limit: float = 0.05,
    blank: npt.ArrayLike | None = None,
) -> tuple[SilentPigment, ...]:
    """Return the pigments that cannot be told from paint without them.

    Parameters
    ----------
    palette : Palette
        Pigments with their paint and instrument.
    axis : EnergyAxis
        Channels of the spectra.
    counts : float
        Mean number of photons of a pixel.
    limit : float
        Error of the ideal observer above which a pigment counts as silent.
    blank : array, shape (n_channels,) or (n, n_channels), optional
        Spectra without pigment. Default: the pigment's paint with binder in its
        place, from a quarter to four times as thick.

    Returns
    -------
    tuple of SilentPigment
        The most silent first.

    Raises
    ------
    MaxrfError
        Counts are not above 0, or a spectrum cannot be used or computed.
    """
    return silent_among(palette.ids, blank_errors(palette, axis, counts, blank), limit)


def silent_among(
    ids: tuple[str, ...], errors: Floats, limit: float
) -> tuple[SilentPigment, ...]:
    """Pick those whose error against the blank exceeds `limit`."""
    silent = (row for row in np.argsort(-errors, kind="stable") if errors[row] > limit)
    return tuple(SilentPigment(ids[row], float(errors[row])) for row in silent)


def blank_errors(
    palette: Palette,
    axis: EnergyAxis,
    counts: float,
    blank: npt.ArrayLike | None = None,
) -> Floats:
    """Return the error of the ideal observer between each pigment and no pigment.

    The parameters are those of `silent_pigments`.

    Returns
    -------
    ndarray, shape (n_pigments,)
    """
    spectra = palette.spectra(axis)
    if blank is not None:
        return np.asarray(
            error_table(spectra, counts, np.atleast_2d(blank)).max(axis=1)
        )
    errors = np.empty(len(spectra))
    for paint, rows in _by_paint(palette):
        blanks = _bare_paints(palette, paint, axis)
        errors[rows] = error_table(spectra[rows], counts, blanks).max(axis=1)
    return errors


def _by_paint(palette: Palette) -> list[tuple[Paint, list[int]]]:
    """Group the pigments' rows by how they are painted."""
    groups: list[tuple[Paint, list[int]]] = []
    for row, pigment in enumerate(palette.pigments):
        paint = pigment.paint or palette.paint_used
        rows = next((rows for known, rows in groups if known == paint), None)
        if rows is None:
            groups.append((paint, [row]))
        else:
            rows.append(row)
    return groups


def _bare_paints(palette: Palette, paint: Paint, axis: EnergyAxis) -> Floats:
    """Return spectra of a paint without pigment over a range of thicknesses.

    Spectra between the computed thicknesses are interpolated.
    """
    computed = []
    for scale in THICKNESSES:
        bare = paint.model_copy(update={"thickness_um": paint.thickness_um * scale})
        computed.append(replace(palette, paint=bare).blank_spectrum(axis))
    place = np.linspace(0, len(computed) - 1, _BETWEEN * (len(computed) - 1) + 1)
    lower = np.minimum(place.astype(int), len(computed) - 2)
    share = (place - lower)[:, None]
    rows = np.array(computed)
    return np.asarray((1 - share) * rows[lower] + share * rows[lower + 1])
