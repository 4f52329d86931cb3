"""What the training loop has to know of the thing it trains."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, Protocol

if TYPE_CHECKING:
    from pathlib import Path

    from torch import Tensor, nn


class Task(Protocol):
    """A model, its data, its loss and its file; the loop knows nothing else.

    Attributes
    ----------
    model : nn.Module
        The network with its first weights.
    metric : str
        Which value of `validate` decides on the rate, the end and the best model.
    mode : "min" or "max"
        Whether a smaller or a larger metric is better.
    first_judged_epoch : int
        First epoch (from 0) whose metric may be compared with later ones.
    description : dict
        What is trained on what, as JSON values; a training may only be resumed
        with the same description.
    """

    model: nn.Module
    metric: str
    mode: Literal["min", "max"]
    first_judged_epoch: int
    description: dict[str, Any]

    def batch(self, index: int) -> tuple[Tensor, ...]:
        """Return batch number `index`; a pure function, called from a thread."""
        ...

    def loss(
        self, model: nn.Module, batch: tuple[Tensor, ...], epoch: int
    ) -> dict[str, Tensor]:
        """Return the terms of the loss; ``"loss"`` is back-propagated."""
        ...

    def validate(self, model: nn.Module, epoch: int) -> dict[str, float]:
        """Measure `model` (averaged weights) on the validation set."""
        ...

    def save(self, path: Path, model: nn.Module, summary: dict[str, Any]) -> None:
        """Write the finished model file."""
        ...
