"""Importing the folder costs next to nothing."""

from __future__ import annotations

import subprocess
import sys

import pytest

import napari_maxrf.recolouring as folder


def test_import_brings_in_nothing_heavy() -> None:
    code = (
        "import sys, napari_maxrf.recolouring as r; r.RecolouringConfig; "
        "print({'torch', 'torchmetrics', 'colour', 'napari'} & set(sys.modules))"
    )
    out = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert out.stdout.strip() == "set()"


@pytest.mark.parametrize("name", folder.__all__)
def test_every_public_name_is_there(name: str) -> None:
    assert getattr(folder, name) is not None


def test_unknown_names_are_refused() -> None:
    with pytest.raises(AttributeError, match="nothing_like_it"):
        _ = folder.nothing_like_it
