"""Answer the newest question in a thread; older ones are not answered.

A user who ticks and types fast asks faster than a core function answers. One
question is worked on at a time, and of those that wait only the last is kept. What
is known already is answered at once, without a thread.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any

from napari.utils.notifications import notification_manager
from qtpy.QtCore import QObject, Signal
from superqt.utils import FunctionWorker, create_worker

from napari_maxrf._napari._work import Done, Refused
from napari_maxrf.errors import MaxrfError

LOG = logging.getLogger(__name__)
MOST_KNOWN = 24

Work = Callable[[], Any]
Question = tuple[Hashable, Work]


class Latest(QObject):
    """Questions to a slow function. All signals arrive in the main thread."""

    answered = Signal(object)
    """The result of the newest question."""
    failed = Signal(str)
    """One line that says why the newest question has no answer."""
    busy = Signal(bool)
    """Whether an answer is being waited for."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._known: OrderedDict[Hashable, Any] = OrderedDict()
        self._newest: Hashable = None
        self._waiting: Question | None = None
        self._worker: FunctionWorker | None = None

    @property
    def is_busy(self) -> bool:
        """Whether a thread is at work."""
        return self._worker is not None

    def ask(self, key: Hashable, work: Work) -> None:
        """Ask for the result of `work`.

        Parameters
        ----------
        key : hashable
            All that decides the result.
        work : callable
            Computes it, in a thread; a `MaxrfError` it raises is told.
        """
        self._newest = key
        if key in self._known:
            self._waiting = None
            self._known.move_to_end(key)
            self.answered.emit(self._known[key])
            return
        self._waiting = (key, work)
        if self._worker is None:
            self._begin()

    def _begin(self) -> None:
        """Work on the question that waits."""
        if self._waiting is None:
            self.busy.emit(False)
            return
        (key, work), self._waiting = self._waiting, None
        worker = create_worker(
            _answer,
            key,
            work,
            _start_thread=False,
            _ignore_errors=True,  # `_report` shows them
        )
        worker.returned.connect(self._keep)
        worker.errored.connect(_report)
        worker.finished.connect(self._end)
        self._worker = worker
        self.busy.emit(True)
        worker.start()

    def _keep(self, answer: tuple[Hashable, Done | Refused]) -> None:
        key, outcome = answer
        newest = key == self._newest
        if isinstance(outcome, Done):
            self._remember(key, outcome.result)
            if newest:
                self.answered.emit(outcome.result)
        elif newest:
            self.failed.emit(outcome.reason)

    def _remember(self, key: Hashable, result: Any) -> None:
        self._known[key] = result
        if len(self._known) > MOST_KNOWN:
            self._known.popitem(last=False)

    def _end(self) -> None:
        self._worker = None
        self._begin()


def _answer(key: Hashable, work: Work) -> tuple[Hashable, Done | Refused]:
    """Work; the worker ends without a signal on a `RuntimeError`."""
    try:
        return key, Done(work())
    except MaxrfError as error:
        return key, Refused(str(error))
    except (RuntimeError, MemoryError) as error:
        LOG.exception("Work stopped")
        return key, Refused(str(error) or type(error).__name__)


def _report(error: Exception) -> None:
    """Let napari offer the traceback of an error that nobody foresaw."""
    notification_manager.receive_error(type(error), error, error.__traceback__)
