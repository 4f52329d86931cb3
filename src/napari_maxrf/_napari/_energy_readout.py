"""Tell over the picture at which energy the slider stands.

napari counts the steps of a slider beside it; the energy stands nowhere else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from weakref import WeakSet, finalize, ref

from napari_maxrf._napari._facts import facts_of
from napari_maxrf._napari._work import unwrapped

if TYPE_CHECKING:
    from typing import Any

    from napari.components import ViewerModel
    from napari.layers import Layer

_ENERGY_AXIS = -3


class EnergyReadout:
    """Text of a viewer that follows its energy slider while a cube is in sight.

    A text that somebody else put there is left alone.

    Parameters
    ----------
    viewer : ViewerModel
        Whose text it is.
    """

    def __init__(self, viewer: ViewerModel) -> None:
        self._viewer = ref(viewer)
        self._cubes: WeakSet[Layer] = WeakSet()
        self._told = ""
        for emitter in (
            viewer.dims.events.point,
            viewer.dims.events.ndisplay,
            viewer.layers.events.removed,
        ):
            emitter.connect(self._tell)

    def follow(self, cube: Layer) -> None:
        """Tell the energy whenever this layer is in sight."""
        if cube not in self._cubes:
            self._cubes.add(cube)
            cube.events.visible.connect(self._tell)
        self._tell()

    def _tell(self, event: Any = None) -> None:
        viewer = self._viewer()
        if viewer is None:
            return
        overlay = viewer.canvas.overlays.text
        if overlay.visible and overlay.text != self._told:
            return
        self._told = self._words(viewer)
        overlay.text = self._told
        overlay.visible = bool(self._told)

    def _words(self, viewer: ViewerModel) -> str:
        in_sight = any(one.visible and one in viewer.layers for one in self._cubes)
        if viewer.dims.ndisplay != 2 or not in_sight:
            return ""
        return f"{viewer.dims.point[_ENERGY_AXIS]:.2f} keV"


_readouts: dict[int, EnergyReadout] = {}


def tell_energy(viewer: ViewerModel, layer: Layer) -> None:
    """Tell the energy of the slider while `layer`, if it shows a cube, is in sight."""
    facts = facts_of(layer)
    if facts is None or facts.kind != "cube":
        return
    viewer = unwrapped(viewer)
    if id(viewer) not in _readouts:
        _readouts[id(viewer)] = EnergyReadout(viewer)
        finalize(viewer, _readouts.pop, id(viewer), None).atexit = False
    _readouts[id(viewer)].follow(layer)
