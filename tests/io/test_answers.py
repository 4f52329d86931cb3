"""Answers are kept for a kind of file, found again, and never trusted blindly."""

from __future__ import annotations

import json
import threading

import numpy as np
import pytest

from napari_maxrf.errors import MaxrfError
from napari_maxrf.io import (
    ReadOptions,
    UnknownLayoutError,
    forget_answers,
    open_cube,
    remember_answers,
)
from napari_maxrf.io._answers import answers_folder

AXES = ReadOptions(axes="eyx")
CALIBRATION = ReadOptions(offset_kev=-0.1, gain_kev=0.02)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    for name in ("XDG_CONFIG_HOME", "APPDATA"):
        monkeypatch.setenv(name, str(tmp_path / "config"))
    monkeypatch.setattr("sys.platform", "linux")
    return answers_folder()


def silent_scan(path, shape=(256, 256, 140)):
    """Write an array whose axes cannot be told."""
    np.save(path, np.zeros(shape, np.uint8))
    return path


def test_an_answer_serves_all_files_of_the_kind(tmp_path):
    first = silent_scan(tmp_path / "first.npy")
    with pytest.raises(UnknownLayoutError):
        open_cube(first)
    kept = remember_answers(first, AXES)
    assert kept is not None
    assert kept.parent == answers_folder()
    second = silent_scan(tmp_path / "elsewhere.npy")
    cube = open_cube(second)
    assert cube.shape == (256, 140, 256)
    step = cube.provenance[-1]
    assert (step.process, step.parameters) == ("remember", {"answers": {"axes": "eyx"}})


def test_another_shape_is_another_kind(tmp_path):
    remember_answers(silent_scan(tmp_path / "a.npy"), AXES)
    with pytest.raises(UnknownLayoutError):
        open_cube(silent_scan(tmp_path / "b.npy", (256, 256, 141)))


def test_what_is_said_now_comes_first(tmp_path):
    path = silent_scan(tmp_path / "a.npy")
    remember_answers(path, AXES)
    cube = open_cube(path, options=ReadOptions(axes="yxe"))
    assert cube.shape == (256, 256, 140)
    assert [step.process for step in cube.provenance] == ["open"]


def test_a_calibration_is_remembered_where_the_file_has_none(tmp_path):
    path = tmp_path / "scan.npy"
    np.save(path, np.ones((3, 5, 1024), np.uint16))
    assert open_cube(path).energy.source == "assumed"
    remember_answers(path, CALIBRATION)
    cube = open_cube(path)
    assert (cube.energy.offset_kev, cube.energy.gain_kev) == (-0.1, 0.02)
    assert cube.energy.source == "user"
    names = [step.process for step in cube.provenance]
    assert names == ["open", "calibrate", "remember"]


def test_the_calibration_of_a_file_is_not_overruled_by_memory(tmp_path):
    path = tmp_path / "scan.npz"
    counts = np.ones((3, 5, 512), np.uint16)
    np.savez(path, counts=counts, energy=0.01 * np.arange(512))
    remember_answers(path, CALIBRATION)
    assert open_cube(path).energy.source == "file"


def test_what_was_said_is_forgotten_on_request(tmp_path):
    path = silent_scan(tmp_path / "a.npy")
    remember_answers(path, AXES)
    assert forget_answers(path)
    assert not forget_answers(path)
    with pytest.raises(UnknownLayoutError):
        open_cube(path)


def test_nothing_and_a_choice_of_detector_are_not_kept(tmp_path, folder):
    path = silent_scan(tmp_path / "a.npy")
    assert remember_answers(path, ReadOptions()) is None
    assert remember_answers(path, ReadOptions(detector="1")) is None
    assert not folder.exists()


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", '{"options": 3}', '{"options": {"axes": "up"}}', "[" * 10_000],
)
def test_a_damaged_answer_is_left_out(tmp_path, content, caplog):
    path = silent_scan(tmp_path / "a.npy")
    remember_answers(path, AXES).write_text(content)
    with pytest.raises(UnknownLayoutError):
        open_cube(path)
    assert "cannot be read and is left out" in caplog.text


def test_an_answer_that_does_not_fit_is_no_hindrance(tmp_path, caplog):
    path = tmp_path / "scan.npz"
    np.savez(path, counts=np.ones((3, 5, 512), np.uint16))
    remember_answers(path, ReadOptions(dataset="gone"))
    assert open_cube(path).shape == (3, 5, 512)
    assert "does not fit scan.npz" in caplog.text


def test_an_answer_can_be_read_by_people(tmp_path):
    path = silent_scan(tmp_path / "Gemälde.npy")
    answer = json.loads(remember_answers(path, AXES).read_text(encoding="utf-8"))
    expected = {"format": "npy", "example": "Gemälde.npy", "options": {"axes": "eyx"}}
    assert answer == expected


def test_many_writers_at_once_leave_a_whole_answer(tmp_path, folder):
    path = silent_scan(tmp_path / "a.npy")
    orders = ["yxe", "eyx", "xye", "exy"] * 5
    threads = [
        threading.Thread(target=remember_answers, args=(path, ReadOptions(axes=one)))
        for one in orders
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (kept,) = folder.iterdir()
    assert json.loads(kept.read_text())["options"]["axes"] in orders


def test_a_read_only_folder_is_told_in_one_line(tmp_path, folder, monkeypatch):
    path = silent_scan(tmp_path / "a.npy")
    folder.parent.mkdir(parents=True)
    folder.write_text("a file in the place of the folder")
    with pytest.raises(MaxrfError, match="Cannot write"):
        remember_answers(path, AXES)


def test_a_header_of_a_pair_is_the_kind(tmp_path):
    header = "width 4\nheight 3\ndepth 16\ndata-length 1\nrecord-by vector\n"
    for name in ("one", "two"):
        (tmp_path / f"{name}.rpl").write_text(header)
        (tmp_path / f"{name}.raw").write_bytes(bytes(3 * 4 * 16))
    remember_answers(tmp_path / "one.rpl", CALIBRATION)
    assert open_cube(tmp_path / "two.raw").energy.source == "user"
