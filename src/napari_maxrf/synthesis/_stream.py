"""Scans larger than the memory: the same counts as `synthesise`, block by block.

The picture is passed over twice before the first photon, to find the clusters and
their mean colours; what is kept of it is a few numbers. A block of the scan then
needs the rows of the picture under it and nothing else.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from napari_maxrf._files import content_hash
from napari_maxrf.cube import SpectralCube
from napari_maxrf.progress import Progress, Steps
from napari_maxrf.synthesis._clusters import (
    FITTED_PIXELS,
    centres_steps,
    nearest_centres,
    sampled_places,
)
from napari_maxrf.synthesis._config import SynthesisConfig
from napari_maxrf.synthesis._mixture import expected_spectra, mixture_weights
from napari_maxrf.synthesis._picture import Picture, check_picture
from napari_maxrf.synthesis._picture_rows import PictureRows, bands
from napari_maxrf.synthesis._similarity import colour_similarity
from napari_maxrf.synthesis._synthesise import (
    BLOCK,
    PaletteLike,
    checked_palette,
    scan_sampler,
    synthesis_step,
)

if TYPE_CHECKING:
    from napari_maxrf.synthesis._sampling import Counts, PhotonSampler

_STAGE = "Reading the picture"


@dataclass(frozen=True, eq=False)
class ScanBlocks:
    """A synthetic scan of which any block can be drawn at any time.

    Attributes
    ----------
    cube : SpectralCube
        The scan, lazily and without maps.
    planes : tuple of str
        Names of the maps that come with the counts, as in `Synthesis.cube`.
    n_clusters : int
        Number of colours.
    """

    cube: SpectralCube
    planes: tuple[str, ...]
    n_clusters: int
    _drawer: _Drawer

    def draw(
        self, rows: slice, columns: slice
    ) -> tuple[Counts, dict[str, npt.NDArray[np.float32]]]:
        """Draw a block.

        Parameters
        ----------
        rows, columns : slice
            With start and stop, inside the scan.

        Returns
        -------
        counts : ndarray, shape (y, x, energy)
        planes : dict of str to ndarray, shape (y, x)
            Share of each pigment, and the cluster.
        """
        labels = self._drawer.labels(rows, columns)
        shares = self._drawer.shares
        maps = dict(zip(self.planes, (*shares[:, labels], labels), strict=True))
        planes = {name: np.asarray(one, np.float32) for name, one in maps.items()}
        return self._drawer.counts(labels, rows, columns), planes


@dataclass(frozen=True, eq=False)
class _Drawer:
    """What a block needs, besides its place. Dask reads it as an array of counts."""

    picture: PictureRows
    centres: Picture
    numbers: npt.NDArray[np.int16]
    shares: npt.NDArray[np.float32]
    sampler: PhotonSampler

    @property
    def shape(self) -> tuple[int, int, int]:
        return (*self.picture.shape, self.sampler.shape[1])

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.sampler.dtype

    @property
    def ndim(self) -> int:
        return 3

    def __getitem__(self, where: tuple[slice, slice, slice]) -> Counts:
        rows, columns = (
            slice(*one.indices(size)[:2])
            for one, size in zip(where, self.shape[:2], strict=False)
        )
        counts = self.counts(self.labels(rows, columns), rows, columns)
        return counts[:: where[0].step or 1, :: where[1].step or 1, where[2]]

    def labels(self, rows: slice, columns: slice) -> npt.NDArray[np.int16]:
        block = check_picture(self.picture.rows(rows.start, rows.stop)[:, columns])
        nearest = nearest_centres(block.reshape(-1, 3), self.centres)
        return self.numbers[nearest].reshape(block.shape[:2])

    def counts(
        self, labels: npt.NDArray[np.int16], rows: slice, columns: slice
    ) -> Counts:
        """Draw counts; a pixel's index is its place in the picture, row by row."""
        y, x = np.ogrid[rows, columns]
        index = y * self.shape[1] + x
        counts = self.sampler.draw(labels.ravel(), index.ravel())
        return counts.reshape(*labels.shape, -1)


