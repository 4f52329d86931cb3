"""EPICS scans: every pixel where it should be, whatever was stopped or damaged."""

from __future__ import annotations

import contextlib
import shutil
import struct

import numpy as np
import pytest
from _damage import complaints
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_maxrf.errors import CalibrationError, FormatError
from napari_maxrf.io import ReadOptions, describe, open_cube, recognise

N = 4
COUNTS = np.random.default_rng(3).poisson(3, (2, 3, N, 128)).astype(np.uint32)
"""Rows, columns, detectors, channels."""


def text(value):
    data = value.encode("latin-1")
    if not data:
        return struct.pack(">i", 0)
    padding = bytes(-len(data) % 4)
    return struct.pack(">ii", len(data), len(data)) + data + padding


def scan(rank, n_done, positions, columns, names, lower=(), triggers=1, unit="mm"):
    """Write one scan: its head, then positions and the values of its detectors."""
    n = len(columns[0]) if len(columns) else len(lower)
    head = struct.pack(">iii", rank, n, n_done)
    head += struct.pack(f">{len(lower)}i", *lower)
    head += text(f"2xfm:scan{rank}") + text("AUG 09, 2016 10:28:52.450043")
    head += struct.pack(">iii", len(positions), len(columns), triggers)
    for index, _ in enumerate(positions):
        parts = (f"m{index}.VAL", "Sample", "LINEAR", unit, "", "", "")
        head += struct.pack(">i", index) + b"".join(map(text, parts))
    for index, name in enumerate(names):
        head += struct.pack(">i", index) + text(name) + text("") + text("")
    for index in range(triggers):
        head += struct.pack(">i", index) + text("trigger") + struct.pack(">f", 1)
    data = b"".join(np.asarray(p, ">f8").tobytes() for p in positions)
    return head + data + b"".join(np.asarray(c, ">f4").tobytes() for c in columns)


def variable(name, value):
    kind = struct.pack(">ii", 34, 1)
    return text(name) + text("") + kind + text("keV") + struct.pack(">d", value)


def mda(counts, rows_done=None, rank=3, extras=None, names=None, unit="mm", channel=()):
    """Write a scan of all rows; of those that were not reached nothing is written."""
    height, width, n_detectors, _ = counts.shape
    rows_done = height if rows_done is None else rows_done
    sizes = (height, width, counts.shape[3])[3 - rank :]
    start = struct.pack(f">fii{rank}i", 1.3, 7, rank, *sizes)
    at = len(start) + 8
    names = names or [f"dxp:mca{i + 1}.VAL" for i in range(n_detectors)]
    y, x = 0.5 * np.arange(height), -0.25 * np.arange(width)

    def outer(lower):
        return scan(3, rows_done, [y], [y], ["ring:current"], lower, unit=unit)

    def row(lower):
        return scan(2, width, [x], [x, x], ["ic1", "ic2"], lower, unit=unit)

    parts, row_at = [], []
    position = at + (len(outer([0] * height)) if rank == 3 else 0)
    for line in counts[:rows_done]:
        row_at.append(position)
        inner = [scan(1, counts.shape[3], channel, pixel, names) for pixel in line]
        begins, here = [], position + len(row([0] * width))
        for one in inner:
            begins.append(here)
            here += len(one)
        parts += [row(begins), *inner]
        position = here
    top = [outer(row_at + [0] * (height - rows_done))] if rank == 3 else []
    tail = b""
    if extras:
        tail = struct.pack(">i", len(extras))
        tail += b"".join(variable(*one) for one in extras.items())
    start += struct.pack(">ii", 1, position if extras else 0)
    return start + b"".join(top + parts) + tail


def write(folder, content, name="scan.mda"):
    path = folder / name
    path.write_bytes(content)
    return path


def test_all_detectors_are_added_and_each_opens_alone(tmp_path):
    path = write(tmp_path, mda(COUNTS))
    assert recognise(path) == "mda"
    cube = open_cube(path)
    assert cube.detectors == ("mca1", "mca2", "mca3", "mca4")
    assert cube.counts.dtype == np.uint32
    np.testing.assert_array_equal(cube.counts.compute(), COUNTS.sum(axis=2))
    third = open_cube(path, detector="mca3")
    np.testing.assert_array_equal(third.counts.compute(), COUNTS[:, :, 2])
    with pytest.raises(FormatError, match=r"did you mean 'mca4'\? It has mca1, mca2"):
        open_cube(path, detector="mca44")


