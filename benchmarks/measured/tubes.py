"""Tube spectra against SpekPy, a program that rests on Monte Carlo simulations.

SpekPy 2.5.4, physics ``casim`` (G. Poludniowski, A. Omar, R. Bujila, P. Andreo, Med.
Phys. 48, 3630 (2021)). The table was computed once: K lines in photons/(s sr mA) and
continuum at 12.5 keV in photons/(s sr mA keV), and the continuum at 8, 22 and 30 keV
over that; for W the L lines between 8 and 12 keV.
"""

from __future__ import annotations

import numpy as np

from measured.rows import Row
from napari_maxrf.physics._tube import Tube, tube_continuum, tube_lines

RANGES = {
    "Cr": (24, 5.2, 6.2),
    "Cu": (29, 7.8, 9.2),
    "Mo": (42, 17.2, 20.2),
    "Rh": (45, 19.9, 23.4),
    "Ag": (47, 21.8, 25.6),
    "W": (74, 8.0, 12.0),
}
SPEKPY = (
    ("Cr", 40.0, 45.0, 4.730e12, 4.962e10, 1.596, 0.359, 0.139),
    ("Cr", 50.0, 12.0, 4.607e12, 5.121e10, 0.880, 0.535, 0.282),
    ("Cu", 40.0, 45.0, 2.997e12, 5.846e10, 2.126, 0.384, 0.152),
    ("Mo", 40.0, 45.0, 5.339e11, 8.907e10, 1.661, 0.354, 0.151),
    ("Mo", 50.0, 6.0, 7.994e11, 8.269e10, 0.788, 0.361, 0.267),
    ("Rh", 50.0, 12.0, 6.013e11, 1.037e11, 0.991, 0.522, 0.250),
    ("Rh", 40.0, 45.0, 3.220e11, 9.358e10, 1.610, 0.382, 0.155),
    ("Ag", 40.0, 45.0, 2.233e11, 9.712e10, 1.573, 0.387, 0.158),
    ("Ag", 50.0, 12.0, 4.539e11, 1.040e11, 0.933, 0.542, 0.258),
    ("W", 40.0, 45.0, 1.961e12, 1.180e11, 1.914, 0.467, 0.216),
    ("W", 50.0, 12.0, 1.797e12, 7.852e10, 2.089, 0.882, 0.565),
)


def tube_rows() -> list[Row]:
    """Compare lines over continuum, and the shape of the continuum."""
    rows = []
    for anode, kv, takeoff, lines, continuum, *shape in SPEKPY:
        number, low, high = RANGES[anode]
        tube = Tube(number, kv, 90.0 - takeoff, takeoff)
        energy, photons = tube_lines(tube)
        ours = photons[(energy > low) & (energy < high)].sum()
        level = tube_continuum(tube, np.array([12.5, 8.0, 22.0, 30.0]))
        tolerance = 0.25 if anode == "W" else 0.15
        where = f"{anode} {kv:g} kV, take-off {takeoff:g} deg"
        rows.append(
            Row(
                f"lines / continuum (keV), {where}",
                lines / continuum,
                ours / level[0],
                0.20,
            )
        )
        for at, theirs, mine in zip(
            (8, 22, 30), shape, level[1:] / level[0], strict=True
        ):
            rows.append(
                Row(f"continuum {at} keV / 12.5 keV, {where}", theirs, mine, tolerance)
            )
    return rows
