"""Crops, turns and mirrors: alike for both, and no value is ever changed."""

from __future__ import annotations

import numpy as np
import pytest

from napari_maxrf.recolouring._augmentation import _reflected, augment


def numbered(height: int, width: int) -> np.ndarray:
    """Return an image whose pixels tell their row, column and a constant."""
    y, x = np.mgrid[:height, :width]
    return np.stack([y, x, np.full_like(y, 7)], axis=-1).astype(np.float32)


def crops(
    height: int, width: int, side: int, share: float, n: int = 40
) -> list[np.ndarray]:
    image = numbered(height, width)
    pairs = [
        augment(image, 2 * image, side, share, np.random.default_rng(i))
        for i in range(n)
    ]
    for latents, rgb in pairs:
        np.testing.assert_array_equal(rgb, 2 * latents)
    return [latents for latents, _ in pairs]


@pytest.mark.parametrize(
    ("height", "width"), [(40, 50), (32, 32), (20, 60), (10, 10), (1, 1)]
)
def test_input_and_target_are_cut_alike_to_the_wanted_side(
    height: int, width: int
) -> None:
    for crop in crops(height, width, 32, 0.5):
        assert crop.shape == (32, 32, 3)


def test_without_shrinking_neighbours_stay_neighbours() -> None:
    for crop in crops(50, 60, 32, 0.0):
        down, across = np.diff(crop, axis=0), np.diff(crop, axis=1)
        assert (np.abs(down).sum(axis=2) == 1).all()
        assert (np.abs(across).sum(axis=2) == 1).all()


def test_all_eight_turns_and_mirrors_occur() -> None:
    looks = {
        (tuple(crop[1, 0] - crop[0, 0]), tuple(crop[0, 1] - crop[0, 0]))
        for crop in crops(50, 60, 32, 0.0, n=100)
    }
    assert len(looks) == 8


def test_every_place_can_be_reached() -> None:
    found = crops(36, 40, 32, 0.0, n=200)
    assert {int(c[..., 0].min()) for c in found} == set(range(5))
    assert {int(c[..., 1].min()) for c in found} == set(range(9))


def test_shrinking_keeps_pixels_of_a_larger_square() -> None:
    reaches = [int(np.ptp(c[..., 0])) for c in crops(64, 64, 32, 1.0, n=100)]
    assert min(reaches) < 40
    assert max(reaches) > 56
    for crop in crops(64, 64, 32, 1.0):
        assert len(np.unique(crop.reshape(-1, 3), axis=0)) == 32 * 32


def test_small_pictures_are_mirrored_at_their_borders() -> None:
    assert _reflected(np.arange(-3, 7), 4).tolist() == [3, 2, 1, 0, 1, 2, 3, 2, 1, 0]
    assert _reflected(np.arange(-2, 3), 1).tolist() == [0] * 5