def test_steps_of_the_motors_are_the_size_of_a_pixel(tmp_path):
    assert open_cube(write(tmp_path, mda(COUNTS))).pixel_size_mm == (0.5, 0.25)
    in_um = write(tmp_path, mda(COUNTS, unit="micron"), "um.mda")
    assert open_cube(in_um).pixel_size_mm == (0.0005, 0.00025)
    unknown = write(tmp_path, mda(COUNTS, unit="steps"), "steps.mda")
    assert open_cube(unknown).pixel_size_mm is None


def test_positions_before_the_counts_are_passed_over(tmp_path):
    path = write(tmp_path, mda(COUNTS, channel=[np.arange(128.0)]))
    np.testing.assert_array_equal(
        open_cube(path, "mca2").counts.compute(), COUNTS[:, :, 1]
    )


def test_a_single_row_of_rank_2_opens(tmp_path):
    cube = open_cube(write(tmp_path, mda(COUNTS[:1], rank=2)))
    np.testing.assert_array_equal(cube.counts.compute(), COUNTS[:1].sum(axis=2))


def test_rows_that_were_not_reached_are_empty_and_told(tmp_path):
    cube = open_cube(write(tmp_path, mda(COUNTS, rows_done=1)))
    np.testing.assert_array_equal(cube.counts[0].compute(), COUNTS[0].sum(axis=1))
    assert not cube.counts[1].compute().any()
    assert "3 of 6 pixels were not measured" in cube.metadata["warnings"][0]


def test_a_box_reads_only_the_pixels_in_it(tmp_path):
    path = write(tmp_path, mda(COUNTS))
    cube = open_cube(path)
    whole = COUNTS.sum(axis=2)
    np.testing.assert_array_equal(cube.spectrum(1, 2), whole[1, 2])
    some = cube.counts[:, ::-2, 5:99:3].compute()
    np.testing.assert_array_equal(some, whole[:, ::-2, 5:99:3])


def test_counts_that_are_not_whole_stay_floats(tmp_path):
    cube = open_cube(write(tmp_path, mda(COUNTS + 0.25)))
    assert cube.counts.dtype == np.float32
    np.testing.assert_array_equal(cube.counts.compute(), (COUNTS + 0.25).sum(axis=2))


def test_a_fraction_among_whole_counts_is_refused_and_not_rounded(tmp_path):
    counts = np.repeat(COUNTS.astype(float), 5, axis=0)
    counts[3, 1, 0, 5] += 0.5
    cube = open_cube(write(tmp_path, mda(counts)))
    assert cube.counts.dtype == np.uint32
    with pytest.raises(FormatError, match="no whole counts"):
        cube.counts.compute()


def test_a_fit_of_maps_beside_the_scan_calibrates_it(tmp_path):
    path = write(tmp_path, mda(COUNTS, extras={"dxp:mca1.CALS": 0.02}))
    (tmp_path / "maps_fit_parameters_override.txt").write_text(
        "  notes\nCAL_OFFSET_[E_OFFSET]: -0.004\nCAL_OFFSET_[E_OFFSET]_MAX: 0.5\n"
        "CAL_SLOPE_[E_LINEAR]: 0.0095\nCAL_SLOPE_[E_LINEAR]_MAX: 0.015\n"
    )
    cube = open_cube(path)
    assert (cube.energy.offset_kev, cube.energy.gain_kev) == (-0.004, 0.0095)
    assert cube.energy.source == "file"
    assert cube.metadata["calibration"]["source"] == "maps_fit_parameters_override.txt"


def test_the_records_in_the_scan_calibrate_it(tmp_path):
    extras = {"motor.VAL": 3.0}
    for index in range(N):
        extras |= {f"dxp:mca{index + 1}.CALO": 0.05, f"dxp:mca{index + 1}.CALS": 0.01}
    cube = open_cube(write(tmp_path, mda(COUNTS, extras=extras)))
    assert (cube.energy.offset_kev, cube.energy.gain_kev) == (0.05, 0.01)


def test_detectors_of_other_gain_are_added_on_the_axis_of_the_first(tmp_path):
    extras = {f"dxp:mca{i}.CALS": 0.02 for i in (1, 2, 3)} | {"dxp:mca4.CALS": 0.01}
    cube = open_cube(write(tmp_path, mda(COUNTS, extras=extras)))
    assert cube.counts.dtype.kind == "f"
    got, three = cube.counts.compute(), COUNTS[:, :, :3].sum(axis=2)
    last = (got - three).sum(axis=2)  # half a channel lies below the first one
    np.testing.assert_allclose(last, COUNTS[:, :, 3].sum(axis=2), atol=12)


def test_without_a_calibration_the_axis_is_assumed(tmp_path):
    path = write(tmp_path, mda(COUNTS, extras={"dxp:mca1.CALS": 1.0}))
    assert open_cube(path).energy.source == "assumed"
    told = open_cube(path, options=ReadOptions(offset_kev=0.1, gain_kev=0.02))
    assert (told.energy.offset_kev, told.energy.source) == (0.1, "user")


