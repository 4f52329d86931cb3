"""The native format: what is written comes back, and nothing is lost on the way."""

from __future__ import annotations

import errno
import gc
import json
import os
import pickle
import subprocess
import sys

import dask.array as da
import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from napari_maxrf.cube import EnergyAxis, SpectralCube
from napari_maxrf.errors import FormatError, MaxrfError
from napari_maxrf.io import (
    describe,
    open_cube,
    recognise,
    release,
    save_cube,
    save_cube_steps,
)
from napari_maxrf.io._maxrf import stored_summary
from napari_maxrf.io._maxrf_write import _tiles
from napari_maxrf.io._writing import ForgivingFile
from napari_maxrf.provenance import ProcessStep

DATA = "entry/instrument/detector_sum/data"


def made_cube(shape=(70, 9, 130), dtype=np.uint16, seed=0, **facts) -> SpectralCube:
    counts = np.random.default_rng(seed).poisson(3, shape).astype(dtype)
    axis = EnergyAxis.from_range(0.5, 38.5, shape[2])
    return SpectralCube(da.from_array(counts, chunks=(13, 5, 40)), axis, **facts)


def rich_cube() -> SpectralCube:
    rng = np.random.default_rng(5)
    return made_cube(
        name="Saint Jérôme",
        live_time_s=rng.random((70, 9)).astype(np.float32),
        pixel_size_mm=(0.5, 0.25),
        provenance=(
            ProcessStep("synthesise", {"seed": 3, "palette": "sarteano"}, "0.1"),
            ProcessStep("crop", {"rows": [0, 70]}, "0.2"),
        ),
        maps={"pigment_azurite": rng.random((70, 9)).astype(np.float32)},
        detectors=("10264", "19511"),
        metadata={"note": "très beau", "numbers": [1, 2.5], "instrument": {"kv": 40}},
    )


def test_everything_a_cube_knows_comes_back(tmp_path):
    cube = rich_cube()
    back = open_cube(save_cube(cube, tmp_path / "a.maxrf"))
    np.testing.assert_array_equal(back.counts.compute(), cube.counts.compute())
    assert back.counts.dtype == np.uint16
    assert back.energy == cube.energy
    assert back.name == "Saint Jérôme"
    assert back.pixel_size_mm == (0.5, 0.25)
    assert back.provenance == cube.provenance
    assert back.detectors == cube.detectors
    np.testing.assert_array_equal(back.live_time_s, cube.live_time_s)
    assert list(back.maps) == ["pigment_azurite"]
    np.testing.assert_array_equal(
        back.maps["pigment_azurite"], cube.maps["pigment_azurite"]
    )
    for key, value in cube.metadata.items():
        assert back.metadata[key] == value


def test_a_plain_cube_comes_back_plain(tmp_path):
    back = open_cube(save_cube(made_cube(), tmp_path / "a.maxrf"))
    assert back.live_time_s is None
    assert back.pixel_size_mm is None
    assert back.provenance == ()
    assert back.maps == {}
    assert back.detectors == ()


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    counts=st.sampled_from([np.uint8, np.uint16, np.uint32, np.uint64]).flatmap(
        lambda dtype: arrays(dtype, st.tuples(*[st.integers(1, 9)] * 3))
    ),
    offset=st.floats(-1, 1),
    gain=st.floats(0.001, 0.1),
)
def test_any_unsigned_counts_come_back_bit_for_bit(tmp_path, counts, offset, gain):
    axis = EnergyAxis(counts.shape[2], offset, gain, source="user")
    cube = SpectralCube(da.from_array(counts), axis)
    back = open_cube(save_cube(cube, tmp_path / "any.maxrf"))
    assert back.counts.dtype == counts.dtype
    np.testing.assert_array_equal(back.counts.compute(), counts)
    assert back.energy == axis


