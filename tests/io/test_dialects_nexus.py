"""Files of PyMca and NeXus: marks, calibrations, default plots, several detectors."""

from __future__ import annotations

import h5py
import numpy as np
import pytest
from _hdf5_files import sample_counts, write_pymca
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_maxrf.io import ReadOptions, UnknownLayoutError, open_cube, recognise
from napari_maxrf.io.dialects._nexus_axes import order_of_names

COUNTS = sample_counts(4, 3, 200)
OTHERS = COUNTS + np.uint16(2)


def plotted(path, axes=("y", "x", "energy"), counts=COUNTS, **vectors):
    """Write an NXdata with named axes and nothing else."""
    with h5py.File(path, "w") as file:
        plot = file.create_group("entry/plot")
        plot.attrs.update(NX_class="NXdata", signal="counts", axes=list(axes))
        plot["counts"] = counts
        for name, values in vectors.items():
            plot[name] = values
    return path


@pytest.mark.parametrize("nexus", [True, False])
class TestPymcaRecipe:
    def test_counts_energies_and_live_time_are_found(self, tmp_path, nexus):
        path = write_pymca(tmp_path / "scan.h5", COUNTS, nexus=nexus)
        cube = open_cube(path)
        assert recognise(path) == "hdf5-nexus"
        np.testing.assert_array_equal(cube.counts, COUNTS)
        n = np.arange(200)
        expected = -0.5 + 0.02 * n + 1e-7 * n**2
        np.testing.assert_allclose(cube.energy.centres_kev, expected, atol=1e-12)
        np.testing.assert_allclose(
            cube.live_time_s, np.linspace(1, 2, 12).reshape(4, 3), rtol=1e-6
        )

    def test_several_detectors_are_added(self, tmp_path, nexus):
        path = write_pymca(tmp_path / "scan.h5", COUNTS, OTHERS, nexus=nexus)
        cube = open_cube(path)
        assert cube.counts.dtype == np.uint32
        np.testing.assert_array_equal(cube.counts, COUNTS.astype(int) + OTHERS)
        second = cube.detectors[1]
        np.testing.assert_array_equal(open_cube(path, second).counts, OTHERS)

    def test_channels_need_not_start_at_zero(self, tmp_path, nexus):
        path = write_pymca(tmp_path / "scan.h5", COUNTS, nexus=nexus)
        with h5py.File(path, "a") as file:
            name = "entry/instrument/detector_00" if nexus else "mca_0"
            file[f"{name}/channels"][...] = n = np.arange(50, 450, 2)
        expected = -0.5 + 0.02 * n + 1e-7 * n**2
        energies = open_cube(path).energy.centres_kev
        np.testing.assert_allclose(energies, expected, atol=1e-9)


class TestNexus:
    def test_a_kept_sum_is_opened_only_on_request(self, tmp_path):
        path = write_pymca(tmp_path / "scan.h5", COUNTS, OTHERS)
        with h5py.File(path, "a") as file:
            instrument = file["entry/instrument"]
            total = instrument.create_group("detector_sum")
            total["data"] = COUNTS.astype("u4") + OTHERS
            total["data"].attrs["interpretation"] = "spectrum"
        cube = open_cube(path)
        assert cube.detectors == ("detector_00", "detector_01")
        kept = open_cube(path, "detector_sum")
        np.testing.assert_array_equal(kept.counts, cube.counts)
        np.testing.assert_array_equal(open_cube(path, "01").counts, OTHERS)

    def test_one_dataset_under_two_names_is_one_detector(self, tmp_path):
        path = write_pymca(tmp_path / "scan.h5", COUNTS)
        with h5py.File(path, "a") as file:
            file["entry/measurement/same"] = file["entry/instrument/detector_00/data"]
        assert open_cube(path).detectors == ()
        np.testing.assert_array_equal(open_cube(path).counts, COUNTS)

    def test_of_several_scans_the_default_one_is_opened(self, tmp_path):
        path = write_pymca(tmp_path / "scans.h5", COUNTS)
        with h5py.File(path, "a") as file:
            file.copy("entry", "second")
            del file["second/measurement/data"]
            file["second/measurement/data"] = h5py.SoftLink(
                "/second/instrument/detector_00/data"
            )
            file["second/instrument/detector_00/data"][...] = OTHERS
        with pytest.raises(UnknownLayoutError, match="several 3-D datasets") as caught:
            open_cube(path)
        assert caught.value.needs == ("dataset",)
        np.testing.assert_array_equal(
            open_cube(path, options=caught.value.guess).counts, COUNTS
        )
        with h5py.File(path, "a") as file:
            file.attrs["default"] = "second"
        np.testing.assert_array_equal(open_cube(path).counts, OTHERS)

    @pytest.mark.parametrize("unset", [(0, 1, 0), (0, 0, 0)])
    def test_a_calibration_that_nobody_set_is_none(self, tmp_path, unset):
        path = write_pymca(tmp_path / "scan.h5", COUNTS)
        with h5py.File(path, "a") as file:
            file["entry/instrument/detector_00/calibration"][...] = unset
        assert open_cube(path).energy.source == "assumed"

    def test_a_calibration_in_ev_is_taken_for_that(self, tmp_path):
        path = write_pymca(tmp_path / "scan.h5", COUNTS)
        with h5py.File(path, "a") as file:
            file["entry/instrument/detector_00/calibration"][...] = (-50, 20, 0)
        cube = open_cube(path)
        assert cube.energy.gain_kev == pytest.approx(0.02)
        assert cube.metadata["calibration"]["note"] == "Taken for eV."

    def test_a_live_time_of_another_shape_is_left_out(self, tmp_path):
        path = write_pymca(tmp_path / "scan.h5", COUNTS)
        with h5py.File(path, "a") as file:
            del file["entry/instrument/detector_00/live_time"]
            file["entry/instrument/detector_00/live_time"] = np.ones(5)
        assert open_cube(path).live_time_s is None

    def test_one_live_time_stands_for_all_pixels(self, tmp_path):
        path = write_pymca(tmp_path / "scan.h5", COUNTS)
        with h5py.File(path, "a") as file:
            del file["entry/instrument/detector_00/live_time"]
            file["entry/instrument/detector_00/live_time"] = 2.5
        assert (open_cube(path).live_time_s == 2.5).all()

    def test_a_saved_cube_without_its_mark_is_still_read(self, tmp_path):
        """Our own files follow the same conventions."""
        from napari_maxrf.io import save_cube

        saved = save_cube(
            open_cube(write_pymca(tmp_path / "scan.h5", COUNTS)), tmp_path / "s.maxrf"
        )
        with h5py.File(saved, "a") as file:
            del file.attrs["format"]
        assert recognise(saved) == "hdf5-nexus"
        cube = open_cube(saved)
        np.testing.assert_array_equal(cube.counts, COUNTS)
        assert cube.energy.gain_kev == pytest.approx(0.02)


