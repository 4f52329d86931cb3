"""From an embedded image to the colours of the painting.

The published network and one of this package's own, their losses, metrics and
training, and their application to pictures of any size. Everything that needs
torch is loaded on first use (PEP 562).
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from napari_maxrf.recolouring._config import (
        NETWORKS,
        RECOLOURING_TRAINING,
        RecolouringConfig,
    )
    from napari_maxrf.recolouring._detail import DetailUViT
    from napari_maxrf.recolouring._inference import (
        recolour_latents,
        recolour_latents_steps,
    )
    from napari_maxrf.recolouring._losses import compuphase, loss_terms
    from napari_maxrf.recolouring._metrics import (
        colour_difference_map,
        ms_ssim_kernel,
        picture_metrics,
    )
    from napari_maxrf.recolouring._networks import build_network
    from napari_maxrf.recolouring._recolourer import Recolourer, load_recolourer
    from napari_maxrf.recolouring._smalluvit import SmallUViT
    from napari_maxrf.recolouring._task import PairSource, RecolouringTask
    from napari_maxrf.recolouring._tiling import apply_tiled, apply_tiled_steps

_HOMES = {
    "NETWORKS": "_config",
    "DetailUViT": "_detail",
    "PairSource": "_task",
    "Recolourer": "_recolourer",
    "RecolouringConfig": "_config",
    "RECOLOURING_TRAINING": "_config",
    "RecolouringTask": "_task",
    "SmallUViT": "_smalluvit",
    "apply_tiled": "_tiling",
    "apply_tiled_steps": "_tiling",
    "build_network": "_networks",
    "colour_difference_map": "_metrics",
    "compuphase": "_losses",
    "load_recolourer": "_recolourer",
    "loss_terms": "_losses",
    "ms_ssim_kernel": "_metrics",
    "picture_metrics": "_metrics",
    "recolour_latents": "_inference",
    "recolour_latents_steps": "_inference",
}

__all__ = [
    "NETWORKS",
    "RECOLOURING_TRAINING",
    "DetailUViT",
    "PairSource",
    "Recolourer",
    "RecolouringConfig",
    "RecolouringTask",
    "SmallUViT",
    "apply_tiled",
    "apply_tiled_steps",
    "build_network",
    "colour_difference_map",
    "compuphase",
    "load_recolourer",
    "loss_terms",
    "ms_ssim_kernel",
    "picture_metrics",
    "recolour_latents",
    "recolour_latents_steps",
]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for."""
    if name in _HOMES:
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
