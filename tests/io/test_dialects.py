"""HDF5 layouts of other programs, made by hand and as found in real files."""

from __future__ import annotations

import h5py
import numpy as np
import pytest

from napari_maxrf.errors import CalibrationError, FormatError
from napari_maxrf.io import (
    ReadOptions,
    UnknownLayoutError,
    describe,
    open_cube,
    recognise,
    save_cube,
)

RNG = np.random.default_rng(0)
COUNTS = RNG.poisson(5, (6, 5, 300)).astype(np.uint16)


def h5(tmp_path, name="scan.h5", **datasets):
    path = tmp_path / name
    with h5py.File(path, "w") as file:
        for place, values in datasets.items():
            file[place.replace("__", "/")] = values
    return path


def two_detectors(tmp_path, first=COUNTS, second=COUNTS, **more):
    datasets = {
        "detector_a__counts": first,
        "detector_b__counts": second,
        "calibration_channel": [0.0, 100.0, 200.0],
        "calibration_keV": [0.0, 2.0, 4.0],
        **more,
    }
    return h5(tmp_path, **datasets)


class TestDetectors:
    def test_the_sum_of_two_detectors_cannot_wrap(self, tmp_path):
        full = np.full((2, 3, 300), 65535, np.uint16)
        cube = open_cube(two_detectors(tmp_path, full, full))
        assert cube.counts.dtype == np.uint32
        assert (cube.counts.compute() == 131070).all()
        assert cube.detectors == ("a", "b")

    @pytest.mark.parametrize("name", ["b", "detector_b"])
    def test_one_detector_keeps_its_type(self, tmp_path, name):
        cube = open_cube(two_detectors(tmp_path, second=COUNTS + 1), detector=name)
        np.testing.assert_array_equal(cube.counts.compute(), COUNTS + 1)
        assert cube.counts.dtype == np.uint16
        assert cube.detectors == ("b",)

    def test_an_unknown_detector_is_refused_with_the_known_ones(self, tmp_path):
        with pytest.raises(FormatError, match="no detector c; it has a, b"):
            open_cube(two_detectors(tmp_path), detector="c")

    def test_pairs_give_a_line_and_a_note(self, tmp_path):
        cube = open_cube(two_detectors(tmp_path))
        assert cube.energy.gain_kev == pytest.approx(0.02)
        assert cube.energy.offset_kev == pytest.approx(0, abs=1e-9)
        assert cube.energy.source == "file"
        assert "line" in cube.metadata["calibration"]["note"]

    def test_detectors_of_other_sizes_are_not_added(self, tmp_path):
        path = two_detectors(tmp_path, second=COUNTS[:, :4])
        with pytest.raises(FormatError, match=r"b has \(6, 4\) pixels"):
            open_cube(path)
        assert open_cube(path, detector="b").shape == (6, 4, 300)

    def test_a_detector_on_another_axis_is_moved_to_the_first(self, tmp_path):
        more = {
            "detector_b__calibration_channel": [0.0, 200.0],
            "detector_b__calibration_keV": [0.0, 2.0],
        }
        empty = np.zeros_like(COUNTS)
        cube = open_cube(two_detectors(tmp_path, empty, COUNTS, **more))
        assert cube.energy.gain_kev == pytest.approx(0.02)
        moved = cube.counts.compute()
        inner = moved[:, :, 1:140].sum()  # two channels of b make one of a
        expected = COUNTS[:, :, 2:279].sum() + COUNTS[:, :, [1, 279]].sum() / 2
        assert inner == pytest.approx(expected, rel=1e-4)

    def test_real_time_is_no_live_time(self, tmp_path):
        time = np.full((6, 5), 3.0, np.float32)
        more = {"detector_a__real_time_s": time, "detector_b__real_time_s": time}
        cube = open_cube(two_detectors(tmp_path, **more))
        assert cube.live_time_s is None
        facts = cube.metadata["header"]["detectors"]["b"]
        assert facts["real_time_s"] == {"median": 3.0, "min": 3.0, "max": 3.0}
        np.testing.assert_array_equal(cube.maps["real_time_s"], time)

    @pytest.mark.parametrize(
        "pairs", [([5.0], [6.4]), ([5.0, 5.0], [1.0, 2.0]), ([1.0, 2.0], [5.0, 4.0])]
    )
    def test_senseless_pairs_are_refused(self, tmp_path, pairs):
        channels, energies = pairs
        path = two_detectors(
            tmp_path, calibration_channel=channels, calibration_keV=energies
        )
        with pytest.raises(CalibrationError):
            open_cube(path)


