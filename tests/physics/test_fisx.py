"""Line ratios of ten pigments against fisx, where a developer has installed it."""

from __future__ import annotations

import pytest

pytest.importorskip("fisx", reason="fisx is a cross-check for developers")

from measured.fisx_lines import EXPLAINED, TOLERANCE, fisx_rows


def test_line_ratios_of_ten_pigments() -> None:
    outside = {(pigment, group) for pigment, group, row in fisx_rows() if not row.holds}
    assert outside == set(EXPLAINED)


def test_exceptions_stay_small() -> None:
    for pigment, group, row in fisx_rows():
        if (pigment, group) in EXPLAINED:
            assert TOLERANCE < abs(row.deviation) + 1e-3 < 0.27
