"""Axis and resolution fitted to spectra whose truth is known, and to the real scan.

The known spectra come from the physics of this package, which shares nothing with
the fit but xraylib's line energies.
"""

from __future__ import annotations

import json
from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_maxrf.analysis import FittedResponse, fit_response
from napari_maxrf.analysis._axis_search import merged
from napari_maxrf.analysis._peaks import find_peaks
from napari_maxrf.analysis._resolution import Resolution
from napari_maxrf.analysis._scatter import compton_kev
from napari_maxrf.cube import EnergyAxis
from napari_maxrf.errors import CalibrationError, MaxrfError
from napari_maxrf.io import open_cube
from napari_maxrf.physics import Instrument, Layer, expected_spectrum, load_instrument

PAINT = Layer(
    {"C": 0.3, "O": 0.25, "Ca": 0.1, "Ti": 0.05, "Fe": 0.1, "Cu": 0.08, "Pb": 0.12},
    2.5,
    40.0,
)
CHALK = Layer({"Ca": 0.4, "C": 0.12, "O": 0.48}, 1.6, 300.0)
AXIS = EnergyAxis(1280, -0.2, 0.03)


def scanner(name: str, s0_kev2: float, s1_kev: float) -> Instrument:
    base = load_instrument(name)
    detector = base.detector.model_copy(update={"s0_kev2": s0_kev2, "s1_kev": s1_kev})
    return base.model_copy(update={"detector": detector})


def measured(instrument: Instrument, axis: EnergyAxis, counts: float) -> np.ndarray:
    expected = expected_spectrum([PAINT, CHALK], instrument, axis)
    rng = np.random.default_rng(1)
    return rng.poisson(expected / expected.sum() * counts).astype(float)


@lru_cache
def usual(counts: float = 3e6) -> np.ndarray:
    return measured(scanner("chnet_mo", 1.2e-3, 4.3e-4), AXIS, counts)


@lru_cache
def usual_fit(counts: float = 3e6) -> FittedResponse:
    return fit_response(usual(counts), AXIS)


@settings(max_examples=2, deadline=None, derandomize=True)
@given(
    name=st.sampled_from(["chnet_mo", "aurora_10264", "m6_jetstream"]),
    gain_kev=st.floats(0.006, 0.08),
    offset_kev=st.floats(-1, 1),
    s0_kev2=st.floats(5e-4, 2e-3),
    s1_kev=st.floats(3.6e-4, 5e-4),
    named=st.booleans(),
)
def test_a_known_response_is_recovered_from_nothing_but_counts(
    name, gain_kev, offset_kev, s0_kev2, s1_kev, named
):
    axis = EnergyAxis(min(int(40 / gain_kev), 4096), offset_kev, gain_kev)
    truth = Resolution(s0_kev2, s1_kev)
    instrument = scanner(name, s0_kev2, s1_kev)
    spectrum = measured(instrument, axis, 5e6)
    fitted = fit_response(spectrum, None, ["Ca", "Fe", "Cu", "Pb"] if named else None)
    assert fitted.axis.gain_kev == pytest.approx(gain_kev, rel=1e-3)
    assert fitted.axis.offset_kev == pytest.approx(offset_kev, abs=0.003)
    assert fitted.fwhm_at_5_9_kev == pytest.approx(truth.fwhm_kev(5.9), abs=0.003)
    for energy in (3.7, 12.6):
        found = fitted.resolution.fwhm_kev(energy)
        assert found == pytest.approx(truth.fwhm_kev(energy), abs=0.004)


@pytest.mark.parametrize(
    ("name", "anode", "angle"),
    [("aurora_10264", "Ag", 122), ("m6_jetstream", "Rh", 150)],
)
def test_anode_and_angle_follow_from_the_scattered_lines(name, anode, angle):
    spectrum = measured(scanner(name, 1e-3, 4.5e-4), AXIS, 5e6)
    fitted = fit_response(spectrum, AXIS)
    assert fitted.anode == anode
    assert fitted.theta_deg == pytest.approx(angle, abs=2)


def test_a_chromium_tube_shows_no_scatter_of_its_own():
    fitted = fit_response(measured(scanner("chnet_cr", 1e-3, 4.5e-4), AXIS, 5e6), AXIS)
    assert (fitted.anode, fitted.theta_deg) == (None, None)


@pytest.mark.parametrize("shift", [-0.08, 0.08])
def test_a_rounded_axis_of_the_file_is_mended(shift):
    known = replace(AXIS, offset_kev=AXIS.offset_kev + shift, gain_kev=0.03006)
    fitted = fit_response(usual(), known, ["Ca", "Fe", "Cu"])
    assert fitted.axis.offset_kev == pytest.approx(AXIS.offset_kev, abs=0.004)
    assert fitted.axis.gain_kev == pytest.approx(AXIS.gain_kev, rel=1e-3)
    assert fitted.axis.source == "fit"


def test_a_wrong_axis_of_the_file_is_replaced():
    wrong = EnergyAxis(1280, 0.016, 0.032)
    fitted = fit_response(usual(), wrong)
    assert fitted.axis.gain_kev == pytest.approx(AXIS.gain_kev, rel=1e-3)


def test_only_named_elements_carry_the_axis_and_all_are_reported():
    fitted = fit_response(usual(), AXIS, ["Fe", "Cu"])
    used = {line.fit.element for line in fitted.lines if line.used}
    others = {line.fit.element for line in fitted.lines if not line.used}
    assert used == {"Fe", "Cu"}
    assert {"Ca", "Pb"} <= others
    assert max(abs(line.residual_ev) for line in fitted.lines) < 12


