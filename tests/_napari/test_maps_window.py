"""The Element maps dock in a real window, on a real scan, from drop to composite."""

from __future__ import annotations

import numpy as np
import pytest
from npe2 import PluginManifest
from qtpy.QtCore import QMimeData, QPointF, Qt, QUrl
from qtpy.QtGui import QDropEvent
from qtpy.QtWidgets import QApplication

from napari_maxrf._napari._facts import cube_of, facts_of

pytestmark = pytest.mark.gui

PLUGIN = "napari-maxrf"
WAIT_MS = 120_000


@pytest.fixture
def viewer(make_napari_viewer, npe2pm, plugin_settings):
    npe2pm.register(PluginManifest.from_distribution(PLUGIN))
    return make_napari_viewer(show=True)


def drop(viewer, path):
    """Let go of a file over the canvas."""
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path))])
    none, button = Qt.KeyboardModifier.NoModifier, Qt.MouseButton.LeftButton
    action = Qt.DropAction.CopyAction
    event = QDropEvent(QPointF(50, 50), action, mime, button, none)
    viewer.window._qt_viewer.dropEvent(event)


def layer_of_kind(viewer, kind):
    return next(
        (one for one in viewer.layers if (f := facts_of(one)) and f.kind == kind), None
    )


def test_real_scan_from_drop_to_composite(viewer, prova1, qtbot):
    drop(viewer, prova1)
    qtbot.waitUntil(lambda: layer_of_kind(viewer, "cube") is not None, timeout=WAIT_MS)
    _, dock = viewer.window.add_plugin_dock_widget(PLUGIN, "Element maps")
    qtbot.waitUntil(lambda: dock.isVisible() and not dock.is_busy, timeout=WAIT_MS)
    assert {"Pb", "Ca", "Hg", "Fe"} <= set(dock.elements.chosen)
    dock.elements.choose(("Pb", "Ca", "Hg"))
    dock.form.fields["background"].set("none")
    dock.form.fields["recalibrate"].set(False)
    dock.run_bar.button.click()
    qtbot.waitUntil(lambda: not dock.is_busy, timeout=WAIT_MS)
    counts = np.asarray(cube_of(dock.source.layer).counts, dtype=float)
    centres = cube_of(dock.source.layer).energy.centres_kev
    for row in dock.table.rows:
        low, high = row.map.window_kev
        inside = (centres >= low) & (centres <= high)
        np.testing.assert_array_equal(row.map.image, counts[..., inside].sum(axis=2))
    composite = layer_of_kind(viewer, "composite")
    assert composite.data.shape == (60, 120, 3)
    assert viewer.layers[-1] is composite
    lead = dock.table.rows[0]
    np.testing.assert_allclose(
        composite.data[..., 0],
        np.clip(lead.map.image / lead.limits[1], 0, 1),
        atol=1e-6,
    )
    QApplication.processEvents()
    shot = viewer.screenshot(canvas_only=True, flash=False)[..., :3].astype(float)
    assert shot.std(axis=(0, 1)).min() > 5


def test_two_viewers_do_not_share_maps(viewer, cube, qtbot, make_napari_viewer):
    from napari_maxrf._napari._layers import add_layers, cube_layers

    other = make_napari_viewer()
    for one in (viewer, other):
        add_layers(one, cube_layers(cube, None, 0))
    _, dock = viewer.window.add_plugin_dock_widget(PLUGIN, "Element maps")
    dock.elements.choose(("Fe",))
    qtbot.waitUntil(lambda: not dock.is_busy, timeout=WAIT_MS)
    dock.run_bar.button.click()
    qtbot.waitUntil(lambda: not dock.is_busy, timeout=WAIT_MS)
    for text in ("40", "30", "20"):
        dock.table.item(0, 5).setText(text)
        qtbot.waitUntil(lambda: not dock.is_busy, timeout=WAIT_MS)
    assert sum("composite" in one.name for one in viewer.layers) == 1
    assert layer_of_kind(other, "composite") is None
