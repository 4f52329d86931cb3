"""The things before the view, in the order of painting."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import drapery, fruit, vessels

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .fields import Grid
    from .passage import Passage


def passages(grid: Grid) -> Iterator[Passage]:
    """Yield the passages of the still life from back to front."""
    yield from drapery.passages(grid)
    yield from vessels.passages(grid)
    yield from fruit.passages(grid)
