"""A few small pictures of three artists and settings that are quick."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from napari_maxrf.datasets import DatasetConfig
from napari_maxrf.pigments import Palette, load_palette
from napari_maxrf.synthesis import SynthesisConfig

CONFIG = DatasetConfig(
    size=32,
    shard_size=2,
    spectra_per_picture=5,
    pool=4,
    synthesis=SynthesisConfig(k_min=3, k_max=3),
)


def _paint(path: Path, seed: int) -> Path:
    """Write a picture of a few coloured squares."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rgb = np.random.default_rng(seed).integers(0, 255, (5, 6, 3), np.uint8)
    Image.fromarray(rgb).resize((48, 40), Image.Resampling.NEAREST).save(path)
    return path


@pytest.fixture
def plain() -> DatasetConfig:
    return CONFIG


@pytest.fixture
def paint() -> Callable[[Path, int], Path]:
    return _paint


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    folder = tmp_path / "pictures"
    for seed in range(10):
        _paint(folder / f"picture{seed}.png", seed)
    return folder


@pytest.fixture(scope="session")
def palette() -> Palette:
    return load_palette("sarteano")
