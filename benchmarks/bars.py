"""Rows of the tables in `docs/performance.md`: what was asked, and what was reached.

Every measurement of opening and reading scans prints such rows; `scans.py` runs them
all and writes the table. A row tells its verdict itself, so that nobody has to compare
numbers by eye.
"""

from __future__ import annotations

import json
import os
import platform
import sys
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

HEADS = ("what", "bar", "figure", "reached")


@dataclass(frozen=True)
class Row:
    """A bar and what was measured; `reached` is None for figures without a bar."""

    what: str
    bar: str
    figure: str
    reached: bool | None = None

    def line(self) -> str:
        """Return the row of a Markdown table."""
        verdict = {True: "yes", False: "no", None: ""}[self.reached]
        return f"| {self.what} | {self.bar} | {self.figure} | {verdict} |"


def head() -> str:
    """Return the first two lines of a table."""
    return f"| {' | '.join(HEADS)} |\n|{' --- |' * len(HEADS)}"


def told(rows: Iterable[Row]) -> Iterator[Row]:
    """Print rows as they come, and pass them on."""
    for row in rows:
        sys.stdout.write(row.line() + "\n")
        sys.stdout.flush()
        yield row


def show(rows: Iterable[Row]) -> list[Row]:
    """Print a whole table as its rows come; return them."""
    sys.stdout.write(head() + "\n")
    return list(told(rows))


def machine() -> str:
    """Say on what was measured, and how busy it was."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    load = os.getloadavg()[0]
    return (
        f"{os.cpu_count()} CPU cores, {memory:.0f} GiB of memory, {platform.system()}, "
        f"Python {platform.python_version()}; load {load:.1f} at the begin"
    )


def save(rows: list[Row], about: str, path: Path) -> None:
    """Write rows as JSON, and beside it as a Markdown table."""
    content = {"machine": about, "rows": [asdict(row) for row in rows]}
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    lines = [head(), *(row.line() for row in rows), "", f"Measured on {about}."]
    path.with_suffix(".md").write_text("\n".join(lines) + "\n", encoding="utf-8")
