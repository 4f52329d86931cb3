"""What a spectrum says without any network: lines, elements, element maps."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from napari_maxrf.analysis._export import save_element_map
    from napari_maxrf.analysis._fit import strongest_elements
    from napari_maxrf.analysis._lines import visible_lines
    from napari_maxrf.analysis._maps import ElementMap, element_maps, element_maps_steps
    from napari_maxrf.analysis._refine import recalibrated, refined_axis
    from napari_maxrf.analysis._resolution import Resolution
    from napari_maxrf.analysis._response_fit import (
        CalibrationLine,
        FittedResponse,
        fit_response,
    )
    from napari_maxrf.analysis._unmix import Mixture, unmix

_PUBLIC = {
    "CalibrationLine": "_response_fit",
    "ElementMap": "_maps",
    "Mixture": "_unmix",
    "element_maps": "_maps",
    "element_maps_steps": "_maps",
    "FittedResponse": "_response_fit",
    "Resolution": "_resolution",
    "fit_response": "_response_fit",
    "recalibrated": "_refine",
    "refined_axis": "_refine",
    "save_element_map": "_export",
    "strongest_elements": "_fit",
    "unmix": "_unmix",
    "visible_lines": "_lines",
}

__all__ = [
    "CalibrationLine",
    "ElementMap",
    "FittedResponse",
    "Mixture",
    "Resolution",
    "element_maps",
    "element_maps_steps",
    "fit_response",
    "recalibrated",
    "refined_axis",
    "save_element_map",
    "strongest_elements",
    "unmix",
    "visible_lines",
]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for (PEP 562)."""
    if name in _PUBLIC:
        return getattr(import_module(f"{__name__}.{_PUBLIC[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
