"""Axes through peaks that a user points at."""

from __future__ import annotations

import dask.array as da
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_maxrf.analysis import axis_from_lines, nearest_peak, on_axis
from napari_maxrf.cube import EnergyAxis, SpectralCube
from napari_maxrf.errors import CalibrationError


@given(
    st.floats(-1, 1), st.floats(0.001, 0.1), st.lists(st.floats(0, 2000), min_size=2)
)
def test_axis_goes_through_the_lines(offset, gain, channels):
    lines = [(channel, offset + gain * channel) for channel in channels]
    if np.ptp(channels) < 2:
        with pytest.raises(CalibrationError, match="further apart"):
            axis_from_lines(2048, lines)
        return
    axis = axis_from_lines(2048, lines)
    assert axis.source == "user"
    assert axis.offset_kev == pytest.approx(offset, abs=1e-6)
    assert axis.gain_kev == pytest.approx(gain, rel=1e-6)


def test_third_line_is_weighed_in():
    axis = axis_from_lines(100, [(0, 0.0), (10, 1.3), (20, 2.0)])
    assert axis.gain_kev == pytest.approx(0.1)
    assert axis.offset_kev == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ([(10, 6.4)], "Two lines"),
        ([(10, 6.4), (11, 8.0)], "further apart"),
        ([(10, 8.0), (40, 6.4)], "exchange"),
    ],
)
def test_senseless_lines_are_refused(lines, words):
    with pytest.raises(CalibrationError, match=words):
        axis_from_lines(100, lines)


@settings(deadline=None)
@given(st.floats(20, 180), st.floats(-5, 5))
def test_click_beside_a_peak_finds_its_top(top, beside):
    channels = np.arange(200)
    spectrum = 10 + 5000 * np.exp(-0.5 * ((channels - top) / 3) ** 2)
    assert nearest_peak(spectrum, top + beside) == pytest.approx(top, abs=0.1)


def test_of_two_peaks_the_clicked_one_is_found():
    channels = np.arange(200)
    spectrum = sum(
        height * np.exp(-0.5 * ((channels - top) / 3) ** 2)
        for top, height in ((100, 1000), (116, 4000))
    )
    assert nearest_peak(spectrum, 101) == pytest.approx(100, abs=0.5)


def test_click_where_nothing_rises_stays():
    assert nearest_peak(np.full(50, 3.0), 20.4) == 20.4


def test_cube_keeps_its_counts_and_tells_both_axes():
    old, new = EnergyAxis(4, 0.0, 1.0, source="assumed"), EnergyAxis(4, 0.5, 1.1)
    cube = SpectralCube(da.ones((2, 2, 4), dtype=np.uint16), old)
    moved = on_axis(cube, new, "two lines")
    assert moved.counts is cube.counts
    assert cube.energy is old
    (step,) = moved.provenance
    assert step.parameters == {
        "from": old.to_json(),
        "to": new.to_json(),
        "by": "two lines",
    }
