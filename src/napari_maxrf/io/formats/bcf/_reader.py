"""Bruker ``.bcf``: hypermaps of ESPRIT, M4 Tornado and M6 Jetstream.

Opening reads the header and finds the rows; counts are decoded when they are asked
for. Small files are walked at once, so that the narrowest type of counts is known
and a damaged row is told early. Large ones are walked as far as needed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from napari_maxrf.cube import EnergyAxis, SpectralCube
from napari_maxrf.errors import FormatError, did_you_mean
from napari_maxrf.io._detectors import agree, on_axis, summed
from napari_maxrf.io._format import Format
from napari_maxrf.io._held import reading
from napari_maxrf.io.formats.bcf._calibrated import (
    axis_of,
    number,
    pixel_size_mm,
    spectrum_of,
)
from napari_maxrf.io.formats.bcf._container import MAGIC
from napari_maxrf.io.formats.bcf._header import read_header
from napari_maxrf.io.formats.bcf._pulses import PulseArray
from napari_maxrf.io.formats.bcf._sources import open_sources, rows_of
from napari_maxrf.provenance import ProcessStep

if TYPE_CHECKING:
    from pathlib import Path

    from napari_maxrf.io._format import ReadOptions
    from napari_maxrf.io.formats.bcf._header import Header, SpectrumFacts
    from napari_maxrf.io.formats.bcf._rows import Rows
    from napari_maxrf.io.formats.bcf._sources import Sources

_WALKED_AT_ONCE = 2**29


@dataclass(frozen=True)
class _Detector:
    name: str
    rows: Rows
    axis: EnergyAxis
    facts: dict[str, Any]


def is_bcf(path: Path) -> bool:
    """Look for the signature of the container."""
    try:
        with path.open("rb") as stream:
            return stream.read(len(MAGIC)) == MAGIC
    except OSError:
        return False


def open_bcf(path: Path, options: ReadOptions) -> SpectralCube:
    """Open a file: the sum of its detectors, or one of them.

    Raises
    ------
    FormatError
        The file is damaged, holds no complete row, or has no such detector.
    CalibrationError
        The header states a calibration that makes no sense.
    """
    with reading(path):
        sources = open_sources(path)
        header = read_header(sources.header)
        names = _chosen(path, sources, options.detector)
        detectors = [_detector(path, sources, header, name) for name in names]
        _check_sizes(path, detectors)
        n_rows, warnings = _complete_rows(path, detectors)
    cube = _joined(path, detectors, n_rows)
    facts = {"file": path.name, "format": FORMAT.name, "detectors": list(names)}
    return replace(
        cube,
        detectors=names,
        pixel_size_mm=pixel_size_mm(header),
        metadata={
            "file": str(path),
            "title": header.title,
            "calibration": detectors[0].facts,
            **_metadata(header, spectrum_of(header, names[0])),
            **({"warnings": warnings} if warnings else {}),
        },
        provenance=(ProcessStep("open", {**facts, "energy": cube.energy.to_json()}),),
    )


def _chosen(path: Path, sources: Sources, detector: str | None) -> tuple[str, ...]:
    names = tuple(sources.spectra)
    if detector is None:
        return names
    wanted = detector.removeprefix("SpectrumData").removeprefix("detector_")
    if wanted not in names:
        raise FormatError(
            f"{path.name} has no detector {detector!r}; it has {', '.join(names)}"
            f"{did_you_mean(wanted, names)}"
        )
    return (wanted,)


def _detector(path: Path, sources: Sources, header: Header, name: str) -> _Detector:
    rows = rows_of(sources, name)
    spectrum = spectrum_of(header, name)
    axis, facts = axis_of(spectrum, rows.sizes.n_channels, path.name)
    return _Detector(name, rows, axis, facts)


def _check_sizes(path: Path, detectors: list[_Detector]) -> None:
    first = detectors[0]
    for one in detectors:
        if one.rows.sizes != first.rows.sizes:
            raise FormatError(
                f"{path.name}: detector {one.name} has {_shown(one.rows)}, detector "
                f"{first.name} {_shown(first.rows)}. Open one with detector=..."
            )


def _shown(rows: Rows) -> str:
    sizes = rows.sizes
    return f"{sizes.height} x {sizes.width} pixels of {sizes.n_channels} channels"


def _complete_rows(path: Path, detectors: list[_Detector]) -> tuple[int, list[str]]:
    """Walk what is small or cut off; return how many rows are whole, and warnings."""
    height, warnings = detectors[0].rows.sizes.height, []
    complete = height
    for one in detectors:
        source = one.rows.source
        if source.readable == source.size and source.effort > _WALKED_AT_ONCE:
            continue
        one.rows.forget_positions()
        try:
            one.rows.find(height)
        except FormatError as error:
            complete = min(complete, one.rows.n_found)
            warnings.append(str(error))
    if not complete:
        raise FormatError(f"{warnings[-1]} {path.name} holds no complete row.")
    if warnings:
        warnings.append(f"Only rows 0 to {complete - 1} of {height} are shown.")
    return complete, warnings


def _joined(path: Path, detectors: list[_Detector], n_rows: int) -> SpectralCube:
    """Add detectors while they are decoded if their axes agree, else by rebinning."""
    first = detectors[0]
    if all(agree(one.axis, first.axis) for one in detectors):
        pulses = PulseArray(tuple(one.rows for one in detectors), n_rows)
        return SpectralCube(pulses.lazy(), first.axis, path.stem)
    cubes = [
        SpectralCube(PulseArray((one.rows,), n_rows).lazy(), one.axis, path.stem)
        for one in detectors
    ]
    counts = summed([on_axis(cube, first.axis) for cube in cubes])
    return replace(cubes[0], counts=counts)


def _metadata(header: Header, spectrum: SpectrumFacts | None) -> dict[str, Any]:
    """Return what the header says of instrument, scan and times."""
    instrument = spectrum.facts if spectrum else {}
    times = instrument.get("hardware", {})
    seconds = {
        f"total_{key}_s": value / 1000
        for key, name in (("live_time", "LifeTime"), ("real_time", "RealTime"))
        if (value := number(times, name) or 0.0) > 0
    }
    return {"instrument": instrument, "scan": header.scan, **seconds}


FORMAT = Format("bcf", "Bruker hypermap", (".bcf",), is_bcf, open_bcf, detectors=True)
