"""Tiles must not show: exactness, seams, odd sizes, memory."""

from __future__ import annotations

import itertools
from collections.abc import Callable

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


def smooth_latents(height: int, width: int) -> np.ndarray:
    y, x = np.mgrid[:height, :width].astype(np.float32)
    waves = (np.sin(x / 23), np.cos(y / 17), np.sin((x + y) / 31))
    return np.stack(waves, axis=-1).astype(np.float32)


def seam_energy(picture: np.ndarray, every: int) -> float:
    """Return the second-difference energy at borders of tiles against elsewhere.

    Networks with patches have a grid of their own, so columns are compared with
    those at the same place of other patches.
    """
    energy = (np.diff(picture, n=2, axis=1) ** 2).mean(axis=(0, 2))
    column = np.arange(len(energy))
    border = np.isin(column % every, (every - 2, every - 1))
    alike = np.isin(column % 16, (14, 15)) & ~border
    return float(energy[border].mean() / energy[alike].mean())


def real_network(kind: type, tone: float) -> Callable[[np.ndarray], np.ndarray]:
    """Return a network that also shifts each tile by `tone` times its mean."""
    torch.manual_seed(0)
    model = (kind(TILE) if kind is SmallUViT else kind()).eval()

    def apply(tile: np.ndarray) -> np.ndarray:
        batch = torch.from_numpy(np.ascontiguousarray(tile)).permute(2, 0, 1)[None]
        with torch.inference_mode():
            colours = model(batch)[0].permute(1, 2, 0).numpy()
        return colours + tone * tile.mean()

    return apply


@pytest.mark.parametrize("kind", [DetailUViT, SmallUViT])
@pytest.mark.parametrize("tone", [0.0, 5.0])
def test_no_seam_shows_with_a_real_network(kind: type, tone: float) -> None:
    latents = smooth_latents(TILE, 8 * TILE)
    blended = apply_tiled(real_network(kind, tone), latents, TILE)
    assert seam_energy(blended, TILE // 2) < 1.4


@pytest.mark.parametrize("kind", [DetailUViT, SmallUViT])
def test_tiles_put_side_by_side_would_show_their_seams(kind: type) -> None:
    """The measure above is able to see a seam."""
    latents = smooth_latents(TILE, 8 * TILE)
    apply = real_network(kind, 5.0)
    tiles = [apply(latents[:, x : x + TILE]) for x in range(0, 8 * TILE, TILE)]
    assert seam_energy(np.concatenate(tiles, axis=1), TILE) > 4


@pytest.mark.parametrize("shape", [(1, 1), (17, 5), (70, 90)])
def test_colours_of_any_size_are_in_range(shape: tuple[int, int]) -> None:
    model = DetailUViT().eval()
    colours = recolour_latents(model, 5 * noise(*shape), TILE)
    assert colours.shape == (*shape, 3)
    assert colours.dtype == np.float32
    assert colours.min() >= 0
    assert colours.max() <= 1
