"""The colours of a viewer's theme, for what is painted by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari.utils.theme import get_theme

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari.components import ViewerModel
    from qtpy.QtCore import QObject

Colour = tuple[int, int, int]


class ThemeWatch:
    """Background and text colours, and a call when they change.

    Parameters
    ----------
    viewer : ViewerModel
        Whose theme counts.
    owner : QObject
        Until whose end the changes are watched.
    changed : callable
        What to call.
    """

    def __init__(
        self, viewer: ViewerModel, owner: QObject, changed: Callable[[], None]
    ) -> None:
        self._viewer, self._changed = viewer, changed
        viewer.events.theme.connect(self._on_event)
        owner.destroyed.connect(self._stop)

    @property
    def background(self) -> Colour:
        """Colour of the docks."""
        return self._colour("background")

    @property
    def text(self) -> Colour:
        """Colour of words."""
        return self._colour("text")

    def _colour(self, role: str) -> Colour:
        red, green, blue = getattr(get_theme(self._viewer.theme), role).as_rgb_tuple()[
            :3
        ]
        return int(red), int(green), int(blue)

    def _on_event(self, event: Any = None) -> None:
        self._changed()

    def _stop(self) -> None:
        self._viewer.events.theme.disconnect(self._on_event)
