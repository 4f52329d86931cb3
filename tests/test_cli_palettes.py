from __future__ import annotations

import json

import pytest

from napari_maxrf.cli import main
from napari_maxrf.pigments import palette_names


def run(capsys, *words):
    code = main(["palettes", *(str(word) for word in words)])
    out, err = capsys.readouterr()
    return code, out, err


@pytest.mark.parametrize("words", [(), ("list",)])
def test_all_palettes_are_listed(words, capsys):
    code, out, _ = run(capsys, *words)
    assert code == 0
    assert [line.split()[0] for line in out.splitlines()] == list(palette_names())


@pytest.mark.parametrize("words", [("--json",), ("list", "--json"), ("--json", "list")])
def test_json_may_stand_before_or_behind_the_action(words, capsys):
    code, out, _ = run(capsys, *words)
    assert code == 0
    assert [palette["id"] for palette in json.loads(out)] == list(palette_names())


def test_a_palette_is_shown_with_colours_and_lines(capsys):
    code, out, _ = run(capsys, "show", "sarteano")
    assert code == 0
    assert len(out.splitlines()) == 13
    assert "Hg La" in out
    code, out, _ = run(capsys, "show", "sarteano", "--json")
    assert len(json.loads(out)["pigments"]) == 12


def test_check_names_silent_pigments_pairs_and_groups(capsys):
    code, out, err = run(capsys, "check", "sarteano", "--bins", 128)
    assert (code, err) == (0, "")
    silent, pairs, groups = (
        next(n for n, line in enumerate(out.splitlines()) if line.startswith(title))
        for title in ("No signal", "Cannot be told apart", "As groups")
    )
    lines = out.splitlines()
    assert any("carbon_black" in line for line in lines[silent:pairs])
    ochres = next(line for line in lines[pairs:groups] if "gold_ochre" in line)
    assert ochres.split()[:3] == ["!", "red_ochre", "gold_ochre"]
    assert "dE 27.4" in ochres
    assert "same elements: Fe" in ochres
    assert lines[-1].endswith("silent pigments: 1 of 12.")


def test_check_reports_json(capsys):
    words = ("check", "sarteano", "--bins", 128, "--counts", 1000, "--limit", 0.01)
    code, out, _ = run(capsys, *words, "--json")
    report = json.loads(out)
    assert code == 0
    assert (report["counts"], report["channels"], report["limit"]) == (1000, 128, 0.01)
    assert {"red_ochre", "gold_ochre"} in [set(p["pigments"]) for p in report["pairs"]]


@pytest.mark.parametrize(
    ("option", "usual", "other"),
    [("--instrument", "chnet_mo", "m6_jetstream"), ("--paint", "mockup", "fresco")],
)
def test_check_of_another_instrument_or_paint(option, usual, other, capsys):
    words = ("check", "sarteano", "--bins", 128, "--json", option)
    reports = [json.loads(run(capsys, *words, name)[1]) for name in (usual, other)]
    assert reports[0]["pairs"] != reports[1]["pairs"]
    if option == "--instrument":
        assert [report["instrument"] for report in reports] == [usual, other]


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (("check",), "sarteano"),
        (("check", "sartano"), "did you mean 'sarteano'"),
        (("check", "sarteano", "--instrument", "m7"), "m6_jetstream"),
        (("check", "sarteano", "--paint", "frasco"), "did you mean 'fresco'"),
        (("check", "sarteano", "--counts", "0"), "counts"),
        (("check", "sarteano", "--bins", "0"), "n_bins"),
        (("check", "sarteano", "--bins", "32", "--limit", "0.7"), "0.7"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_1(words, part, capsys):
    code, out, err = run(capsys, *words)
    assert (code, out) == (1, "")
    assert part in err
    assert err.count("\n") == 1


def test_an_unknown_action_is_bad_usage(capsys):
    with pytest.raises(SystemExit) as stop:
        main(["palettes", "chek", "sarteano"])
    assert stop.value.code == 2
    assert "check" in capsys.readouterr().err
