"""Measure what each stage of a run costs."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from collections.abc import Iterator

SAMPLING_S = 0.02
MIB = 2**20


@dataclass
class StageClock:
    """Seconds and peak resident memory of named stages, in their order."""

    stages: dict[str, dict[str, float]] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Measure the body as stage `name`."""
        with _PeakMemory() as memory:
            start = time.perf_counter()
            yield
            seconds = time.perf_counter() - start
        self.stages[name] = {
            "seconds": round(seconds, 3),
            "peak_mib": round(memory.peak / MIB, 1),
        }


class _PeakMemory:
    """Watch the resident memory of this process from a thread."""

    def __init__(self) -> None:
        self._process = psutil.Process()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self.peak = 0

    def _look(self) -> None:
        self.peak = max(self.peak, self._process.memory_info().rss)

    def _watch(self) -> None:
        while not self._over.wait(SAMPLING_S):
            self._look()

    def __enter__(self) -> _PeakMemory:
        self._look()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        self._look()
