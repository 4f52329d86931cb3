"""The foot of every widget: one button to run or cancel, and what is going on.

A widget says what to do as a `Request`; the bar runs it on the viewer's
workbench, turns its button into "Cancel" meanwhile, and keeps the last line,
good or bad, in sight after napari's notification has gone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from napari.utils.notifications import show_error
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QLabel, QProgressBar, QPushButton, QVBoxLayout, QWidget

from napari_maxrf._napari._section import ERROR_COLOUR
from napari_maxrf.errors import MaxrfError

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_maxrf._napari._work import Job, MakeSteps, Records, Workbench
    from napari_maxrf.progress import Progress


def _ignore(records: Records) -> None:
    """Do nothing with progress records."""


def _no_words() -> str:
    return ""


@dataclass(frozen=True)
class Request:
    """What a widget wants done.

    Attributes
    ----------
    title : str
        What it is, for the activity dock ("Synthesise").
    steps : callable
        Makes the core generator, in the worker's thread.
    done : callable
        Takes the result in the main thread and returns the line to show.
    heard : callable
        Takes progress records in the main thread.
    cancelled : callable
        Returns the line to show after a cancel, such as what was kept.
    """

    title: str
    steps: MakeSteps
    done: Callable[[Any], str]
    heard: Callable[[Records], None] = _ignore
    cancelled: Callable[[], str] = _no_words


class RunBar(QWidget):
    """Button, progress bar and a line of words.

    Parameters
    ----------
    bench : Workbench
        Where the work is done.
    text, stop_text : str
        What the button says when it would start, and stop, the work.
    tooltip : str
        What a press does.
    request : callable
        Makes the request when the button is pressed; a `MaxrfError` it raises
        is shown.
    """

    def __init__(
        self,
        bench: Workbench,
        text: str,
        tooltip: str,
        request: Callable[[], Request],
        stop_text: str = "Cancel",
    ) -> None:
        super().__init__()
        self._bench = bench
        self._text, self._stop_text, self._tooltip = text, stop_text, tooltip
        self._make_request = request
        self._request: Request | None = None
        self._job: Job | None = None
        self._hindrance = ""
        self._build()
        bench.changed.connect(self._refresh)
        self._refresh()

    def _build(self) -> None:
        self.button = QPushButton(self._text)
        self.button.clicked.connect(self._press)
        self.bar = QProgressBar()
        self.bar.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.bar.setToolTip("How far the work has come.")
        self.line = QLabel()
        self.line.setWordWrap(True)
        self.line.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        for widget in (self.button, self.bar, self.line):
            layout.addWidget(widget)
        self.bar.hide()
        self.line.hide()

    @property
    def is_running(self) -> bool:
        """Whether work that this bar began is going on."""
        return self._job is not None

    def hinder(self, reason: str) -> None:
        """Disable the button as long as `reason` is not empty."""
        self._hindrance = reason
        self._refresh()

    def say(self, text: str) -> None:
        """Show a line of words; an empty one takes it away."""
        self.line.setText(text)
        self.line.setStyleSheet("")
        self.line.setVisible(bool(text))

    def complain(self, text: str) -> None:
        """Show a line of words as an error."""
        self.say(text)
        self.line.setStyleSheet(f"color: {ERROR_COLOUR};")

    def _press(self) -> None:
        if self._job is not None:
            self.button.setEnabled(False)
            self.button.setText("Stopping…")
            self._job.cancel()
            return
        try:
            self._begin(self._make_request())
        except MaxrfError as error:
            self.complain(str(error))
            show_error(str(error))

    def _begin(self, request: Request) -> None:
        job = self._bench.start(request.title, request.steps)
        self._request, self._job = request, job
        self.destroyed.connect(job.cancel)
        job.heard.connect(self._hear)
        job.succeeded.connect(self._succeed)
        job.failed.connect(self.complain)
        job.cancelled.connect(self._say_cancelled)
        job.ended.connect(self._end)
        self.say("Starting")
        self.bar.setRange(0, 0)
        self._refresh()

    def _hear(self, records: Records) -> None:
        self._show(records[-1])
        if self._request is not None:
            self._request.heard(records)

    def _show(self, record: Progress) -> None:
        self.bar.setRange(0, record.total)
        self.bar.setValue(min(record.done, record.total))
        if self.line.text() != record.stage:
            self.say(record.stage)

    def _succeed(self, result: Any) -> None:
        if self._request is None:
            return
        try:
            self.say(self._request.done(result))
        except MaxrfError as error:
            self.complain(str(error))
            show_error(str(error))

    def _say_cancelled(self) -> None:
        kept = self._request.cancelled() if self._request is not None else ""
        self.say(kept or "Cancelled.")

    def _end(self) -> None:
        self._job = self._request = None
        self._refresh()

    def _refresh(self) -> None:
        """Make button and bar say what a press would do now."""
        running, other = self.is_running, self._bench.job is not None
        waiting = f"Wait until “{self._bench.job.title}” is done." if other else ""
        reason = "" if running else (waiting or self._hindrance)
        self.bar.setVisible(running)
        self.button.setEnabled(not reason)
        self.button.setText(self._stop_text if running else self._text)
        self.button.setToolTip(reason or (self._stops if running else self._tooltip))

    @property
    def _stops(self) -> str:
        return "Stop at the next step; what was saved until then is kept."
