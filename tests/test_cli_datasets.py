from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from napari_maxrf.cli import main

SMALL = ("--size", "32", "--k-min", "3", "--k-max", "3", "--spectra-per-picture", "5")


@pytest.fixture
def pictures(tmp_path):
    folder = tmp_path / "pictures"
    folder.mkdir()
    for seed in range(4):
        rgb = np.random.default_rng(seed).integers(0, 255, (40, 36, 3), np.uint8)
        Image.fromarray(rgb).save(folder / f"{seed}.png")
    return folder


def test_unreadable_pictures_are_told_by_exit_code_3(pictures, tmp_path, capsys):
    out = tmp_path / "set"
    words = ["dataset", "build", str(pictures), "-o", str(out), *SMALL]
    assert main(words) == 0
    assert "4 pictures" in capsys.readouterr().out
    assert main(["dataset", "verify", str(out)]) == 0
    assert "all is well" in capsys.readouterr().out
    (pictures / "broken.png").write_bytes(b"nothing")
    words[4] = str(tmp_path / "other")
    assert main(words) == 3
    assert "broken.png" in capsys.readouterr().err


def test_damage_and_changes_are_exit_code_1(pictures, tmp_path, capsys):
    out = tmp_path / "set"
    words = ["dataset", "build", str(pictures), "-o", str(out), *SMALL]
    main(words)
    (out / "shards" / "train-00000.safetensors").write_bytes(b"torn")
    assert main(["dataset", "verify", str(out)]) == 1
    assert "bytes instead of" in capsys.readouterr().err
    assert main([*words, "--counts", "50"]) == 1
    assert "counts was 400.0, is 50.0" in capsys.readouterr().err


def test_training_takes_pictures_or_data_but_not_both(tmp_path, capsys):
    words = ["train", "embedding", "-o", str(tmp_path / "out")]
    with pytest.raises(SystemExit):
        main(words)
    with pytest.raises(SystemExit):
        main([*words, "--pictures", "a", "--data", "b"])
    capsys.readouterr()
    assert main([*words, "--data", str(tmp_path / "none")]) == 1
    assert "no data set" in capsys.readouterr().err
    assert main([*words, "--data", "x", "--validation", "y"]) == 1
    assert "omit --validation" in capsys.readouterr().err
