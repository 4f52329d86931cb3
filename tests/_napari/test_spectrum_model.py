"""What the Spectrum dock shows, without Qt: curves, units, scales, names of lines."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_maxrf._napari import _spectrum_pixels
from napari_maxrf._napari._periodic_table import cell_of
from napari_maxrf._napari._spectrum_lines import (
    SYMBOLS,
    likeliest,
    line_choices,
    lines_near,
    near_words,
)
from napari_maxrf._napari._spectrum_model import (
    COLOURS,
    MOST_PINNED,
    EnergyScale,
    Measured,
    SpectrumModel,
)
from napari_maxrf._napari._spectrum_pixels import PixelReader
from napari_maxrf.cube import EnergyAxis

AXIS = EnergyAxis(100, 0.5, 0.2)
BLACK, WHITE = (0, 0, 0), (255, 255, 255)


@pytest.fixture
def model():
    made = SpectrumModel()
    made.show_axis(AXIS)
    return made


def measured(key, n_pixels=1, live=None, counts=8.0):
    return Measured(key, key, np.full(100, counts), n_pixels, live)


@pytest.mark.parametrize(
    ("per_pixel", "rate", "value"),
    [(False, False, 8), (True, False, 2), (False, True, 16), (True, True, 4)],
)
def test_values_are_per_pixel_and_per_second_as_asked(model, per_pixel, rate, value):
    model.put(measured("region 0", n_pixels=4, live=0.5))
    model.per_pixel, model.rate = per_pixel, rate
    (drawn,) = model.drawn(BLACK)
    assert drawn.values.tolist() == [value] * 100
    assert drawn.floor == value / 8 / 2
    assert ("per pixel" in model.unit, "per second" in model.unit) == (per_pixel, rate)


def test_curve_without_live_time_stays_in_counts(model):
    model.put(measured("sum"))
    model.rate = True
    assert not model.has_live_times
    assert model.drawn(BLACK)[0].values[0] == 8


def test_replaced_curve_keeps_its_colour_and_a_free_one_is_used_again(model):
    for key in ("a", "b", "c"):
        model.put(measured(key))
    before = {one.key: one.colour for one in model.drawn(BLACK)}
    model.remove("a")
    model.put(measured("b", counts=1.0))
    model.put(measured("d"))
    after = {one.key: one.colour for one in model.drawn(BLACK)}
    assert (after["b"], after["c"], after["d"]) == (
        *list(before.values())[1:],
        before["a"],
    )
    assert len(set(COLOURS)) == len(COLOURS)


def test_group_is_replaced_and_others_stay(model):
    model.put(measured("sum"))
    model.replace_group("region ", [measured("region 0"), measured("region 1")])
    model.replace_group("region ", [measured("region 1")])
    assert [one.key for one in model.curves] == ["sum", "region 1"]


def test_pinned_curve_stays_when_the_cursor_goes_on(model):
    assert model.pin() is None
    model.cursor = Measured("cursor", "y 1, x 2", np.ones(100))
    model.pin()
    model.cursor = Measured("cursor", "y 3, x 4", np.zeros(100))
    assert [(one.name, one.live) for one in model.drawn(BLACK)] == [
        ("y 1, x 2", False),
        ("y 3, x 4", True),
    ]


def test_oldest_pin_gives_way(model):
    for x in range(MOST_PINNED + 3):
        model.cursor = Measured("cursor", f"x {x}", np.ones(100))
        model.pin()
    names = [one.name for one in model.curves]
    assert names == [f"x {x}" for x in range(3, MOST_PINNED + 3)]


def test_another_scan_takes_curves_and_window_away_but_not_elements(model):
    model.put(measured("sum"))
    model.elements, model.window_kev = ("Fe",), (6.0, 7.0)
    model.show_axis(EnergyAxis(50, 0.0, 0.4))
    assert model.curves == ()
    assert model.window_kev is None
    assert model.elements == ("Fe",)


def test_marks_are_those_of_the_energies_in_the_scan(model):
    model.elements = ("Fe", "Pb")
    (iron, lines), (lead, _) = model.marks()
    assert (iron, lead) == ("Fe", "Pb")
    assert [line.label for line in lines][:2] == ["Fe Kα", "Fe Kβ"]
    assert lines[0].height == 1.0
    low, high = AXIS.range_kev
    assert all(low <= m.energy_kev <= high for _, marks in model.marks() for m in marks)


def test_uncalibrated_scan_has_channels_and_no_marks(model):
    model.show_axis(EnergyAxis(100, 0.0, 0.04, source="assumed"))
    model.elements = ("Fe",)
    assert model.scale.label.startswith("channel")
    assert model.scale.places.tolist() == list(range(100))
    assert model.marks() == ()


@given(st.sampled_from(["file", "assumed"]), st.floats(0.6, 20), st.floats(-1, 1))
def test_places_and_energies_are_each_others_inverse(source, energy, offset):
    scale = EnergyScale(EnergyAxis(100, offset, 0.21, source=source))
    assert scale.energy_kev(scale.place(energy)) == pytest.approx(energy)
    assert scale.channel(scale.place(energy)) == scale.axis.channel_of(energy)


def test_cursor_stands_out_of_any_background(model):
    model.cursor = measured("cursor")
    assert model.drawn(BLACK)[0].colour == WHITE
    assert model.drawn(WHITE)[0].colour == BLACK


def test_lines_near_an_energy_are_named():
    labels = [line.label for line in lines_near(6.404)]
    assert labels[0] == "Fe Kα"
    assert "Mn Kβ" in labels
    assert "Pb Lα" in near_words(10.55)
    assert "As Kα" in near_words(10.55)
    assert near_words(0.05) == ""


def test_lines_to_choose_begin_with_the_marked_elements():
    choices = line_choices(("Hg",))
    assert choices[0].label == "Hg Lα"
    assert "Fe Kα" in [line.label for line in choices]


@pytest.mark.parametrize(
    ("energy", "expected", "label"),
    [
        (6.41, (), "Fe Kα"),
        (6.45, ("Mn",), "Fe Kα"),
        (10.53, ("Pb",), "Pb Lα"),
        (10.53, ("As",), "As Kα"),
    ],
)
def test_likeliest_line_of_a_peak_is_proposed(energy, expected, label):
    choices = line_choices(expected)
    assert choices[likeliest(choices, energy, expected)].label == label


def test_every_element_has_a_cell_of_its_own():
    cells = {cell_of(number) for number in range(1, len(SYMBOLS) + 1)}
    assert len(cells) == len(SYMBOLS) == 92
    expected = {"He": (0, 17), "B": (1, 12), "Hf": (5, 3), "La": (7, 2), "Rn": (5, 17)}
    for symbol, cell in expected.items():
        assert cell_of(SYMBOLS.index(symbol) + 1) == cell


@pytest.mark.parametrize("slow", [-1.0, 1000.0])
def test_pixels_read_in_blocks_are_those_of_the_cube(cube, monkeypatch, slow):
    monkeypatch.setattr(_spectrum_pixels, "SLOW_S", slow)
    pixels = PixelReader(cube)
    for y, x in [(0, 0), (0, 1), (19, 29), (8, 7), (7, 8), (16, 24), (0, 0)]:
        np.testing.assert_array_equal(pixels.spectrum(y, x), cube.spectrum(y, x))


def test_blocks_of_a_slow_file_are_kept_within_limits(cube, monkeypatch):
    monkeypatch.setattr(_spectrum_pixels, "SLOW_S", -1.0)
    monkeypatch.setattr(_spectrum_pixels, "MOST_BYTES", 3 * 8 * 8 * 200 * 2)
    pixels = PixelReader(cube)
    for y, x in [(0, 0), (0, 0), (0, 8), (8, 8), (8, 16), (8, 17)]:
        pixels.spectrum(y, x)
    assert list(pixels._blocks) == [(0, 1), (1, 1), (1, 2)]


def test_blocks_too_large_to_keep_are_not_read(cube, monkeypatch):
    monkeypatch.setattr(_spectrum_pixels, "SLOW_S", -1.0)
    monkeypatch.setattr(_spectrum_pixels, "LARGEST_BLOCK", 100)
    pixels = PixelReader(cube)
    for x in (3, 4):
        np.testing.assert_array_equal(pixels.spectrum(2, x), cube.spectrum(2, x))
    assert not pixels._blocks
