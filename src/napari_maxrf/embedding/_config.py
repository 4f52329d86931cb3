"""The parameters of the embedding and the defaults of its training."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from napari_maxrf.config import StepConfig
from napari_maxrf.cube import EnergyAxis
from napari_maxrf.training._config import TrainingConfig


class EmbeddingConfig(StepConfig):
    """Spectra, network and loss of the embedding."""

    n_bins: Literal[512, 1024] = Field(
        512,
        title="Energy bins",
        description="Bins a spectrum is brought to; it chooses the layer widths.",
    )
    low_kev: float = Field(
        0.5,
        ge=0,
        le=100,
        title="Lowest energy",
        description="Lower edge of the first bin.",
        json_schema_extra={"unit": "keV"},
    )
    high_kev: float = Field(
        38.5,
        gt=0,
        le=200,
        title="Highest energy",
        description="Upper edge of the last bin.",
        json_schema_extra={"unit": "keV"},
    )
    n_latents: int = Field(
        3,
        ge=3,
        le=16,
        title="Latent values",
        description="Values each spectrum is brought to; the paper uses 3.",
    )
    dropout: float = Field(
        0.0,
        ge=0,
        lt=1,
        title="Alpha-dropout",
        description=(
            "Share of hidden values dropped in training. 0.1 gathers the latents in "
            "clusters and loses gradual mixtures."
        ),
    )
    beta_high: float = Field(
        1e-4,
        ge=0,
        title="MMD weight",
        description="Weight of the MMD term after the ramp.",
    )
    gamma_high: float = Field(
        1e-5,
        ge=0,
        title="Clustering weight",
        description=(
            "Weight of the clustering term after the ramp. From about 1e-3 on the "
            "latents fall into a few tight clusters."
        ),
    )
    ramp_start: int = Field(
        10,
        ge=0,
        title="Ramp start",
        description="Epoch at which both weights begin to rise from 0.",
        json_schema_extra={"unit": "epochs"},
    )
    ramp_end: int = Field(
        30,
        ge=0,
        title="Ramp end",
        description=(
            "Epoch at which both weights are full; only from here on are models "
            "compared."
        ),
        json_schema_extra={"unit": "epochs"},
    )
    clustering: Literal["centroid", "reported", "none"] = Field(
        "centroid",
        title="Clustering term",
        description=(
            "centroid: silhouette by centroids, with a gradient; reported: "
            "silhouette as a number without gradient; none: no such term."
        ),
    )
    cluster_counts: tuple[Annotated[int, Field(ge=2, le=64)], ...] = Field(
        (8, 10, 12, 14, 16),
        min_length=1,
        title="Latent clusters",
        description="Numbers of clusters tried; the best silhouette counts.",
    )
    prior_draws: int = Field(
        256,
        ge=2,
        le=65_536,
        title="Prior draws",
        description="Draws of the standard normal in the MMD term.",
    )

    @model_validator(mode="after")
    def _check_order(self) -> Self:
        if self.high_kev <= self.low_kev:
            raise ValueError(
                f"high_kev ({self.high_kev:g}) must lie above low_kev "
                f"({self.low_kev:g})"
            )
        if self.ramp_end < self.ramp_start:
            raise ValueError(
                f"ramp_end ({self.ramp_end}) must not come before ramp_start "
                f"({self.ramp_start})"
            )
        return self

    @property
    def axis(self) -> EnergyAxis:
        """The energy axis of the model."""
        return EnergyAxis.from_range(self.low_kev, self.high_kev, self.n_bins)


EMBEDDING_TRAINING = TrainingConfig(
    epochs=100,
    steps_per_epoch=2000,
    batch_size=512,
    learning_rate=1e-3,
    betas=(0.9, 0.999),
    weight_decay=0.0,
    warmup_steps=200,
    plateau_factor=0.1,
    plateau_patience=5,
    early_stop_epochs=25,
)
"""Defaults for training an embedding (method.md section 2)."""
