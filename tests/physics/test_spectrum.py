"""Whole spectra: where their lines lie, and what each switch takes away."""

from __future__ import annotations

import numpy as np
import pytest

from napari_maxrf.cube import EnergyAxis
from napari_maxrf.errors import MaxrfError
from napari_maxrf.physics import (
    Effects,
    Layer,
    expected_spectrum,
    load_instrument,
    paint_names,
    paint_stack,
)

AXIS = EnergyAxis.from_range(0.5, 38.5, 512)
FINE = EnergyAxis.from_range(0.5, 38.5, 3800)
IRON = [Layer({"Fe": 1.0}, 7.87, 100.0)]
CARBON = [Layer({"C": 1.0}, 2.0, 1000.0)]
MO = load_instrument("chnet_mo")


def counts_at(spectrum: np.ndarray, energy: float, half: float = 0.15) -> float:
    """Add the channels about an energy of the fine axis."""
    return float(spectrum[FINE.window(energy - half, energy + half)].sum())


@pytest.mark.parametrize(
    ("symbol", "energy"),
    [("Ca", 3.691), ("Ti", 4.509), ("Fe", 6.400), ("Cu", 8.041), ("Pb", 10.54)],
)
def test_strongest_line_is_where_it_should_be(symbol: str, energy: float) -> None:
    spectrum = expected_spectrum([Layer({symbol: 1.0}, 5.0, 50.0)], MO, FINE)
    peak = FINE.window(energy - 0.08, energy + 0.08)
    centroid = spectrum[peak] @ FINE.centres_kev[peak] / spectrum[peak].sum()
    assert centroid == pytest.approx(energy, abs=0.008)
    assert abs(FINE.centres_kev[spectrum.argmax()] - energy) < 0.02


def test_lead_and_mercury_show_m_lines() -> None:
    for symbol, energy in (("Pb", 2.346), ("Hg", 2.195)):
        spectrum = expected_spectrum([Layer({symbol: 1.0}, 5.0, 50.0)], MO, FINE)
        assert counts_at(spectrum, energy) > 3 * counts_at(spectrum, energy + 0.8)


def test_carbon_is_scatter_only() -> None:
    spectrum = expected_spectrum(CARBON, MO, FINE, Effects(argon=False))
    elastic, inelastic = counts_at(spectrum, 17.44), counts_at(spectrum, 16.5)
    between = counts_at(spectrum, 14.0)
    assert inelastic > elastic > between
    bare = Effects(argon=False, rayleigh=False, compton=False)
    with pytest.raises(MaxrfError, match="Nothing"):
        expected_spectrum(CARBON, MO, FINE, bare)


def test_coarse_channels_hold_the_sum_of_fine_ones() -> None:
    fine = expected_spectrum(IRON, MO, EnergyAxis.from_range(0.5, 38.5, 1024))
    coarse = expected_spectrum(IRON, MO, AXIS)
    np.testing.assert_allclose(coarse, fine.reshape(512, 2).sum(axis=1), rtol=1e-6)


def test_nothing_lies_above_the_tube_voltage() -> None:
    axis = EnergyAxis.from_range(0.5, 60.0, 1000)
    spectrum = expected_spectrum(CARBON, MO, axis)
    beyond = spectrum[axis.window(41.0, 60.0)].sum()
    assert beyond < 1e-9 * spectrum.sum()


def test_spectrum_is_smooth_between_lines() -> None:
    spectrum = expected_spectrum(CARBON, MO, FINE)
    window = np.log(spectrum[FINE.window(6.0, 14.0)])
    assert np.abs(np.diff(window, 2)).max() < 1e-3


def test_compton_width_broadens_its_peak() -> None:
    def height(effects: Effects) -> float:
        spectrum = expected_spectrum(CARBON, MO, FINE, effects)
        return float(spectrum[FINE.window(16.0, 17.0)].max())

    assert height(Effects(compton_width=False)) > 1.8 * height(Effects())


def test_resolution_off_leaves_single_channels() -> None:
    off = ("resolution", "compton", "rayleigh", "argon", "tail", "shelf")
    bare = Effects(**dict.fromkeys(off, False))
    spectrum = expected_spectrum(IRON, MO, FINE, bare)
    k_alpha = spectrum[FINE.window(6.3, 6.5)]
    assert np.count_nonzero(k_alpha > 1e-9 * k_alpha.max()) == 2


@pytest.mark.parametrize("preset", paint_names())
def test_thin_paint_shows_pigment_and_ground(preset: str) -> None:
    layers = paint_stack((("Cu3C2O8H2", 1.0),), 3.77, preset)
    spectrum = expected_spectrum(layers, MO, FINE)
    assert counts_at(spectrum, 8.04) > 10 * counts_at(spectrum, 8.5, 0.1)
    if preset != "mockup":
        assert counts_at(spectrum, 3.69) > 1.5 * counts_at(spectrum, 4.3)


def test_mockup_is_thick_and_pigment_rich() -> None:
    assert paint_names()[0] == "mockup"
    paint, ground = paint_stack((("HgS", 1.0),), 8.1)
    assert paint.thickness_um == 200
    assert paint.density_g_cm3 == pytest.approx(0.6 * 8.1 + 0.4 * 1.3)
    assert ground.density_g_cm3 == pytest.approx(1.485)


def test_unknown_paint_names_the_nearest() -> None:
    with pytest.raises(MaxrfError, match="did you mean 'fresco'"):
        paint_stack((("HgS", 1.0),), 8.1, "fresko")
