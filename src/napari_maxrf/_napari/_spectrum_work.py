"""What the Spectrum dock has computed in threads, and the layers it makes of it."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_maxrf._napari._facts import LayerFacts, is_synthetic, metadata
from napari_maxrf._napari._placement import below_energy, placement_of
from napari_maxrf._napari._spectrum_model import MAXIMUM, SUM, Measured
from napari_maxrf.analysis import region_spectra, whole_spectrum_steps
from napari_maxrf.analysis._regions import RegionSpectrum, mean_live_time
from napari_maxrf.errors import MaxrfError
from napari_maxrf.progress import Progress, Steps
from napari_maxrf.provenance import ProcessStep

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy.typing as npt
    from napari.layers import Layer

    from napari_maxrf._napari._layers import LayerData
    from napari_maxrf._napari._spectrum_regions import Region
    from napari_maxrf.analysis import HottestPixels
    from napari_maxrf.cube import SpectralCube

PATIENCE_S = 0.5
"""How long work that was overtaken may go on, since its result is worth showing."""
SMALL_BYTES = 2**30
"""Scans up to this size are added up without being asked."""
POINT_PIXELS = 3.0
OVERTAKEN = ""


def whole_steps(cube: SpectralCube) -> Steps[RegionSpectrum]:
    """Return sum and maximum of a scan: from its file if they stand there."""
    yield Progress("Looking for stored sums", 0, 0)
    stored = stored_whole(cube)
    if stored is not None:
        return stored
    return (yield from whole_spectrum_steps(cube))


def stored_whole(cube: SpectralCube) -> RegionSpectrum | None:
    """Return the sums stored beside the counts of a scan, or None."""
    sums = cube.sums()
    if sums is None:
        return None
    everywhere = np.ones(cube.shape[:2], bool)
    return RegionSpectrum(
        np.asarray(sums.sum_spectrum, dtype=float),
        np.asarray(sums.max_spectrum, dtype=float),
        everywhere.size,
        mean_live_time(cube, everywhere),
    )


def whole_curves(whole: RegionSpectrum) -> tuple[Measured, Measured]:
    """Return the curves of sum and maximum."""
    return (
        Measured(SUM, "whole scan", whole.total, whole.n_pixels, whole.live_time_s),
        Measured(MAXIMUM, "maximum", whole.highest, 1, whole.live_time_s),
    )


def region_curves(cube: SpectralCube, regions: Sequence[Region]) -> list[Measured]:
    """Add the spectra of regions, each as a curve."""
    found = region_spectra(cube, [region.mask for region in regions])
    return [
        Measured(
            region.key,
            f"{region.name} ({one.n_pixels} px)",
            one.total,
            one.n_pixels,
            one.live_time_s,
            region.colour,
        )
        for region, one in zip(regions, found, strict=True)
    ]


def hottest_curve(cube: SpectralCube, hottest: HottestPixels) -> Measured:
    """Return the spectrum of the hottest pixels as a curve."""
    mask = np.zeros(cube.shape[:2], bool)
    mask[hottest.rows, hottest.columns] = True
    n = len(hottest.rows)
    name = f"hottest {n} px, {window_words(hottest.window_kev)}"
    return Measured("hottest", name, hottest.total, n, mean_live_time(cube, mask))


def unless_overtaken(steps: Steps[Any], overtaken: Callable[[], bool]) -> Any:
    """Run steps to their end, or stop when nobody waits for them any more.

    Raises
    ------
    MaxrfError
        Without words: another question has come, and patience is at its end.
    """
    end = monotonic() + PATIENCE_S
    while True:
        try:
            next(steps)
        except StopIteration as stop:
            return stop.value
        if overtaken() and monotonic() > end:
            steps.close()
            raise MaxrfError(OVERTAKEN)


def window_words(window_kev: tuple[float, float]) -> str:
    """Write a window, such as ``"6.25–6.55 keV"``."""
    return "{:.2f}–{:.2f} keV".format(*window_kev)


def window_layer(
    cube: SpectralCube,
    scan: Layer,
    image: npt.NDArray[Any],
    window_kev: tuple[float, float],
    background: bool,
) -> LayerData:
    """Show the map of a window over a scan."""
    facts = {"low_kev": window_kev[0], "high_kev": window_kev[1]}
    step = ProcessStep("window map", {**facts, "background": background})
    return (
        image,
        {
            "name": f"{cube.name} {window_words(window_kev)}",
            "metadata": metadata(_facts("window map", cube, step)),
            "rgb": False,
            "axis_labels": ("y", "x"),
            "contrast_limits": contrast(image),
            "colormap": "inferno",
            **placement_of(scan),
        },
        "image",
    )


def contrast(image: npt.NDArray[Any]) -> tuple[float, float]:
    """Return limits from 0 to almost the brightest pixel."""
    high = float(np.percentile(image, 99.8)) if image.size else 1.0
    return 0.0, max(high, 1.0)


def hottest_layer(cube: SpectralCube, scan: Layer, hottest: HottestPixels) -> LayerData:
    """Show the hottest pixels as rings, with their counts as features."""
    low, high = hottest.window_kev
    step = ProcessStep("hottest pixels", {"low_kev": low, "high_kev": high})
    return (
        np.stack([hottest.rows, hottest.columns], axis=1),
        {
            "name": f"{cube.name} hottest {window_words(hottest.window_kev)}",
            "metadata": metadata(_facts("helper", cube, step)),
            "features": {"counts": hottest.counts},
            "axis_labels": ("y", "x"),
            "face_color": "transparent",
            "border_color": "cyan",
            "size": POINT_PIXELS,
            **placement_of(scan),
        },
        "points",
    )


def recalibrated_layer(cube: SpectralCube, scan: Layer) -> LayerData:
    """Show a scan with its new energies, where and as the old one is shown."""
    from napari_maxrf.io import energy_first

    return (
        energy_first(cube),
        {
            "name": f"{cube.name} recalibrated",
            "metadata": metadata(_facts("cube", cube)),
            "contrast_limits": tuple(scan.contrast_limits),
            "colormap": scan.colormap,
            "rgb": False,
            "visible": scan.visible,
            "axis_labels": ("energy", "y", "x"),
            **below_energy(placement_of(scan), cube.energy),
        },
        "image",
    )


def _facts(kind: Any, cube: SpectralCube, *steps: ProcessStep) -> LayerFacts:
    provenance = (*cube.provenance, *steps)
    return LayerFacts(
        kind, provenance, cube=cube, synthetic=is_synthetic(cube.provenance)
    )
