"""The log of a training: one JSON line for each epoch."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_maxrf._files import write_text

if TYPE_CHECKING:
    from collections.abc import Sequence

Record = dict[str, Any]


def write_log(path: Path, history: Sequence[Record]) -> None:
    """Write all epochs anew, so that a resumed log never holds one twice."""
    write_text(path, "".join(json.dumps(record) + "\n" for record in history))


def read_log(path: str | Path) -> list[Record]:
    """Read the epochs of a training so far, oldest first.

    Parameters
    ----------
    path : path-like
        ``log.jsonl``, or the folder of the training.

    Returns
    -------
    list of dict
        ``epoch``, ``step``, ``seconds``, ``learning_rate``, the training terms
        as ``train_*`` and the validation values as ``val_*``. Empty if there is
        no log yet.
    """
    source = Path(path)
    source = source / "log.jsonl" if source.is_dir() else source
    if not source.exists():
        return []
    lines = source.read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines if line.endswith("}")]
