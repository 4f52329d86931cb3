"""Run one piece of long work at a time, in a thread, for each viewer.

The core describes long work as a generator of progress records. A `Workbench`
runs it in a napari worker, hands the records over at a pace that Qt can take,
shows a bar in the activity dock, and tells the widget how it ended. Everything
that touches layers or widgets happens in slots of the main thread.

Two habits of the worker classes below are mended here. On abort they drop a
generator without closing it, so that its ``finally`` blocks wait for the
garbage collector; and a `RuntimeError`, torch's usual one, ends them without
any signal, so that a button would say "Cancel" for ever.
"""

from __future__ import annotations

import io
import logging
from collections.abc import Callable, Generator
from dataclasses import dataclass
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

from napari.qt.threading import create_worker
from napari.utils import cancelable_progress
from napari.utils.notifications import notification_manager, show_error
from qtpy.QtCore import QObject, Signal
from superqt.utils import GeneratorWorker

from napari_maxrf.errors import MaxrfError
from napari_maxrf.progress import Progress, Steps

if TYPE_CHECKING:
    from napari.components import ViewerModel

LOG = logging.getLogger(__name__)
PACE_S = 0.06
"""Records are handed to the main thread at most this often."""

Records = tuple[Progress, ...]
MakeSteps = Callable[[], Steps[Any]]


@dataclass(frozen=True)
class Done:
    """Work that came to its end."""

    result: Any


@dataclass(frozen=True)
class Refused:
    """Work that could not be done, with the line that says why."""

    reason: str


class Run:
    """One run of a core generator: paced, and closed by whoever stops it.

    Parameters
    ----------
    make_steps : callable
        Makes the generator; called in the worker's thread.
    """

    def __init__(self, make_steps: MakeSteps) -> None:
        self._make_steps = make_steps
        self._steps: Steps[Any] | None = None

    def records(self) -> Generator[Records, None, Done | Refused]:
        """Yield records in bunches, and return how the work ended."""
        try:
            self._steps = self._make_steps()
            result = yield from _bunched(self._steps)
        except MaxrfError as error:
            return Refused(str(error))
        except (RuntimeError, MemoryError) as error:
            LOG.exception("Work stopped")
            return Refused(_first_line(error))
        return Done(result)

    def close(self) -> None:
        """Let the generator run its ``finally`` blocks, if it is still open."""
        if self._steps is not None:
            self._steps.close()


def _bunched(steps: Steps[Any]) -> Generator[Records, None, Any]:
    """Pass records on at a pace; none is lost, so a curve stays whole."""
    waiting: list[Progress] = []
    due = 0.0
    while True:
        try:
            waiting.append(next(steps))
        except StopIteration as stop:
            if waiting:
                yield tuple(waiting)
            return stop.value
        if monotonic() >= due:
            yield tuple(waiting)
            waiting.clear()
            due = monotonic() + PACE_S


def _first_line(error: BaseException) -> str:
    text = str(error).strip()
    return text.splitlines()[0] if text else type(error).__name__


class StepsWorker(GeneratorWorker):
    """A worker that closes its generator in its own thread, however it ends."""

    def __init__(self, records: Callable[[], Any], run: Run) -> None:
        super().__init__(records)
        self._run = run

    def work(self) -> Any:
        """Run the generator to its end or to the request to stop."""
        try:
            return super().work()
        finally:
            self._run.close()


class _Named(partial):
    """A callable that napari's list of running tasks shows by its title."""

    title = ""

    def __str__(self) -> str:
        return self.title

    __repr__ = __str__


class Job(QObject):
    """Work in progress. All signals arrive in the main thread."""

    heard = Signal(object)
    """A tuple of `Progress`, a few times a second."""
    succeeded = Signal(object)
    """The result of the work."""
    failed = Signal(str)
    """One line that says why there is no result."""
    cancelled = Signal()
    ended = Signal()
    """Comes last, after one of the three above."""

    def __init__(self, title: str, make_steps: MakeSteps, parent: QObject) -> None:
        super().__init__(parent)
        self.title = title
        self._bar = ActivityBar(title, self.cancel)
        self._outcome: Done | Refused | None = None
        self._shown = False
        self._worker = _worker(title, make_steps)
        # A job that is deleted with its widget must not go on in the dark.
        self.destroyed.connect(self._worker.quit)
        self._worker.yielded.connect(self._hear)
        self._worker.returned.connect(self._keep)
        self._worker.errored.connect(self._break)
        self._worker.warned.connect(self._warn)
        self._worker.finished.connect(self._end)

    def start(self) -> None:
        """Begin, in a thread of the pool."""
        self._worker.start()

    def cancel(self) -> None:
        """Stop at the next record; what was saved until then stays."""
        self._worker.quit()

    def _hear(self, records: Records) -> None:
        self.heard.emit(records)
        self._bar.show(records[-1])  # last, since it lets other slots run

    def _keep(self, outcome: Done | Refused) -> None:
        self._outcome = outcome

    def _break(self, error: Exception) -> None:
        """Keep an error nobody foresaw, and let napari offer its traceback."""
        self._outcome = Refused(f"Unexpected error: {_first_line(error)}")
        self._shown = True
        notification_manager.receive_error(type(error), error, error.__traceback__)

    def _warn(self, warning: tuple[Any, ...]) -> None:
        LOG.warning("%s: %s", self.title, warning[0])

    def _end(self) -> None:
        self._bar.close()
        if isinstance(self._outcome, Done):
            self.succeeded.emit(self._outcome.result)
        elif self._outcome is not None:
            self._refuse(self._outcome.reason)
        else:
            self.cancelled.emit()
        self.ended.emit()

    def _refuse(self, reason: str) -> None:
        if not self._shown:
            show_error(f"{self.title}: {reason}")
        self.failed.emit(reason)


