"""Take the colour of a picture where the user clicks on it.

The mean of a small square is taken, since single pixels of a photograph are noisy.
The picture is read as the synthesis reads it, so that a pigment gets the very colour
that its paint has there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_maxrf.errors import MaxrfError
from napari_maxrf.pictures import as_picture

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

    from napari.components import ViewerModel
    from napari.layers import Image
    from qtpy.QtCore import QObject

Colour = tuple[int, int, int]

SIDE = 5
"""Pixels along the square."""
SAMPLED = 256
"""Pixels along each axis by which the range of a float picture is judged."""
STEADY = 4.0
"""Screen pixels that a click may move."""
LEFT = 1


def colour_at(layer: Image, position: Sequence[float], side: int = SIDE) -> Colour:
    """Return the mean colour of a square of pixels.

    Parameters
    ----------
    layer : Image
        A flat picture, RGB or grey; of several scales the finest is read.
    position : sequence of float
        Where, in world coordinates; the last two count.
    side : int
        Pixels along the square, which is cut off at the border.

    Raises
    ------
    MaxrfError
        The position lies beside the picture, or there are no values.
    """
    pixels = layer.data[0] if layer.multiscale else layer.data
    height, width = pixels.shape[:2]
    row, column = (int(np.floor(at + 0.5)) for at in layer.world_to_data(position)[-2:])
    if not (0 <= row < height and 0 <= column < width):
        raise MaxrfError(f"There is no pixel of “{layer.name}” there.")
    reach = side // 2
    square = np.asarray(
        pixels[
            max(0, row - reach) : row + reach + 1,
            max(0, column - reach) : column + reach + 1,
        ]
    )
    mean = _as_seen(square, layer).mean(axis=0)
    red, green, blue = (round(float(part) * 255) for part in mean)
    return red, green, blue


def _as_seen(square: Any, layer: Image) -> Any:
    """Return the colours of some pixels, shape (n, 3), in 0..1.

    Whether floats are meant as 0..1 or 0..255 shows in the whole picture only, so
    that a sample of it is read with them.
    """
    ends = square.shape[2:] if square.ndim == 3 else (1,)
    rows = square.reshape(-1, *ends)
    if rows.dtype.kind == "f":
        rows = np.concatenate([rows, _sample(layer).reshape(-1, *ends)])
    return as_picture(rows[None])[0, : square.shape[0] * square.shape[1]]


def _sample(layer: Image) -> Any:
    """Return pixels from all over a picture, at its coarsest scale."""
    pixels = layer.data[-1] if layer.multiscale else layer.data
    steps = [max(1, size // SAMPLED) for size in pixels.shape[:2]]
    return np.asarray(pixels[:: steps[0], :: steps[1]])


class PixelPicker:
    """Waits for a click on a picture in the canvas; Esc gives up.

    A drag still moves the camera meanwhile.

    Parameters
    ----------
    viewer : ViewerModel
        Whose canvas is clicked on.
    accepts : callable
        Tells which layers are pictures.
    owner : QObject
        Whose end is that of the waiting, too.
    """

    def __init__(
        self, viewer: ViewerModel, accepts: Callable[[Any], bool], owner: QObject
    ) -> None:
        self._viewer, self._accepts = viewer, accepts
        self._done: Callable[[Colour | None, str], None] | None = None
        owner.destroyed.connect(self.stop)

    @property
    def is_waiting(self) -> bool:
        """Whether the next click is taken."""
        return self._done is not None

    def start(self, done: Callable[[Colour | None, str], None]) -> None:
        """Wait for a click.

        Parameters
        ----------
        done : callable
            Gets the colour and the name of the layer, or None and the reason.
        """
        self.stop()
        self._done = done
        self._viewer.mouse_drag_callbacks.append(self._press)
        self._viewer.bind_key("Escape", self._give_up, overwrite=True)

    def stop(self) -> None:
        """Wait no longer."""
        if self._done is None:
            return
        self._done = None
        self._viewer.mouse_drag_callbacks.remove(self._press)
        self._viewer.bind_key("Escape", None, overwrite=True)

    def _give_up(self, viewer: Any = None) -> None:
        self._end(None, "")

    def _end(self, colour: Colour | None, words: str) -> None:
        done = self._done
        self.stop()
        if done is not None:
            done(colour, words)

    def _press(self, viewer: Any, event: Any) -> Generator[None, None, None]:
        """Follow a press of the mouse to its end, and take it if it was a click."""
        if event.button != LEFT:
            return
        start, position = np.array(event.pos), tuple(event.position)
        yield
        while event.type == "mouse_move":
            yield
        if np.abs(np.array(event.pos) - start).max() <= STEADY:
            self._take(position)

    def _take(self, position: tuple[float, ...]) -> None:
        try:
            layer = self._picture_at(position)
            colour = colour_at(layer, position)
        except MaxrfError as error:
            self._end(None, str(error))
        else:
            self._end(colour, layer.name)

    def _picture_at(self, position: tuple[float, ...]) -> Image:
        """Return the uppermost picture there."""
        if self._viewer.dims.ndisplay != 2:
            raise MaxrfError("Colours are picked in the 2D view; switch 3D off.")
        for layer in reversed(self._viewer.layers):
            if layer.visible and self._accepts(layer) and _is_inside(layer, position):
                return layer
        raise MaxrfError("There is no picture where you clicked.")


def _is_inside(layer: Image, position: tuple[float, ...]) -> bool:
    shape = (layer.data[0] if layer.multiscale else layer.data).shape[:2]
    places = np.asarray(layer.world_to_data(position)[-2:]) + 0.5
    return bool((places >= 0).all() and (places < shape).all())