def test_signed_counts_become_unsigned_and_negative_ones_are_refused(tmp_path):
    cube = made_cube(dtype=np.int16)
    back = open_cube(save_cube(cube, tmp_path / "a.maxrf"))
    assert back.counts.dtype == np.uint16
    np.testing.assert_array_equal(back.counts.compute(), cube.counts.compute())
    negative = made_cube(dtype=np.int16)
    wrong = SpectralCube(negative.counts - 9, negative.energy, name="dark")
    with pytest.raises(MaxrfError, match="dark holds negative counts"):
        save_cube(wrong, tmp_path / "b.maxrf")
    assert os.listdir(tmp_path) == ["a.maxrf"]


def test_rebinned_counts_are_stored_as_float32(tmp_path):
    cube = made_cube().rebin(EnergyAxis.from_range(0.5, 38.5, 33))
    back = open_cube(save_cube(cube, tmp_path / "a.maxrf"))
    assert back.counts.dtype == np.float32
    np.testing.assert_array_equal(back.counts.compute(), cube.counts.compute())


def test_the_layout_is_the_documented_one(tmp_path):
    path = save_cube(rich_cube(), tmp_path / "a.maxrf")
    with h5py.File(path) as file:
        assert file.attrs["format"] == "maxrf"
        assert file.attrs["format_version"] == 1
        assert file.attrs["NX_class"] == "NXroot"
        assert file.attrs["default"] == "entry"
        assert file.attrs["creator"].startswith("napari-maxrf")
        data = file[DATA]
        assert data.shape == (70, 9, 130)
        assert data.chunks == (64, 9, 64)
        assert (data.compression, data.compression_opts, data.shuffle) == (
            "gzip",
            1,
            True,
        )
        assert data.attrs["interpretation"] == "spectrum"
        measurement = file["entry/measurement"]
        assert measurement.attrs["signal"] == "counts"
        assert list(measurement.attrs["axes"]) == ["y", "x", "energy"]
        assert measurement["counts"] == data
        assert measurement["y"][3] == pytest.approx(1.5)
        assert measurement["x"][3] == pytest.approx(0.75)
        assert measurement["energy"].shape == (130,)
        assert json.loads(file["entry/instrument"].attrs["setup"]) == {"kv": 40}
        step = file["entry/process_01"]
        assert step.attrs["NX_class"] == "NXprocess"
        assert step["program"][()] == b"napari-maxrf"
        assert json.loads(step["parameters"][()])["seed"] == 3


def test_the_stored_sums_are_those_of_the_counts(tmp_path):
    cube = made_cube()
    counts = cube.counts.compute()
    summary = stored_summary(save_cube(cube, tmp_path / "a.maxrf"))
    np.testing.assert_array_equal(summary["sum_spectrum"], counts.sum((0, 1)))
    np.testing.assert_array_equal(summary["max_spectrum"], counts.max((0, 1)))
    np.testing.assert_array_equal(summary["sum_image"], counts.sum(2))
    with h5py.File(tmp_path / "a.maxrf") as file:
        assert file["entry/summary/n_pixels"][()] == 70 * 9


def test_each_block_is_computed_once_and_reported(tmp_path):
    seen = []

    def watched(block):
        seen.append(block.shape)
        return block

    cube = made_cube((130, 5, 8))
    blocks = cube.counts.rechunk((64, 5, 8)).map_blocks(watched, dtype=np.uint16)
    seen.clear()
    steps = save_cube_steps(SpectralCube(blocks, cube.energy), tmp_path / "a.maxrf")
    assert [(one.done, one.total) for one in steps] == [(n, 3) for n in range(4)]
    assert seen == [(64, 5, 8), (64, 5, 8), (2, 5, 8)]


def test_tiles_cover_every_pixel_once_and_stay_small():
    shape = (200, 1000, 4096)
    hits = np.zeros(shape[:2], int)
    for rows, columns in _tiles(shape, 2):
        hits[rows, columns] += 1
        n_pixels = (rows.stop - rows.start) * (columns.stop - columns.start)
        assert n_pixels * shape[2] * 2 <= 2**25
        assert rows.start % 64 == columns.start % 64 == 0
    assert (hits == 1).all()


