"""Metrics against published colour differences and closed forms."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from napari_maxrf.errors import PictureError
from napari_maxrf.recolouring import (
    _metrics,
    colour_difference_map,
    ms_ssim_kernel,
    picture_metrics,
)


def painting(height: int = 176, width: int = 180) -> np.ndarray:
    rng = np.random.default_rng(0)
    coarse = rng.random((height // 8 + 1, width // 8 + 1, 3))
    fine = np.kron(coarse, np.ones((8, 8, 1)))[:height, :width]
    return np.clip(fine + 0.05 * rng.standard_normal(fine.shape), 0, 1)


def test_equal_pictures_score_perfectly() -> None:
    picture = painting()
    figures = picture_metrics(picture, picture)
    assert figures["ms_ssim"] == pytest.approx(1)
    assert figures["uqi"] == pytest.approx(1, abs=1e-4)
    assert figures["ciede2000"] == pytest.approx(0, abs=1e-6)
    assert figures["compuphase"] == pytest.approx(0, abs=1e-5)
    assert figures["psnr"] is None
    assert "note" not in figures


def test_noise_makes_every_figure_worse_step_by_step() -> None:
    picture = painting()
    noise = np.random.default_rng(1).standard_normal(picture.shape)
    some, more = (picture_metrics(picture + s * noise, picture) for s in (0.05, 0.2))
    for name in ("ms_ssim", "uqi", "psnr"):
        assert more[name] < some[name]
    for name in ("ciede2000", "compuphase"):
        assert more[name] > some[name]


def test_values_outside_are_clipped() -> None:
    picture = painting()
    wild = np.where(picture > 0.5, 7.0, -3.0)
    tame = np.where(picture > 0.5, 1.0, 0.0)
    assert picture_metrics(wild, picture) == picture_metrics(tame, picture)


def test_psnr_of_a_constant_error() -> None:
    picture = np.full((16, 16, 3), 0.5)
    assert picture_metrics(picture + 0.1, picture)["psnr"] == pytest.approx(20, 1e-4)


@pytest.mark.parametrize(
    ("side", "kernel"),
    [(1, None), (111, None), (112, 7), (175, 7), (176, 11), (4096, 11)],
)
def test_window_of_ms_ssim(side: int, kernel: int | None) -> None:
    assert ms_ssim_kernel(side) == kernel


@pytest.mark.parametrize("side", [112, 113, 150, 175])
def test_small_pictures_have_a_figure_and_a_note(side: int) -> None:
    picture = painting(side, 200)
    figures = picture_metrics(picture, picture)
    assert figures["ms_ssim"] == pytest.approx(1)
    assert "window of 7" in figures["note"]


@pytest.mark.parametrize("side", [1, 10, 11, 111])
def test_tiny_pictures_have_no_ms_ssim_and_say_why(side: int) -> None:
    picture = painting(side, 30)
    figures = picture_metrics(picture, picture)
    assert figures["ms_ssim"] is None
    assert (figures["uqi"] is None) == (side < 11)
    assert "112" in figures["note"]


def test_the_usual_window_is_refused_by_torchmetrics_below_176() -> None:
    batch = torch.rand(1, 3, 175, 176)
    with pytest.raises(ValueError, match="must be larger"):
        _metrics.ms_ssim_of_batch(batch, batch, 11)


def test_black_against_white_is_100() -> None:
    black, white = np.zeros((1, 1, 3)), np.ones((1, 1, 3))
    assert colour_difference_map(black, white) == pytest.approx(100, abs=0.05)


def test_the_map_is_local_and_does_not_depend_on_blocks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    a, b = painting(40, 20), painting(40, 20)
    b[30, 7] = 1 - b[30, 7]
    whole = colour_difference_map(a, b)
    monkeypatch.setattr(_metrics, "ROWS_AT_ONCE", 7)
    np.testing.assert_array_equal(colour_difference_map(a, b), whole)
    assert whole.shape == (40, 20)
    assert np.argwhere(whole > 0).tolist() == [[30, 7]]


@pytest.mark.parametrize(
    ("a", "b", "words"),
    [
        (np.zeros((4, 4, 3)), np.zeros((4, 5, 3)), "shapes"),
        (np.zeros((4, 4)), np.zeros((4, 4)), "shapes"),
        (np.zeros((0, 4, 3)), np.zeros((0, 4, 3)), "shapes"),
        (np.zeros((4, 4, 3), np.uint8), np.zeros((4, 4, 3)), "uint8"),
        (np.full((4, 4, 3), np.nan), np.zeros((4, 4, 3)), "NaN"),
    ],
)
def test_unusable_pictures_are_refused(
    a: np.ndarray, b: np.ndarray, words: str
) -> None:
    with pytest.raises(PictureError, match=words):
        picture_metrics(a, b)
