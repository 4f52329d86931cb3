"""Two ways to show two layers together, neither of which touches them.

napari has no curtain, and clipping planes do nothing on flat images. So both
ways work on helper layers: one more layer for each picture, sharing its
memory, on top of the list. Whoever starts a comparison must stop it; `stop`
takes the helpers away and puts back what was changed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_maxrf._napari._plane import helper_of, pixels

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Image, Layer

GRID_KEYS = ("enabled", "stride", "shape")
MAX_STRIDE = 50


class Comparison:
    """Two helper layers on top of a viewer's list.

    Parameters
    ----------
    viewer : ViewerModel
        Where to show them.
    below, above : Image
        The layers to compare, in the order their helpers lie in.
    """

    def __init__(self, viewer: ViewerModel, below: Image, above: Image) -> None:
        self._viewer = viewer
        self.below = helper_of(below, f"Compare: {below.name}")
        self.above = helper_of(above, f"Compare: {above.name}")
        selected = set(viewer.layers.selection)
        for helper in self.helpers:
            viewer.add_layer(helper)
        viewer.layers.selection = selected

    @property
    def helpers(self) -> tuple[Image, Image]:
        """The helper layers, from below."""
        return self.below, self.above

    def stop(self) -> None:
        """Remove the helper layers that are still there."""
        for helper in self.helpers:
            if helper in self._viewer.layers:
                self._viewer.layers.remove(helper)


class Curtain(Comparison):
    """The left layer drawn over the right one, up to a line that moves.

    Parameters
    ----------
    viewer : ViewerModel
        Where to show it.
    left, right : Image
        The layers on both sides of the line (above and below a level one).
    """

    def __init__(self, viewer: ViewerModel, left: Image, right: Image) -> None:
        super().__init__(viewer, below=right, above=left)
        self._left = pixels(left)

    def draw(self, fraction: float, upright: bool = True) -> None:
        """Move the line.

        Parameters
        ----------
        fraction : float
            Where it stands on the right layer, from 0 (first pixel) to 1.
        upright : bool
            Whether the line is upright and moves sideways.
        """
        axis = 1 if upright else 0
        n = pixels_before_cut(self.below, self.above, self._left.shape, fraction, axis)
        if n:
            self.above.data = self._left[:, :n] if upright else self._left[:n]
        self.above.visible = n > 0


def pixels_before_cut(
    reference: Layer, other: Layer, shape: tuple[int, ...], fraction: float, axis: int
) -> int:
    """Return how many pixels of `other` lie before a line across `reference`.

    The line is given on `reference` and carried over through the world, so
    that layers of different pixel sizes are cut at the same place.

    Parameters
    ----------
    reference, other : Layer
        Flat layers.
    shape : tuple of int
        Rows and columns of `other` before any crop.
    fraction : float
        Where the line crosses `axis` of `reference`, 0 to 1.
    axis : int
        0 for rows, 1 for columns.
    """
    size = np.array(pixels(reference).shape[:2], dtype=float)
    point = size / 2 - 0.5
    point[axis] = fraction * size[axis] - 0.5
    edge = other.world_to_data(reference.data_to_world(point))[axis] + 0.5
    return int(np.clip(round(float(edge)), 0, shape[axis]))


class SideBySide(Comparison):
    """The two layers in two linked views, by napari's grid.

    napari deals the layers of the list out to the views in equal numbers. With
    as many in the first view as there are all but one, the left helper covers
    the rest there, and the right one stands alone in the second.
    """

    def __init__(self, viewer: ViewerModel, left: Image, right: Image) -> None:
        super().__init__(viewer, below=left, above=right)
        grid = viewer.canvas.grid
        self._before = {
            key: getattr(grid, key) for key in ("enabled", "stride", "shape")
        }
        grid.stride = min(len(viewer.layers) - 1, MAX_STRIDE)
        grid.shape = (1, 2)
        grid.enabled = True

    def stop(self) -> None:
        """Put the grid back as it was, and remove the helpers."""
        for key, value in self._before.items():
            setattr(self._viewer.canvas.grid, key, value)
        super().stop()
