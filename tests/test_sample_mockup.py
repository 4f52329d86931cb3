"""The painted sample picture and the script that paints it."""

from __future__ import annotations

import sys
from itertools import islice
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage

from napari_maxrf.pigments import load_palette

FOLDER = Path(__file__).parents[1] / "sample_data"
PALETTE = load_palette("sarteano")


@pytest.fixture(scope="module")
def script() -> ModuleType:
    """Return the script as a module, imported as when it is run."""
    sys.path.insert(0, str(FOLDER))
    try:
        import paint_mockup
    finally:
        sys.path.remove(str(FOLDER))
    return paint_mockup


@pytest.fixture(scope="module")
def picture() -> np.ndarray:
    return np.asarray(Image.open(FOLDER / "mockup.png"))


@pytest.fixture(scope="module")
def coarse(script: ModuleType) -> np.ndarray:
    """Return the panel painted with one sample per pixel: the same, but quick."""
    return script.paint_panel(samples=1)


def swatch_colour(script: ModuleType, image: np.ndarray, pigment: str) -> np.ndarray:
    left, top, right, bottom = (round(v) for v in script.swatches.SWATCHES[pigment])
    inner = image[top + 4 : bottom - 4, left + 4 : right - 4].reshape(-1, 3)
    return np.median(inner, axis=0)


def test_picture_is_a_small_rgb_image(picture: np.ndarray) -> None:
    assert picture.shape == (384, 512, 3)
    assert picture.dtype == np.uint8
    assert (FOLDER / "mockup.png").stat().st_size < 1_000_000


@pytest.mark.parametrize("pigment", PALETTE.ids)
def test_swatch_shows_its_pigment(
    script: ModuleType, picture: np.ndarray, pigment: str
) -> None:
    seen = swatch_colour(script, picture, pigment)
    distance = np.abs(PALETTE.colours * 255 - seen).max(axis=1)
    nearest = PALETTE.ids[int(distance.argmin())]
    assert nearest == pigment
    assert distance.min() < 12


def test_painting_again_gives_nearly_the_same_picture(
    picture: np.ndarray, coarse: np.ndarray
) -> None:
    old, new = (
        ndimage.gaussian_filter(image.astype(float), (2, 2, 0))
        for image in (picture, coarse)
    )
    assert np.abs(old - new).mean() < 4
    assert np.percentile(np.abs(old - new), 99) < 25


def test_same_strokes_every_time(script: ModuleType) -> None:
    def painted() -> tuple[np.ndarray, np.ndarray]:
        canvas = script.Canvas.blank(script.Grid(0, 0, 60, 340, 1))
        for passage in islice(script.swatches.passages(canvas.grid), 4):
            script.paint(canvas, passage)
        return canvas.colour, canvas.height

    first, second = painted(), painted()
    assert np.array_equal(first[0], second[0])
    assert np.array_equal(first[1], second[1])
    assert first[1].max() > 0.5


def test_window_of_a_canvas_paints_the_canvas(script: ModuleType) -> None:
    canvas = script.Canvas.blank(script.Grid(0, 0, 40, 30, 2))
    part = canvas.window(10, 5, 20, 10)
    part.colour[:] = 0
    assert part.grid.x[0, 0] == 0.25
    assert (canvas.colour[..., 0] == 0).sum() == 20 * 10 * 4
    assert (canvas.colour[10:30, 20:60] == 0).all()


def test_unmixed_pigment_keeps_its_colour(script: ModuleType) -> None:
    from _painting.paint import colour, to_srgb

    for pigment, srgb in zip(PALETTE.ids, PALETTE.colours, strict=True):
        np.testing.assert_allclose(to_srgb(colour({pigment: 2.0})), srgb, atol=2e-3)


def test_blue_and_ochre_make_green(script: ModuleType) -> None:
    from _painting.paint import colour

    red, green, blue = colour({"cobalt_blue": 1.0, "gold_ochre": 1.0})
    assert green > red
    assert green > blue


def test_command_writes_a_png_of_the_panel(
    script: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    panel = np.arange(4 * 6 * 3, dtype=np.uint8).reshape(4, 6, 3)
    sizes = []
    monkeypatch.setattr(script, "paint_panel", lambda n: sizes.append(n) or panel)
    target = tmp_path / "panel.png"
    argv = ["paint_mockup.py", "-o", str(target), "--scale", "2"]
    monkeypatch.setattr(sys, "argv", argv)
    script.main()
    assert sizes == [2]
    assert np.array_equal(np.asarray(Image.open(target)), panel)