def test_errors_grow_when_counts_fall():
    many, few = usual_fit(), usual_fit(1e5)
    assert few.offset_error_kev > many.offset_error_kev
    assert few.fwhm_error_kev > many.fwhm_error_kev
    assert abs(few.axis.offset_kev - AXIS.offset_kev) < 4 * few.offset_error_kev


def test_the_axis_is_surest_between_its_lines():
    wide, narrow = usual_fit(), fit_response(usual(), AXIS, ["Fe", "Cu"])
    assert wide.axis_error_kev(8) < 0.0015
    assert wide.axis_error_kev(20) < 0.004
    assert narrow.axis_error_kev(7) < 0.003
    assert narrow.axis_error_kev(20) > 0.01
    slope = (narrow.axis_error_kev(1e5) / (1e5 / AXIS.gain_kev)) / narrow.gain_error_kev
    assert slope == pytest.approx(1, rel=0.01)


def test_the_result_is_plain_json():
    told = json.loads(json.dumps(usual_fit().to_json()))
    assert told["anode"] == "Mo"
    assert EnergyAxis.from_json(told["axis"]).n_channels == 1280
    assert {"line", "residual_ev", "error_ev", "used"} <= set(told["lines"][0])


def with_peaks(*channels: float) -> np.ndarray:
    x = np.arange(1000)
    peaks = sum(1e4 * np.exp(-(((x - c) / 2.2) ** 2) / 2) for c in channels)
    return np.random.default_rng(0).poisson(40 + peaks).astype(float)


@pytest.mark.parametrize(
    ("spectrum", "elements", "part"),
    [
        (np.zeros(1024), None, "0 counts, too few"),
        (usual() / usual().sum(), None, "1 counts, too few"),
        (np.full(1024, 100.0), None, "0 clear peaks"),
        (with_peaks(300), None, "1 clear peaks"),
        (with_peaks(300, 500), None, "name two or more"),
        (usual(), ["Fee"], "'Fee' is not a chemical element.*Did you mean Fe"),
        (usual(), ["fe"], "'fe' is not a chemical element.*Did you mean Fe"),
        (usual(), ["C", "O"], "C, O has no line between"),
        (usual(), ["C", "Fe", "U"], None),
        (usual(), ["Co", "Ge"], "Fewer than two lines of Co, Ge"),
        (usual(), ["Mn"], "Fewer than two lines of Mn"),
        (np.ones((3, 1024)), None, "shape"),
        (np.ones(20), None, "64 channels"),
        (np.full(1024, np.nan), None, "not numbers"),
    ],
)
def test_what_cannot_be_calibrated_is_refused_or_not(spectrum, elements, part):
    axis = AXIS if spectrum.size == 1280 else None
    if part is None:
        assert fit_response(spectrum, axis, elements).lines
        return
    with pytest.raises(MaxrfError, match=f"(?i){part}") as caught:
        fit_response(spectrum, axis, elements)
    assert "\n" not in str(caught.value)


def test_an_axis_of_another_length_is_refused():
    with pytest.raises(CalibrationError, match="1280 channels, its axis 1000"):
        fit_response(usual(), EnergyAxis(1000, 0, 0.03))


def test_peaks_are_found_where_they_were_put():
    at = (100.3, 240.0, 501.7)
    peaks = find_peaks(with_peaks(*at))
    assert sorted(p.channel for p in peaks) == pytest.approx(at, abs=0.2)
    assert all(p.fwhm_channels == pytest.approx(2.2 * 2.355, rel=0.1) for p in peaks)
    assert find_peaks(np.zeros(100)) == []


def test_merged_channels_keep_counts_and_energies():
    axis = EnergyAxis(4096, -0.9, 0.01)
    counts = np.random.default_rng(0).random(4096)
    fewer, coarse = merged(counts, axis)
    assert fewer.sum() == pytest.approx(counts.sum())
    assert coarse.range_kev == pytest.approx(axis.range_kev)


def test_the_compton_energy_is_that_of_xraylib():
    import xraylib

    for energy, angle in ((17.44, 90), (20.2, 150)):
        reference = xraylib.ComptonEnergy(energy, np.deg2rad(angle))
        assert compton_kev(energy, angle) == pytest.approx(reference, rel=1e-6)


@pytest.mark.parametrize(
    ("scan", "detector", "fwhm", "angle"),
    [
        ("prova1.h5", "10264", 0.142, 122),
        ("prova1.h5", "19511", 0.124, 133),
        ("ruotato.h5", "19511", 0.124, 133),
    ],
)
def test_the_real_scan_is_calibrated_blindly(shared_cubes, scan, detector, fwhm, angle):
    path = shared_cubes / "aurora_antico" / scan
    if not path.is_file():
        pytest.skip(f"{path.name} is not there")
    spectrum = open_cube(path, detector=detector).sum_spectrum()
    fitted = fit_response(spectrum)
    preset = load_instrument(f"aurora_{detector}").channels.axis
    used = slice(120, 510)  # 3.5 to 14.8 keV, where its lines lie
    apart = np.abs(fitted.axis.centres_kev - preset.centres_kev)[used]
    assert fitted.fwhm_at_5_9_kev == pytest.approx(fwhm, abs=0.004)
    assert fitted.anode == "Ag"
    assert fitted.theta_deg == pytest.approx(angle, abs=5)
    assert fitted.largest_residual_ev < 6
    assert apart.max() < 0.006
