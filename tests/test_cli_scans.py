"""``cache`` and ``defects`` from the command line."""

from __future__ import annotations

import json

import dask.array as da
import numpy as np
import pytest

from napari_maxrf.cli import main
from napari_maxrf.cube import EnergyAxis, SpectralCube
from napari_maxrf.io import cached_cube, open_cube, save_cube


@pytest.fixture(autouse=True)
def folders(monkeypatch, tmp_path):
    for name in ("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "LOCALAPPDATA", "APPDATA"):
        monkeypatch.setenv(name, str(tmp_path / name))


@pytest.fixture
def scan(tmp_path):
    counts = np.random.default_rng(0).poisson(3, (20, 30, 40)).astype(np.uint16)
    counts[5] = 0
    counts[9, 9, 9] = 5000
    cube = SpectralCube(da.from_array(counts), EnergyAxis.from_range(0.5, 38.5, 40))
    return save_cube(cube, tmp_path / "scän.maxrf")


def run(capsys, *words):
    code = main([str(word) for word in words])
    out, err = capsys.readouterr()
    return code, out, err


def test_a_scan_is_packed_listed_and_deleted(scan, capsys):
    assert run(capsys, "cache")[1].startswith("0.00 of 50 GB")
    assert "is packed: 20 x 30 x 40" in run(capsys, "cache", "build", scan)[1]
    assert "was packed already" in run(capsys, "cache", "build", scan)[1]
    assert cached_cube(open_cube(scan)) is not None
    listed = run(capsys, "cache", "list")[1]
    assert "scän.maxrf: 20 x 30 x 40" in listed
    facts = json.loads(run(capsys, "cache", "info", "--json")[1])
    assert facts["entries"][0]["file"] == str(scan)
    assert facts["bytes"] == facts["entries"][0]["bytes"] > 0
    assert "MB deleted" in run(capsys, "cache", "clear")[1]
    assert cached_cube(open_cube(scan)) is None


def test_a_smaller_limit_deletes_at_once_and_is_kept(scan, capsys):
    run(capsys, "cache", "build", scan)
    assert run(capsys, "cache", "limit", "1e-6")[0] == 0
    assert "of 1e-06 GB" in run(capsys, "cache")[1]
    assert cached_cube(open_cube(scan)) is None
    code, _, err = run(capsys, "cache", "build", scan)
    assert code == 1
    assert "cache limit GB" in err
    assert err.count("\n") == 1


@pytest.mark.parametrize("size", ["0", "-1", "inf", "much"])
def test_a_senseless_limit_is_bad_usage(size, capsys):
    with pytest.raises(SystemExit) as caught:
        main(["cache", "limit", size])
    assert caught.value.code == 2


def test_defects_are_told_and_corrected_in_a_copy(scan, tmp_path, capsys):
    before = scan.read_bytes()
    out = run(capsys, "defects", scan)[1]
    assert "rows: 1 empty: 5" in out
    assert "row 9, column 9, channel 9: 5000 counts" in out
    facts = json.loads(run(capsys, "defects", scan, "--json")[1])
    assert facts["rows"] == [{"y": 5, "kind": "empty"}]
    copy = tmp_path / "copy.maxrf"
    words = ("defects", scan, "--correct", copy, "--which", "hot", "rows")
    assert run(capsys, *words)[0] == 0
    cube = open_cube(copy)
    assert cube.counts.dtype == np.uint16
    assert cube.spectrum(9, 9)[9] < 50
    np.testing.assert_array_equal(cube.spectrum(5, 3), cube.spectrum(4, 3))
    assert scan.read_bytes() == before


def test_the_scan_itself_is_never_the_target(scan, capsys):
    code, _, err = run(capsys, "defects", scan, "--correct", scan)
    assert code == 1
    assert "is the scan itself" in err
