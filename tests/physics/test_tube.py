"""The tube model against published formulas, known lines and another program."""

from __future__ import annotations

import math

import numpy as np
import pytest
import xraylib
from measured.rows import broken
from measured.tubes import tube_rows

from napari_maxrf.physics._tube import (
    Tube,
    continuum_grid,
    fluorescence_ratio,
    tube_continuum,
    tube_lines,
)

MO = Tube(42, 40.0, 90.0, 45.0)


def ebel_continuum(tube: Tube, energy: float) -> float:
    """Write Ebel's continuum out for one energy, term by term."""
    z, kv = tube.anode, tube.kv
    ln_z = math.log(z)
    eta = kv ** (0.1382 - 0.9211 / math.sqrt(z)) * (
        0.1904 - 0.2236 * ln_z + 0.1292 * ln_z**2 - 0.0149 * ln_z**3
    )
    j = 0.0135 * z
    rzm = (xraylib.AtomicWeight(z) / z) * (
        0.787e-5 * math.sqrt(j) * kv**1.5 + 0.735e-6 * kv**2
    )
    ln_u = math.log(kv / energy)
    rz = rzm * (0.49269 - 1.0987 * eta + 0.78557 * eta**2) * ln_u
    rz /= 0.70256 - 1.09865 * eta + 1.0046 * eta**2 + ln_u
    ratio = math.sin(math.radians(tube.incidence_deg)) / math.sin(
        math.radians(tube.takeoff_deg)
    )
    chi = 2 * xraylib.CS_Photo(z, energy) * rz * ratio
    x = 1.109 - 0.00435 * z + 0.00175 * kv
    return 1.05e9 * z * (kv / energy - 1) ** x * (1 - math.exp(-chi)) / chi


def ebel_line(tube: Tube, name: str, constants: tuple[float, float, float]) -> float:
    """Write one line's intensity out, with (electrons, b, constant) of its shell."""
    z, kv = tube.anode, tube.kv
    electrons, b, constant = constants
    shell = getattr(xraylib, f"{name[:-2]}_SHELL")
    line = getattr(xraylib, f"{name}_LINE")
    energy, edge = xraylib.LineEnergy(z, line), xraylib.EdgeEnergy(z, shell)
    u = kv / edge
    q = u * math.log(u) + 1 - u
    root = math.sqrt(0.0135 * z / edge)
    bracket = math.sqrt(u) * math.log(u) + 2 * (1 - math.sqrt(u))
    stopping = electrons * b / z * q * (1 + 16.05 * root * bracket / q)
    back = 1 - 0.0081517 * z + 3.613e-5 * z**2
    back += 0.009583 * z * math.exp(-u) + 0.001141 * kv
    # The continuum at the line's energy, with U of the edge, gives f.
    ln_z = math.log(z)
    eta = kv ** (0.1382 - 0.9211 / math.sqrt(z)) * (
        0.1904 - 0.2236 * ln_z + 0.1292 * ln_z**2 - 0.0149 * ln_z**3
    )
    rz = (xraylib.AtomicWeight(z) / z) * (
        0.787e-5 * math.sqrt(0.0135 * z) * kv**1.5 + 0.735e-6 * kv**2
    )
    rz *= (0.49269 - 1.0987 * eta + 0.78557 * eta**2) * math.log(u)
    rz /= 0.70256 - 1.09865 * eta + 1.0046 * eta**2 + math.log(u)
    ratio = math.sin(math.radians(tube.incidence_deg)) / math.sin(
        math.radians(tube.takeoff_deg)
    )
    chi = 2 * xraylib.CS_Photo(z, energy) * rz * ratio
    photons = constant * stopping * back * (1 - math.exp(-chi)) / chi
    if shell == xraylib.K_SHELL:
        photons *= 1 + fluorescence_ratio(tube)
    return photons * xraylib.FluorYield(z, shell) * xraylib.RadRate(z, line)


@pytest.mark.parametrize(
    ("name", "electrons", "b", "constant"),
    [
        ("KL3", 2, 0.35, 5e13),
        ("KM3", 2, 0.35, 5e13),
        ("L1M3", 8, 0.25, 0.71e13),
        ("L2M4", 8, 0.25, 2.70e13),
        ("L3M5", 8, 0.25, 4.94e13),
    ],
)
@pytest.mark.parametrize("tube", [MO, Tube(45, 25.0, 78.0, 12.0)])
def test_lines_follow_ebel(
    tube: Tube, name: str, electrons: int, b: float, constant: float
) -> None:
    z = tube.anode
    if name[0] == "L":
        constant *= -0.4814 + 0.03781 * z - 2.413e-4 * z**2
    expected = ebel_line(tube, name, (electrons, b, constant))
    energy, photons = tube_lines(tube)
    line = xraylib.LineEnergy(z, getattr(xraylib, f"{name}_LINE"))
    computed = photons[np.abs(energy - line).argmin()]
    assert computed == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("energy", [2.0, 5.0, 19.9, 20.1, 35.0])
@pytest.mark.parametrize("tube", [MO, Tube(45, 50.0, 78.0, 12.0)])
def test_continuum_follows_ebel(tube: Tube, energy: float) -> None:
    computed = tube_continuum(tube, np.array([energy]))[0]
    assert computed == pytest.approx(ebel_continuum(tube, energy), rel=1e-9)


def test_continuum_ends_at_the_tube_voltage() -> None:
    counts = tube_continuum(MO, np.array([39.999, 40.0, 40.001, 60.0]))
    assert counts[0] > 0
    np.testing.assert_array_equal(counts[1:], 0)


