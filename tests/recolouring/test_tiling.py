"""Tiles must not show: exactness, seams, odd sizes, memory."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_maxrf.progress import Progress
from napari_maxrf.recolouring import (
    DetailUViT,
    SmallUViT,
    apply_tiled,
    apply_tiled_steps,
)
from napari_maxrf.recolouring._inference import recolour_latents
from napari_maxrf.recolouring._tiling import tile_starts, tile_windows

TILE = 64


def noise(height: int, width: int) -> np.ndarray:
    rng = np.random.default_rng(0)
    return rng.standard_normal((height, width, 3)).astype(np.float32)


@pytest.mark.parametrize(
    "shape", [(1, 1), (1, 200), (63, 65), (64, 64), (64, 300), (131, 97), (256, 192)]
)
def test_a_constant_shift_is_reproduced(shape: tuple[int, int]) -> None:
    image = noise(*shape)
    np.testing.assert_allclose(
        apply_tiled(lambda t: t + 2, image, TILE), image + 2, atol=2e-6
    )


@given(length=st.integers(TILE, 1000))
@settings(max_examples=60)
def test_tiles_cover_everything_overlap_by_half_and_add_up_to_one(length: int) -> None:
    starts = tile_starts(length, TILE)
    assert starts[0] == 0
    assert starts[-1] == length - TILE
    assert all(b - a <= TILE // 2 for a, b in itertools.pairwise(starts))
    total = np.zeros(length)
    for start, weights in tile_windows(length, TILE):
        assert (weights >= 0).all()
        total[start : start + TILE] += weights
    np.testing.assert_allclose(total, 1, atol=1e-6)


def test_weights_fade_to_nothing_at_inner_tile_borders() -> None:
    windows = dict(tile_windows(3 * TILE, TILE))
    middle = windows[TILE]
    assert middle[0] < 0.001
    assert middle[-1] < 0.001
    assert windows[0][0] == pytest.approx(1)


def test_every_tile_is_reported_and_sees_a_full_square() -> None:
    seen = []

    def look(tile: np.ndarray) -> np.ndarray:
        seen.append(tile.shape)
        return tile

    records = list(apply_tiled_steps(look, noise(100, 130), TILE, stage="Looking"))
    assert set(seen) == {(TILE, TILE, 3)}
    assert all(isinstance(r, Progress) and r.stage == "Looking" for r in records)
    assert [r.done for r in records] == list(range(1, len(records) + 1))
    assert {r.total for r in records} == {len(records)} == {len(seen)}


def test_a_small_picture_is_continued_by_reflection_around_it() -> None:
    image = noise(40, 64)
    seen = []
    apply_tiled(lambda t: seen.append(t.copy()) or t, image, TILE)
    np.testing.assert_array_equal(seen[0][12:52], image)
    np.testing.assert_array_equal(seen[0][11], image[1])
    np.testing.assert_array_equal(seen[0][52], image[-2])


def roughness(picture: np.ndarray) -> np.ndarray:
    """Return the mean second difference across columns, for each column."""
    return np.abs(np.diff(picture, n=2, axis=1)).mean(axis=(0, 2))


def smooth_latents(height: int, width: int) -> np.ndarray:
    y, x = np.mgrid[:height, :width].astype(np.float32)
    waves = (np.sin(x / 23), np.cos(y / 17), np.sin((x + y) / 31))
    return np.stack(waves, axis=-1).astype(np.float32)


@pytest.mark.parametrize("kind", [DetailUViT, SmallUViT])
def test_no_seam_shows_with_a_real_network(kind: type) -> None:
    """Across tile borders the picture is no rougher than elsewhere in the patch.

    SmallUViT has a patch grid of its own, so that columns are compared with
    those at the same place of other patches.
    """
    torch.manual_seed(0)
    model = (kind(64) if kind is SmallUViT else kind()).eval()
    colours = recolour_latents(model, smooth_latents(64, 288), TILE)
    columns = roughness(colours)
    starts = tile_starts(288, TILE)
    borders = sorted(set(starts[1:]) | {s + TILE for s in starts[:-1]})
    phase = np.arange(len(columns)) % 16
    for border in borders:
        for column in (border - 2, border - 1):
            alike = columns[phase == column % 16]
            assert columns[column] <= 1.5 * np.median(alike) + 1e-6


def test_hard_tiles_would_show_a_seam() -> None:
    """The seam test is able to fail: tiles put side by side are rougher."""
    torch.manual_seed(0)
    model = DetailUViT().eval()
    latents = smooth_latents(64, 256)
    parts = [recolour_latents(model, latents[:, x : x + 64], 64) for x in (0, 64, 128)]
    columns = roughness(np.concatenate(parts, axis=1))
    assert columns[63] > 1.5 * np.median(columns)


@pytest.mark.parametrize("shape", [(1, 1), (17, 5), (70, 90)])
def test_colours_of_any_size_are_in_range(shape: tuple[int, int]) -> None:
    model = DetailUViT().eval()
    colours = recolour_latents(model, 5 * noise(*shape), TILE)
    assert colours.shape == (*shape, 3)
    assert colours.dtype == np.float32
    assert colours.min() >= 0
    assert colours.max() <= 1
