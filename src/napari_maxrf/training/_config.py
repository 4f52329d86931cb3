"""The parameters of a training, whatever is trained."""

from __future__ import annotations

from pydantic import Field

from napari_maxrf.config import StepConfig


class TrainingConfig(StepConfig):
    """How a model is trained: length, optimiser, schedule, saving and seed.

    The defaults are those of the image model (method.md section 2).
    """

    epochs: int = Field(
        100,
        ge=1,
        le=100_000,
        title="Epochs",
        description="Longest training, in epochs; it may end earlier.",
    )
    steps_per_epoch: int = Field(
        500,
        ge=1,
        le=1_000_000,
        title="Steps per epoch",
        description="Batches between two validations.",
    )
    batch_size: int = Field(
        4,
        ge=1,
        le=65_536,
        title="Batch size",
        description="Samples in one step of one process.",
    )
    learning_rate: float = Field(
        5e-4,
        gt=0,
        le=1,
        title="Learning rate",
        description="Rate of AdamW after the warm-up, before any reduction.",
    )
    betas: tuple[float, float] = Field(
        (0.9, 0.95),
        title="Betas",
        description="Memory of AdamW for the gradient and for its square.",
    )
    weight_decay: float = Field(
        0.05,
        ge=0,
        le=1,
        title="Weight decay",
        description="Decay of weight matrices; biases and norms never decay.",
    )
    gradient_clip: float = Field(
        1.0,
        ge=0,
        title="Gradient clip",
        description="Largest norm of the gradient; 0 leaves it alone.",
    )
    warmup_steps: int = Field(
        500,
        ge=0,
        title="Warm-up",
        description="Steps over which the rate rises from 0 to its full value.",
        json_schema_extra={"unit": "steps"},
    )
    plateau_factor: float = Field(
        0.5,
        gt=0,
        lt=1,
        title="Plateau factor",
        description="What the rate is multiplied by when the metric stands still.",
    )
    plateau_patience: int = Field(
        5,
        ge=0,
        title="Plateau patience",
        description="Epochs without progress before the rate is reduced.",
        json_schema_extra={"unit": "epochs"},
    )
    min_learning_rate: float = Field(
        1e-6,
        ge=0,
        title="Lowest rate",
        description="The rate is never reduced below this.",
    )
    ema_decay: float = Field(
        0.999,
        ge=0,
        lt=1,
        title="EMA decay",
        description=(
            "Decay of the moving average of the weights, which is what is "
            "validated and saved; 0 takes the weights themselves. It is smaller "
            "in the first steps."
        ),
    )
    early_stop_epochs: int = Field(
        25,
        ge=0,
        title="Early stop",
        description="Epochs without progress before training ends; 0 never does.",
        json_schema_extra={"unit": "epochs"},
    )
    checkpoint_minutes: float = Field(
        5.0,
        gt=0,
        title="Checkpoint every",
        description="Longest time between two checkpoints; each epoch writes one.",
        json_schema_extra={"unit": "min"},
    )
    max_minutes: float = Field(
        0.0,
        ge=0,
        title="Longest time",
        description="Total time of training, resumed parts included; 0 is no limit.",
        json_schema_extra={"unit": "min"},
    )
    seed: int = Field(
        0,
        ge=0,
        lt=2**32,
        title="Seed",
        description="Same seed, same data, same machine: same weights.",
    )
