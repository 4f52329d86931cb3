"""From the detectors that a dialect found to a cube: chosen, added up, described."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_maxrf.errors import FormatError, did_you_mean
from napari_maxrf.io._detectors import on_axis, summed
from napari_maxrf.io._held import (
    HeldDataset,
    check_counts,
    own_dataset,
    written_blocks,
)
from napari_maxrf.io._lazy import lazy_counts
from napari_maxrf.io._opened import opened

if TYPE_CHECKING:
    from pathlib import Path

    import h5py

    from napari_maxrf.cube import SpectralCube
    from napari_maxrf.io._format import ReadOptions
    from napari_maxrf.io.dialects._dialect import Detector, Dialect, Layout, Plane

_MOST_PIXELS, _MOST_CHANNELS = 2**26, 2**16


def open_dialect(
    file: h5py.File, path: Path, dialect: Dialect, options: ReadOptions
) -> SpectralCube:
    """Open a file of a known dialect, one detector or the sum.

    Raises
    ------
    FormatError
        The file is damaged, or there is no such detector.
    UnknownLayoutError
        The file does not say which dataset or axis is meant.
    CalibrationError
        The calibration in the file makes no sense.
    """
    layout = dialect.layout(file, path, options)
    names = _chosen(path, layout, options.detector)
    parts = {name: layout.read(name) for name in names}
    layout = replace(layout, header={**layout.header, **_said_of(parts)})
    cubes = [_cube(path, dialect, layout, one) for one in parts.values()]
    _check_same_pixels(path, names, cubes)
    shown = layout.detectors if options.detector is None else None
    detectors = tuple(filter(None, names if shown is None else shown))
    return _named(cubes[0] if len(cubes) == 1 else _sum(cubes), detectors)


def _chosen(path: Path, layout: Layout, detector: str | None) -> tuple[str, ...]:
    if detector is None:
        return layout.parts
    known = (*layout.parts, *layout.others)
    short = detector.removeprefix(layout.prefix)
    for wanted in (detector, short, f"{layout.prefix}{short}"):
        if wanted and wanted in known:
            return (wanted,)
    if not any(known):
        raise FormatError(f"{path.name} holds a single detector without a name.")
    raise FormatError(
        f"{path.name} has no detector {detector}; it has {', '.join(known)}"
        f"{did_you_mean(detector, known)}"
    )


def _said_of(parts: dict[str, Detector]) -> dict[str, Any]:
    """Collect what the file says of each detector, or of the only one."""
    if len(parts) == 1:
        return next(iter(parts.values())).header
    about = {name: one.header for name, one in parts.items() if one.header}
    return {"detectors": about} if about else {}


def _cube(path: Path, dialect: Dialect, layout: Layout, one: Detector) -> SpectralCube:
    """Open one detector; the order of its axes is that of the file up to here."""
    data = own_dataset(one.data.parent, one.data.name.rpartition("/")[2])
    check_counts(data)
    sizes = dict(zip(one.axes, data.shape, strict=True))
    _check_sizes(path, data, sizes)
    turned = one.axes.index("x") < one.axes.index("y")
    cube = opened(
        path,
        dialect.name,
        lazy_counts(HeldDataset(path, data.name), one.axes),
        one.calibration,
        layout={"datasets": [data.name], "axes": one.axes},
        warnings=[*layout.warnings, *_gaps(path, data)],
        header=layout.header,
        pixel_size_mm=layout.pixel_size_mm,
    )
    return replace(
        cube,
        live_time_s=_turned(one.live_time_s, turned),
        maps={what: _turned(plane, turned) for what, plane in one.planes.items()},
    )


def _turned(plane: Plane | None, turned: bool) -> Any:
    return plane.T if turned and plane is not None else plane


def _check_sizes(path: Path, data: h5py.Dataset, sizes: dict[str, int]) -> None:
    if sizes["e"] > _MOST_CHANNELS or sizes["y"] * sizes["x"] > _MOST_PIXELS:
        raise FormatError(
            f"{path.name}: {data.name} claims {sizes['y']} x {sizes['x']} pixels and "
            f"{sizes['e']} channels; at most {_MOST_PIXELS:,} and {_MOST_CHANNELS:,} "
            "are possible. Is the order of its axes (axes) right?"
        )


def _gaps(path: Path, data: h5py.Dataset) -> list[str]:
    """Tell of blocks that were never written, as those of a stopped scan."""
    blocks = written_blocks(data)
    in_one_piece = data.chunks is None and data.id.get_storage_size() == 0
    if in_one_piece or (blocks is not None and blocks[0] == 0):
        raise FormatError(
            f"{path.name}: {data.name} is empty, no counts were written to it. Is the "
            "scan complete?"
        )
    if blocks is None or blocks[0] == blocks[1]:
        return []
    return [
        f"Only {blocks[0]} of {blocks[1]} blocks of {data.name} were written; the "
        "others are empty. Was the scan stopped?"
    ]


def _check_same_pixels(
    path: Path, names: tuple[str, ...], cubes: list[SpectralCube]
) -> None:
    first = cubes[0]
    for name, cube in zip(names, cubes, strict=True):
        if cube.shape[:2] != first.shape[:2]:
            raise FormatError(
                f"{path.name}: detector {name} has {cube.shape[:2]} pixels, detector "
                f"{names[0]} {first.shape[:2]}. Open one with detector=..."
            )


def _sum(cubes: list[SpectralCube]) -> SpectralCube:
    """Add counts; average times, so that counts by live time are a rate of the sum."""
    first = cubes[0]
    notes = [note for one in cubes for note in one.metadata.get("warnings", ())]
    warnings = {"warnings": list(dict.fromkeys(notes))} if notes else {}
    planes = {name for one in cubes for name in one.maps}
    means = {name: _mean([one.maps.get(name) for one in cubes]) for name in planes}
    datasets = [one.provenance[0].parameters["datasets"][0] for one in cubes]
    step = first.provenance[0]
    return replace(
        first,
        counts=summed([on_axis(one, first.energy) for one in cubes]),
        live_time_s=_mean([one.live_time_s for one in cubes]),
        maps={name: mean for name, mean in sorted(means.items()) if mean is not None},
        metadata={**first.metadata, **warnings},
        provenance=(
            replace(step, parameters={**step.parameters, "datasets": datasets}),
        ),
    )


def _mean(planes: list[Plane | None]) -> Plane | None:
    """Average planes; what is unknown in one of them is unknown in the mean."""
    known = [one for one in planes if one is not None]
    if len(known) < len(planes):
        return None
    stack = np.stack(known)
    mean = np.where((stack > 0).all(axis=0), stack.mean(axis=0), 0)
    return mean.astype(np.float32) if mean.any() else None


def _named(cube: SpectralCube, detectors: tuple[str, ...]) -> SpectralCube:
    """Write the names of the detectors into the cube and its provenance."""
    step = cube.provenance[0]
    facts = {**step.parameters, "detectors": list(detectors)}
    provenance = (replace(step, parameters=facts),)
    return replace(cube, detectors=detectors, provenance=provenance)
