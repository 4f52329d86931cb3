"""Pigment dictionaries of ganX: colours, and HDF5 files with their spectra.

The structure is that of ``PigmentDataBaseUtils`` in ganX 0.0.2 (Bombini et al.,
arXiv:2304.05148)::

    {"LeadWhite": {"xrf": "./infraart_db/XRFSpectrum/MetallicLead.h5",
                   "RGB": [240, 235, 229]}, ...}

ganX opens the paths from wherever Python was started. Here they are looked for
beside the dictionary, then beside its folder (ganX keeps it in ``utils``), then from
the current folder. The spectra are read whole: ganX cuts them to 0.5 to 38.5 keV.
"""

from __future__ import annotations

import json
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, NoReturn

import h5py

from napari_maxrf.errors import FormatError, nearest_name
from napari_maxrf.io._held import reading
from napari_maxrf.io.spectra._hdf5 import read_hdf5
from napari_maxrf.spectrum import MeasuredSpectrum

if TYPE_CHECKING:
    from napari_maxrf.io.spectra._file import SpectrumFile

_KEYS = ("xrf", "RGB")
_MAX_CHARACTERS = 4 * 2**20
_MOST_PIGMENTS = 1000


def is_ganx(file: SpectrumFile) -> bool:
    """Look for a JSON object; `read_ganx` says what it lacks."""
    return file.start.startswith("{")


def read_ganx(file: SpectrumFile) -> tuple[MeasuredSpectrum, ...]:
    """Read the spectra of all pigments of a dictionary, with their colours.

    Raises
    ------
    FormatError
        The JSON is damaged, an entry lacks path or colour, or a file with a
        spectrum is missing, damaged or without counts.
    CalibrationError
        The energies in a file make no sense.
    """
    pigments = _parsed(file)
    if not isinstance(pigments, dict) or not pigments:
        raise FormatError(
            f"{file.name} is JSON, but no pigment dictionary; expected "
            '{"name": {"xrf": "file.h5", "RGB": [r, g, b]}, ...}.'
        )
    if len(pigments) > _MOST_PIGMENTS:
        raise FormatError(f"{file.name} holds more than {_MOST_PIGMENTS} pigments.")
    return tuple(_pigment(file, name, entry) for name, entry in pigments.items())


def _parsed(file: SpectrumFile) -> Any:
    if len(file.text) > _MAX_CHARACTERS:
        raise FormatError(f"{file.name} is too long for a pigment dictionary.")

    def refuse(constant: str) -> NoReturn:
        raise FormatError(f"{file.name} holds {constant}, which is no number in JSON.")

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        seen: dict[str, Any] = {}
        for key, value in pairs:
            if key in seen:
                raise FormatError(f"{file.name} holds {key[:60]!r} twice.")
            seen[key] = value
        return seen

    try:
        return json.loads(file.text, parse_constant=refuse, object_pairs_hook=unique)
    except json.JSONDecodeError as error:
        raise FormatError(
            f"{file.line(error.lineno - 1)}: {error.msg} (column {error.colno})."
        ) from error
    except (ValueError, RecursionError) as error:
        raise FormatError(f"{file.name} is no pigment dictionary: {error}.") from error


def _pigment(file: SpectrumFile, name: str, entry: Any) -> MeasuredSpectrum:
    where = _where(file, name)
    if not isinstance(entry, dict):
        raise FormatError(f"{where}: expected an object with xrf and RGB.")
    for key in _KEYS:
        if key not in entry:
            raise FormatError(f"{where} has no key {key!r}{_instead(key, entry)}.")
    colour = _colour(entry["RGB"], where)
    path = _found(file, entry["xrf"], where)
    spectrum = _spectrum(path, where)
    return MeasuredSpectrum(
        counts=spectrum.counts,
        axis=spectrum.axis,
        name=name,
        source=file.name,
        live_time_s=spectrum.live_time_s,
        metadata={**spectrum.metadata, "xrf": entry["xrf"], "file": str(path)},
        colour=colour,
    )


def _where(file: SpectrumFile, name: str) -> str:
    """Name an entry and the line that its key stands in."""
    position = file.text.find(json.dumps(name, ensure_ascii=False))
    line = file.line_of(position) if position >= 0 else file.name
    return f"{line}: pigment {name[:60]!r}"


def _instead(key: str, entry: dict[str, Any]) -> str:
    near = nearest_name(key, entry)
    return f"; is {near[:60]!r} meant to be it?" if near else ""


def _colour(value: Any, where: str) -> tuple[int, int, int]:
    """Read three numbers from 0 to 255, which ganX divides by 255."""
    numbers = isinstance(value, list) and all(
        isinstance(part, (int, float))
        and not isinstance(part, bool)
        and 0 <= part <= 255
        for part in value
    )
    if not numbers or len(value) != 3:
        raise FormatError(
            f"{where}: RGB is {str(value)[:60]}; expected three numbers, 0 to 255."
        )
    red, green, blue = (round(part) for part in value)
    return red, green, blue


def _found(file: SpectrumFile, stated: Any, where: str) -> Path:
    """Look for the file of a spectrum in the places that it may be meant from."""
    if not isinstance(stated, str) or not stated.strip() or "\0" in stated:
        raise FormatError(f"{where}: xrf must be the path of an HDF5 file.")
    folder = file.path.resolve().parent
    for start in (folder, folder.parent, Path.cwd()):
        for path in (start / stated, start / PurePosixPath(stated.replace("\\", "/"))):
            if _is_file(path):
                return path
    raise FormatError(
        f"{where}: there is no file {stated[:200]!r} in {folder}, in the folder above "
        "or in the current folder. Copy it beside the dictionary."
    )


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:
        return False


def _spectrum(path: Path, where: str) -> MeasuredSpectrum:
    with reading(path):
        known = h5py.is_hdf5(path)
    if not known:
        raise FormatError(f"{where}: {path.name} is not HDF5, as ganX expects.")
    spectra = read_hdf5(path)
    if len(spectra) != 1:
        names = ", ".join(spectrum.name for spectrum in spectra[:20])
        raise FormatError(
            f"{where}: {path.name} holds {len(spectra)} spectra ({names}); expected x "
            "and y only."
        )
    if not spectra[0].counts.sum() > 0:
        raise FormatError(f"{where}: the spectrum in {path.name} has no counts.")
    return spectra[0]
