"""Single spectra in HDF5: a row of counts, with its energies beside it.

INFN and ganX write ``x`` and ``y`` at the root. NeXus and other programs use the
names ``energy`` and ``counts``, ``data``, ``intensity`` or ``spectrum``, in a group
for each spectrum; all of these are looked for, in any case of letters. A single row
of counts without energies is a spectrum without calibration.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np

from napari_maxrf.errors import FormatError
from napari_maxrf.io._held import open_file, own_dataset, read_small, reading
from napari_maxrf.io.spectra._axis import NO_CALIBRATION, column_axis, unit_of
from napari_maxrf.io.spectra._numbers import channel_count
from napari_maxrf.spectrum import MeasuredSpectrum

if TYPE_CHECKING:
    from napari_maxrf.cube import EnergyAxis

_ENERGIES = ("x", "energy", "energies", "energy_kev", "channel", "channels")
_COUNTS = ("y", "counts", "spectrum", "intensity", "data")
_LIVE_TIME = ("live_time_s", "live_time", "livetime")
_DEEPEST, _MOST_GROUPS = 5, 1000


@dataclass(frozen=True)
class _Place:
    """A group, and the names in it of counts and energies."""

    group: h5py.Group
    counts: str
    energies: str | None


def read_hdf5(path: Path) -> tuple[MeasuredSpectrum, ...]:
    """Read all spectra of an HDF5 file.

    Raises
    ------
    FormatError
        The file is damaged, is a datacube, or holds no spectrum.
    CalibrationError
        Energies do not fit the counts, or do not rise evenly.
    """
    with reading(path), open_file(path) as file:
        groups = _groups(file)
        _check_no_cube(path, groups)
        places = [place for place in map(_place, groups) if place is not None]
        if not places:
            raise FormatError(
                f"{path.name} holds no single spectrum. Expected a row of counts named "
                f"{', '.join(_COUNTS)}, with {', '.join(_ENERGIES[:3])} beside it."
            )
        return tuple(_spectrum(path, place, len(places)) for place in places)


def _groups(file: h5py.File) -> list[h5py.Group]:
    """Walk the groups of the file itself, level by level and not without end."""
    waiting, groups = deque([(file, 0)]), list[h5py.Group]()
    while waiting:
        group, depth = waiting.popleft()
        groups.append(group)
        if depth < _DEEPEST:
            waiting.extend((child, depth + 1) for child in _children(group))
        if len(groups) + len(waiting) > _MOST_GROUPS:
            raise FormatError(
                f"{Path(file.filename).name} has more than {_MOST_GROUPS} groups, too "
                "many for reference spectra."
            )
    return groups


def _children(group: h5py.Group) -> list[h5py.Group]:
    return [
        group[name]
        for name in list(group)[:_MOST_GROUPS]
        if isinstance(group.get(name, getlink=True), h5py.HardLink)
        and group.get(name, getclass=True) is h5py.Group
    ]


def _place(group: h5py.Group) -> _Place | None:
    """Look for a row of counts in a group."""
    names = {name.lower(): name for name in list(group)[:_MOST_GROUPS]}
    rows = [names[n] for n in _COUNTS if n in names and _is_row(group, names[n])]
    if not rows:
        return None
    beside = [names[n] for n in _ENERGIES if n in names and _is_row(group, names[n])]
    return _Place(group, rows[0], beside[0] if beside else None)


def _is_row(group: h5py.Group, name: str) -> bool:
    """Tell whether a name stands for a row; one in another file is refused later."""
    if isinstance(group.get(name, getlink=True), h5py.ExternalLink):
        return True
    if group.get(name, getclass=True) is not h5py.Dataset:
        return False
    data = group[name]
    return data.ndim == 1 and data.dtype.kind in "uif"


def _spectrum(path: Path, place: _Place, n_spectra: int) -> MeasuredSpectrum:
    data = own_dataset(place.group, place.counts)
    n = channel_count(data.shape[0], f"{path.name} {data.name}")
    axis, facts = _axis(path, place, n)
    inside = place.group.name.strip("/")
    return MeasuredSpectrum(
        counts=read_small(data, (n,)).astype(np.float64),
        axis=axis,
        name=inside if inside and n_spectra > 1 else path.stem,
        source=path.name,
        live_time_s=_live_time(place.group, data),
        metadata={"dataset": data.name, **facts},
    )


def _axis(
    path: Path, place: _Place, n: int
) -> tuple[EnergyAxis | None, dict[str, Any]]:
    """Read the energies; without any, the axis is left open."""
    if place.energies is None:
        return None, {"note": NO_CALIBRATION}
    data = own_dataset(place.group, place.energies)
    if data.shape[0] not in (n, n + 1):
        raise FormatError(
            f"{path.name}: {data.name} has {data.shape[0]} values, {place.counts} has "
            f"{n}; expected as many, or one more."
        )
    values = read_small(data, data.shape).astype(np.float64)
    if not np.isfinite(values).all():
        raise FormatError(f"{path.name}: {data.name} holds values that are not finite.")
    unit = unit_of(_text(data.attrs.get("units"))) or unit_of(place.energies)
    axis, facts = column_axis(
        values, n, unit, lambda index: f"{path.name} {data.name}[{index}]"
    )
    return axis, {"energies": data.name, **facts}


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _live_time(group: h5py.Group, data: h5py.Dataset) -> float | None:
    """Look for seconds in attributes, or in a scalar beside the counts."""
    for name in _LIVE_TIME:
        for value in (
            data.attrs.get(name),
            group.attrs.get(name),
            _scalar(group, name),
        ):
            if isinstance(value, (int, float, np.number)) and 0 < value < np.inf:
                return float(value)
    return None


def _scalar(group: h5py.Group, name: str) -> Any:
    if group.get(name, getclass=True) is not h5py.Dataset:
        return None
    data = own_dataset(group, name)
    return read_small(data, ())[()] if data.shape == () else None


def _check_no_cube(path: Path, groups: list[h5py.Group]) -> None:
    """Refuse scans, in which rows named x and y are places, not spectra."""
    for group in groups:
        for name in list(group)[:_MOST_GROUPS]:
            known = group.get(name, getclass=True, getlink=True) is h5py.HardLink
            data = group[name] if known else None
            if isinstance(data, h5py.Dataset) and data.ndim == 3:
                raise FormatError(
                    f"{path.name} is a datacube ({data.name.strip('/')}). Open it as a "
                    "scan."
                )
