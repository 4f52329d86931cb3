"""Damage files at random and collect what their reader says about them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from _spectra_files import mutated

from napari_maxrf.errors import MaxrfError
from napari_maxrf.io import open_cube


def complaints(path: Path, n_files: int, opened: Path | None = None) -> list[str]:
    """Open `opened` with `n_files` damaged versions of `path` in its place.

    Anything that is raised and is no `MaxrfError` goes up to the test.
    """
    rng, good = np.random.default_rng(0), path.read_bytes()
    told = []
    for _ in range(n_files):
        path.write_bytes(mutated(good, rng))
        try:
            cube = open_cube(opened or path)
            cube.spectrum(cube.shape[0] // 2, cube.shape[1] // 2)
        except MaxrfError as error:
            told.append(str(error))
    path.write_bytes(good)
    return told
