"""Palette files with pigments, mixtures, layers and measured spectra of one's own."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest

from napari_maxrf.cube import EnergyAxis
from napari_maxrf.errors import MaxrfError, PaletteError
from napari_maxrf.physics import Coat, Paint
from napari_maxrf.pigments import (
    Palette,
    load_palette,
    pigment_table,
    save_palette,
)

AXIS = EnergyAxis.from_range(0.5, 38.5, 256)

STUDIO = """
name = "My studio"
instrument = "m6_jetstream"
pigments = ["lead_white", "azurite", "flesh", "my_blue", "house_red"]

[paint]
pigment = 0.35
medium = { oil = 0.65 }
thickness_um = 40
over = [{ parts = { varnish = 1.0 }, thickness_um = 15 }]
under = [
    { parts = { lead_white = 0.3, oil = 0.7 }, thickness_um = 30 },
    { parts = { lime = 0.5, protein = 0.1 }, thickness_um = 200 },
]

[colours]
azurite = "#3a6ea5"

[mixture.flesh]
name = "Flesh"
parts = { lead_white = 0.85, vermilion = 0.1, yellow_ochre = 0.05 }

[pigment.my_blue]
composition = { CoAl2O4 = 0.9, SiO2 = 0.1 }
density_g_cm3 = 4.1
colour = "#1133aa"
period_from = 1804

[measured.house_red]
file = "spectra/red.csv"
colour = [170, 34, 17]
like = "vermilion"
"""


def write_spectrum(path: Path, peak_kev: float = 10.0, n: int = 1000) -> np.ndarray:
    """Write a two-column spectrum with one peak and return its counts."""
    energy = 0.04 * np.arange(n)
    counts = np.rint(5 + 1000 * np.exp(-0.5 * ((energy - peak_kev) / 0.08) ** 2))
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = (f"{e:.3f},{c:.0f}" for e, c in zip(energy, counts, strict=True))
    path.write_text("energy_keV,counts\n" + "\n".join(rows) + "\n", encoding="utf-8")
    return counts


@pytest.fixture
def studio(tmp_path: Path) -> Path:
    """Return a palette file of all kinds of entries."""
    write_spectrum(tmp_path / "spectra" / "red.csv")
    path = tmp_path / "studio.toml"
    path.write_text(STUDIO, encoding="utf-8")
    return path


def by_id(palette: Palette, key: str):
    """Return a pigment of a palette."""
    return next(pigment for pigment in palette.pigments if pigment.id == key)


def test_all_kinds_of_entries_become_pigments(studio: Path) -> None:
    palette = load_palette(studio)
    assert palette.ids == ("lead_white", "azurite", "flesh", "my_blue", "house_red")
    flesh, blue = by_id(palette, "flesh"), by_id(palette, "my_blue")
    assert {f for f, _ in flesh.composition} > {"HgS"}
    assert flesh.parts[1] == ("vermilion", 0.1)
    assert flesh.colour_source == "mixed after Kubelka and Munk"
    assert (blue.name, blue.hue_family, blue.period_from) == ("my blue", "blue", 1804)
    assert blue.fluoresces_as == "Co Ka"


def test_an_entry_takes_from_its_like_what_it_does_not_say(studio: Path) -> None:
    red, table = by_id(load_palette(studio), "house_red"), pigment_table()["vermilion"]
    assert (red.ci_name, red.period_from) == (table.ci_name, table.period_from)
    assert red.composition == table.composition
    assert red.srgb == (170, 34, 17)


def test_an_entry_named_like_the_table_replaces_it(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(
        "[pigment.azurite]\ncomposition = { Cu3C2O8H2 = 0.9, Fe2O3 = 0.1 }\n"
        "density_g_cm3 = 3.9\n",
        encoding="utf-8",
    )
    (azurite,) = load_palette(path).pigments
    assert azurite.composition[1] == ("Fe2O3", 0.1)
    assert azurite.srgb == pigment_table()["azurite"].srgb


def test_a_measured_spectrum_stands_for_itself(studio: Path) -> None:
    palette = load_palette(studio)
    spectrum = palette.spectra(AXIS)[palette.ids.index("house_red")]
    counts = write_spectrum(studio.parent / "spectra" / "red.csv")
    energy = 0.04 * np.arange(1000)
    inside = (energy > 9.5) & (energy < 10.5)
    seen = (energy > 0.5) & (energy < 38.5)
    window = AXIS.window(9.5, 10.5)
    share = counts[inside].sum() / counts[seen].sum()
    assert spectrum[window].sum() == pytest.approx(share, rel=0.01)
    assert spectrum.sum() == pytest.approx(1.0)


def test_layers_over_and_under_change_the_spectrum(studio: Path) -> None:
    palette = load_palette(studio).subset(["azurite"])
    bare = replace(palette, paint=replace_paint(palette, over=(), under=()))
    with_layers, without = palette.spectra(AXIS)[0], bare.spectra(AXIS)[0]
    lead = AXIS.window(10.4, 10.7)
    assert with_layers[lead].sum() > 5 * without[lead].sum()


def replace_paint(palette: Palette, **changes: object) -> Paint:
    """Return the palette's paint with changes."""
    return palette.paint_used.model_copy(update=changes)


