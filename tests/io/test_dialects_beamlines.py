"""HDF5 of the beamline programs MAPS, PyXRF and Larch, and of XISMuS."""

from __future__ import annotations

import shutil

import h5py
import numpy as np
import pytest
from _hdf5_files import (
    energy_first,
    sample_counts,
    write_larch,
    write_maps,
    write_maps_raw,
    write_pyxrf,
    write_xismus,
)

from napari_maxrf.errors import CalibrationError, FormatError
from napari_maxrf.io import ReadOptions, describe, open_cube, recognise

COUNTS = sample_counts(4, 3, 256)
OTHERS = sample_counts(4, 3, 256) + np.uint16(1)


class TestMaps:
    @pytest.mark.parametrize("version", [8, 9])
    def test_counts_and_energies_are_found(self, tmp_path, version):
        path = write_maps(tmp_path / "scan.h5", COUNTS, version)
        cube = open_cube(path)
        assert recognise(path) == "hdf5-maps"
        np.testing.assert_array_equal(cube.counts, COUNTS)
        assert (cube.energy.offset_kev, cube.energy.gain_kev) == (-0.1, 0.01)
        assert cube.energy.source == "file"

    def test_times_and_rates_are_kept(self, tmp_path):
        cube = open_cube(write_maps(tmp_path / "scan.h5", COUNTS))
        assert (cube.live_time_s == 0.5).all()
        assert (cube.maps["real_time_s"] == 0.75).all()
        assert cube.metadata["header"]["input_counts"]["median"] == 1200

    def test_a_calibration_that_nobody_set_falls_back_to_the_energies(self, tmp_path):
        path = write_maps(tmp_path / "scan.h5", COUNTS)
        with h5py.File(path, "a") as file:
            file["MAPS/Spectra/Energy_Calibration"][...] = 0
        cube = open_cube(path)
        assert cube.energy.gain_kev == pytest.approx(0.01)
        assert cube.metadata["calibration"]["vector"] == "/MAPS/Spectra/Energy"

    def test_times_of_zero_are_unknown(self, tmp_path):
        path = write_maps(tmp_path / "scan.h5", COUNTS)
        with h5py.File(path, "a") as file:
            file["MAPS/Spectra/Elapsed_Livetime"][...] = 0
            file["MAPS/Spectra/Elapsed_Realtime"][0] = -1
            file["MAPS/Spectra/Elapsed_Realtime"][1, 1] = np.nan
        cube = open_cube(path)
        assert cube.live_time_s is None
        assert describe(path)["live_time_s"] is None
        real = cube.maps["real_time_s"]
        assert (real[0] == 0).all()
        assert real[1].tolist() == [0.75, 0, 0.75]
        assert cube.metadata["header"]["real_time_s"]["min"] == 0.75


class TestMapsRaw:
    def test_detectors_are_added_in_a_wider_type(self, tmp_path):
        full = np.full((2, 3, 256), 32767, "i2")
        path = write_maps_raw(tmp_path / "scan.h5", full, full, full)
        cube = open_cube(path)
        assert recognise(path) == "hdf5-maps-raw"
        assert cube.counts.dtype == np.int32
        assert (cube.counts.compute() == 3 * 32767).all()
        assert cube.detectors == ("a", "b", "c")

    def test_negative_counts_stay_as_they_are(self, tmp_path):
        below = COUNTS.astype("i2") - 2
        assert below.min() < 0
        path = write_maps_raw(tmp_path / "scan.h5", below, below)
        np.testing.assert_array_equal(open_cube(path, "a").counts, below)
        np.testing.assert_array_equal(open_cube(path).counts, 2 * below.astype(int))

    def test_each_detector_has_its_own_times(self, tmp_path):
        path = write_maps_raw(tmp_path / "scan.h5", COUNTS, OTHERS)
        assert (open_cube(path, "data_b").live_time_s == 0.5).all()
        both = open_cube(path)
        assert (both.live_time_s == 0.375).all()
        about = both.metadata["header"]["detectors"]
        assert about["b"]["real_time_s"]["median"] == 1.0
        assert about["a"]["output_counts"]["median"] == 390

    def test_without_the_fit_of_maps_the_range_is_assumed(self, tmp_path):
        cube = open_cube(write_maps_raw(tmp_path / "scan.h5", COUNTS))
        assert cube.energy.source == "assumed"

    def test_a_fit_for_one_detector_moves_it_to_the_first(self, tmp_path):
        path = write_maps_raw(tmp_path / "scan.h5", 0 * COUNTS, COUNTS)
        fit = "CAL_OFFSET_[E_OFFSET]: 0\nCAL_SLOPE_[E_LINEAR]: {}\n"
        for index, gain in enumerate((0.02, 0.01)):
            name = f"maps_fit_parameters_override.txt{index}"
            (tmp_path / name).write_text(fit.format(gain))
        cube = open_cube(path)
        assert cube.energy.gain_kev == pytest.approx(0.02)
        moved = cube.counts.compute()[:, :, 1:120].sum()
        inner = COUNTS[:, :, 2:239].sum() + COUNTS[:, :, [1, 239]].sum() / 2
        assert moved == pytest.approx(inner, rel=1e-4)