def _worker(title: str, make_steps: MakeSteps) -> StepsWorker:
    run = Run(make_steps)
    records = _Named(run.records)
    records.title = title
    return create_worker(
        records,
        run=run,
        _worker_class=StepsWorker,
        _start_thread=False,
        _ignore_errors=True,  # `Job` shows them, once
    )


class _Bar(cancelable_progress):
    """A bar whose button stops the work at once: nobody iterates over it."""

    def cancel(self) -> None:
        """Stop the work."""
        super().cancel()
        self.cancel_callback()


class ActivityBar:
    """A bar in napari's activity dock that follows `Progress` records.

    napari handles events while it draws the bar, so that other slots run in
    the middle of `show`: the bar may be asked again, or closed, before it is
    done.
    """

    def __init__(self, title: str, cancel: Callable[[], None]) -> None:
        self._title, self._cancel = title, cancel
        self._stage = ""
        self._bar: _Bar | None = None
        self._drawing = self._closed = False

    def show(self, record: Progress) -> None:
        """Move the bar to `record`, unless it is being moved."""
        if self._drawing or self._closed:
            return
        self._drawing = True
        try:
            self._draw(record)
        finally:
            self._drawing = False
        if self._closed:
            self._take_away()

    def _draw(self, record: Progress) -> None:
        if self._bar is None:
            # Without a window the bar would be drawn on the terminal.
            self._bar = _Bar(
                total=0,
                desc=self._title,
                cancel_callback=self._cancel,
                file=io.StringIO(),
            )
        if record.stage != self._stage:
            self._stage = record.stage
            self._bar.set_description(f"{self._title}: {record.stage}")
        if record.total != self._bar.total:
            self._bar.total = record.total
        self._bar.n = min(record.done, record.total)
        self._bar.update(0)

    def close(self) -> None:
        """Take the bar away, now or when it is drawn."""
        self._closed = True
        if not self._drawing:
            self._take_away()

    def _take_away(self) -> None:
        if self._bar is not None:
            self._bar.close()


class Workbench(QObject):
    """The place of a viewer where one piece of long work is done at a time."""

    changed = Signal()
    """Work was begun or ended."""

    def __init__(self) -> None:
        super().__init__()
        self.job: Job | None = None

    def start(self, title: str, make_steps: MakeSteps) -> Job:
        """Begin work in a thread.

        Parameters
        ----------
        title : str
            What is being done, for the activity dock ("Synthesise").
        make_steps : callable
            Makes the generator of the core; called in the thread, so it may
            import torch.

        Raises
        ------
        MaxrfError
            Other work is still going on.
        """
        if self.job is not None:
            raise MaxrfError(f"Wait until “{self.job.title}” is done, or cancel it.")
        job = Job(title, make_steps, self)
        self.job = job
        job.ended.connect(self._free)
        job.start()
        self.changed.emit()
        return job

    def _free(self) -> None:
        if self.job is not None:
            self.job.deleteLater()
        self.job = None
        self.changed.emit()


_BENCHES: WeakValueDictionary[int, Workbench] = WeakValueDictionary()


def workbench(viewer: ViewerModel) -> Workbench:
    """Return the workbench that all widgets of `viewer` share.

    It lives as long as a widget holds it.
    """
    key = id(unwrapped(viewer))
    bench = _BENCHES.get(key)
    if bench is None:
        bench = _BENCHES[key] = Workbench()
    return bench


def unwrapped(viewer: Any) -> Any:
    """Return the viewer itself: napari hands each plugin dock a proxy of its own."""
    return getattr(viewer, "__wrapped__", viewer)
