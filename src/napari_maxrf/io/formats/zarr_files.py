"""Zarr stores, folders or zips, versions 2 and 3, OME-Zarr among them.

Axes are told by their names where a program wrote any, else by the number of
channels, else by the user.
"""

from __future__ import annotations

import math
import zipfile
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from napari_maxrf.errors import FormatError, did_you_mean
from napari_maxrf.io._calibration import axis_from_energies
from napari_maxrf.io._format import Format, ReadOptions, UnknownLayoutError
from napari_maxrf.io._held import reading
from napari_maxrf.io._layout import FEWEST_CHANNELS, could_be_scan, order_of_axes
from napari_maxrf.io._lazy import grown_blocks
from napari_maxrf.io._opened import calibration, opened, refuse_detector
from napari_maxrf.io._oriented import lazy_oriented
from napari_maxrf.io.formats._zarr_store import ZarrArray, ZarrStore, is_store

if TYPE_CHECKING:
    from pathlib import Path

    import dask.array as da

    from napari_maxrf.cube import EnergyAxis, SpectralCube

_ENERGY_NAMES = ("energy", "energies", "energy_kev", "maxrf_energies")
_AXIS_OF = {"y": "y", "x": "x", "row": "y", "column": "x"}
_AXIS_OF |= dict.fromkeys(("c", "e", "energy", "channel", "channels", "bin"), "e")
_UNIT_MM = {"millimeter": 1.0, "micrometer": 1e-3, "centimeter": 10.0, "meter": 1e3}
_MOST_CHANNELS = 2**16


def is_scan(path: Path) -> bool:
    """Tell whether a store holds an array that can be a scan."""
    if not is_store(path):
        return False
    try:
        store = ZarrStore(path)
        return bool(_scans(store, store.arrays()))
    except (FormatError, OSError):
        return False


def _scans(store: ZarrStore, arrays: dict[str, ZarrArray]) -> list[str]:
    """Name the arrays that can be scans, by the names of their axes or their shape."""
    return [name for name, one in arrays.items() if _could_be_scan(store, one)]


def _could_be_scan(store: ZarrStore, array: ZarrArray) -> bool:
    kept = _kept(array)
    named = _named(array.dimensions or _multiscale(store).names, array.shape)
    if named is not None:
        return kept[named.index("e")] >= FEWEST_CHANNELS
    return could_be_scan(kept)


def _kept(array: ZarrArray) -> tuple[int, ...]:
    """Return the shape without axes of a single entry, such as time and depth."""
    if len(array.shape) == 3:
        return array.shape
    return tuple(size for size in array.shape if size != 1)


def open_zarr(path: Path, options: ReadOptions) -> SpectralCube:
    """Open the datacube of a store lazily.

    Raises
    ------
    FormatError
        The zarr package is missing, the store is damaged, or it holds no datacube.
    UnknownLayoutError
        It holds several datacubes, or one whose axes cannot be told.
    CalibrationError
        The vector of energies makes no sense.
    """
    refuse_detector(path, options)
    with reading(path):
        store = ZarrStore(path)
        arrays = store.arrays()
        array = arrays[_chosen(path, store, arrays, options)]
    array.check(path.name)
    axes = _axes(path, store, array, options)
    counts = lazy_array(path, array, axes)
    calibrated = calibration(
        options,
        counts.shape[2],
        lambda: energies_beside(path, arrays, array.name, counts.shape[2]),
    )
    return opened(
        path,
        FORMAT.name,
        counts,
        calibrated,
        layout={"dataset": array.name, "axes": axes},
        pixel_size_mm=_pixel_size(store, array),
    )


def _chosen(
    path: Path, store: ZarrStore, arrays: dict[str, ZarrArray], options: ReadOptions
) -> str:
    """Return the array to open: the one named, the full picture, the only scan."""
    listing = ", ".join(f"{name or '/'} {one.shape}" for name, one in arrays.items())
    if options.dataset is not None:
        name = options.dataset.strip("/")
        if name not in arrays:
            raise FormatError(
                f"{path.name} has no array {name!r}; it has {listing}"
                f"{did_you_mean(name, arrays)}"
            )
        return name
    full = str(_multiscale(store).path)
    scans = [full] if full in arrays else _scans(store, arrays)
    if not scans:
        raise FormatError(f"{path.name} holds {listing}: none is a datacube.")
    if len(scans) > 1:
        largest = max(scans, key=lambda name: math.prod(arrays[name].shape))
        raise UnknownLayoutError(
            f"{path.name} holds several arrays: {listing}. Say which one to open "
            "(dataset).",
            needs=("dataset",),
            guess=ReadOptions(dataset=largest),
        )
    return scans[0]


@dataclass(frozen=True)
class _Multiscale:
    """What OME-Zarr says of the largest of its pictures."""

    path: str | None = None
    names: tuple[str, ...] = ()
    units: tuple[str, ...] = ()
    scale: tuple[float, ...] = ()


def _multiscale(store: ZarrStore) -> _Multiscale:
    attributes = store.attributes()
    try:
        first = attributes.get("ome", attributes)["multiscales"][0]
        level = first["datasets"][0]
        scales = [
            one["scale"] for one in level["coordinateTransformations"] if "scale" in one
        ]
        return _Multiscale(
            str(level["path"]),
            tuple(str(axis["name"]) for axis in first["axes"]),
            tuple(str(axis.get("unit", "")) for axis in first["axes"]),
            tuple(map(float, scales[0])) if scales else (),
        )
    except (KeyError, IndexError, TypeError, ValueError, AttributeError):
        return _Multiscale()


