"""Line ratios of ten pigments against fisx, another program with other tables.

fisx (MIT, ESRF) has no wheel for Linux and is no dependency: ``pip install fisx``
compiles it in about a minute. Both programs get the same beam and the same layer.
"""

from __future__ import annotations

import re
from collections import Counter
from functools import cache

import numpy as np
import xraylib

from measured.rows import Row
from napari_maxrf.physics import (
    Effects,
    Instrument,
    Layer,
    elements_of,
    load_instrument,
)
from napari_maxrf.physics._beam import Beam, beam_of
from napari_maxrf.physics._fluorescence import emitted_lines
from napari_maxrf.physics._stack import Stack
from napari_maxrf.pigments import load_palette

PIGMENTS = (
    "lead_white",
    "vermilion",
    "azurite",
    "orpiment",
    "lead_tin_yellow_1",
    "smalt",
    "titanium_white",
    "yellow_ochre",
    "cadmium_yellow",
    "barium_white",
)
GROUPS = (
    ("Ka", r"KL"),
    ("Kb", r"K[MN]"),
    ("La", r"L3M[45]"),
    ("Lb", r"L2M4|L3N[45]|L1M[23]"),
    ("Lg", r"L2N4|L1N[23]"),
    ("M", r"M"),
)
TOLERANCE = 0.05
EXPLAINED = {
    ("vermilion", "S Ka"): "absorption by Hg: xraylib smooths the M5 edge",
    ("vermilion", "Hg M"): "absorption by Hg: xraylib smooths the M5 edge",
    ("lead_tin_yellow_1", "Sn La"): "L3 yield of Sn 0.067, fisx 0.072",
    ("lead_tin_yellow_1", "Sn Lb"): "L3 yield of Sn 0.067, fisx 0.072",
    ("cadmium_yellow", "Cd La"): "L3 yield of Cd 0.056, fisx 0.063",
    ("cadmium_yellow", "Cd Lb"): "L2 yield of Cd 0.056, fisx 0.061",
    ("barium_white", "Ba Ka"): "over Ba La: L3 yield of Ba 0.097, fisx 0.107",
    ("barium_white", "Ba Kb"): "over Ba La: L3 yield of Ba 0.097, fisx 0.107",
    ("barium_white", "Sr Ka"): "over Ba La: L3 yield of Ba 0.097, fisx 0.107",
    ("barium_white", "Sr Kb"): "over Ba La: L3 yield of Ba 0.097, fisx 0.107",
    ("barium_white", "S Ka"): "over Ba La: L3 yield of Ba 0.097, fisx 0.107",
    ("barium_white", "Ba Lg"): "over Ba La: L3 yield of Ba 0.097, fisx 0.107",
}
"""Lines that differ by more than 5 %, with the table that differs."""

_FAINT = 0.01
_LOWEST_KEV = 1.5


@cache
def _beam() -> Beam:
    """Return the beam of the Mo scanner in cells of 0.5 keV, for speed."""
    fine = beam_of(load_instrument("chnet_mo"), Effects())
    kept = fine.energy_kev > _LOWEST_KEV
    energy, photons = fine.energy_kev[kept], fine.photons[kept]
    cell = (2 * energy).astype(int)
    number = np.bincount(cell, photons)
    mean = np.bincount(cell, photons * energy)
    filled = number > 0
    return Beam(mean[filled] / number[filled], number[filled] / number.sum())


@cache
def _layer(pigment: str) -> Layer:
    (found,) = (p for p in load_palette("pigments_all").pigments if p.id == pigment)
    return Layer(elements_of(found.composition), found.density_g_cm3, 100.0)


def _group(element: str, line: str) -> str | None:
    for name, pattern in GROUPS:
        if re.match(pattern, line):
            return f"{element} {name}"
    return None


def own_groups(pigment: str) -> Counter[str]:
    """Return the intensities of groups of lines by this package."""
    geometry = Instrument().geometry
    lines = emitted_lines(Stack((_layer(pigment),), geometry), _beam())
    result: Counter[str] = Counter()
    rows = zip(
        lines.elements, lines.names, lines.energy_kev, lines.intensity, strict=True
    )
    for number, name, energy, intensity in rows:
        group = _group(xraylib.AtomicNumberToSymbol(int(number)), name)
        if group and energy > _LOWEST_KEV:
            result[group] += intensity
    return result


@cache
def _fisx_library() -> object:
    from fisx import DataDir, Elements

    library = Elements(DataDir.FISX_DATA_DIR)
    library.initializeAsPyMca()
    return library


def fisx_groups(pigment: str) -> Counter[str]:
    """Return the same by fisx."""
    from fisx import XRF, Material

    library, layer, beam = _fisx_library(), _layer(pigment), _beam()
    thickness_cm = layer.thickness_um * 1e-4
    symbols = {xraylib.AtomicNumberToSymbol(z): w for z, w in layer.elements}
    if pigment not in library.getMaterialNames():
        material = Material(pigment, layer.density_g_cm3, thickness_cm, "")
        material.setComposition(symbols)
        library.addMaterial(material)
    geometry = Instrument().geometry
    setup = XRF()
    setup.setBeam(list(beam.energy_kev), list(beam.photons))
    setup.setGeometry(geometry.incidence_deg, geometry.exit_deg)
    setup.setSample([[pigment, layer.density_g_cm3, thickness_cm]])
    result: Counter[str] = Counter()
    for family in _excited(library, symbols):
        found = setup.getMultilayerFluorescence(
            [family], library, secondary=0, useGeometricEfficiency=0, useMassFractions=1
        )
        for key, layers in found.items():
            for line, values in layers[0].items():
                group = _group(key.split()[0], line.split()[-1])
                if group and values["energy"] > _LOWEST_KEV:
                    result[group] += values["primary"]
    return result


def _excited(library: object, symbols: dict[str, float]) -> list[str]:
    """Return the families of lines that the beam excites, such as ``Pb L``."""
    most = float(_beam().energy_kev.max())
    shells = {
        name[:-1] if name[-1].isdigit() else name
        for symbol in symbols
        for name, _ in library.getPeakFamilies(symbol, most)
    }
    return sorted(shells)


@cache
def fisx_rows() -> list[tuple[str, str, Row]]:
    """Compare all groups above 1 % of a pigment's strongest with that one.

    Returns
    -------
    list of (str, str, Row)
        Pigment, group of lines, and fisx as the measured side.
    """
    rows = []
    for pigment in PIGMENTS:
        ours, theirs = own_groups(pigment), fisx_groups(pigment)
        top = max(ours, key=ours.__getitem__)
        for group in sorted(ours, key=ours.__getitem__, reverse=True):
            if group == top or ours[group] < _FAINT * ours[top]:
                continue
            ratios = theirs[group] / theirs[top], ours[group] / ours[top]
            name = f"{pigment}: {group} / {top}"
            rows.append((pigment, group, Row(name, *ratios, TOLERANCE)))
    return rows
