"""Palettes: names, files, subsets and hashes."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from napari_maxrf.errors import MaxrfError, PaletteError
from napari_maxrf.pigments import Palette, load_palette, pigment_table, save_palette

if TYPE_CHECKING:
    from pathlib import Path


def test_typo_in_a_palette_names_the_nearest() -> None:
    with pytest.raises(PaletteError, match="did you mean 'sarteano'"):
        load_palette("sartaeno")


def test_unlike_name_lists_what_there_is() -> None:
    with pytest.raises(PaletteError, match="Known: sarteano"):
        load_palette("")


def test_subset_keeps_the_order_of_the_palette() -> None:
    part = load_palette("sarteano").subset(["smalt", "red_ochre"])
    assert part.ids == ("red_ochre", "smalt")


def test_subset_of_a_stranger_names_the_nearest() -> None:
    with pytest.raises(PaletteError, match="did you mean 'cinnabar'"):
        load_palette("sarteano").subset(["cinnabr"])


def test_empty_palette_is_refused() -> None:
    with pytest.raises(PaletteError, match="no pigments"):
        load_palette("sarteano").subset([])
    with pytest.raises(PaletteError, match="no pigments"):
        Palette("mine", "Mine", "", ())


def test_pigment_twice_is_refused() -> None:
    smalt = pigment_table()["smalt"]
    with pytest.raises(PaletteError, match="smalt more than once"):
        Palette("mine", "Mine", "", (smalt, smalt))


def test_hash_changes_with_what_matters_only() -> None:
    palette = load_palette("sarteano")
    first = replace(palette.pigments[0], srgb=(1, 2, 3))
    others = [
        replace(palette, pigments=(first, *palette.pigments[1:])),
        replace(palette, paint="oil"),
        replace(palette, instrument="m6_jetstream"),
        palette.subset(palette.ids[:-1]),
    ]
    assert len({palette.content_hash, *(p.content_hash for p in others)}) == 5
    assert replace(palette, name="Another").content_hash == palette.content_hash
    assert len(palette.content_hash) == 16


def test_json_holds_plain_values() -> None:
    values = load_palette("sarteano").to_json()
    assert json.loads(json.dumps(values)) == values
    assert values["pigments"][1]["id"] == "cinnabar"


def write(path: Path, text: str) -> Path:
    """Write a palette file."""
    path.write_text(text, encoding="utf-8")
    return path


def test_own_palette_from_a_file(tmp_path: Path) -> None:
    path = write(
        tmp_path / "studio.toml",
        'name = "My studio"\npaint = "oil"\ninstrument = "m6_jetstream"\n'
        'pigments = ["lead_white", "azurite", "smalt"]\n'
        '[colours]\nazurite = "#3a6ea5"\nsmalt = [10, 20, 30]\n',
    )
    palette = load_palette(path)
    assert palette.ids == ("lead_white", "azurite", "smalt")
    assert (palette.id, palette.name) == ("studio", "My studio")
    assert (palette.paint, palette.instrument) == ("oil", "m6_jetstream")
    assert palette.pigments[0] == pigment_table()["lead_white"]
    assert palette.pigments[1].srgb == (0x3A, 0x6E, 0xA5)
    assert palette.pigments[2].srgb == (10, 20, 30)
    assert palette.pigments[1].colour_source == "user: studio.toml"


def test_saved_palette_loads_the_same(tmp_path: Path) -> None:
    palette = replace(load_palette("roman_fresco"), name='A "quoted" näme \\')
    save_palette(palette, tmp_path / "again.toml")
    again = load_palette(tmp_path / "again.toml")
    assert again.content_hash == palette.content_hash
    assert (again.name, again.period) == (palette.name, palette.period)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ('pigments = ["azurit"]', "did you mean 'azurite'"),
        ("pigments = []", "no pigments"),
        ('pigments = ["smalt", "smalt"]', "more than once"),
        ('pigments = ["smalt"]\npaint = "fresko"', "did you mean 'fresco'"),
        ('pigments = ["smalt"]\ninstrument = "m6"', "instrument 'm6'"),
        ('pigments = ["smalt"]\ncolour = "red"', "colour"),
        ('pigments = ["smalt"]\n[colours]\nsmald = "#000000"', "mean 'smalt'"),
        ('pigments = ["smalt"]\n[colours]\nsmalt = "blue"', "#rrggbb"),
        ('pigments = ["smalt"]\n[colours]\nsmalt = [1, 2, 999]', "or equal to 255"),
        ("pigments = 3", "pigments"),
        ("name = ", "not a TOML file"),
        ("", "pigments"),
    ],
)
def test_bad_file_is_one_clear_line(tmp_path: Path, text: str, shown: str) -> None:
    path = write(tmp_path / "mine.toml", text)
    with pytest.raises(PaletteError) as caught:
        load_palette(path)
    assert shown in str(caught.value)
    assert "mine.toml" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(MaxrfError, match="Cannot read"):
        load_palette(tmp_path / "none.toml")


def test_own_instrument_lies_beside_the_palette(tmp_path: Path) -> None:
    scanner = write(tmp_path / "lab.toml", 'name = "lab"\nkv = 30.0\n')
    path = write(
        tmp_path / "mine.toml", 'pigments = ["smalt"]\ninstrument = "lab.toml"\n'
    )
    palette = load_palette(path)
    assert palette.instrument == str(scanner)
    other = replace(palette, instrument=str(tmp_path / "other.toml"))
    write(tmp_path / "other.toml", 'name = "lab"\nkv = 35.0\n')
    assert other.content_hash != palette.content_hash
