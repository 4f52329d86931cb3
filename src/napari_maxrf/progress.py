"""What long work tells its caller while it runs."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Progress:
    """One record of long work.

    Attributes
    ----------
    stage : str
        What is being done, as a user would say it ("Sampling photons").
    done, total : int
        Steps finished and steps in all; `total` is 0 when it is not known.
    values : dict of str to float
        Numbers worth showing, such as a loss.
    """

    stage: str
    done: int
    total: int
    values: dict[str, float] = field(default_factory=dict)


Steps = Generator[Progress, None, T]
"""A generator that yields `Progress` and returns a result."""


def finish(steps: Steps[T]) -> T:
    """Run `steps` to the end, ignore its records, and return its result."""
    while True:
        try:
            next(steps)
        except StopIteration as stop:
            return stop.value  # type: ignore[no-any-return]
