"""Fit the spectra of the scanned panel step by step, as a whole and by region.

Every step of the simulation takes one more thing into account. What is fitted of the
instrument is fitted on the left half of the pixels and judged on the right half.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
from real_scan_references import References, Setup, references
from sklearn.cluster import KMeans

from napari_maxrf.analysis import Mixture, unmix
from napari_maxrf.cube import EnergyAxis
from napari_maxrf.io import open_cube
from napari_maxrf.physics import Instrument, load_instrument

Floats = npt.NDArray[np.float64]

DETECTORS = ("10264", "19511")
FIRST_COLUMN = 5
FITTED_COLUMNS = slice(5, 62)
SCORED_COLUMNS = slice(62, 120)
CHANNELS = {"10264": slice(20, 1015), "19511": slice(36, 1015)}
"""Without what the electronics cut, and without the last channels."""

AXIS_BEFORE = {"10264": (-0.0135, 0.029189), "19511": (0.0027, 0.029155)}
RESOLUTION_BEFORE = {"10264": (1.49e-3, 3.67e-4), "19511": (6.8e-4, 3.52e-4)}
SPREAD_DEG = 16.0
REFINED_KEV = (3.2, 17.0)
REFINEMENTS = 2
FANO_KEV = 4.4e-4
MIDDLE_KEV = 8.0
PIXELS = 60
REGIONS = 10
MAPPED_KEV = {
    "Ca": (3.58, 3.80),
    "Ti": (4.40, 4.62),
    "Fe": (6.28, 6.52),
    "Cu": (7.92, 8.16),
    "Hg": (9.85, 10.12),
    "Pb": (12.45, 12.78),
    "scatter": (20.3, 21.2),
}


@dataclass(frozen=True)
class Step:
    """One improvement of the simulation: what it takes into account, and how."""

    title: str
    groups: tuple[str, ...]
    state: str


_PAINTED = ("paint",)
_ON_WOOD = (*_PAINTED, "support", "air")
_WITH_METAL = (*_ON_WOOD, "metal")
_WITH_HARD = (*_WITH_METAL, "hard")
_ALL = (*_WITH_HARD, "flat")
_YELLOW = (*_ALL, "nickel yellow")
STEPS = (
    Step("palette as thick swatches, instrument as first assumed", ("swatch",), "old"),
    Step("paint in layers on chalk and titanium white", _PAINTED, "old"),
    Step("and wood behind it, argon of the air", _ON_WOOD, "old"),
    Step("and metals of the scanner", _WITH_METAL, "old"),
    Step("and hard radiation with its recoil electrons", _WITH_HARD, "old"),
    Step("and a flat background", _ALL, "old"),
    Step("axis and noise fitted to the left half", _ALL, "refined"),
    Step("scattering angle spread by 16 degrees", _ALL, "spread"),
    Step("voltage, filter and absorber fitted to the left half", _ALL, "fitted"),
    Step("and lines of nickel titanium yellow", _YELLOW, "fitted"),
    Step("and secondary fluorescence", _YELLOW, "secondary"),
)


@dataclass(frozen=True)
class Scan:
    """Counts of one detector, shape (rows, columns, channels)."""

    detector: str
    counts: npt.NDArray[np.uint16]

    @property
    def window(self) -> slice:
        """Channels that are fitted."""
        return CHANNELS[self.detector]

    def total(self, columns: slice) -> Floats:
        """Sum the pixels of some columns."""
        return np.asarray(self.counts[:, columns].sum(axis=(0, 1), dtype=np.float64))


def read(path: Path) -> dict[str, Scan]:
    """Read both detectors."""
    return {
        name: Scan(name, np.asarray(open_cube(path, detector=name).counts))
        for name in DETECTORS
    }


def assumed(detector: str) -> Setup:
    """Return the instrument as it was before this comparison."""
    s0, s1 = RESOLUTION_BEFORE[detector]
    instrument = adjusted(
        load_instrument(f"aurora_{detector}"), BEFORE[detector], s0_kev2=s0, s1_kev=s1
    )
    return Setup(instrument, EnergyAxis(1024, *AXIS_BEFORE[detector]))


@dataclass(frozen=True)
class Beamline:
    """What of an instrument is asked from the scan."""

    kv: float
    filter_um: float
    absorber_um: float
    theta_deg: float


BEFORE = {
    "10264": Beamline(kv=40.0, filter_um=0.0, absorber_um=0.0, theta_deg=122.0),
    "19511": Beamline(kv=40.0, filter_um=0.0, absorber_um=19.0, theta_deg=133.0),
}
FITTED = {
    "10264": Beamline(kv=43.0, filter_um=4.0, absorber_um=0.0, theta_deg=122.0),
    "19511": Beamline(kv=43.0, filter_um=4.0, absorber_um=22.0, theta_deg=133.0),
}
"""From `real_scan_joint`, with one paint for both detectors on the left half of the
pixels; shipped since. The angle stays that of the Compton peaks."""


def adjusted(instrument: Instrument, line: Beamline, **detector: float) -> Instrument:
    """Return an instrument with another voltage, foils of aluminium, and angle."""
    values = instrument.to_json()
    foils = (line.filter_um, line.absorber_um)
    beam, before = ([{"material": "Al", "thickness_um": t}] * (t > 0) for t in foils)
    values |= {"kv": line.kv, "filters": beam}
    values["detector"] |= {**detector, "absorbers": before}
    values["geometry"] |= {"scattering_deg": line.theta_deg}
    return Instrument(**values)


def shipped(detector: str) -> Setup:
    """Return the instrument as it comes with the package."""
    instrument = load_instrument(f"aurora_{detector}")
    assert instrument.channels is not None
    return Setup(instrument, instrument.channels.axis)


def refined(setup: Setup, scan: Scan) -> Setup:
    """Fit axis and resolution on the left half of the pixels."""
    total = scan.total(FITTED_COLUMNS)
    for _ in range(REFINEMENTS):
        parts = references(_ALL, setup)
        fit = unmix(total[scan.window], parts.window(scan.window).spectra)
        shown = parts.spectra[:, scan.window].any(axis=1)
        whole = fit.weights @ parts.spectra[shown]
        setup = _moved(setup, _corrections(total, whole, setup.axis))
    return setup


def _corrections(total: Floats, fitted: Floats, axis: EnergyAxis) -> Floats:
    """Solve for changes of offset, relative gain and s0, to first order.

    A spectrum moves with its slope and widens with its curvature: ``d/ds0`` of a
    Gaussian is half its second derivative.
    """
    slope = np.gradient(fitted, axis.gain_kev)
    bend = np.gradient(slope, axis.gain_kev) / 2
    used = axis.window(*REFINED_KEV)
    columns = np.stack([slope, axis.centres_kev * slope, bend, fitted], axis=1)
    noise = np.sqrt(fitted[used])
    design = columns[used] / noise[:, None]
    scale = np.linalg.norm(design, axis=0)
    found = np.linalg.lstsq(design / scale, (total - fitted)[used] / noise, rcond=None)
    return np.asarray(found[0][:3] / scale[:3])


def _moved(setup: Setup, changes: Floats) -> Setup:
    """Apply the changes; s1 is that of silicon, as it cannot be told from s0 here."""
    offset, gain, s0 = changes.tolist()
    axis, detector = setup.axis, setup.instrument.detector
    noise = detector.s0_kev2 + s0 + (detector.s1_kev - FANO_KEV) * MIDDLE_KEV
    wider = {"s0_kev2": max(noise, 1e-4), "s1_kev": FANO_KEV}
    instrument = setup.instrument.model_copy(
        update={"detector": detector.model_copy(update=wider)}
    )
    moved = EnergyAxis(1024, axis.offset_kev + offset, axis.gain_kev * (1 + gain))
    return replace(setup, instrument=instrument, axis=moved)


def setups(scan: Scan) -> dict[str, Setup]:
    """Return the instrument in all states that the steps name."""
    name = scan.detector
    better = refined(shipped(name), scan)
    fitted = replace(better, spread_deg=SPREAD_DEG)
    before = adjusted(better.instrument, BEFORE[name])
    return {
        "old": assumed(name),
        "refined": replace(better, instrument=before),
        "spread": replace(fitted, instrument=before),
        "fitted": replace(fitted, instrument=adjusted(better.instrument, FITTED[name])),
        "secondary": replace(
            fitted,
            instrument=adjusted(better.instrument, FITTED[name]),
            secondary=True,
        ),
    }


def at_voltage(setup: Setup, kv: float) -> Setup:
    """Return a setup with another tube voltage."""
    return replace(setup, instrument=setup.instrument.model_copy(update={"kv": kv}))


@dataclass(frozen=True)
class Score:
    """How well a fit does.

    Attributes
    ----------
    chi2 : float
        Reduced chi-square of the summed spectrum.
    pixel_chi2 : float
        The same at the exposure of one pixel, ``1 + (chi2 - 1) / pixels``.
    explained, r2 : float
        See `napari_maxrf.analysis.Mixture`.
    """

    chi2: float
    pixel_chi2: float
    explained: float
    r2: float


def score(fit: Mixture, pixels: int) -> Score:
    """Read off the scores of the fit of one spectrum, the sum of some pixels."""
    chi2 = float(fit.chi2_reduced)
    return Score(chi2, 1 + (chi2 - 1) / pixels, float(fit.explained), float(fit.r2))


@dataclass(frozen=True, eq=False)
class Result:
    """All fits of one detector.

    Attributes
    ----------
    scan : Scan
        What was fitted.
    steps : tuple of Score
        Of the right half, for all `STEPS`.
    without : dict of str to Score
        Of the right half, for the last step but for one group.
    voltages : dict of float to Score
        Of the right half, for the last step at other tube voltages.
    setup : Setup
        Of the last step.
    parts : References
        Of the last step.
    mean, regions, pixels : Mixture
        Fits of all pixels together, of the regions, and of single pixels.
    region_scores : tuple of Score
        Of the regions.
    """

    scan: Scan
    steps: tuple[Score, ...]
    without: Mapping[str, Score]
    voltages: Mapping[float, Score]
    setup: Setup
    parts: References
    mean: Mixture
    regions: Mixture
    region_scores: tuple[Score, ...]
    pixels: Mixture


def examine(
    scan: Scan, labels: npt.NDArray[np.int_], voltages: Sequence[float] = ()
) -> Result:
    """Go through the steps, and fit regions and single pixels with the last."""
    states, window = setups(scan), scan.window
    last = STEPS[-1]
    parts = references(last.groups, states[last.state]).window(window)
    sums = region_sums(scan, labels)
    regions = unmix(sums[:, window], parts.spectra)
    sizes = np.bincount(labels.ravel())
    return Result(
        scan=scan,
        steps=tuple(
            right_half(scan, step.groups, states[step.state]) for step in STEPS
        ),
        without={
            group: right_half(
                scan, tuple(g for g in last.groups if g != group), states[last.state]
            )
            for group in last.groups[1:]
        },
        voltages={
            kv: right_half(scan, last.groups, at_voltage(states[last.state], kv))
            for kv in voltages
        },
        setup=states[last.state],
        parts=parts,
        mean=unmix(sums.sum(axis=0)[window], parts.spectra),
        regions=regions,
        region_scores=tuple(score(one, n) for one, n in zip_fits(regions, sizes)),
        pixels=unmix(_some_pixels(scan)[:, window], parts.spectra),
    )


def right_half(scan: Scan, groups: tuple[str, ...], setup: Setup) -> Score:
    """Fit the sum of the right half of the pixels."""
    parts = references(groups, setup).window(scan.window)
    fit = unmix(scan.total(SCORED_COLUMNS)[scan.window], parts.spectra)
    return score(fit, scan.counts[:, SCORED_COLUMNS, 0].size)


def region_sums(scan: Scan, labels: npt.NDArray[np.int_]) -> Floats:
    """Sum the spectra of every region."""
    kept = scan.counts[:, FIRST_COLUMN:]
    sums = [kept[labels == k].sum(axis=0, dtype=np.float64) for k in range(REGIONS)]
    return np.array(sums)


def zip_fits(
    fits: Mixture, sizes: npt.NDArray[np.int_]
) -> Iterator[tuple[Mixture, int]]:
    """Take the fits of several spectra apart."""
    names = ("weights", "fitted", "residuals", "chi2_reduced", "explained", "r2")
    for index, size in enumerate(sizes):
        yield Mixture(*(getattr(fits, name)[index] for name in names)), int(size)


def _some_pixels(scan: Scan) -> Floats:
    right = scan.counts[:, SCORED_COLUMNS].reshape(-1, 1024)
    chosen = np.random.default_rng(0).choice(len(right), PIXELS, replace=False)
    return np.asarray(right[chosen], dtype=np.float64)


def region_labels(scans: Mapping[str, Scan]) -> npt.NDArray[np.int_]:
    """Cluster the pixels by k-means on standardised logarithms of seven maps."""
    maps = []
    for low, high in MAPPED_KEV.values():
        parts = [
            scan.counts[:, FIRST_COLUMN:, shipped(name).axis.window(low, high)]
            for name, scan in scans.items()
        ]
        maps.append(sum(part.sum(axis=-1, dtype=np.float64) for part in parts))
    values = np.log(np.stack(maps, axis=-1) + 1)
    flat = values.reshape(-1, len(maps))
    flat = (flat - flat.mean(axis=0)) / flat.std(axis=0)
    model = KMeans(REGIONS, n_init=10, random_state=0).fit(flat)
    by_size = np.argsort(np.argsort(-np.bincount(model.labels_)))
    return np.asarray(by_size[model.labels_].reshape(values.shape[:2]))


def region_names(
    scans: Mapping[str, Scan], labels: npt.NDArray[np.int_]
) -> tuple[str, ...]:
    """Say what a region is by its scatter, mercury, iron and lead."""
    scan, axis = scans["10264"], shipped("10264").axis
    level = {}
    for key in ("scatter", "Hg", "Fe", "Pb"):
        window = axis.window(*MAPPED_KEV[key])
        values = scan.counts[:, FIRST_COLUMN:, window].sum(axis=-1, dtype=np.float64)
        means = [values[labels == k].mean() for k in range(REGIONS)]
        level[key] = np.array(means) / values.mean()
    return tuple(
        _named({key: values[k] for key, values in level.items()})
        for k in range(REGIONS)
    )


def _named(level: Mapping[str, float]) -> str:
    place = "over wood" if level["scatter"] > 0.9 else "over the opening"
    if level["Hg"] < 1:
        return f"background {place}"
    light = "shadow" if level["Fe"] > level["Pb"] + 0.5 else "light"
    return f"hand, {light}, {place}"


def group_counts(result: Result) -> dict[str, Floats]:
    """Return what every group adds to the fit of the mean spectrum."""
    groups = np.array(result.parts.groups)
    added = result.mean.weights[:, None] * result.parts.spectra
    return {
        group: added[groups == group].sum(axis=0) for group in dict.fromkeys(groups)
    }
