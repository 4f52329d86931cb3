from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def _quick_and_fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Draw no curves, and undo the process-wide state of accelerate."""
    monkeypatch.setattr("napari_maxrf.training._loop.draw_curves", lambda *_: None)
    yield
    from accelerate.state import AcceleratorState

    AcceleratorState._reset_state(reset_partial_state=True)
