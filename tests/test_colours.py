from __future__ import annotations

import numpy as np
import pytest

from napari_maxrf.colours import ciede2000, srgb_to_lab


@pytest.mark.parametrize(
    ("one", "two", "expected"),
    [
        ((50, 2.6772, -79.7751), (50, 0, -82.7485), 2.0425),
        ((50, 2.5, 0), (50, 0, -2.5), 4.3065),
        ((50, 2.5, 0), (73, 25, -18), 27.1492),
        ((60.2574, -34.0099, 36.2677), (60.4626, -34.1751, 39.4387), 1.2644),
        ((2.0776, 0.0795, -1.1350), (0.9033, -0.0636, -0.5514), 0.9082),
    ],
)
def test_published_colour_differences(one: tuple, two: tuple, expected: float) -> None:
    """Sharma, Wu and Dalal (2005)."""
    found = ciede2000(np.array([one]), np.array([two]))
    assert found[0] == pytest.approx(expected, abs=1e-4)


def test_lab_of_srgb_primaries() -> None:
    """Values of the sRGB primaries under D65, 2 degrees."""
    found = srgb_to_lab(np.eye(3, dtype=np.float64))
    expected = [(53.24, 80.09, 67.20), (87.73, -86.18, 83.18), (32.30, 79.19, -107.86)]
    np.testing.assert_allclose(found, expected, atol=0.06)
