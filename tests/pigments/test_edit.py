"""Palettes changed, saved and read again."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_maxrf.errors import CalibrationError, FormatError, PaletteError
from napari_maxrf.pigments import (
    free_id,
    load_palette,
    measured_pigment,
    pigment_table,
    read_references,
    recoloured,
    save_palette,
    with_pigments,
    without_pigments,
)
from napari_maxrf.synthesis import SynthesisConfig

if TYPE_CHECKING:
    from pathlib import Path

    from napari_maxrf.pigments import Palette

AXIS = SynthesisConfig(n_bins=64).axis


@pytest.fixture
def palette() -> Palette:
    return load_palette("sarteano")


@pytest.fixture
def bare_file(tmp_path: Path) -> Path:
    """Return a file of counts without energies, with a peak in channel 64."""
    counts = np.full(400, 2)
    counts[62:67] += 500
    path = tmp_path / "house red.csv"
    path.write_text("\n".join(str(count) for count in counts))
    return path


def test_added_pigment_comes_last_and_the_palette_stays(palette: Palette) -> None:
    orpiment = pigment_table()["orpiment"]
    assert with_pigments(palette, [orpiment]).ids == (*palette.ids, "orpiment")
    assert "orpiment" not in palette.ids


def test_pigment_is_not_added_twice(palette: Palette) -> None:
    with pytest.raises(PaletteError, match="smalt more than once"):
        with_pigments(palette, [pigment_table()["smalt"]])


def test_last_pigment_stays(palette: Palette) -> None:
    with pytest.raises(PaletteError, match="needs at least one pigment"):
        without_pigments(palette, palette.ids)


def test_stranger_cannot_be_removed_or_recoloured(palette: Palette) -> None:
    with pytest.raises(PaletteError, match="did you mean 'smalt'"):
        without_pigments(palette, ["smalto"])
    with pytest.raises(PaletteError, match="did you mean 'smalt'"):
        recoloured(palette, "smalto", (1, 2, 3))


def test_new_colour_changes_one_pigment_only(palette: Palette) -> None:
    changed = recoloured(palette, "smalt", (1, 2, 3))
    before = {p.id: p.srgb for p in palette.pigments}
    assert {p.id: p.srgb for p in changed.pigments} == before | {"smalt": (1, 2, 3)}
    smalt = next(p for p in changed.pigments if p.id == "smalt")
    assert smalt.lab is None
    assert smalt.colour_source == "user"
    np.testing.assert_array_equal(changed.spectra(AXIS), palette.spectra(AXIS))


def test_colour_out_of_range_is_refused(palette: Palette) -> None:
    with pytest.raises(PaletteError, match="from 0 to 255"):
        recoloured(palette, "smalt", (1, 2, 256))


@given(st.text(max_size=30), st.sets(st.sampled_from(["a", "a_2", "b", "pigment"])))
def test_free_id_is_a_plain_key_that_is_free(name: str, taken: set[str]) -> None:
    key = free_id(name, taken)
    assert key not in taken
    assert key.isascii()
    assert key.replace("_", "a").isalnum()


@pytest.mark.parametrize("like", [None, "cinnabar"])
def test_measured_pigment_comes_back_from_a_saved_palette(
    palette: Palette, bare_file: Path, like: str | None
) -> None:
    (reference,) = read_references(bare_file)
    pigment = measured_pigment(
        reference.measured((0.01, 0.1)), "House red", (170, 34, 17), like, palette.ids
    )
    changed = with_pigments(palette.subset(["smalt", "red_ochre"]), [pigment])
    path = bare_file.parent / "mine.toml"
    save_palette(changed, path)
    again = load_palette(path)
    assert again.pigments == changed.pigments
    assert again.content_hash == changed.content_hash
    np.testing.assert_array_equal(again.spectra(AXIS), changed.spectra(AXIS))


def test_like_gives_chemistry_and_history_but_no_colour(bare_file: Path) -> None:
    (reference,) = read_references(bare_file)
    measured = reference.measured((0.0, 0.1))
    pigment = measured_pigment(measured, "My red", (170, 34, 17), "cinnabar")
    known = pigment_table()["cinnabar"]
    assert pigment.composition == known.composition
    assert pigment.period_from == known.period_from
    assert pigment.srgb == (170, 34, 17)
    assert pigment.id == "my_red"


def test_measured_pigment_never_takes_the_id_of_another(bare_file: Path) -> None:
    (reference,) = read_references(bare_file)
    measured = reference.measured((0.0, 0.1))
    assert measured_pigment(measured, "Smalt", (1, 2, 3)).id == "smalt_2"
    taken = ["smalt_2"]
    assert measured_pigment(measured, "Smalt", (1, 2, 3), None, taken).id == "smalt_3"


def test_name_and_likeness_are_checked(bare_file: Path) -> None:
    (reference,) = read_references(bare_file)
    measured = reference.measured((0.0, 0.1))
    with pytest.raises(PaletteError, match="needs a name"):
        measured_pigment(measured, "  ", (1, 2, 3))
    with pytest.raises(PaletteError, match="did you mean 'cinnabar'"):
        measured_pigment(measured, "Red", (1, 2, 3), "cinabar")


def test_spectrum_without_energies_has_to_be_calibrated(bare_file: Path) -> None:
    (reference,) = read_references(bare_file)
    assert not reference.is_calibrated
    with pytest.raises(CalibrationError, match="offset_kev and gain_kev"):
        reference.measured()
    with pytest.raises(CalibrationError):
        reference.measured((0.0, -0.1))
    peak = reference.measured((0.0, 0.1)).probabilities(AXIS).argmax()
    assert abs(AXIS.centres_kev[peak] - 6.4) < AXIS.gain_kev


def test_every_spectrum_of_a_file_is_offered_by_name(tmp_path: Path) -> None:
    entries = {}
    for name in ("front", "back"):
        with h5py.File(tmp_path / f"{name}.h5", "w") as file:
            file["x"] = np.arange(300) * 0.05
            file["y"] = np.arange(300) % 7
        entries[name] = {"xrf": f"{name}.h5", "RGB": [170, 34, 17]}
    path = tmp_path / "pigments.json"
    path.write_text(json.dumps(entries))
    references = read_references(path)
    assert [one.key for one in references] == ["front", "back"]
    assert all(one.is_calibrated for one in references)
    assert references[1].measured().spectrum.name == "back"


def test_file_without_a_spectrum_is_explained(tmp_path: Path) -> None:
    path = tmp_path / "letter.txt"
    path.write_text("Dear colleague,\n")
    with pytest.raises(FormatError, match="letter"):
        read_references(path)
