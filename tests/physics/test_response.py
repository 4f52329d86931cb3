"""The detector's matrix, against peaks put on channels one by one."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import erf

from napari_maxrf.cube import EnergyAxis
from napari_maxrf.physics import Effects
from napari_maxrf.physics._detector import efficiency, escape_fraction, shelf_fraction
from napari_maxrf.physics._instrument import Detector
from napari_maxrf.physics._response import Response

FINE = EnergyAxis.from_range(-0.5, 20.0, 2050)
ALL = Effects()
IDEAL = Effects(efficiency=False)


def test_response_equals_a_slow_sum_of_peaks() -> None:
    detector = Detector()
    effects = Effects(tail=False, shelf=False)
    energy, photons = np.array([1.5, 3.7, 6.4, 18.0]), np.array([1.0, 3.0, 5.0, 2.0])
    own = np.array([0.0, 0.0, 0.2, 0.5])
    expected = np.zeros(FINE.n_channels)
    seen, lost = efficiency(detector, energy), escape_fraction(energy)
    for e, n, w, s, part in zip(energy, photons, own, seen, lost, strict=True):
        for place, share, width in ((e, 1 - part, w), (e - 1.74, part, 0.0)):
            variance = (width / 2.35482) ** 2 + detector.s0_kev2
            variance += detector.s1_kev * max(place, 0)
            away = (FINE.edges_kev - place) / np.sqrt(2 * variance)
            expected += n * s * share * 0.5 * np.diff(erf(away))
    computed = Response(detector, FINE, effects).counts(energy, photons, own)
    np.testing.assert_allclose(computed, expected, atol=1e-9)


@pytest.mark.parametrize("energy", [1.4, 2.3, 6.4, 12.0])
def test_every_seen_photon_is_counted_once(energy: float) -> None:
    response = Response(Detector(), FINE, IDEAL)
    counts = response.counts(np.array([energy]), np.array([100.0]))
    assert counts.sum() == pytest.approx(100, rel=1e-6)


def test_tail_and_shelf_take_their_counts_from_the_peak() -> None:
    detector, iron = Detector(tail_share=0.05, tail_kev=0.2), np.array([6.4])
    bare = Effects(efficiency=False, escape=False, tail=False, shelf=False)
    whole = Response(detector, FINE, bare).counts(iron, np.ones(1))
    tailed = bare.model_copy(update={"tail": True})
    shelved = bare.model_copy(update={"shelf": True})
    peak = FINE.window(6.25, 6.8)
    flat = FINE.window(0.1, 5.0)
    share = shelf_fraction(detector, iron)[0]
    with_shelf = Response(detector, FINE, shelved).counts(iron, np.ones(1))
    assert with_shelf[flat].sum() == pytest.approx(share * 4.9 / 6.4, rel=0.01)
    assert with_shelf[peak].sum() < (1 - 0.9 * share) * whole[peak].sum()
    with_tail = Response(detector, FINE, tailed).counts(iron, np.ones(1))
    assert 0.95 < with_tail[peak].sum() / whole[peak].sum() < 0.98
    assert with_tail.sum() == pytest.approx(whole.sum(), rel=1e-6)


def test_escape_peak_has_its_share() -> None:
    clean = Effects(efficiency=False, tail=False, shelf=False)
    counts = Response(Detector(), FINE, clean).counts(np.array([6.4]), np.ones(1))
    window = FINE.window(4.3, 5.0)
    assert counts[window].sum() == pytest.approx(escape_fraction(np.array([6.4]))[0])


def test_asking_again_gives_the_same() -> None:
    response = Response(Detector(), FINE, ALL)
    energy, photons = np.array([3.7, 6.4]), np.array([1.0, 2.0])
    first = response.counts(energy, photons)
    np.testing.assert_array_equal(response.counts(energy, photons), first)
    np.testing.assert_allclose(response.counts(energy, 3 * photons), 3 * first)


def test_no_photons_no_counts() -> None:
    counts = Response(Detector(), FINE, ALL).counts(np.zeros(0), np.zeros(0))
    np.testing.assert_array_equal(counts, np.zeros(FINE.n_channels))
