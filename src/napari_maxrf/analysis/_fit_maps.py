"""Maps of elements by a fit of line shapes, all elements at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from napari_maxrf.analysis._line_model import LineModel, line_model
from napari_maxrf.analysis._linear_fit import LinearFit
from napari_maxrf.analysis._maps import ElementMap
from napari_maxrf.analysis._visits import Totals, visits
from napari_maxrf.errors import MaxrfError
from napari_maxrf.progress import Progress, Steps, finish

if TYPE_CHECKING:
    from napari_maxrf.analysis._map_config import MapConfig
    from napari_maxrf.cube import SpectralCube, Spectrum


@dataclass(frozen=True, eq=False)
class FitMaps:
    """Maps of a fit, with what they rest on.

    Attributes
    ----------
    maps : tuple of ElementMap
        One per shell, ``"Fe K"``; net counts of all its lines.
    model : LineModel
        Columns, axis and resolution.
    sum_spectrum : ndarray, shape (n_channels,)
        Of all pixels.
    max_spectrum : ndarray, shape (n_channels,)
        Largest count of every channel.
    """

    maps: tuple[ElementMap, ...]
    model: LineModel
    sum_spectrum: Spectrum
    max_spectrum: npt.NDArray[Any]


class Fits:
    """Fits a model to every pixel that is visited.

    Parameters
    ----------
    cube : SpectralCube
        Whose pixels are visited.
    model : LineModel
        What to fit.
    errors : bool
        Also propagate the statistical error of the counts.
    """

    def __init__(self, cube: SpectralCube, model: LineModel, errors: bool) -> None:
        self.channels = slice(0, cube.shape[2])
        self._fit, self._n = LinearFit(model), model.n_mapped
        shape = (self._n, *cube.shape[:2])
        self.images = np.empty(shape, np.float32)
        self.errors = np.empty(shape, np.float32) if errors else None

    def visit(self, rows: slice, columns: slice, block: npt.NDArray[Any]) -> None:
        """Fit a tile."""
        spectra = block.reshape(-1, block.shape[2])
        place = np.s_[:, rows, columns]
        self.images[place] = self._planes(self._fit.areas(spectra), block)
        if self.errors is not None:
            variances = self._fit.variances(spectra)
            self.errors[place] = self._planes(np.sqrt(variances), block)

    def _planes(
        self, values: npt.NDArray[Any], block: npt.NDArray[Any]
    ) -> npt.NDArray[Any]:
        return values[:, : self._n].T.reshape(-1, *block.shape[:2])


def fit_maps(
    cube: SpectralCube, config: MapConfig, model: LineModel | None = None
) -> FitMaps:
    """Map elements by a fit; see `fit_maps_steps`."""
    return finish(fit_maps_steps(cube, config, model))


def fit_maps_steps(
    cube: SpectralCube, config: MapConfig, model: LineModel | None = None
) -> Steps[FitMaps]:
    """Fit the lines of all elements to every pixel.

    The areas are those of weighted least squares, at least 0 where the configuration
    says so; the weights follow from the mean spectrum.

    Parameters
    ----------
    cube : SpectralCube
        Counts and their energies.
    config : MapConfig
        Elements, background and what else is fitted.
    model : LineModel, optional
        Made before; then one pass over the cube does everything. Default:
        `line_model` of the sum spectrum, which costs another pass unless the cube
        stores its sums.

    Yields
    ------
    Progress
        One record after each block.

    Returns
    -------
    FitMaps
        One map per shell, in the order of the elements.

    Raises
    ------
    MaxrfError
        Something is not an element, has no line in the range, or nothing is found.
    """
    if model is None:
        total = yield from sum_spectrum_steps(cube)
        yield Progress("Looking at the sum spectrum", 0, 0)
        model = line_model(total, cube.energy, config)
    elif model.weights.size != cube.shape[2]:
        raise MaxrfError(
            f"The model has {model.weights.size} channels, {cube.name} has "
            f"{cube.shape[2]}."
        )
    totals, fits = Totals(cube), Fits(cube, model, config.errors)
    yield from visits(cube, [totals, fits], "Fitting lines")
    return FitMaps(_maps(model, fits), model, totals.sum, totals.maximum)


def sum_spectrum_steps(cube: SpectralCube) -> Steps[Spectrum]:
    """Add the spectra of all pixels; at once where the cube stores its sums."""
    stored = cube.sums()
    if stored is not None:
        return np.asarray(stored.sum_spectrum, dtype=np.float64)
    totals = Totals(cube)
    yield from visits(cube, [totals], "Adding spectra")
    return totals.sum


def _maps(model: LineModel, fits: Fits) -> tuple[ElementMap, ...]:
    return tuple(
        ElementMap(
            shell.element,
            shell.shell,
            shell.main_kev,
            (min(shell.energies_kev), max(shell.energies_kev)),
            fits.images[index],
            None if fits.errors is None else fits.errors[index],
        )
        for index, shell in enumerate(model.shells[: model.n_mapped])
    )
