"""A tiny task, and a program that trains it, for tests that kill a process."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from napari_maxrf.training import TrainingConfig, train, write_model


class ToyTask:
    """Fit a line through a small network with dropout."""

    metric = "error"
    mode = "min"

    def __init__(self, first_judged_epoch: int = 0, pause: float = 0.0) -> None:
        torch.manual_seed(1)
        self.model = nn.Sequential(
            nn.Linear(4, 16), nn.ReLU(), nn.Dropout(0.2), nn.Linear(16, 1)
        )
        self.first_judged_epoch = first_judged_epoch
        self.pause = pause
        self.description: dict[str, Any] = {"kind": "toy", "widths": [4, 16, 1]}
        self.errors: list[float] | None = None
        self.poison: int | None = None
        self.rates: list[float] = []

    def batch(self, index: int) -> tuple[Tensor, ...]:
        generator = torch.Generator().manual_seed(index)
        x = torch.randn(8, 4, generator=generator)
        if index == self.poison:
            x = x * torch.nan
        return x, x.sum(1, keepdim=True)

    def loss(
        self, model: nn.Module, batch: tuple[Tensor, ...], epoch: int
    ) -> dict[str, Tensor]:
        time.sleep(self.pause)
        loss = (model(batch[0]) - batch[1]).square().mean()
        return {"loss": loss, "twice": 2 * loss}

    def validate(self, model: nn.Module, epoch: int) -> dict[str, float]:
        assert not model.training
        x, y = self.batch(10**6)
        error = float((model(x) - y).square().mean())
        if self.errors is not None:
            error = self.errors[min(epoch, len(self.errors) - 1)]
        return {"error": error}

    def save(self, path: Path, model: nn.Module, summary: dict[str, Any]) -> None:
        header = {
            "config": self.description,
            "energy_axis": None,
            "palette": None,
            "provenance": [],
            "metrics": summary["metrics"],
            "licence": "BSD-3-Clause",
        }
        write_model(path, "embedding", model.state_dict(), header)


def toy_config(**changes: Any) -> TrainingConfig:
    values: dict[str, Any] = {
        "epochs": 2,
        "steps_per_epoch": 10,
        "batch_size": 8,
        "learning_rate": 0.01,
        "warmup_steps": 3,
        "early_stop_epochs": 0,
    }
    return TrainingConfig(**values | changes)


if __name__ == "__main__":
    slow = ToyTask(pause=0.05)
    config = toy_config(steps_per_epoch=30, checkpoint_minutes=0.2 / 60)
    for record in train(slow, config, Path(sys.argv[1]), resume=True):
        sys.stdout.write(f"{record.done}\n")
        sys.stdout.flush()
