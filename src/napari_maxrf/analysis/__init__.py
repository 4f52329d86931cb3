"""What a spectrum says without any network: lines, elements, element maps."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from napari_maxrf.analysis._curves_export import save_curves
    from napari_maxrf.analysis._export import save_element_map
    from napari_maxrf.analysis._fit import strongest_elements
    from napari_maxrf.analysis._hottest import (
        HottestPixels,
        hottest_pixels,
        hottest_pixels_steps,
    )
    from napari_maxrf.analysis._lines import visible_lines
    from napari_maxrf.analysis._maps import ElementMap, element_maps, element_maps_steps
    from napari_maxrf.analysis._refine import recalibrated, refined_axis
    from napari_maxrf.analysis._regions import (
        RegionSpectrum,
        region_spectra,
        region_spectra_steps,
        whole_spectrum_steps,
    )
    from napari_maxrf.analysis._resolution import Resolution
    from napari_maxrf.analysis._response_fit import (
        CalibrationLine,
        FittedResponse,
        fit_response,
    )
    from napari_maxrf.analysis._two_lines import axis_from_lines, nearest_peak, on_axis
    from napari_maxrf.analysis._unmix import Mixture, unmix
    from napari_maxrf.analysis._window_map import (
        window_map,
        window_map_steps,
        window_weights,
    )

_PUBLIC = {
    "HottestPixels": "_hottest",
    "hottest_pixels": "_hottest",
    "hottest_pixels_steps": "_hottest",
    "RegionSpectrum": "_regions",
    "region_spectra": "_regions",
    "region_spectra_steps": "_regions",
    "whole_spectrum_steps": "_regions",
    "axis_from_lines": "_two_lines",
    "nearest_peak": "_two_lines",
    "on_axis": "_two_lines",
    "window_map": "_window_map",
    "window_map_steps": "_window_map",
    "window_weights": "_window_map",
    "save_curves": "_curves_export",
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
    "HottestPixels",
    "Mixture",
    "RegionSpectrum",
    "Resolution",
    "axis_from_lines",
    "element_maps",
    "element_maps_steps",
    "fit_response",
    "hottest_pixels",
    "hottest_pixels_steps",
    "nearest_peak",
    "on_axis",
    "recalibrated",
    "refined_axis",
    "region_spectra",
    "region_spectra_steps",
    "save_curves",
    "save_element_map",
    "strongest_elements",
    "unmix",
    "visible_lines",
    "whole_spectrum_steps",
    "window_map",
    "window_map_steps",
    "window_weights",
]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for (PEP 562)."""
    if name in _PUBLIC:
        return getattr(import_module(f"{__name__}.{_PUBLIC[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
