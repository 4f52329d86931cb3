"""The command ``instrument``."""

from __future__ import annotations

import json

import numpy as np
import pytest

from napari_maxrf.cli import main
from napari_maxrf.cube import EnergyAxis
from napari_maxrf.physics import (
    Instrument,
    Layer,
    expected_spectrum,
    load_instrument,
    packaged_instrument_names,
)

AXIS = EnergyAxis(1280, -0.2, 0.03)


@pytest.fixture(autouse=True)
def own(tmp_path, monkeypatch):
    monkeypatch.setattr(
        "napari_maxrf.physics._instrument_files.config_folder", lambda: tmp_path
    )
    folder = tmp_path / "instruments"
    folder.mkdir()
    return folder


@pytest.fixture(scope="module")
def scan(tmp_path_factory):
    paint = Layer({"C": 0.5, "Ca": 0.2, "Fe": 0.1, "Cu": 0.1, "Pb": 0.1}, 2, 50)
    expected = expected_spectrum([paint], load_instrument("chnet_mo"), AXIS)
    counts = np.random.default_rng(0).poisson(expected / expected.sum() * 3e6)
    path = tmp_path_factory.mktemp("scan") / "scan é.txt"
    rows = zip(AXIS.centres_kev, counts, strict=True)
    path.write_text("keV counts\n" + "\n".join(f"{e:.5f} {n}" for e, n in rows))
    return path


def run(capsys, *words):
    code = main(["instrument", *map(str, words)])
    out, err = capsys.readouterr()
    return code, out, err


def test_all_are_listed_and_a_broken_one_is_told(own, capsys):
    (own / "broken.toml").write_text("knv = 3\n")
    (own / "mine.toml").write_text('description = "My scanner"\n')
    code, out, err = run(capsys, "list")
    assert code == 0
    assert all(name in out for name in (*packaged_instrument_names(), "mine"))
    assert "My scanner (own)" in out
    assert "did you mean 'kv'" in err
    rows = {row["name"]: row for row in json.loads(run(capsys, "list", "--json")[1])}
    assert rows["mine"]["file"] == str(own / "mine.toml")
    assert rows["broken"]["error"]
    assert rows["m6_jetstream"] | {"description": ""} == {
        "name": "m6_jetstream",
        "file": None,
        "error": None,
        "description": "",
    }


def test_what_is_shown_is_a_file(tmp_path, capsys):
    code, out, _ = run(capsys, "show", "aurora_19511")
    assert code == 0
    (tmp_path / "again.toml").write_text(out)
    assert load_instrument(tmp_path / "again.toml") == load_instrument("aurora_19511")
    shown = json.loads(run(capsys, "show", "aurora_19511", "--json")[1])
    assert Instrument.checked(**shown) == load_instrument("aurora_19511")


def test_a_fit_prints_its_lines_and_writes_a_usable_file(scan, tmp_path, capsys):
    out_file = tmp_path / "sub" / "mine.toml"
    words = ("fit", scan, "--elements", "Ca", "Fe", "Cu", "-o", out_file)
    code, out, err = run(capsys, *words)
    assert code == 0
    assert "Fe Ka" in out
    assert "eV at 5.9 keV" in out
    assert "anode: Mo" in out
    assert "voltage, windows" in err
    mine = load_instrument(out_file)
    assert mine.name == "mine"
    assert mine.channels.gain_kev == pytest.approx(AXIS.gain_kev, rel=1e-3)


def test_a_named_fit_is_usable_by_name(scan, own, capsys):
    code, out, _ = run(capsys, "fit", scan, "--base", "m4_mo", "--name", "mine")
    assert code == 0
    assert str(own / "mine.toml") in out
    assert load_instrument("mine").kv == load_instrument("m4_mo").kv
    code, _, err = run(capsys, "fit", scan, "--name", "mine")
    assert (code, err.count("\n")) == (1, 1)
    assert "exists" in err


def test_a_fit_as_json_holds_fit_and_instrument(scan, own, capsys):
    code, out, _ = run(capsys, "fit", scan, "--json", "--ignore-axis")
    told = json.loads(out)
    assert code == 0
    assert {"axis", "lines", "s0_kev2", "theta_deg"} <= set(told["fit"])
    assert told["instrument"]["name"] == "scan é"
    assert not list(own.iterdir())


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (("show", "m6_jetstrem"), "did you mean 'm6_jetstream'"),
        (("fit", "nowhere.maxrf"), "nowhere.maxrf"),
        (("fit", "SCAN", "--elements", "Ca", "Fee"), "Did you mean Fe"),
        (("fit", "SCAN", "--elements", "C", "O"), "C, O has no line between"),
        (("fit", "SCAN", "--elements", "Co", "Ge"), "Fewer than two lines of Co, Ge"),
        (("fit", "SCAN", "--base", "chnet"), "did you mean 'chnet_"),
        (("fit", "SCAN", "--name", "m6_jetstream"), "instrument of the package"),
        (("from-file", "SCAN"), "does not describe its instrument"),
        (("fit", "EMPTY"), "EMPTY"),
    ],
)
def test_failures_are_one_line_and_exit_code_1(
    words, part, scan, own, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "EMPTY").write_text("")
    code, _, err = run(capsys, *(scan if word == "SCAN" else word for word in words))
    assert code == 1
    assert part in err
    assert err.count("\n") == 1
    assert not list(own.iterdir())


def test_bad_usage_is_exit_code_2(capsys):
    with pytest.raises(SystemExit) as stop:
        main(["instrument"])
    assert stop.value.code == 2
