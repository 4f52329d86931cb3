"""Acrylic blocks under Mo and Rh tubes with filters, against the scatter model.

Fitted on these files: the scattering angle (on the Compton energies), the width of the
Compton core, the viewed depth (on Mo without filter) and, earlier, the lens.
"""

from __future__ import annotations

import numpy as np
import pytest
from measured import scatter
from measured.rows import broken

from napari_maxrf.physics import Effects

pytestmark = pytest.mark.usefixtures("shared_data")


def test_rayleigh_and_compton_peaks() -> None:
    assert broken(scatter.peak_rows()) == []


def test_rayleigh_width_is_that_of_the_detector() -> None:
    assert broken(scatter.width_rows()) == []


def test_shape_of_the_scattered_spectrum() -> None:
    assert broken(scatter.continuum_rows()) == []


def test_filters_absorb_by_their_thickness() -> None:
    assert broken(scatter.filter_rows()) == []


def test_multiple_scatter_is_needed_below_the_compton_peak() -> None:
    """Without it the foot of the peak lacks a twentieth of its counts."""
    case = scatter.CASES[7]
    foot = (17.0, 18.3)
    real, with_it = scatter.pair(case)
    _, without = scatter.pair(case, Effects(multiple_scatter=False))
    shares = [s.area(*foot) / real.area(*foot) for s in (with_it, without)]
    assert shares[0] == pytest.approx(1, abs=0.06)
    assert shares[1] < shares[0] - 0.04


def test_bands_are_complete() -> None:
    low, ratio = scatter.bands(scatter.CASES[0])
    np.testing.assert_array_equal(low, np.arange(6, 33))
    assert np.isfinite(ratio).all()
