"""What cannot give a spectrum, and elements that leave no line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from napari_maxrf.cube import EnergyAxis
from napari_maxrf.errors import CalibrationError, MaxrfError
from napari_maxrf.physics import (
    Effects,
    Instrument,
    Layer,
    expected_spectrum,
    load_instrument,
    unseen_elements,
)

if TYPE_CHECKING:
    import numpy as np

AXIS = EnergyAxis.from_range(0.5, 38.5, 512)
MO = load_instrument("chnet_mo")
SILENT = Effects(rayleigh=False, compton=False, argon=False)


def layer(symbol: str, thickness_um: float = 50.0) -> Layer:
    """Return a layer of one element."""
    return Layer({symbol: 1.0}, 5.0, thickness_um)


def changed(instrument: Instrument, **detector: float) -> Instrument:
    """Return an instrument with another detector."""
    other = instrument.detector.model_copy(update=detector)
    return instrument.model_copy(update={"detector": other})


def reason(symbol: str, instrument: Instrument, axis: EnergyAxis = AXIS) -> str:
    """Return why an element is not seen; nothing if it is."""
    found = unseen_elements([layer(symbol)], instrument, axis)
    assert all(element.symbol == symbol for element in found)
    return found[0].reason if found else ""


@pytest.mark.parametrize(
    "symbol", ["Al", "S", "Ca", "Fe", "Cu", "Sn", "Ba", "Hg", "Pb"]
)
def test_elements_of_pigments_are_seen(symbol: str) -> None:
    assert reason(symbol, load_instrument("m4_rh")) == ""


@pytest.mark.parametrize(
    ("symbol", "kv", "low", "why"),
    [
        ("C", 40.0, 0.5, "has no line above 0.3 keV"),
        ("O", 40.0, 0.4, "which air and windows absorb"),
        ("Ca", 40.0, 5.0, "shows only 3.69 keV, outside 5 to 38.5 keV"),
        ("Pb", 40.0, 20.0, "outside 20 to 38.5 keV"),
    ],
)
def test_unseen_elements_say_why(symbol: str, kv: float, low: float, why: str) -> None:
    instrument = MO.model_copy(update={"kv": kv})
    axis = EnergyAxis.from_range(low, 38.5, 512)
    assert why in reason(symbol, instrument, axis)


def test_voltage_below_an_edge_leaves_softer_lines() -> None:
    low = MO.model_copy(update={"kv": 6.2})
    axis = EnergyAxis.from_range(2.0, 38.5, 512)
    assert reason("Cr", low, axis) == ""
    assert "shows only 0.7" in reason("Fe", low, axis)


def test_elements_come_lightest_first() -> None:
    paint = [Layer({"Pb": 0.7, "C": 0.2, "O": 0.1}, 3.0, 50.0), layer("N")]
    assert [e.symbol for e in unseen_elements(paint, MO, AXIS)] == ["C", "N", "O"]


def test_voltage_below_the_edges_of_the_anode_leaves_its_continuum() -> None:
    low = load_instrument("m4_rh").model_copy(update={"kv": 12.0})
    counts = expected_spectrum([layer("Fe")], low, AXIS)
    assert abs(AXIS.centres_kev[counts.argmax()] - 6.4) < 0.1


def test_no_layers() -> None:
    with pytest.raises(MaxrfError, match="at least one layer"):
        expected_spectrum([], MO, AXIS)


def test_layers_of_no_thickness() -> None:
    with pytest.raises(MaxrfError, match="0 um thick"):
        expected_spectrum([layer("Fe", 0.0), layer("Cu", 0.0)], MO, AXIS)


def test_axis_above_the_tube_voltage() -> None:
    with pytest.raises(CalibrationError, match="40 kV"):
        expected_spectrum([layer("Fe")], MO, EnergyAxis.from_range(45.0, 60.0, 100))


def test_axis_below_all_lines() -> None:
    with pytest.raises(CalibrationError, match=r"ends at 0\.2 keV"):
        expected_spectrum([layer("Fe")], MO, EnergyAxis.from_range(-1.0, 0.2, 100))


def test_detector_without_resolution() -> None:
    blind = changed(MO, s0_kev2=0.0, s1_kev=0.0)
    with pytest.raises(MaxrfError, match="no resolution: set s0_kev2") as caught:
        expected_spectrum([layer("Fe")], blind, AXIS)
    assert "\n" not in str(caught.value)
    ideal = expected_spectrum([layer("Fe")], blind, AXIS, Effects(resolution=False))
    assert ideal.sum() > 0


def test_noise_or_fano_alone_is_a_resolution() -> None:
    for detector in ({"s0_kev2": 0.0}, {"s1_kev": 0.0}):
        assert_counts(expected_spectrum([layer("Fe")], changed(MO, **detector), AXIS))


def assert_counts(spectrum: np.ndarray) -> None:
    """Check that there is something."""
    assert spectrum.sum() > 0


def test_nothing_without_scatter_names_every_element_with_its_reason() -> None:
    oil = Layer({"C": 0.8, "H": 0.2}, 1.0, 50.0)
    with pytest.raises(MaxrfError, match="H has no line") as caught:
        expected_spectrum([oil], MO, AXIS, SILENT)
    assert "C has no line above 0.3 keV" in str(caught.value)


def test_nothing_outside_the_range_is_an_error_too() -> None:
    axis = EnergyAxis.from_range(25.0, 38.0, 100)
    clean = Effects(**SILENT.model_dump() | {"pile_up": False})
    with pytest.raises(MaxrfError, match=r"Fe shows only 6\.40 keV, outside 25"):
        expected_spectrum([layer("Fe")], MO, axis, clean)
