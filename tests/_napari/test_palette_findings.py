"""What is found out about a palette, and what of it is drawn."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_maxrf._napari._palette_curves import (
    LEAST_CONTRAST,
    MOST_CURVES,
    MOST_MARKS,
    contrast,
    curves_of,
    readable,
    spaced_marks,
)
from napari_maxrf._napari._palette_findings import (
    LineMark,
    find_confusions,
    find_spectra,
    lines_of,
)
from napari_maxrf.pigments import distinguishability, load_palette, pigment_table
from napari_maxrf.synthesis import SynthesisConfig

AXIS = SynthesisConfig().axis
DARK, LIGHT = (35, 36, 43), (239, 235, 233)
COLOURS = st.tuples(*[st.integers(0, 255)] * 3)


@pytest.fixture(scope="module")
def found():
    return find_spectra(load_palette("sarteano"), AXIS)


def test_spectra_are_those_of_the_core(found):
    np.testing.assert_array_equal(found.shares, load_palette("sarteano").spectra(AXIS))
    np.testing.assert_array_equal(found.energies_kev, AXIS.centres_kev)


def test_lines_stand_on_the_peaks_of_the_spectrum(found):
    """Mercury's L alpha lies at 9.99 keV (Thompson et al., X-ray Data Booklet)."""
    mark = next(m for m in found.lines["cinnabar"] if m.label == "Hg Lα")
    assert mark.energy_kev == pytest.approx(9.989, abs=0.01)
    row = found.shares[found.palette.ids.index("cinnabar")]
    near = AXIS.window(9.6, 10.4)
    assert mark.height == pytest.approx(row[near].max(), rel=0.1)


def test_highest_lines_come_first_and_only_those_of_the_pigment(found):
    for pigment in found.palette.pigments:
        marks = found.lines[pigment.id]
        assert list(marks) == sorted(marks, key=lambda mark: -mark.height)
    assert {m.label.split()[0] for m in found.lines["cinnabar"]} == {"Hg", "S"}
    assert found.lines["carbon_black"] == ()


def test_pigment_known_by_its_spectrum_alone_has_no_labels(found):
    bare = replace(
        pigment_table()["smalt"], composition=(), measured=object(), density_g_cm3=0.0
    )
    assert lines_of(bare, found.shares[0], AXIS) == ()


def test_anode_is_labelled_as_such(found):
    assert [mark.label for mark in found.tube] == ["Mo Kα (tube)"]
    assert found.tube[0].energy_kev == pytest.approx(17.44, abs=0.05)


def test_confusions_are_those_of_the_core():
    palette = load_palette("ancient_egyptian")
    found = find_confusions(palette, AXIS, 400)
    core = distinguishability(palette, AXIS, 400)
    assert found.pairs == core.pairs()
    assert found.silent == {one.id: one.error for one in core.silent()}
    pair = found.pairs[0]
    assert found.among([pair.first, pair.second]) == (pair,)
    assert found.among([pair.first]) == ()


def test_selected_pigments_are_drawn_before_the_ticked_ones(found):
    ids = found.palette.ids
    curves = curves_of(found, 400, ids, (ids[-1], ids[-2]), DARK)
    assert len(curves) == MOST_CURVES
    assert [c.key for c in curves[:3]] == [ids[-1], ids[-2], ids[0]]
    assert [c.bold for c in curves[:3]] == [True, True, False]


def test_heights_are_expected_counts(found):
    (curve,) = curves_of(found, 250, ["cinnabar"], [], DARK)
    assert curve.counts.sum() == pytest.approx(250)
    share = found.lines["cinnabar"][0].height
    assert curve.marks[0].height == pytest.approx(250 * share)


def test_pigments_of_another_palette_are_passed_over(found):
    assert curves_of(found, 400, ["orpiment"], ["zinc_white"], DARK) == ()


def test_alike_colours_have_other_kinds_of_line(found):
    reds = [p.id for p in found.palette.pigments if p.hue_family == "red"]
    assert len(reds) >= 2
    styles = [curve.style for curve in curves_of(found, 400, reds, [], DARK)]
    assert styles == list(range(len(reds)))


MARKS = st.lists(
    st.builds(
        LineMark,
        st.just("Fe Kα"),
        st.floats(0.5, 38, allow_nan=False),
        st.floats(0, 100, allow_nan=False),
    ),
    max_size=40,
)


@given(MARKS, st.floats(0.05, 5))
def test_labels_never_overlap_and_the_highest_is_there(marks, least):
    curve = type("Curve", (), {"bold": False, "marks": tuple(marks)})()
    chosen = spaced_marks([curve], (), least, (0, 40))
    energies = sorted(mark.energy_kev for mark in chosen)
    assert len(chosen) <= MOST_MARKS
    assert all(b - a >= least for a, b in pairwise(energies))
    if marks:
        assert chosen[0].height == max(mark.height for mark in marks)


def test_only_selected_curves_are_labelled_and_only_what_is_in_sight(found):
    curves = curves_of(found, 400, found.palette.ids, ["cinnabar"], DARK)
    marks = spaced_marks(curves, found.tube, 0.5, (8, 13))
    assert {mark.label.split()[0] for mark in marks} == {"Hg"}
    assert all(8 <= mark.energy_kev <= 13 for mark in marks)


@given(COLOURS, st.sampled_from([DARK, LIGHT, (0, 0, 0), (255, 255, 255)]))
def test_every_colour_becomes_readable(colour, background):
    seen = readable(colour, background)
    assert contrast(seen, background) >= LEAST_CONTRAST
    if contrast(colour, background) >= LEAST_CONTRAST:
        assert seen == colour


def test_contrast_has_the_published_values():
    """WCAG 2: #777777 on white is 4.48 : 1, #767676 just passes with 4.54 : 1."""
    assert contrast((0x77,) * 3, (255,) * 3) == pytest.approx(4.48, abs=0.005)
    assert contrast((0x76,) * 3, (255,) * 3) == pytest.approx(4.54, abs=0.005)
