"""The spectrum of a painted pigment, computed from first principles.

The chain is tube, filters, optic and air; fluorescence and scatter of layered
paint; air and detector. `expected_spectrum` runs all of it, and every effect can
be switched off through `Effects`. Cross-sections come from xraylib.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from napari_maxrf.physics._effects import Effects
    from napari_maxrf.physics._instrument import Instrument
    from napari_maxrf.physics._instrument_files import (
        instrument_names,
        load_instrument,
        packaged_instrument_names,
        save_instrument,
        user_instrument_files,
        user_instrument_folder,
    )
    from napari_maxrf.physics._materials import Layer, elements_of
    from napari_maxrf.physics._paint import (
        MEDIA,
        Coat,
        Paint,
        Substance,
        as_paint,
        paint_names,
        paint_preset,
        paint_stack,
    )
    from napari_maxrf.physics._spectrum import MODEL_VERSION, expected_spectrum
    from napari_maxrf.physics._visible import UnseenElement, unseen_elements

_PUBLIC = {
    "MEDIA": "_paint",
    "MODEL_VERSION": "_spectrum",
    "Coat": "_paint",
    "Effects": "_effects",
    "Instrument": "_instrument",
    "Layer": "_materials",
    "Paint": "_paint",
    "Substance": "_paint",
    "UnseenElement": "_visible",
    "as_paint": "_paint",
    "elements_of": "_materials",
    "expected_spectrum": "_spectrum",
    "instrument_names": "_instrument_files",
    "load_instrument": "_instrument_files",
    "packaged_instrument_names": "_instrument_files",
    "save_instrument": "_instrument_files",
    "user_instrument_files": "_instrument_files",
    "user_instrument_folder": "_instrument_files",
    "paint_names": "_paint",
    "paint_preset": "_paint",
    "paint_stack": "_paint",
    "unseen_elements": "_visible",
}

__all__ = [
    "MEDIA",
    "MODEL_VERSION",
    "Coat",
    "Effects",
    "Instrument",
    "Layer",
    "Paint",
    "Substance",
    "UnseenElement",
    "as_paint",
    "elements_of",
    "expected_spectrum",
    "instrument_names",
    "load_instrument",
    "packaged_instrument_names",
    "paint_names",
    "paint_preset",
    "paint_stack",
    "save_instrument",
    "unseen_elements",
    "user_instrument_files",
    "user_instrument_folder",
]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for (PEP 562)."""
    if name in _PUBLIC:
        return getattr(import_module(f"{__name__}.{_PUBLIC[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
