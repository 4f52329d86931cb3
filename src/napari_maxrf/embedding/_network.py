"""The variational network of the embedding (method.md 5.2)."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_maxrf.embedding._config import EmbeddingConfig

ENCODER_WIDTHS = {512: (512, 256, 128, 64, 32), 1024: (1024, 512, 256, 128, 32)}
DECODER_WIDTHS = {512: (32, 64, 128, 512), 1024: (64, 128, 256, 1024)}
FIRST_LOG_VARIANCE = -4.0


class Embedding(NamedTuple):
    """What the network makes of a batch of spectra.

    Attributes
    ----------
    reconstruction : Tensor, shape (n, n_bins)
    mean, log_variance : Tensor, shape (n, n_latents)
    sample : Tensor, shape (n, n_latents)
        A draw around the mean, or the mean itself.
    """

    reconstruction: Tensor
    mean: Tensor
    log_variance: Tensor
    sample: Tensor


class EmbeddingNetwork(nn.Module):
    """Self-normalising encoder and decoder with a normal latent in between.

    Hidden Linear layers have no bias; the last of each MLP and both heads do.
    250 694 parameters for 512 bins and three latents, 996 774 for 1024.

    Parameters
    ----------
    config : EmbeddingConfig
    """

    def __init__(self, config: EmbeddingConfig) -> None:
        super().__init__()
        widths = ENCODER_WIDTHS[config.n_bins]
        self.encoder = self_normalising_mlp(widths, config.dropout)
        self.mean_head = nn.Linear(widths[-1], config.n_latents)
        self.log_variance_head = nn.Linear(widths[-1], config.n_latents)
        decoder = (config.n_latents, *DECODER_WIDTHS[config.n_bins])
        self.decoder = self_normalising_mlp(decoder, config.dropout)
        self.apply(_initialise)
        # Ours: a small first noise, so that sampling does not wash out at the
        # start of the ramp what was learnt before it.
        nn.init.constant_(self.log_variance_head.bias, FIRST_LOG_VARIANCE)

    def encode(self, spectra: Tensor) -> Tensor:
        """Return the latent means, shape (n, n_latents), of transformed spectra."""
        mean: Tensor = self.mean_head(torch.tanh(self.encoder(spectra)))
        return mean

    def decode(self, latents: Tensor) -> Tensor:
        """Return transformed spectra, shape (n, n_bins), for latents."""
        return torch.sigmoid(self.decoder(latents))

    def forward(self, spectra: Tensor, sample: bool = False) -> Embedding:
        """Encode and decode; with `sample`, through a draw around the mean."""
        features = torch.tanh(self.encoder(spectra))
        mean = self.mean_head(features)
        log_variance = self.log_variance_head(features)
        latents = reparametrise(mean, log_variance, sample)
        return Embedding(self.decode(latents), mean, log_variance, latents)


def self_normalising_mlp(widths: Sequence[int], dropout: float) -> nn.Sequential:
    """Chain Linear, SELU and alpha-dropout; the last Linear stands alone.

    Reference: Klambauer et al., arXiv 1706.02515.
    """
    layers: list[nn.Module] = []
    for before, after in itertools.pairwise(widths[:-1]):
        layers += [nn.Linear(before, after, bias=False), nn.SELU()]
        layers += [nn.AlphaDropout(dropout)]
    return nn.Sequential(*layers, nn.Linear(widths[-2], widths[-1]))


def reparametrise(mean: Tensor, log_variance: Tensor, sample: bool) -> Tensor:
    """Return mean + exp(log_variance / 2) * noise, or the mean."""
    if not sample:
        # Keeps the head in the graph: several processes need every gradient.
        return mean + 0 * log_variance
    return mean + torch.exp(0.5 * log_variance) * torch.randn_like(mean)


def _initialise(module: nn.Module) -> None:
    """Draw weights from a normal of variance 1 / fan-in, as SELU asks for."""
    if isinstance(module, nn.Linear):
        nn.init.normal_(module.weight, std=math.sqrt(1 / module.in_features))
        if module.bias is not None:
            nn.init.zeros_(module.bias)
