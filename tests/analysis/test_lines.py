"""Lines against published energies (X-ray Data Booklet, LBNL 2009, table 1-2)."""

from __future__ import annotations

import pytest

from napari_maxrf.analysis import visible_lines
from napari_maxrf.analysis._lines import main_line, resolution_kev
from napari_maxrf.errors import MaxrfError

K_ALPHA_1 = {"S": 2.3078, "Ca": 3.6917, "Ti": 4.5108, "Mn": 5.8988, "Fe": 6.4038}
K_ALPHA_1 |= {"Cu": 8.0478, "Zn": 8.6389, "As": 10.5437, "Sr": 14.165, "Sn": 25.2713}
L_ALPHA_1 = {"Ba": 4.4663, "Au": 9.7133, "Hg": 9.9888, "Pb": 10.5515, "Bi": 10.8388}


@pytest.mark.parametrize(("element", "energy"), K_ALPHA_1.items())
def test_elements_up_to_tin_are_mapped_by_k_alpha(element, energy):
    label, found = main_line(element, 0.5, 38.5)
    assert label == "Ka"
    assert found == pytest.approx(energy, rel=0.004)


@pytest.mark.parametrize(("element", "energy"), L_ALPHA_1.items())
def test_heavier_elements_are_mapped_by_l_alpha(element, energy):
    label, found = main_line(element, 0.5, 38.5)
    assert label == "La"
    assert found == pytest.approx(energy, rel=0.002)


def test_lead_shows_its_l_and_m_lines_strongest_first():
    lines = visible_lines("Pb", 0.5, 38.5)
    assert lines[0].label == "Pb Lα"
    assert lines[0].strength == 1
    energies = {line.label: line.energy_kev for line in lines}
    assert energies["Pb Lβ1"] == pytest.approx(12.6137, abs=0.01)
    assert energies["Pb Lγ1"] == pytest.approx(14.7644, abs=0.01)
    assert energies["Pb Mα"] == pytest.approx(2.3455, abs=0.01)
    strengths = [line.strength for line in lines]
    assert strengths == sorted(strengths, reverse=True)
    assert strengths[-1] > 0.01


def test_iron_has_the_known_k_beta_share():
    _, beta, *_ = visible_lines("Fe", 2, 38.5)
    assert beta.label == "Fe Kβ"
    assert beta.strength == pytest.approx(0.135, abs=0.01)


def test_only_lines_inside_the_range_are_listed():
    assert {line.label for line in visible_lines("Pb", 5, 11)} == {"Pb Lα", "Pb Lℓ"}
    assert visible_lines("C", 0.5, 38.5) == []


def test_what_is_no_element_is_refused():
    with pytest.raises(MaxrfError, match="'Xx' is not a chemical element"):
        visible_lines("Xx", 0, 40)
    with pytest.raises(MaxrfError, match=r"no Kα line between 10\.0"):
        main_line("Fe", 10, 20)


def test_resolution_is_that_of_the_measured_detector():
    assert resolution_kev(5.895) * 1000 == pytest.approx(142.5, abs=1)
    assert resolution_kev(0.0) * 1000 == pytest.approx(74.5, abs=0.5)
    assert resolution_kev(6.4, 0.0742) > resolution_kev(6.4)