def test_a_pigment_may_have_a_paint_of_its_own(studio: Path) -> None:
    palette = load_palette(studio)
    glaze = Paint(pigment=0.05, medium={"oil": 0.95}, thickness_um=10.0)
    azurite = replace(by_id(palette, "azurite"), paint=glaze)
    other = replace(palette, pigments=(palette.pigments[0], azurite))
    lead = AXIS.window(10.4, 10.7)
    usual, thin = palette.spectra(AXIS)[1], other.spectra(AXIS)[1]
    assert thin[lead].sum() < 0.2 * usual[lead].sum()
    assert other.content_hash != palette.subset(["lead_white", "azurite"]).content_hash


def test_blank_is_the_paint_without_pigment(studio: Path) -> None:
    palette = load_palette(studio)
    blank = palette.blank_spectrum(AXIS)
    assert blank.sum() == pytest.approx(1.0)
    copper = AXIS.window(7.9, 8.2)
    azurite = palette.spectra(AXIS)[1]
    assert blank[copper].sum() < 0.1 * azurite[copper].sum()


def test_what_is_saved_loads_the_same(studio: Path, tmp_path: Path) -> None:
    palette = load_palette(studio)
    glaze = Paint(pigment=0.05, medium={"oil": 0.95}, thickness_um=10.0)
    azurite = replace(by_id(palette, "azurite"), paint=glaze)
    palette = replace(
        palette, pigments=(palette.pigments[0], azurite, *palette.pigments[2:])
    )
    for place in (tmp_path / "again.toml", tmp_path / "far" / "away" / "again.toml"):
        save_palette(palette, place)
        again = load_palette(place)
        assert again.content_hash == palette.content_hash
        np.testing.assert_array_equal(again.spectra(AXIS), palette.spectra(AXIS))
        assert by_id(again, "flesh").parts == by_id(palette, "flesh").parts
        assert again.pigments[0] == palette.pigments[0]


def test_a_spectrum_in_the_folder_of_the_palette_moves_with_it(
    studio: Path, tmp_path: Path
) -> None:
    save_palette(load_palette(studio), studio)
    assert 'file = "spectra/red.csv"' in studio.read_text(encoding="utf-8")
    moved = tmp_path.parent / f"{tmp_path.name}-moved"
    tmp_path.rename(moved)
    assert by_id(load_palette(moved / "studio.toml"), "house_red").measured


