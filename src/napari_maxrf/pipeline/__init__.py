"""Join the stages: training sets, the demo, the evaluation and their pictures.

The stages know nothing of each other's neighbours; this folder is where a
painting becomes a scan, the scan an embedding, and the embedding a picture.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_PUBLIC = {
    "PreparedPictures": ".datasets._prepared",
    "prepare_pictures": "_prepared",
    "picture_paths": ".datasets._places",
    "square_picture": ".datasets._prepared",
    "train_embedding_steps": "_train_embedding",
    "train_recolouring_steps": "_train_recolouring",
    "EmbeddingPlan": "_plans",
    "RecolouringPlan": "_plans",
    "Evaluation": "_evaluate",
    "evaluate_steps": "_evaluate",
    "DemoResult": "_demo",
    "demo_steps": "_demo",
    "montage": "_montage",
    "fit_instrument": "_instruments",
    "fitted_instrument": "_instruments",
    "instrument_from_spectrum": "_instruments",
}

__all__ = list(_PUBLIC)


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for (PEP 562)."""
    if name in _PUBLIC:
        return getattr(import_module(f".{_PUBLIC[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
