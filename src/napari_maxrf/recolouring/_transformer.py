"""Transformer parts for small data sets: locality self-attention and its block.

Both networks use them. Locality self-attention (arXiv 2112.13492) masks the
diagonal, so that no token attends to itself, and learns its temperature; the
feed-forward part keeps the order Linear, Dropout, GELU, Linear, Dropout.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

DIM = 192
HEADS = 9
HEAD_DIM = 32
HIDDEN = 384


class DropPath(nn.Module):
    """Drop a residual branch for a random share of the samples (stochastic depth).

    Kept branches are divided by the probability of being kept, so that the
    expectation is the same as in application, where nothing is dropped.
    """

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rate = rate

    def forward(self, x: Tensor) -> Tensor:
        """Return `x` (N, ...) with some samples set to 0."""
        if not self.training or self.rate == 0.0:
            return x
        keep = 1.0 - self.rate
        shape = (x.shape[0],) + (1,) * (x.ndim - 1)
        return x * (torch.rand(shape, device=x.device) < keep).to(x.dtype) / keep


class LocalitySelfAttention(nn.Module):
    """Self-attention with masked diagonal and one learned temperature per head.

    ``softmax(Q K^T exp(temperature)) V``; ``temperature`` starts at
    ``log(HEAD_DIM**-0.5)``, the usual scaling.
    """

    def __init__(self, dropout: float) -> None:
        super().__init__()
        inner = HEADS * HEAD_DIM
        self.qkv = nn.Linear(DIM, 3 * inner, bias=False)
        self.out = nn.Linear(inner, DIM)
        self.dropout = nn.Dropout(dropout)
        self.temperature = nn.Parameter(torch.full((HEADS,), math.log(HEAD_DIM**-0.5)))

    def forward(self, x: Tensor, mask: Tensor | None) -> Tensor:
        """Attend among the tokens of `x` (N, tokens, DIM) where `mask` allows."""
        n, tokens, _ = x.shape
        shape = (n, tokens, 3, HEADS, HEAD_DIM)
        query, key, value = self.qkv(x).view(shape).permute(2, 0, 3, 1, 4)
        # The fused kernel takes one scale for all heads, so it goes into the query.
        scale = self.temperature.exp().to(query.dtype)[:, None, None]
        mixed = F.scaled_dot_product_attention(
            query * scale, key, value, attn_mask=mask, scale=1.0
        )
        return self.dropout(self.out(mixed.transpose(1, 2).reshape(n, tokens, -1)))  # type: ignore[no-any-return]


class Block(nn.Module):
    """One pre-norm transformer block with stochastic depth on both branches."""

    def __init__(self, dropout: float, drop_path: float) -> None:
        super().__init__()
        self.norm_attention = nn.LayerNorm(DIM)
        self.attention = LocalitySelfAttention(dropout)
        self.norm_forward = nn.LayerNorm(DIM)
        self.forward_layers = nn.Sequential(
            nn.Linear(DIM, HIDDEN),
            nn.Dropout(dropout),
            nn.GELU(),
            nn.Linear(HIDDEN, DIM),
            nn.Dropout(dropout),
        )
        self.drop_path = DropPath(drop_path)

    def forward(self, x: Tensor, mask: Tensor | None) -> Tensor:
        """Return `x` (N, tokens, DIM) after attention and feed-forward part."""
        x = x + self.drop_path(self.attention(self.norm_attention(x), mask))
        return x + self.drop_path(self.forward_layers(self.norm_forward(x)))  # type: ignore[no-any-return]


class UShapedTrunk(nn.Module):
    """Blocks in the shape of a U: what goes in at one depth is added at the same.

    U-ViT (arXiv 2209.12152) joins its skips by a Linear layer; here they are
    added, since only then does the count of parameters match the printed one.
    """

    def __init__(self, depth: int, dropout: float, drop_path: float) -> None:
        super().__init__()
        n_blocks = 2 * depth + 1
        rates = [drop_path * i / max(n_blocks - 1, 1) for i in range(n_blocks)]
        blocks = [Block(dropout, rate) for rate in rates]
        self.blocks_in = nn.ModuleList(blocks[:depth])
        self.block_mid = blocks[depth]
        self.blocks_out = nn.ModuleList(blocks[depth + 1 :])

    def forward(self, x: Tensor) -> Tensor:
        """Return the tokens `x` (N, tokens, DIM) after all blocks."""
        mask = off_diagonal(x.shape[1], x.device)
        kept: list[Tensor] = []
        for block in self.blocks_in:
            x = block(x, mask)
            kept.append(x)
        x = self.block_mid(x, mask)
        for block in self.blocks_out:
            x = block(x + kept.pop(), mask)
        return x


class Positions(nn.Module):
    """A learned vector for each place of a token grid, interpolated to others."""

    def __init__(self, side: int) -> None:
        super().__init__()
        self.grid = nn.Parameter(torch.empty(1, DIM, side, side))
        nn.init.trunc_normal_(self.grid, std=0.02)

    def forward(self, height: int, width: int) -> Tensor:
        """Return the positions of a grid of tokens, shape (1, height * width, DIM)."""
        grid: Tensor = self.grid
        if grid.shape[2:] != (height, width):
            grid = F.interpolate(grid.float(), (height, width), mode="bicubic")
        return grid.flatten(2).transpose(1, 2)


def off_diagonal(tokens: int, device: torch.device) -> Tensor | None:
    """Return the mask that keeps tokens from attending to themselves.

    True means allowed, shape (tokens, tokens). A single token has nobody else
    to attend to and gets no mask; masking it would give NaN.
    """
    if tokens == 1:
        return None
    return ~torch.eye(tokens, dtype=torch.bool, device=device)


def check_sides(x: Tensor, multiple: int) -> None:
    """Refuse a batch whose sides do not divide into patches.

    Raises
    ------
    ValueError
        `x` is not (N, 3, H, W) with H and W multiples of `multiple`.
    """
    if x.ndim != 4 or x.shape[1] != 3:
        raise ValueError(f"Expected a batch (N, 3, H, W), got shape {tuple(x.shape)}.")
    if x.shape[2] % multiple or x.shape[3] % multiple:
        raise ValueError(
            f"Sides {tuple(x.shape[2:])} are not multiples of {multiple}; "
            "use apply_tiled, which takes any size."
        )
