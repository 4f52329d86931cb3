"""Instrument files, and what a wrong one says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from napari_maxrf.errors import MaxrfError
from napari_maxrf.physics import instrument_names, load_instrument
from napari_maxrf.physics._instrument import Geometry, Instrument

if TYPE_CHECKING:
    from pathlib import Path

NAMES = (
    "aurora_10264",
    "aurora_19511",
    "chnet_cr",
    "chnet_mo",
    "m4_mo",
    "m4_rh",
    "m6_jetstream",
)


def test_all_presets_are_there() -> None:
    assert instrument_names() == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_preset_is_complete(name: str) -> None:
    instrument = load_instrument(name)
    assert instrument.name == name
    assert instrument.source
    assert instrument.description
    assert instrument.channels is not None
    assert instrument.channels.axis.n_channels >= 512


@pytest.mark.parametrize(
    "name", ["aurora_10264", "aurora_19511", "chnet_mo", "m6_jetstream"]
)
def test_scattering_angle_follows_from_a_perpendicular_beam(name: str) -> None:
    geometry = load_instrument(name).geometry
    by_angles = geometry.model_copy(update={"scattering_deg": None})
    assert by_angles.theta_deg == pytest.approx(geometry.theta_deg, abs=0.5)


def test_scattering_angle_of_detectors_across() -> None:
    geometry = Geometry(incidence_deg=50, exit_deg=50, azimuth_deg=90)
    assert geometry.theta_deg == pytest.approx(125.9, abs=0.2)


def test_unknown_instrument_names_the_nearest() -> None:
    with pytest.raises(MaxrfError, match="did you mean 'm6_jetstream'"):
        load_instrument("m6-jetsteam")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("kv = 2.0", "kv"),
        ('anode = "Qq"', "unknown element"),
        ('anode = "C"', "too light"),
        ("volts = 40", "volts"),
        ("[geometry]\nincidence_deg = -5", "incidence_deg"),
        ('[[filters]]\nmaterial = "Alu"\nthickness_um = 5', "Alu"),
        ("kv = ", "not a TOML file"),
    ],
)
def test_bad_file_is_one_clear_line(tmp_path: Path, text: str, shown: str) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(text)
    with pytest.raises(MaxrfError, match=shown) as caught:
        load_instrument(path)
    assert "\n" not in str(caught.value)


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(MaxrfError, match="Cannot read"):
        load_instrument(tmp_path / "none.toml")


def test_own_file_changes_only_what_it_says(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('name = "mine"\nkv = 30.0\n[optic]\nkind = "lens"\n')
    mine = load_instrument(path)
    assert (mine.kv, mine.optic.kind) == (30.0, "lens")
    assert mine.detector == Instrument().detector
