"""The user's folder follows the rules of each platform."""

from __future__ import annotations

from pathlib import Path

import pytest

from napari_maxrf import _folders


@pytest.mark.parametrize(
    ("platform", "variable", "below_home"),
    [
        ("linux", "XDG_CACHE_HOME", ".cache"),
        ("win32", "LOCALAPPDATA", "AppData/Local"),
        ("darwin", None, "Library/Caches"),
    ],
)
def test_cache_folder(monkeypatch, tmp_path, platform, variable, below_home):
    monkeypatch.setattr(_folders.sys, "platform", platform)
    monkeypatch.setattr(_folders.Path, "home", staticmethod(lambda: tmp_path / "home"))
    for name in ("XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    assert _folders.cache_folder() == tmp_path / "home" / below_home / "napari-maxrf"
    if variable:
        monkeypatch.setenv(variable, str(tmp_path / "set"))
        assert _folders.cache_folder() == tmp_path / "set" / "napari-maxrf"


@pytest.mark.parametrize(
    ("platform", "variable", "below_home"),
    [
        ("linux", "XDG_CONFIG_HOME", ".config"),
        ("win32", "APPDATA", "AppData/Roaming"),
        ("darwin", None, "Library/Application Support"),
    ],
)
def test_config_folder(monkeypatch, tmp_path, platform, variable, below_home):
    monkeypatch.setattr(_folders.sys, "platform", platform)
    monkeypatch.setattr(_folders.Path, "home", staticmethod(lambda: tmp_path / "home"))
    for name in ("XDG_CONFIG_HOME", "APPDATA"):
        monkeypatch.delenv(name, raising=False)
    expected = tmp_path / "home" / below_home / "napari-maxrf"
    assert _folders.config_folder() == expected
    if variable:
        monkeypatch.setenv(variable, str(tmp_path / "set"))
        assert _folders.config_folder() == Path(tmp_path / "set" / "napari-maxrf")
