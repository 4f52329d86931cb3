"""One number that was measured, beside what the model says."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """A check.

    Attributes
    ----------
    check : str
        What is compared.
    measured, model : float
        Both values.
    tolerance : float
        Largest deviation: a share of the measured value, or in `unit`.
    unit : str
        Unit of an absolute tolerance, empty for a relative one.
    fitted : bool
        Whether a parameter of the model was fitted on the same data: such a row
        guards against changes and validates nothing.
    """

    check: str
    measured: float
    model: float
    tolerance: float
    unit: str = ""
    fitted: bool = False

    @property
    def deviation(self) -> float:
        """Model less measured, as a share where the tolerance is one."""
        apart = self.model - self.measured
        return apart if self.unit else apart / self.measured

    @property
    def holds(self) -> bool:
        """Whether the deviation is within the tolerance."""
        return abs(self.deviation) <= self.tolerance

    @property
    def cells(self) -> tuple[str, ...]:
        """Name, measured, model, deviation and tolerance as text."""
        if self.unit:
            apart, most = (
                f"{v:.2g} {self.unit}" for v in (self.deviation, self.tolerance)
            )
        else:
            apart, most = (
                f"{100 * self.deviation:+.1f} %",
                f"{100 * self.tolerance:.0f} %",
            )
        mark = " †" if self.fitted else ""
        fails = "" if self.holds else " **outside**"
        digits = 5 if self.unit == "keV" else 4
        values = (f"{value:.{digits}g}" for value in (self.measured, self.model))
        return (self.check + mark, *values, apart + fails, most)


def as_table(rows: Iterable[Row]) -> str:
    """Return rows as a Markdown table."""
    head = "| check | measured | model | model less measured | tolerance |"
    lines = [head, "|---|---:|---:|---:|---:|"]
    lines += [f"| {' | '.join(row.cells)} |" for row in rows]
    return "\n".join(lines)


def broken(rows: Iterable[Row]) -> list[str]:
    """Return the rows that do not hold, as text."""
    return [" | ".join(row.cells) for row in rows if not row.holds]
