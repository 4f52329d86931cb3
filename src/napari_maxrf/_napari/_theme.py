"""The colours of a viewer's theme, for what is painted by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from napari.utils.theme import get_theme

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari.components import ViewerModel
    from qtpy.QtCore import QObject

Colour = tuple[int, int, int]


class ThemeColours(NamedTuple):
    """Colours of the docks and of words on them."""

    background: Colour
    text: Colour


def theme_colours(viewer: ViewerModel) -> ThemeColours:
    """Return the colours of a viewer's theme."""
    theme = get_theme(viewer.theme)
    return ThemeColours(*(_rgb(getattr(theme, role)) for role in ThemeColours._fields))


def _rgb(colour: Any) -> Colour:
    red, green, blue, *_ = colour.as_rgb_tuple()
    return int(red), int(green), int(blue)


class ThemeWatch:
    """A call when the theme changes.

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
    def colours(self) -> ThemeColours:
        """The colours now."""
        return theme_colours(self._viewer)

    def _on_event(self, event: Any = None) -> None:
        self._changed()

    def _stop(self) -> None:
        self._viewer.events.theme.disconnect(self._on_event)
