"""Layers of large scans: a preview first, all of it later, fast views on request."""

from __future__ import annotations

import h5py
import napari
import numpy as np
import pytest
from napari.utils.notifications import notification_manager
from npe2 import PluginManifest

from napari_maxrf._napari import _layers, _packing, _preview, _reader
from napari_maxrf._napari._facts import cube_of, facts_of
from napari_maxrf._napari._layers import add_layers, cube_layers
from napari_maxrf._napari._open import open_in_background
from napari_maxrf._napari._packing import (
    offer_packing,
    pack_in_background,
    pack_selected,
)
from napari_maxrf._napari._preview import look_after, look_after_when_added
from napari_maxrf._napari._reader import read_steps
from napari_maxrf.analysis._first_sight import glance
from napari_maxrf.io import open_cube
from napari_maxrf.io.blocked import _cached
from napari_maxrf.io.blocked._cached import is_blocked
from napari_maxrf.progress import Progress, finish

WAIT_MS = 60_000


@pytest.fixture
def plain(tmp_path, cube):
    """Return the path of a scan of whole spectra, a Ripple pair."""
    (tmp_path / "scan.raw").write_bytes(np.asarray(cube.counts, "<u2").tobytes())
    header = {"width": 30, "height": 20, "depth": 200, "offset": 0, "data-length": 2}
    header |= {"data-type": "unsigned", "byte-order": "little-endian"}
    header |= {"record-by": "vector", "depthscaleorigin": 0.55}
    header |= {"depthscaleincrement": 0.1, "depthscaleunits": "keV"}
    rows = ["key\tvalue", *(f"{key}\t{value}" for key, value in header.items())]
    (tmp_path / "scan.rpl").write_text("\n".join(rows) + "\n")
    return tmp_path / "scan.rpl"


@pytest.fixture
def held(tmp_path, cube):
    """Return the path of an HDF5 file, which stays open behind its cube."""
    with h5py.File(tmp_path / "held.h5", "w") as file:
        file["counts"] = np.asarray(cube.counts)
    return tmp_path / "held.h5"


@pytest.fixture
def everything_is_large(monkeypatch):
    """Let every scan be large, and a glance see a row only."""
    monkeypatch.setattr(_reader, "is_large", lambda cube: True)
    monkeypatch.setattr(_layers, "glance", lambda cube: glance(cube, 0))


@pytest.fixture
def everything_is_slow(monkeypatch):
    monkeypatch.setattr(_cached, "_LEAST_BYTES", 0)
    monkeypatch.setattr(_cached, "_SLOW_BYTES", 0)


@pytest.fixture
def offers():
    """Collect what napari would show with a button."""
    said = []

    def keep(notification):
        if notification.actions:
            said.append(notification)

    notification_manager.notification_ready.connect(keep)
    yield said
    notification_manager.notification_ready.disconnect(keep)


@pytest.fixture
def previewed(viewer, plain, everything_is_large):
    """Return the layers of a preview, not looked after yet."""
    return add_layers(viewer, finish(read_steps(plain, 2, preview=True)))


def complete(qtbot, viewer, layer):
    job = look_after(viewer, layer)
    with qtbot.waitSignal(job.ended, timeout=WAIT_MS):
        pass


def names(viewer):
    return [layer.name for layer in viewer.layers]


def test_a_large_scan_opens_as_preview_and_cube(previewed, viewer):
    assert names(viewer) == ["scan sum image (preview)", "scan cube"]
    assert facts_of(previewed[0]).preview
    assert cube_of(previewed[1]).shape == (20, 30, 200)


def test_without_somebody_to_complete_it_a_large_scan_is_read_whole(
    plain, everything_is_large
):
    assert len(finish(read_steps(plain, 2))) == 4


