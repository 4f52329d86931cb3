"""L lines of lead, and lines of a certified soil by its contents."""

from __future__ import annotations

from pathlib import Path

import pytest
from measured import l_lines
from measured.rows import broken


@pytest.mark.usefixtures("prova1")
def test_l_series_of_lead() -> None:
    assert broken(l_lines.series_rows()) == []


def test_soil_by_its_certified_contents(shared_data: Path) -> None:
    assert broken(l_lines.soil_rows()) == []
