"""What lies below the peaks of pure elements, against tail and shelf of the model.

Tail and shelf were fitted to these spectra, so this guards against regressions. The
tails of Ti and Cr fall faster than the others: 0.4 keV below their peaks the model has
1.6 and 1.9 times too much, and those two windows are left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import xraylib

from napari_maxrf.physics import Effects, Layer, expected_spectrum, load_instrument

if TYPE_CHECKING:
    from collections.abc import Callable

VALLEYS = [
    ("Si", 0.90, 1.35),
    ("Si", 1.35, 1.55),
    ("S", 0.80, 1.40),
    ("S", 1.40, 1.90),
    ("S", 1.95, 2.10),
    ("Ti", 1.90, 2.30),
    ("Cr", 1.90, 2.40),
    ("Fe", 1.90, 2.40),
    ("Fe", 5.90, 6.10),
    ("Ni", 6.98, 7.20),
    ("Cu", 7.55, 7.75),
]


@pytest.mark.parametrize(("symbol", "low", "high"), VALLEYS)
def test_counts_below_a_peak(
    read_measured: Callable, symbol: str, low: float, high: float
) -> None:
    real = read_measured(f"xrf_elements_nist/{symbol}_50kv_50_ma_Rh_vac_D1.msa")
    number = xraylib.SymbolToAtomicNumber(symbol)
    alpha = xraylib.LineEnergy(number, xraylib.KL3_LINE)
    peak = real.axis.window(alpha - 0.1, alpha + 0.1)
    valley = real.axis.window(low, high)
    block = [Layer({symbol: 1.0}, xraylib.ElementDensity(number), 5000.0)]

    def share(effects: Effects) -> float:
        model = expected_spectrum(block, load_instrument("m4_rh"), real.axis, effects)
        return float(model[valley].sum() / model[peak].sum())

    measured = real.counts[valley].sum() / real.counts[peak].sum()
    corrected = {"escape": False}  # by the makers of these files
    assert share(Effects(**corrected)) == pytest.approx(measured, rel=0.35)
    assert share(Effects(**corrected, tail=False, shelf=False)) < 0.5 * measured