def scan_blocks_steps(
    picture: PictureRows,
    palette: PaletteLike,
    config: SynthesisConfig | None = None,
    name: str = "synthetic scan",
) -> Steps[ScanBlocks]:
    """Prepare a scan whose picture and counts need not fit into the memory.

    Parameters
    ----------
    picture : PictureRows
        Of `picture_rows`.
    palette : Palette
        Pigments with colours and spectra.
    config : SynthesisConfig, optional
        Settings; the defaults if not given.
    name : str
        Name of the scan.

    Returns
    -------
    ScanBlocks
        Its counts and maps equal those of `synthesise` bit by bit.

    Raises
    ------
    PictureError
        The picture cannot be read or used.
    PaletteError
        The palette is empty or its spectra do not fit.
    """
    config = SynthesisConfig() if config is None else config
    colours, spectra = checked_palette(palette, config.axis)
    rng = np.random.default_rng(config.seed)
    digest, fitted = yield from _read_once_steps(picture, rng)
    centres, score = yield from centres_steps(
        fitted, config.k_min, config.k_max, config.seed, rng
    )
    numbers, means = yield from _mean_colours_steps(picture, centres)
    weights = mixture_weights(colour_similarity(means, colours), config.threshold)
    sampler, mean = scan_sampler(config, digest, expected_spectra(weights, spectra))
    step = synthesis_step(config, palette, digest, len(means), score, mean)
    shares = weights.astype(np.float32).T
    drawer = _Drawer(picture, centres, numbers, shares, sampler)
    cube = SpectralCube(
        _lazily(drawer, content_hash(step.to_json())),
        config.axis,
        name,
        pixel_size_mm=(config.pixel_size_mm, config.pixel_size_mm),
        provenance=(step,),
        metadata={"synthetic": True},
    )
    planes = (*(f"pigment_{pigment}" for pigment in palette.ids), "cluster")
    return ScanBlocks(cube, planes, len(means), drawer)


def _read_once_steps(
    picture: PictureRows, rng: np.random.Generator
) -> Steps[tuple[str, Picture]]:
    """Return the picture's hash (see `picture_hash`) and a sample of its pixels."""
    height, width = picture.shape
    places = sampled_places(height * width, FITTED_PIXELS, rng)
    digest = hashlib.sha256(repr((height, width, 3)).encode())
    sample, start = [], 0
    for band in bands(picture):
        pixels = np.ascontiguousarray(check_picture(band)).reshape(-1, 3)
        digest.update(pixels.data)
        inside = slice(*np.searchsorted(places, (start, start + len(pixels))))
        sample.append(pixels[places[inside] - start])
        start += len(pixels)
        yield Progress(_STAGE, start, 2 * height * width)
    return digest.hexdigest()[:16], np.concatenate(sample)


def _mean_colours_steps(
    picture: PictureRows, centres: Picture
) -> Steps[tuple[npt.NDArray[np.int16], npt.NDArray[np.float64]]]:
    """Return the number of the cluster of each centre, and the clusters' colours.

    Each sum goes on from the one before, so that it is rounded as in one piece.
    """
    k, n_pixels = len(centres), int(np.prod(picture.shape))
    sums, sizes = np.zeros((3, k)), np.zeros(k, np.int64)
    for band in bands(picture):
        pixels = check_picture(band).reshape(-1, 3)
        labels = nearest_centres(pixels, centres)
        sizes += np.bincount(labels, minlength=k)
        continued = np.concatenate([np.arange(k), labels])
        for row, channel in zip(sums, pixels.T, strict=True):
            row[:] = np.bincount(continued, np.concatenate([row, channel]))
        yield Progress(_STAGE, n_pixels + int(sizes.sum()), 2 * n_pixels)
    kept = sizes > 0
    numbers = (np.cumsum(kept) - 1).astype(np.int16)
    return numbers, (sums[:, kept] / sizes[kept]).T


def _lazily(drawer: _Drawer, token: str) -> Any:
    import dask.array as da

    return da.from_array(
        drawer,
        (BLOCK, BLOCK, drawer.shape[2]),
        name=f"scan-blocks-{token}",
        meta=np.empty((0, 0, 0), drawer.dtype),
    )
