"""What XRF cannot tell apart: the pigments of a palette, pair by pair.

Two pigments with nearly the same spectrum are one pigment to every method that
sees spectra only. The error of the ideal observer says so beforehand, for an
instrument and a number of photons; no network, however trained, does better on
single pixels. Pairs that look different to the eye are the dangerous ones: a
recoloured picture shows either colour where the other was painted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from napari_maxrf.errors import MaxrfError
from napari_maxrf.pigments._observer import counts_for_error, error_table
from napari_maxrf.pigments._reasons import reason
from napari_maxrf.pigments._silent import SilentPigment, blank_errors, silent_among

if TYPE_CHECKING:
    from napari_maxrf.cube import EnergyAxis
    from napari_maxrf.pigments._palette import Palette

Floats = npt.NDArray[np.float64]

LIMIT = 0.05
"""Error from which two pigments count as the same."""
GOAL = 0.01
"""Error at which they count as safely told apart."""
CLEARLY_ANOTHER_COLOUR = 10.0
"""CIEDE2000 difference that is seen at a glance."""


@dataclass(frozen=True)
class ConfusedPair:
    """Two pigments that cannot be told apart.

    Attributes
    ----------
    first, second : str
        Ids of the pigments, in the order of the palette.
    error : float
        Error of the ideal observer in a pixel, up to 0.5.
    colour_difference : float
        CIEDE2000 between the two.
    counts_needed : float
        Photons with which the error falls to 1 %; infinite if a billion do not do.
    reason : str
        What their compositions have in common.
    """

    first: str
    second: str
    error: float
    colour_difference: float
    counts_needed: float
    reason: str

    @property
    def misleading(self) -> bool:
        """Whether a mistake shows as clearly another colour."""
        return self.colour_difference >= CLEARLY_ANOTHER_COLOUR

    @property
    def expected_colour_error(self) -> float:
        """CIEDE2000 by which the ideal observer is wrong on average."""
        return self.error * self.colour_difference

    def to_json(self) -> dict[str, Any]:
        """Return plain values that JSON can hold; infinite counts become None."""
        endless = np.isinf(self.counts_needed)
        return {
            "pigments": [self.first, self.second],
            "error": self.error,
            "colour_difference": self.colour_difference,
            "misleading": self.misleading,
            "counts_needed": None if endless else self.counts_needed,
            "reason": self.reason,
        }


@dataclass(frozen=True, eq=False)
class Distinguishability:
    """How well the pigments of a palette can be told apart.

    Attributes
    ----------
    palette : Palette
        The pigments, with paint and instrument.
    counts : float
        Mean number of photons of a pixel.
    spectra : ndarray, shape (n, n_channels)
        Expected spectra; each sums to 1.
    errors : ndarray, shape (n, n)
        Error of the ideal observer between two pigments; 0.5 on the diagonal.
    colour_differences : ndarray, shape (n, n)
        CIEDE2000 between two pigments.
    blank_errors : ndarray, shape (n,)
        Error between each pigment and the same paint without it.
    """

    palette: Palette
    counts: float
    spectra: Floats
    errors: Floats
    colour_differences: Floats
    blank_errors: Floats

    @property
    def ids(self) -> tuple[str, ...]:
        """The pigments' ids, in the order of rows and columns."""
        return self.palette.ids

    @property
    def n_pairs(self) -> int:
        """Number of pairs of pigments."""
        return len(self.ids) * (len(self.ids) - 1) // 2

    def pairs(self, limit: float = LIMIT) -> tuple[ConfusedPair, ...]:
        """Return the pairs that cannot be told apart, the most harmful first.

        Sorted by the colour error to be expected: pairs close in spectrum and far
        in colour come first.

        Parameters
        ----------
        limit : float
            Error above which two pigments count as the same.

        Raises
        ------
        MaxrfError
            The limit is not between 0 and 0.5.
        """
        rows, columns = self._confused(limit)
        needed = counts_for_error(self.spectra[rows], self.spectra[columns], GOAL)
        pairs = (
            self._pair(*where) for where in zip(rows, columns, needed, strict=True)
        )
        return tuple(
            sorted(pairs, key=lambda pair: pair.expected_colour_error, reverse=True)
        )

    def groups(self, limit: float = LIMIT) -> tuple[tuple[str, ...], ...]:
        """Return the sets of pigments linked by pairs that cannot be told apart.

        The ends of a chain may well be told apart from one another.

        Parameters
        ----------
        limit : float
            Error above which two pigments count as the same.

        Returns
        -------
        tuple of tuple of str
            Each of two pigments or more, the largest first.

        Raises
        ------
        MaxrfError
            The limit is not between 0 and 0.5.
        """
        from scipy.sparse.csgraph import connected_components

        same = self.errors > _checked_limit(limit)
        _, labels = connected_components(same, directed=False)
        members = (np.flatnonzero(labels == label) for label in np.unique(labels))
        groups = (tuple(self.ids[row] for row in rows) for rows in members)
        linked = (group for group in groups if len(group) > 1)
        return tuple(sorted(linked, key=len, reverse=True))

    def silent(self, limit: float = LIMIT) -> tuple[SilentPigment, ...]:
        """Return the pigments that cannot be told from paint without them.

        Raises
        ------
        MaxrfError
            The limit is not between 0 and 0.5.
        """
        return silent_among(self.ids, self.blank_errors, _checked_limit(limit))

    def verdict(self, limit: float = LIMIT) -> str:
        """Sum it up in one sentence."""
        rows, columns = self._confused(limit)
        far = self.colour_differences[rows, columns] >= CLEARLY_ANOTHER_COLOUR
        silent = len(self.silent(limit))
        at = f"with {self.counts:g} counts on {self.palette.instrument}"
        if not len(rows) and not silent:
            return f"All {len(self.ids)} pigments can be told apart {at}."
        return (
            f"{len(rows)} of {self.n_pairs} pairs cannot be told apart {at}, "
            f"{int(far.sum())} of them of clearly different colour; "
            f"silent pigments: {silent} of {len(self.ids)}."
        )

    def to_json(self, limit: float = LIMIT) -> dict[str, Any]:
        """Return all findings as plain values that JSON can hold."""
        return {
            "palette": self.palette.id,
            "instrument": self.palette.instrument,
            "counts": self.counts,
            "channels": self.spectra.shape[1],
            "limit": limit,
            "silent": [pigment.to_json() for pigment in self.silent(limit)],
            "pairs": [pair.to_json() for pair in self.pairs(limit)],
            "groups": [list(group) for group in self.groups(limit)],
            "verdict": self.verdict(limit),
        }

    def _confused(
        self, limit: float
    ) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
        rows, columns = np.nonzero(np.triu(self.errors, 1) > _checked_limit(limit))
        return rows, columns

    def _pair(self, row: int, column: int, counts_needed: float) -> ConfusedPair:
        pigments = self.palette.pigments
        return ConfusedPair(
            first=self.ids[row],
            second=self.ids[column],
            error=float(self.errors[row, column]),
            colour_difference=float(self.colour_differences[row, column]),
            counts_needed=float(counts_needed),
            reason=reason(pigments[row], pigments[column]),
        )


