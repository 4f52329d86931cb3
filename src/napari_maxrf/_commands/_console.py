"""Talk to the terminal: progress bars, results and JSON."""

from __future__ import annotations

import json
import sys
import time
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from napari_maxrf.progress import Progress, Steps

T = TypeVar("T")

BAR_WIDTH = 28
SHORTEST_PAUSE_S = 0.1


def run(steps: Steps[T]) -> T:
    """Run long work, with a bar on stderr if that is a terminal."""
    bar = _Bar() if sys.stderr.isatty() else None
    try:
        while True:
            record = next(steps)
            if bar:
                bar.show(record)
    except StopIteration as stop:
        return stop.value  # type: ignore[no-any-return]
    finally:
        if bar:
            bar.clear()


class _Bar:
    """One line that is drawn again and again."""

    def __init__(self) -> None:
        self._last = 0.0

    def show(self, record: Progress) -> None:
        now = time.monotonic()
        if now - self._last < SHORTEST_PAUSE_S:
            return
        self._last = now
        sys.stderr.write(f"\r\033[K{bar_text(record)}")
        sys.stderr.flush()

    def clear(self) -> None:
        sys.stderr.write("\r\033[K")
        sys.stderr.flush()


def bar_text(record: Progress) -> str:
    """Write a record as one line.

    Examples
    --------
    >>> from napari_maxrf.progress import Progress
    >>> bar_text(Progress("Embedding", 1, 2, {"loss": 0.5}))
    'Embedding [##############--------------] 1/2  loss 0.5'
    """
    values = "".join(f"  {name} {value:.4g}" for name, value in record.values.items())
    if not record.total:
        return f"{record.stage} {record.done or ''}{values}"
    filled = BAR_WIDTH * min(record.done, record.total) // record.total
    bar = "#" * filled + "-" * (BAR_WIDTH - filled)
    return f"{record.stage} [{bar}] {record.done}/{record.total}{values}"


def say(text: str) -> None:
    """Write a line of the result to stdout."""
    sys.stdout.write(f"{text}\n")


def say_json(value: Any) -> None:
    """Write a result as JSON to stdout."""
    say(json.dumps(value, indent=2, ensure_ascii=False))


def warn(text: str | None) -> None:
    """Write a line that is not part of the result to stderr."""
    if text:
        sys.stderr.write(f"napari-maxrf: {text}\n")
