"""Scans that are written in blocks, stopped, and gone on with."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import dask.array as da
import h5py
import numpy as np
import pytest

from napari_maxrf.cube import EnergyAxis, SpectralCube
from napari_maxrf.errors import MaxrfError
from napari_maxrf.io import _maxrf as reader
from napari_maxrf.io import open_cube, save_blocks_steps, save_cube
from napari_maxrf.io._writing import ForgivingFile
from napari_maxrf.progress import finish
from napari_maxrf.provenance import ProcessStep

SHAPE = (150, 200, 70)


@dataclass
class Blocks:
    """Counts that are a function of the place."""

    shape: tuple[int, int, int] = SHAPE
    counts: float = 400.0
    planes: tuple[str, ...] = ("pigment_ochre",)
    drawn: list[tuple[int, int]] = field(default_factory=list)

    def whole(self, rows: slice, columns: slice) -> np.ndarray:
        y, x, e = np.ogrid[rows, columns, : self.shape[2]]
        return ((y * 31 + x * 7 + e * e) % 251).astype(np.uint16)

    @property
    def cube(self) -> SpectralCube:
        counts = self.whole(slice(0, self.shape[0]), slice(0, self.shape[1]))
        return SpectralCube(
            da.from_array(counts),
            EnergyAxis.from_range(0.5, 38.5, self.shape[2]),
            "made",
            pixel_size_mm=(0.5, 0.5),
            provenance=(ProcessStep("make", {"config": {"counts": self.counts}}),),
            metadata={"synthetic": True},
        )

    def draw(self, rows: slice, columns: slice) -> tuple[np.ndarray, dict[str, Any]]:
        self.drawn.append((rows.start, columns.start))
        counts = self.whole(rows, columns)
        return counts, {name: counts[:, :, 3] / np.float32(7) for name in self.planes}


def everything(path: Path) -> dict[str, Any]:
    """All values of a file but for the dates."""
    found: dict[str, Any] = {}

    def keep(name: str, node: Any) -> None:
        found[name] = dict(node.attrs.items())
        if isinstance(node, h5py.Dataset) and not name.endswith("/date"):
            found[name] = node[()]

    with h5py.File(path) as file:
        file.visititems(keep)
    return found


def check_same(path: Path, other: Path) -> None:
    one, two = everything(path), everything(other)
    assert one.keys() == two.keys()
    for name, value in one.items():
        np.testing.assert_equal(value, two[name])


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("whole") / "scan.maxrf"
    return finish(save_blocks_steps(Blocks(), path))


def stopped_after(n_blocks: int, path: Path, scan: Blocks) -> None:
    steps = save_blocks_steps(scan, path, checkpoint_s=0)
    for _ in range(n_blocks + 1):
        next(steps)
    steps.close()


def test_the_file_is_the_one_that_save_cube_writes(
    uninterrupted: Path, tmp_path: Path
) -> None:
    scan = Blocks()
    cube = scan.cube
    _, planes = scan.draw(slice(0, SHAPE[0]), slice(0, SHAPE[1]))
    object.__setattr__(cube, "maps", planes)
    check_same(uninterrupted, save_cube(cube, tmp_path / "scan.maxrf"))


@pytest.mark.parametrize("n_blocks", [0, 1, 5, 12])
def test_a_stopped_run_goes_on_where_it_ended(
    n_blocks: int, uninterrupted: Path, tmp_path: Path
) -> None:
    path = tmp_path / "scan.maxrf"
    stopped_after(n_blocks, path, Blocks())
    assert not path.exists()
    again = Blocks()
    assert finish(save_blocks_steps(again, path, resume=True)) == path
    assert len(again.drawn) == 12 - n_blocks
    check_same(path, uninterrupted)
    assert os.listdir(tmp_path) == ["scan.maxrf"]


def test_a_stopped_run_is_not_lost_by_forgetting_to_resume(tmp_path: Path) -> None:
    path = tmp_path / "scan.maxrf"
    stopped_after(3, path, Blocks())
    with pytest.raises(MaxrfError, match=r"scan\.maxrf\.part holds.*--resume"):
        finish(save_blocks_steps(Blocks(), path))


def test_other_settings_on_resume_are_refused_and_shown(tmp_path: Path) -> None:
    path = tmp_path / "scan.maxrf"
    stopped_after(3, path, Blocks())
    other = Blocks(shape=(150, 201, 70), counts=500.0)
    with pytest.raises(MaxrfError) as refused:
        finish(save_blocks_steps(other, path, resume=True))
    text = str(refused.value)
    assert "counts was 400.0 and is 500.0" in text
    assert "shape was [150, 200, 70] and is [150, 201, 70]" in text
    finish(save_blocks_steps(Blocks(), path, resume=True))


def test_resume_without_an_unfinished_file_begins(
    uninterrupted: Path, tmp_path: Path
) -> None:
    path = finish(save_blocks_steps(Blocks(), tmp_path / "a.maxrf", resume=True))
    check_same(path, uninterrupted)


@pytest.mark.parametrize("n_good_writes", [0, 3, 40, 75])
def test_after_a_full_disk_the_run_goes_on(
    n_good_writes: int,
    uninterrupted: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = tmp_path / "scan.maxrf"
    left, really = [n_good_writes], ForgivingFile._write_all

    def fills_up(self: ForgivingFile, data: memoryview) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        really(self, data)

    with monkeypatch.context() as patch:
        patch.setattr(ForgivingFile, "_write_all", fills_up)
        with pytest.raises(MaxrfError, match=r"No space left on device.*--resume"):
            finish(save_blocks_steps(Blocks(), path, checkpoint_s=0))
    assert not path.exists()
    finish(save_blocks_steps(Blocks(), path, resume=True))
    check_same(path, uninterrupted)


@pytest.mark.skipif(sys.platform == "win32", reason="has no SIGKILL")
def test_after_kill_9_the_run_goes_on(uninterrupted: Path, tmp_path: Path) -> None:
    path = tmp_path / "scan.maxrf"
    code = f"""
import sys, time
sys.path.insert(0, {str(Path(__file__).parent)!r})
from test_resumable import Blocks
from napari_maxrf.io import _resumable
done = 0
_resumable._Clock.is_due = lambda clock: done < 4
for record in _resumable.save_blocks_steps(Blocks(), {str(path)!r}):
    done = record.done
    print(done, flush=True)
    time.sleep(600 if done == 8 else 0)
"""
    words = [sys.executable, "-c", code]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        while process.stdout.readline().strip() != "8":
            assert process.poll() is None
        process.send_signal(signal.SIGKILL)
    assert not path.exists()
    again = Blocks()
    finish(save_blocks_steps(again, path, resume=True))
    assert len(again.drawn) == 12 - 4  # four blocks came after the last checkpoint
    check_same(path, uninterrupted)


def test_large_maps_stay_on_the_disk_when_a_scan_is_opened(
    uninterrupted: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    eager = open_cube(uninterrupted).maps["pigment_ochre"]
    monkeypatch.setattr(reader, "_LARGE_MAPS", 1000)
    lazy = open_cube(uninterrupted).maps["pigment_ochre"]
    assert isinstance(lazy, da.Array)
    np.testing.assert_array_equal(np.asarray(lazy), eager)


def test_another_suffix_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MaxrfError, match=r"use the suffix \.maxrf"):
        finish(save_blocks_steps(Blocks(), tmp_path / "scan.h5"))
