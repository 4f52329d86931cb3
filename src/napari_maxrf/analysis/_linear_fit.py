"""Areas of all lines at once, for one spectrum or for millions.

The columns and weights are the same for all pixels, so that the products of the
columns with each other are computed once. A spectrum costs its products with the
columns, most of which are short, and a problem of as many unknowns as columns.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from napari_maxrf.errors import MaxrfError

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_maxrf.analysis._line_model import LineModel

Floats = npt.NDArray[np.float64]
Floats32 = npt.NDArray[np.float32]

_RIDGE = 1e-10
_PIECE = 1024
_NOTHING = 1e-9


@dataclass(frozen=True, eq=False)
class SpectrumFit:
    """A fit of one spectrum.

    Attributes
    ----------
    areas, errors : ndarray, shape (n_columns,)
        Counts of every column of the model, and their statistical errors.
    background : ndarray, shape (n_channels,)
        SNIP and the background columns, 0 outside the fitted channels.
    parts : ndarray, shape (n_columns, n_channels)
        What every column adds.
    fitted : ndarray, shape (n_channels,)
        Everything together.
    chi2_reduced : float
        Squared residuals over the counts, per fitted channel; about 1 for one pixel.
    """

    areas: Floats
    errors: Floats
    background: Floats
    parts: Floats
    fitted: Floats
    chi2_reduced: float


class LinearFit:
    """A model, ready to be fitted to blocks of spectra.

    Parameters
    ----------
    model : LineModel
        Columns, weights, and how the background is treated.

    Raises
    ------
    MaxrfError
        A column is empty on the fitted channels.
    """

    def __init__(self, model: LineModel) -> None:
        self.model = model
        part = model.channels
        columns = model.columns[part].T
        weights = model.weights[part]
        norms = np.sqrt((columns**2) @ weights)
        if not (norms > 0).all():
            name = model.names[int(np.argmin(norms))]
            raise MaxrfError(f"{name} has no counts among the fitted channels.")
        self._norms = norms
        scaled = columns / norms[:, None]
        scaled[np.abs(scaled) < _NOTHING * np.abs(scaled).max(axis=1)[:, None]] = 0.0
        self._columns = np.ascontiguousarray(scaled * weights)
        # a trace of a ridge keeps columns apart that are almost the same
        self._gram = self._columns @ scaled.T + _RIDGE * np.eye(len(norms))
        self._inverse = np.ascontiguousarray(np.linalg.inv(self._gram))
        used = self._columns != 0
        self._firsts = used.argmax(axis=1)
        self._lasts = used.shape[1] - used[:, ::-1].argmax(axis=1)

    def areas(self, spectra: npt.NDArray[Any]) -> Floats:
        """Fit spectra on all channels, shape (rows, n_channels), by several threads.

        Returns
        -------
        ndarray, shape (rows, n_columns)
            No matter how the rows are cut into calls.
        """
        from napari_maxrf.analysis._kernels import fit_rows

        model = self.model

        def work(part: Floats32, found: Floats) -> None:
            fit_rows(
                part,
                model.smoothing,
                model.snip_reach,
                self._columns,
                self._firsts,
                self._lasts,
                self._gram,
                self._inverse,
                model.free,
                found,
            )

        return self._in_pieces(spectra, work) / self._norms

    def variances(self, spectra: npt.NDArray[Any]) -> Floats:
        """Return the statistical variance of the areas, shape (rows, n_columns).

        That of a fit without bounds, from the counts of each pixel.
        """
        matrix = (self._inverse @ self._columns) / self._norms[:, None]
        squares = np.ascontiguousarray((matrix**2).T, dtype=np.float32)
        found = np.empty((len(spectra), squares.shape[1]))
        for start in range(0, len(spectra), _PIECE):  # the product has its threads
            rows = slice(start, start + _PIECE)
            part = spectra[rows, self.model.channels].astype(np.float32)
            found[rows] = np.maximum(part, 0.0, out=part) @ squares
        return found

    def _in_pieces(
        self, spectra: npt.NDArray[Any], work: Callable[[Floats32, Floats], None]
    ) -> Floats:
        found = np.empty((len(spectra), len(self.model.names)))

        def piece(start: int) -> None:
            rows = slice(start, start + _PIECE)
            part = spectra[rows, self.model.channels]
            work(np.ascontiguousarray(part, dtype=np.float32), found[rows])

        starts = range(0, len(spectra), _PIECE)
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            list(pool.map(piece, starts))
        return found

    def snip(self, spectra: npt.NDArray[Any]) -> Floats32:
        """Estimate the continuum on the fitted channels, 0 where SNIP is not used."""
        from napari_maxrf.analysis._kernels import snip_rows

        part = spectra[:, self.model.channels]
        counts = np.ascontiguousarray(part, dtype=np.float32)
        background = np.zeros_like(counts)
        if self.model.snip_reach:
            snip_rows(counts, self.model.smoothing, self.model.snip_reach, background)
        return background


def fit_spectrum(spectrum: npt.ArrayLike, model: LineModel) -> SpectrumFit:
    """Fit one spectrum, to look at or to check a model by.

    Parameters
    ----------
    spectrum : array-like, shape (n_channels,)
        Counts, of one pixel or summed.
    model : LineModel
        See `line_model`.

    Raises
    ------
    MaxrfError
        The spectrum does not have the channels of the model.
    """
    counts = np.asarray(spectrum, dtype=np.float64)
    if counts.shape != model.weights.shape:
        raise MaxrfError(
            f"The spectrum has shape {counts.shape}, the model {model.weights.size} "
            "channels."
        )
    fit, part = LinearFit(model), model.channels
    areas, variances = fit.areas(counts[None])[0], fit.variances(counts[None])[0]
    parts = np.zeros_like(model.columns.T)
    parts[:, part] = model.columns[part].T * areas[:, None]
    snip = np.zeros(counts.size)
    snip[part] = fit.snip(counts[None])[0]
    fitted = snip + parts.sum(axis=0)
    below = [name.startswith("background") for name in model.names]
    left = (counts - fitted)[part] ** 2 / np.maximum(fitted[part], 1.0)
    return SpectrumFit(
        areas=areas,
        errors=np.sqrt(variances),
        background=snip + parts[below].sum(axis=0),
        parts=parts,
        fitted=fitted,
        chi2_reduced=float(left.sum() / max(left.size - areas.size, 1)),
    )