def test_preview_becomes_what_a_small_scan_opens_as(previewed, viewer, qtbot):
    selected = previewed[1]
    viewer.layers.selection.active = selected
    complete(qtbot, viewer, previewed[0])
    expected = cube_layers(cube_of(previewed[1]))
    assert names(viewer) == [keywords["name"] for _, keywords, _ in expected]
    for layer, (data, keywords, _) in zip(viewer.layers, expected, strict=True):
        if layer is not selected:
            np.testing.assert_array_equal(layer.data, data)
            np.testing.assert_allclose(
                layer.contrast_limits, keywords["contrast_limits"]
            )
        assert layer.visible == keywords["visible"]
        assert facts_of(layer).kind == keywords["metadata"]["maxrf"].kind
    assert not facts_of(previewed[0]).preview
    assert viewer.layers.selection.active is selected


def test_what_the_user_changed_meanwhile_stays(previewed, viewer, qtbot):
    preview = previewed[0]
    preview.name, preview.contrast_limits = "mine", (1.0, 7.0)
    preview.translate = (3.0, 4.0)
    complete(qtbot, viewer, preview)
    assert preview.name == "mine"
    assert tuple(preview.contrast_limits) == (1.0, 7.0)
    np.testing.assert_array_equal(viewer.layers[1].translate, (3.0, 4.0))


def test_removed_layers_stop_the_reading(previewed, viewer, qtbot, monkeypatch):
    closed = []

    def endless(cube, n_maps):
        try:
            while True:
                yield Progress("Reading", 0, 0)
        finally:
            closed.append(True)

    monkeypatch.setattr(_preview, "first_sight_steps", endless)
    job = look_after(viewer, previewed[0])
    viewer.layers.remove(previewed[0])
    with qtbot.waitSignal(job.cancelled, timeout=WAIT_MS):
        viewer.layers.remove(previewed[1])
    assert closed
    assert len(viewer.layers) == 0


def test_a_preview_that_was_removed_is_not_brought_back(previewed, viewer, qtbot):
    job = look_after(viewer, previewed[0])
    viewer.layers.remove(previewed[0])
    with qtbot.waitSignal(job.ended, timeout=WAIT_MS):
        pass
    assert names(viewer) == ["scan cube"]


def test_a_reader_s_layers_are_looked_after_once_napari_has_added_them(
    viewer, qtbot, plain, everything_is_large
):
    found = finish(read_steps(plain, 1, preview=True))
    look_after_when_added(viewer, found)
    viewer.add_image(np.zeros((4, 4)))
    add_layers(viewer, found)
    kinds = []

    def has_map():
        kinds[:] = [one.kind for layer in viewer.layers if (one := facts_of(layer))]
        assert "element map" in kinds

    qtbot.waitUntil(has_map, timeout=WAIT_MS)
    assert kinds[0] == "sum"
    assert kinds[-1] == "cube"


def test_menu_command_completes_the_preview(viewer, qtbot, plain, everything_is_large):
    open_in_background(viewer, str(plain))

    def complete_now():
        assert len(viewer.layers) > 3

    qtbot.waitUntil(complete_now, timeout=WAIT_MS)
    assert "preview" not in viewer.layers[0].name


def test_fast_views_are_offered_where_they_help(
    viewer, plain, offers, cube, everything_is_slow
):
    offer_packing(viewer, cube)
    assert offers == []
    offer_packing(viewer, open_cube(plain))
    (offer,) = offers
    assert offer.message.startswith("Fast views of scan?")
    assert [text for text, _ in offer.actions] == [_packing.BUTTON]