class TestRealScan:
    def test_prova1_is_known_by_its_content(self, prova1):
        assert recognise(prova1) == "hdf5-detectors"
        facts = describe(prova1)
        assert facts["shape"] == [60, 120, 1024]
        assert facts["detectors"] == ["10264", "19511"]
        assert facts["live_time_s"] is None

    def test_prova1_has_the_counts_of_both_detectors(self, prova1):
        cube = open_cube(prova1)
        with h5py.File(prova1) as file:
            first = file["detector_10264/counts"][7, 30:33].astype(int)
            second = file["detector_19511/counts"][7, 30:33].astype(int)
        np.testing.assert_array_equal(cube.counts[7, 30:33].compute(), first + second)

    def test_prova1_has_the_documented_mean_counts(self, prova1):
        means = [
            open_cube(prova1, detector=name).counts.sum().compute() / 7200
            for name in ("10264", "19511")
        ]
        assert means == pytest.approx([26_800, 39_200], rel=0.005)

    def test_prova1_tells_how_rounded_its_calibration_is(self, prova1):
        cube = open_cube(prova1)
        residuals = np.abs(cube.metadata["calibration"]["residuals_ev"])
        assert residuals.min() == pytest.approx(18, abs=1)
        assert residuals.max() == pytest.approx(82, abs=1)
        assert "rounded" in cube.metadata["calibration"]["note"]

    def test_converting_ruotato_keeps_every_count(self, shared_cubes, tmp_path):
        source = shared_cubes / "aurora_antico" / "ruotato.h5"
        cube = open_cube(source)
        path = save_cube(cube, tmp_path / "ruotato.maxrf")
        back = open_cube(path)
        np.testing.assert_array_equal(back.counts.compute(), cube.counts.compute())
        assert back.provenance[0].parameters["file"] == "ruotato.h5"
        assert back.detectors == ("10264", "19511")


class TestKnownNames:
    def test_ganx_proposes_the_published_range(self, tmp_path):
        cube = open_cube(h5(tmp_path, img=COUNTS))
        assert recognise(tmp_path / "scan.h5") == "hdf5-ganx"
        assert cube.energy.range_kev == pytest.approx((0.5, 38.5))
        assert cube.energy.source == "assumed"
        np.testing.assert_array_equal(cube.counts.compute(), COUNTS)

    @pytest.mark.parametrize("unit", [1, 1000])
    @pytest.mark.parametrize("shape", [(300,), (1, 300), (300, 1)])
    def test_xrfdata_takes_its_energy_vector(self, tmp_path, unit, shape):
        energies = (0.5 + 0.1 * np.arange(300)) * unit
        path = h5(tmp_path, XRFdata=COUNTS, ENERGY=energies.reshape(shape))
        cube = open_cube(path)
        assert recognise(path) == "hdf5-xrfdata"
        np.testing.assert_allclose(cube.energy.centres_kev, energies / unit, rtol=1e-6)
        np.testing.assert_array_equal(cube.counts.compute(), COUNTS)

    def test_xrfdata_of_matlab_is_turned(self, tmp_path):
        path = h5(tmp_path, XRFdata=COUNTS.transpose(), ENERGY=np.arange(300) * 0.1)
        with h5py.File(path, "a") as file:
            file["XRFdata"].attrs["MATLAB_class"] = np.bytes_("uint16")
        np.testing.assert_array_equal(open_cube(path).counts.compute(), COUNTS)

    def test_energy_first_xrfdata_is_moved(self, tmp_path):
        first = np.moveaxis(COUNTS, 2, 0)
        path = h5(tmp_path, XRFdata=first, ENERGY=np.arange(300) * 0.1)
        np.testing.assert_array_equal(open_cube(path).counts.compute(), COUNTS)

    def test_an_energy_vector_of_another_length_is_refused(self, tmp_path):
        path = h5(tmp_path, XRFdata=COUNTS, ENERGY=np.arange(299) * 0.1)
        with pytest.raises(CalibrationError, match="299 values"):
            open_cube(path)

    def test_a_curved_energy_vector_gets_a_quadratic_term(self, tmp_path):
        n = np.arange(300)
        energies = 0.2 + 0.1 * n + 2e-5 * n**2
        cube = open_cube(h5(tmp_path, XRFdata=COUNTS, ENERGY=energies))
        assert cube.energy.quad_kev == pytest.approx(2e-5, rel=1e-4)

    @pytest.mark.parametrize(
        "energies", [RNG.random(300), np.zeros(300), -np.arange(300), [np.nan] * 300]
    )
    def test_a_senseless_energy_vector_is_refused(self, tmp_path, energies):
        with pytest.raises(CalibrationError):
            open_cube(h5(tmp_path, XRFdata=COUNTS, ENERGY=energies))


