"""Data sets: many pictures to shards of training material on disk.

A data set is built once, can be stopped at any moment, is split so that no artist
is on both sides, and is read by both trainings. Names load on first use (PEP 562).
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_PUBLIC = {
    "Dataset": "_open",
    "DatasetConfig": "_config",
    "DatasetManifest": "_manifest",
    "PictureEntry": "_manifest",
    "PreparedPictures": "_prepared",
    "ShardRecord": "_manifest",
    "build_dataset": "_build",
    "build_dataset_steps": "_build",
    "build_shard": "_shards",
    "open_dataset": "_open",
    "picture_paths": "_places",
    "read_artists": "_artists",
    "square_picture": "_prepared",
    "verify_dataset": "_verify",
    "verify_dataset_steps": "_verify",
}

__all__ = list(_PUBLIC)


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for."""
    if name in _PUBLIC:
        return getattr(import_module(f"{__name__}.{_PUBLIC[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
