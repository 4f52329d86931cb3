"""The one thing that every stage knows: a datacube of counts and its energy axis.

A macro X-ray fluorescence scan is a spectrum of counts for every pixel of a
painting. `SpectralCube` holds it lazily, as a Dask array (y, x, energy), with
what is needed to read it: energies, live time, pixel size and provenance.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from napari_maxrf._sources import read_box
from napari_maxrf.errors import CalibrationError, MaxrfError
from napari_maxrf.provenance import ProcessStep, Provenance

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import dask.array as da

Spectrum = npt.NDArray[np.float64]

_LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True)
class EnergyAxis:
    """Energies of the channels of a detector, in keV.

    The centre of channel n lies at ``offset_kev + gain_kev n + quad_kev n**2``.

    Attributes
    ----------
    n_channels : int
        Number of channels, at least 1.
    offset_kev : float
        Energy of the centre of channel 0.
    gain_kev : float
        Width of a channel, positive.
    quad_kev : float
        Quadratic term, usually 0.
    source : str
        Where the calibration comes from: ``"file"``, ``"user"``, ``"fit"``,
        ``"model"``, or ``"assumed"`` if the file holds none.

    Examples
    --------
    >>> axis = EnergyAxis.from_range(0.5, 38.5, 512)
    >>> round(axis.gain_kev * 1000, 1)
    74.2
    >>> int(axis.channel_of(6.4))
    79
    """

    n_channels: int
    offset_kev: float
    gain_kev: float
    quad_kev: float = 0.0
    source: str = "file"

    def __post_init__(self) -> None:
        numbers = (self.offset_kev, self.gain_kev, self.quad_kev)
        if self.n_channels < 1:
            raise CalibrationError(
                f"An energy axis needs at least 1 channel, got {self.n_channels}."
            )
        if not all(np.isfinite(numbers)):
            raise CalibrationError(
                f"Energy calibration {numbers} holds a value that is not a number."
            )
        if self.gain_kev <= 0 or self._slope(self.n_channels - 1) <= 0:
            raise CalibrationError(
                f"Gain {self.gain_kev:g} keV per channel (quadratic term "
                f"{self.quad_kev:g}) is not usable: energies must rise."
            )

    def _slope(self, channel: float) -> float:
        return self.gain_kev + 2 * self.quad_kev * channel

    @classmethod
    def from_range(
        cls, low_kev: float, high_kev: float, n_channels: int, source: str = "model"
    ) -> EnergyAxis:
        """Cut the range from `low_kev` to `high_kev` (outer edges) into equal bins."""
        gain = (high_kev - low_kev) / n_channels
        return cls(n_channels, low_kev + gain / 2, gain, source=source)

    @property
    def centres_kev(self) -> Spectrum:
        """Energies of the channel centres, shape (n_channels,)."""
        return self._energy(np.arange(self.n_channels))

    @property
    def edges_kev(self) -> Spectrum:
        """Energies of the channel limits, shape (n_channels + 1,)."""
        return self._energy(np.arange(self.n_channels + 1) - 0.5)

    @property
    def range_kev(self) -> tuple[float, float]:
        """Lowest and highest energy the axis covers."""
        edges = self.edges_kev
        return float(edges[0]), float(edges[-1])

    def _energy(self, channel: npt.NDArray[Any]) -> Spectrum:
        energies = self.offset_kev + channel * (self.gain_kev + channel * self.quad_kev)
        return np.asarray(energies, dtype=np.float64)

    def channel_of(self, energy_kev: float) -> int:
        """Return the channel that holds `energy_kev`, held inside the axis."""
        channel = int(np.searchsorted(self.edges_kev, energy_kev, side="right")) - 1
        return min(max(channel, 0), self.n_channels - 1)

    def window(self, low_kev: float, high_kev: float) -> slice:
        """Return the channels whose centres lie in [low_kev, high_kev)."""
        first, last = np.searchsorted(self.centres_kev, (low_kev, high_kev))
        return slice(int(first), int(last))

    def covers(self, other: EnergyAxis) -> bool:
        """Tell whether `other` lies inside this axis, within one channel."""
        (low, high), (other_low, other_high) = self.range_kev, other.range_kev
        slack = max(self.gain_kev, other.gain_kev)
        return low <= other_low + slack and high >= other_high - slack

    def rebinning_to(self, target: EnergyAxis) -> npt.NDArray[np.float32]:
        """Return the matrix that moves counts of this axis to `target`.

        Counts are shared out by the overlap of the channels, so that their sum
        inside the common range is conserved.

        Returns
        -------
        ndarray, shape (self.n_channels, target.n_channels)
            Share of a source channel that falls into each target channel.
        """
        source, goal = self.edges_kev, target.edges_kev
        overlap = np.minimum(source[1:, None], goal[1:]) - np.maximum(
            source[:-1, None], goal[:-1]
        )
        share = np.clip(overlap, 0, None) / np.diff(source)[:, None]
        return np.asarray(share, dtype=np.float32)

    def same_as(self, other: EnergyAxis) -> bool:
        """Tell whether both axes agree within a hundredth of a channel."""
        if self.n_channels != other.n_channels:
            return False
        apart = np.abs(self.edges_kev - other.edges_kev).max()
        return bool(apart < 0.01 * self.gain_kev)

    def to_json(self) -> dict[str, Any]:
        """Return plain values that JSON can hold."""
        return {
            "n_channels": self.n_channels,
            "offset_kev": self.offset_kev,
            "gain_kev": self.gain_kev,
            "quad_kev": self.quad_kev,
            "source": self.source,
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> EnergyAxis:
        """Rebuild an axis from `to_json`."""
        return cls(**values)


@dataclass(frozen=True, eq=False)
class CubeSums:
    """Sums over a cube, as they are stored beside its counts.

    Attributes
    ----------
    sum_spectrum : ndarray, shape (energy,)
        Counts of all pixels.
    max_spectrum : ndarray, shape (energy,)
        Most counts of any pixel.
    sum_image : ndarray, shape (y, x)
        Counts of all channels.
    """

    sum_spectrum: Spectrum
    max_spectrum: npt.NDArray[Any]
    sum_image: Spectrum


@dataclass(frozen=True)
class StoredSums:
    """Where the sums over certain counts are stored.

    Attributes
    ----------
    of : str
        Name of the dask array they belong to. Whatever is done to the counts gives
        them another name, and the sums are then left alone.
    load : callable
        Reads them.
    """

    of: str
    load: Callable[[], CubeSums]


@dataclass(frozen=True, eq=False)
class SpectralCube:
    """A lazily held datacube of counts.

    Attributes
    ----------
    counts : dask array, shape (y, x, energy)
        Raw counts, unsigned integers unless the cube was rebinned.
    energy : EnergyAxis
        Energies of the last axis.
    name : str
        What a user would call it, usually the file's stem.
    live_time_s : ndarray, shape (y, x), or None
        Seconds the detector was able to count; None when not recorded.
    pixel_size_mm : (float, float) or None
        Height and width of a pixel in mm; None when not recorded.
    provenance : tuple of ProcessStep
        What made the cube.
    maps : mapping of str to ndarray, shape (y, x)
        What came along with the cube, such as pigment weights.
    detectors : tuple of str
        Names of the detectors that were summed; empty when not recorded.
    metadata : mapping of str to object
        Further facts of the file, as plain JSON values.
    stored : StoredSums or None
        Where sums over the counts are stored, if they are; see `sums`.

    Raises
    ------
    MaxrfError
        The shapes of counts, axis, live time and maps do not agree, or the
        cube has no pixels.
    """

    counts: da.Array
    energy: EnergyAxis
    name: str = "cube"
    live_time_s: npt.NDArray[np.float32] | None = None
    pixel_size_mm: tuple[float, float] | None = None
    provenance: Provenance = ()
    maps: Mapping[str, npt.NDArray[np.float32]] = field(
        default_factory=lambda: MappingProxyType({})
    )
    detectors: tuple[str, ...] = ()
    metadata: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    stored: StoredSums | None = None

    def __post_init__(self) -> None:
        shape = self.counts.shape
        if len(shape) != 3 or 0 in shape:
            raise MaxrfError(
                f"{self.name} has shape {shape}; expected (y, x, energy), all above 0."
            )
        if shape[2] != self.energy.n_channels:
            raise CalibrationError(
                f"{self.name} has {shape[2]} channels, its energy axis "
                f"{self.energy.n_channels}."
            )
        beside = dict(self.maps)
        if self.live_time_s is not None:
            beside["live time"] = self.live_time_s
        for what, plane in beside.items():
            if plane.shape != shape[:2]:
                raise MaxrfError(
                    f"{what} of {self.name} has shape {plane.shape}; "
                    f"expected {shape[:2]}."
                )

    @property
    def shape(self) -> tuple[int, int, int]:
        """Rows, columns and channels."""
        return self.counts.shape  # type: ignore[no-any-return]

    def spectrum(self, y: int, x: int) -> npt.NDArray[Any]:
        """Read the spectrum of one pixel, shape (energy,).

        Raises
        ------
        IndexError
            There is no such pixel. Negative numbers count from the end.
        """
        n_y, n_x, n_channels = self.shape
        row, column = range(n_y)[y], range(n_x)[x]
        box = slice(row, row + 1), slice(column, column + 1), slice(0, n_channels)
        spectrum: npt.NDArray[Any] = read_box(self.counts, box)[0, 0]
        return spectrum

    def sums(self) -> CubeSums | None:
        """Return the sums stored beside the counts, without reading the counts.

        None where the file stores none, or where they are damaged.
        """
        if self.stored is None or self.stored.of != self.counts.name:
            return None
        try:
            return self.stored.load()
        except MaxrfError as error:
            _LOGGER.warning("%s", error)
            return None

    def sum_spectrum(self) -> Spectrum:
        """Add the spectra of all pixels, shape (energy,).

        Reads the whole cube, unless its sums are stored.
        """
        sums = self.sums()
        if sums is not None:
            return sums.sum_spectrum.astype(np.float64)
        total = self.counts.sum(axis=(0, 1), dtype=np.float64)
        return np.asarray(total.compute())

    def max_spectrum(self) -> npt.NDArray[Any]:
        """Take the maximum of every channel over all pixels, shape (energy,).

        Reads the whole cube, unless its sums are stored.
        """
        sums = self.sums()
        if sums is not None:
            return sums.max_spectrum.astype(self.counts.dtype)
        return np.asarray(self.counts.max(axis=(0, 1)).compute())

    def window_sum(self, low_kev: float, high_kev: float) -> da.Array:
        """Add the counts between two energies, lazily, shape (y, x)."""
        channels = self.energy.window(low_kev, high_kev)
        return self.counts[:, :, channels].sum(axis=2, dtype=np.float64)  # type: ignore[no-any-return]

    def sum_image(self) -> da.Array:
        """Add the counts of all channels, lazily, shape (y, x)."""
        sums = self.sums()
        if sums is not None:
            import dask.array as da

            return da.from_array(sums.sum_image)  # type: ignore[no-any-return]
        return self.counts.sum(axis=2, dtype=np.float64)  # type: ignore[no-any-return]

    def rebin(self, axis: EnergyAxis) -> SpectralCube:
        """Share the counts out over another energy axis, lazily.

        Returns
        -------
        SpectralCube
            The same pixels on `axis`, as float32 because channels are split.
            The cube itself if its axis agrees with `axis`.

        Raises
        ------
        CalibrationError
            The two axes have no energy in common.
        """
        if self.energy.same_as(axis):
            return self
        matrix = self.energy.rebinning_to(axis)
        if not matrix.any():
            raise CalibrationError(
                f"{self.name} covers {_range(self.energy)}, which has nothing in "
                f"common with {_range(axis)}."
            )
        whole = self.counts.rechunk({2: -1})
        counts = whole.map_blocks(
            _share_out,
            _sparse(matrix),
            dtype=np.float32,
            chunks=(*whole.chunks[:2], (axis.n_channels,)),
        )
        step = ProcessStep("rebin", {"axis": axis.to_json()})
        return replace(
            self, counts=counts, energy=axis, provenance=(*self.provenance, step)
        )


def _sparse(matrix: npt.NDArray[np.float32]) -> Any:
    """Keep the few overlaps only: a channel reaches into few others."""
    from scipy.sparse import csr_array

    return csr_array(matrix.T)


def _share_out(block: npt.NDArray[Any], overlaps: Any) -> npt.NDArray[np.float32]:
    """Apply a rebinning matrix, (target, source) channels, to a block of spectra."""
    shared = np.empty((*block.shape[:2], overlaps.shape[0]), np.float32)
    for row, spectra in zip(shared, block, strict=True):
        row[:] = (overlaps @ spectra.T.astype(np.float32)).T
    return shared


def _range(axis: EnergyAxis) -> str:
    low, high = axis.range_kev
    return f"{low:.2f} to {high:.2f} keV"
