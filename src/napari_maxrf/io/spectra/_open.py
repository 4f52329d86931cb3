"""The table of spectrum formats, and the two functions that use it.

A file is known by its content. Text that fits no other format is read as columns of
numbers, which is also where the message for any other text comes from.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import h5py

from napari_maxrf.errors import FormatError, did_you_mean
from napari_maxrf.io.spectra._amptek import is_amptek, read_amptek
from napari_maxrf.io.spectra._columns import is_columns, read_columns
from napari_maxrf.io.spectra._emsa import is_emsa, read_emsa
from napari_maxrf.io.spectra._file import SpectrumFile, read_text
from napari_maxrf.io.spectra._ganx import is_ganx, read_ganx
from napari_maxrf.io.spectra._gse import is_gse, read_gse
from napari_maxrf.io.spectra._hdf5 import read_hdf5
from napari_maxrf.io.spectra._spe import is_spe, read_spe
from napari_maxrf.io.spectra._spx import is_spx, read_spx

if TYPE_CHECKING:
    import os
    from collections.abc import Callable

    from napari_maxrf.spectrum import MeasuredSpectrum

_PICKLE = tuple(bytes([0x80, protocol]) for protocol in range(2, 6))
_FOREIGN = {
    b"\x89PNG": "a PNG picture",
    b"\xff\xd8\xff": "a JPEG picture",
    b"II*\0": "a TIFF picture",
    b"MM\0*": "a TIFF picture",
    b"%PDF": "a PDF document",
    b"PK\x03\x04": "a zip archive or an Excel sheet",
    b"\x1f\x8b": "a gzip archive",
    b"\x93NUMPY": "a NumPy array",
    b"AAMVHFSS": "a Bruker .bcf datacube",
    b"\xd0\xcf\x11\xe0": "an old Excel or Office file",
}


@dataclass(frozen=True)
class SpectrumFormat:
    """A format and its reader.

    Attributes
    ----------
    name : str
        As ``metadata["format"]`` holds it.
    label : str
        As users call it.
    suffixes : tuple of str
        Usual endings of the file name; the content decides.
    matches : callable
        Tells by the text whether a file is of this format.
    read : callable
        Reads the spectra of a file that matches.
    """

    name: str
    label: str
    suffixes: tuple[str, ...]
    matches: Callable[[SpectrumFile], bool]
    read: Callable[[SpectrumFile], tuple[MeasuredSpectrum, ...]]


SPECTRUM_FORMATS = (
    SpectrumFormat(
        "hdf5",
        "HDF5 with x and y",
        (".h5", ".hdf5"),
        lambda file: not file.text,
        lambda file: read_hdf5(file.path),
    ),
    SpectrumFormat("spx", "Bruker spectrum", (".spx",), is_spx, read_spx),
    SpectrumFormat("ganx", "ganX pigment dictionary", (".json",), is_ganx, read_ganx),
    SpectrumFormat("emsa", "EMSA/MSA", (".msa", ".emsa", ".txt"), is_emsa, read_emsa),
    SpectrumFormat("amptek", "Amptek MCA", (".mca",), is_amptek, read_amptek),
    SpectrumFormat("gse", "GSE multi-detector MCA", (".mca",), is_gse, read_gse),
    SpectrumFormat("spe", "IAEA spectrum", (".spe",), is_spe, read_spe),
    SpectrumFormat(
        "columns",
        "Text in columns",
        (".csv", ".txt", ".dat", ".asc", ".mca"),
        is_columns,
        read_columns,
    ),
)


def open_spectra(path: str | os.PathLike[str]) -> tuple[MeasuredSpectrum, ...]:
    r"""Open all spectra that a file holds.

    Parameters
    ----------
    path : path-like
        A file of one of `SPECTRUM_FORMATS`, whatever its suffix.

    Returns
    -------
    tuple of MeasuredSpectrum
        At least one. A single spectrum is named after its file, several by
        detector, group or pigment. ``metadata`` holds the name of the format
        under ``"format"``. The axis is None where the file holds no calibration.

    Raises
    ------
    FormatError
        The file is missing, a folder, damaged, incomplete, or no spectrum.
    CalibrationError
        The file holds a calibration that makes no sense.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "zinc.csv")
    ...     lines = [f"{channel * 20},{channel}" for channel in range(1, 513)]
    ...     _ = path.write_text("Energy (eV),Counts\n" + "\n".join(lines))
    ...     (zinc,) = open_spectra(path)
    >>> zinc.name, zinc.counts.size, round(zinc.axis.gain_kev, 4)
    ('zinc', 512, 0.02)
    """
    path = Path(path)
    _check_is_file(path)
    return spectra_in(SpectrumFile(path) if _is_hdf5(path) else read_text(path))


def spectra_in(file: SpectrumFile) -> tuple[MeasuredSpectrum, ...]:
    """Read all spectra of a file whose text is there already; see `open_spectra`."""
    chosen = next(kind for kind in SPECTRUM_FORMATS if kind.matches(file))
    return tuple(
        replace(spectrum, metadata={"format": chosen.name, **spectrum.metadata})
        for spectrum in chosen.read(file)
    )


def open_spectrum(
    path: str | os.PathLike[str], name: str | None = None
) -> MeasuredSpectrum:
    """Open the only spectrum of a file, or the one of a name.

    Parameters
    ----------
    path : path-like
        A file of one of `SPECTRUM_FORMATS`.
    name : str, optional
        Which spectrum of a file that holds several.

    Returns
    -------
    MeasuredSpectrum

    Raises
    ------
    FormatError
        As `open_spectra`; or the file holds several and `name` is not given, or
        none of that name. The message lists the names.
    CalibrationError
        As `open_spectra`.
    """
    spectra = open_spectra(path)
    names = [spectrum.name for spectrum in spectra]
    if name is None and len(spectra) == 1:
        return spectra[0]
    if name is None:
        raise FormatError(
            f"{Path(path).name} holds {len(names)} spectra: {_listed(names)}. Name one."
        )
    if name not in names:
        raise FormatError(
            f"{Path(path).name} has no spectrum {name!r}{did_you_mean(name, names)} "
            f"It has {_listed(names)}."
        )
    return spectra[names.index(name)]


def _listed(names: list[str], most: int = 20) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def _check_is_file(path: Path) -> None:
    try:
        if path.is_dir():
            raise FormatError(f"{path} is a folder. Choose a file in it.")
        if not path.is_file():
            there = path.exists()
            raise FormatError(f"{path} {'is no file' if there else 'does not exist'}.")
        with path.open("rb") as stream:
            head = stream.read(16)
    except (OSError, ValueError) as error:
        raise FormatError(f"Cannot read {path}: {error}.") from error
    if head.startswith(_PICKLE):
        raise FormatError(
            f"{path.name} is a Python pickle. Opening it could run code from the file. "
            "Export the spectrum as text (.csv) in the program it comes from."
        )
    for magic, kind in _FOREIGN.items():
        if head.startswith(magic):
            raise FormatError(
                f"{path.name} is {kind}, not a spectrum that can be read."
            )


def _is_hdf5(path: Path) -> bool:
    try:
        return bool(h5py.is_hdf5(path))
    except (OSError, ValueError):
        return False