def test_a_stopped_save_leaves_nothing_behind(tmp_path):
    path = save_cube(made_cube(seed=1), tmp_path / "a.maxrf")
    before = path.read_bytes()
    steps = save_cube_steps(made_cube((200, 9, 130)), path)
    next(steps)
    next(steps)
    steps.close()
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["a.maxrf"]


@pytest.mark.parametrize("n_good_writes", [0, 1, 5, 12])
def test_a_full_disk_in_mid_write_keeps_the_old_file(
    tmp_path, monkeypatch, n_good_writes
):
    path = save_cube(made_cube(seed=1), tmp_path / "a.maxrf")
    before = path.read_bytes()
    left = [n_good_writes]
    really = ForgivingFile._write_all

    def fills_up(self, data):
        left[0] -= 1
        if left[0] < 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        really(self, data)

    monkeypatch.setattr(ForgivingFile, "_write_all", fills_up)
    with pytest.raises(MaxrfError, match="No space left on device"):
        save_cube(made_cube((200, 9, 130), seed=2), path)
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["a.maxrf"]
    monkeypatch.undo()
    save_cube(made_cube(seed=3), path)
    gc.collect()


@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX resource limits")
def test_a_file_that_may_not_grow_does_not_take_the_process_down(tmp_path):
    code = f"""
import resource, numpy as np, dask.array as da
from napari_maxrf.cube import EnergyAxis, SpectralCube
from napari_maxrf.errors import MaxrfError
from napari_maxrf.io import save_cube
counts = np.random.default_rng(0).integers(0, 60000, (130, 64, 128)).astype(np.uint16)
cube = SpectralCube(da.from_array(counts), EnergyAxis.from_range(0.5, 38.5, 128))
resource.setrlimit(resource.RLIMIT_FSIZE, (500_000, 500_000))
try:
    save_cube(cube, {str(tmp_path / "a.maxrf")!r})
except MaxrfError as error:
    print(error)
"""
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    assert "File too large" in run.stdout
    assert run.stdout.count("\n") == 1
    assert os.listdir(tmp_path) == []


def test_the_file_below_gives_back_what_it_could_not_write(tmp_path, monkeypatch):
    below = ForgivingFile(tmp_path / "raw")
    below.write(b"0123456789")

    def full(self, data):
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(ForgivingFile, "_write_all", full)
    below.seek(8)
    below.write(b"abcdef")
    below.seek(0)
    assert below.read(14) == b"01234567abcdef"
    assert below.seek(0, os.SEEK_END) == 14
    with pytest.raises(OSError, match="full"):
        below.check()
    below.close()


def test_saving_over_its_own_file_keeps_foreign_groups(tmp_path):
    path = save_cube(rich_cube(), tmp_path / "a.maxrf")
    with h5py.File(path, "a") as file:
        file["entry/regions"] = '{"hand": [1, 2]}'
        file["entry/instrument/detector_01/data"] = np.arange(6)
        file["notes"] = "mine"
    cube = open_cube(path)
    before = cube.counts.compute()
    save_cube(cube, path)
    np.testing.assert_array_equal(open_cube(path).counts.compute(), before)
    with h5py.File(path) as file:
        assert file["entry/regions"][()] == b'{"hand": [1, 2]}'
        assert file["entry/instrument/detector_01/data"].shape == (6,)
        assert file["notes"][()] == b"mine"
        assert sorted(name for name in file["entry"] if "process" in name) == [
            "process_01",
            "process_02",
        ]


def test_another_cube_does_not_inherit_the_groups_of_the_file_it_replaces(tmp_path):
    path = save_cube(rich_cube(), tmp_path / "a.maxrf")
    with h5py.File(path, "a") as file:
        file["entry/embedding"] = np.zeros((3, 70, 9))
    save_cube(made_cube(seed=9), path)
    with h5py.File(path) as file:
        assert "embedding" not in file["entry"]
        assert "maps" not in file["entry"]


def test_dates_of_old_steps_survive_a_rewrite(tmp_path):
    path = save_cube(rich_cube(), tmp_path / "a.maxrf")
    with h5py.File(path, "a") as file:
        del file["entry/process_01/date"]
        file["entry/process_01/date"] = "1999-01-01T00:00:00+00:00"
    save_cube(open_cube(path), tmp_path / "b.maxrf")
    with h5py.File(tmp_path / "b.maxrf") as file:
        assert file["entry/process_01/date"][()].startswith(b"1999")


