"""Train an embedding: spectra in, loss terms and a model file out."""

from __future__ import annotations

import copy
import hashlib
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from napari_maxrf.embedding._clustering import clustering_loss, k_means, silhouette
from napari_maxrf.embedding._config import EMBEDDING_TRAINING, EmbeddingConfig
from napari_maxrf.embedding._losses import (
    mmd,
    poisson_deviance,
    ramp,
    reconstruction_loss,
)
from napari_maxrf.embedding._network import EmbeddingNetwork
from napari_maxrf.embedding._transform import as_tensor, transform
from napari_maxrf.errors import CalibrationError, TrainingError
from napari_maxrf.training._model_files import write_model

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from napari_maxrf.cube import EnergyAxis
    from napari_maxrf.training._config import TrainingConfig

Counts = npt.NDArray[Any]

VALIDATED = 16_384
CLUSTERED = 2_048
DESCRIBED = 65_536
LICENCE = "BSD-3-Clause"
PERCENTILES = (1.0, 99.0)
MOST_PERCENTILE = 99.9


class EmbeddingTask:
    """The training of an embedding, as `napari_maxrf.training.train` needs it.

    Parameters
    ----------
    spectra_train, spectra_val : ndarray, shape (n, n_bins), unsigned integers
        Spectra on `axis`. They are gathered batch by batch and may be mapped
        from a file.
    config : EmbeddingConfig
        Network and loss.
    axis : EnergyAxis, optional
        Axis of the spectra; by default that of `config`.
    palette_json : mapping, optional
        The palette the spectra were made from, for the model file.
    provenance : sequence of mapping, optional
        What made the spectra, for the model file.
    training : TrainingConfig
        Its batch size and seed are used.

    Raises
    ------
    CalibrationError
        Axis and configuration disagree.
    TrainingError
        There are too few spectra, or they have the wrong number of bins.
    """

    metric = "loss"
    mode: Literal["min", "max"] = "min"

    def __init__(
        self,
        spectra_train: Counts,
        spectra_val: Counts,
        config: EmbeddingConfig,
        axis: EnergyAxis | None = None,
        palette_json: Mapping[str, Any] | None = None,
        provenance: Sequence[Mapping[str, Any]] = (),
        training: TrainingConfig = EMBEDDING_TRAINING,
    ) -> None:
        self.axis = config.axis if axis is None else axis
        _check_axis(self.axis, config)
        for name, spectra in (("train", spectra_train), ("val", spectra_val)):
            _check_spectra(name, spectra, config)
        self.config, self.training = config, training
        self.spectra_train, self.spectra_val = spectra_train, spectra_val
        self.palette, self.provenance = palette_json, list(provenance)
        self.first_judged_epoch = config.ramp_end
        self.model: nn.Module = _fresh_network(config, training.seed)
        self.description: dict[str, Any] = {
            "kind": "embedding",
            "config": config.to_json(),
            "axis": self.axis.to_json(),
            "palette": None if palette_json is None else _palette_name(palette_json),
            "train": _described(spectra_train),
            "val": _described(spectra_val),
        }

    def batch(self, index: int) -> tuple[Tensor, ...]:
        """Return a batch of transformed spectra, drawn with replacement."""
        rng = np.random.default_rng((self.training.seed, index))
        rows = rng.integers(len(self.spectra_train), size=self.training.batch_size)
        return (transform(as_tensor(self.spectra_train[rows])),)

    def weights(self, epoch: int) -> tuple[float, float]:
        """Return beta and gamma of an epoch."""
        c = self.config
        beta = ramp(epoch, c.ramp_start, c.ramp_end, c.beta_high)
        return beta, ramp(epoch, c.ramp_start, c.ramp_end, c.gamma_high)

    def loss(
        self, model: nn.Module, batch: tuple[Tensor, ...], epoch: int
    ) -> dict[str, Tensor]:
        """Return rec + beta MMD + gamma cl, and each term."""
        (spectra,) = batch
        beta, gamma = self.weights(epoch)
        out = model(spectra, sample=beta > 0)
        draws = torch.randn(
            self.config.prior_draws, self.config.n_latents, device=spectra.device
        )
        rec = reconstruction_loss(spectra, out.reconstruction)
        with torch.set_grad_enabled(beta > 0):
            discrepancy = mmd(draws, out.sample)
        with torch.set_grad_enabled(gamma > 0):
            cl = clustering_loss(
                out.mean, self.config.clustering, self.config.cluster_counts
            )
        total = rec + beta * discrepancy + gamma * cl
        return {"loss": total, "rec": rec, "mmd": discrepancy, "clustering": cl}

    def validate(self, model: nn.Module, epoch: int) -> dict[str, float]:
        """Measure a fixed part of the validation spectra.

        Returns
        -------
        dict
            ``loss`` with the weights of this epoch, ``rec``, ``mmd``,
            ``clustering``, ``silhouette``, ``deviance`` and the standard
            deviation of each latent, where one near 0 has collapsed.
        """
        device = next(model.parameters()).device
        counts = as_tensor(_spread(self.spectra_val, VALIDATED)).to(device)
        spectra = transform(counts)
        out = model(spectra)
        rec = float(reconstruction_loss(spectra, out.reconstruction))
        deviance = float(poisson_deviance(counts, spectra, out.reconstruction))
        terms = self._latent_terms(out.mean)
        beta, gamma = self.weights(epoch)
        loss = rec + beta * terms["mmd"] + gamma * terms["clustering"]
        deviations = {
            f"latent_std_{i}": float(std) for i, std in enumerate(out.mean.std(0), 1)
        }
        return {"loss": loss, "rec": rec, **terms, "deviance": deviance, **deviations}

    def _latent_terms(self, latents: Tensor) -> dict[str, float]:
        """Return what only the latents decide, on a fixed sample of them."""
        sample = latents[:CLUSTERED]
        generator = torch.Generator().manual_seed(self.training.seed)
        draws = torch.randn(CLUSTERED, self.config.n_latents, generator=generator).to(
            latents.device
        )
        counts = [n for n in self.config.cluster_counts if n < len(sample)]
        clusters = k_means(sample, counts or [2], generator=generator)
        cl = clustering_loss(
            sample, self.config.clustering, self.config.cluster_counts, generator
        )
        return {
            "mmd": float(mmd(draws, sample)),
            "clustering": float(cl),
            "silhouette": float(silhouette(sample, clusters).max()),
        }

    def save(self, path: Path, model: nn.Module, summary: dict[str, Any]) -> None:
        """Write the model as float16, with the latents' statistics.

        The statistics are those of the rounded weights, and there is only this
        one file, so that a recolouring is trained on what will be applied.
        """
        kept = copy.deepcopy(model).half().float().eval()
        header = {
            "config": self.config.to_json(),
            "energy_axis": self.axis.to_json(),
            "palette": self.palette,
            "provenance": [*self.provenance, _training_step(summary)],
            "metrics": summary.get("metrics", {}),
            "licence": LICENCE,
            "transform": "log1p, divided by its maximum over the bins",
            **self._statistics(kept),
        }
        write_model(path, "embedding", kept.state_dict(), header, half=True)

    @torch.no_grad()
    def _statistics(self, model: nn.Module) -> dict[str, Any]:
        """Describe the latents of a sample of the training spectra."""
        device = next(model.parameters()).device
        counts = _spread(self.spectra_train, DESCRIBED)
        most = np.percentile(counts.sum(axis=1, dtype=np.float64), MOST_PERCENTILE)
        spectra = transform(as_tensor(counts))
        latents = model(spectra.to(device)).mean.cpu().numpy().astype(np.float64)
        low, high = np.percentile(latents, PERCENTILES, axis=0)
        return {
            "most_counts": float(most),
            "latent_mean": latents.mean(0).tolist(),
            "latent_std": np.maximum(latents.std(0), 1e-6).tolist(),
            "latent_low": low.tolist(),
            "latent_high": high.tolist(),
        }


