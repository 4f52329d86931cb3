"""L lines: where measured spectra show them without others beneath.

Lead in a certified soil and in the real scan, and the K lines of the same soil by its
certified contents. Zirconium L and sulphur K of the sets lie on each other or depend on
windows that nobody states; barium L lies under titanium.
"""

from __future__ import annotations

import csv
from functools import lru_cache

import h5py
import numpy as np

from measured.elements import XGT
from measured.peaks import DATA, Spectrum, fit, measured
from measured.rows import Row
from napari_maxrf.cube import EnergyAxis
from napari_maxrf.physics import Layer, elements_of, expected_spectrum, load_instrument

WINDOWS = {
    "Fe Ka": (6.40, (6.2, 6.6)),
    "Zn Ka": (8.63, (8.4, 8.8)),
    "Hg La": (9.99, (9.75, 10.25)),
    "Pb La": (10.55, (10.25, 10.85)),
    "Hg Lb": (11.85, (11.5, 12.2)),
    "Pb Lb": (12.61, (12.3, 12.95)),
    "Sr Ka": (14.16, (13.9, 14.4)),
    "Pb Lg": (14.76, (14.5, 15.05)),
}


def soil_layer() -> Layer:
    """Return NIST 2587 as certified; what is not listed is taken as oxygen."""
    path = DATA / "pigments" / "xrf_elements_xgt7200" / "NIST_SRM_2587_elements.csv"
    with path.open(encoding="utf-8") as file:
        listed = {
            row["Symbol"]: 1e-6 * float(row["Concentration_mg_kg"])
            for row in csv.DictReader(file)
        }
    listed["O"] = 1 - sum(listed.values())
    return Layer(listed, 1.5, 5000.0)


@lru_cache(maxsize=1)
def soil() -> tuple[Spectrum, Spectrum]:
    """Return the measured and the modelled spectrum of the soil."""
    real = measured("xrf_elements_xgt7200/NIST_2587.txt")
    instrument = XGT.model_copy(update={"kv": 50.0})
    return real, Spectrum(
        real.axis, expected_spectrum([soil_layer()], instrument, real.axis)
    )


AXIS = EnergyAxis(1024, -0.0205, 0.029219)
"""Channels of the real scan's detector 10264, refined on its lines."""


def _on_ground(*paint: tuple[str, float]) -> Spectrum:
    """Return a coat of paint on chalk with titanium white, on wood."""
    below = (("CaCO3", 0.7), ("TiO2", 0.2), ("C6H10O5", 0.1))
    layers = [
        Layer(elements_of(paint), 4.0, 50.0),
        Layer(elements_of(below), 1.6, 300.0),
        Layer(elements_of((("C6H10O5", 1.0),)), 0.6, 10_000.0),
    ]
    instrument = load_instrument("aurora_10264")
    return Spectrum(AXIS, expected_spectrum(layers, instrument, AXIS))


@lru_cache(maxsize=1)
def scan() -> tuple[tuple[Spectrum, Spectrum], tuple[Spectrum, Spectrum]]:
    """Return the real scan's lead white and its vermilion, each with a model.

    Lead white: of the pixels with more lead than the median, the fifth with the least
    mercury. Vermilion: the fiftieth of all pixels with the most mercury.
    """
    with h5py.File(DATA / "cubes" / "aurora_antico" / "prova1.h5") as file:
        counts = file["detector_10264/counts"][:, 5:].astype(float)
    lead, mercury = (
        counts[..., AXIS.window(*window)].sum(-1)
        for window in ((12.4, 12.9), (9.8, 10.2))
    )
    share = mercury / lead
    white = (share < np.quantile(share, 0.2)) & (lead > np.median(lead))
    red = mercury > np.quantile(mercury, 0.98)
    return (
        (
            Spectrum(AXIS, counts[white].sum(0)),
            _on_ground(("Pb3C2O8H2", 0.9), ("C57H104O6", 0.1)),
        ),
        (
            Spectrum(AXIS, counts[red].sum(0)),
            _on_ground(("HgS", 0.3), ("Pb3C2O8H2", 0.6), ("C57H104O6", 0.1)),
        ),
    )


def _areas(pair: tuple[Spectrum, Spectrum], line: str) -> np.ndarray:
    energy, window = WINDOWS[line]
    return np.array([fit(spectrum, [energy], window)[0].area for spectrum in pair])


def series_rows() -> list[Row]:
    """Compare L beta and L gamma with L alpha.

    Mercury in the scan is left to `mercury_ratios`: arsenic may lie beneath.
    """
    rows = []
    for what, pair, alpha, line, tolerance in (
        ("soil NIST 2587", soil(), "Pb La", "Pb Lb", 0.10),
        ("soil NIST 2587", soil(), "Pb La", "Pb Lg", 0.12),
        ("real scan", scan()[0], "Pb La", "Pb Lb", 0.10),
    ):
        ratios = _areas(pair, line) / _areas(pair, alpha)
        rows.append(Row(f"{line}/La, {what}", *ratios, tolerance))
    return rows


def mercury_ratios() -> tuple[float, float]:
    """Return L beta over L alpha of mercury in the scan, measured and modelled."""
    pair = scan()[1]
    measured_ratio, model_ratio = _areas(pair, "Hg Lb") / _areas(pair, "Hg La")
    return float(measured_ratio), float(model_ratio)


def soil_rows() -> list[Row]:
    """Compare lines of different elements by certified contents."""
    iron = _areas(soil(), "Fe Ka")
    return [
        Row(f"{line} / Fe Ka, soil NIST 2587", *(_areas(soil(), line) / iron), 0.20)
        for line in ("Zn Ka", "Sr Ka", "Pb La", "Pb Lb", "Pb Lg")
    ]
