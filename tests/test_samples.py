"""Samples are found wherever the package is installed."""

from __future__ import annotations

import pytest

from napari_maxrf import samples
from napari_maxrf.errors import MaxrfError


def test_installed_sample_comes_before_the_one_in_a_checkout(tmp_path, monkeypatch):
    package = tmp_path / "src" / "napari_maxrf"
    inside, top = package / "sample_data", tmp_path / "sample_data"
    monkeypatch.setattr(samples, "__file__", str(package / "samples.py"))
    for folder in (inside, top):
        folder.mkdir(parents=True)
        (folder / "a.png").touch()
    assert samples.sample_path("a.png") == inside / "a.png"
    (inside / "a.png").unlink()
    assert samples.sample_path("a.png") == top / "a.png"


def test_unknown_sample_is_named():
    with pytest.raises(MaxrfError, match=r"no sample portrait\.png"):
        samples.sample_path("portrait.png")
