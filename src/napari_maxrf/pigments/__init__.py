"""Pigments and palettes: what was painted with, how it looks and fluoresces.

`load_palette` gives a `Palette`, whose `spectra` are computed by
`napari_maxrf.physics` from the composition of each pigment.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from napari_maxrf.pigments._cache import spectra_folder
    from napari_maxrf.pigments._distinguish import (
        ConfusedPair,
        Distinguishability,
        distinguishability,
    )
    from napari_maxrf.pigments._edit import (
        free_id,
        measured_pigment,
        recoloured,
        with_pigments,
        without_pigments,
    )
    from napari_maxrf.pigments._files import load_palette
    from napari_maxrf.pigments._filter import (
        HUES,
        PERIODS,
        Period,
        PigmentFilter,
        in_use,
        period_words,
    )
    from napari_maxrf.pigments._palette import Palette, palette_names
    from napari_maxrf.pigments._pigment import Pigment
    from napari_maxrf.pigments._reference import (
        Reference,
        read_references,
    )
    from napari_maxrf.pigments._save import save_palette
    from napari_maxrf.pigments._silent import SilentPigment, silent_pigments
    from napari_maxrf.pigments._table import pigment_table

_PUBLIC = {
    "ConfusedPair": "_distinguish",
    "Distinguishability": "_distinguish",
    "HUES": "_filter",
    "PERIODS": "_filter",
    "Palette": "_palette",
    "Period": "_filter",
    "Pigment": "_pigment",
    "PigmentFilter": "_filter",
    "Reference": "_reference",
    "SilentPigment": "_silent",
    "spectra_folder": "_cache",
    "distinguishability": "_distinguish",
    "free_id": "_edit",
    "in_use": "_filter",
    "load_palette": "_files",
    "measured_pigment": "_edit",
    "palette_names": "_palette",
    "period_words": "_filter",
    "pigment_table": "_table",
    "read_references": "_reference",
    "recoloured": "_edit",
    "save_palette": "_save",
    "silent_pigments": "_silent",
    "with_pigments": "_edit",
    "without_pigments": "_edit",
}

__all__ = [
    "HUES",
    "PERIODS",
    "ConfusedPair",
    "Distinguishability",
    "Palette",
    "Period",
    "Pigment",
    "PigmentFilter",
    "Reference",
    "SilentPigment",
    "distinguishability",
    "free_id",
    "in_use",
    "load_palette",
    "measured_pigment",
    "palette_names",
    "period_words",
    "pigment_table",
    "read_references",
    "recoloured",
    "save_palette",
    "silent_pigments",
    "spectra_folder",
    "with_pigments",
    "without_pigments",
]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for (PEP 562)."""
    if name in _PUBLIC:
        return getattr(import_module(f"{__name__}.{_PUBLIC[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
