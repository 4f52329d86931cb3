"""Reconstruction and MMD terms, their ramp, and the Poisson deviance."""

from __future__ import annotations

import torch
from torch import Tensor

MMD_WIDTH = 3.0


def reconstruction_loss(spectra: Tensor, rebuilt: Tensor) -> Tensor:
    """Return the mean square difference over batch and bins, in float32."""
    return (spectra.float() - rebuilt.float()).square().mean()


def mmd(draws: Tensor, latents: Tensor, width: float = MMD_WIDTH) -> Tensor:
    """Return the maximum mean discrepancy of two sets of points.

    mean k(p, p') + mean k(z, z') - 2 mean k(p, z) over all pairs, with
    k(u, v) = exp(-|u - v|^2 / width^2); method.md 5.3.

    Parameters
    ----------
    draws : Tensor, shape (m, d)
        Draws p of the prior.
    latents : Tensor, shape (n, d)
        Latents z.
    width : float
        Width of the kernel.
    """
    with torch.autocast(latents.device.type, enabled=False):
        p, z = draws.float(), latents.float()
        return _kernel(p, p, width) + _kernel(z, z, width) - 2 * _kernel(p, z, width)


def _kernel(u: Tensor, v: Tensor, width: float) -> Tensor:
    """Return the mean of exp(-|u - v|^2 / width^2) over all pairs."""
    return torch.exp(_minus_squared_distances(u / width, v / width)).mean()


def _minus_squared_distances(u: Tensor, v: Tensor) -> Tensor:
    """Return -|u_i - v_j|^2, shape (..., n, m), up to rounding.

    As one product of vectors with two more components: this runs for every
    batch, and each pass over all pairs costs as much as the product.
    """
    left = torch.cat([2 * u, -_square(u), torch.ones_like(u[..., :1])], -1)
    right = torch.cat([v, torch.ones_like(v[..., :1]), -_square(v)], -1)
    return left @ right.transpose(-1, -2)


def _square(points: Tensor) -> Tensor:
    return points.square().sum(-1, keepdim=True)


def squared_distances(u: Tensor, v: Tensor) -> Tensor:
    """Return |u_i - v_j|^2, shape (..., n, m), never below 0."""
    return (-_minus_squared_distances(u, v)).clamp_min(0)


def ramp(epoch: float, start: float, end: float, high: float) -> float:
    """Return 0 before `start`, `high` from `end` on, and linear values between.

    Examples
    --------
    >>> [ramp(epoch, 10, 30, 2.0) for epoch in (9, 10, 20, 30, 99)]
    [0.0, 0.0, 1.0, 2.0, 2.0]
    """
    if epoch >= end:
        return float(high)
    if epoch <= start:
        return 0.0
    return float(high) * (epoch - start) / (end - start)


def poisson_deviance(counts: Tensor, spectra: Tensor, rebuilt: Tensor) -> Tensor:
    """Return the mean Poisson deviance of rebuilt counts, for each bin.

    The rebuilt spectrum is taken back through the transform and scaled to the
    total of the counts; then 2 (n log(n / mu) - n + mu), averaged over batch and
    bins. Pure Poisson noise around the right mean gives about 1 where counts
    are many, and less where they are few.

    Parameters
    ----------
    counts, spectra, rebuilt : Tensor, shape (n, n_bins)
        Counts, their transform, and its reconstruction.
    """
    highest = counts.log1p().amax(-1, keepdim=True)
    mu = torch.expm1(rebuilt.float() * highest).clamp_min(1e-6)
    mu = mu * (counts.sum(-1, keepdim=True) / mu.sum(-1, keepdim=True))
    mu = mu.clamp_min(1e-9)
    return 2 * (torch.xlogy(counts, counts / mu) - counts + mu).mean()
