"""Pigments and palettes: what was painted with, how it looks and fluoresces.

`load_palette` gives a `Palette`, whose `spectra` are computed by
`napari_maxrf.physics` from the composition of each pigment.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from napari_maxrf.pigments._cache import cache_folder
    from napari_maxrf.pigments._distinguish import (
        ConfusedPair,
        Distinguishability,
        distinguishability,
    )
    from napari_maxrf.pigments._files import load_palette
    from napari_maxrf.pigments._palette import Palette, palette_names
    from napari_maxrf.pigments._pigment import Pigment
    from napari_maxrf.pigments._save import save_palette
    from napari_maxrf.pigments._silent import SilentPigment, silent_pigments
    from napari_maxrf.pigments._table import pigment_table

_PUBLIC = {
    "ConfusedPair": "_distinguish",
    "Distinguishability": "_distinguish",
    "Palette": "_palette",
    "Pigment": "_pigment",
    "SilentPigment": "_silent",
    "cache_folder": "_cache",
    "distinguishability": "_distinguish",
    "load_palette": "_files",
    "palette_names": "_palette",
    "pigment_table": "_table",
    "save_palette": "_save",
    "silent_pigments": "_silent",
}

__all__ = [
    "ConfusedPair",
    "Distinguishability",
    "Palette",
    "Pigment",
    "SilentPigment",
    "cache_folder",
    "distinguishability",
    "load_palette",
    "palette_names",
    "pigment_table",
    "save_palette",
    "silent_pigments",
]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for (PEP 562)."""
    if name in _PUBLIC:
        return getattr(import_module(f"{__name__}.{_PUBLIC[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
