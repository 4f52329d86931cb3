"""SmallUViT, the published recolouring network (arXiv 2410.08826).

A U-shaped vision transformer for small data sets: shifted patch tokenisation,
seven blocks of locality self-attention with added skips, and a last
convolution. The layout was recovered from the printed number of parameters,
3 485 076, which is the sum of all tensors called ``weight`` and ``bias``;
temperatures and positions were not in the printed count.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from napari_maxrf.recolouring._config import PATCH
from napari_maxrf.recolouring._transformer import (
    DIM,
    Positions,
    UShapedTrunk,
    check_sides,
)

CHANNELS = 3


def shifted_copies(x: Tensor, shift: int) -> Tensor:
    """Stack an image with copies moved diagonally, zero filled.

    Parameters
    ----------
    x : tensor, shape (N, C, H, W)
        A batch of images.
    shift : int
        Pixels; the original uses half a patch (arXiv 2112.13492, section 3.1).

    Returns
    -------
    tensor, shape (N, 5 C, H, W)
        `x`, then moved to the lower right, lower left, upper right, upper left.
    """
    height, width = x.shape[2:]
    padded = F.pad(x, (shift, shift, shift, shift))
    copies = [x]
    for top in (0, 2 * shift):
        for left in (0, 2 * shift):
            copies.append(padded[:, :, top : top + height, left : left + width])
    return torch.cat(copies, dim=1)


class ShiftedPatchTokens(nn.Module):
    """Turn an image into tokens that also see half of their neighbours."""

    def __init__(self) -> None:
        super().__init__()
        values = 5 * CHANNELS * PATCH**2
        self.norm = nn.LayerNorm(values)
        self.project = nn.Linear(values, DIM)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, 3, H, W) to tokens (N, H / 16 * W / 16, DIM)."""
        patches = F.pixel_unshuffle(shifted_copies(x, PATCH // 2), PATCH)
        return self.project(self.norm(patches.flatten(2).transpose(1, 2)))  # type: ignore[no-any-return]


class SmallUViT(nn.Module):
    """The published network: (N, 3, H, W) to (N, 3, H, W), sides multiples of 16.

    Parameters
    ----------
    image_size : int
        Side of the pictures it is trained on; it fixes the grid of learned
        positions, which is interpolated bicubically for other sizes.
    dropout, drop_path : float
        Rates of dropout and, for the last block, of stochastic depth.

    Examples
    --------
    >>> model = SmallUViT(256)
    >>> sum(p.numel() for p in model.parameters())
    3534291
    """

    def __init__(
        self, image_size: int = 256, dropout: float = 0.1, drop_path: float = 0.1
    ) -> None:
        super().__init__()
        self.tokens = ShiftedPatchTokens()
        self.positions = Positions(image_size // PATCH)
        self.trunk = UShapedTrunk(3, dropout, drop_path)
        self.norm = nn.LayerNorm(DIM)
        self.to_patches = nn.Linear(DIM, CHANNELS * PATCH**2)
        self.last = nn.Conv2d(CHANNELS, CHANNELS, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """Return the colours of a batch of embedded images.

        Raises
        ------
        ValueError
            The batch is not (N, 3, H, W) with sides that are multiples of 16.
        """
        check_sides(x, PATCH)
        height, width = x.shape[2] // PATCH, x.shape[3] // PATCH
        tokens = self.trunk(self.tokens(x) + self.positions(height, width))
        patches = self.to_patches(self.norm(tokens)).transpose(1, 2)
        image = F.pixel_shuffle(patches.unflatten(2, (height, width)), PATCH)
        return self.last(image)  # type: ignore[no-any-return]
