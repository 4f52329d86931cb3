"""What a spectrum says without any network: lines, elements, element maps."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from napari_maxrf.analysis._composite import composite, usual_limits
    from napari_maxrf.analysis._corrected import corrected
    from napari_maxrf.analysis._curves_export import save_curves
    from napari_maxrf.analysis._defects import Defects, find_defects, find_defects_steps
    from napari_maxrf.analysis._export import save_element_map
    from napari_maxrf.analysis._fit import strongest_elements
    from napari_maxrf.analysis._fit_maps import FitMaps, fit_maps, fit_maps_steps
    from napari_maxrf.analysis._hottest import (
        HottestPixels,
        hottest_pixels,
        hottest_pixels_steps,
    )
    from napari_maxrf.analysis._line_model import (
        DetectorState,
        LineModel,
        detector_state,
        line_model,
    )
    from napari_maxrf.analysis._linear_fit import SpectrumFit, fit_spectrum
    from napari_maxrf.analysis._lines import visible_lines
    from napari_maxrf.analysis._map_config import MapConfig
    from napari_maxrf.analysis._map_elements import (
        ElementMaps,
        map_elements,
        map_elements_steps,
    )
    from napari_maxrf.analysis._map_files import save_maps
    from napari_maxrf.analysis._map_pictures import (
        save_composite_picture,
        save_map_picture,
    )
    from napari_maxrf.analysis._maps import ElementMap, element_maps, element_maps_steps
    from napari_maxrf.analysis._normalise import (
        MapStatistics,
        map_statistics,
        normalised,
        ratio_map,
    )
    from napari_maxrf.analysis._propose import (
        Proposal,
        proposed_elements,
        proposed_elements_steps,
    )
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
    from napari_maxrf.analysis._window_maps import (
        EnergyWindow,
        window_maps,
        window_maps_steps,
    )

_PUBLIC = {
    "save_maps": "_map_files",
    "save_map_picture": "_map_pictures",
    "save_composite_picture": "_map_pictures",
    "Defects": "_defects",
    "corrected": "_corrected",
    "find_defects": "_defects",
    "find_defects_steps": "_defects",
    "composite": "_composite",
    "usual_limits": "_composite",
    "FitMaps": "_fit_maps",
    "fit_maps": "_fit_maps",
    "fit_maps_steps": "_fit_maps",
    "DetectorState": "_line_model",
    "LineModel": "_line_model",
    "detector_state": "_line_model",
    "line_model": "_line_model",
    "SpectrumFit": "_linear_fit",
    "fit_spectrum": "_linear_fit",
    "MapConfig": "_map_config",
    "ElementMaps": "_map_elements",
    "map_elements": "_map_elements",
    "map_elements_steps": "_map_elements",
    "MapStatistics": "_normalise",
    "map_statistics": "_normalise",
    "normalised": "_normalise",
    "ratio_map": "_normalise",
    "Proposal": "_propose",
    "proposed_elements": "_propose",
    "proposed_elements_steps": "_propose",
    "EnergyWindow": "_window_maps",
    "window_maps": "_window_maps",
    "window_maps_steps": "_window_maps",
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
    "Defects",
    "DetectorState",
    "ElementMap",
    "ElementMaps",
    "EnergyWindow",
    "FitMaps",
    "FittedResponse",
    "HottestPixels",
    "LineModel",
    "MapConfig",
    "MapStatistics",
    "Mixture",
    "Proposal",
    "RegionSpectrum",
    "Resolution",
    "SpectrumFit",
    "axis_from_lines",
    "composite",
    "corrected",
    "detector_state",
    "element_maps",
    "element_maps_steps",
    "find_defects",
    "find_defects_steps",
    "fit_maps",
    "fit_maps_steps",
    "fit_response",
    "fit_spectrum",
    "hottest_pixels",
    "hottest_pixels_steps",
    "line_model",
    "map_elements",
    "map_elements_steps",
    "map_statistics",
    "nearest_peak",
    "normalised",
    "on_axis",
    "proposed_elements",
    "proposed_elements_steps",
    "ratio_map",
    "recalibrated",
    "refined_axis",
    "region_spectra",
    "region_spectra_steps",
    "save_composite_picture",
    "save_curves",
    "save_element_map",
    "save_map_picture",
    "save_maps",
    "strongest_elements",
    "unmix",
    "usual_limits",
    "visible_lines",
    "whole_spectrum_steps",
    "window_map",
    "window_map_steps",
    "window_maps",
    "window_maps_steps",
    "window_weights",
]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for (PEP 562)."""
    if name in _PUBLIC:
        return getattr(import_module(f"{__name__}.{_PUBLIC[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
