"""What a file does not say is said on the command line, once."""

from __future__ import annotations

import json

import numpy as np
import pytest

from napari_maxrf.cli import main
from napari_maxrf.io import open_cube

COUNTS = np.random.default_rng(0).integers(0, 9, (256, 6, 256)).astype(np.uint16)


@pytest.fixture(autouse=True)
def own_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setattr("sys.platform", "linux")


@pytest.fixture
def scan(tmp_path):
    path = tmp_path / "scan.npy"
    np.save(path, COUNTS)
    return path


def test_what_is_needed_is_named_as_an_option(scan, capsys):
    assert main(["info", str(scan)]) == 1
    told = capsys.readouterr().err
    assert "does not say which axis is energy" in told
    assert told.endswith("For example: --axes yxe\n")


def test_an_answer_is_given_once_and_may_be_forgotten(scan, capsys):
    options = ["--axes", "eyx", "--offset-kev", "-0.5", "--gain-kev", "0.02"]
    assert main(["info", str(scan), "--json", *options]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["shape"] == [6, 256, 256]
    assert (facts["offset_kev"], facts["gain_kev"]) == (-0.5, 0.02)
    assert main(["info", str(scan), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["shape"] == [6, 256, 256]
    assert main(["info", str(scan), "--forget"]) == 1
    assert main(["info", str(scan), "--forget", "--axes", "yxe"]) == 0
    assert "Nothing was remembered" in capsys.readouterr().err


def test_convert_keeps_every_count_and_the_calibration(scan, tmp_path, capsys):
    target = tmp_path / "scan.maxrf"
    options = ["--axes", "yxe", "--offset-kev", "0", "--gain-kev", "0.01"]
    assert main(["convert", str(scan), str(target), *options]) == 0
    cube = open_cube(target)
    np.testing.assert_array_equal(cube.counts.compute(), COUNTS)
    assert cube.energy.gain_kev == 0.01
    assert [step.process for step in cube.provenance] == ["open", "calibrate"]
    assert "256 x 6 x 256" in capsys.readouterr().out


def test_warnings_of_a_scan_are_passed_on(tmp_path, capsys):
    header = "width 4\nheight 3\ndepth 300\ndata-length 1\nrecord-by vector\n"
    (tmp_path / "scan.rpl").write_text(header)
    (tmp_path / "scan.raw").write_bytes(bytes(2 * 4 * 300))
    target = tmp_path / "scan.maxrf"
    assert main(["convert", str(tmp_path / "scan.rpl"), str(target)]) == 0
    assert "only the first 2 of 3 rows" in capsys.readouterr().err
    assert open_cube(target).shape == (2, 4, 300)


def test_half_a_calibration_is_refused(scan, capsys):
    assert main(["info", str(scan), "--axes", "yxe", "--gain-kev", "0.02"]) == 1
    assert "offset_kev and gain_kev go together" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["info", "convert", "maps", "embed", "recolour"])
def test_every_command_that_opens_a_scan_has_the_options(command, capsys):
    with pytest.raises(SystemExit):
        main([command, "--help"])
    shown = capsys.readouterr().out
    for option in ("--axes", "--width", "--snake", "--no-snake", "--detector"):
        assert option in shown
