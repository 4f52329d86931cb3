"""Where a training stands, and checkpoints to go on as if nothing had happened."""

from __future__ import annotations

import json
import pickle
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import torch

from napari_maxrf._files import atomic_path
from napari_maxrf.errors import TrainingError

if TYPE_CHECKING:
    from pathlib import Path

    from torch import Tensor

CHECKPOINT_VERSION = 1
FREE_TO_CHANGE = ("epochs", "max_minutes", "checkpoint_minutes")
_ABSENT = "nothing"

Stop = Literal["epochs", "early stop", "time"]


@dataclass
class TrainingState:
    """Where a training stands, beside its weights.

    Attributes
    ----------
    step : int
        Steps done in all.
    epoch : int
        Epochs done, that is validated.
    best_epoch : int or None
        Epoch of the best metric so far; None until one may be judged.
    best_metric : float or None
        Its value.
    best_weights : dict of str to Tensor, or None
        Averaged weights of that epoch.
    stale_epochs : int
        Judged epochs since the best.
    seconds : float
        Time of all parts of this training.
    history : list of dict
        One record for each epoch.
    sums : dict of str to Tensor
        Loss terms added up over the steps of the present epoch.
    """

    step: int = 0
    epoch: int = 0
    best_epoch: int | None = None
    best_metric: float | None = None
    best_weights: dict[str, Tensor] | None = None
    stale_epochs: int = 0
    seconds: float = 0.0
    history: list[dict[str, Any]] = field(default_factory=list)
    sums: dict[str, Tensor] = field(default_factory=dict)


@dataclass(frozen=True)
class TrainingResult:
    """What a training came to.

    Attributes
    ----------
    model_path : Path
        The finished model file.
    stopped : str
        What ended it: ``"epochs"``, ``"early stop"`` or ``"time"``.
    epochs, steps : int
        Epochs and steps done in all.
    best_epoch : int or None
        Epoch of the saved weights; None if no epoch could be judged, in which
        case the last weights were saved.
    metrics : dict of str to float
        Validation values of the saved weights.
    seconds : float
        Time of all parts of the training.
    history : tuple of dict
        One record for each epoch, as in ``log.jsonl``.
    """

    model_path: Path
    stopped: Stop
    epochs: int
    steps: int
    best_epoch: int | None
    metrics: dict[str, float]
    seconds: float
    history: tuple[dict[str, Any], ...]


def save_checkpoint(path: Path, content: Mapping[str, Any]) -> None:
    """Write a checkpoint, atomically.

    Raises
    ------
    MaxrfError
        It cannot be written; an earlier one is unchanged.
    """
    whole = {**content, "checkpoint_version": CHECKPOINT_VERSION}
    with atomic_path(path) as temporary:
        try:
            torch.save(whole, temporary)
        except RuntimeError as error:  # what torch makes of a full disk
            raise OSError(str(error)) from error


def load_checkpoint(path: Path) -> dict[str, Any]:
    """Read a checkpoint; only tensors and plain values can be in it.

    Raises
    ------
    TrainingError
        It is damaged, or of another version.
    """
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
        version = content["checkpoint_version"]
    except (
        OSError,
        RuntimeError,
        EOFError,
        KeyError,
        TypeError,
        ValueError,
        pickle.UnpicklingError,
    ) as error:
        raise TrainingError(
            f"The checkpoint {path} cannot be read ({type(error).__name__}); train "
            "anew in another folder."
        ) from error
    if version != CHECKPOINT_VERSION:
        raise TrainingError(
            f"The checkpoint {path} has version {version}, this program writes "
            f"{CHECKPOINT_VERSION}; go on with the program that made it."
        )
    return dict(content)


def refuse_changes(stored: Any, present: Any, path: Path) -> None:
    """Refuse to resume a training that was described differently.

    Raises
    ------
    TrainingError
        Names each changed value, as it was and as it is.
    """
    before, now = _flat(stored), _flat(present)
    names = [name for name in sorted({*before, *now}) if not _may_change(name)]
    changed = [
        f"{name} was {before.get(name, _ABSENT)}, is {now.get(name, _ABSENT)}"
        for name in names
        if before.get(name, _ABSENT) != now.get(name, _ABSENT)
    ]
    if changed:
        raise TrainingError(
            f"{path} was trained differently: {'; '.join(changed)}. Use the same "
            "settings and data to resume, or another folder."
        )


def remove_leftovers(path: Path) -> None:
    """Remove half-written checkpoints that a killed process left beside `path`."""
    for leftover in path.parent.glob(f".{path.stem}-????????{path.suffix}"):
        leftover.unlink(missing_ok=True)


def _may_change(name: str) -> bool:
    return name in {f"training.{field}" for field in FREE_TO_CHANGE}


def _flat(value: Any, name: str = "") -> dict[str, str]:
    """Name every leaf of a JSON value by its path."""
    if isinstance(value, Mapping):
        parts = [_flat(v, f"{name}.{k}" if name else str(k)) for k, v in value.items()]
        return {key: leaf for part in parts for key, leaf in part.items()}
    return {name: json.dumps(value)}