class TestPlots:
    @pytest.mark.parametrize(
        ("axes", "order"),
        [
            (("energy", "y", "x"), (2, 0, 1)),
            (("x", "y", "energy"), (1, 0, 2)),
            (("y", "channel", "x"), (0, 2, 1)),
            (("energy", "x", "y"), (2, 1, 0)),
        ],
    )
    def test_names_of_axes_are_their_order(self, tmp_path, axes, order):
        stored = COUNTS.transpose(order)
        path = plotted(tmp_path / "plot.h5", axes, stored, energy=np.arange(200) * 0.1)
        cube = open_cube(path)
        assert recognise(path) == "hdf5-nexus"
        np.testing.assert_array_equal(cube.counts, COUNTS)

    def test_energies_and_pixels_are_measured_along_the_axes(self, tmp_path):
        path = plotted(
            tmp_path / "plot.h5",
            y=np.arange(4) * 250.0,
            x=np.arange(3) * -0.1,
            energy=1000 + 50.0 * np.arange(200),
        )
        with h5py.File(path, "a") as file:
            for name, unit in {"y": "um", "x": "mm", "energy": "eV"}.items():
                file[f"entry/plot/{name}"].attrs["units"] = unit
        cube = open_cube(path)
        assert cube.pixel_size_mm == pytest.approx((0.25, 0.1))
        assert cube.energy.centres_kev[[0, -1]] == pytest.approx([1, 10.95])

    def test_uneven_or_unitless_places_are_no_pixel_size(self, tmp_path):
        path = plotted(tmp_path / "plot.h5", y=[0.0, 1, 5, 6], x=[0.0, 1, 2])
        assert open_cube(path).pixel_size_mm is None

    def test_channel_numbers_are_no_energies(self, tmp_path):
        axes = ("y", "x", "channel")
        path = plotted(tmp_path / "plot.h5", axes, channel=np.arange(200))
        assert open_cube(path).energy.source == "assumed"

    @given(
        counts=st.tuples(*[st.integers(1, 5)] * 2, st.integers(16, 40)).map(
            lambda shape: sample_counts(*shape)
        ),
        dtype=st.sampled_from(["u1", "<u2", ">u2", "<i2", ">i4", "<u4", "f4", ">f8"]),
        names=st.permutations(("y", "x", "energy")),
        chunked=st.booleans(),
    )
    @settings(max_examples=25, deadline=None)
    def test_any_order_and_type_is_read_back(
        self, tmp_path_factory, counts, dtype, names, chunked
    ):
        stored = counts.transpose([("y", "x", "energy").index(one) for one in names])
        path = tmp_path_factory.mktemp("plot") / "plot.h5"
        energies = np.arange(counts.shape[2]) * 0.1
        plotted(path, names, stored.astype(dtype), energy=energies)
        if chunked:
            with h5py.File(path, "a") as file:
                del file["entry/plot/counts"]
                file["entry/plot"].create_dataset(
                    "counts", data=stored.astype(dtype), chunks=True, shuffle=True
                )
        # two pixel axes in the order x, y are told apart from y, x by their names
        cube = open_cube(path)
        assert cube.counts.dtype == np.dtype(dtype).newbyteorder("=")
        np.testing.assert_array_equal(cube.counts, counts)
        y, x = counts.shape[0] - 1, counts.shape[1] // 2
        np.testing.assert_array_equal(cube.spectrum(y, x), counts[y, x])


def test_order_of_unnamed_pixel_axes_is_y_x():
    assert order_of_names(("dim0", "dim1", "energy")) == "yxe"


def test_marked_counts_can_be_told_their_axes(tmp_path):
    path = write_pymca(tmp_path / "scan.h5", COUNTS)
    cube = open_cube(path, options=ReadOptions(axes="xye"))
    np.testing.assert_array_equal(cube.counts, COUNTS.transpose(1, 0, 2))
