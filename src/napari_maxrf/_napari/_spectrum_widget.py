"""The Spectrum dock: what the scan counted under the mouse, in regions, over all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QFileDialog, QHBoxLayout, QVBoxLayout, QWidget

from napari_maxrf._napari._background import start_job
from napari_maxrf._napari._event_watch import EventWatch
from napari_maxrf._napari._facts import cube_of, facts_of
from napari_maxrf._napari._latest import Latest
from napari_maxrf._napari._layer_choice import LayerCombo
from napari_maxrf._napari._layers import add_layers
from napari_maxrf._napari._placement import placement_of
from napari_maxrf._napari._section import stacked
from napari_maxrf._napari._spectrum_calibration import CalibrationDialog
from napari_maxrf._napari._spectrum_export import FILTERS, save_shown
from napari_maxrf._napari._spectrum_follow import CursorFollower, PixelSpectrum
from napari_maxrf._napari._spectrum_model import (
    CURSOR,
    MAXIMUM,
    SUM,
    Measured,
    SpectrumModel,
)
from napari_maxrf._napari._spectrum_regions import regions_of
from napari_maxrf._napari._spectrum_rows import (
    CurveList,
    ElementRow,
    RegionRow,
    small_button,
    tick,
)
from napari_maxrf._napari._spectrum_view import SpectrumView
from napari_maxrf._napari._spectrum_window_tool import WindowTool
from napari_maxrf._napari._spectrum_work import (
    SMALL_BYTES,
    recalibrated_layer,
    region_curves,
    whole_curves,
    whole_steps,
)
from napari_maxrf._napari._status_line import StatusLine
from napari_maxrf._napari._theme import ThemeWatch
from napari_maxrf.analysis import on_axis
from napari_maxrf.errors import MaxrfError

if TYPE_CHECKING:
    import napari

    from napari_maxrf.analysis._regions import RegionSpectrum
    from napari_maxrf.cube import EnergyAxis, SpectralCube

WIDTH = 400
PAUSE_MS = 120
"""How long regions have to rest before they are added up."""
REGIONS_NAME = "regions"


class SpectrumWidget(QWidget):
    """See spectra of a scan while the mouse moves over it.

    Parameters
    ----------
    viewer : ViewerModel
        Over whose canvas the mouse moves.
    """

    def __init__(self, viewer: napari.viewer.ViewerModel) -> None:
        super().__init__()
        self._viewer = viewer
        self._wholes: dict[int, RegionSpectrum] = {}
        self._cube: SpectralCube | None = None
        self.model = SpectrumModel()
        self.dialog: CalibrationDialog | None = None
        self._regions = Latest(self)
        self._pause = QTimer(self, singleShot=True, interval=PAUSE_MS)
        self._build()
        self._lay_out()
        self._theme = ThemeWatch(viewer, self, self._take_theme)
        self._listen()
        self._take_theme()
        self._take_scan()

    @property
    def cube(self) -> SpectralCube | None:
        """The scan whose spectra are shown."""
        return self._cube

    @property
    def is_busy(self) -> bool:
        """Whether something that is asked for is not shown yet."""
        works = (self.follower.reader, self._regions, self.window)
        return self._pause.isActive() or any(work.is_busy for work in works)

    def _build(self) -> None:
        viewer = self._viewer
        self.source = LayerCombo(
            viewer,
            lambda layer: cube_of(layer) is not None,
            "Open or synthesise a scan first",
            "The scan whose spectra are shown. Select one of its layers to choose it.",
        )
        self.view = SpectrumView()
        self.live = tick("Cursor", "Follow the mouse over the picture.", True)
        self.sum = tick("Sum", "Show the spectrum of the whole scan.")
        self.maximum = tick(
            "Max", "Show the maximum of each channel: lines of few pixels stand out."
        )
        self.mean = tick(
            "Per pixel", "Show regions as their mean pixel, instead of their sum.", True
        )
        self.rate = tick("Per s", "Show counts per second of the detector's live time.")
        self.log = tick("Log", "Show counts on a logarithmic scale.", True)
        self.list = CurveList()
        self.elements = ElementRow()
        self.regions = RegionRow(viewer)
        self.calibrate = small_button(
            "Calibrate…", "Find the energies of the channels, as a scan of its own."
        )
        self.export = small_button("Export…", "Save curves as CSV, or the plot.")
        self.status = StatusLine()
        self.follower = CursorFollower(viewer, self)
        self.window = WindowTool(viewer, self.view, self.model, self)

    def _lay_out(self) -> None:
        ticks, last = QHBoxLayout(), QHBoxLayout()
        for box in (self.live, self.sum, self.maximum):
            ticks.addWidget(box)
        ticks.addStretch()
        for box in (self.mean, self.rate, self.log):
            ticks.addWidget(box)
        last.addWidget(self.elements, 1)
        last.addWidget(self.calibrate)
        last.addWidget(self.export)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 6, 6, 6)
        layout.setSpacing(4)
        layout.addLayout(stacked(self.source, ticks))
        layout.addWidget(self.view, 1)
        for widget in (self.list, self.regions, self.window.panel):
            layout.addWidget(widget)
        layout.addLayout(last)
        layout.addWidget(self.status)
        self.setMinimumWidth(WIDTH)

    def _listen(self) -> None:
        viewer = self._viewer
        self.source.chosen.connect(self._take_scan)
        self._active = EventWatch(
            self, self._follow_selection, [viewer.layers.selection.events.active]
        )
        self._dims = EventWatch(self, self._show_channel, [viewer.dims.events.point])
        self.follower.read.connect(self._take_pixel)
        self.follower.clicked.connect(self.pin)
        self.live.toggled.connect(self._take_live)
        for box in (self.sum, self.maximum):
            box.toggled.connect(self._take_whole_ticks)
        for box in (self.mean, self.rate):
            box.toggled.connect(self._take_units)
        self.log.toggled.connect(self.view.set_log)
        self.list.pin_wanted.connect(self.pin)
        self.list.removed.connect(self.remove)
        self.elements.changed.connect(self._take_elements)
        self.regions.changed.connect(self._pause.start)
        self.regions.draw_wanted.connect(self.draw_regions)
        self._pause.timeout.connect(self._ask_regions)
        self._regions.answered.connect(self._take_regions)
        self.view.channel_dragged.connect(self._move_slider)
        self.window.measured.connect(self._put)
        self.calibrate.clicked.connect(self.open_calibration)
        self.export.clicked.connect(self._ask_export)
        for work in (self.follower, self._regions, self.window):
            work.failed.connect(self.status.complain)

    def _follow_selection(self) -> None:
        """Choose the scan to which the selected layer belongs."""
        layer = self._viewer.layers.selection.active
        facts = facts_of(layer) if layer is not None else None
        if facts is None or facts.cube is None or facts.cube is self._cube:
            return
        for other in self._viewer.layers:
            if cube_of(other) is facts.cube:
                self.source.choose(other)

    def _take_scan(self) -> None:
        """Begin afresh with the chosen scan."""
        layer = self.source.layer
        self._cube = cube = cube_of(layer) if layer is not None else None
        axis = cube.energy if cube is not None else None
        self.follower.follow(layer, cube)
        self.model.show_axis(axis)
        self.view.show_scale(self.model.scale)
        self.window.show_scan((cube, layer) if cube is not None else None)
        for widget in (self.calibrate, self.export, self.list, self.regions):
            widget.setEnabled(cube is not None)
        self.status.say("")
        self._take_elements(self.model.elements)
        self._show_channel()
        self._begin_whole()
        self._pause.start()

    def _begin_whole(self) -> None:
        small = self._cube is not None and self._cube.counts.nbytes <= SMALL_BYTES
        if small and not (self.sum.isChecked() or self.maximum.isChecked()):
            self.sum.setChecked(True)
        else:
            self._take_whole_ticks()

    def _take_whole_ticks(self) -> None:
        """Show sum and maximum as ticked; they are added up once."""
        cube = self._cube
        if (
            cube is None
            or not (self.sum.isChecked() or self.maximum.isChecked())
            or id(cube) in self._wholes
        ):
            self._show_whole()
        else:
            self.status.say("Adding up the whole scan…")
            start_job(
                "Spectrum",
                lambda: whole_steps(cube),
                lambda whole: self._take_whole(cube, whole),
                self,
            )

    def _take_whole(self, cube: SpectralCube, whole: RegionSpectrum) -> None:
        self._wholes = {id(cube): whole}
        if cube is self._cube:
            self.status.say("")
            self._show_whole()

    def _show_whole(self) -> None:
        whole = self._wholes.get(id(self._cube))
        ticks = {SUM: self.sum, MAXIMUM: self.maximum}
        for key in ticks:
            self.model.remove(key)
        for curve in whole_curves(whole) if whole is not None else ():
            if ticks[curve.key].isChecked():
                self.model.put(curve)
        self._draw()

    def _take_live(self, on: bool) -> None:
        self.follower.active = on
        if not on:
            self.model.cursor = None
            self._draw()

    def _take_pixel(self, pixel: PixelSpectrum) -> None:
        cube = self._cube
        if cube is None or not self.live.isChecked():
            return
        time = cube.live_time_s[pixel.y, pixel.x] if cube.live_time_s is not None else 0
        self.model.cursor = Measured(
            CURSOR,
            f"y {pixel.y}, x {pixel.x}",
            np.asarray(pixel.counts, dtype=float),
            live_time_s=float(time) if time > 0 else None,
        )
        self._draw(listed=False)

    def pin(self) -> None:
        """Keep the curve under the cursor."""
        if self.model.pin() is not None:
            self._draw()

    def _put(self, curve: Measured) -> None:
        self.model.put(curve)
        self._draw()

    def remove(self, keys: list[str]) -> None:
        """Take curves away."""
        for key, box in ((SUM, self.sum), (MAXIMUM, self.maximum)):
            if key in keys:
                box.setChecked(False)
        for key in keys:
            self.model.remove(key)
        self._draw()

    def _take_units(self) -> None:
        self.model.per_pixel = self.mean.isChecked()
        self.model.rate = self.rate.isChecked()
        self._draw()

    def _draw(self, listed: bool = True) -> None:
        background = self._theme.colours.background
        drawn = self.model.drawn(background)
        self.view.show_curves(drawn, self.model.unit)
        if listed:
            self.rate.setEnabled(self.model.has_live_times)
            self.list.show_curves([curve for curve in drawn if not curve.live])

    def _take_theme(self) -> None:
        self.view.set_colours(self._theme.colours)
        self._take_elements(self.model.elements)
        self._draw()

    def _take_elements(self, elements: tuple[str, ...]) -> None:
        self.model.elements = elements
        background = self._theme.colours.background
        colour_of = self.model.element_colour
        colours = [(one, colour_of(one, background)) for one in elements]
        marks = dict(self.model.marks())
        self.elements.show_colours(colours)
        self.view.marks.show([(one, marks.get(one, ()), c) for one, c in colours])
        self.window.panel.show_lines(
            [line for lines in marks.values() for line in lines]
        )

    def draw_regions(self) -> None:
        """Add a Shapes layer over the scan, ready to draw polygons."""
        if self.source.layer is None:
            return
        layer = self._viewer.add_shapes(
            name=REGIONS_NAME,
            ndim=2,
            edge_color="yellow",
            face_color="transparent",
            **placement_of(self.source.layer),
        )
        layer.mode = "add_polygon"
        self.regions.combo.choose(layer)

    def _ask_regions(self) -> None:
        cube, scan, layer = self._cube, self.source.layer, self.regions.layer
        found = []
        if cube is not None and scan is not None and layer is not None:
            found = regions_of(layer, scan, self._viewer.dims.point)
        if cube is None or not found:
            self._take_regions((cube, []))
            return
        regions = tuple(found)
        self._regions.ask(object(), lambda: (cube, region_curves(cube, regions)))

    def _take_regions(self, answer: tuple[SpectralCube | None, list[Measured]]) -> None:
        cube, curves = answer
        if cube is self._cube:
            self.model.replace_group("region ", curves)
            self._draw()

    def _show_channel(self) -> None:
        """Show where the energy slider of the viewer stands."""
        layer, scale = self.source.layer, self.model.scale
        place = None
        if layer is not None and scale is not None and self._viewer.dims.ndim > 2:
            channel = round(float(layer.world_to_data(self._viewer.dims.point)[0]))
            channel = min(max(channel, 0), scale.axis.n_channels - 1)
            place = float(scale.places[channel])
        self.view.show_channel(place)

    def _move_slider(self, place: float) -> None:
        layer, scale, dims = self.source.layer, self.model.scale, self._viewer.dims
        if layer is not None and scale is not None and dims.ndim > 2:
            corner = np.zeros(layer.ndim)
            corner[0] = scale.channel(place)
            dims.set_point(dims.ndim - 3, layer.data_to_world(corner)[0])

    def open_calibration(self) -> None:
        """Open the dialog that calibrates by two lines."""
        cube, whole = self._cube, self._wholes.get(id(self._cube))
        if cube is None:
            return
        if whole is None:
            self.status.say("Tick Sum first: lines are found in the sum spectrum.")
            return
        self.dialog = CalibrationDialog(
            self, whole.total, cube.energy, self.model.elements, self._theme.colours
        )
        self.dialog.chosen.connect(self._recalibrate)
        self.dialog.open()

    def _recalibrate(self, axis: EnergyAxis, how: str) -> None:
        cube, layer = self._cube, self.source.layer
        if cube is None or layer is None:
            return
        moved = on_axis(cube, axis, how)
        (added,) = add_layers(self._viewer, [recalibrated_layer(moved, layer)])
        self.source.choose(added)
        self.status.say(f"“{added.name}” has the new energies.")

    def _ask_export(self) -> None:
        path, _ = QFileDialog.getSaveFileName(self, "Export spectra", "", FILTERS)
        if path:
            self.save(path)

    def save(self, path: str) -> None:
        """Save the curves (.csv) or the plot (.svg, .png)."""
        if self._cube is None:
            return
        try:
            save_shown(
                path, self.view.plot, self._cube, self.view.curves, self.model.unit
            )
        except MaxrfError as error:
            self.status.complain(str(error))
        else:
            self.status.say(f"Saved {path}.")
