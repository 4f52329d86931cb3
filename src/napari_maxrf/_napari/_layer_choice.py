"""Choose among the open layers: one from a list, or several by ticks.

Both follow the viewer: layers that are added, removed or renamed show at once,
and what was chosen stays chosen as long as it is there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import (
    QComboBox,
    QListWidget,
    QListWidgetItem,
    QSizePolicy,
    QWidget,
)

from napari_maxrf._napari._event_watch import EventWatch
from napari_maxrf._napari._facts import facts_of

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Layer

    from napari_maxrf._napari._facts import LayerFacts

Accepts = Callable[["Layer"], bool]


class LayerWatch:
    """Call back when layers come, go or are renamed, until `owner` is gone."""

    def __init__(
        self, viewer: ViewerModel, owner: QWidget, refresh: Callable[[], None]
    ) -> None:
        self._layers = viewer.layers
        self._refresh = refresh
        for emitter in self._emitters():
            emitter.connect(self._on_event)
        owner.destroyed.connect(self._stop)

    def _emitters(self) -> tuple[Any, ...]:
        events = self._layers.events
        return events.inserted, events.removed, events.renamed

    def _on_event(self, event: Any = None) -> None:
        self._refresh()

    def _stop(self) -> None:
        for emitter in self._emitters():
            emitter.disconnect(self._on_event)


class LayerCombo(QComboBox):
    """A list of the open layers that `accepts` lets in.

    Parameters
    ----------
    viewer : ViewerModel
        Whose layers are offered, the uppermost first.
    accepts : callable
        Tells whether a layer can be used.
    nothing : str
        What stands in the list while no layer fits.
    tooltip : str
        What the choice is for.
    """

    chosen = Signal()
    """The chosen layer is another one, or shows another cube."""

    def __init__(
        self, viewer: ViewerModel, accepts: Accepts, nothing: str, tooltip: str
    ) -> None:
        super().__init__()
        self._viewer, self._accepts, self._nothing = viewer, accepts, nothing
        self._last: tuple[Layer | None, LayerFacts | None] = None, None
        self._exchange = EventWatch(self, self._tell)
        self.setToolTip(tooltip)
        narrow(self)
        self.refresh()
        self.currentIndexChanged.connect(self._tell)
        self._watch = LayerWatch(viewer, self, self.refresh)

    @property
    def layer(self) -> Layer | None:
        """The chosen layer, or None if there is none to choose."""
        return self.currentData()

    def choose(self, layer: Layer) -> None:
        """Choose `layer`, if it is offered."""
        for index in range(self.count()):
            if self.itemData(index) is layer:
                self.setCurrentIndex(index)

    def refresh(self) -> None:
        """Offer what is open now."""
        kept = self.layer
        offered = [item for item in reversed(self._viewer.layers) if self._fits(item)]
        self.blockSignals(True)
        self.clear()
        for layer in offered:
            self.addItem(layer.name, layer)
        if not offered:
            self.addItem(self._nothing, None)
        if kept is not None:
            self.choose(kept)
        self.blockSignals(False)
        self.setEnabled(bool(offered))
        self._tell()

    def _fits(self, layer: Layer) -> bool:
        return self._accepts(layer)

    def _tell(self) -> None:
        layer = self.layer
        facts = facts_of(layer) if layer is not None else None
        if layer is not self._last[0] or facts is not self._last[1]:
            self._last = layer, facts
            self._exchange.watch([layer.events.data] if layer is not None else [])
            self.chosen.emit()


class LayerTicks(QListWidget):
    """The open layers that `accepts` lets in, each with a tick."""

    def __init__(self, viewer: ViewerModel, accepts: Accepts, tooltip: str) -> None:
        super().__init__()
        self._viewer, self._accepts = viewer, accepts
        self.setToolTip(tooltip)
        self.setFixedHeight(84)
        self.refresh()
        self._watch = LayerWatch(viewer, self, self.refresh)

    @property
    def layers(self) -> list[Layer]:
        """The ticked layers."""
        items = [self.item(row) for row in range(self.count())]
        return [
            item.data(Qt.ItemDataRole.UserRole)
            for item in items
            if item.checkState() == Qt.CheckState.Checked
        ]

    def refresh(self) -> None:
        """Offer what is open now; a new layer comes with its tick set."""
        unticked = self._unticked()
        self.clear()
        for layer in self._viewer.layers:
            if self._accepts(layer):
                self._add(layer, ticked=all(layer is not one for one in unticked))

    def _unticked(self) -> list[Layer]:
        ticked = self.layers
        everything = [
            self.item(row).data(Qt.ItemDataRole.UserRole) for row in range(self.count())
        ]
        return [one for one in everything if all(one is not other for other in ticked)]

    def _add(self, layer: Layer, ticked: bool) -> None:
        item = QListWidgetItem(layer.name)
        item.setData(Qt.ItemDataRole.UserRole, layer)
        state = Qt.CheckState.Checked if ticked else Qt.CheckState.Unchecked
        item.setCheckState(state)
        self.addItem(item)


def narrow(combo: QComboBox) -> None:
    """Let a list be narrower than its longest entry."""
    combo.setSizeAdjustPolicy(
        QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
    )
    combo.setMinimumContentsLength(8)
    combo.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
