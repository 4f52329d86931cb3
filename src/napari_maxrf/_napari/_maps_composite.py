"""Keeps the composite of the ticked maps in one layer while they change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, Signal

from napari_maxrf._napari._facts import metadata
from napari_maxrf._napari._latest import Latest
from napari_maxrf._napari._layers import add_layers
from napari_maxrf._napari._maps_layers import composite_facts, composite_layer
from napari_maxrf._napari._maps_rows import composite_of
from napari_maxrf._napari._work import unwrapped

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    import numpy as np
    import numpy.typing as npt
    from napari.components import ViewerModel
    from napari.layers import Layer

    from napari_maxrf._napari._facts import LayerFacts
    from napari_maxrf._napari._maps_rows import MapRow
    from napari_maxrf._napari._maps_session import MapSession
    from napari_maxrf.analysis._composite import Mode


class _Newest(Latest):
    """Remembers no answer: pictures are large, and soon made."""

    def _remember(self, key: Hashable, result: Any) -> None:
        """Forget."""


class LiveComposite(QObject):
    """One RGB layer for each scan, made in a thread.

    Parameters
    ----------
    viewer : ViewerModel
        Where the layer is.
    parent : QObject
        Until whose end it follows.
    """

    failed = Signal(str)
    """Why there is no picture."""

    def __init__(self, viewer: ViewerModel, parent: QObject) -> None:
        super().__init__(parent)
        self._viewer = viewer
        self._pictures = _Newest(self)
        self._pictures.answered.connect(self._take)
        self._pictures.failed.connect(self.failed)

    @property
    def is_busy(self) -> bool:
        """Whether a picture is still to come."""
        return self._pictures.is_busy

    def show(self, session: MapSession, rows: Sequence[MapRow], mode: Mode) -> None:
        """Ask for the picture of rows; what was asked before is overtaken."""
        chosen = tuple(rows)
        if not chosen:
            return
        facts = composite_facts(chosen, session.cube, session.provenance, mode)
        self._pictures.ask(
            object(), lambda: (session, facts, composite_of(chosen, mode))
        )

    def _take(
        self, answer: tuple[MapSession, LayerFacts, npt.NDArray[np.float32]]
    ) -> None:
        session, facts, picture = answer
        layer = session.composite
        if layer is not None and self._is_open(layer):
            layer.data = picture
            layer.metadata = {**layer.metadata, **metadata(facts)}
            return
        data = composite_layer(picture, facts, session.placement)
        (added,) = add_layers(self._viewer, [data])
        session.composite = unwrapped(added)

    def _is_open(self, layer: Layer) -> bool:
        return any(one is layer for one in self._viewer.layers)
