"""From a picture and a palette to a synthetic scan.

The scan is lazy: only the clusters and their expected spectra are computed here;
the photons of a block of pixels are drawn when the block is asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt

from napari_maxrf._files import content_hash
from napari_maxrf.cube import EnergyAxis, SpectralCube
from napari_maxrf.errors import PaletteError
from napari_maxrf.progress import Progress, Steps, finish
from napari_maxrf.provenance import ProcessStep
from napari_maxrf.synthesis._clusters import ColourClusters, cluster_colours_steps
from napari_maxrf.synthesis._config import CountsMode, SynthesisConfig
from napari_maxrf.synthesis._mixture import expected_spectra, mixture_weights
from napari_maxrf.synthesis._picture import check_picture, picture_hash
from napari_maxrf.synthesis._sampling import (
    Counts,
    PhotonSampler,
    derived_seed,
    photon_sampler,
)
from napari_maxrf.synthesis._similarity import colour_similarity

if TYPE_CHECKING:
    import dask.array as da

BLOCK = 64
"""Height and width of a block of pixels whose photons are drawn together."""


class PaletteLike(Protocol):
    """What the synthesis needs of a palette (`napari_maxrf.pigments.Palette`)."""

    @property
    def id(self) -> str:
        """Short name."""

    @property
    def ids(self) -> tuple[str, ...]:
        """Names of the pigments."""

    @property
    def colours(self) -> npt.NDArray[np.float64]:
        """Colours of the pigments, sRGB in 0..1, shape (n, 3)."""

    @property
    def content_hash(self) -> str:
        """What changes when the palette changes."""

    def spectra(self, axis: EnergyAxis) -> npt.NDArray[np.float64]:
        """Spectra of the pigments, rows sum to 1, shape (n, n_bins)."""


@dataclass(frozen=True, eq=False)
class Synthesis:
    """A synthetic scan and the truth behind it.

    Attributes
    ----------
    cube : SpectralCube
        The scan; its maps hold ``"pigment_<id>"`` (share of each pigment in each
        pixel) and ``"cluster"``.
    clusters : ColourClusters
        Colours the picture was reduced to.
    weights : ndarray, shape (k, n)
        Share of each pigment in each cluster; rows sum to 1.
    expected : ndarray, shape (k, n_bins)
        Expected spectrum of each cluster; rows sum to 1.
    palette : Palette
        Pigments used.
    config : SynthesisConfig
        Settings used.
    """

    cube: SpectralCube
    clusters: ColourClusters
    weights: npt.NDArray[np.float64]
    expected: npt.NDArray[np.float64]
    palette: PaletteLike
    config: SynthesisConfig


def synthesise(
    picture: npt.NDArray[Any],
    palette: PaletteLike,
    config: SynthesisConfig | None = None,
    name: str = "synthetic scan",
) -> Synthesis:
    """Make a synthetic MA-XRF scan of a picture.

    Follows ganX (arXiv 2304.14078): colour clusters, CIEDE2000 similarity to the
    pigments, hard threshold, mixture of the pigments' spectra, random photons.

    Parameters
    ----------
    picture : ndarray, shape (y, x, 3)
        Red, green and blue as floats in 0..1.
    palette : Palette
        Pigments with colours and spectra.
    config : SynthesisConfig, optional
        Settings; the defaults if not given.
    name : str
        Name of the scan.

    Returns
    -------
    Synthesis
        Its cube is lazy. The counts of a pixel depend on picture, palette and
        settings only, not on the blocks or threads that draw them.

    Raises
    ------
    PictureError
        The picture is not of floats in 0..1 with three channels.
    PaletteError
        The palette is empty or its spectra do not fit.
    """
    return finish(synthesise_steps(picture, palette, config, name))


def synthesise_steps(
    picture: npt.NDArray[Any],
    palette: PaletteLike,
    config: SynthesisConfig | None = None,
    name: str = "synthetic scan",
) -> Steps[Synthesis]:
    """Do the work of `synthesise`, with a record for every part of it."""
    config = SynthesisConfig() if config is None else config
    checked = check_picture(picture)
    colours, spectra = checked_palette(palette, config.axis)
    clusters = yield from cluster_colours_steps(
        checked, config.k_min, config.k_max, config.seed
    )
    yield Progress("Similarity of colours and pigments", 0, 2)
    similarity = colour_similarity(clusters.colours, colours)
    yield Progress("Pigment mixtures", 1, 2)
    weights = mixture_weights(similarity, config.threshold)
    expected = expected_spectra(weights, spectra)
    cube = _cube(
        name, picture_hash(checked), clusters, weights, expected, palette, config
    )
    yield Progress("Pigment mixtures", 2, 2)
    return Synthesis(cube, clusters, weights, expected, palette, config)


def checked_palette(
    palette: PaletteLike, axis: EnergyAxis
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return colours and spectra of a palette that can be used."""
    if len(palette.ids) == 0:
        raise PaletteError(f"The palette {palette.id} is empty; add a pigment.")
    colours = np.asarray(palette.colours, dtype=np.float64)
    spectra = np.asarray(palette.spectra(axis), dtype=np.float64)
    for what, array, width in (
        ("colours", colours, 3),
        ("spectra", spectra, axis.n_channels),
    ):
        wanted = (len(palette.ids), width)
        if array.shape != wanted:
            raise PaletteError(
                f"The {what} of palette {palette.id} have shape {array.shape}; "
                f"expected {wanted}."
            )
    return colours, spectra


