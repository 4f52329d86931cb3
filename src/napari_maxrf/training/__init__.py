"""What both trainings share: the loop, checkpoints, the log and model files.

Everything that needs torch is loaded on first use (PEP 562).
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from napari_maxrf.training._config import TrainingConfig
    from napari_maxrf.training._device import import_torch, pick_device
    from napari_maxrf.training._log import read_log
    from napari_maxrf.training._loop import run_training, train
    from napari_maxrf.training._model_files import (
        model_hash,
        read_header,
        read_model,
        write_model,
    )
    from napari_maxrf.training._state import TrainingResult
    from napari_maxrf.training._task import Task

_HOMES = {
    "TrainingConfig": "_config",
    "import_torch": "_device",
    "pick_device": "_device",
    "read_log": "_log",
    "TrainingResult": "_state",
    "run_training": "_loop",
    "train": "_loop",
    "model_hash": "_model_files",
    "read_header": "_model_files",
    "read_model": "_model_files",
    "write_model": "_model_files",
    "Task": "_task",
}

__all__ = [
    "Task",
    "TrainingConfig",
    "TrainingResult",
    "import_torch",
    "model_hash",
    "pick_device",
    "read_header",
    "read_log",
    "read_model",
    "run_training",
    "train",
    "write_model",
]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for."""
    if name in _HOMES:
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
