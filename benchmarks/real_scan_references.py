"""What a real spectrum of the scanned panel may be made of, as expected spectra.

Groups of references, from what a palette alone offers to what surrounds it: paint in
layers, the support behind it, air, metals of the scanner, hard radiation that misses
the collimators, and a flat background. All are computed, none is measured.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import xraylib
import xraylib_np

from napari_maxrf.cube import EnergyAxis
from napari_maxrf.physics import (
    MEDIA,
    Coat,
    Effects,
    Instrument,
    Layer,
    Substance,
    expected_spectrum,
    paint_preset,
)
from napari_maxrf.physics._instrument import Filter
from napari_maxrf.pigments import load_palette, pigment_table

Floats = npt.NDArray[np.float64]

PALETTE = "creation_of_adam_copy"
THICKNESSES_UM = (6.0, 25.0, 100.0)
TITANIUM_IN_GROUND = (0.05, 0.15, 0.35)
PIGMENT_VOLUME = 0.35
SHARES: Mapping[str, tuple[float, ...]] = {
    "azurite": (0.03, 0.15),
    "vermilion": (0.1, 0.3, 0.6),
    "red_ochre": (0.3, 0.8),
    "yellow_ochre": (0.3, 0.8),
    "raw_sienna": (0.3, 0.8),
    "burnt_sienna": (0.3, 0.8),
    "bone_black": (0.1, 0.5),
    "carbon_black": (0.3,),
    "titanium_white": (0.1, 0.4, 0.9),
    "chalk": (0.4, 0.9),
}
"""Pigments of the palette in lead white, as shares of the pigment volume."""

NICKEL_YELLOW = Substance((("TiO2", 0.80), ("NiO", 0.045), ("Sb2O3", 0.155)), 4.6)
"""PY53, rutile with nickel and antimony: shares as makers of the pigment give them."""

METALS = ("Cr", "Mn", "Fe", "Ni", "Cu", "Zn", "Sr", "Ag", "Sn", "Sb")
STEEL_UM = (150.0, 400.0, 1000.0, 2000.0)
_PRIMARY = Effects(secondary=False)
_SILENT_AIR = Effects(argon=False, secondary=False)
_LINES_ONLY = Effects(argon=False, secondary=False, rayleigh=False, compton=False)
_SILICON = 14
_SILICON_DENSITY = 2.33
_HARD_FROM_KEV = 8.0
_HARD_STEP_KEV = 0.25
_RECOIL_SIGMA_SHARE = 0.011
"""The Compton width of the physics, 0.026 of the energy, as a standard deviation."""


@dataclass(frozen=True)
class Setup:
    """With what the scan was taken.

    Attributes
    ----------
    instrument : Instrument
        Tube, geometry, detector.
    axis : EnergyAxis
        Channels of the detector.
    spread_deg : float
        Standard deviation of the scattering angle over beam and detector.
    secondary : bool
        Whether paint excites paint, which takes three times as long.
    """

    instrument: Instrument
    axis: EnergyAxis
    spread_deg: float = 0.0
    secondary: bool = False


@dataclass(frozen=True)
class References:
    """Named expected spectra, shape (n, n_channels), each with its group."""

    names: tuple[str, ...]
    groups: tuple[str, ...]
    spectra: Floats

    def window(self, channels: slice) -> References:
        """Cut to a range of channels, without what shows nothing there."""
        cut = self.spectra[:, channels]
        kept = np.flatnonzero(cut.any(axis=1))
        names = tuple(self.names[i] for i in kept)
        return References(names, tuple(self.groups[i] for i in kept), cut[kept])


@lru_cache(maxsize=32)
def group_references(group: str, setup: Setup) -> References:
    """Compute the references of one group."""
    pairs = _GROUPS[group](setup)
    spectra = np.maximum(list(pairs.values()), 0)  # a shelf leaves -1e-17 of rounding
    return References(tuple(pairs), (group,) * len(pairs), spectra)


def references(groups: tuple[str, ...], setup: Setup) -> References:
    """Put the references of several groups together."""
    parts = [group_references(group, setup) for group in groups]
    return References(
        tuple(name for part in parts for name in part.names),
        tuple(name for part in parts for name in part.groups),
        np.concatenate([part.spectra for part in parts]),
    )


def _substances() -> dict[str, Substance]:
    known = {
        key: Substance(pigment.composition, pigment.density_g_cm3)
        for key, pigment in pigment_table().items()
    }
    return {**MEDIA, **known, "nickel_yellow": NICKEL_YELLOW}


def _layer(thickness_um: float, **parts: float) -> Layer:
    return Coat(parts=parts, thickness_um=thickness_um).layer(_substances())


def _paint(
    thickness_um: float, pigment: str | None = None, share: float = 0.0
) -> Layer:
    """Return lead white in oil, a share of it replaced by a pigment."""
    parts = {"lead_white": PIGMENT_VOLUME * (1 - share), "oil": 1 - PIGMENT_VOLUME}
    if pigment is not None:
        parts[pigment] = PIGMENT_VOLUME * share
    return _layer(thickness_um, **parts)


def _under(titanium: float) -> tuple[Layer, ...]:
    """Return 0.1 mm of chalk and titanium white in oil, on 0.8 mm of card."""
    chalk, white = 0.45 * (1 - titanium), 0.45 * titanium
    ground = _layer(100.0, lime=chalk, titanium_white=white, oil=0.55)
    return ground, _layer(800.0, cellulose=1.0)


def _swatches(setup: Setup) -> dict[str, Floats]:
    swatch, known = paint_preset("mockup"), _substances()
    return {
        key: expected_spectrum(swatch.layers(known[key]), setup.instrument, setup.axis)
        for key in load_palette(PALETTE).ids
    }


def _paints(setup: Setup) -> dict[str, Floats]:
    stacks = {
        f"lead white {t:.0f} um, ground {g:.2f} Ti white": (_paint(t), *_under(g))
        for t in THICKNESSES_UM
        for g in TITANIUM_IN_GROUND
    }
    stacks |= {f"bare ground, {g:.2f} Ti white": _under(g) for g in TITANIUM_IN_GROUND}
    for pigment, shares in SHARES.items():
        stacks |= _mixed_stacks(pigment, shares)
    return _expected(stacks, setup)


def _nickel_yellow(setup: Setup) -> dict[str, Floats]:
    """Return the lines of the pigment, bare and from below a coat of lead white.

    Lines alone: within a paint it would be taken for the whole of the paint.
    """
    film = _layer(5.0, nickel_yellow=PIGMENT_VOLUME)
    coat = _paint(15.0)
    bare = expected_spectrum((film,), setup.instrument, setup.axis, _LINES_ONLY)
    both = expected_spectrum((coat, film), setup.instrument, setup.axis, _LINES_ONLY)
    cover = expected_spectrum((coat,), setup.instrument, setup.axis, _LINES_ONLY)
    return {"bare": bare, "under lead white": np.maximum(both - cover, 0)}


def _mixed_stacks(
    pigment: str, shares: tuple[float, ...]
) -> dict[str, tuple[Layer, ...]]:
    return {
        f"{pigment} {share:.2f}, {t:.0f} um": (_paint(t, pigment, share), *_under(0.15))
        for share in shares
        for t in THICKNESSES_UM
    }


def _expected(
    stacks: Mapping[str, tuple[Layer, ...]], setup: Setup
) -> dict[str, Floats]:
    effects = _SILENT_AIR.model_copy(update={"secondary": setup.secondary})
    return {
        name: expected_spectrum(stack, setup.instrument, setup.axis, effects)
        for name, stack in stacks.items()
    }


def _support(setup: Setup) -> dict[str, Floats]:
    """Return what wood adds behind paint, and bare wood for light beside it."""
    found = {"wood, bare": _spread((_wood(20.0),), setup)}
    for thickness in (5.0, 25.0):
        above = (_paint(thickness), *_under(0.15))
        alone = _spread(above, setup)
        for depth in (3.0, 25.0):
            whole = _spread((*above, _wood(depth)), setup)
            name = f"wood {depth:.0f} mm under {thickness:.0f} um of paint"
            found[name] = np.maximum(whole - alone, 0)
    return found


def _wood(thickness_mm: float) -> Layer:
    return _layer(thickness_mm * 1000, cellulose=1.0)


def _spread(layers: tuple[Layer, ...], setup: Setup) -> Floats:
    """Average over the scattering angle, by three nodes of Gauss and Hermite."""
    if setup.spread_deg == 0:
        return expected_spectrum(layers, setup.instrument, setup.axis, _SILENT_AIR)
    centre, reach = setup.instrument.geometry.theta_deg, 3**0.5 * setup.spread_deg
    nodes = ((centre - reach, 1 / 6), (centre, 2 / 3), (centre + reach, 1 / 6))
    parts = [
        weight
        * expected_spectrum(
            layers, _at_angle(setup.instrument, angle), setup.axis, _SILENT_AIR
        )
        for angle, weight in nodes
    ]
    return np.sum(parts, axis=0)


def _at_angle(instrument: Instrument, theta_deg: float) -> Instrument:
    angle = min(theta_deg, 360 - theta_deg)
    geometry = instrument.geometry.model_copy(update={"scattering_deg": angle})
    return instrument.model_copy(update={"geometry": geometry})


def _air(setup: Setup) -> dict[str, Floats]:
    thin = (_wood(0.01),)
    with_air = expected_spectrum(thin, setup.instrument, setup.axis, _PRIMARY)
    without = expected_spectrum(thin, setup.instrument, setup.axis, _SILENT_AIR)
    return {"argon": np.maximum(with_air - without, 0)}


def _metals(setup: Setup) -> dict[str, Floats]:
    """Return the lines of single metals, as collimators and fastenings give them."""
    return {
        metal: expected_spectrum(
            (Layer({metal: 1.0}, 8.0, 1.0),), setup.instrument, setup.axis, _LINES_ONLY
        )
        for metal in METALS
    }


def _flat(setup: Setup) -> dict[str, Floats]:
    return {"flat": np.ones(setup.axis.n_channels)}


def _hard(setup: Setup) -> dict[str, Floats]:
    """Return scattered radiation that passed steel, whole and as recoil electrons."""
    found = {}
    for steel in STEEL_UM:
        energy, photons = _hard_photons(setup.instrument, steel)
        found[f"hard, {steel:.0f} um of steel"] = _hard_counts(setup, steel)
        found[f"recoil, {steel:.0f} um of steel"] = recoil(
            energy, photons, setup.instrument.detector.thickness_um, setup.axis
        )
    return found


def _behind_steel(instrument: Instrument, steel_um: float) -> Instrument:
    steel = Filter(material="Fe", thickness_um=steel_um)
    absorbers = (*instrument.detector.absorbers, steel)
    detector = instrument.detector.model_copy(update={"absorbers": absorbers})
    return instrument.model_copy(update={"detector": detector})


def _hard_counts(setup: Setup, steel_um: float) -> Floats:
    hardened = _behind_steel(setup.instrument, steel_um)
    return expected_spectrum((_wood(20.0),), hardened, setup.axis, _SILENT_AIR)


def _hard_photons(instrument: Instrument, steel_um: float) -> tuple[Floats, Floats]:
    """Return energies and numbers of the photons behind the steel, up to the kV."""
    axis = EnergyAxis.from_range(
        _HARD_FROM_KEV,
        instrument.kv,
        round((instrument.kv - _HARD_FROM_KEV) / _HARD_STEP_KEV),
    )
    hardened = _behind_steel(instrument, steel_um)
    counts = expected_spectrum((_wood(20.0),), hardened, axis, _SILENT_AIR)
    depth = _SILICON_DENSITY * instrument.detector.thickness_um * 1e-4
    absorption = np.array([xraylib.CS_Photo(_SILICON, e) for e in axis.centres_kev])
    return axis.centres_kev, counts / -np.expm1(-absorption * depth)


def recoil(
    energy_kev: Floats, photons: Floats, thickness_um: float, axis: EnergyAxis
) -> Floats:
    """Return the counts of Compton electrons in a silicon detector, per channel.

    A photon that scatters in the silicon and leaves it deposits the energy of the
    recoil electron, up to ``E - E/(1 + 2 E/511)``: 4.8 keV for 37.5 keV. That makes a
    step near 5 keV in spectra that hold much above 30 keV.
    """
    angle = np.radians(np.arange(0.5, 180.0))
    z, depth = np.array([_SILICON]), _SILICON_DENSITY * thickness_um * 1e-4
    ring = 2 * np.pi * np.sin(angle) * np.radians(1.0)
    sigma = xraylib_np.DCS_Compt(z, energy_kev, angle)[0] * ring
    total = xraylib_np.CS_Total(z, energy_kev)[0]
    events = (photons * -np.expm1(-total * depth) / total)[:, None] * sigma
    scattered = energy_kev / (1 + np.outer(1 - np.cos(angle), energy_kev) / 510.999)
    left = energy_kev[:, None] - scattered.T
    return _smeared(left, events, _RECOIL_SIGMA_SHARE * energy_kev, axis)


def _smeared(energy: Floats, counts: Floats, sigma: Floats, axis: EnergyAxis) -> Floats:
    from scipy.ndimage import gaussian_filter1d

    rows = [
        gaussian_filter1d(
            np.histogram(place, bins=axis.edges_kev, weights=weight)[0],
            width / axis.gain_kev,
            mode="nearest",
        )
        for place, weight, width in zip(energy, counts, sigma, strict=True)
    ]
    return np.sum(rows, axis=0)


_GROUPS: Mapping[str, Callable[[Setup], dict[str, Floats]]] = {
    "swatch": _swatches,
    "paint": _paints,
    "nickel yellow": _nickel_yellow,
    "support": _support,
    "air": _air,
    "metal": _metals,
    "hard": _hard,
    "flat": _flat,
}