def _scan_mean(config: SynthesisConfig, picture: str) -> float:
    """Return the mean counts of a scan: one draw per picture in log-uniform mode.

    A real scan has one dwell time, so its pixels share their mean; single spectra
    of `sample_spectra` each draw their own.
    """
    if config.counts_mode != "log-uniform":
        return config.counts
    rng = np.random.default_rng(derived_seed(config.seed, picture, "mean"))
    return float(config.counts * (config.counts_high / config.counts) ** rng.random())


def _cube(
    name: str,
    picture: str,
    clusters: ColourClusters,
    weights: npt.NDArray[np.float64],
    expected: npt.NDArray[np.float64],
    palette: PaletteLike,
    config: SynthesisConfig,
) -> SpectralCube:
    """Put the lazy counts together with all that explains them."""
    sampler, mean = scan_sampler(config, picture, expected)
    step = synthesis_step(
        config, palette, picture, clusters.n_clusters, clusters.silhouette, mean
    )
    return SpectralCube(
        _lazy_counts(clusters.labels, sampler, content_hash(step.to_json())),
        config.axis,
        name,
        pixel_size_mm=(config.pixel_size_mm, config.pixel_size_mm),
        provenance=(step,),
        maps=_maps(clusters, weights, palette.ids),
        metadata={"synthetic": True},
    )


def scan_sampler(
    config: SynthesisConfig, picture: str, expected: npt.NDArray[np.float64]
) -> tuple[PhotonSampler, float]:
    """Return what draws the photons of a scan, and the mean counts of a pixel."""
    mean = _scan_mean(config, picture)
    mode: CountsMode = "fixed" if config.counts_mode == "fixed" else "poisson"
    seed = derived_seed(config.seed, picture, "photons")
    return photon_sampler(expected, mean, seed, mode), mean


def synthesis_step(
    config: SynthesisConfig,
    palette: PaletteLike,
    picture: str,
    n_clusters: int,
    silhouette: float,
    mean_counts: float,
) -> ProcessStep:
    """Write down how a scan was made."""
    parameters = {
        "config": config.to_json(),
        "palette": palette.id,
        "palette_hash": palette.content_hash,
        "picture_hash": picture,
        "clusters": n_clusters,
        "silhouette": silhouette,
        "mean_counts": mean_counts,
    }
    return ProcessStep("synthesise", parameters)


def _maps(
    clusters: ColourClusters, weights: npt.NDArray[np.float64], ids: tuple[str, ...]
) -> dict[str, npt.NDArray[np.float32]]:
    """Return the share of each pigment in each pixel, and the clusters."""
    shares = weights.astype(np.float32).T
    maps = {
        f"pigment_{pigment}": share[clusters.labels]
        for pigment, share in zip(ids, shares, strict=True)
    }
    return maps | {"cluster": clusters.labels.astype(np.float32)}


def _lazy_counts(
    labels: npt.NDArray[np.int16], sampler: PhotonSampler, token: str
) -> da.Array:
    """Return counts (y, x, energy) that are drawn block by block when asked for."""
    import dask.array as da

    blocks: da.Array = da.from_array(
        labels, chunks=(BLOCK, BLOCK), name=f"clusters-{token}"
    )
    n_bins = sampler.shape[1]
    counts: da.Array = da.map_blocks(
        _draw_block,
        blocks,
        sampler,
        labels.shape[1],
        chunks=(*blocks.chunks, (n_bins,)),
        new_axis=2,
        dtype=sampler.dtype,
        meta=np.empty((0, 0, 0), sampler.dtype),
        name=f"synthesise-{token}",
    )
    return counts


def _draw_block(
    labels: npt.NDArray[np.int16],
    sampler: PhotonSampler,
    width: int,
    block_info: dict[Any, Any],
) -> Counts:
    """Draw a block; a pixel's index is its place in the whole picture, row by row."""
    (top, _), (left, _) = block_info[0]["array-location"]
    rows, columns = np.indices(labels.shape)
    index = (rows + top) * width + columns + left
    counts = sampler.draw(labels.ravel(), index.ravel())
    return counts.reshape(*labels.shape, -1)
