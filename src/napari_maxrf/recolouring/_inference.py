"""Run a recolouring network on an image of any size."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import torch

from napari_maxrf.progress import Steps, finish
from napari_maxrf.recolouring._tiling import apply_tiled_steps

if TYPE_CHECKING:
    from torch import nn

Image = npt.NDArray[np.float32]


def recolour_latents_steps(model: nn.Module, latents: Image, tile: int) -> Steps[Image]:
    """Apply `model` to standardised latents, tile by tile.

    Parameters
    ----------
    model : nn.Module
        In evaluation mode, on any device.
    latents : ndarray of float32, shape (y, x, 3)
        Any size from 1 x 1.
    tile : int
        Side of the tiles in pixels.

    Returns
    -------
    ndarray of float32, shape (y, x, 3)
        Colours, clipped to 0..1.
    """
    device = next(model.parameters()).device

    def apply(square: Image) -> Image:
        batch = torch.from_numpy(np.ascontiguousarray(square)).permute(2, 0, 1)[None]
        with torch.inference_mode():
            colours = model(batch.to(device))
        return np.asarray(colours[0].permute(1, 2, 0).float().cpu().numpy())

    blended = yield from apply_tiled_steps(apply, latents, tile)
    return np.clip(blended, 0, 1)


def recolour_latents(model: nn.Module, latents: Image, tile: int) -> Image:
    """Run `recolour_latents_steps` to the end and return its result."""
    return finish(recolour_latents_steps(model, latents, tile))