def _axes(path: Path, store: ZarrStore, array: ZarrArray, options: ReadOptions) -> str:
    """Return a letter for each axis of the array; ``-`` for a single entry."""
    kept = _kept(array)
    single = len(kept) < len(array.shape)
    named = _named(array.dimensions or _multiscale(store).names, array.shape)
    if named is None or options.axes is not None:
        named = order_of_axes(path.name, kept, options)
    letters = iter(named)
    return "".join(
        "-" if single and size == 1 else next(letters) for size in array.shape
    )


def _named(names: tuple[str, ...], shape: tuple[int, ...]) -> str | None:
    """Tell the order of axes by their names; None if they do not say it."""
    if len(names) != len(shape):
        return None
    pairs = zip(names, shape, strict=True)
    single = len(shape) > 3
    kept = [name.lower() for name, size in pairs if not (single and size == 1)]
    letters = "".join(_AXIS_OF.get(name, "?") for name in kept)
    return letters if sorted(letters) == ["e", "x", "y"] else None


def _pixel_size(store: ZarrStore, array: ZarrArray) -> tuple[float, float] | None:
    told = _multiscale(store)
    if len(told.scale) != len(array.shape) or len(told.names) != len(told.scale):
        return None
    sides = {
        name.lower(): _UNIT_MM[unit] * scale
        for name, unit, scale in zip(told.names, told.units, told.scale, strict=True)
        if unit in _UNIT_MM and scale > 0
    }
    return (sides["y"], sides["x"]) if {"x", "y"} <= set(sides) else None


def lazy_array(path: Path, array: ZarrArray, axes: str) -> da.Array:
    """Wrap an array of a store as lazy counts (y, x, energy), by whole chunks."""
    places = [i for i, axis in enumerate(axes) if axis in "yxe"]
    first, second, third = (array.shape[i] for i in places)
    order = "".join(axes[i] for i in places)
    stored = (array.chunks[places[0]], array.chunks[places[1]], array.chunks[places[2]])
    grown = grown_blocks((first, second, third), stored, array.dtype.itemsize, order)
    blocks = [1] * len(axes)
    for place, size in zip(places, grown, strict=True):
        blocks[place] = size
    return lazy_oriented(ZarrSource(path, array), axes, tuple(blocks))


class ZarrSource:
    """An array of a store, read by the zarr package.

    Pickles as its description.

    Parameters
    ----------
    path : Path
        The store, a folder or a zip.
    array : ZarrArray
        Checked metadata of the array.

    Raises
    ------
    FormatError
        The zarr package is missing, or finds the metadata damaged.
    """

    def __init__(self, path: Path, array: ZarrArray) -> None:
        self.path, self.array = path.resolve(), array
        self.shape, self.dtype = array.shape, array.dtype
        self._identity = self._stamp()
        self._opened = self._open()

    def _stamp(self) -> tuple[int, int]:
        facts = self.path.stat()
        return facts.st_size, facts.st_mtime_ns

    def _open(self) -> Any:
        try:
            import zarr
            from zarr.storage import LocalStore, ZipStore
        except ImportError as error:
            raise FormatError(
                f"{self.path.name} needs the zarr package: pip install zarr."
            ) from error
        kind = LocalStore if self.path.is_dir() else ZipStore
        with reading(self.path):
            store = kind(self.path, read_only=True)
            opened_array = zarr.open_array(
                store,
                path=self.array.name,
                mode="r",
                zarr_format=2 if self.array.version == 2 else 3,
            )
        if opened_array.shape != self.shape or opened_array.dtype != self.dtype:
            raise FormatError(f"{self.path.name}: its metadata contradict each other.")
        return opened_array

    def __getitem__(self, key: Any) -> npt.NDArray[Any]:
        try:
            with reading(self.path):
                self._check_unchanged()
                return np.asarray(self._opened[key])
        except (zipfile.BadZipFile, zlib.error, EOFError) as error:
            raise FormatError(
                f"{self.path.name} is damaged or incomplete ({error})."
            ) from error

    def _check_unchanged(self) -> None:
        """Refuse another file in the place of a zip; a folder's date says nothing."""
        if self._stamp() != self._identity and self.path.is_file():
            raise FormatError(
                f"{self.path.name} has changed since it was opened. Open it again."
            )

    def __reduce__(self) -> tuple[Any, ...]:
        return ZarrSource, (self.path, self.array)

    def __dask_tokenize__(self) -> tuple[Any, ...]:
        return "ZarrSource", str(self.path), self.array.name, *self._identity


def energies_beside(
    path: Path, arrays: dict[str, ZarrArray], name: str, n_channels: int
) -> EnergyAxis | None:
    """Read a vector of energies kept in the same group as the counts.

    Raises
    ------
    CalibrationError
        It does not rise evenly.
    """
    group = name.rpartition("/")[0]
    for known in _ENERGY_NAMES:
        vector = arrays.get(f"{group}/{known}".lstrip("/"))
        if vector is None or vector.shape not in ((n_channels,), (n_channels + 1,)):
            continue
        vector.check(path.name)
        if n_channels <= _MOST_CHANNELS:
            return axis_from_energies(ZarrSource(path, vector)[:], n_channels)
    return None


def header_bytes(path: Path) -> bytes:
    """Return what stores of the same kind have in common: their arrays."""
    return repr(sorted(map(repr, ZarrStore(path).arrays().values()))).encode()


FORMAT = Format(
    "zarr",
    "Zarr 2 and 3, OME-Zarr",
    (".zarr", ".zip"),
    is_scan,
    open_zarr,
    folders=True,
    header=header_bytes,
)