class TestRealApsScan:
    @pytest.fixture
    def aps(self, shared_cubes):
        path = shared_cubes / "aps_2idE" / "2xfm_0011_2xfm3__0.h5"
        if not path.is_file():
            pytest.skip("needs ../shared/data/cubes/aps_2idE, which is not here")
        return path

    def test_the_sum_of_four_detectors_has_all_counts(self, aps):
        cube = open_cube(aps)
        assert recognise(aps) == "hdf5-maps-raw"
        assert cube.shape == (11, 9, 2048)
        assert cube.detectors == ("a", "b", "c", "d")
        # sums of data_a to data_d, read by h5py alone
        assert int(cube.counts.sum().compute()) == 100_311 + 96_080 + 48_479 + 50_482

    @pytest.mark.parametrize("letter", "abcd")
    def test_each_detector_equals_what_h5py_reads(self, aps, letter):
        with h5py.File(aps) as file:
            expected = np.moveaxis(file[f"MAPS_RAW/data_{letter}"][...], 0, 2)
            live = file["MAPS_RAW/livetime"]["abcd".index(letter)]
        cube = open_cube(aps, detector=letter)
        np.testing.assert_array_equal(cube.counts.compute(), expected)
        np.testing.assert_array_equal(cube.live_time_s, live)
        mean = describe(aps, options=ReadOptions(detector=letter))["live_time_s"]
        assert mean == pytest.approx(live[live > 0].mean(dtype=float))
        assert cube.counts.dtype == np.int16

    def test_the_fit_in_the_same_folder_is_its_calibration(self, aps, tmp_path):
        cube = open_cube(aps)
        assert cube.energy.offset_kev == pytest.approx(-0.0041840752)
        assert cube.energy.gain_kev == pytest.approx(0.0095216077)
        source = cube.metadata["calibration"]["coefficients"]
        assert source == "maps_fit_parameters_override.txt"
        alone = shutil.copy(aps, tmp_path)
        assert open_cube(alone).energy.source == "assumed"

    def test_input_counts_agree_with_the_spectra(self, aps):
        """All pulses that were put out lie in the spectra, but for the cut ends."""
        cube = open_cube(aps, detector="a")
        about = cube.metadata["header"]
        counted = np.median(cube.counts.sum(axis=2).compute())
        assert counted == pytest.approx(about["output_counts"]["median"], rel=0.02)
        assert about["input_counts"]["median"] >= about["output_counts"]["median"]


class TestPyxrf:
    def test_the_sum_in_the_file_is_opened(self, tmp_path):
        path = write_pyxrf(tmp_path / "scan2D_96.h5", COUNTS, OTHERS)
        cube = open_cube(path)
        assert recognise(path) == "hdf5-pyxrf"
        np.testing.assert_array_equal(cube.counts, COUNTS + OTHERS)
        assert cube.detectors == ("det1", "det2")
        assert cube.provenance[0].parameters["datasets"] == ["/xrfmap/detsum/counts"]

    @pytest.mark.parametrize("with_sum", [True, False])
    def test_each_detector_can_be_asked_for(self, tmp_path, with_sum):
        path = write_pyxrf(tmp_path / "s.h5", COUNTS, OTHERS, with_sum=with_sum)
        np.testing.assert_array_equal(open_cube(path, "det2").counts, OTHERS)
        total = open_cube(path).counts.compute()
        np.testing.assert_array_equal(total, COUNTS.astype(int) + OTHERS)
        with pytest.raises(FormatError, match=r"no detector det3; .*det1, det2"):
            open_cube(path, "det3")

    def test_ten_ev_a_channel_are_assumed(self, tmp_path):
        cube = open_cube(write_pyxrf(tmp_path / "scan.h5", COUNTS))
        assert (cube.energy.offset_kev, cube.energy.gain_kev) == (0.0, 0.01)
        assert cube.energy.source == "assumed"
        assert "Calibrate" in cube.metadata["calibration"]["note"]

    def test_facts_of_the_scan_are_plain_values(self, tmp_path):
        cube = open_cube(write_pyxrf(tmp_path / "scan.h5", COUNTS))
        assert cube.metadata["header"] == {
            "instrument_mono_incident_energy": 12.0,
            "scan_id": 96,
            "scan_instrument_id": "SRX",
        }


