"""Elements proposed from a sum spectrum, and axes mended by it."""

from __future__ import annotations

from dataclasses import replace

import dask.array as da
import numpy as np
import pytest

from napari_maxrf.analysis import recalibrated, refined_axis, strongest_elements
from napari_maxrf.analysis._background import snip_background
from napari_maxrf.analysis._fit import found_elements
from napari_maxrf.analysis._lines import resolution_kev, visible_lines
from napari_maxrf.cube import EnergyAxis, SpectralCube
from napari_maxrf.io import open_cube

AXIS = EnergyAxis.from_range(0.5, 38.5, 1024)


def spectrum_of(axis: EnergyAxis, **areas: float) -> np.ndarray:
    """Put Gaussian lines of elements on a falling continuum, sampled densely."""
    centres = axis.centres_kev
    counts = 4000 * np.exp(-centres / 9) + 50
    for element, area in areas.items():
        lines = visible_lines(element, 2, axis.range_kev[1])
        total = sum(line.strength for line in lines)
        for line in lines:
            sigma = resolution_kev(line.energy_kev) / 2.3548
            shape = np.exp(-((centres - line.energy_kev) ** 2) / (2 * sigma**2))
            counts = counts + area * line.strength / total * shape / shape.sum()
    return np.random.default_rng(0).poisson(counts).astype(np.float64)


def elements(spectrum: np.ndarray, axis: EnergyAxis = AXIS) -> list[str]:
    return [one.element for one in found_elements(spectrum, axis)]


def test_the_elements_put_in_are_those_found_strongest_first():
    found = elements(spectrum_of(AXIS, Pb=4e6, Ca=1e6, Fe=4e5, Cu=2e5, Hg=8e5))
    assert set(found) == {"Pb", "Ca", "Fe", "Cu", "Hg"}
    assert found[0] == "Pb"


def test_lead_is_not_taken_for_arsenic_nor_arsenic_for_lead():
    assert elements(spectrum_of(AXIS, Pb=2e6)) == ["Pb"]
    assert elements(spectrum_of(AXIS, As=2e6)) == ["As"]


def test_barium_and_titanium_are_told_apart():
    assert elements(spectrum_of(AXIS, Ti=1e6)) == ["Ti"]
    axis = EnergyAxis.from_range(0.5, 30, 1024)
    assert elements(spectrum_of(axis, Ba=1e6), axis) == ["Ba"]


def test_iron_k_beta_is_not_cobalt_and_chromium_k_beta_not_manganese():
    assert elements(spectrum_of(AXIS, Fe=2e6)) == ["Fe"]
    assert elements(spectrum_of(AXIS, Cr=2e6)) == ["Cr"]


def test_a_continuum_alone_holds_no_element():
    assert elements(spectrum_of(AXIS)) == []
    assert elements(np.zeros(1024)) == []


def test_an_anode_with_its_compton_peak_is_left_out():
    spectrum = spectrum_of(AXIS, Ag=3e5, Fe=4e5)
    centres = AXIS.centres_kev
    hump = np.exp(-((centres - 20.6) ** 2) / (2 * 0.22**2))
    assert "Ag" in elements(spectrum)
    found = elements(spectrum + 4e5 * hump / hump.sum())
    assert "Fe" in found
    assert "Ag" not in found
    assert "Cd" not in found


def test_coarse_bins_find_the_same_elements():
    axis = EnergyAxis.from_range(0.5, 38.5, 512)
    assert set(elements(spectrum_of(axis, Pb=4e6, Ca=1e6, Fe=4e5), axis)) == {
        "Pb",
        "Ca",
        "Fe",
    }


@pytest.mark.parametrize("detector", [None, "10264", "19511"])
def test_the_real_scan_shows_its_documented_elements(prova1, detector):
    found = strongest_elements(open_cube(prova1, detector=detector))
    assert {"Fe", "Cu", "Pb", "Ca", "Hg", "Ti"} <= set(found)
    assert found[0] == "Pb"
    assert not {"Ag", "Ar", "As", "Cd", "Sn", "Sb", "Co", "K", "Ba"} & set(found)


def test_at_most_as_many_as_wanted(prova1):
    cube = open_cube(prova1)
    assert len(strongest_elements(cube, 3)) == 3
    assert strongest_elements(cube, 0) == ()


@pytest.mark.parametrize(
    ("detector", "gain", "zero"),
    [("10264", 0.029189, -0.0135), ("19511", 0.029155, 0.0027)],
)
def test_a_rounded_calibration_is_mended_to_the_documented_one(
    prova1, detector, gain, zero
):
    cube = open_cube(prova1, detector=detector)
    documented = EnergyAxis(1024, zero, gain)
    used = slice(120, 440)  # 3.5 to 12.8 keV, where its lines lie
    before = np.abs(cube.energy.centres_kev - documented.centres_kev)[used]
    mended = recalibrated(cube)
    after = np.abs(mended.energy.centres_kev - documented.centres_kev)[used]
    assert before.max() > 0.05
    assert after.max() < 0.008
    assert mended.energy.source == "fit"
    assert mended.provenance[-1].process == "recalibrate"
    assert mended.counts is cube.counts


@pytest.mark.parametrize("shift", [-0.07, 0.0, 0.05])
@pytest.mark.parametrize("stretch", [0.997, 1.0, 1.003])
def test_a_known_error_of_zero_and_gain_is_undone(shift, stretch):
    spectrum = spectrum_of(AXIS, Pb=4e6, Ca=1e6, Fe=4e5, Cu=4e5, Ti=5e5)
    wrong = replace(
        AXIS, offset_kev=AXIS.offset_kev + shift, gain_kev=AXIS.gain_kev * stretch
    )
    mended = refined_axis(spectrum, wrong)
    error = np.abs(mended.centres_kev - AXIS.centres_kev)[100:400]
    assert error.max() < 0.01


def test_few_counts_leave_the_axis_alone():
    spectrum = np.random.default_rng(0).poisson(3, 1024).astype(float)
    assert refined_axis(spectrum, AXIS) is AXIS
    cube = SpectralCube(da.ones((2, 2, 1024), dtype=np.uint16), AXIS)
    assert recalibrated(cube) is cube


def test_the_background_runs_under_peaks_and_along_the_continuum():
    smooth = 4000 * np.exp(-AXIS.centres_kev / 9) + 50
    sigma = resolution_kev(6.4) / 2.3548
    peak = 1e5 * np.exp(-((AXIS.centres_kev - 6.4) ** 2) / (2 * sigma**2))
    background = snip_background(smooth + peak, AXIS)
    assert (background <= smooth + peak + 1e-6).all()
    np.testing.assert_allclose(background[20:-20], smooth[20:-20], rtol=0.15)
