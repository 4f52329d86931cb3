"""What the tests of the napari side share: a Qt platform, and a check for leaks."""

from __future__ import annotations

import gc
import os
import sys

import numpy as np
import pytest

HAS_DISPLAY = sys.platform != "linux" or bool(
    os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
)
if not HAS_DISPLAY:
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("gui") and not _can_draw():
        pytest.skip("needs a display: run the tests under xvfb-run")


def _can_draw() -> bool:
    return HAS_DISPLAY and os.environ.get("QT_QPA_PLATFORM") != "offscreen"


@pytest.fixture(autouse=True)
def no_leftover_widgets():
    """Fail a test that leaves a top-level widget behind."""
    before = set(map(id, _our_windows()))
    yield
    if any(id(one) not in before for one in _our_windows()):
        gc.collect()  # slow, and only needed where a cycle holds a widget
    left = [one for one in _our_windows() if id(one) not in before]
    assert not left, f"still alive: {left}"


def _our_windows() -> list:
    from qtpy.QtCore import QEvent
    from qtpy.QtWidgets import QApplication

    app = QApplication.instance()
    if app is None:
        return []
    app.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    windows = app.topLevelWidgets()
    return [one for one in windows if type(one).__module__.startswith("napari_maxrf")]


@pytest.fixture
def viewer():
    """Return a viewer without a window."""
    from napari.components import ViewerModel

    return ViewerModel()


@pytest.fixture
def picture():
    """Return a small picture with many colours, float32 (24, 32, 3)."""
    return np.random.default_rng(5).random((24, 32, 3), dtype=np.float32)


@pytest.fixture
def forgive_menus_of_pyqtgraph():
    """Mark the menus that a pyqtgraph plot leaves without a parent as known.

    They go with the plot, but later than napari's check for leaked widgets looks.
    """
    from qtpy.QtWidgets import QApplication

    before = set(QApplication.topLevelWidgets())
    yield
    for widget in set(QApplication.topLevelWidgets()) - before:
        if not widget.isVisible():
            widget.setObjectName("handled_widget")
