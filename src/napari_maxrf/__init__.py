"""Synthesise, embed and recolour macro X-ray fluorescence scans of paintings.

The public names below are loaded on first use, so that importing the package
costs next to nothing: see `napari_maxrf.cube.SpectralCube` for where to start.
"""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import Any

try:
    __version__ = version("napari-maxrf")
except PackageNotFoundError:
    __version__ = "0.0.0"

_PUBLIC = {
    "EnergyAxis": "napari_maxrf.cube",
    "SpectralCube": "napari_maxrf.cube",
    "open_cube": "napari_maxrf.io",
    "save_cube": "napari_maxrf.io",
    "Palette": "napari_maxrf.pigments",
    "load_palette": "napari_maxrf.pigments",
    "synthesise": "napari_maxrf.synthesis",
    "load_embedder": "napari_maxrf.embedding",
    "load_recolourer": "napari_maxrf.recolouring",
}

__all__ = ["__version__", *_PUBLIC]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for (PEP 562)."""
    if name in _PUBLIC:
        return getattr(import_module(_PUBLIC[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
