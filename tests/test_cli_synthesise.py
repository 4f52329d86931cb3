"""The command ``synthesise``: stopped, gone on with, and refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from napari_maxrf import io
from napari_maxrf.cli import main

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from napari_maxrf.progress import Progress

FEW = ("--k-min", "3", "--k-max", "3", "--bins", "32")


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    levels = np.random.default_rng(0).integers(0, 256, (70, 90, 3), dtype=np.uint8)
    path = tmp_path / "picture.png"
    Image.fromarray(levels).save(path)
    return path


def test_a_stop_by_the_user_is_told_and_gone_on_with(
    picture: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = tmp_path / "scan.maxrf"
    words = ["synthesise", str(picture), "-o", str(out), *FEW]
    really = io.save_blocks_steps

    def stopped(*given: object, **options: object) -> Iterator[Progress]:
        steps = really(*given, **options, checkpoint_s=0)
        yield next(steps)
        yield next(steps)
        steps.close()
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(io, "save_blocks_steps", stopped, raising=False)
        assert main(words) == 1
    assert (
        "Stopped. Go on with the same command and --resume" in capsys.readouterr().err
    )
    assert main(words) == 1
    assert "--resume" in capsys.readouterr().err
    assert main([*words, "--resume", "--counts", "500"]) == 1
    assert "counts was 400.0 and is 500.0" in capsys.readouterr().err
    assert main([*words, "--resume"]) == 0
    assert main([*words[:3], str(tmp_path / "whole.maxrf"), *FEW]) == 0
    one, two = (
        io.open_cube(tmp_path / name).counts.compute()
        for name in ("scan.maxrf", "whole.maxrf")
    )
    np.testing.assert_array_equal(one, two)


def test_a_damaged_picture_leaves_nothing(
    picture: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    picture.write_bytes(picture.read_bytes()[:3000])
    assert main(["synthesise", str(picture), "-o", str(tmp_path / "x.maxrf")]) == 1
    assert "picture.png" in capsys.readouterr().err
    assert not list(tmp_path.glob("x*"))
