"""Damage scans at random and see that every reader only ever complains.

    python benchmarks/fuzz_cubes.py [--files 10000] [--seed 0] [--only bcf]

Each file must open and be read, or be refused with a `MaxrfError` of one line. The
process may not use more than a few GiB of address space, and a file that takes more
than ten seconds ends the run with a traceback of where it hung. The exit status is 1
if anything else was raised; the damaged files are then left in the current folder.

A format is one function in `SAMPLES`: it writes a valid scan into a folder and
returns the path to open. All files in the folder are damaged in turn.
"""

from __future__ import annotations

import argparse
import faulthandler
import resource
import shutil
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import dask
import numpy as np

from napari_maxrf.errors import MaxrfError
from napari_maxrf.io import MAP_FORMATS, open_cube, recognise_maps

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "io"))
import _hdf5_files as hdf5
from _bcf_files import Bcf, sample_counts
from _bcf_files import mutated as damaged_numbers
from _spectra_files import mutated as damaged_text
from test_datastack import write as write_datastack
from test_edf import frame, write_series
from test_envi import header_text as envi_header
from test_envi import write_pair as write_envi
from test_map_files import WRITERS
from test_mda import mda as mda_content
from test_pixel_files import write_scan, zipped
from test_ripple import ESPRIT
from test_ripple import write_pair as write_ripple
from test_tiff import write as write_tiff
from test_zarr import write as write_zarr

HANGING_S = 10
MOST_BYTES = 6 * 2**30
WAYS = (damaged_numbers, damaged_text)
COUNTS = sample_counts(12, 10, 64)

SAMPLES: dict[str, Callable[[Path], Path]] = {}

MAPS = {one.name: one for one in MAP_FORMATS}
"""A file of maps is called like its format."""


def sample(write: Callable[[Path], Path]) -> Callable[[Path], Path]:
    """Put a function into `SAMPLES`, under its name."""
    SAMPLES[write.__name__] = write
    return write


@sample
def bcf(folder: Path) -> Path:
    path = folder / "scan.bcf"
    how = Bcf((COUNTS, COUNTS), packings=(0, 1, 2, 3), chunk=256, scattered=True)
    path.write_bytes(how.content())
    return path


@sample
def bcf_packed(folder: Path) -> Path:
    path = folder / "scan.bcf"
    path.write_bytes(Bcf((COUNTS,), (1, 2), block=2000, positions=True).content())
    return path


@sample
def mda(folder: Path) -> Path:
    path = folder / "scan.mda"
    counts = np.random.default_rng(0).poisson(3, (3, 3, 2, 128))
    extras = {"dxp:mca1.CALO": 0.0, "dxp:mca1.CALS": 0.01}
    path.write_bytes(mda_content(counts, extras=extras))
    return path


@sample
def edf_series(folder: Path) -> Path:
    return write_series(folder)


@sample
def edf_frames(folder: Path) -> Path:
    path = folder / "scan.edf"
    rows = np.random.default_rng(0).integers(0, 99, (3, 4, 256)).astype(">u4")
    path.write_bytes(b"".join(frame(row, ">") for row in rows))
    return path


@sample
def edf_solid(folder: Path) -> Path:
    path = folder / "scan.edf"
    path.write_bytes(frame(np.ones((3, 4, 256), np.uint16)))
    return path


@sample
def pixel_folder(folder: Path) -> Path:
    return write_scan(folder)


@sample
def pixel_zip(folder: Path) -> Path:
    path = zipped(write_scan(folder / "files"))
    shutil.rmtree(folder / "files")
    return path


SCAN = np.random.default_rng(0).integers(0, 99, (3, 5, 256)).astype(np.uint16)
PAGES = np.ascontiguousarray(np.moveaxis(SCAN, 2, 0))


@sample
def ripple(folder: Path) -> Path:
    return write_ripple(folder, ESPRIT.replace("depth 16", "depth 256"), SCAN[:, :4])


@sample
def envi(folder: Path) -> Path:
    energies = ", ".join(f"{0.02 * n:.2f}" for n in range(256))
    more = f"wavelength units = keV\nwavelength = {{{energies}}}\n"
    return write_envi(folder, envi_header(SCAN.shape, more=more), SCAN)


@sample
def npy(folder: Path) -> Path:
    np.save(folder / "scan.npy", SCAN)
    return folder / "scan.npy"


@sample
def npz_plain(folder: Path) -> Path:
    np.savez(folder / "scan.npz", counts=SCAN, energy=0.02 * np.arange(256))
    return folder / "scan.npz"


@sample
def npz_packed(folder: Path) -> Path:
    np.savez_compressed(folder / "scan.npz", counts=SCAN, energy=0.02 * np.arange(256))
    return folder / "scan.npz"


@sample
def tiff_plain(folder: Path) -> Path:
    return write_tiff(folder / "scan.tif", PAGES)


@sample
def tiff_packed(folder: Path) -> Path:
    return write_tiff(folder / "scan.tif", PAGES, compression="zlib", predictor=True)


@sample
def tiff_imagej(folder: Path) -> Path:
    axes = {"axes": "CYX", "unit": "mm"}
    return write_tiff(folder / "scan.tif", PAGES, imagej=True, metadata=axes)


@sample
def zarr_folder(folder: Path) -> Path:
    return write_zarr(folder / "scan.zarr", SCAN, 3, chunks=(3, 5, 128))


@sample
def zarr_zip(folder: Path) -> Path:
    return write_zarr(folder / "scan.zip", SCAN, 2, chunks=(3, 5, 128))


