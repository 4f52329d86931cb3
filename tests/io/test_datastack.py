"""maxrf4u datastacks: the latest cube, its energies, and a word on smoothing."""

from __future__ import annotations

import numpy as np
import pytest

from napari_maxrf.errors import CalibrationError, FormatError
from napari_maxrf.io import ReadOptions, describe, open_cube, recognise

zarr = pytest.importorskip("zarr", reason="needs the zarr package")

SPECTRA = np.random.default_rng(6).gamma(2, 3, (4, 5, 300)).astype(np.float32)
ENERGIES = -0.956 + 0.01 * np.arange(300)


def write(path, **arrays):
    """Write as maxrf4u does: a zip store with one array for each product."""
    store = zarr.storage.ZipStore(path, mode="w")
    for name, values in arrays.items():
        zarr.create_array(store, name=name, data=np.asarray(values))
    store.close()
    return path


def datastack(path, **more):
    products = {
        "maxrf_cube": SPECTRA,
        "maxrf_maxspectrum": SPECTRA.max((0, 1)),
        "maxrf_sumspectrum": SPECTRA.mean((0, 1)),
        "maxrf_energies": ENERGIES,
    }
    return write(path, **{**products, **more})


def test_cube_and_energies_come_with_a_warning(tmp_path):
    path = datastack(tmp_path / "scan.datastack")
    assert recognise(path) == "datastack"
    cube = open_cube(path)
    np.testing.assert_array_equal(cube.counts.compute(), SPECTRA)
    assert (cube.energy.offset_kev, cube.energy.gain_kev) == pytest.approx(
        (-0.956, 0.01)
    )
    assert cube.energy.source == "file"
    assert "the raw counts are lost" in cube.metadata["warnings"][0]
    assert describe(path)["warnings"] == cube.metadata["warnings"]


def test_the_latest_of_several_cubes_is_opened(tmp_path):
    later = SPECTRA + 1
    path = datastack(tmp_path / "a.datastack", maxrf_cube_=SPECTRA, maxrf_cube__=later)
    cube = open_cube(path)
    np.testing.assert_array_equal(cube.counts.compute(), later)
    assert cube.provenance[0].parameters["dataset"] == "maxrf_cube__"


def test_another_array_can_be_named_and_a_wrong_name_is_told(tmp_path):
    path = datastack(tmp_path / "a.datastack", maxrf_cube_=SPECTRA + 1)
    cube = open_cube(path, options=ReadOptions(dataset="maxrf_cube"))
    np.testing.assert_array_equal(cube.counts.compute(), SPECTRA)
    with pytest.raises(FormatError, match=r"no array 'maxrf_cub'.*'maxrf_cube"):
        open_cube(path, options=ReadOptions(dataset="maxrf_cub"))


def test_the_content_decides_and_not_the_suffix(tmp_path):
    assert recognise(datastack(tmp_path / "scan.zip")) == "datastack"
    other = write(tmp_path / "b.datastack", cube=SPECTRA)
    assert recognise(other) == "zarr"


def test_senseless_energies_are_refused(tmp_path):
    path = datastack(tmp_path / "a.datastack", maxrf_energies=ENERGIES * 0)
    with pytest.raises(CalibrationError, match="not usable"):
        open_cube(path)


def test_a_cut_file_is_refused(tmp_path):
    path = datastack(tmp_path / "a.datastack")
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(FormatError, match="a zip archive, not a datacube"):
        open_cube(path)
