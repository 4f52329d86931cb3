"""The palette files that docs/palettes.md shows can be used as they stand."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from napari_maxrf.physics import MEDIA, paint_names, paint_preset
from napari_maxrf.pigments import load_palette

PAGE = Path(__file__).resolve().parents[1] / "docs" / "palettes.md"
TEXT = PAGE.read_text(encoding="utf-8")
BLOCKS = re.findall(r"```toml\n(.*?)```", TEXT, re.DOTALL)


@pytest.mark.parametrize("block", BLOCKS)
def test_a_palette_of_the_page_loads(block, tmp_path):
    rows = "\n".join(f"{0.1 * n:.1f},{n}" for n in range(400))
    for name in re.findall(r'file = "(.+?)"', block):
        spectrum = tmp_path / name
        spectrum.parent.mkdir(parents=True, exist_ok=True)
        spectrum.write_text(rows, encoding="utf-8")
    path = tmp_path / "studio.toml"
    path.write_text(block, encoding="utf-8")
    palette = load_palette(path)
    assert palette.ids
    assert all(layer.thickness_um > 0 for layer in palette.paint_used.under)


def test_the_page_names_every_preset_and_substance():
    assert len(BLOCKS) == 3
    for name in paint_names():
        assert f"`{name}`" in TEXT
        assert f"{round(100 * paint_preset(name).pigment)} % pigment" in TEXT
    for name in MEDIA:
        assert name in TEXT
