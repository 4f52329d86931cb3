"""Losses of the recolouring, as named terms with weights.

The published loss is the CompuPhase distance alone
(https://www.compuphase.com/cmetric.htm), a cheap colour distance that follows
the eye better than a plain difference of RGB. Further terms are offered with
weight 0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from napari_maxrf.errors import TrainingError
from napari_maxrf.recolouring._metrics import ms_ssim_kernel, ms_ssim_of_batch

if TYPE_CHECKING:
    from collections.abc import Mapping

EPS = 1e-12
"""Added below the root: without it the gradient at equal colours is NaN."""


def compuphase(a: Tensor, b: Tensor, eps: float = EPS) -> Tensor:
    """Return the CompuPhase colour distance of every pixel.

    ``sqrt((2 + rm) dR^2 + 4 dG^2 + (3 - rm) dB^2 + eps)`` with ``rm`` the mean
    of both reds, held in 0..1. Always in float32, since `eps` vanishes in half
    precision.

    Parameters
    ----------
    a, b : tensor, shape (..., 3, H, W)
        Colours, channel first, 0..1.
    eps : float
        Keeps the gradient finite where both colours are equal.

    Returns
    -------
    tensor, shape (..., H, W)
        Distance, 0 to 3.

    Examples
    --------
    >>> black, white = torch.zeros(3, 1, 1), torch.ones(3, 1, 1)
    >>> float(compuphase(black, white))
    3.0
    """
    a, b = a.float(), b.float()
    # Raw output may lie far outside 0..1, where a weight would turn negative.
    mean_red = ((a.select(-3, 0) + b.select(-3, 0)) / 2).clamp(0, 1)
    red, green, blue = (a - b).square().unbind(-3)
    return ((2 + mean_red) * red + 4 * green + (3 - mean_red) * blue + eps).sqrt()


def compuphase_term(predicted: Tensor, target: Tensor) -> Tensor:
    """Return the mean CompuPhase distance of two batches (N, 3, H, W)."""
    return compuphase(predicted, target).mean()


def gradient_term(predicted: Tensor, target: Tensor) -> Tensor:
    """Return the mean absolute difference of neighbouring-pixel steps."""
    apart = predicted.float() - target.float()
    return apart.diff(dim=-1).abs().mean() + apart.diff(dim=-2).abs().mean()


def ms_ssim_term(predicted: Tensor, target: Tensor) -> Tensor:
    """Return ``1 - MS-SSIM`` of two batches (N, 3, H, W).

    Raises
    ------
    TrainingError
        The pictures are smaller than 112 pixels.
    """
    kernel = ms_ssim_kernel(min(target.shape[-2:]))
    if kernel is None:
        raise TrainingError(
            f"The MS-SSIM term needs crops of 112 px or more, got {target.shape[-1]}; "
            "enlarge crop_size or set ms_ssim_weight to 0."
        )
    return 1 - ms_ssim_of_batch(predicted.float(), target.float(), kernel)


TERMS = {
    "compuphase": compuphase_term,
    "ms_ssim": ms_ssim_term,
    "gradient": gradient_term,
}
"""Each term by the name under which it is logged and weighted."""


def loss_terms(
    predicted: Tensor, target: Tensor, weights: Mapping[str, float]
) -> dict[str, Tensor]:
    """Evaluate the terms that have a weight, and their weighted sum.

    Parameters
    ----------
    predicted, target : tensor, shape (N, 3, H, W)
        Colours, 0..1; the predicted ones unclipped.
    weights : mapping of str to float
        Weight by name of the term; those with weight 0 are not evaluated.

    Returns
    -------
    dict of str to tensor
        ``"loss"``, the weighted sum, and each term under its name, unweighted.

    Raises
    ------
    TrainingError
        No term has a weight.
    """
    terms = {
        name: TERMS[name](predicted, target) for name, w in weights.items() if w > 0
    }
    if not terms:
        raise TrainingError("All weights of the loss are 0: give one of them a weight.")
    total = torch.stack([weights[name] * value for name, value in terms.items()]).sum()
    return {"loss": total, **terms}
