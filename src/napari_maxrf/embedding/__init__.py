"""Embed spectra: from a cube of counts to three latent values for each pixel.

The network is a variational one (method.md section 5). Everything that needs
torch is loaded on first use (PEP 562).
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from napari_maxrf.embedding._apply import Embedder, load_embedder
    from napari_maxrf.embedding._config import EMBEDDING_TRAINING, EmbeddingConfig
    from napari_maxrf.embedding._image import (
        EmbeddedImage,
        load_embedded,
        save_embedded,
    )
    from napari_maxrf.embedding._network import EmbeddingNetwork
    from napari_maxrf.embedding._task import EmbeddingTask

_HOMES = {
    "EMBEDDING_TRAINING": "_config",
    "EmbeddedImage": "_image",
    "Embedder": "_apply",
    "EmbeddingConfig": "_config",
    "EmbeddingNetwork": "_network",
    "EmbeddingTask": "_task",
    "load_embedded": "_image",
    "load_embedder": "_apply",
    "save_embedded": "_image",
}

__all__ = [
    "EMBEDDING_TRAINING",
    "EmbeddedImage",
    "Embedder",
    "EmbeddingConfig",
    "EmbeddingNetwork",
    "EmbeddingTask",
    "load_embedded",
    "load_embedder",
    "save_embedded",
]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for."""
    if name in _HOMES:
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
