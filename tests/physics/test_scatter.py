"""Scatter against kinematics, cross-sections and a Monte Carlo simulation."""

from __future__ import annotations

from math import pi, radians

import numpy as np
import pytest
import xraylib
from hypothesis import example, given, settings
from hypothesis import strategies as st

from napari_maxrf.physics import Effects, Layer, load_instrument
from napari_maxrf.physics._beam import Beam, beam_of
from napari_maxrf.physics._compton import compton_energy, compton_widths
from napari_maxrf.physics._instrument import Geometry
from napari_maxrf.physics._materials import parse_formula
from napari_maxrf.physics._multiple import _both_depths, multiply_scattered
from napari_maxrf.physics._scatter import (
    compton,
    multiple,
    rayleigh,
    receding_per_mm,
)
from napari_maxrf.physics._stack import Stack

LEGENDRE = np.polynomial.legendre.leggauss(200)
ACRYLIC = Layer(dict(parse_formula("C5H8O2")), 1.18, 20_000.0)


@pytest.mark.parametrize("energy", [5.0, 17.479, 40.0])
@pytest.mark.parametrize("theta", [90.0, 135.0, 180.0])
def test_compton_energy_is_kinematic(energy: float, theta: float) -> None:
    computed = compton_energy(np.array([energy]), radians(theta))[0]
    expected = xraylib.ComptonEnergy(energy, radians(theta))
    assert computed == pytest.approx(expected, rel=1e-5)


def test_thin_sample_scatters_by_its_cross_section() -> None:
    instrument = load_instrument("m4_mo")
    stack = Stack((Layer({"C": 1.0}, 2.0, 0.01),), instrument.geometry)
    beam = Beam(np.array([17.479]), np.array([1.0]))
    theta, mass = stack.geometry.theta_rad, 2e-6
    inward = np.sin(np.radians(instrument.geometry.incidence_deg))
    elastic = 4 * pi * xraylib.DCS_Rayl(6, 17.479, theta) * mass / inward
    inelastic = 4 * pi * xraylib.DCS_Compt(6, 17.479, theta) * mass / inward
    assert rayleigh(stack, beam)[0] == pytest.approx(elastic, rel=1e-4)
    assert compton(stack, beam)[1][0] == pytest.approx(inelastic, rel=1e-4)


def test_light_matter_scatters_more_inelastically() -> None:
    instrument = load_instrument("chnet_mo")
    beam = beam_of(instrument, Effects())
    ratios = []
    for symbol in ("C", "Ca", "Fe", "Pb"):
        stack = Stack((Layer({symbol: 1.0}, 2.0, 100.0),), instrument.geometry)
        ratios.append(compton(stack, beam)[1].sum() / rayleigh(stack, beam).sum())
    assert np.all(np.diff(ratios) < 0)


def test_matter_below_the_viewed_depth_is_not_seen() -> None:
    instrument = load_instrument("chnet_mo")
    beam = beam_of(instrument, Effects())
    geometry = instrument.geometry
    depth = geometry.viewed_depth_mm * 1000
    layers = [Layer(ACRYLIC.mass_fractions, 1.18, depth * f) for f in (1, 3)]
    seen = [rayleigh(Stack((layer,), geometry), beam) for layer in layers]
    np.testing.assert_allclose(seen[0], seen[1])


def test_a_receding_detector_sees_less_of_the_depth() -> None:
    """Integrate the solid angle over depth by brute force."""
    geometry = load_instrument("m4_mo").geometry
    geometry = geometry.model_copy(update={"viewed_depth_mm": 50.0})
    layer = Layer(ACRYLIC.mass_fractions, 1.18, 15_000.0)
    beam = Beam(np.array([17.479]), np.array([1.0]))
    depth = np.linspace(0, 15, 20001)
    angles = np.radians([geometry.incidence_deg, geometry.exit_deg])
    mu = 0.118 * xraylib.CS_Total_CP("C5H8O2", 17.479)
    seen = np.exp(-mu * depth * (1 / np.sin(angles)).sum())
    seen /= (1 + depth * receding_per_mm(geometry)) ** 2
    sigma = 0.118 * xraylib.DCS_Rayl_CP("C5H8O2", 17.479, geometry.theta_rad)
    expected = 4 * pi * sigma * np.trapezoid(seen, depth) / np.sin(angles[0])
    computed = rayleigh(Stack((layer,), geometry), beam)[0]
    assert computed == pytest.approx(expected, rel=2e-3)


def test_a_detector_at_no_distance_does_not_recede() -> None:
    assert receding_per_mm(Geometry(path_out_mm=0.0)) == 0
    assert receding_per_mm(Geometry()) == pytest.approx(0.0707, abs=1e-4)


