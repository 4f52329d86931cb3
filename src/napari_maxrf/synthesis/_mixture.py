"""From the likeness of colours to mixtures of pigments and their spectra."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from napari_maxrf.errors import PaletteError

Weights = npt.NDArray[np.float64]


def mixture_weights(similarity: npt.ArrayLike, threshold: float) -> Weights:
    """Turn similarities into shares of pigments, with a hard threshold.

    A pigment whose similarity is below `threshold` takes no part; if none is
    left, the most similar one (the first on a tie) takes all.

    Parameters
    ----------
    similarity : array, shape (k, n)
        Similarity of each cluster to each pigment, 0..1.
    threshold : float
        Least similarity of a pigment that takes part.

    Returns
    -------
    ndarray, shape (k, n)
        Shares; each row sums to 1.

    Raises
    ------
    PaletteError
        There is no pigment.

    Examples
    --------
    >>> shares = mixture_weights([[0.9, 0.3, 0.6], [0.2, 0.1, 0.3]], 0.5)
    >>> shares.round(3).tolist()
    [[0.6, 0.0, 0.4], [0.0, 0.0, 1.0]]
    """
    likeness = np.atleast_2d(np.asarray(similarity, dtype=np.float64))
    if likeness.shape[1] == 0:
        raise PaletteError("The palette holds no pigment; add at least one.")
    kept = np.where(likeness >= threshold, likeness, 0.0)
    lost = kept.sum(axis=1) == 0
    kept[lost, likeness[lost].argmax(axis=1)] = 1.0
    return np.asarray(kept / kept.sum(axis=1, keepdims=True))


def expected_spectra(
    weights: npt.ArrayLike, pigment_spectra: npt.ArrayLike
) -> npt.NDArray[np.float64]:
    """Mix the spectra of pigments: q_k(E) = sum_j w_kj p_j(E).

    Parameters
    ----------
    weights : array, shape (k, n)
        Shares of the pigments; rows sum to 1.
    pigment_spectra : array, shape (n, n_bins)
        Spectra of the pigments; rows sum to 1.

    Returns
    -------
    ndarray, shape (k, n_bins)
        Probability of a photon in each bin; rows sum to 1.

    Raises
    ------
    PaletteError
        The number of pigments differs, or a spectrum is empty, negative or not
        finite.
    """
    shares = np.atleast_2d(np.asarray(weights, dtype=np.float64))
    spectra = np.atleast_2d(np.asarray(pigment_spectra, dtype=np.float64))
    if shares.shape[1] != spectra.shape[0]:
        raise PaletteError(
            f"The mixture has {shares.shape[1]} pigments, but there are "
            f"{spectra.shape[0]} pigment spectra."
        )
    totals = spectra.sum(axis=1, keepdims=True)
    bad = ~(np.isfinite(totals[:, 0]) & (totals[:, 0] > 0) & (spectra >= 0).all(axis=1))
    if bad.any():
        raise PaletteError(
            f"The spectrum of pigment number {int(bad.argmax()) + 1} of the palette "
            "is empty, negative or not finite in this energy range."
        )
    mixed = shares @ (spectra / totals)
    return np.asarray(mixed / mixed.sum(axis=1, keepdims=True))
