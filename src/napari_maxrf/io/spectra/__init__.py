"""Measured reference spectra, from the formats that instruments and programs write.

`open_spectra` decides by what a file holds, never by its suffix. One private module
stands for each format; `SPECTRUM_FORMATS` lists them for file dialogs and documents.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from napari_maxrf.io.spectra._open import (
        SPECTRUM_FORMATS,
        SpectrumFormat,
        open_spectra,
        open_spectrum,
    )

__all__ = ["SPECTRUM_FORMATS", "SpectrumFormat", "open_spectra", "open_spectrum"]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for (PEP 562)."""
    if name in __all__:
        return getattr(import_module(f"{__name__}._open"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
