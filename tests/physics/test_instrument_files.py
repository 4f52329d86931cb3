"""Instruments of the package, of the user's own folder, and of any file."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_maxrf.errors import MaxrfError
from napari_maxrf.physics import (
    Instrument,
    instrument_names,
    load_instrument,
    packaged_instrument_names,
    save_instrument,
    user_instrument_files,
    user_instrument_folder,
)


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of a user's own instruments, made and empty."""
    monkeypatch.setattr(
        "napari_maxrf.physics._instrument_files.config_folder", lambda: tmp_path
    )
    folder = user_instrument_folder()
    folder.mkdir()
    return folder


def test_without_a_folder_there_are_those_of_the_package(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "none"))
    assert user_instrument_files() == {}
    assert instrument_names() == packaged_instrument_names()


def test_a_file_in_the_folder_is_known_by_its_name(own):
    (own / "studio é.toml").write_text("kv = 30.0\n", encoding="utf-8")
    (own / "notes.txt").write_text("not one")
    (own / "folder.toml").mkdir()
    assert set(instrument_names()) - set(packaged_instrument_names()) == {"studio é"}
    studio = load_instrument("studio é")
    assert (studio.name, studio.kv) == ("studio é", 30.0)


def test_a_changed_file_is_read_again(own):
    path = own / "mine.toml"
    path.write_text("kv = 30.0\n")
    assert load_instrument("mine").kv == 30.0
    path.write_text("kv = 35.0\n")
    assert load_instrument("mine").kv == 35.0


def test_a_broken_file_harms_no_other(own):
    (own / "broken.toml").write_text("kv = \n")
    (own / "mine.toml").write_text("kv = 30.0\n")
    assert {"broken", "mine"} <= set(instrument_names())
    assert load_instrument("mine").kv == 30.0
    assert load_instrument("chnet_mo").anode == "Mo"
    with pytest.raises(MaxrfError, match=r"broken\.toml is not a TOML file"):
        load_instrument("broken")


@pytest.mark.parametrize("name", ["chnet_mo.toml", "CHNET_mo.toml"])
def test_a_name_of_the_package_cannot_be_taken(own, name):
    (own / name).write_text("kv = 30.0\n")
    with pytest.raises(MaxrfError, match=r"has the same name.*another name"):
        load_instrument("chnet_mo")
    assert load_instrument("chnet_cr").anode == "Cr"
    assert load_instrument(own / name).kv == 30.0


def test_an_unknown_name_lists_own_instruments_too(own):
    (own / "studio.toml").write_text("kv = 30.0\n")
    with pytest.raises(MaxrfError, match=r"did you mean 'studio'\?.*studio, or the"):
        load_instrument("studdio")
    with pytest.raises(MaxrfError, match=r"There is no instrument 'zzz'\. Known"):
        load_instrument("zzz")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("knv = 40", r"line 1: knv is unknown; did you mean 'kv'\?"),
        (
            "\n[detector]\nwindow_umm = 8",
            r"line 3: detector\.window_umm is unknown; did",
        ),
        ("anode = 'Xx'", "line 1: anode: unknown element 'Xx'"),
        (
            "[channels]\ngain_kev = 0.01",
            r"line 1: channels\.n_channels: field required",
        ),
        ("[channels]\noffset_kev = nan", "line 2: channels.offset_kev: .* finite"),
    ],
)
def test_an_error_names_file_line_and_nearest_key(own, text, complaint):
    (own / "mine.toml").write_text(text)
    with pytest.raises(MaxrfError, match=rf"mine\.toml: (.*; )?{complaint}"):
        load_instrument("mine")


@pytest.mark.parametrize("name", packaged_instrument_names())
def test_a_saved_instrument_is_read_back_equal(tmp_path, name):
    path = tmp_path / "x" / "copy.toml"
    assert save_instrument(load_instrument(name), path) == path
    assert load_instrument(path) == load_instrument(name)


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
FILTERS = st.lists(
    st.fixed_dictionaries(
        {
            "material": st.sampled_from(["Al", "Ti", "C10H8O4"]),
            "thickness_um": st.floats(0, 1e4),
        }
    ),
    max_size=3,
)


@given(text=TEXTS, filters=FILTERS, absorbers=FILTERS, gain=st.floats(1e-4, 0.1))
def test_any_instrument_survives_its_file(
    tmp_path_factory, text, filters, absorbers, gain
):
    instrument = Instrument.checked(
        name=text,
        source=text[::-1],
        filters=filters,
        detector={"absorbers": absorbers},
        channels={"n_channels": 7, "offset_kev": -gain, "gain_kev": gain},
    )
    path = tmp_path_factory.getbasetemp() / "any.toml"
    save_instrument(instrument, path)
    assert load_instrument(path) == instrument


def test_saving_without_a_path_adds_to_the_users_own(own):
    mine = load_instrument("chnet_mo").model_copy(update={"name": "mine"})
    assert save_instrument(mine) == own / "mine.toml"
    assert load_instrument("mine") == mine


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("m6_jetstream", "is an instrument of the package"),
        ("taken", "exists; choose another name"),
        ("a/b", "no name for an instrument"),
        ("..", "no name for an instrument"),
        ("", "no name for an instrument"),
        ("x.toml", "no name for an instrument"),
    ],
)
def test_a_name_that_cannot_be_saved_is_refused(own, name, complaint):
    (own / "taken.toml").write_text("kv = 30.0\n")
    instrument = Instrument.checked(name=name)
    with pytest.raises(MaxrfError, match=complaint):
        save_instrument(instrument)
    assert [path.name for path in own.iterdir()] == ["taken.toml"]


def test_another_suffix_is_refused(tmp_path):
    with pytest.raises(MaxrfError, match=r"must end in \.toml"):
        save_instrument(Instrument(), tmp_path / "mine.json")
    assert not list(tmp_path.iterdir())
