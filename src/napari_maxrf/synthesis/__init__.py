"""RGB picture and palette to a synthetic scan (ganX, arXiv 2304.14078)."""

from __future__ import annotations

from napari_maxrf.synthesis._clusters import (
    ColourClusters,
    cluster_colours,
    cluster_colours_steps,
)
from napari_maxrf.synthesis._config import CountsMode, SynthesisConfig, ganx_preset
from napari_maxrf.synthesis._mixture import expected_spectra, mixture_weights
from napari_maxrf.synthesis._picture_rows import PictureRows, picture_rows
from napari_maxrf.synthesis._sampling import (
    PhotonSampler,
    photon_sampler,
    sample_spectra,
)
from napari_maxrf.synthesis._similarity import colour_similarity
from napari_maxrf.synthesis._stream import ScanBlocks, scan_blocks_steps
from napari_maxrf.synthesis._synthesise import (
    PaletteLike,
    Synthesis,
    synthesise,
    synthesise_steps,
)

__all__ = [
    "ColourClusters",
    "CountsMode",
    "PaletteLike",
    "PhotonSampler",
    "PictureRows",
    "ScanBlocks",
    "Synthesis",
    "SynthesisConfig",
    "cluster_colours",
    "cluster_colours_steps",
    "colour_similarity",
    "expected_spectra",
    "ganx_preset",
    "mixture_weights",
    "photon_sampler",
    "picture_rows",
    "sample_spectra",
    "scan_blocks_steps",
    "synthesise",
    "synthesise_steps",
]
