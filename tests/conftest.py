"""What all tests share: a neutral environment, and the optional data folder.

The environment is set before anything of napari, Qt or matplotlib is imported, and
never points into a user's own folders. napari itself is not imported here, so that
the tests of the core run without it.
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from pathlib import Path

import numpy as np
import pytest

REPOSITORY = Path(__file__).resolve().parents[1]
SHARED_DATA = REPOSITORY.parent / "shared" / "data"

_home = tempfile.mkdtemp(prefix="napari-maxrf-tests-")
atexit.register(shutil.rmtree, _home, ignore_errors=True)
os.environ.update(
    MPLBACKEND="Agg",
    NAPARI_STRICT_QT="1",
    NAPARI_ENSURE_PLUGIN_MAIN_THREAD="1",
    NAPARI_CONFIG=str(Path(_home) / "napari" / "settings.yaml"),
    XDG_CACHE_HOME=str(Path(_home) / "cache"),
    XDG_CONFIG_HOME=str(Path(_home) / "config"),
    XDG_DATA_HOME=str(Path(_home) / "share"),
)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Return the folder of real data beside the repository."""
    if not SHARED_DATA.is_dir():
        pytest.skip("needs the folder ../shared/data, which is not here")
    return SHARED_DATA


@pytest.fixture(scope="session")
def shared_cubes(shared_data: Path) -> Path:
    """Return the folder of real scans."""
    folder = shared_data / "cubes"
    if not folder.is_dir():
        pytest.skip("needs the folder ../shared/data/cubes, which is not here")
    return folder


@pytest.fixture(scope="session")
def prova1(shared_cubes: Path) -> Path:
    """Return the real scan of the two hands, two detectors, 60 x 120 pixels."""
    path = shared_cubes / "aurora_antico" / "prova1.h5"
    if not path.is_file():
        pytest.skip("needs ../shared/data/cubes/aurora_antico, which is not here")
    return path


@pytest.fixture
def cube():
    """Return a small real-looking cube with an iron and a lead peak."""
    return make_cube()


@pytest.fixture
def synthetic_cube():
    """Return the same cube as a synthesis would give it."""
    from napari_maxrf.provenance import ProcessStep

    return make_cube(provenance=(ProcessStep("synthesise"),))


def make_cube(**keywords):
    import dask.array as da

    from napari_maxrf.cube import EnergyAxis, SpectralCube

    axis = EnergyAxis.from_range(0.5, 20.5, 200)
    rng = np.random.default_rng(3)
    expected = np.full((20, 30, 200), 0.2)
    expected[:, :15] += _lines(axis, {6.40: 100, 7.06: 14})
    expected[:10] += _lines(axis, {2.35: 20, 10.55: 80, 12.61: 60, 14.77: 9})
    counts = da.from_array(rng.poisson(expected).astype(np.uint16), chunks=(8, 8, -1))
    keywords.setdefault("pixel_size_mm", (0.5, 0.25))
    return SpectralCube(counts, axis, name="panel", **keywords)


def _lines(axis, counts_of):
    """Return Gaussian lines of the stated counts, 165 eV wide."""
    from math import erf

    edges = [
        [0.5 * erf((edge - line) / (0.07 * 2**0.5)) for edge in axis.edges_kev]
        for line in counts_of
    ]
    return np.array(list(counts_of.values())) @ np.diff(edges)
