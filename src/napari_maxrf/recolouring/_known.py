"""Hold a recolouring to the spectra it knows.

A network extrapolates wildly beyond the latents it was trained on, to colours that
no painting has. A real scan lies largely beyond them, so a latent that is far from
every training pixel is replaced by the nearest one that is known.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

Latents = npt.NDArray[np.float32]

RARE_PERCENTILE = 99.9


class KnownLatents:
    """Latents of training pixels, and how far apart such pixels lie.

    Parameters
    ----------
    reference : ndarray of float32, shape (n, n_latents)
        Standardised latents of training pixels, at least two.

    Attributes
    ----------
    reach : float
        Distance to the nearest neighbour that only one training pixel in a
        thousand exceeds.
    """

    def __init__(self, reference: Latents) -> None:
        self._reference = reference
        self._tree = cKDTree(reference)
        apart = np.asarray(self._tree.query(reference, k=2)[0])[:, 1]
        self.reach = float(np.percentile(apart, RARE_PERCENTILE))

    def nearest(self, latents: Latents) -> tuple[Latents, npt.NDArray[np.bool_]]:
        """Replace latents beyond reach by the nearest known ones.

        Parameters
        ----------
        latents : ndarray of float32, shape (y, x, n_latents)
            Standardised latents of a scan.

        Returns
        -------
        held : ndarray of float32, shape (y, x, n_latents)
            The same where they are within reach.
        unknown : ndarray of bool, shape (y, x)
            Pixels that were replaced.
        """
        flat = latents.reshape(-1, latents.shape[-1])
        distance, found = map(np.asarray, self._tree.query(flat))
        unknown = distance > self.reach
        held = np.where(unknown[:, None], self._reference[found], flat)
        plane = latents.shape[:-1]
        return held.reshape(latents.shape).astype(np.float32), unknown.reshape(plane)