def test_grid_stays_between_one_kev_and_the_voltage() -> None:
    grid = continuum_grid(40.0)
    assert len(grid) == 780
    assert grid[0] == pytest.approx(1.025)
    assert grid[-1] == pytest.approx(39.975)


@pytest.mark.parametrize(
    ("anode", "expected"),
    [(42, (17.479, 17.374)), (45, (20.216, 20.074)), (24, (5.415, 5.406))],
)
def test_strongest_lines_are_the_anodes_k_alpha(
    anode: int, expected: tuple[float, float]
) -> None:
    energy, photons = tube_lines(Tube(anode, 50.0, 90.0, 45.0))
    hard = energy > 4
    strongest = energy[hard][np.argsort(photons[hard])[::-1]][:2]
    np.testing.assert_allclose(strongest, expected, atol=0.002)


def test_k_alpha_doublet_is_two_to_one() -> None:
    energy, photons = tube_lines(MO)
    first, second = (photons[np.abs(energy - e).argmin()] for e in (17.479, 17.374))
    assert second / first == pytest.approx(0.525, abs=0.02)


def test_lines_whose_edge_is_too_high_are_absent() -> None:
    energy, _ = tube_lines(Tube(42, 19.9, 90.0, 45.0))
    assert energy.max() < 3
    energy, _ = tube_lines(Tube(42, 20.1, 90.0, 45.0))
    assert energy.max() > 17


def test_l_scale_touches_l_lines_only() -> None:
    energy, photons = tube_lines(MO)
    _, halved = tube_lines(MO, l_scale=0.5)
    ratio = halved / photons
    np.testing.assert_allclose(ratio[energy > 10], 1)
    np.testing.assert_allclose(ratio[energy < 3], 0.5)


def test_k_lines_rise_with_voltage() -> None:
    totals = []
    for kv in (25.0, 30.0, 40.0, 50.0):
        energy, photons = tube_lines(Tube(42, kv, 90.0, 45.0))
        totals.append(photons[energy > 10].sum())
    assert np.all(np.diff(totals) > 0)


def test_lines_and_continuum_agree_with_monte_carlo() -> None:
    """Cr, Cu, Mo, Rh, Ag and W anodes against SpekPy."""
    assert broken(tube_rows()) == []


def excited_slowly(tube: Tube, depths: int = 4000) -> float:
    """Follow the continuum into the target, depth by depth and angle by angle.

    Per unit of continuum and of yield: K photons that leave at the take-off angle.
    """
    z = tube.anode
    edge = xraylib.EdgeEnergy(z, xraylib.K_SHELL)
    own = xraylib.CS_Total(z, xraylib.LineEnergy(z, xraylib.KL3_LINE))
    own /= math.sin(math.radians(tube.takeoff_deg))
    cosines = (np.arange(400) + 0.5) / 400
    total = 0.0
    for energy in np.arange(1.025, tube.kv, 0.05):
        if energy <= edge:
            continue
        mu = xraylib.CS_Total(z, energy)
        into_k = xraylib.CS_Photo(z, energy)
        into_k *= 1 - 1 / xraylib.JumpFactor(z, xraylib.K_SHELL)
        depth = (np.arange(depths) + 0.5) / depths * 12 / own
        reached = np.exp(-mu * depth[:, None] / cosines) / cosines
        made = into_k * reached.mean(axis=1) * np.exp(-own * depth)
        source = 1.05e9 * z * 0.05
        source *= (tube.kv / energy - 1) ** (1.109 - 0.00435 * z + 0.00175 * tube.kv)
        total += 0.5 * source * made.sum() * (depth[1] - depth[0])
    return total


def test_bremsstrahlung_excites_the_target() -> None:
    tube = Tube(45, 26.0, 45.0, 45.0)
    electrons = ebel_line(tube, "KL3", (2, 0.35, 5e13))
    electrons /= 1 + fluorescence_ratio(tube)
    electrons /= xraylib.FluorYield(45, xraylib.K_SHELL)
    electrons /= xraylib.RadRate(45, xraylib.KL3_LINE)
    slow = excited_slowly(tube) / electrons
    assert fluorescence_ratio(tube) == pytest.approx(slow, rel=0.02)


def test_bremsstrahlung_excites_heavy_targets_more() -> None:
    ratios = [fluorescence_ratio(Tube(z, 40.0, 45.0, 45.0)) for z in (24, 29, 42, 47)]
    assert np.all(np.diff(ratios) > 0)
    assert ratios[0] < 0.05
    assert 0.2 < ratios[-1] < 0.5
    assert fluorescence_ratio(Tube(74, 40.0, 45.0, 45.0)) == 0


@pytest.mark.parametrize(("anode", "low", "high"), [(24, 5.3, 5.5), (74, 8.3, 8.45)])
def test_strongest_lines_of_chromium_and_tungsten(
    anode: int, low: float, high: float
) -> None:
    energy, photons = tube_lines(Tube(anode, 40.0, 45.0, 45.0))
    assert low < energy[photons.argmax()] < high


def test_line_ratios_of_tungsten_lie_between_known_limits() -> None:
    """La : Lb1 of thick W targets is between 0.5 and 1 in photons."""
    energy, photons = tube_lines(Tube(74, 40.0, 45.0, 45.0))
    alpha = photons[np.abs(energy - 8.398) < 0.002].sum()
    beta = photons[np.abs(energy - 9.673) < 0.002].sum()
    assert 0.5 < beta / alpha < 1.0
