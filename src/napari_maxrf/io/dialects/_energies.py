"""Energy axes in the many places where HDF5 files keep them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_maxrf.cube import EnergyAxis
from napari_maxrf.errors import CalibrationError
from napari_maxrf.io._calibration import (
    axis_from_coefficients,
    axis_from_energies,
    axis_from_pairs,
)
from napari_maxrf.io._held import own_dataset, read_small
from napari_maxrf.io._opened import Calibration, calibration
from napari_maxrf.io.dialects._facts import small_attribute, text_attribute
from napari_maxrf.io.dialects._links import own_item

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import h5py
    import numpy.typing as npt

    from napari_maxrf.io._format import ReadOptions

    Source = Callable[[int], Calibration | None]

ENERGY_NAMES = ("energy", "energies", "Energy", "ENERGY", "energy_kev", "energy_keV")

_UNSET = (0.0, 1.0)
_TERMS = (2, 3, 4)
_HIGHEST_GAIN_KEV = 1.0
_COLUMN_LIMIT = 2**17


def calibrated(
    options: ReadOptions, n_channels: int, *sources: Source, name: str
) -> Calibration:
    """Ask one place after the other, unless the user brings a calibration.

    Parameters
    ----------
    options : ReadOptions
        With the user's calibration, if any.
    n_channels : int
        Number of channels.
    *sources : callable
        Each takes the number of channels and returns a calibration, or None.
    name : str
        Name of the file, for messages.

    Raises
    ------
    CalibrationError
        A place holds a calibration that makes no sense.
    """
    if options.gain_kev is None:
        try:
            for source in sources:
                found = source(n_channels)
                if found is not None:
                    return found
        except CalibrationError as error:
            raise CalibrationError(f"{name}: {error}") from error
    return calibration(options, n_channels, lambda: None)


def vector(group: h5py.Group | None, *names: str) -> Source:
    """Take a vector of energies in keV or eV, from the first name that has one.

    A vector of another length, or of plain channel numbers, is no calibration.
    """

    def read(n_channels: int) -> Calibration | None:
        for name in names:
            data = own_item(group, name) if group is not None else None
            if data is not None and _fits(data, n_channels):
                values = _in_kev(data, column(data))
                if not _are_channels(values):
                    axis = axis_from_energies(values, n_channels)
                    return Calibration(axis, {"vector": data.name})
        return None

    return read


def is_column(data: h5py.Dataset) -> bool:
    """Tell a short vector of numbers; MATLAB writes it as a row or a column."""
    flat = max(data.shape, default=0) == data.size
    return flat and 0 < data.size < _COLUMN_LIMIT and data.dtype.kind in "uif"


def column(data: h5py.Dataset) -> npt.NDArray[np.float64]:
    """Read a dataset that `is_column`."""
    checked = own_dataset(data.parent, data.name.rpartition("/")[2])
    return read_small(checked, checked.shape).ravel().astype(np.float64)


def _fits(data: h5py.Dataset, n_channels: int) -> bool:
    return is_column(data) and data.size in (n_channels, n_channels + 1)


def _in_kev(
    data: h5py.Dataset, values: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    unit = text_attribute(data, "units") or text_attribute(data, "unit") or ""
    return values / 1000 if unit.strip().lower() == "ev" else values


def _are_channels(values: npt.NDArray[np.float64]) -> bool:
    """Tell a count of channels, from 0 or 1, from energies."""
    return bool(
        values.size > 1 and values[0] in (0, 1) and (np.diff(values) == 1).all()
    )


def coefficients(group: h5py.Group | None, name: str) -> Source:
    """Take zero, gain and perhaps a quadratic term, from a dataset or attribute.

    A gain of 0 or 1 is one that nobody set; one above 1 can only be meant in eV.
    """

    def read(n_channels: int) -> Calibration | None:
        terms = None if group is None else terms_of(group, name)
        if group is None or terms is None:
            return None
        where = f"{group.name.rstrip('/')}/{name}"
        return from_terms(n_channels, terms, where)

    return read


def from_terms(
    n_channels: int, terms: Sequence[float], where: str
) -> Calibration | None:
    """Build an axis of zero, gain and quadratic term.

    Raises
    ------
    CalibrationError
        They make no axis.

    Examples
    --------
    >>> from_terms(1024, (0.0, 1.0, 0.0), "calibration") is None
    True
    >>> found = from_terms(2048, (-20.0, 10.0), "calibration")
    >>> found.axis.gain_kev, found.facts["note"]
    (0.01, 'Taken for eV.')
    """
    if terms[1] in _UNSET:
        return None
    facts: dict[str, Any] = {"coefficients": where}
    values = np.array([*terms[:3], 0.0][:3], dtype=np.float64)
    if values[1] > _HIGHEST_GAIN_KEV:
        values, facts["note"] = values / 1000, "Taken for eV."
    return Calibration(axis_from_coefficients(n_channels, *map(float, values)), facts)


def terms_of(group: h5py.Group, name: str) -> tuple[float, ...] | None:
    """Return two to four numbers of a dataset or attribute; None if there are none."""
    data = own_item(group, name)
    if data is None:
        values = small_attribute(group, name)
    elif data.size in _TERMS and data.ndim == 1 and data.dtype.kind in "uif":
        values = read_small(data, data.shape)
    else:
        return None
    numbers = np.asarray(values if values is not None else ())
    if (
        numbers.ndim != 1
        or not 2 <= numbers.size <= 4
        or numbers.dtype.kind not in "if"
    ):
        return None
    return tuple(float(number) for number in numbers)


def pair_vectors(*groups: h5py.Group) -> Source:
    """Take channels and their energies, of the first group that has both."""

    def read(n_channels: int) -> Calibration | None:
        for group in groups:
            if "calibration_channel" in group and "calibration_keV" in group:
                channels = own_dataset(group, "calibration_channel")
                energies = own_dataset(group, "calibration_keV")
                n = (min(channels.size, n_channels),)
                pairs = read_small(channels, n), read_small(energies, n)
                return Calibration(*axis_from_pairs(*pairs, n_channels))
        return None

    return read


def pairs_of_attribute(group: h5py.Group, name: str) -> Source:
    """Take rows of channel and energy in an attribute."""

    def read(n_channels: int) -> Calibration | None:
        pairs = np.asarray(small_attribute(group, name) or ())
        if pairs.ndim != 2 or pairs.shape[1] != 2 or pairs.dtype.kind not in "uif":
            return None
        found = axis_from_pairs(pairs[:, 0], pairs[:, 1], n_channels)
        return Calibration(*found)

    return read


def usual_gain(offset_kev: float, gain_kev: float, note: str) -> Source:
    """Propose the axis that a program or laboratory always uses."""

    def read(n_channels: int) -> Calibration:
        axis = EnergyAxis(n_channels, offset_kev, gain_kev, source="assumed")
        return Calibration(axis, {"note": note})

    return read


def usual_range(low_kev: float, high_kev: float, note: str) -> Source:
    """Propose the range, from edge to edge, that a program always uses."""

    def read(n_channels: int) -> Calibration:
        axis = EnergyAxis.from_range(low_kev, high_kev, n_channels, source="assumed")
        return Calibration(axis, {"note": note})

    return read
