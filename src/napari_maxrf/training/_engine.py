"""The parts of a training on this machine: network, optimiser and their average.

What is particular to accelerate, to several processes or to a device stands
here; the loop that drives it knows of none.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import torch

from napari_maxrf.training._schedule import (
    average_of,
    make_optimiser,
    make_plateau,
    step_seed,
    warm_up,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor, nn

    from napari_maxrf.training._config import TrainingConfig
    from napari_maxrf.training._prefetch import Prefetch
    from napari_maxrf.training._task import Task

VALIDATION = 2**31


class Engine:
    """Makes steps and validations; see `napari_maxrf.training.train`.

    Parameters
    ----------
    task : Task
        What to train; a copy of its model is trained.
    config : TrainingConfig
        How.
    """

    def __init__(self, task: Task, config: TrainingConfig) -> None:
        from accelerate import Accelerator

        self.task, self.config = task, config
        # Global to the process: made here, so that a later training reuses it.
        self.accelerator = Accelerator()
        self.device: torch.device = self.accelerator.device
        self.processes: int = self.accelerator.num_processes
        self.is_main: bool = self.accelerator.is_main_process
        model = copy.deepcopy(task.model)
        # Before prepare, which binds autocast to the forward of this object.
        self.average = average_of(model, config.ema_decay)
        self.average.to(self.device).eval()
        optimiser = make_optimiser(model, config)
        self.plateau = make_plateau(optimiser, config, task.mode)
        self.model, self.optimiser = self.accelerator.prepare(model, optimiser)
        self.model.train()

    @property
    def rate(self) -> float:
        """Present learning rate."""
        return float(self.optimiser.param_groups[0]["lr"])

    def step(self, batches: Prefetch, step: int, epoch: int) -> dict[str, Tensor]:
        """Make step number `step` and return the terms of its loss."""
        accelerator = self.accelerator
        rank = accelerator.process_index
        batch = batches.take(step * self.processes + rank)
        batch = tuple(t.to(self.device, non_blocking=True) for t in batch)
        torch.manual_seed(step_seed(self.config.seed, step, rank))
        warm_up(self.optimiser, step, self.config)
        with accelerator.autocast():
            terms = self.task.loss(self.model, batch, epoch)
        accelerator.backward(terms["loss"])
        self._clip()
        self.optimiser.step()
        self.optimiser.zero_grad()
        self.average.update_parameters(accelerator.unwrap_model(self.model))
        return {name: value.detach().float() for name, value in terms.items()}

    def _clip(self) -> None:
        """Hold the norm of the gradient below its bound, if there is one."""
        if self.config.gradient_clip:
            self.accelerator.clip_grad_norm_(
                self.model.parameters(), self.config.gradient_clip
            )

    def measure(self, epoch: int) -> dict[str, float]:
        """Validate the averaged weights."""
        torch.manual_seed(step_seed(self.config.seed, VALIDATION, epoch))
        self.average.eval()
        with torch.no_grad():
            metrics = self.task.validate(self.average.module, epoch)
        return {name: self.across(value) for name, value in metrics.items()}

    def across(self, value: Tensor | float) -> float:
        """Average a number over the processes, so that all decide alike."""
        if self.processes == 1:
            return float(value)
        tensor = torch.as_tensor(value, dtype=torch.float32).to(self.device)
        return float(self.accelerator.reduce(tensor, "mean"))

    def averaged_weights(self) -> dict[str, Tensor]:
        """Return a copy of the averaged weights on the CPU."""
        weights = self.average.module.state_dict()
        return {name: t.detach().cpu().clone() for name, t in weights.items()}

    def averaged_model(self, weights: Mapping[str, Tensor] | None) -> nn.Module:
        """Return a model with `weights`, or with the averaged ones."""
        model: nn.Module = copy.deepcopy(self.average.module)
        if weights is not None:
            model.load_state_dict(weights)
        return model.eval()

    def parts(self) -> dict[str, Any]:
        """Return the state of all parts, for a checkpoint."""
        scaler = self.accelerator.scaler
        return {
            "model": self.accelerator.unwrap_model(self.model).state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "plateau": self.plateau.state_dict(),
            "average": self.average.state_dict(),
            "scaler": None if scaler is None else scaler.state_dict(),
        }

    def load_parts(self, parts: Mapping[str, Any]) -> None:
        """Put all parts back into the state of a checkpoint."""
        self.accelerator.unwrap_model(self.model).load_state_dict(parts["model"])
        self.optimiser.load_state_dict(parts["optimiser"])
        self.plateau.load_state_dict(parts["plateau"])
        self.average.load_state_dict(parts["average"])
        if self.accelerator.scaler is not None and parts["scaler"] is not None:
            self.accelerator.scaler.load_state_dict(parts["scaler"])
