"""Call back on events of a viewer or a layer, until a widget is gone.

The watcher is no Qt object itself: the children of a widget die before the widget
tells of its end, and what they are connected to would stay behind.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from qtpy.QtCore import QObject


class EventWatch:
    """A call on any of some events.

    Parameters
    ----------
    owner : QObject
        Until whose end the events are heard.
    call : callable
        What to call; without arguments.
    emitters : iterable of event emitter
        Whose events count.
    """

    def __init__(
        self, owner: QObject, call: Callable[[], Any], emitters: Iterable[Any] = ()
    ) -> None:
        self._call = call
        self._emitters: list[Any] = []
        owner.destroyed.connect(self.stop)
        self.watch(emitters)

    def watch(self, emitters: Iterable[Any]) -> None:
        """Hear these events instead of the earlier ones."""
        self.stop()
        self._emitters = list(emitters)
        for emitter in self._emitters:
            emitter.connect(self._on_event)

    def stop(self) -> None:
        """Hear no events any more."""
        for emitter in self._emitters:
            emitter.disconnect(self._on_event)
        self._emitters = []

    def _on_event(self, event: Any = None) -> None:
        self._call()


class CallbackWatch:
    """Functions in callback lists, such as those of the mouse.

    Parameters
    ----------
    owner : QObject
        Until whose end they are called.
    callbacks : iterable of (list, callable)
        Which function goes into which list.
    """

    def __init__(
        self, owner: QObject, callbacks: Iterable[tuple[list[Any], Callable[..., Any]]]
    ) -> None:
        self._callbacks = list(callbacks)
        for functions, function in self._callbacks:
            functions.append(function)
        owner.destroyed.connect(self._stop)

    def _stop(self) -> None:
        for functions, function in self._callbacks:
            if function in functions:
                functions.remove(function)
