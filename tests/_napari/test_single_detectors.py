"""Each detector of a scan as a layer of its own."""

from __future__ import annotations

import h5py
import napari
import numpy as np
import pytest
from napari.utils.notifications import notification_manager

from napari_maxrf._napari._facts import cube_of
from napari_maxrf._napari._layers import add_layers, cube_layers
from napari_maxrf._napari._single_detectors import (
    open_detectors_of,
    open_single_detectors,
)
from napari_maxrf.errors import MaxrfError
from napari_maxrf.io import open_cube


@pytest.fixture
def pair(tmp_path):
    """Return the path of a scan with two detectors, and the counts of each."""
    rng = np.random.default_rng(4)
    counts = {name: rng.poisson(4, (6, 8, 64)).astype("u2") for name in ("a", "b")}
    with h5py.File(tmp_path / "two.h5", "w") as file:
        for name, values in counts.items():
            file[f"detector_{name}/counts"] = values
    return tmp_path / "two.h5", counts


def test_a_scan_of_one_detector_is_refused(viewer, cube):
    (*_, scan) = add_layers(viewer, cube_layers(cube, n_maps=0))
    with pytest.raises(MaxrfError, match="does not tell detectors apart"):
        open_detectors_of(viewer, scan)


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_menu_says_why_there_is_nothing_to_open(viewer, cube, monkeypatch):
    monkeypatch.setattr(napari, "current_viewer", lambda: viewer)
    layers = add_layers(viewer, cube_layers(cube, n_maps=0))
    for selected, words in ((layers[0], "Select one"), (layers[1], "tell detectors")):
        viewer.layers.selection = {selected}
        open_single_detectors()
        assert words in notification_manager.records[-1].message


def test_each_detector_is_a_hidden_cube_of_its_own(viewer, qtbot, pair):
    path, counts = pair
    (*_, scan) = add_layers(viewer, cube_layers(open_cube(path), n_maps=0))
    job = open_detectors_of(viewer, scan)
    with qtbot.waitSignal(job.ended, timeout=60_000):
        pass
    for layer, (name, values) in zip(viewer.layers[-2:], counts.items(), strict=True):
        assert layer.name == f"two {name} cube"
        assert cube_of(layer).detectors == (name,)
        np.testing.assert_array_equal(cube_of(layer).counts.compute(), values)


def test_real_detectors_add_up_to_the_scan(viewer, qtbot, prova1):
    (*_, scan) = add_layers(viewer, cube_layers(open_cube(prova1), n_maps=0))
    scan.translate = (0.0, 3.0, 4.0)
    job = open_detectors_of(viewer, scan)
    with qtbot.waitSignal(job.ended, timeout=60_000):
        pass
    one, other = viewer.layers[-2:]
    names = cube_of(scan).detectors
    assert [one.name, other.name] == [f"{cube_of(scan).name} {n} cube" for n in names]
    assert not one.visible
    np.testing.assert_array_equal(one.translate[1:], (3.0, 4.0))
    pixel = 30, 60
    parts = [cube_of(layer).spectrum(*pixel).astype(int) for layer in (one, other)]
    assert parts[0].sum() > 0
    assert not np.array_equal(*parts)
    np.testing.assert_array_equal(sum(parts), cube_of(scan).spectrum(*pixel))
