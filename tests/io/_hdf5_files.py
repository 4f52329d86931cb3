"""Write HDF5 files as other programs lay them out, from their documents and code."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np

CHUNKED = {"chunks": True, "compression": "gzip", "compression_opts": 1}


def sample_counts(n_y: int, n_x: int, n_e: int, dtype: str = "u2") -> np.ndarray:
    """Return counts that are different in every row, column and channel."""
    rng = np.random.default_rng(n_y * 1000 + n_x)
    return rng.poisson(3, (n_y, n_x, n_e)).astype(dtype)


def energy_first(counts: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(np.moveaxis(counts, 2, 0))


def write_maps(path: Path, counts: np.ndarray, version: int = 9, **terms) -> Path:
    """MAPS, XRF-Maps: energy first, floats, calibration and energies beside."""
    calibration = np.array([terms.get("offset", -0.1), terms.get("gain", 0.01), 0.0])
    energies = calibration[0] + calibration[1] * np.arange(counts.shape[2])
    n_y, n_x = counts.shape[:2]
    with h5py.File(path, "w") as file:
        if version < 9:
            group = file.create_group("MAPS")
            group["energy"], group["energy_calib"] = energies, calibration
        else:
            group = file.create_group("MAPS/Spectra")
            group["Energy"], group["Energy_Calibration"] = energies, calibration
            group["Elapsed_Livetime"] = np.full((n_y, n_x), 0.5)
            group["Elapsed_Realtime"] = np.full((n_y, n_x), 0.75)
            group["Input_Counts"] = np.full((n_y, n_x), 1200.0)
            group["Output_Counts"] = np.full((n_y, n_x), 1000.0)
            group["Integrated_Spectra/Spectra"] = counts.sum((0, 1), dtype="f8")
        group.create_dataset(
            "mca_arr",
            data=energy_first(counts).astype("f4"),
            chunks=(counts.shape[2], 1, 1),
            compression="gzip",
        )
        file["MAPS/version"] = np.array([float(version)])
        file["MAPS/XRF_roi"] = np.zeros((30, n_y, n_x), "f4")
    return path


def write_maps_raw(path: Path, *detectors: np.ndarray) -> Path:
    """MAPS before its fit: a dataset for each detector, planes for all in one."""
    shape = (len(detectors), *detectors[0].shape[:2])
    with h5py.File(path, "w") as file:
        group = file.create_group("MAPS_RAW")
        for letter, counts in zip("abcdefgh", detectors, strict=False):
            group.create_dataset(f"data_{letter}", data=energy_first(counts), **CHUNKED)
        scale = np.arange(1, shape[0] + 1, dtype="f4")[:, None, None]
        for name, value in (("livetime", 0.25), ("realtime", 0.5)):
            group[name] = (np.full(shape, value, "f4") * scale).astype("f4")
        group["inputcounts"] = np.full(shape, 400, "f4")
        group["ouputcounts"] = np.full(shape, 390, "f4")
    return path


def write_pyxrf(path: Path, *detectors: np.ndarray, with_sum: bool = True) -> Path:
    """PyXRF: groups det1, det2, ... and their sum, no calibration."""
    n_y, n_x = detectors[0].shape[:2]
    with h5py.File(path, "w") as file:
        root = file.create_group("xrfmap")
        for number, counts in enumerate(detectors, 1):
            root.create_dataset(f"det{number}/counts", data=counts, **CHUNKED)
            root[f"det{number}/counts"].attrs["comments"] = f"channel {number}"
        if with_sum:
            total = np.sum(detectors, axis=0, dtype="f4")
            root.create_dataset("detsum/counts", data=total, **CHUNKED)
        root["positions/name"] = np.array([b"x_pos", b"y_pos"])
        root["positions/pos"] = np.zeros((2, n_y, n_x))
        root["scalers/name"] = np.array([b"i0"])
        root["scalers/val"] = np.ones((n_y, n_x, 1))
        about = root.create_group("scan_metadata").attrs
        about["scan_id"], about["instrument_mono_incident_energy"] = 96, 12.0
        about["scan_instrument_id"] = "SRX"
    return path


def write_larch(path: Path, *detectors: np.ndarray, version: int = 2) -> Path:
    """Larch: groups for detectors, a corrected sum in 16 bits, times in us."""
    root_name, single, total = {
        1: ("xrfmap", "det", "detsum"),
        2: ("xrmmap", "mca", "mcasum"),
    }[version]
    n_y, n_x, n_e = detectors[0].shape
    with h5py.File(path, "w") as file:
        root = file.create_group(root_name)
        root.attrs.update(Version=f"{version}.0.1", Beamline="GSECARS, 13-IDE / APS")
        root.attrs["Start_Time"] = "2018-03-01 10:00:00"
        root["roimap/mcasum/Fe/raw"] = np.zeros((n_y, n_x), "i2")
        calibration = root.create_group("config/mca_calib")
        numbers = np.arange(len(detectors))
        calibration["offset"] = 0.01 * numbers
        calibration["slope"] = np.full(numbers.size, 0.01)
        calibration["quad"] = np.zeros(numbers.size)
        for index, counts in enumerate(detectors):
            group = root.create_group(f"{single}{index + 1}")
            group.attrs["type"] = "mca detector"
            group["energy"] = 0.01 * index + 0.01 * np.arange(n_e)
            group.create_dataset("counts", data=counts.astype("i2"), **CHUNKED)
            group["livetime"] = np.full((n_y, n_x), 80_000 + 20_000 * index)
            group["realtime"] = np.full((n_y, n_x), 100_000)
            group["dtfactor"] = np.full((n_y, n_x), 1.25, "f4")
            group["inpcounts"] = np.full((n_y, n_x), 5000, "f4")
            group["outcounts"] = np.full((n_y, n_x), 4000, "f4")
        corrected = 1.25 * np.sum(detectors, axis=0, dtype="f8")
        root.create_dataset(f"{total}/counts", data=corrected.astype("i2"), **CHUNKED)
        root[f"{total}/energy"] = 0.01 * np.arange(n_e)
    return path


def write_pymca(path: Path, *detectors: np.ndarray, nexus: bool = True) -> Path:
    """The recipe in the documents of PyMca, plain or with NeXus attributes."""
    n_y, n_x, n_e = detectors[0].shape
    with h5py.File(path, "w") as file:
        for index, counts in enumerate(detectors):
            name = f"/mca_{index}"
            if nexus:
                name = f"/entry/instrument/detector_{index:02d}"
            file.create_dataset(f"{name}/data", data=counts, **CHUNKED)
            file[f"{name}/channels"] = np.arange(n_e)
            file[f"{name}/calibration"] = np.array([-0.5, 0.02, 1e-7])
            file[f"{name}/live_time"] = np.linspace(1, 2, n_y * n_x)
            if nexus:
                file[f"{name}/data"].attrs["interpretation"] = "spectrum"
                file[name].attrs["NX_class"] = "NXdetector"
        if nexus:
            file["/entry"].attrs.update(NX_class="NXentry", default="measurement")
            plot = file.create_group("/entry/measurement")
            plot.attrs.update(NX_class="NXdata", signal="data")
            plot["data"] = h5py.SoftLink("/entry/instrument/detector_00/data")
    return path


def write_xismus(path: Path, counts: np.ndarray) -> Path:
    """XISMuS: one dataset, pairs of channel and energy at the root."""
    with h5py.File(path, "w") as file:
        file["dataset_1"] = counts.astype("i4")
        file.attrs.create("datatypes", 0, dtype=np.int32)
        pairs = [[100, 3.0], [200, 6.0], [300, 9.0]]
        file.attrs.create("calibration", pairs, dtype=np.float32)
    return path


def write_groups(path: Path, *detectors: np.ndarray) -> Path:
    """A group for each detector, with pairs of calibration at the root."""
    with h5py.File(path, "w") as file:
        for index, counts in enumerate(detectors):
            group = file.create_group(f"detector_{10264 + index}")
            group.create_dataset("counts", data=counts, **CHUNKED)
            group["real_time_s"] = np.full(counts.shape[:2], 3.0, "f4")
        file["calibration_channel"] = [50.0, 100.0, 250.0]
        file["calibration_keV"] = [1.0, 2.0, 5.0]
    return path
