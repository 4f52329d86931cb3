"""Follow the mouse over a scan: which pixel, and its spectrum from a thread."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from qtpy.QtCore import QObject, Signal
from superqt.utils import qthrottled

from napari_maxrf._napari._event_watch import CallbackWatch
from napari_maxrf._napari._latest import Latest
from napari_maxrf._napari._spectrum_pixels import PixelReader
from napari_maxrf._napari._work import Done, Refused

if TYPE_CHECKING:
    from collections.abc import Generator, Hashable, Sequence

    import numpy.typing as npt
    from napari.components import ViewerModel
    from napari.layers import Layer

    from napari_maxrf.cube import SpectralCube

PACE_MS = 33
STEADY = 4.0
"""Screen pixels that a click may move."""
LEFT = 1


class PixelSpectrum(NamedTuple):
    """The counts of a pixel."""

    y: int
    x: int
    counts: npt.NDArray[Any]


def pixel_at(layer: Layer, position: Sequence[float]) -> tuple[int, int] | None:
    """Return the pixel of a scan under a place of the world; None beside it.

    The last two coordinates count, whatever layer is there: maps and a registered
    photograph share the world with the scan.
    """
    row, column = np.floor(np.asarray(layer.world_to_data(position)[-2:]) + 0.5)
    height, width = layer.data.shape[-2:]
    if not (0 <= row < height and 0 <= column < width):
        return None
    return int(row), int(column)


class Following(Latest):
    """Questions whose answers are shown in their order, as a moving mouse asks them.

    `Latest` drops what is overtaken: over a slow disk a mouse that never rests
    would show nothing. Here only the answers of an earlier round are dropped, and
    none is remembered. A key begins with the round.
    """

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.round = 0

    def begin_round(self) -> None:
        """Drop all answers that are still to come."""
        self.round += 1
        self._waiting = None

    def _keep(self, answer: tuple[Hashable, Done | Refused]) -> None:
        key, outcome = answer
        if not isinstance(key, tuple) or key[0] != self.round:
            return
        if isinstance(outcome, Done):
            self.answered.emit(outcome.result)
        else:
            self.failed.emit(outcome.reason)


class CursorFollower(QObject):
    """Tell the spectrum under the mouse, about 30 times a second at most.

    Parameters
    ----------
    viewer : ViewerModel
        Over whose canvas the mouse moves.
    parent : QObject
        Until whose end it is followed.
    """

    read = Signal(object)
    """A `PixelSpectrum`."""
    failed = Signal(str)
    clicked = Signal()
    """A pixel of the scan was clicked on while no tool was in use."""

    def __init__(self, viewer: ViewerModel, parent: QObject) -> None:
        super().__init__(parent)
        self._viewer = viewer
        self._layer: Layer | None = None
        self._pixels: PixelReader | None = None
        self.active = True
        self.reader = Following(self)
        self.reader.answered.connect(self.read)
        self.reader.failed.connect(self.failed)
        self._look = qthrottled(self.look, timeout=PACE_MS, parent=self)
        self._mouse = CallbackWatch(
            parent,
            (
                (viewer.mouse_move_callbacks, self._moved),
                (viewer.mouse_drag_callbacks, self._pressed),
            ),
        )

    def follow(self, layer: Layer | None, cube: SpectralCube | None) -> None:
        """Read another scan from now on."""
        self._layer = layer
        self._pixels = PixelReader(cube) if cube is not None else None
        self.reader.begin_round()

    def look(self, position: Sequence[float]) -> None:
        """Ask for the spectrum at a place of the world."""
        pixels, pixel = self._pixels, self._pixel(position)
        if pixels is None or pixel is None:
            return
        key = (self.reader.round, *pixel)
        self.reader.ask(key, lambda: PixelSpectrum(*pixel, pixels.spectrum(*pixel)))

    def _pixel(self, position: Sequence[float]) -> tuple[int, int] | None:
        flat = self._viewer.dims.ndisplay == 2
        return pixel_at(self._layer, position) if self._layer and flat else None

    def _moved(self, viewer: Any, event: Any) -> None:
        if self.active:
            self._look(tuple(event.position))

    def _pressed(self, viewer: Any, event: Any) -> Generator[None, None, None]:
        """Follow a press of the mouse to its end, and tell if it was a click."""
        if event.button != LEFT or not self._is_free():
            return
        start, position = np.array(event.pos), tuple(event.position)
        yield
        while event.type == "mouse_move":
            yield
        steady = np.abs(np.array(event.pos) - start).max() <= STEADY
        if steady and self.active and self._pixel(position):
            self.clicked.emit()

    def _is_free(self) -> bool:
        """Tell whether a click is not meant for a tool of the active layer."""
        layer = self._viewer.layers.selection.active
        return layer is None or str(layer.mode) in ("pan_zoom", "transform")
