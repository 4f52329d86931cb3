"""The Element maps dock: where which element is, and many of them in one picture."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, cast
from weakref import WeakKeyDictionary

from qtpy.QtWidgets import QComboBox, QHBoxLayout, QVBoxLayout, QWidget

from napari_maxrf._napari._background import start_job
from napari_maxrf._napari._embedding_widget import is_cube
from napari_maxrf._napari._facts import cube_of
from napari_maxrf._napari._layer_choice import LayerCombo
from napari_maxrf._napari._layers import add_layers
from napari_maxrf._napari._maps_composite import LiveComposite
from napari_maxrf._napari._maps_elements import ElementTicks
from napari_maxrf._napari._maps_export import ExportButton, Exporter
from napari_maxrf._napari._maps_layers import map_layers, ratio_layer
from napari_maxrf._napari._maps_ratio import RatioRow
from napari_maxrf._napari._maps_session import MapSession, names_of
from napari_maxrf._napari._maps_settings import MapForm
from napari_maxrf._napari._maps_table import MapTable
from napari_maxrf._napari._maps_work import MadeMaps, mapping_steps
from napari_maxrf._napari._placement import placement_of
from napari_maxrf._napari._run_bar import Request, RunBar
from napari_maxrf._napari._section import scrolled, stacked
from napari_maxrf._napari._spectrum_rows import small_button
from napari_maxrf._napari._spectrum_work import SMALL_BYTES
from napari_maxrf._napari._status_line import StatusLine
from napari_maxrf._napari._work import workbench
from napari_maxrf.analysis import proposed_elements_steps
from napari_maxrf.errors import MaxrfError

if TYPE_CHECKING:
    import napari
    from napari.layers import Layer

    from napari_maxrf._napari._maps_rows import MapRow
    from napari_maxrf._napari._work import Job
    from napari_maxrf.analysis import Proposal
    from napari_maxrf.analysis._composite import Mode
    from napari_maxrf.cube import SpectralCube

WIDTH = 360
NO_SCAN = "Open or synthesise a scan first."
LARGE = "A large scan: press Propose to look for its elements, or choose some."
NO_ELEMENT = "Tick an element to map."
MODES: dict[Mode, str] = {"light": "Light on black", "ink": "Ink on white"}


class MapsWidget(QWidget):
    """Map elements of a scan, and show many of them in one picture.

    Parameters
    ----------
    viewer : ViewerModel
        Whose scans are mapped, and where the pictures are added.
    """

    def __init__(self, viewer: napari.viewer.ViewerModel) -> None:
        super().__init__()
        self._viewer = viewer
        self._sessions: WeakKeyDictionary[Layer, MapSession] = WeakKeyDictionary()
        self._proposals: WeakKeyDictionary[Layer, tuple[str, ...]] = WeakKeyDictionary()
        self._looking: Job | None = None
        self._build()
        self._lay_out()
        self._listen()
        self._take_scan()

    @property
    def session(self) -> MapSession | None:
        """The maps of the chosen scan, if any were made."""
        layer = self.source.layer
        return self._sessions.get(layer) if layer is not None else None

    @property
    def mode(self) -> Mode:
        """Whether the composite is of light or of ink."""
        return cast("Mode", self.ground.currentData())

    @property
    def is_busy(self) -> bool:
        """Whether something that is asked for is not there yet."""
        works = (self.run_bar.is_running, self.live.is_busy, self.exporter.is_busy)
        return self._looking is not None or any(works)

    def _build(self) -> None:
        self.source = LayerCombo(
            self._viewer,
            is_cube,
            "Open or synthesise a scan first",
            "The scan whose elements are mapped.",
        )
        self.elements = ElementTicks()
        self.form = MapForm()
        self.run_bar = RunBar(
            workbench(self._viewer),
            "Make maps",
            "Map the ticked elements, and show the first ones together.",
            self.request,
        )
        self.table = MapTable()
        self.ratio = RatioRow()
        self.ground = QComboBox()
        for mode, words in MODES.items():
            self.ground.addItem(words, mode)
        self.ground.setToolTip(
            "How the composite is drawn: lights that add up, or inks that darken."
        )
        self.add = small_button(
            "Add layers", "Show the selected maps (or the ticked ones) as layers."
        )
        self.export = ExportButton()
        self.status = StatusLine()
        self.live = LiveComposite(self._viewer, self)
        self.exporter = Exporter(self)

    def _lay_out(self) -> None:
        last = QHBoxLayout()
        last.addWidget(self.ground, 1)
        last.addWidget(self.add)
        last.addWidget(self.export)
        content = QWidget()
        rows = stacked(self.source, self.elements, self.form, self.run_bar)
        rows.addWidget(self.table, 1)
        rows.addWidget(self.ratio)
        rows.addLayout(last)
        rows.addWidget(self.status)
        rows.setContentsMargins(6, 6, 6, 6)
        content.setLayout(rows)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(scrolled(content))
        self.setMinimumWidth(WIDTH)

    def _listen(self) -> None:
        self.source.chosen.connect(self._take_scan)
        self.elements.changed.connect(self._enable)
        self.elements.proposal_wanted.connect(self.propose)
        self.table.changed.connect(self._take_rows)
        self.table.itemSelectionChanged.connect(self._enable)
        self.table.failed.connect(self.status.complain)
        self.ratio.wanted.connect(self.add_ratio)
        self.ground.currentIndexChanged.connect(self._draw)
        self.add.clicked.connect(self.add_map_layers)
        self.export.wanted.connect(self._ask_export)
        self.live.failed.connect(self.status.complain)
        self.exporter.told.connect(self.status.say)
        self.exporter.failed.connect(self.status.complain)

    def _take_scan(self) -> None:
        """Show what is known of the chosen scan; small ones are looked at at once."""
        self.status.say("")
        self._stop_looking()
        layer, cube = self._scan()
        session = self.session
        self._show_rows(session)
        known = self._proposals.get(layer) if layer is not None else None
        self.elements.offer(known or ())
        if cube is not None and known is None:
            self._begin_search(cube)
        self._enable()

    def _scan(self) -> tuple[Layer | None, SpectralCube | None]:
        layer = self.source.layer
        return layer, cube_of(layer) if layer is not None else None

    def _begin_search(self, cube: SpectralCube) -> None:
        if cube.counts.nbytes <= SMALL_BYTES:
            self.propose()
        else:
            self.status.say(LARGE)

    def propose(self) -> None:
        """Look for the elements that the scan shows, in a thread."""
        layer, cube = self._scan()
        if layer is None or cube is None:
            return
        self._stop_looking()
        self.status.say("Looking for elements…")
        job = start_job(
            "Element maps",
            lambda: proposed_elements_steps(cube),
            partial(self._take_proposal, layer),
            self,
        )
        self._looking = job
        job.failed.connect(self.status.complain)
        job.ended.connect(partial(self._end_looking, job))

    def _stop_looking(self) -> None:
        job, self._looking = self._looking, None
        if job is not None:
            job.cancel()

    def _end_looking(self, job: Job) -> None:
        if self._looking is job:
            self._looking = None

    def _take_proposal(self, layer: Layer, proposal: Proposal) -> None:
        self._proposals[layer] = proposal.elements
        if layer is not self.source.layer:
            return
        added = self.elements.chosen
        self.elements.offer((*proposal.elements, *added))
        rare = ", ".join(one.element for one in proposal.rare)
        if not proposal.elements:
            self.status.say("The scan shows no element clearly; choose some.")
        else:
            self.status.say(f"In few pixels only: {rare}." if rare else "")

    def request(self) -> Request:
        """Return what a press of the button asks for.

        Raises
        ------
        MaxrfError
            There is no scan, no element, or a setting does not fit.
        """
        layer, cube = self._scan()
        if layer is None or cube is None:
            raise MaxrfError(NO_SCAN)
        if not self.elements.chosen:
            raise MaxrfError(NO_ELEMENT)
        config = self.form.config_for(self.elements.chosen)
        steps = partial(mapping_steps, cube, config)
        return Request("Element maps", steps, partial(self._take_maps, layer))

    def _take_maps(self, layer: Layer, made: MadeMaps) -> str:
        session = self._sessions.get(layer)
        if session is None or session.cube is not made.cube:
            session = MapSession(made.cube, placement_of(layer))
            self._sessions[layer] = session
        session.take(made)
        if layer is self.source.layer:
            self._show_rows(session)
        n = len(made.rows)
        return f"{n} map{'' if n == 1 else 's'} by {made.method}."

    def _show_rows(self, session: MapSession | None) -> None:
        self.table.show_rows(session.rows if session is not None else ())

    def _take_rows(self) -> None:
        """Follow the table."""
        session = self.session
        if session is not None:
            session.rows = list(self.table.rows)
        self.ratio.show_names(names_of(self.table.rows))
        self._enable()
        self._draw()

    def _draw(self) -> None:
        session = self.session
        if session is not None:
            self.live.show(session, session.rows, self.mode)

    def _enable(self) -> None:
        _, cube = self._scan()
        self.elements.setEnabled(cube is not None)
        hindrance = NO_SCAN if cube is None else ""
        if cube is not None and not self.elements.chosen:
            hindrance = NO_ELEMENT
        self.run_bar.hinder(hindrance)
        for widget in (self.table, self.ground, self.export, self.ratio):
            widget.setEnabled(bool(self.table.rows))
        self.add.setEnabled(bool(self._chosen_rows()))

    def _chosen_rows(self) -> list[MapRow]:
        shown = [row for row in self.table.rows if row.shown]
        return self.table.selected or shown

    def add_map_layers(self) -> None:
        """Add the selected maps, or the ticked ones, as layers that add up."""
        session, rows = self.session, self._chosen_rows()
        if session is not None and rows:
            layers = map_layers(
                rows, session.cube, session.provenance, session.placement
            )
            add_layers(self._viewer, layers)

    def add_ratio(self, over: str, under: str) -> None:
        """Divide a map by another; the result is a row and a layer."""
        session = self.session
        if session is None:
            return
        try:
            row = session.add_ratio(over, under)
        except MaxrfError as error:
            self.status.complain(str(error))
            return
        self.status.say("")
        self._show_rows(session)
        data = ratio_layer(row, session.cube, session.provenance, session.placement)
        add_layers(self._viewer, [data])

    def _ask_export(self, what: str) -> None:
        if self.session is not None:
            self.exporter.ask(what, self.session, self.table.selected, self.mode)

    def save(self, what: str, path: str, kind: str = "") -> None:
        """Write maps, composite or the selected map to a file, in a thread."""
        if self.session is not None:
            self.exporter.save_as(
                what, path, kind, self.session, self.table.selected, self.mode
            )
