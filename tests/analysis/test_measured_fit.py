"""Fits of measured pure elements: escape and sum peaks as large as they are."""

from __future__ import annotations

from functools import cache

import pytest

from napari_maxrf.analysis import MapConfig, fit_spectrum, line_model
from napari_maxrf.io.spectra import open_spectrum

ALPHA_KEV = {"Ti": 4.509, "Fe": 6.399, "Cu": 8.041}


@cache
def fitted(shared_data, element, **changes):
    path = shared_data / "pigments" / "xrf_elements_xgt7200" / f"{element}.txt"
    if not path.is_file():
        pytest.skip("needs ../shared/data/pigments/xrf_elements_xgt7200")
    spectrum = open_spectrum(path)
    config = MapConfig(method="fit", elements=(element,), high_kev=20.0, **changes)
    model = line_model(spectrum.counts, spectrum.axis, config)
    return spectrum.counts, model, fit_spectrum(spectrum.counts, model)


def net(counts, model, fit, energy, reach):
    """Counts above the background near an energy, measured and fitted."""
    part = model.detector.axis.window(energy - reach, energy + reach)
    below = fit.background[part].sum()
    return counts[part].sum() - below, fit.fitted[part].sum() - below


@pytest.mark.parametrize("element", ["Fe", "Cu"])  # that of titanium lies under Rh L
def test_escape_peaks_are_as_large_as_measured(shared_data, element):
    counts, model, fit = fitted(shared_data, element)
    measured, expected = net(counts, model, fit, ALPHA_KEV[element] - 1.74, 0.08)
    assert measured > 700
    # counting says 5 %, the background, which is half as high as the peak, as much
    assert expected == pytest.approx(measured, rel=0.15)
    *_, without = net(*fitted(shared_data, element, escape=False), 6.4 - 1.74, 0.08)
    assert without < 0.05 * expected


@pytest.mark.parametrize("element", ALPHA_KEV)
def test_sum_peaks_are_as_large_as_measured(shared_data, element):
    counts, model, fit = fitted(shared_data, element)
    measured, expected = net(counts, model, fit, 2 * ALPHA_KEV[element], 0.15)
    assert measured > 900
    assert expected == pytest.approx(measured, rel=0.12)
    area = fit.areas[model.names.index("pile-up")]
    assert 0.002 < area / fit.areas[0] < 0.01
