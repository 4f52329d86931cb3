"""Fit voltage, foils and angles of the scanner with one paint for both detectors.

    python benchmarks/real_scan_joint.py [--scan FILE]

Both detectors saw the same paint: what one of them loses to an absorber cannot be put
down to other paint when both are fitted at once. Changes one parameter at a time around
`real_scan_fit.FITTED` and prints the misfit of the left half of the pixels.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
from real_scan_fit import (
    FITTED,
    FITTED_COLUMNS,
    SPREAD_DEG,
    Beamline,
    Floats,
    Scan,
    adjusted,
    read,
    refined,
    shipped,
)
from real_scan_references import Setup, references
from scipy.optimize import minimize_scalar

from napari_maxrf.analysis import unmix

SCAN = Path("../shared/data/cubes/aurora_antico/prova1.h5")
COMMON = ("paint", "support")
OWN = ("air", "metal", "hard", "flat")
TRIED: Mapping[str, tuple[float, ...]] = {
    "kv": (38.0, 40.0, 43.0, 46.0, 50.0),
    "filter_um": (0.0, 2.0, 4.0, 8.0),
}
ABSORBERS_UM = (0.0, 14.0, 19.0, 22.0, 26.0)
TURNS_DEG = (-4.0, 0.0, 4.0, 8.0)


def misfit(
    scans: Mapping[str, Scan],
    setups: Mapping[str, Setup],
    lines: Mapping[str, Beamline],
) -> float:
    """Return chi-square per channel at the exposure of one pixel, noise left out.

    The ratio of the two detectors' solid angles is fitted.
    """
    totals, common, own = [], [], []
    for name, scan in scans.items():
        instrument = adjusted(setups[name].instrument, lines[name])
        setup = replace(setups[name], instrument=instrument)
        pixels = scan.counts[:, FITTED_COLUMNS, 0].size
        totals.append(scan.total(FITTED_COLUMNS)[scan.window] / pixels)
        common.append(references(COMMON, setup).spectra[:, scan.window])
        own.append(references(OWN, setup).spectra[:, scan.window])
    counts, apart = np.concatenate(totals), _apart(own)

    def at(log_ratio: float) -> float:
        shared = np.hstack([common[0], np.exp(log_ratio) * common[1]])
        parts = np.vstack([shared, apart])
        fit = unmix(counts, parts[parts.any(axis=1)])
        return float((fit.residuals**2).mean())

    found = minimize_scalar(at, bracket=(0.2, 0.4), options={"xtol": 0.05})
    return float(found.fun)


def _apart(own: list[Floats]) -> Floats:
    """Put each detector's own references beside nothing of the other's."""
    first, second = own
    left = np.hstack([first, np.zeros((len(first), second.shape[1]))])
    right = np.hstack([np.zeros((len(second), first.shape[1])), second])
    return np.vstack([left, right])


def main() -> int:
    """Print the misfit around the fitted values."""
    parser = argparse.ArgumentParser(description="Fit the scanner with both detectors.")
    parser.add_argument("--scan", type=Path, default=SCAN, help="the file prova1.h5")
    scans = read(parser.parse_args().scan)
    setups = {
        name: replace(refined(shipped(name), scan), spread_deg=SPREAD_DEG)
        for name, scan in scans.items()
    }
    print(f"fitted: {misfit(scans, setups, FITTED):.4f}")
    for field, values in TRIED.items():
        for value in values:
            lines = {n: replace(line, **{field: value}) for n, line in FITTED.items()}
            print(f"{field} {value:g}: {misfit(scans, setups, lines):.4f}")
    for value in ABSORBERS_UM:
        lines = {**FITTED, "19511": replace(FITTED["19511"], absorber_um=value)}
        print(f"absorber_um of 19511 {value:g}: {misfit(scans, setups, lines):.4f}")
    for turn in TURNS_DEG:
        lines = {
            n: replace(line, theta_deg=line.theta_deg + turn)
            for n, line in FITTED.items()
        }
        print(f"theta_deg {turn:+g}: {misfit(scans, setups, lines):.4f}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
