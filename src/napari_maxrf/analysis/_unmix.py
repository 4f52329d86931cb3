"""How much of a spectrum a mixture of known spectra explains.

Simulated spectra are worth as much as they resemble real ones. The measure is the
best mixture of them with weights of at least 0, found by maximum likelihood for
Poisson counts, and what it leaves over.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from napari_maxrf.errors import MaxrfError

Floats = npt.NDArray[np.float64]

_EM_STEPS = 20
_NEWTON_STEPS = 100
_HALVINGS = 30
_CONVERGED = 1e-12
_LEAST_EXPECTED = 1e-3
_TINY = 1e-12


@dataclass(frozen=True, eq=False)
class Mixture:
    """The best mixture of references for every spectrum.

    Attributes
    ----------
    weights : ndarray, shape (..., n_references)
        At least 0; ``weights @ references`` is the fit.
    fitted : ndarray, shape (..., n_channels)
        Expected counts.
    residuals : ndarray, shape (..., n_channels)
        Counts less expected ones over their Poisson error, in sigma. A channel
        that expects less than 0.001 counts is judged as if it expected 0.001.
    chi2_reduced : ndarray, shape (...)
        Sum of squared residuals per degree of freedom, that is channels less
        references in use; 1 for the true mixture, and it grows with the exposure
        for a wrong one.
    explained : ndarray, shape (...)
        Share of the counts that the fit covers, ``sum(min(counts, fitted)) /
        sum(counts)``; noise alone keeps it below 1. NaN without counts.
    r2 : ndarray, shape (...)
        Share of the variance between channels explained, on the square root of
        the counts, where every channel has the same noise. NaN for a flat spectrum.
    """

    weights: Floats
    fitted: Floats
    residuals: Floats
    chi2_reduced: Floats
    explained: Floats
    r2: Floats


def unmix(spectra: npt.ArrayLike, references: npt.ArrayLike) -> Mixture:
    """Explain spectra by mixtures of reference spectra, all weights at least 0.

    The Poisson likelihood is maximised: first by expectation maximisation for all
    spectra at once (Shepp and Vardi, IEEE Trans. Med. Imaging 1, 113 (1982)), then
    by Fisher scoring with non-negative least squares for each, halving steps that
    do not help. Channels in which no reference has counts are not fitted, but they
    are judged.

    Parameters
    ----------
    spectra : array-like, shape (..., n_channels)
        Counts.
    references : array-like, shape (n_references, n_channels)
        On any scale, each with counts somewhere.

    Returns
    -------
    Mixture
        With the leading shape of `spectra`.

    Raises
    ------
    MaxrfError
        Shapes do not match, values are negative or undefined, or a reference has
        no counts.

    Examples
    --------
    >>> references = [[4.0, 1.0, 0.0], [0.0, 1.0, 4.0]]
    >>> mixture = unmix([[80.0, 50.0, 120.0]], references)
    >>> mixture.weights.round(3).tolist()
    [[20.0, 30.0]]
    >>> float(mixture.explained[0].round(6))
    1.0
    """
    counts = _checked(spectra, "Spectra", 1)
    shapes = _checked(references, "References", 2)
    _check_match(counts, shapes)
    rows, sums = counts.reshape(-1, counts.shape[-1]), shapes.sum(axis=1)
    unit = shapes / sums[:, None]
    reached = unit.any(axis=0)
    weights = _expectation_maximised(rows[:, reached], unit[:, reached])
    scored = [
        _scored(row, unit[:, reached], start)
        for row, start in zip(rows[:, reached], weights, strict=True)
    ]
    found = np.array(scored).reshape(weights.shape)
    return _judged(counts, (found / sums).reshape(*counts.shape[:-1], -1), shapes)


def _checked(values: npt.ArrayLike, what: str, least_dimensions: int) -> Floats:
    array = np.asarray(values, dtype=np.float64)
    if array.ndim < least_dimensions or array.shape[-1] == 0:
        raise MaxrfError(
            f"{what} need at least {least_dimensions} dimensions and one channel, "
            f"got shape {array.shape}."
        )
    if not (np.isfinite(array).all() and array.min(initial=0.0) >= 0):
        raise MaxrfError(f"{what} hold negative or undefined counts.")
    return array


def _check_match(counts: Floats, shapes: Floats) -> None:
    if shapes.ndim != 2 or shapes.shape[0] == 0:
        raise MaxrfError(
            "References need the shape (n_references, n_channels) with at least "
            f"one reference, got {shapes.shape}."
        )
    if counts.shape[-1] != shapes.shape[-1]:
        raise MaxrfError(
            f"Spectra have {counts.shape[-1]} channels, references "
            f"{shapes.shape[-1]}; compute both on one energy axis."
        )
    empty = np.flatnonzero(~shapes.any(axis=1))
    if empty.size:
        raise MaxrfError(f"Reference {empty[0]} has no counts; leave it out.")


def _expectation_maximised(rows: Floats, unit: Floats) -> Floats:
    """Start from equal weights, which sum to the counts from the first step on."""
    weights = np.repeat(rows.sum(axis=1, keepdims=True) / len(unit), len(unit), axis=1)
    for _ in range(_EM_STEPS):
        expected = np.maximum(weights @ unit, np.finfo(float).tiny)
        weights = weights * ((rows / expected) @ unit.T)
    return np.asarray(weights)


def _scored(row: Floats, unit: Floats, start: Floats) -> Floats:
    """Take Fisher scoring steps until the likelihood grows no more."""
    from scipy.optimize import nnls

    weights, loss = start, _loss(row, start @ unit)
    for _ in range(_NEWTON_STEPS if row.any() else 0):
        expected = weights @ unit
        root = np.sqrt(np.maximum(expected, _TINY * expected.max()))
        try:
            goal, _ = nnls((unit / root).T, row / root, maxiter=50 * len(unit))
        except RuntimeError:  # its iterations ran out; what is found stays valid
            break
        moved, better = _descended(row, unit, weights, goal, loss)
        gain, weights, loss = loss - better, moved, better
        if gain <= _CONVERGED * row.sum():
            break
    return weights


def _descended(
    row: Floats, unit: Floats, weights: Floats, goal: Floats, loss: float
) -> tuple[Floats, float]:
    """Go as far towards the goal as the likelihood grows."""
    step = 1.0
    for _ in range(_HALVINGS):
        moved = weights + step * (goal - weights)
        found = _loss(row, moved @ unit)
        if found < loss:
            return moved, found
        step /= 2
    return weights, loss


def _loss(row: Floats, expected: Floats) -> float:
    """Negative Poisson log likelihood; infinite where counts meet nothing."""
    seen = row > 0
    if (expected[seen] <= 0).any():
        return float(np.inf)
    return float(expected.sum() - row[seen] @ np.log(expected[seen]))


def _judged(counts: Floats, weights: Floats, shapes: Floats) -> Mixture:
    fitted = weights @ shapes
    residuals = (counts - fitted) / np.sqrt(np.maximum(fitted, _LEAST_EXPECTED))
    freedom = np.maximum(counts.shape[-1] - (weights > 0).sum(axis=-1), 1)
    roots = np.sqrt(counts)
    spread = ((roots - roots.mean(axis=-1, keepdims=True)) ** 2).sum(axis=-1)
    missed = ((roots - np.sqrt(fitted)) ** 2).sum(axis=-1)
    covered = np.minimum(counts, fitted).sum(axis=-1)
    return Mixture(
        weights=weights,
        fitted=fitted,
        residuals=residuals,
        chi2_reduced=(residuals**2).sum(axis=-1) / freedom,
        explained=_ratio(covered, counts.sum(axis=-1)),
        r2=1 - _ratio(missed, spread),
    )


def _ratio(part: Floats, whole: Floats) -> Floats:
    """Divide, with NaN where the whole is nothing."""
    result = np.full(np.shape(whole), np.nan)
    return np.asarray(np.divide(part, whole, out=result, where=np.asarray(whole) > 0))
