"""Rows of the Spectrum dock: elements to mark, layers of regions, list of curves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QSize, Qt, Signal
from qtpy.QtGui import QKeySequence, QShortcut
from qtpy.QtWidgets import (
    QCheckBox,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QSizePolicy,
    QWidget,
)

from napari_maxrf._napari._event_watch import EventWatch
from napari_maxrf._napari._layer_choice import LayerCombo
from napari_maxrf._napari._periodic_table import PeriodicDialog
from napari_maxrf._napari._pigment_rows import swatch
from napari_maxrf._napari._spectrum_plot import hex_of
from napari_maxrf._napari._spectrum_regions import has_regions

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from napari.components import ViewerModel
    from napari.layers import Layer

    from napari_maxrf._napari._spectrum_model import Drawn
    from napari_maxrf._napari._theme import Colour

LIST_HEIGHT = 64
NOTHING_CHOSEN = "none marked"


class ElementRow(QWidget):
    """A button that opens the periodic table, and what is chosen in it."""

    changed = Signal(tuple)

    def __init__(self) -> None:
        super().__init__()
        self.dialog: PeriodicDialog | None = None
        self._chosen: tuple[str, ...] = ()
        self.button = small_button(
            "Elements…", "Mark the lines of elements chosen in a periodic table."
        )
        self.button.clicked.connect(self.open)
        self.words = QLabel(NOTHING_CHOSEN)
        self.words.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        side_by_side(self, self.button, self.words, stretch=1)

    @property
    def chosen(self) -> tuple[str, ...]:
        """The marked elements."""
        return self._chosen

    def open(self) -> None:
        """Show the table; it may stay open."""
        self._table().table.blockSignals(True)
        self._table().table.choose(self._chosen)
        self._table().table.blockSignals(False)
        self._table().show()

    def choose(self, elements: Iterable[str]) -> None:
        """Mark exactly these elements."""
        self._table().table.choose(elements)

    def show_colours(self, colours: Sequence[tuple[str, Colour]]) -> None:
        """Write the elements in the colours of their lines."""
        spans = [
            f'<span style="color: {hex_of(colour)}"><b>{element}</b></span>'
            for element, colour in colours
        ]
        self.words.setText(" ".join(spans) or NOTHING_CHOSEN)

    def _table(self) -> PeriodicDialog:
        if self.dialog is None:
            self.dialog = PeriodicDialog(self, "Elements to mark")
            self.dialog.table.changed.connect(self._take)
        return self.dialog

    def _take(self, elements: tuple[str, ...]) -> None:
        self._chosen = elements
        self.changed.emit(elements)


class RegionRow(QWidget):
    """Which layer marks regions; a button makes one to draw on.

    Parameters
    ----------
    viewer : ViewerModel
        Whose layers are offered.
    """

    changed = Signal()
    """Another layer was chosen, or something in it was changed."""
    draw_wanted = Signal()

    def __init__(self, viewer: ViewerModel) -> None:
        super().__init__()
        self.combo = LayerCombo(
            viewer,
            has_regions,
            "No Shapes or Labels layer",
            "Each shape or label of this layer is a region with a curve of its own.",
        )
        self.combo.chosen.connect(self._watch)
        self.button = small_button(
            "Draw", "Add a Shapes layer over the scan, and draw regions on it."
        )
        self.button.clicked.connect(self.draw_wanted)
        side_by_side(self, QLabel("Regions"), self.combo, self.button, stretch=1)
        self._events = EventWatch(self, self.changed.emit)
        self._watch()

    @property
    def layer(self) -> Layer | None:
        """The layer with the regions."""
        return self.combo.layer

    def _watch(self) -> None:
        events = self.layer.events if self.layer is not None else None
        names = ("data", "paint", "labels_update")
        self._events.watch(
            getattr(events, name) for name in names if hasattr(events, name)
        )
        self.changed.emit()


class CurveList(QWidget):
    """The curves by name; the selected ones can be removed."""

    pin_wanted = Signal()
    removed = Signal(list)
    """Keys of the curves to take away."""

    def __init__(self) -> None:
        super().__init__()
        self.list = QListWidget()
        self.list.setSelectionMode(QListWidget.SelectionMode.ExtendedSelection)
        self.list.setFixedHeight(LIST_HEIGHT)
        self.list.setIconSize(QSize(18, 10))
        self.list.setToolTip("The curves that are drawn.")
        self.pin = small_button(
            "Pin", "Keep the curve under the cursor. A click on the scan does the same."
        )
        self.remove = small_button("Remove", "Take the selected curves away (Del).")
        self.pin.clicked.connect(self.pin_wanted)
        self.remove.clicked.connect(self._remove)
        QShortcut(
            QKeySequence(QKeySequence.StandardKey.Delete),
            self.list,
            self._remove,
            context=Qt.ShortcutContext.WidgetShortcut,
        )
        side_by_side(self, self.list, _column(self.pin, self.remove), stretch=0)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the curves in the list."""
        return tuple(self.list.item(row).text() for row in range(self.list.count()))

    def show_curves(self, curves: Sequence[Drawn]) -> None:
        """List curves; those that stay keep their selection."""
        selected = self._selected()
        self.list.clear()
        for curve in curves:
            item = QListWidgetItem(swatch(curve.colour, size=QSize(18, 10)), curve.name)
            item.setData(Qt.ItemDataRole.UserRole, curve.key)
            self.list.addItem(item)
            item.setSelected(curve.key in selected)

    def _selected(self) -> list[str]:
        items = self.list.selectedItems()
        return [item.data(Qt.ItemDataRole.UserRole) for item in items]

    def _remove(self) -> None:
        self.removed.emit(self._selected())


def small_button(text: str, tooltip: str) -> QPushButton:
    """Return a button with a tooltip."""
    button = QPushButton(text)
    button.setToolTip(tooltip)
    return button


def tick(text: str, tooltip: str, on: bool = False) -> QCheckBox:
    """Return a box to tick with a tooltip."""
    box = QCheckBox(text)
    box.setToolTip(tooltip)
    box.setChecked(on)
    return box


def side_by_side(parent: QWidget, *widgets: QWidget, stretch: int) -> None:
    """Lay widgets beside each other; the one at `stretch` takes the room."""
    layout = QHBoxLayout(parent)
    layout.setContentsMargins(0, 0, 0, 0)
    for index, widget in enumerate(widgets):
        layout.addWidget(widget, int(index == stretch))


def _column(*widgets: QWidget) -> QWidget:
    from napari_maxrf._napari._section import stacked

    column = QWidget()
    column.setLayout(stacked(*widgets))
    return column
