"""Pictures made ready for synthesis: colour clusters and the spectra they expect.

Clustering and mixing are the slow part of synthesis and do not depend on the
photons, so they are done once per picture; photons are drawn anew as needed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from napari_maxrf.pictures import load_picture, resize
from napari_maxrf.synthesis import (
    SynthesisConfig,
    cluster_colours,
    colour_similarity,
    expected_spectra,
    mixture_weights,
)

if TYPE_CHECKING:
    from pathlib import Path

    from napari_maxrf.pigments import Palette


@dataclass(frozen=True)
class PreparedPictures:
    """Square pictures with their colour clusters and expected spectra.

    Attributes
    ----------
    rgb : ndarray of uint8, shape (n, size, size, 3)
        The pictures in sRGB.
    labels : ndarray of uint8, shape (n, size, size)
        Colour cluster of every pixel.
    expected : ndarray of float32, shape (n, most clusters, n_bins)
        Expected spectrum of every cluster, each with sum 1; rows beyond the
        clusters of a picture are zero.
    names : tuple of str
        File names.
    skipped : tuple of str
        One line for every picture that could not be read.
    """

    rgb: npt.NDArray[np.uint8]
    labels: npt.NDArray[np.uint8]
    expected: npt.NDArray[np.float32]
    names: tuple[str, ...]
    skipped: tuple[str, ...] = ()

    def __len__(self) -> int:
        """Return the number of pictures."""
        return len(self.rgb)

    def clusters_of(self, index: int) -> int:
        """Return how many colour clusters picture `index` has."""
        return int(self.labels[index].max()) + 1


def square_picture(path: Path, size: int) -> npt.NDArray[np.float32]:
    """Read a picture, scale its shorter side to `size`, and cut its middle out.

    Returns
    -------
    ndarray of float32, shape (size, size, 3)
        The picture in sRGB, 0 to 1.
    """
    picture = load_picture(path)
    height, width = picture.shape[:2]
    scale = size / min(height, width)
    goal = max(size, round(height * scale)), max(size, round(width * scale))
    scaled = resize(picture, goal)
    top, left = (goal[0] - size) // 2, (goal[1] - size) // 2
    return np.ascontiguousarray(scaled[top : top + size, left : left + size])


@dataclass(frozen=True)
class PreparedPicture:
    """One of `PreparedPictures`; `expected` has a row per cluster of its own."""

    name: str
    rgb: npt.NDArray[np.uint8]
    labels: npt.NDArray[np.uint8]
    expected: npt.NDArray[np.float32]


def prepare_picture(
    name: str,
    picture: npt.NDArray[np.float32],
    palette: Palette,
    pigment_spectra: npt.NDArray[np.float64],
    synthesis: SynthesisConfig,
) -> PreparedPicture:
    """Cluster the colours of a picture and mix the spectra of each cluster."""
    clusters = cluster_colours(
        picture, synthesis.k_min, synthesis.k_max, synthesis.seed
    )
    similarity = colour_similarity(clusters.colours, palette.colours)
    weights = mixture_weights(similarity, synthesis.threshold)
    expected = expected_spectra(weights, pigment_spectra)
    rgb = np.round(picture * 255).astype(np.uint8)
    labels = clusters.labels.astype(np.uint8)
    return PreparedPicture(name, rgb, labels, expected.astype(np.float32))