class TestLarch:
    @pytest.mark.parametrize("version", [1, 2])
    def test_single_detectors_are_added_not_the_corrected_sum(self, tmp_path, version):
        path = write_larch(tmp_path / "map.h5", COUNTS, OTHERS, version=version)
        cube = open_cube(path)
        assert recognise(path) == "hdf5-larch"
        np.testing.assert_array_equal(cube.counts, COUNTS.astype(int) + OTHERS)
        assert cube.counts.dtype == np.int32
        assert len(cube.detectors) == 2

    def test_the_sum_of_the_program_can_be_asked_for(self, tmp_path):
        path = write_larch(tmp_path / "map.h5", COUNTS, OTHERS)
        expected = (1.25 * (COUNTS.astype(int) + OTHERS)).astype("i2")
        np.testing.assert_array_equal(open_cube(path, "mcasum").counts, expected)

    def test_a_file_with_nothing_but_the_sum_is_opened_with_a_warning(self, tmp_path):
        path = write_larch(tmp_path / "map.h5", COUNTS)
        with h5py.File(path, "a") as file:
            del file["xrmmap/mca1"]
        cube = open_cube(path)
        assert "no raw counts" in cube.metadata["warnings"][0]

    def test_times_are_in_microseconds(self, tmp_path):
        path = write_larch(tmp_path / "map.h5", COUNTS, OTHERS)
        assert open_cube(path, "mca2").live_time_s == pytest.approx(0.1)
        cube = open_cube(path)
        assert cube.live_time_s == pytest.approx(0.09)
        assert cube.maps["dead_time_factor"] == pytest.approx(1.25)
        assert cube.maps["real_time_s"] == pytest.approx(0.1)

    def test_detectors_keep_their_own_calibration(self, tmp_path):
        path = write_larch(tmp_path / "map.h5", COUNTS, OTHERS)
        assert open_cube(path, "mca2").energy.offset_kev == pytest.approx(0.01)
        with h5py.File(path, "a") as file:
            del file["xrmmap/config/mca_calib"]
        cube = open_cube(path, "mca2")
        assert cube.energy.offset_kev == pytest.approx(0.01)
        assert cube.metadata["calibration"]["vector"] == "/xrmmap/mca2/energy"

    def test_detectors_are_sorted_by_number(self, tmp_path):
        path = write_larch(tmp_path / "map.h5", *[COUNTS] * 11)
        assert open_cube(path).detectors[-2:] == ("mca10", "mca11")


class TestXismus:
    def test_pairs_at_the_root_are_the_calibration(self, tmp_path):
        path = write_xismus(tmp_path / "scan.h5", COUNTS)
        cube = open_cube(path)
        assert recognise(path) == "hdf5-xismus"
        np.testing.assert_array_equal(cube.counts, COUNTS)
        assert cube.energy.gain_kev == pytest.approx(0.03)

    def test_a_missing_calibration_is_no_error(self, tmp_path):
        path = write_xismus(tmp_path / "scan.h5", COUNTS)
        with h5py.File(path, "a") as file:
            del file.attrs["calibration"]
        assert open_cube(path).energy.source == "assumed"


def test_what_the_user_says_comes_before_the_file(tmp_path):
    path = write_maps(tmp_path / "scan.h5", COUNTS, gain=50.0)
    with h5py.File(path, "a") as file:
        file["MAPS/Spectra/Energy_Calibration"][...] = [0, -3, 0]
    with pytest.raises(CalibrationError, match=r"scan\.h5: Gain -3"):
        open_cube(path)
    told = ReadOptions(offset_kev=0.0, gain_kev=0.02)
    assert open_cube(path, options=told).energy.gain_kev == 0.02


def test_pixel_axes_are_turned_with_their_planes(tmp_path):
    path = write_maps(tmp_path / "scan.h5", COUNTS)
    times = np.arange(1, 13, dtype=float).reshape(4, 3)
    with h5py.File(path, "a") as file:
        file["MAPS/Spectra/Elapsed_Livetime"][...] = times
    cube = open_cube(path, options=ReadOptions(axes="exy"))
    np.testing.assert_array_equal(cube.live_time_s, times.T)
    np.testing.assert_array_equal(cube.counts, COUNTS.transpose(1, 0, 2))


def test_any_dataset_can_be_named_in_a_known_file(tmp_path):
    path = write_pyxrf(tmp_path / "scan.h5", COUNTS, OTHERS)
    cube = open_cube(path, options=ReadOptions(dataset="xrfmap/det1/counts"))
    np.testing.assert_array_equal(cube.counts, COUNTS)


def test_a_dataset_with_energy_first_is_read_in_whole_chunks(tmp_path):
    path = tmp_path / "scan.h5"
    with h5py.File(path, "w") as file:
        file.create_dataset(
            "MAPS/mca_arr", data=energy_first(COUNTS), chunks=(256, 1, 3)
        )
    assert open_cube(path).counts.chunksize == (4, 3, 256)