def distinguishability(
    palette: Palette,
    axis: EnergyAxis,
    counts: float,
    blank: npt.ArrayLike | None = None,
) -> Distinguishability:
    """Compare all pigments of a palette with one another and with none.

    The observer is ideal: it knows both spectra exactly, and sees one pixel with
    one of the two pigments, painted as the palette says. What it cannot tell apart,
    nobody can from that pixel; what it can may still be confused in a real
    painting, where thickness and mixtures vary.

    Parameters
    ----------
    palette : Palette
        Pigments with paint and instrument.
    axis : EnergyAxis
        Channels of the spectra.
    counts : float
        Mean number of photons of a pixel, the same for all pigments.
    blank : array, shape (n_channels,) or (n, n_channels), optional
        Spectra of paint without pigment; see `silent_pigments`.

    Raises
    ------
    MaxrfError
        Counts are not above 0, or a spectrum cannot be used or computed.

    Examples
    --------
    >>> from napari_maxrf.cube import EnergyAxis
    >>> from napari_maxrf.pigments import load_palette
    >>> palette = load_palette("sarteano").subset(["cinnabar", "red_ochre"])
    >>> axis = EnergyAxis.from_range(0.5, 38.5, 128)
    >>> distinguishability(palette, axis, 400).verdict()
    'All 2 pigments can be told apart with 400 counts on chnet_mo.'
    """
    from napari_maxrf.colours import ciede2000, srgb_to_lab

    spectra = palette.spectra(axis)
    lab = srgb_to_lab(palette.colours)
    return Distinguishability(
        palette=palette,
        counts=float(counts),
        spectra=spectra,
        errors=error_table(spectra, counts),
        colour_differences=ciede2000(lab[:, None], lab[None, :]),
        blank_errors=blank_errors(palette, axis, counts, blank),
    )


def _checked_limit(limit: float) -> float:
    if not 0 < limit < 0.5:
        raise MaxrfError(f"The limit of the error must be in (0, 0.5), got {limit:g}.")
    return limit
