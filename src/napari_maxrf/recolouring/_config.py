"""The parameters of the recolouring: one description for code, files and widgets."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from napari_maxrf.config import StepConfig
from napari_maxrf.training._config import TrainingConfig

NETWORKS = ("smalluvit", "detail")
"""Names of the networks: the published one, and ours with full-resolution detail."""

PATCH = 16
"""Side of a patch of SmallUViT in pixels; sides of a picture are multiples of it."""


class RecolouringConfig(StepConfig):
    """Which network recolours, and how it is trained."""

    network: Literal["smalluvit", "detail"] = Field(
        "detail",
        title="Network",
        description=(
            "smalluvit is the published network; detail is of about equal size and "
            "adds a path at full resolution, which keeps fine edges."
        ),
    )
    image_size: int = Field(
        256,
        ge=32,
        le=1024,
        multiple_of=PATCH,
        title="Tile size",
        description="Side of the square tiles the network sees when it is applied.",
        json_schema_extra={"unit": "px"},
    )
    crop_size: int = Field(
        192,
        ge=32,
        le=1024,
        multiple_of=PATCH,
        title="Crop size",
        description="Side of the square cut out of each picture in training.",
        json_schema_extra={"unit": "px"},
    )
    dropout: float = Field(
        0.1,
        ge=0.0,
        lt=1.0,
        title="Dropout",
        description="Share of values set to 0 in the transformer during training.",
    )
    drop_path: float = Field(
        0.1,
        ge=0.0,
        lt=1.0,
        title="Stochastic depth",
        description=(
            "Share of samples that skip the last transformer block during training; "
            "it rises linearly from 0 at the first block."
        ),
    )
    shrink_share: float = Field(
        0.25,
        ge=0.0,
        le=1.0,
        title="Coarser crops",
        description=(
            "Share of training crops that take a larger square and keep some of its "
            "rows and columns. Nothing is interpolated, so that the noise of the "
            "spectra keeps its strength."
        ),
    )
    precision: Literal["auto", "float32", "bfloat16"] = Field(
        "auto",
        title="Precision",
        description=(
            "Number format of the network in training. auto takes bfloat16 where the "
            "processor computes in it; losses and application stay in float32."
        ),
    )
    compuphase_weight: float = Field(
        1.0,
        ge=0.0,
        title="Weight of colour distance",
        description="Weight of the CompuPhase colour distance in the loss.",
    )
    ms_ssim_weight: float = Field(
        0.0,
        ge=0.0,
        title="Weight of structure",
        description="Weight of 1 - MS-SSIM, which rewards structure, in the loss.",
    )
    gradient_weight: float = Field(
        0.0,
        ge=0.0,
        title="Weight of edges",
        description="Weight of the mean absolute difference of gradients in the loss.",
    )

    @property
    def weights(self) -> dict[str, float]:
        """Weights of the terms of the loss, by name."""
        return {
            "compuphase": self.compuphase_weight,
            "ms_ssim": self.ms_ssim_weight,
            "gradient": self.gradient_weight,
        }


RECOLOURING_TRAINING = TrainingConfig()
"""Defaults for training a recolouring network (method.md section 2)."""