@sample
def datastack(folder: Path) -> Path:
    arrays = {"maxrf_cube": SCAN, "maxrf_energies": 0.02 * np.arange(256)}
    return write_datastack(folder / "scan.datastack", **arrays)


def hdf5_of(write: Callable[..., Path], n_detectors: int) -> Callable[[Path], Path]:
    """Return the function that writes HDF5 as another program does."""

    def write_sample(folder: Path) -> Path:
        return write(folder / "scan.h5", *[SCAN] * n_detectors)

    return write_sample


SAMPLES |= {
    "hdf5_maps": hdf5_of(hdf5.write_maps, 1),
    "hdf5_maps_raw": hdf5_of(hdf5.write_maps_raw, 2),
    "hdf5_pyxrf": hdf5_of(hdf5.write_pyxrf, 2),
    "hdf5_larch": hdf5_of(hdf5.write_larch, 2),
    "hdf5_pymca": hdf5_of(hdf5.write_pymca, 2),
    "hdf5_xismus": hdf5_of(hdf5.write_xismus, 1),
    "hdf5_groups": hdf5_of(hdf5.write_groups, 2),
}


def maps_of(name: str) -> Callable[[Path], Path]:
    """Return the function that writes maps in a format."""

    def write(folder: Path) -> Path:
        WRITERS[name](folder / name)
        return folder / name

    return write


SAMPLES |= {name: maps_of(name) for name in MAPS}


@dataclass
class Result:
    """What became of the damaged files of one format."""

    outcomes: Counter[str] = field(default_factory=Counter)
    slowest_s: float = 0.0
    grown_mib: float = 0.0
    escaped: int = 0


def peak_mib() -> float:
    """Return the peak memory of this process (Linux counts in KiB)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def read_cube(path: Path) -> None:
    """Open a scan and read from it."""
    cube = open_cube(path)
    cube.spectrum(0, 0)
    cube.spectrum(cube.shape[0] - 1, cube.shape[1] // 2)
    if cube.counts.nbytes < 2**24:
        cube.counts.compute()


def read_maps(path: Path) -> None:
    """Ask for the format of maps, then read them, whatever the answer."""
    recognise_maps(path)
    MAPS[path.name].read(path)


def outcome(path: Path) -> str:
    """Open a scan or maps; anything but one line of ours goes up."""
    try:
        read_maps(path) if path.name in MAPS else read_cube(path)
    except MaxrfError as error:
        if "\n" in str(error):
            raise
        return type(error).__name__
    return "opened"


def fuzz(kind: str, n_files: int, seed: int) -> Result:
    """Damage and open `n_files` files of one format."""
    result, rng = Result(), np.random.default_rng([seed, *kind.encode()])
    with tempfile.TemporaryDirectory() as name:
        opened = SAMPLES[kind](Path(name))
        files = sorted(one for one in Path(name).rglob("*") if one.is_file())
        targets = [(path, path.read_bytes()) for path in files]
        if outcome(opened) != "opened":
            raise RuntimeError(f"the sample of {kind} does not open")
        before = peak_mib()
        for _ in range(n_files):
            path, good = targets[rng.integers(len(targets))]
            renew(path, WAYS[rng.integers(len(WAYS))](good, rng))
            attempt(opened, result)
            renew(path, good)
        result.grown_mib = peak_mib() - before
    return result


def renew(path: Path, content: bytes) -> None:
    """Put a new file in the place of another, which HDF5 may still have open."""
    path.unlink()
    path.write_bytes(content)


def attempt(opened: Path, result: Result) -> None:
    """Open once and note what happened; keep a scan that broke a reader."""
    faulthandler.dump_traceback_later(HANGING_S, exit=True)
    start = time.perf_counter()
    try:
        result.outcomes[outcome(opened)] += 1
    except Exception:  # the very thing this script looks for
        result.escaped += 1
        kept = Path(f"escaped-{result.escaped}-{opened.name}")
        shutil.copytree(opened.parent, kept, dirs_exist_ok=True)
        sys.stderr.write(f"{kept}\n{traceback.format_exc()}\n")
    result.slowest_s = max(result.slowest_s, time.perf_counter() - start)
    faulthandler.cancel_dump_traceback_later()


def main() -> int:
    """Run all formats and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", choices=SAMPLES)
    arguments = parser.parse_args()
    dask.config.set(scheduler="synchronous")
    resource.setrlimit(resource.RLIMIT_AS, (MOST_BYTES, MOST_BYTES))
    escaped = 0
    row = "{:<12} {:>7} {:>12} {:>17} {:>8} {:>11} {:>10}\n"
    heads = ("opened", "FormatError", "CalibrationError", "escaped")
    sys.stdout.write(row.format("format", *heads, "slowest ms", "MiB grown"))
    for kind in [arguments.only] if arguments.only else SAMPLES:
        result = fuzz(kind, arguments.files, arguments.seed)
        counts = [result.outcomes[key] for key in heads[:3]]
        others = sum(result.outcomes.values()) - sum(counts)
        counts[1] += others  # UnknownLayoutError is a FormatError
        slowest, grown = f"{1000 * result.slowest_s:.0f}", f"{result.grown_mib:.0f}"
        sys.stdout.write(row.format(kind, *counts, result.escaped, slowest, grown))
        sys.stdout.flush()
        escaped += result.escaped
    return int(escaped > 0)


if __name__ == "__main__":
    sys.exit(main())
