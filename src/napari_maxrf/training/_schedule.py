"""Optimiser, learning rate and averaged weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_maxrf.training._config import TrainingConfig

    Tensors = tuple[Tensor, ...] | list[Tensor]
    Update = Callable[[Tensors, Tensors, Tensor | int], None]


def step_seed(*numbers: int) -> int:
    """Return a 63-bit seed that depends on all `numbers` and their order."""
    state = np.random.SeedSequence(numbers).generate_state(1, np.uint64)
    return int(state[0] >> 1)


def make_optimiser(model: nn.Module, config: TrainingConfig) -> torch.optim.AdamW:
    """Return AdamW that decays weight matrices, but no biases, norms or scalars."""
    matrices = [p for p in model.parameters() if p.requires_grad and p.ndim > 1]
    others = [p for p in model.parameters() if p.requires_grad and p.ndim <= 1]
    groups = [
        {"params": matrices, "weight_decay": config.weight_decay},
        {"params": others, "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(
        [group for group in groups if group["params"]],
        lr=config.learning_rate,
        betas=config.betas,
    )


def make_plateau(
    optimiser: torch.optim.Optimizer, config: TrainingConfig, mode: str
) -> torch.optim.lr_scheduler.ReduceLROnPlateau:
    """Return the schedule that reduces the rate when the metric stands still."""
    return torch.optim.lr_scheduler.ReduceLROnPlateau(
        optimiser,
        mode="max" if mode == "max" else "min",
        factor=config.plateau_factor,
        patience=config.plateau_patience,
        threshold=1e-4,
        min_lr=config.min_learning_rate,
    )


def warm_up(
    optimiser: torch.optim.Optimizer, step: int, config: TrainingConfig
) -> None:
    """Set the rate of a step of the warm-up; later steps are left alone."""
    if step >= config.warmup_steps:
        return
    share = (step + 1) / config.warmup_steps
    for group in optimiser.param_groups:
        group["lr"] = config.learning_rate * share


def average_of(model: nn.Module, decay: float) -> AveragedModel:
    """Return the exponential moving average of the weights of `model`.

    The decay of update n is min(decay, (1 + n)/(10 + n)), so that a short
    training is not held back by its first weights.
    """
    return AveragedModel(model, multi_avg_fn=_growing_average(decay))


def _growing_average(decay: float) -> Update:
    """Return the update of a moving average whose decay grows at first."""

    def update(mean: Tensors, new: Tensors, n: Tensor | int) -> None:
        present = min(decay, (1 + int(n)) / (10 + int(n)))
        get_ema_multi_avg_fn(present)(mean, new, n)  # type: ignore[no-untyped-call]

    return update