def test_no_path_of_this_machine_is_stored(tmp_path):
    cube = open_cube(save_cube(rich_cube(), tmp_path / "a.maxrf"))
    copy = save_cube(cube, tmp_path / "b.maxrf")
    assert str(tmp_path).encode() not in copy.read_bytes()


def test_a_released_file_opens_again_when_it_is_needed(tmp_path):
    path = save_cube(made_cube(), tmp_path / "a.maxrf")
    cube = open_cube(path)
    first = cube.spectrum(3, 4)
    release(path)
    np.testing.assert_array_equal(cube.spectrum(3, 4), first)
    release(path)
    save_cube(made_cube(seed=7), path)
    with pytest.raises(FormatError, match="has changed since it was opened"):
        cube.spectrum(3, 4)


def test_a_cube_can_travel_to_another_process(tmp_path):
    path = save_cube(made_cube(), tmp_path / "a.maxrf")
    cube = open_cube(path)
    copy = pickle.loads(pickle.dumps(cube.counts))  # noqa: S301
    np.testing.assert_array_equal(copy.compute(), cube.counts.compute())


def test_the_file_is_closed_with_the_last_cube(tmp_path):
    path = save_cube(made_cube(), tmp_path / "a.maxrf")
    cube = open_cube(path)
    cube.spectrum(0, 0)
    del cube
    gc.collect()
    with h5py.File(path, "a") as file:  # HDF5 refuses this while it is open to read
        file.attrs["touched"] = 1


def test_opening_reads_no_counts(tmp_path, monkeypatch):
    from napari_maxrf.io._held import HeldDataset

    path = save_cube(made_cube(), tmp_path / "a.maxrf")

    def refuse(self, key):
        raise AssertionError("counts were read")

    monkeypatch.setattr(HeldDataset, "__getitem__", refuse)
    assert open_cube(path).shape == (70, 9, 130)
    assert describe(path)["shape"] == [70, 9, 130]


def test_describe_gives_the_agreed_json(tmp_path):
    path = save_cube(rich_cube(), tmp_path / "a.maxrf")
    facts = json.loads(json.dumps(describe(path)))
    assert facts["format"] == "maxrf"
    assert facts["shape"] == [70, 9, 130]
    assert facts["dtype"] == "uint16"
    assert facts["offset_kev"] == pytest.approx(0.5 + 19 / 130)
    assert facts["gain_kev"] == pytest.approx(38 / 130)
    assert facts["detectors"] == ["10264", "19511"]
    live_time = rich_cube().live_time_s
    assert facts["live_time_s"] == pytest.approx(float(live_time.mean()))
    assert "total_counts" not in facts
    counted = describe(path, counts=True)
    assert counted["total_counts"] == int(rich_cube().counts.sum().compute())
    assert counted["max_count"] == int(rich_cube().counts.max().compute())


def test_describe_without_live_time_says_null(tmp_path):
    path = save_cube(made_cube(), tmp_path / "a.maxrf")
    assert describe(path)["live_time_s"] is None


def test_only_the_own_suffix_is_written(tmp_path):
    with pytest.raises(MaxrfError, match=r"\.maxrf"):
        save_cube(made_cube(), tmp_path / "a.h5")


@pytest.mark.parametrize("name", ["a/b", ".", ""])
def test_a_map_needs_a_usable_name(tmp_path, name):
    cube = made_cube(maps={name: np.zeros((70, 9), np.float32)})
    with pytest.raises(MaxrfError, match="map"):
        save_cube(cube, tmp_path / "a.maxrf")


def test_the_suffix_does_not_matter_for_reading(tmp_path):
    path = save_cube(made_cube(), tmp_path / "a.maxrf").rename(tmp_path / "scan.dat")
    assert recognise(path) == "maxrf"
    assert open_cube(path).shape == (70, 9, 130)
