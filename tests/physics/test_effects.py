"""Every switch of `Effects` changes a spectrum where it should, and only there."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pytest

from napari_maxrf.cube import EnergyAxis
from napari_maxrf.physics import Effects, Layer, expected_spectrum, load_instrument

AXIS = EnergyAxis.from_range(0.5, 38.5, 3800)
IRON = Layer({"Fe": 1.0}, 7.87, 100.0)
SILICON = Layer({"Si": 1.0}, 2.33, 100.0)
PLASTIC = Layer({"C": 0.6, "O": 0.32, "H": 0.08}, 1.19, 5000.0)
ALLOY = Layer({"Fe": 0.5, "Ni": 0.5}, 8.0, 100.0)
Window = tuple[float, float]


class Switch(NamedTuple):
    """What switching an effect off does to a sample's counts.

    `there` and `factor` give the windows that change, and the range of off over on;
    `elsewhere` are windows that stay, within `tolerance`.
    """

    sample: Layer
    there: Window
    factor: tuple[float, float]
    elsewhere: tuple[Window, ...]
    tolerance: float = 1e-3
    scanner: str = "chnet_mo"


FE_KA, FE_KB, ARGON, ABOVE = (6.2, 6.6), (6.9, 7.2), (2.8, 3.1), (9.0, 38.0)
MO_KA, MO_KA_COMPTON = (17.2, 17.7), (15.8, 17.1)

SWITCHES = {
    "continuum": Switch(PLASTIC, (11.0, 13.0), (0.0, 0.1), ((17.4, 17.5),), 0.3),
    "optic": Switch(PLASTIC, (28.0, 34.0), (10, 99), ((4.0, 6.0),), 0.1, "m4_rh"),
    "air": Switch(SILICON, (1.6, 1.9), (2, 9), ((20.0, 36.0),), 0.01),
    "argon": Switch(PLASTIC, ARGON, (0.0, 0.5), ((3.3, 38.0),)),
    "self_absorption": Switch(IRON, FE_KA, (5, 99), ()),
    "secondary": Switch(ALLOY, FE_KA, (0.7, 0.85), ((7.4, 7.6), ABOVE), 1e-3),
    "rayleigh": Switch(PLASTIC, MO_KA, (0.0, 0.6), (ARGON,), 0.1),
    "compton": Switch(PLASTIC, MO_KA_COMPTON, (0.0, 0.2), (ARGON,), 0.1),
    "multiple_scatter": Switch(PLASTIC, (14.8, 15.6), (0, 0.95), (ARGON,), 0.02),
    "compton_width": Switch(PLASTIC, (16.5, 16.6), (1.5, 9), ((9.0, 12.0),), 0.01),
    "efficiency": Switch(SILICON, (1.6, 1.9), (1.05, 3), ((7.5, 8.5),), 0.04),
    "resolution": Switch(
        IRON, (6.44, 6.5), (0.0, 0.1), ((6.0, 6.8), (10.0, 14.0)), 0.02
    ),
    "escape": Switch(IRON, (4.5, 4.8), (0.0, 0.6), ((5.4, 5.9), ABOVE), 0.01),
    "tail": Switch(IRON, (5.8, 6.1), (0.0, 0.8), ((3.6, 4.4), ABOVE), 0.01),
    "shelf": Switch(IRON, (1.9, 2.5), (0.0, 0.8), (FE_KA, FE_KB, ABOVE), 0.01),
    "pile_up": Switch(IRON, (12.7, 12.9), (0.0, 0.8), (FE_KA, (8.0, 9.0)), 0.02),
}


def counted(spectrum: np.ndarray, window: Window) -> float:
    """Add the channels of a window."""
    return float(spectrum[AXIS.window(*window)].sum())


def test_every_switch_is_in_the_table() -> None:
    assert set(SWITCHES) == set(Effects.model_fields)


@pytest.mark.parametrize("name", SWITCHES)
def test_a_switch_changes_its_place_only(name: str) -> None:
    switch = SWITCHES[name]
    scanner = load_instrument(switch.scanner)
    on, off = (
        expected_spectrum([switch.sample], scanner, AXIS, Effects(**{name: state}))
        for state in (True, False)
    )
    low, high = switch.factor
    assert low <= counted(off, switch.there) / counted(on, switch.there) <= high
    for window in switch.elsewhere:
        ratio = counted(off, window) / counted(on, window)
        assert ratio == pytest.approx(1, abs=switch.tolerance)


def test_pile_up_alone_is_off_by_default() -> None:
    off = [name for name in Effects.model_fields if not getattr(Effects(), name)]
    assert off == ["pile_up"]
