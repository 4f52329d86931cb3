"""CIEDE2000 and the similarity made of it."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_maxrf.colours import ciede2000, srgb_to_lab
from napari_maxrf.errors import PictureError
from napari_maxrf.synthesis import colour_similarity

# Check values of Sharma, Wu and Dalal (2005).
PUBLISHED = [
    ((50, 2.6772, -79.7751), (50, 0, -82.7485), 2.0425),
    ((50, 2.5, 0), (50, 0, -2.5), 4.3065),
    ((50, 2.5, 0), (73, 25, -18), 27.1492),
    ((60.2574, -34.0099, 36.2677), (60.4626, -34.1751, 39.4387), 1.2644),
    ((2.0776, 0.0795, -1.1350), (0.9033, -0.0636, -0.5514), 0.9082),
]

# sRGB (8 bit) and CIELAB under D65, 2 degrees, as tabulated by Lindbloom.
PRIMARIES = [
    ((255, 255, 255), (100, 0, 0)),
    ((0, 0, 0), (0, 0, 0)),
    ((255, 0, 0), (53.24, 80.09, 67.20)),
    ((0, 255, 0), (87.73, -86.18, 83.18)),
    ((0, 0, 255), (32.30, 79.19, -107.86)),
    ((119, 119, 119), (50.03, 0, 0)),
]

rgb = st.tuples(*[st.floats(0, 1)] * 3)


@pytest.mark.parametrize(("one", "two", "published"), PUBLISHED)
def test_ciede2000_agrees_with_published_pairs(
    one: tuple[float, ...], two: tuple[float, ...], published: float
) -> None:
    assert ciede2000(one, two) == pytest.approx(published, abs=5e-5)
    assert ciede2000(two, one) == pytest.approx(published, abs=5e-5)


@pytest.mark.parametrize(("srgb", "lab"), PRIMARIES)
def test_lab_of_srgb_primaries(srgb: tuple[float, ...], lab: tuple[float, ...]) -> None:
    assert srgb_to_lab(np.array(srgb) / 255) == pytest.approx(lab, abs=0.05)


def test_black_against_white_and_equal_colours() -> None:
    black, white = [0, 0, 0], [1, 1, 1]
    likeness = colour_similarity([black, white], [black, white])
    assert likeness == pytest.approx(np.array([[1, 1 / 101], [1 / 101, 1]]), abs=1e-5)


def test_most_distant_colours_have_no_negative_similarity() -> None:
    assert colour_similarity([[0, 0, 1]], [[1, 1, 0]]) == 0


@settings(max_examples=50, deadline=None)
@given(rgb, rgb)
def test_similarity_is_symmetric_and_in_range(
    one: tuple[float, ...], two: tuple[float, ...]
) -> None:
    there, back = colour_similarity([one], [two]), colour_similarity([two], [one])
    assert there == pytest.approx(back, abs=1e-9)
    assert 0 <= there <= 1


@pytest.mark.parametrize("value", [255, -1, np.nan])
def test_colours_outside_0_to_1_are_refused(value: float) -> None:
    with pytest.raises(PictureError, match="255"):
        colour_similarity(np.full((2, 3), value), [[0, 0, 0]])


def test_colours_without_three_channels_are_refused() -> None:
    with pytest.raises(PictureError, match="shape"):
        srgb_to_lab([0.1, 0.2])


def test_importing_the_colour_library_leaves_numpy_printing_alone() -> None:
    code = (
        "import numpy as np; before = np.get_printoptions(); "
        "from napari_maxrf.colours import srgb_to_lab; srgb_to_lab([0, 0, 0]); "
        "print(np.get_printoptions() == before)"
    )
    command = [sys.executable, "-W", "ignore", "-c", code]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.stdout.strip() == "True", done.stderr
