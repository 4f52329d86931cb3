"""Joins the energy window in the plot, its limits in the form, and its map."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QObject, Signal

from napari_maxrf._napari._latest import Latest
from napari_maxrf._napari._layers import add_layers
from napari_maxrf._napari._spectrum_window import WindowMap, WindowPanel
from napari_maxrf._napari._spectrum_work import hottest_curve, hottest_layer

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Layer

    from napari_maxrf._napari._spectrum_model import SpectrumModel
    from napari_maxrf._napari._spectrum_view import SpectrumView
    from napari_maxrf._napari._spectrum_window import Window
    from napari_maxrf.analysis import HottestPixels
    from napari_maxrf.cube import SpectralCube

FIRST_WIDTH = 0.02
"""Half of the first window, as a share of the energies in sight."""


class WindowTool(QObject):
    """Follows the window from wherever it is moved.

    Parameters
    ----------
    viewer : ViewerModel
        Where maps and points are added.
    view : SpectrumView
        Shows the window as a band.
    model : SpectrumModel
        Knows the scale, and keeps the window.
    parent : QObject
        Until whose end it works.
    """

    measured = Signal(object)
    """The curve of the hottest pixels."""
    failed = Signal(str)
    """Why there is no map; empty when there is one."""

    def __init__(
        self,
        viewer: ViewerModel,
        view: SpectrumView,
        model: SpectrumModel,
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._viewer, self._view, self._model = viewer, view, model
        self._scan: tuple[SpectralCube, Layer] | None = None
        self.panel = WindowPanel()
        self.map = WindowMap(viewer, self)
        self._hottest = Latest(self)
        view.window_dragged.connect(self._take_dragged)
        self.panel.changed.connect(self._take)
        self.panel.tick.toggled.connect(self._propose)
        self.panel.keep_wanted.connect(self.map.keep)
        self.panel.hottest_wanted.connect(self._ask_hottest)
        self._hottest.answered.connect(self._take_hottest)
        for work in (self._hottest, self.map):
            work.failed.connect(self.failed)

    @property
    def is_busy(self) -> bool:
        """Whether a map or hot pixels are still to come."""
        return self.map.maps.is_busy or self._hottest.is_busy

    def show_scan(self, scan: tuple[SpectralCube, Layer] | None) -> None:
        """Begin afresh with a scan and its layer; the map of the old one stays."""
        self._scan = scan
        self.map.keep()
        self.panel.show_axis(scan[0].energy if scan is not None else None)

    def _propose(self, on: bool) -> None:
        """Begin in the middle of the view, unless there was a window."""
        scale = self._model.scale
        if not on or scale is None or self.panel.low.value() < self.panel.high.value():
            return
        (low, high), _ = self._view.plot.getViewBox().viewRange()
        middle = scale.energy_kev((low + high) / 2)
        half = FIRST_WIDTH * (scale.energy_kev(high) - scale.energy_kev(low))
        self.panel.set_window((middle - half, middle + half))

    def _take_dragged(self, low: float, high: float) -> None:
        scale = self._model.scale
        if scale is not None:
            self.panel.set_window((scale.energy_kev(low), scale.energy_kev(high)))

    def _take(self, window: Window | None) -> None:
        scale = self._model.scale
        self._model.window_kev = window
        if self._scan is None or scale is None or window is None:
            self._view.show_window(None)
            self.map.stop()
            return
        self.failed.emit("")
        self._view.show_window((scale.place(window[0]), scale.place(window[1])))
        self.map.ask(*self._scan, window, self.panel.background.isChecked())

    def _ask_hottest(self, n: int) -> None:
        from napari_maxrf.analysis import hottest_pixels

        scan, window = self._scan, self.panel.window_kev
        if scan is not None and window is not None:
            cube = scan[0]
            self._hottest.ask(
                object(), lambda: (scan, hottest_pixels(cube, *window, n))
            )

    def _take_hottest(
        self, answer: tuple[tuple[SpectralCube, Layer], HottestPixels]
    ) -> None:
        scan, hottest = answer
        if scan != self._scan:
            return
        selection = self._viewer.layers.selection
        active = selection.active
        add_layers(self._viewer, [hottest_layer(*scan, hottest)])
        selection.active = active
        self.measured.emit(hottest_curve(scan[0], hottest))