def test_a_senseless_calibration_is_told_unless_the_user_has_another(tmp_path):
    path = write(tmp_path, mda(COUNTS, extras={"dxp:mca1.CALS": 99.0}))
    with pytest.raises(CalibrationError, match=r"mca1\.VAL in scan\.mda: Gain 99"):
        open_cube(path)
    told = ReadOptions(offset_kev=0.0, gain_kev=0.01)
    assert open_cube(path, options=told).energy.gain_kev == 0.01


def test_a_scan_without_spectra_is_told_to_be_one(tmp_path):
    path = write(tmp_path, mda(COUNTS, names=["scaler.A", "b", "c", "d"]))
    with pytest.raises(FormatError, match=r"2 x 3 x 128 points.*no spectra"):
        open_cube(path)


@pytest.mark.parametrize("left", [100, 900, 5000])
def test_a_scan_that_was_cut_is_refused(tmp_path, left):
    path = write(tmp_path, mda(COUNTS)[:left])
    with pytest.raises(FormatError, match=r"scan\.mda"):
        open_cube(path).counts.compute()


@pytest.mark.parametrize("at", [8, 12, 16, 20, 32, 36])
@pytest.mark.parametrize("value", [-1, 0, 2**31 - 1])
def test_absurd_sizes_are_refused_before_anything_is_allocated(tmp_path, at, value):
    content = bytearray(mda(COUNTS))
    content[at : at + 4] = struct.pack(">i", value)
    path = write(tmp_path, bytes(content))
    with contextlib.suppress(FormatError):
        assert open_cube(path).counts.compute().nbytes < 2**24


def test_a_file_that_changed_is_not_read_on(tmp_path):
    path = write(tmp_path, mda(COUNTS))
    cube = open_cube(path)
    path.write_bytes(mda(COUNTS) + b"more")
    with pytest.raises(FormatError, match="has changed"):
        cube.spectrum(0, 0)


@settings(max_examples=20, deadline=None)
@given(
    shape=st.tuples(*[st.integers(1, 4)] * 3, st.sampled_from([128, 130, 2000])),
    seed=st.integers(0, 99),
    data=st.data(),
)
def test_any_scan_comes_back(tmp_path_factory, shape, seed, data):
    counts = np.random.default_rng(seed).integers(0, 2**20, shape)
    done = data.draw(st.integers(1, shape[0]))
    folder = tmp_path_factory.mktemp("mda")
    cube = open_cube(write(folder, mda(counts, done)))
    counts[done:] = 0
    np.testing.assert_array_equal(cube.counts.compute(), counts.sum(axis=2))


def test_damaged_scans_are_refused_in_one_line(tmp_path):
    path = write(tmp_path, mda(COUNTS[:, :2], extras={"dxp:mca1.CALS": 0.02}))
    told = complaints(path, 300)
    assert told
    assert all("\n" not in one and "scan.mda" in one for one in told)


def test_a_measured_scan_reads_as_parsed_by_hand(shared_cubes, tmp_path):
    path = shared_cubes / "aps_2idE" / "axo_std.mda"
    data = path.read_bytes()
    rows = struct.unpack(">11i", data[44:88])
    pixels = [at for row in rows for at in struct.unpack_from(">11i", data, row + 12)]
    # the values of a pixel are the last of its scan: they end where the next begins
    ends = [*pixels[1:], struct.unpack(">i", data[28:32])[0]]
    for row, at in zip(rows[1:], range(10, 110, 11), strict=True):
        ends[at] = row
    values = [np.frombuffer(data, ">f4", 8000, end - 32000) for end in ends]
    expected = np.reshape(values, (11, 11, 4, 2000)).sum(axis=2)
    cube = open_cube(path)
    np.testing.assert_array_equal(cube.counts.compute(), expected)
    assert cube.energy.offset_kev == -0.0041840752
    assert cube.energy.gain_kev == 0.0095216077
    assert cube.pixel_size_mm == pytest.approx((0.1, 0.1))
    facts = describe(path, counts=True)
    assert facts["total_counts"] == 3_029_614
    alone = shutil.copy(path, tmp_path / "alone.mda")
    assert open_cube(alone).energy.gain_kev == 0.0094


def test_a_measured_fly_scan_is_told_to_hold_no_spectra(shared_cubes):
    path = shared_cubes / "aps_2idE" / "2xfm_0011.mda"
    assert recognise(path) == "mda"
    with pytest.raises(FormatError, match=r"11 x 11 points.*2xfm_0011_2xfm3__0\.h5"):
        open_cube(path)