@pytest.mark.parametrize(
    ("thickness_mm", "energy", "second", "all_orders"),
    [
        (3.0, 12.0, 0.080, 0.086),
        (3.0, 28.0, 0.112, 0.128),
        (20.0, 8.0, 0.045, 0.047),
        (20.0, 17.48, 0.214, 0.273),
        (20.0, 28.0, 0.342, 0.514),
    ],
)
def test_multiple_scatter_agrees_with_a_simulation(
    thickness_mm: float, energy: float, second: float, all_orders: float
) -> None:
    """60 000 photons each in a plate of acrylic, seen from far away, order by order."""
    geometry = load_instrument("m4_mo").geometry
    layer = Layer(ACRYLIC.mass_fractions, 1.18, 1000 * thickness_mm)
    stack = Stack((layer,), geometry.model_copy(update={"viewed_depth_mm": 50.0}))
    beam = Beam(np.array([energy]), np.array([1.0]))
    far = stack.geometry.model_copy(update={"path_out_mm": 1e6})
    distant = Stack((layer,), far)
    once = rayleigh(distant, beam)[0] + compton(distant, beam)[1][0]
    ratio = multiply_scattered(stack, beam)[1].sum() / once
    assert ratio == pytest.approx(all_orders, rel=0.06)
    assert ratio > 0.97 * second


@settings(deadline=None)
@given(
    a=st.floats(0.01, 50),
    b=st.floats(0.01, 50),
    c=st.floats(0.01, 500),
    mass=st.floats(1e-3, 3),
)
@example(a=2.0, b=1.0, c=2.0, mass=1.0)
@example(a=2.0, b=1.0, c=2.0 + 1e-9, mass=1.0)
def test_both_depths_integrate_what_they_say(
    a: float, b: float, c: float, mass: float
) -> None:
    """Do the outer of the two integrals by quadrature, in a variable fit for it."""
    nodes, weights = LEGENDRE
    far = min(mass, 40 / (a + b))
    first = 0.5 * far * (nodes + 1)
    inner = -np.expm1(-(b + c) * (mass - first)) / (b + c)
    slow = 0.5 * far * (weights @ (np.exp(-(a + b) * first) * inner))
    fast = _both_depths(*(np.array([v]) for v in (a, b, c)), mass)[0]
    assert fast == pytest.approx(slow, rel=2e-3, abs=1e-12)
    assert fast > 0


def test_twice_scattered_photons_lose_up_to_twice_as_much() -> None:
    geometry = load_instrument("m4_mo").geometry
    energy, photons = multiple(
        Stack((ACRYLIC,), geometry), Beam(np.array([17.479]), np.array([1.0]))
    )
    seen = energy[photons > 0]
    back = compton_energy(compton_energy(np.array([17.479]), pi), pi)[0]
    assert seen.max() <= 17.55
    assert seen.min() >= back - 0.05
    mean = (energy @ photons) / photons.sum()
    assert mean == pytest.approx(16.53, abs=0.12)


def test_paint_is_too_thin_to_scatter_twice() -> None:
    instrument = load_instrument("chnet_mo")
    paint = Layer({"Pb": 0.6, "C": 0.3, "O": 0.1}, 3.0, 50.0)
    stack = Stack((paint,), instrument.geometry)
    assert multiple(stack, beam_of(instrument, Effects()))[1].sum() == 0


def test_a_cover_takes_from_multiple_scatter() -> None:
    instrument = load_instrument("chnet_mo")
    beam = beam_of(instrument, Effects())
    wood = Layer({"C": 0.45, "H": 0.06, "O": 0.49}, 0.6, 10_000.0)
    totals = []
    for thickness in (0.0, 50.0, 200.0):
        cover = Layer({"Pb": 1.0}, 5.0, thickness)
        stack = Stack((cover, wood), instrument.geometry)
        totals.append(multiple(stack, beam)[1].sum())
    assert totals[0] > totals[1] > totals[2] > 0


def test_compton_shares_sum_to_one_and_widths_grow() -> None:
    energy = np.array([10.0, 20.0, 30.0])
    parts = compton_widths(energy, radians(130.0))
    assert sum(share for share, _ in parts) == pytest.approx(1)
    for _, width in parts:
        assert np.all(np.diff(width) > 0)
    narrow = compton_widths(energy, radians(90.0))
    assert all(np.all(a[1] < b[1]) for a, b in zip(narrow, parts, strict=True))


def test_wings_have_the_width_of_the_tabulated_profile() -> None:
    """Second moments within 6 FWHM, of the Gaussians and of the profiles of C, H, O."""
    energy, theta = 17.479, radians(128.5)
    centre = compton_energy(np.array([energy]), theta)
    out = np.linspace(centre[0] - 1.0, centre[0] + 0.8, 801)
    pz = energy - out - energy * out * (1 - np.cos(theta)) / 510.999
    pz *= 137.036 / np.sqrt(energy**2 + out**2 - 2 * energy * out * np.cos(theta))
    profile = sum(
        n * np.array([xraylib.ComptonProfile(z, abs(p)) for p in pz])
        for z, n in ((6, 5), (1, 8), (8, 2))
    )
    model = sum(
        share * np.exp(-0.5 * ((out - centre) * 2.3548 / width) ** 2) / width
        for share, width in compton_widths(centre, theta)
    )
    far = np.abs(out - centre) > 0.45
    shares = [y[far].sum() / y.sum() for y in (profile, model)]
    assert shares[1] == pytest.approx(shares[0], rel=0.25)
