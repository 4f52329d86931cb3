"""The detector's response, against closed forms and measured fractions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_maxrf.cube import EnergyAxis
from napari_maxrf.errors import MaxrfError
from napari_maxrf.physics import load_instrument
from napari_maxrf.physics._detector import (
    efficiency,
    escape_fraction,
    fwhm_kev,
    pile_up,
    shelf,
    shelf_fraction,
)
from napari_maxrf.physics._instrument import Detector

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

FINE = EnergyAxis.from_range(0.0, 20.0, 2000)


@pytest.mark.parametrize(
    ("energy", "percent"),
    [(3.69, 0.91), (4.51, 0.66), (6.40, 0.32), (8.04, 0.18), (10.55, 0.09)],
)
def test_escape_fraction(energy: float, percent: float) -> None:
    share = 100 * escape_fraction(np.array([energy]))[0]
    assert share / (1 - share / 100) == pytest.approx(percent, abs=0.011)


def test_nothing_escapes_below_the_silicon_edge() -> None:
    assert escape_fraction(np.array([1.8]))[0] == 0


@pytest.mark.parametrize(
    ("file", "energy", "percent"), [("Fe", 6.40, 0.27), ("Cu", 8.04, 0.18)]
)
def test_escape_peak_of_a_measured_spectrum(
    read_measured: Callable,
    fit_peaks: Callable,
    file: str,
    energy: float,
    percent: float,
) -> None:
    spectrum = read_measured(f"xrf_elements_xgt7200/{file}.txt")
    parent = fit_peaks(
        spectrum.axis, spectrum.counts, [(energy, 0.06)], energy - 0.3, energy + 0.25
    )[0]
    place = energy - 1.74
    child = fit_peaks(
        spectrum.axis, spectrum.counts, [(place, 0.055)], place - 0.3, place + 0.3
    )[0]
    measured = 100 * child.area / parent.area
    assert measured == pytest.approx(percent, rel=0.25)
    share = escape_fraction(np.array([energy]))[0]
    assert 100 * share == pytest.approx(measured, rel=0.3)


def test_efficiency_counts_photoabsorption_only() -> None:
    bare = Detector(thickness_um=450, window_um=0, dead_layer_um=0)
    assert efficiency(bare, np.array([22.1]))[0] == pytest.approx(0.270, abs=0.002)


def test_efficiency_falls_at_both_ends() -> None:
    values = efficiency(Detector(), np.array([0.6, 2.0, 8.0, 20.0, 35.0]))
    assert values[2] > 0.97
    assert np.all(np.diff(values[:3]) > 0)
    assert np.all(np.diff(values[2:]) < 0)


@pytest.mark.parametrize(
    ("name", "expected"), [("aurora_10264", 142), ("aurora_19511", 124)]
)
def test_resolution_of_presets_at_manganese(name: str, expected: float) -> None:
    detector = load_instrument(name).detector
    width = 1000 * fwhm_kev(detector, np.array([5.895]))[0]
    assert width == pytest.approx(expected, abs=4)


def test_noise_alone_gives_the_width_at_zero() -> None:
    detector = Detector(s0_kev2=1.002e-3, s1_kev=4.51e-4)
    assert 1000 * fwhm_kev(detector, np.array([0.0]))[0] == pytest.approx(74.5, abs=0.1)
    assert 1000 * fwhm_kev(detector, np.array([5.9]))[0] == pytest.approx(
        142.5, abs=0.2
    )


def test_detector_from_its_data_sheet() -> None:
    detector = Detector.model_validate({"fwhm_ev": 130, "window_um": 8})
    assert 1000 * fwhm_kev(detector, np.array([5.895]))[0] == pytest.approx(130)
    assert detector.window_um == 8
    noisier = Detector.model_validate({"fwhm_ev": 130, "fano": 0.1})
    assert noisier.s0_kev2 > detector.s0_kev2


@pytest.mark.parametrize(
    ("given", "what"),
    [
        ({"fwhm_ev": 90}, "less than the 120 eV"),
        ({"fwhm_ev": 130, "s0_kev2": 1e-3}, "not both"),
        ({"fwhm_ev": "narrow"}, "narrow"),
        ({"fano": 0.12}, "fano"),
    ],
)
def test_data_sheet_that_cannot_be(given: dict, what: str) -> None:
    with pytest.raises(ValueError, match=what):
        Detector.model_validate(given)


def test_data_sheet_in_an_instrument_file_is_one_clear_line(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('name = "mine"\n\n[detector]\nfwhm_ev = 90\n')
    with pytest.raises(MaxrfError, match="less than the 120 eV") as caught:
        load_instrument(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("energy", "percent"),
    [(1.740, 0.78), (2.308, 1.77), (4.511, 0.76), (5.415, 0.37), (6.404, 0.38)],
)
def test_shelf_of_pure_elements(energy: float, percent: float) -> None:
    share = shelf_fraction(Detector(), np.array([energy]))[0]
    assert 100 * share == pytest.approx(percent, rel=0.3)


def test_shelf_grows_where_silicon_absorbs_at_its_surface() -> None:
    below, above, hard = shelf_fraction(Detector(), np.array([1.82, 1.86, 30.0]))
    assert above > 2 * below
    assert hard == pytest.approx(Detector().shelf_share, rel=0.02)


def test_shelf_is_flat_and_ends_at_the_peak() -> None:
    tail = shelf(np.array([10.0]), np.array([1000.0]), FINE)
    np.testing.assert_allclose(tail[:1000], 1.0)
    np.testing.assert_allclose(tail[1000:], 0, atol=1e-9)


def test_shelf_ends_inside_a_channel() -> None:
    axis = EnergyAxis.from_range(0.0, 4.0, 4)
    tail = shelf(np.array([2.5]), np.array([5.0]), axis)
    np.testing.assert_allclose(tail, [2.0, 2.0, 1.0, 0.0], atol=1e-12)


@settings(max_examples=30, deadline=None)
@given(
    lines=st.lists(
        st.tuples(st.floats(0.3, 30), st.floats(0, 1e6)), min_size=1, max_size=8
    )
)
def test_shelves_equal_their_sum_one_by_one(lines: list[tuple[float, float]]) -> None:
    energy, counts = np.array(lines).T
    edges = np.clip(FINE.edges_kev[None], 0, energy[:, None])
    slow = (counts / energy) @ np.diff(edges, axis=1)
    computed = shelf(energy, counts, FINE)
    np.testing.assert_allclose(computed, slow, rtol=1e-9, atol=1e-9 * counts.sum())


def test_pile_up_of_two_lines() -> None:
    axis = EnergyAxis(2000, 0.005, 0.01)
    detector = Detector(pulse_us=0.3, count_rate_cps=100_000)
    counts = np.zeros(2000)
    counts[400], counts[640] = 60_000.0, 40_000.0
    piled = pile_up(detector, counts, axis)
    tau = 0.3e-6
    at = [axis.channel_of(2 * 4.005), axis.channel_of(4.005 + 6.405)]
    near = [piled[i - 2 : i + 3].sum() for i in at]
    assert near[0] == pytest.approx(60_000**2 * tau)
    assert near[1] == pytest.approx(2 * 60_000 * 40_000 * tau)
    assert piled[400] == pytest.approx(60_000 * (1 - 2 * tau * 100_000))


def test_every_pair_becomes_one_count() -> None:
    detector = Detector(pulse_us=0.3, count_rate_cps=100_000)
    counts = np.zeros(2000)
    counts[200:600] = 1.0
    piled = pile_up(detector, counts, FINE)
    assert piled.sum() == pytest.approx(counts.sum() * (1 - 0.03))


def test_no_pile_up_at_rest() -> None:
    counts = np.ones(10)
    still = Detector(count_rate_cps=0)
    np.testing.assert_array_equal(pile_up(still, counts, FINE), counts)
