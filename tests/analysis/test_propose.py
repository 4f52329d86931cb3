"""Elements in a few pixels are found, and noise is not."""

from __future__ import annotations

import dask.array as da
import numpy as np
import pytest
from scipy.special import ndtr

from napari_maxrf.analysis import proposed_elements, strongest_elements
from napari_maxrf.analysis._lines import line_groups, resolution_kev
from napari_maxrf.cube import EnergyAxis, SpectralCube
from napari_maxrf.io import open_cube

AXIS = EnergyAxis.from_range(0.5, 30.5, 1000)


def lines(element: str, shell: str) -> np.ndarray:
    groups = [g for g in line_groups(element) if g.label.startswith(shell)]
    total = sum(group.strength for group in groups)
    counts = np.zeros(AXIS.n_channels)
    for group in groups:
        sigma = resolution_kev(group.energy_kev) / 2.3548
        edges = ndtr((AXIS.edges_kev - group.energy_kev) / sigma)
        counts += group.strength / total * np.diff(edges)
    return counts


def scan(seed: int, **grains: str) -> SpectralCube:
    """Draw paint of lead, calcium and iron, with three pixels of each grain."""
    mean = np.tile(6 * np.exp(-AXIS.centres_kev / 8) + 0.5, (40, 50, 1))
    for element, area in (("Ca", 500), ("Fe", 300)):
        mean += area * lines(element, "K")
    mean += 1500 * lines("Pb", "L")
    random = np.random.default_rng(seed)
    for element, shell in grains.items():
        for row, column in random.integers(0, 40, (3, 2)):
            mean[row, column] += 400 * lines(element, shell)
    counts = random.poisson(mean).astype(np.uint16)
    return SpectralCube(da.from_array(counts, chunks=(13, 17, 1000)), AXIS)


def test_elements_of_three_pixels_in_two_thousand_are_found():
    cube = scan(0, Cd="K", Hg="L")
    assert not {"Cd", "Hg"} & set(strongest_elements(cube, 20))
    made = proposed_elements(cube)
    assert {one.element for one in made.common[:3]} == {"Pb", "Ca", "Fe"}
    assert {one.element for one in made.rare} == {"Cd", "Hg"}
    assert made.elements[-2:] == tuple(one.element for one in made.rare)
    counts = cube.counts.compute()
    np.testing.assert_array_equal(made.sum_spectrum, counts.sum((0, 1)))
    np.testing.assert_array_equal(made.max_spectrum, counts.max((0, 1)))


@pytest.mark.parametrize("seed", [2, 3])
def test_noise_is_not_taken_for_grains(seed):
    assert proposed_elements(scan(seed)).rare == ()


def test_the_real_scan_shows_its_documented_elements(prova1):
    made = proposed_elements(open_cube(prova1))
    assert {"Pb", "Ca", "Ti", "Hg", "Fe", "Cu", "Ni", "Zn"} <= set(made.elements)
    assert not {"Ag", "Sn", "Cd", "Sb", "Co", "Ba"} & set(made.elements)