def test_a_mixture_whose_parts_are_gone_is_saved_by_its_chemistry(
    tmp_path: Path,
) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(
        "[pigment.base]\ncomposition = { ZnO = 1.0 }\ndensity_g_cm3 = 5.6\n"
        'colour = "#ffffff"\n[mixture.pink]\n'
        "parts = { base = 0.9, vermilion = 0.1 }\n",
        encoding="utf-8",
    )
    pink = load_palette(path).subset(["pink"])
    save_palette(pink, tmp_path / "pink.toml")
    again = load_palette(tmp_path / "pink.toml")
    np.testing.assert_array_equal(again.spectra(AXIS), pink.spectra(AXIS))


def test_a_changed_spectrum_is_noticed(studio: Path) -> None:
    save_palette(load_palette(studio), studio)
    write_spectrum(studio.parent / "spectra" / "red.csv", peak_kev=12.0)
    with pytest.raises(PaletteError, match="not the file that the palette was saved"):
        load_palette(studio)


def test_a_hash_follows_the_counts_and_not_the_place(studio: Path) -> None:
    palette = load_palette(studio)
    (studio.parent / "spectra" / "red.csv").rename(studio.parent / "red.csv")
    text = STUDIO.replace("spectra/red.csv", "red.csv")
    studio.write_text(text, encoding="utf-8")
    assert load_palette(studio).content_hash == palette.content_hash
    write_spectrum(studio.parent / "red.csv", peak_kev=12.0)
    assert load_palette(studio).content_hash != palette.content_hash


def test_calibration_may_stand_in_the_palette(tmp_path: Path) -> None:
    (tmp_path / "bare.txt").write_text("\n".join(["1", "2", "300", "2", "1"] * 20))
    path = tmp_path / "mine.toml"
    entry = '[measured.red]\nfile = "bare.txt"\ncolour = "#aa0000"\n'
    path.write_text(entry, encoding="utf-8")
    with pytest.raises(PaletteError, match="offset_kev and gain_kev"):
        load_palette(path)
    path.write_text(entry + "offset_kev = 0.1\ngain_kev = 0.2\n", encoding="utf-8")
    palette = load_palette(path)
    assert palette.spectra(AXIS).sum() == pytest.approx(1)
    save_palette(palette, tmp_path / "again.toml")
    again = load_palette(tmp_path / "again.toml")
    assert again.content_hash == palette.content_hash


def test_a_ganx_dictionary_is_a_palette(tmp_path: Path) -> None:
    content = {}
    for name, energy, colour in (
        ("LeadWhite", 10.5, [240, 235, 229]),
        ("Iron Red", 6.4, [150, 40, 30]),
    ):
        x = np.linspace(0, 40, 400)
        with h5py.File(tmp_path / f"{name}.h5", "w") as file:
            file["x"], file["y"] = x, 1000 * np.exp(-(((x - energy) / 0.2) ** 2))
        content[name] = {"xrf": f"./{name}.h5", "RGB": colour}
    path = tmp_path / "pigments.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    palette = load_palette(path)
    assert palette.ids == ("leadwhite", "iron_red")
    assert palette.pigments[1].srgb == (150, 40, 30)
    peaks = AXIS.centres_kev[palette.spectra(AXIS).argmax(axis=1)]
    np.testing.assert_allclose(peaks, [10.5, 6.4], atol=0.15)
    save_palette(palette, tmp_path / "mine.toml")
    assert load_palette(tmp_path / "mine.toml").content_hash == palette.content_hash


SULPHIDE = (
    "[pigment.x]\ncomposition = {{ {} = {} }}\ndensity_g_cm3 = {}\ncolour = '#000000'"
)
PAINTED = (
    "pigments = ['smalt']\n[paint]\npigment = 0.3\nthickness_um = {}\n"
    "medium = {{ {} = 0.5 }}"
)
SPECTRUM = "[measured.x]\nfile = '{}'\ncolour = '#000000'\n"

