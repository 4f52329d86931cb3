"""One measured spectrum: what a reference file holds, whatever wrote it.

Readers make it and palettes use it, so that it stands beside the cube and below
both. A file without calibration still gives a spectrum, whose axis is None until
the user says what its channels mean.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_maxrf.errors import CalibrationError, FormatError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

    from napari_maxrf.cube import EnergyAxis


@dataclass(frozen=True, eq=False)
class MeasuredSpectrum:
    """Counts of one measurement and what is known about them.

    Attributes
    ----------
    counts : ndarray, shape (n_channels,)
        Finite, and held read-only. Spectra that a program has corrected may have
        a few negative values.
    axis : EnergyAxis or None
        Energies of the channels; None when the file holds no calibration.
    name : str
        What a user would call it: a key, a title, or the file's stem.
    source : str
        Name of the file.
    live_time_s : float or None
        Seconds the detector was able to count; None when unknown.
    metadata : mapping of str to object
        Further facts of the file, as plain JSON values.
    colour : (int, int, int) or None
        sRGB, 0 to 255, where the file holds one.

    Raises
    ------
    FormatError
        The counts are empty, not one row of numbers, or not finite.
    CalibrationError
        Counts and axis differ in length.

    Examples
    --------
    >>> from napari_maxrf.cube import EnergyAxis
    >>> bare = MeasuredSpectrum(np.array([0.0, 4.0, 2.0, 0.0]), None, "zinc", "zn.mca")
    >>> zinc = bare.calibrated(EnergyAxis(4, 8.4, 0.1))
    >>> zinc.on(EnergyAxis(2, 8.45, 0.2)).round(6).tolist()
    [4.0, 2.0]
    """

    counts: npt.NDArray[np.float64]
    axis: EnergyAxis | None
    name: str
    source: str
    live_time_s: float | None = None
    metadata: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    colour: tuple[int, int, int] | None = None

    def __post_init__(self) -> None:
        counts = np.array(self.counts, dtype=np.float64)
        if counts.ndim != 1 or counts.size == 0:
            raise FormatError(
                f"{self.name} has counts of shape {counts.shape}; expected one row."
            )
        if not np.isfinite(counts).all():
            channel = int(np.flatnonzero(~np.isfinite(counts))[0])
            raise FormatError(
                f"{self.name} holds {counts[channel]} in channel {channel}; counts "
                "must be finite numbers."
            )
        if self.axis is not None and self.axis.n_channels != counts.size:
            raise CalibrationError(
                f"{self.name} has {counts.size} channels, its energy axis "
                f"{self.axis.n_channels}."
            )
        counts.flags.writeable = False
        object.__setattr__(self, "counts", counts)

    def calibrated(self, axis: EnergyAxis) -> MeasuredSpectrum:
        """Return the same counts on the energies that `axis` gives its channels.

        Raises
        ------
        CalibrationError
            `axis` has another number of channels.
        """
        return replace(self, axis=axis)

    def on(self, axis: EnergyAxis) -> npt.NDArray[np.float64]:
        """Share the counts out over another energy axis.

        Channels give to those they overlap, in proportion to the overlap: between
        the limits of its channels the running sum is a straight line. Counts
        inside the common range are conserved; those outside are left out.

        Returns
        -------
        ndarray, shape (axis.n_channels,)

        Raises
        ------
        CalibrationError
            The spectrum has no calibration, or nothing in common with `axis`.
        """
        own = self._calibration()
        (low, high), (wanted_low, wanted_high) = own.range_kev, axis.range_kev
        if low >= wanted_high or high <= wanted_low:
            raise CalibrationError(
                f"{self.name} covers {low:.2f} to {high:.2f} keV, which has nothing "
                f"in common with {wanted_low:.2f} to {wanted_high:.2f} keV."
            )
        running = np.concatenate([[0.0], np.cumsum(self.counts)])
        return np.diff(np.interp(axis.edges_kev, own.edges_kev, running))

    def _calibration(self) -> EnergyAxis:
        if self.axis is None:
            raise CalibrationError(
                f"{self.name} ({self.source}) holds no energy calibration. Give "
                "offset and gain of its channels, or calibrate it on known lines."
            )
        return self.axis
