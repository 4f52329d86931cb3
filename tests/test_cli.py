from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

from napari_maxrf.cli import main
from napari_maxrf.io import open_cube


@pytest.fixture
def picture(tmp_path):
    path = tmp_path / "colours é.png"
    rgb = np.zeros((20, 24, 3), np.uint8)
    rgb[:, 8:] = 200, 30, 20
    rgb[:10, 16:] = 240, 240, 230
    Image.fromarray(rgb).save(path)
    return path


def run(capsys, *words):
    code = main([str(word) for word in words])
    out, err = capsys.readouterr()
    return code, out, err


def test_synthesise_info_and_convert_agree(picture, tmp_path, capsys):
    cube = tmp_path / "scan.maxrf"
    options = ("--k-min", 3, "--k-max", 3, "--counts", 150, "--seed", 7)
    assert run(capsys, "synthesise", picture, "-o", cube, *options)[0] == 0
    code, out, _ = run(capsys, "info", cube, "--json", "--counts")
    facts = json.loads(out)
    assert code == 0
    assert facts["shape"] == [20, 24, 512]
    assert facts["total_counts"] == int(open_cube(cube).counts.sum().compute())
    assert facts["total_counts"] == pytest.approx(150 * 480, rel=0.03)
    assert facts["gain_kev"] == pytest.approx(38 / 512)
    other = tmp_path / "again.maxrf"
    assert run(capsys, "convert", cube, other)[0] == 0
    np.testing.assert_array_equal(
        open_cube(cube).counts.compute(), open_cube(other).counts.compute()
    )


def test_same_seed_gives_the_same_scan(picture, tmp_path, capsys):
    for name in ("one.maxrf", "two.maxrf"):
        run(capsys, "synthesise", picture, "-o", tmp_path / name, "--seed", 3)
    one, two = (
        open_cube(tmp_path / n).counts.compute() for n in ("one.maxrf", "two.maxrf")
    )
    np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (("info", "nowhere.maxrf"), "nowhere.maxrf"),
        (("palettes", "show", "sartano"), "sarteano"),
        (("palettes", "show"), "sarteano"),
        (("synthesise", "PICTURE", "-o", "x.maxrf", "--threshold", "1.7"), "1.7"),
        (("synthesise", "PICTURE", "-o", "x.maxrf", "--palette", "none"), "none"),
        (("convert", "PICTURE", "x.maxrf"), "colours"),
        (("train", "embedding", "--pictures", "nowhere", "-o", "x"), "nowhere"),
    ],
)
def test_failures_are_one_line_and_exit_code_1(
    words, part, picture, tmp_path, capsys, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    code, _, err = run(capsys, *(picture if w == "PICTURE" else w for w in words))
    assert code == 1
    assert part in err
    assert err.count("\n") == 1
    assert "Traceback" not in err
    assert not list(tmp_path.glob("x*"))


def test_bad_usage_is_exit_code_2(capsys):
    with pytest.raises(SystemExit) as stop:
        main(["recolor"])
    assert stop.value.code == 2


def test_palettes_are_listed_as_json(capsys):
    code, out, _ = run(capsys, "palettes", "--json")
    listed = {palette["id"]: palette for palette in json.loads(out)}
    assert code == 0
    assert listed["sarteano"]["pigments"] == 12


def test_interrupt_says_how_to_go_on(monkeypatch, capsys):
    import napari_maxrf._commands._palettes as palettes

    def interrupted(_):
        raise KeyboardInterrupt

    monkeypatch.setattr(palettes, "_palettes", interrupted)
    code, _, err = run(capsys, "palettes")
    assert code == 1
    assert "--resume" in err