class TestPlain:
    @pytest.mark.parametrize("place", [0, 1, 2])
    def test_the_long_axis_is_energy(self, tmp_path, place):
        path = h5(tmp_path, group__counts=np.moveaxis(COUNTS, 2, place))
        cube = open_cube(path)
        assert recognise(path) == "hdf5-plain"
        np.testing.assert_array_equal(cube.counts.compute(), COUNTS)
        assert cube.energy.source == "assumed"
        assert "Calibrate" in cube.metadata["calibration"]["note"]

    def test_a_usual_number_of_channels_wins(self, tmp_path):
        wide = np.zeros((1024, 300, 5), np.uint16)
        wide[:, 2, 1] = np.arange(1024)
        cube = open_cube(h5(tmp_path, counts=wide))
        assert cube.shape == (300, 5, 1024)
        np.testing.assert_array_equal(cube.spectrum(2, 1), np.arange(1024))

    def test_of_two_usual_numbers_the_user_is_asked(self, tmp_path):
        counts = np.zeros((512, 5, 1024), np.uint16)
        counts[3, 2] = np.arange(1024)
        path = h5(tmp_path, counts=counts)
        with pytest.raises(UnknownLayoutError, match="which axis is energy") as caught:
            open_cube(path)
        assert caught.value.needs == ("axes",)
        assert caught.value.guess.axes == "yxe"
        assert caught.value.shape == (512, 5, 1024)
        cube = open_cube(path, options=caught.value.guess)
        np.testing.assert_array_equal(cube.spectrum(3, 2), np.arange(1024))

    def test_an_energy_vector_beside_the_counts_is_used(self, tmp_path):
        path = h5(tmp_path, g__counts=COUNTS, g__energy=np.arange(300) * 0.05)
        cube = open_cube(path)
        assert cube.energy.source == "file"
        assert cube.energy.gain_kev == pytest.approx(0.05)

    def test_pairs_at_the_root_are_used(self, tmp_path):
        path = h5(tmp_path, dataset_1=COUNTS)
        with h5py.File(path, "a") as file:
            file.attrs["calibration"] = [[100, 3.0], [200, 6.0]]
        assert open_cube(path).energy.gain_kev == pytest.approx(0.03)

    def test_a_stack_of_maps_beside_the_scan_is_no_second_scan(self, tmp_path):
        path = h5(tmp_path, counts=COUNTS, maps=np.zeros((6, 5, 12), np.float32))
        assert open_cube(path).shape == COUNTS.shape

    def test_a_picture_is_called_a_picture(self, tmp_path):
        path = h5(tmp_path, photo=np.zeros((512, 512, 3), np.uint8))
        with pytest.raises(
            FormatError, match=r"\(512, 512, 3\): that is a picture, not a datacube"
        ):
            open_cube(path)

    def test_several_scans_are_listed_and_one_can_be_named(self, tmp_path):
        path = h5(tmp_path, a=COUNTS, b__c=COUNTS + 1)
        with pytest.raises(
            UnknownLayoutError, match=r"a \(6, 5, 300\), b/c \(6, 5, 300\)"
        ) as caught:
            open_cube(path)
        assert "\n" not in str(caught.value)
        assert caught.value.needs == ("dataset",)
        for name in ("b/c", "/b/c"):
            cube = open_cube(path, options=ReadOptions(dataset=name))
            np.testing.assert_array_equal(cube.counts.compute(), COUNTS + 1)
        np.testing.assert_array_equal(open_cube(path, detector="a").counts, COUNTS)
        with pytest.raises(FormatError, match="no dataset b/d; it has a, b/c; did you"):
            open_cube(path, detector="b/d")

    @pytest.mark.parametrize("dtype", [np.uint8, np.int32, np.float32, ">u2"])
    def test_the_type_of_the_file_is_kept(self, tmp_path, dtype):
        cube = open_cube(h5(tmp_path, counts=COUNTS.astype(dtype)))
        assert cube.counts.dtype == np.dtype(dtype).newbyteorder("=")
        np.testing.assert_array_equal(cube.counts.compute(), COUNTS)

    def test_an_unfinished_scan_of_another_program_opens(self, tmp_path):
        path = tmp_path / "part.h5"
        with h5py.File(path, "w") as file:
            data = file.create_dataset("counts", (64, 5, 300), "u2", chunks=(8, 5, 300))
            data[:8] = 7
        cube = open_cube(path)
        assert int(cube.counts.sum().compute()) == 7 * 8 * 5 * 300


def test_an_answer_is_remembered_for_files_of_the_same_datasets(tmp_path, monkeypatch):
    from napari_maxrf.io import _answers, _formats

    monkeypatch.setattr(_answers, "answers_folder", lambda: tmp_path / "answers")
    first = h5(tmp_path, "a.h5", one=COUNTS, two=COUNTS)
    known = next(one for one in _formats.FORMATS if one.matches(first))
    _answers.remember(first, known, ReadOptions(dataset="two"))
    again = h5(tmp_path, "b.h5", one=COUNTS, two=COUNTS + 1)
    np.testing.assert_array_equal(open_cube(again).counts, COUNTS + 1)
    with pytest.raises(UnknownLayoutError):
        open_cube(h5(tmp_path, "c.h5", one=COUNTS, two=COUNTS[:3]))


def test_opening_other_layouts_reads_no_counts(tmp_path, monkeypatch):
    from napari_maxrf.io._held import HeldDataset

    path = two_detectors(tmp_path)

    def refuse(self, key):
        raise AssertionError("counts were read")

    monkeypatch.setattr(HeldDataset, "__getitem__", refuse)
    assert open_cube(path).shape == (6, 5, 300)