def _training_step(summary: Mapping[str, Any]) -> dict[str, Any]:
    """Return the training as a step of the provenance."""
    parameters = {k: v for k, v in summary.items() if k != "version"}
    return {
        "process": "train embedding",
        "parameters": parameters,
        "version": summary.get("version", ""),
    }


def _fresh_network(config: EmbeddingConfig, seed: int) -> EmbeddingNetwork:
    """Build a network whose first weights depend on the seed alone."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return EmbeddingNetwork(config)


def _spread(spectra: Counts, most: int) -> Counts:
    """Return at most `most` spectra, evenly spread over all of them."""
    rows = np.linspace(0, len(spectra) - 1, min(most, len(spectra))).astype(np.int64)
    return np.asarray(spectra[rows])


def _described(spectra: Counts) -> dict[str, Any]:
    """Describe spectra well enough to tell two sets apart."""
    sample = np.ascontiguousarray(_spread(spectra, 1024))
    digest = hashlib.sha256(sample.astype("<f8").tobytes()).hexdigest()[:16]
    return {"spectra": len(spectra), "bins": spectra.shape[1], "sample": digest}


def _palette_name(palette: Mapping[str, Any]) -> Any:
    """Return what tells a palette from another one, in short."""
    return {key: palette[key] for key in ("id", "content_hash") if key in palette}


def _check_axis(axis: EnergyAxis, config: EmbeddingConfig) -> None:
    if not axis.same_as(config.axis):
        low, high = axis.range_kev
        raise CalibrationError(
            f"The spectra have {axis.n_channels} bins from {low:g} to {high:g} keV; "
            f"the embedding is set to {config.n_bins} from {config.low_kev:g} to "
            f"{config.high_kev:g} keV. Make both the same."
        )


def _check_spectra(name: str, spectra: Counts, config: EmbeddingConfig) -> None:
    if spectra.ndim != 2 or spectra.shape[1] != config.n_bins or len(spectra) < 2:
        raise TrainingError(
            f"The {name} spectra have shape {spectra.shape}; expected at least 2 "
            f"spectra of {config.n_bins} bins."
        )
