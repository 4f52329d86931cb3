"""DetailUViT, the recolouring network of this package: a U-ViT that keeps edges.

In SmallUViT every pixel passes through one vector of 192 values per patch of
16 x 16, which is fewer than the 768 values the patch holds; fine detail is lost
and patch borders show. Here the same transformer blocks are the bottom of a
small convolutional U-Net: the convolutions remove the noise of the spectra and
keep edges at full resolution, the transformer sees the whole picture. It has
about as many parameters as SmallUViT. No layer takes statistics over the
picture and none learns a fixed grid of positions, so that neighbouring tiles
agree where they overlap and any crop may be trained on.
"""

from __future__ import annotations

import itertools

from torch import Tensor, nn

from napari_maxrf.recolouring._config import PATCH
from napari_maxrf.recolouring._transformer import (
    DIM,
    UShapedTrunk,
    check_sides,
)

CHANNELS = 3
WIDTHS = (16, 32, 64, 128)
"""Channels at 1/1, 1/2, 1/4 and 1/8 of the resolution; tokens stand at 1/16."""

BLOCKS = (0, 1, 1, 1)
"""Residual blocks at each of these resolutions, on the way down and on the way up."""

DEPTH = 3
"""Transformer blocks before and after the middle one."""


class ResidualConvolutions(nn.Module):
    """Two 3 x 3 convolutions added to their input.

    The second one starts at 0, so that the block starts as the identity and
    needs no normalisation.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        second = nn.Conv2d(width, width, 3, padding=1)
        nn.init.zeros_(second.weight)
        self.layers = nn.Sequential(
            nn.Conv2d(width, width, 3, padding=1), nn.GELU(), second
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return `x` (N, width, H, W) with what the convolutions add."""
        return x + self.layers(x)  # type: ignore[no-any-return]


def residual_blocks(width: int, count: int) -> nn.Sequential:
    """Chain `count` residual blocks of the same width."""
    return nn.Sequential(*(ResidualConvolutions(width) for _ in range(count)))


class DetailUViT(nn.Module):
    """U-Net around a transformer: (N, 3, H, W) to (N, 3, H, W), multiples of 16.

    Parameters
    ----------
    dropout, drop_path : float
        Rates of dropout and of stochastic depth in the transformer.
    """

    def __init__(self, dropout: float = 0.1, drop_path: float = 0.1) -> None:
        super().__init__()
        widths = (*WIDTHS, DIM)
        pairs = tuple(itertools.pairwise(widths))
        self.first = nn.Sequential(
            nn.Conv2d(CHANNELS, WIDTHS[0], 3, padding=1),
            nn.GELU(),
            nn.Conv2d(WIDTHS[0], WIDTHS[0], 1),
        )
        self.encoders = nn.ModuleList(map(residual_blocks, WIDTHS, BLOCKS))
        self.downs = nn.ModuleList(nn.Conv2d(a, b, 2, stride=2) for a, b in pairs)
        # A convolution at the tokens tells each where its neighbours are.
        self.places = nn.Conv2d(DIM, DIM, 3, padding=1, groups=DIM)
        self.trunk = UShapedTrunk(DEPTH, dropout, drop_path)
        self.norm = nn.LayerNorm(DIM)
        self.ups = nn.ModuleList(
            nn.ConvTranspose2d(b, a, 2, stride=2) for a, b in pairs
        )
        self.decoders = nn.ModuleList(map(residual_blocks, WIDTHS, BLOCKS))
        self.last = nn.Sequential(
            nn.Conv2d(WIDTHS[0], WIDTHS[0], 3, padding=1),
            nn.GELU(),
            nn.Conv2d(WIDTHS[0], CHANNELS, 3, padding=1),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return the colours of a batch of embedded images.

        Raises
        ------
        ValueError
            The batch is not (N, 3, H, W) with sides that are multiples of 16.
        """
        check_sides(x, PATCH)
        x, kept = self._down(x)
        x = self._mix(x)
        levels = zip(
            reversed(self.ups), reversed(self.decoders), kept[::-1], strict=True
        )
        for up, decoder, skip in levels:
            x = decoder(up(x) + skip)
        return self.last(x)  # type: ignore[no-any-return]

    def _down(self, x: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Return the map at 1/16 and what is kept at each resolution above."""
        x = self.first(x)
        kept: list[Tensor] = []
        for encoder, down in zip(self.encoders, self.downs, strict=True):
            x = encoder(x)
            kept.append(x)
            x = down(x)
        return x, kept

    def _mix(self, x: Tensor) -> Tensor:
        """Let every place of the map at 1/16 look at all the others."""
        placed = x + self.places(x)
        tokens = self.norm(self.trunk(placed.flatten(2).transpose(1, 2)))
        return tokens.transpose(1, 2).unflatten(2, x.shape[2:])  # type: ignore[no-any-return]
