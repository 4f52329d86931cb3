"""The Palette dock: build a palette, and see what a scan could tell of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Qt, QTimer
from qtpy.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from napari_maxrf._napari._confusion_list import ConfusionList
from napari_maxrf._napari._latest import Latest
from napari_maxrf._napari._palette_book import palette_book
from napari_maxrf._napari._palette_chooser import PaletteBar, ScannerRow
from napari_maxrf._napari._palette_curves import curves_of, scaled
from napari_maxrf._napari._palette_findings import (
    Confusions,
    PaletteSpectra,
    find_confusions,
    find_spectra,
)
from napari_maxrf._napari._pigment_actions import PigmentActions
from napari_maxrf._napari._pigment_table import FilterRow, PigmentTable
from napari_maxrf._napari._section import scrolled, stacked
from napari_maxrf._napari._settings import PLUGIN
from napari_maxrf._napari._spectrum_plot import SpectrumPlot
from napari_maxrf._napari._status_line import StatusLine
from napari_maxrf._napari._theme import ThemeWatch

if TYPE_CHECKING:
    import napari

TITLE = "Palette"
WIDTH = 440
PAUSE_MS = 150
"""How long to wait for further changes before a thread is sent off."""
SHARES = (190, 230, 130)
"""Heights of table, plot and list, to begin with."""
COMPUTING = "Computing spectra…"
COMPARING = "Comparing all pairs…"


class PaletteWidget(QWidget):
    """Build a palette: pigments, colours, measured spectra, scanner and paint.

    Parameters
    ----------
    viewer : ViewerModel
        Whose palettes are shown, and in which colours are picked.
    """

    def __init__(self, viewer: napari.viewer.ViewerModel) -> None:
        super().__init__()
        self._viewer = viewer
        self.book = palette_book(viewer)
        self._found: PaletteSpectra | None = None
        self._confusions: Confusions | None = None
        self._spectra, self._alike = Latest(self), Latest(self)
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(PAUSE_MS)
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._theme = ThemeWatch(viewer, self, self._take_theme)
        self._build()
        self._lay_out()
        self._listen()
        self._take_theme()
        self._show_palette()

    @property
    def is_busy(self) -> bool:
        """Whether something that is asked for is not shown yet."""
        waiting = self._pause.isActive() or self._soon.isActive()
        return waiting or self._spectra.is_busy or self._alike.is_busy

    def _build(self) -> None:
        self.status = StatusLine()
        self.filter = FilterRow()
        self.table = PigmentTable()
        self.actions_row = PigmentActions(
            self._viewer, self.book, self.table, self.status
        )
        self.bar = PaletteBar(self.book, self.status, self.actions_row.new_palette)
        self.scanner = ScannerRow(self.book, self.status)
        self.words = QLabel()
        self.words.setToolTip("Ticked pigments take part in a synthesis.")
        self.all = _small_button("All", "Tick all pigments in sight.")
        self.none = _small_button("None", "Untick all pigments in sight.")
        self.plot = SpectrumPlot()
        self.confusions = ConfusionList(self.book.counts)

    def _lay_out(self) -> None:
        ticks = QHBoxLayout()
        ticks.addWidget(self.words, 1)
        ticks.addWidget(self.all)
        ticks.addWidget(self.none)
        upper = QWidget()
        upper.setLayout(stacked(self.filter, self.table, ticks, self.actions_row))
        splitter = QSplitter(Qt.Orientation.Vertical)
        splitter.setChildrenCollapsible(False)
        for part, share in zip(
            (upper, self.plot, self.confusions), SHARES, strict=True
        ):
            splitter.addWidget(part)
            splitter.setStretchFactor(splitter.count() - 1, share)
        splitter.setSizes(list(SHARES))
        content = QWidget()
        content.setLayout(stacked(self.bar, self.scanner, splitter))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 6, 6, 6)
        layout.addWidget(scrolled(content), 1)
        layout.addWidget(self.status)
        self.setMinimumWidth(WIDTH)

    def _listen(self) -> None:
        book = self.book
        book.palette_changed.connect(self._show_palette)
        book.ticks_changed.connect(self._show_ticks)
        book.scan_changed.connect(self._take_scan)
        self.filter.changed.connect(self._filter)
        self.table.tick_wanted.connect(book.tick)
        self.table.selected.connect(self._soon.start)
        self.all.clicked.connect(lambda: book.tick(self.table.proxy.ids, True))
        self.none.clicked.connect(lambda: book.tick(self.table.proxy.ids, False))
        self.confusions.counts_changed.connect(self._ask_later)
        self.confusions.pair_chosen.connect(self._show_pair)
        self._pause.timeout.connect(self._ask)
        self._soon.timeout.connect(self._draw)
        self._spectra.answered.connect(self._take_spectra)
        self._spectra.failed.connect(self._miss_spectra)
        self._alike.answered.connect(self._take_confusions)
        self._alike.failed.connect(self.confusions.say)

    def _show_palette(self) -> None:
        """Show the open palette; rows that stay keep their selection."""
        selected = self.table.selected_ids
        self.table.rows.show(self.book.palette.pigments, self.book.ticked)
        self._confusions = None
        self.table.select(selected)
        self._show_ticks()
        self._ask()

    def _show_ticks(self) -> None:
        ticked, n_all = self.book.ticked, len(self.book.palette)
        self.table.rows.set_ticked(ticked)
        self.words.setText(f"{len(ticked)} of {n_all} pigments ticked")
        self._soon.start()
        self._list_pairs()

    def _filter(self) -> None:
        self.table.proxy.want(self.filter.wanted)

    def _show_pair(self, first: str, second: str) -> None:
        self.table.select([first, second])

    def _take_scan(self) -> None:
        self.confusions.set_counts(self.book.counts)
        self._ask_later()

    def _ask_later(self) -> None:
        self._soon.start()
        self._pause.start()

    def _ask(self) -> None:
        """Have spectra computed; what is known comes at once."""
        palette, axis = self.book.palette, self.book.axis
        if self._found is None or self._found.palette.id != palette.id:
            self._found = None
            self.plot.clear(COMPUTING)
            self.confusions.clear()
        key = (palette.content_hash, axis)
        self._spectra.ask(key, lambda: find_spectra(palette, axis))

    def _take_spectra(self, found: PaletteSpectra) -> None:
        self._found = found
        self._soon.start()
        palette, axis = found.palette, self.book.axis
        counts = float(self.confusions.counts.value())
        if self._confusions is None:
            self.confusions.say(COMPARING)
        key = (palette.content_hash, axis, counts)
        self._alike.ask(key, lambda: find_confusions(palette, axis, counts))

    def _miss_spectra(self, reason: str) -> None:
        self._found = self._confusions = None
        self.plot.clear(reason)
        self.confusions.clear()

    def _take_confusions(self, found: Confusions) -> None:
        self._confusions = found
        self.table.rows.mark_silent(found.silent)
        self._list_pairs()

    def _list_pairs(self) -> None:
        found, ticked = self._confusions, self.book.ticked
        if found is None:
            return
        pigments = {pigment.id: pigment for pigment in found.palette.pigments}
        silent = [key for key in found.silent if key in ticked]
        self.confusions.show_pairs(found.among(ticked), silent, pigments)

    def _draw(self) -> None:
        """Draw once for all that changed since the last turn of the event loop."""
        found = self._found
        if found is None:
            return
        counts = float(self.confusions.counts.value())
        ticked, selected = self.book.ticked, self.table.selected_ids
        curves = curves_of(
            found, counts, ticked, selected, self._theme.colours.background
        )
        n_wanted = len({*ticked, *selected})
        tube = scaled(found.tube, counts)
        self.plot.show_curves(found.energies_kev, curves, tube, n_wanted)

    def _take_theme(self) -> None:
        self.plot.set_colours(self._theme.colours)
        self._soon.start()


def open_palette_dock(viewer: napari.viewer.Viewer) -> None:
    """Show the Palette dock of a viewer, opening it if it is not there."""
    try:
        dock, _ = viewer.window.add_plugin_dock_widget(PLUGIN, TITLE, tabify=True)
    except ValueError:  # a viewer that does not know the plugin, as in a script
        dock = viewer.window.add_dock_widget(
            PaletteWidget(viewer), name=TITLE, area="right", tabify=True
        )
    dock.show()
    dock.raise_()


def _small_button(text: str, tooltip: str) -> QPushButton:
    button = QPushButton(text)
    button.setToolTip(tooltip)
    return button