BROKEN = {
    'pigments = ["lead_white",\n"azurit"]': ("line 2", "did you mean 'azurite'"),
    "[pigment.x]\ncolour = '#000000'": ("line 1", "needs a composition"),
    "[pigment.x]\ncomposition = { HgS = 1.0 }\ndensity_g_cm3 = 8": ("no colour",),
    "[pigment.x]\ncomposition = { HgS = 1.0 }\ncolour = [0, 0, 0]": ("density_g_cm3",),
    SULPHIDE.format("Qq", 1.0, 8.1): ("line 1", "Qq"),
    SULPHIDE.format("HgS", 0.9, 8.1): ("sum to 1", "0.9"),
    SULPHIDE.format("HgS", 1.0, -1): ("line 3", "density_g_cm3"),
    "[pigment.x]\ncompositon = { HgS = 1.0 }": ("line 2", "did you mean 'composition'"),
    "[mixture.x]\nparts = { lead_white = 0.5 }": ("shares must sum to 1",),
    "[mixture.x]\nparts = { lead_whit = 1.0 }": ("line 2", "did you mean 'lead_white'"),
    "[mixture.x]\nparts = { y = 1.0 }\n[mixture.y]\nparts = { smalt = 1.0 }": (
        "itself a mixture",
    ),
    SPECTRUM.format("none.csv"): ("line 1", "none.csv"),
    "[measured.x]\ncolour = '#000000'": ("line 1", "measured.x.file"),
    SPECTRUM.format("a.csv") + "gain_kev = 0.1": ("go together",),
    SPECTRUM.format("a.csv") + "like = 'vermillion'": ("line 4", "mean 'vermilion'"),
    "[pigment.x]\nlike = 'smalt'\n[mixture.x]\nparts = { smalt = 1.0 }": (
        "both under",
    ),
    PAINTED.format(-4, "oil"): ("line 4", "thickness_um"),
    PAINTED.format(4, "oli"): ("line 2", "did you mean 'oil'"),
    "pigments = ['smalt']\n\ninstrument = 'm6_jetsteam'": ("line 3", "'m6_jetstream'"),
    "pigment = ['smalt']": ("line 1", "pigment"),
}


@pytest.mark.parametrize("text", BROKEN, ids=[" ".join(v) for v in BROKEN.values()])
def test_a_broken_file_names_file_line_and_remedy(tmp_path: Path, text: str) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(text, encoding="utf-8")
    (tmp_path / "a.csv").write_text("0.5,3\n1.0,4\n1.5,5\n")
    with pytest.raises(PaletteError) as caught:
        load_palette(path)
    message = str(caught.value)
    assert "\n" not in message
    for part in ("mine.toml", *BROKEN[text]):
        assert part in message


@pytest.mark.parametrize("content", ["nan,1\n2,3\n", "1,nan\n2,3\n", "", "a,b\nc,d\n"])
def test_a_spectrum_that_cannot_be_used_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / "red.csv").write_text(content)
    path = tmp_path / "mine.toml"
    path.write_text('[measured.x]\nfile = "red.csv"\ncolour = "#000000"\n')
    with pytest.raises(PaletteError, match=r"red\.csv"):
        load_palette(path)


def test_a_spectrum_outside_the_axis_is_refused(tmp_path: Path) -> None:
    write_spectrum(tmp_path / "red.csv", n=200)
    path = tmp_path / "mine.toml"
    path.write_text('[measured.x]\nfile = "red.csv"\ncolour = "#000000"\n')
    with pytest.raises(MaxrfError, match="nothing in common"):
        load_palette(path).spectra(EnergyAxis.from_range(20.0, 30.0, 64))


def test_an_unknown_substance_in_code_is_refused_too() -> None:
    coat = Coat(parts={"lead_wite": 1.0}, thickness_um=10.0)
    paint = Paint(pigment=0.5, medium={"oil": 0.5}, thickness_um=20.0, under=(coat,))
    palette = replace(load_palette("sarteano"), paint=paint)
    with pytest.raises(PaletteError, match="did you mean 'lead_white'"):
        palette.spectra(AXIS)
