"""What the spectra of a scan are made of, as columns of a linear fit.

All pixels share the columns and the weights of the channels, which follow from the
sum spectrum: then one small matrix serves the whole scan.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from napari_maxrf.analysis._fit import found_elements
from napari_maxrf.analysis._lines import resolution_kev
from napari_maxrf.analysis._model_shapes import PeakShaper, polynomial_columns
from napari_maxrf.analysis._ratios import refined_ratios
from napari_maxrf.analysis._refine import refined_axis
from napari_maxrf.analysis._resolution import USUAL_RESOLUTION, Resolution
from napari_maxrf.analysis._shells import named_shells, shells_between
from napari_maxrf.errors import MaxrfError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_maxrf.analysis._map_config import MapConfig
    from napari_maxrf.analysis._scatter import ScatterPeaks
    from napari_maxrf.analysis._shells import Shell
    from napari_maxrf.cube import EnergyAxis

Floats = npt.NDArray[np.float64]

_LEAST_INSIDE = 0.02
_LEAST_SHARE = 0.01
_BEYOND_FWHM = 2.0
_REACH_FWHM = 2.5
_SMOOTHING_FWHM = 0.5


@dataclass(frozen=True)
class DetectorState:
    """Axis and resolution that a fit works with.

    Attributes
    ----------
    axis : EnergyAxis
        Energies of the channels.
    resolution : Resolution
        Width of a line.
    scatter : ScatterPeaks or None
        Anode, scattering angle and Compton width.
    source : str
        ``"fit"`` where the spectrum gave the resolution, ``"usual"`` where it did
        not and that of a silicon drift detector is taken.
    """

    axis: EnergyAxis
    resolution: Resolution
    scatter: ScatterPeaks | None = None
    source: str = "usual"


@dataclass(frozen=True, eq=False)
class LineModel:
    """Columns and weights of a linear fit.

    Attributes
    ----------
    detector : DetectorState
        Axis and resolution.
    shells : tuple of Shell
        In the order of the first columns.
    n_mapped : int
        How many of them are mapped; the others are only fitted along.
    names : tuple of str
        Of every column: shells first, then scatter, pile-up and background.
    columns : ndarray, shape (n_channels, n_columns)
        Counts for an area of 1.
    free : ndarray of bool, shape (n_columns,)
        Which may become negative.
    channels : slice
        Which are fitted.
    weights : ndarray, shape (n_channels,)
        Inverse variance of a channel, on any scale.
    snip_reach : int
        Largest distance of SNIP in channels; 0 where it is not used.
    smoothing : int
        SNIP first takes means over ``2 smoothing + 1`` channels.
    """

    detector: DetectorState
    shells: tuple[Shell, ...]
    n_mapped: int
    names: tuple[str, ...]
    columns: Floats
    free: npt.NDArray[np.bool_]
    channels: slice
    weights: Floats
    snip_reach: int = 0
    smoothing: int = 0


def detector_state(
    spectrum: Floats, axis: EnergyAxis, recalibrate: bool = True
) -> DetectorState:
    """Take axis and resolution from a sum spectrum, as far as it tells.

    Parameters
    ----------
    spectrum : ndarray, shape (n_channels,)
        Summed counts.
    axis : EnergyAxis
        What the file says.
    recalibrate : bool, optional
        Move the axis; otherwise the resolution only is taken.
    """
    from napari_maxrf.analysis._response_fit import fit_response

    try:
        fitted = fit_response(spectrum, axis)
    except MaxrfError:  # too few counts or lines: that is no reason not to fit
        moved = refined_axis(spectrum, axis) if recalibrate else axis
        return DetectorState(moved, USUAL_RESOLUTION)
    moved = fitted.axis if recalibrate else axis
    return DetectorState(moved, fitted.resolution, fitted.scatter, "fit")


def line_model(
    spectrum: Floats,
    axis: EnergyAxis,
    config: MapConfig,
    detector: DetectorState | None = None,
) -> LineModel:
    """Build the columns for a scan from its sum spectrum.

    Parameters
    ----------
    spectrum : ndarray, shape (n_channels,)
        Summed counts of all pixels, or of a fair sample.
    axis : EnergyAxis
        What the file says.
    config : MapConfig
        Elements, range and background.
    detector : DetectorState, optional
        Default: `detector_state`.

    Returns
    -------
    LineModel
        With one column per shell.

    Raises
    ------
    MaxrfError
        No element is given and none is found, something is not an element, or a
        shell has no line in the range.
    """
    if detector is None:
        detector = detector_state(spectrum, axis, config.recalibrate)
    found: tuple[str, ...] = ()
    if config.fit_others or not config.elements:
        found = tuple(one.element for one in found_elements(spectrum, detector.axis))
    if not (config.elements or found):
        raise MaxrfError(
            "The sum spectrum shows no clear element; name those to be fitted."
        )
    builder = _Builder(np.maximum(spectrum, 0.0), detector, config)
    return builder.built(config.elements or found, found)


class _Builder:
    """A sum spectrum, and what is made of it."""

    def __init__(
        self, spectrum: Floats, detector: DetectorState, config: MapConfig
    ) -> None:
        self.spectrum, self.detector, self.config = spectrum, detector, config
        self.axis = detector.axis
        self.shaper = PeakShaper(self.axis, detector.resolution)

    def built(self, names: tuple[str, ...], others: tuple[str, ...]) -> LineModel:
        """Build the model, the sum peaks last: they follow from a first fit."""
        low, high = self._limits()
        matrix, margin = self.config.matrix, self.detector.resolution.fwhm_kev(low) / 2
        mapped = named_shells(names, low + margin, high - margin, matrix)
        channels = self._channels(mapped, low, high)
        top = float(self.axis.edges_kev[channels.stop])
        beside = shells_between(others, low + margin, top - margin, matrix)
        known = {one.name for one in mapped}
        tabled = (*mapped, *(one for one in beside if one.name not in known))
        model = self._built(tabled, self._continuum(channels), channels)
        model = replace(model, n_mapped=len(mapped))
        return self._with_pile_up(model) if self.config.pile_up else model

    def _built(
        self, tabled: tuple[Shell, ...], continuum: Floats, channels: slice
    ) -> LineModel:
        """Build the columns above a continuum."""
        config, shells = self.config, tabled
        scatter = self._scatter()
        if config.refine_ratios:
            net, others = self.spectrum - continuum, list(scatter.values())
            shells = refined_ratios(
                self.spectrum, net, tabled, others, self.shaper, channels
            )
        columns = {one.name: self.shaper.shell(one, config.escape) for one in shells}
        background: dict[str, Floats] = {}
        if config.background == "polynomial":
            background = polynomial_columns(continuum, channels, config.degree)
        elif config.background == "snip":
            background = {"background left": _left_by_snip(continuum, channels)}
        # a line of the tube that is to be mapped is no scatter
        return self._model(shells, columns | scatter | columns, background, channels)

    def _limits(self) -> tuple[float, float]:
        """Return the range that is asked for, as far as the spectrum has counts."""
        used = np.flatnonzero(self.spectrum)
        if used.size == 0:
            raise MaxrfError("The spectrum has no counts; there is nothing to fit.")
        edges, config = self.axis.edges_kev, self.config
        low = max(config.low_kev, float(edges[used[0]]))
        high = min(config.high_kev or np.inf, float(edges[used[-1] + 1]))
        return low, high

    def _channels(self, shells: Sequence[Shell], low: float, high: float) -> slice:
        """End the range just above the highest line that counts."""
        if self.config.high_kev is None:
            top = max(
                energy
                for one in shells
                for energy, share in zip(one.energies_kev, one.shares, strict=True)
                if share > _LEAST_SHARE
            )
            beyond = _BEYOND_FWHM * self.detector.resolution.fwhm_kev(top)
            high = min(high, top + beyond)
        return self.axis.window(low, high)

    def _scatter(self) -> dict[str, Floats]:
        found = self.detector.scatter if self.config.scatter else None
        return self.shaper.scatter(found) if found else {}

    def _continuum(self, channels: slice) -> Floats:
        """Take SNIP of the fitted channels alone, as the zero peak would spoil it."""
        from napari_maxrf.analysis._kernels import snip_rows

        part = np.ascontiguousarray(self.spectrum[None, channels], dtype=np.float32)
        found = np.empty_like(part)
        reach = max(1, round(_REACH_FWHM * self._fwhm_channels()))
        snip_rows(part, 0, reach, found)
        continuum = np.zeros(self.spectrum.size)
        continuum[channels] = np.maximum(found[0], 0.0)
        return continuum

    def _model(
        self,
        shells: tuple[Shell, ...],
        peaks: dict[str, Floats],
        background: dict[str, Floats],
        channels: slice,
    ) -> LineModel:
        """Leave out what lies outside the range, or is there twice."""
        mapped = {one.name for one in shells}
        kept = {
            name: column
            for name, column in peaks.items()
            if name in mapped
            or (
                column[channels].sum() > _LEAST_INSIDE
                and name.removesuffix(" Rayleigh") not in mapped
            )
        }
        columns = kept | background
        free = np.array([name in background for name in columns])
        if not self.config.non_negative:
            free[:] = True
        fwhm = self._fwhm_channels()
        snip = self.config.background == "snip"
        return LineModel(
            detector=self.detector,
            shells=shells,
            n_mapped=len(shells),
            names=tuple(columns),
            columns=np.stack(list(columns.values()), axis=1),
            free=free,
            channels=channels,
            weights=self._weights(),
            snip_reach=max(1, round(_REACH_FWHM * fwhm)) if snip else 0,
            smoothing=round(_SMOOTHING_FWHM * fwhm) if snip else 0,
        )

    def _fwhm_channels(self) -> float:
        """Resolution in the middle of the range, in channels."""
        middle = sum(self.axis.range_kev) / 2
        return resolution_kev(middle, self.axis.gain_kev) / self.axis.gain_kev

    def _weights(self) -> Floats:
        """Inverse variance of the mean spectrum, whose own noise is smoothed."""
        from scipy.ndimage import gaussian_filter1d

        smooth = gaussian_filter1d(self.spectrum, 1.0, mode="nearest")
        return np.asarray(1 / (smooth + max(1.0, 1e-4 * float(smooth.max()))))

    def _with_pile_up(self, model: LineModel) -> LineModel:
        """Add the column of the sum peaks, if any lie in the range."""
        from napari_maxrf.analysis._linear_fit import fit_spectrum

        areas = fit_spectrum(self.spectrum, model).areas[: len(model.shells)]
        column = self.shaper.pile_up(model.shells, np.maximum(areas, 0.0))
        if column[model.channels].sum() < _LEAST_INSIDE:
            return model
        n = len(model.shells)
        return replace(
            model,
            names=(*model.names[:n], "pile-up", *model.names[n:]),
            columns=np.insert(model.columns, n, column, axis=1),
            free=np.insert(model.free, n, not self.config.non_negative),
        )


def _left_by_snip(continuum: Floats, channels: slice) -> Floats:
    """Shape of what SNIP leaves: it runs along the lower edge of the noise."""
    left = np.sqrt(continuum)
    total = left[channels].sum()
    return left / total if total > 0 else np.full(left.size, 1 / left.size)
