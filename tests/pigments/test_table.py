"""The pigment table: every number consistent, every entry with its source."""

from __future__ import annotations

import csv
from importlib.resources import files
from typing import TYPE_CHECKING

import numpy as np
import pytest
import xraylib

from napari_maxrf.errors import PaletteError
from napari_maxrf.pigments import Pigment, load_palette, palette_names, pigment_table

if TYPE_CHECKING:
    from pathlib import Path

DATA = files("napari_maxrf.pigments") / "data"
PIGMENTS = list(pigment_table().values())
SARTEANO = (
    "red_ochre",
    "cinnabar",
    "cobalt_blue",
    "smalt",
    "gold_ochre",
    "dark_ochre",
    "aegirine",
    "green_earth",
    "caput_mortuum",
    "ivory_black",
    "carbon_black",
    "titanium_white",
)


def lab_to_srgb(lab: tuple[float, float, float]) -> np.ndarray:
    """Convert CIE Lab (D65, 2 degrees) to 8-bit sRGB by the definitions."""
    lightness, a, b = lab
    fy = (lightness + 16) / 116
    f = np.array([fy + a / 500, fy, fy - b / 200])
    white = np.array([0.95047, 1.0, 1.08883])
    cubed, linear = f**3, (f - 16 / 116) * 3 * (6 / 29) ** 2
    xyz = white * np.where(f > 6 / 29, cubed, linear)
    matrix = np.array(
        [
            [3.2404542, -1.5371385, -0.4985314],
            [-0.9692660, 1.8760108, 0.0415560],
            [0.0556434, -0.2040259, 1.0572252],
        ]
    )
    rgb = np.clip(matrix @ xyz, 0, 1)
    low, high = 12.92 * rgb, 1.055 * rgb ** (1 / 2.4) - 0.055
    return 255 * np.where(rgb <= 0.0031308, low, high)


def test_the_whole_table_is_there() -> None:
    assert len(PIGMENTS) == 88
    assert len(palette_names()) == 12
    assert sum(len(load_palette(name).ids) for name in palette_names()) == 350


@pytest.mark.parametrize("table", ["pigments.csv", "palettes.csv"])
def test_table_equals_the_data_it_was_taken_from(shared_data: Path, table: str) -> None:
    original = shared_data / "pigments" / table
    if not original.exists():
        pytest.skip(f"{table} is not among the shared data")
    packaged = (DATA / table).read_text(encoding="utf-8")
    assert packaged.splitlines() == original.read_text("utf-8").splitlines()


@pytest.mark.parametrize("pigment", PIGMENTS, ids=lambda p: p.id)
def test_formulas_parse_and_fractions_sum_to_one(pigment: Pigment) -> None:
    for formula, _ in pigment.composition:
        parsed = xraylib.CompoundParser(formula)
        assert sum(parsed["massFractions"]) == pytest.approx(1)
    assert sum(share for _, share in pigment.composition) == pytest.approx(1, abs=1e-9)


@pytest.mark.parametrize("pigment", PIGMENTS, ids=lambda p: p.id)
def test_lab_and_srgb_are_the_same_colour(pigment: Pigment) -> None:
    assert np.abs(lab_to_srgb(pigment.lab) - pigment.srgb).max() <= 1.01


@pytest.mark.parametrize("pigment", PIGMENTS, ids=lambda p: p.id)
def test_colour_and_composition_name_their_source(pigment: Pigment) -> None:
    kind = pigment.colour_source.split(":")[0]
    assert kind in {"measured", "derived", "proxy", "conventional"}
    assert pigment.composition_source
    assert 0.5 < pigment.density_g_cm3 < 20


def test_the_paper_palette() -> None:
    assert load_palette("sarteano").ids == SARTEANO


@pytest.mark.parametrize("name", palette_names())
def test_palettes_hold_known_pigments(name: str) -> None:
    palette = load_palette(name)
    assert set(palette.ids) <= set(pigment_table())
    assert palette.name
    assert palette.colours.shape == (len(palette.ids), 3)
    assert palette.colours.min() >= 0
    assert palette.colours.max() <= 1


def test_ids_are_unique() -> None:
    with (DATA / "pigments.csv").open(encoding="utf-8") as stream:
        ids = [row["id"] for row in csv.DictReader(stream)]
    assert len(ids) == len(set(ids)) == len(PIGMENTS)


def _pigment(**changes: object) -> Pigment:
    return Pigment(**{**vars(pigment_table()["cinnabar"]), **changes})


@pytest.mark.parametrize(
    ("changes", "shown"),
    [
        ({"composition": (("HgS", 0.5),)}, "sum to 0.5"),
        ({"composition": (("Hgs", 1.0),)}, "Hgs"),
        ({"composition": (("2PbCO3·PbO2H2", 1.0),)}, "·"),
        ({"composition": ()}, "sum to 0"),
        ({"density_g_cm3": -1.0}, "density"),
        ({"srgb": (0, 300, 0)}, "0 to 255"),
    ],
)
def test_bad_pigment_is_one_clear_line(changes: dict, shown: str) -> None:
    with pytest.raises(PaletteError, match="cinnabar") as caught:
        _pigment(**changes)
    assert shown in str(caught.value)
    assert "\n" not in str(caught.value)