def test_accepted_offer_shows_the_scan_from_its_packed_copy(
    viewer, qtbot, plain, offers, cube, everything_is_slow
):
    layers = add_layers(viewer, cube_layers(open_cube(plain), n_maps=1))
    scan = layers[-1]
    offer_packing(viewer, cube_of(scan))
    ((_, press),) = offers[0].actions
    press(None)
    qtbot.waitUntil(lambda: is_blocked(cube_of(scan)), timeout=WAIT_MS)
    counts = np.asarray(cube.counts)
    np.testing.assert_array_equal(scan.data[40], counts[:, :, 40])
    assert facts_of(layers[0]).cube is cube_of(scan)
    offers.clear()
    offer_packing(viewer, cube_of(scan))
    assert offers == []
    (again,) = [
        layer
        for layer in finish(read_steps(plain, 0))
        if layer[1]["metadata"]["maxrf"].kind == "cube"
    ]
    assert is_blocked(again[1]["metadata"]["maxrf"].cube)


@pytest.fixture
def current(viewer, monkeypatch):
    """Let `viewer` be the one whose menu is used."""
    monkeypatch.setattr(napari, "current_viewer", lambda: viewer)
    return viewer


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_menu_prepares_the_selected_scan(current, qtbot, plain, monkeypatch):
    asked = []
    monkeypatch.setattr(
        _packing, "pack_in_background", lambda viewer, cube: asked.append(cube)
    )
    layers = add_layers(current, cube_layers(open_cube(plain), n_maps=0))
    current.layers.selection = {layers[0]}
    pack_selected()
    assert asked == []
    assert "Select one" in notification_manager.records[-1].message
    current.layers.selection = {layers[1]}
    pack_selected()
    assert asked == [cube_of(layers[1])]


def test_packing_stops_with_the_last_layer_of_the_scan(
    viewer, qtbot, plain, monkeypatch
):
    import napari_maxrf.io

    def endless(cube):
        while True:
            yield Progress("Packing", 0, 0)

    monkeypatch.setattr(napari_maxrf.io, "build_cache_steps", endless, raising=False)
    (*_, scan) = add_layers(viewer, cube_layers(open_cube(plain), n_maps=0))
    job = pack_in_background(viewer, cube_of(scan))
    assert pack_in_background(viewer, cube_of(scan)) is None
    with qtbot.waitSignal(job.cancelled, timeout=WAIT_MS):
        viewer.layers.clear()
    assert not _packing._RUNNING


def test_a_removed_scan_lets_its_file_go(viewer, held):
    """HDF5 opens no file for writing that is open for reading elsewhere."""
    cube = open_cube(held)
    (*_, scan) = layers = add_layers(viewer, cube_layers(cube, n_maps=0))
    look_after(viewer, scan)
    viewer.layers.remove(scan)
    with pytest.raises(OSError, match="already open"):
        h5py.File(held, "r+")
    viewer.layers.remove(layers[0])
    h5py.File(held, "r+").close()


def test_a_removed_scan_that_a_dock_still_shows_can_be_read(viewer, held, cube):
    known = open_cube(held)
    layers = add_layers(viewer, cube_layers(known, n_maps=0))
    look_after(viewer, layers[-1])
    viewer.layers.clear()
    np.testing.assert_array_equal(known.spectrum(3, 4), np.asarray(cube.counts)[3, 4])


def test_work_that_is_stopped_lets_the_file_go_too(
    viewer, qtbot, held, everything_is_large
):
    layers = add_layers(viewer, finish(read_steps(held, 8, preview=True)))
    jobs = [look_after(viewer, layer) for layer in layers]
    with qtbot.waitSignal(jobs[0].ended, timeout=WAIT_MS):
        viewer.layers.clear()
    h5py.File(held, "r+").close()


@pytest.mark.gui
def test_a_large_scan_dropped_on_a_window_is_completed(
    make_napari_viewer_proxy, npe2pm, plugin_settings, qtbot, plain, everything_is_large
):
    npe2pm.register(PluginManifest.from_distribution("napari-maxrf"))
    window = make_napari_viewer_proxy(show=True)
    window.open(plain, plugin="napari-maxrf")
    qtbot.waitUntil(lambda: len(window.layers) > 3, timeout=WAIT_MS)
    assert window.layers[0].name == "scan sum image"
    assert cube_of(window.layers[-1]) is not None
