"""Scans on disk: open them lazily, describe them, save them as ``.maxrf``.

`open_cube` decides by what a file holds, never by its suffix. One private module
stands for each family of formats; `FORMATS` lists them for tests and documents.
Single reference spectra have readers of their own, in `spectra`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from napari_maxrf.io._energy_first import energy_first
    from napari_maxrf.io._format import Format, ReadOptions, UnknownLayoutError
    from napari_maxrf.io._formats import (
        FORMATS,
        describe,
        forget_answers,
        open_cube,
        recognise,
        remember_answers,
    )
    from napari_maxrf.io._held import release
    from napari_maxrf.io._images import ScanImage, open_images
    from napari_maxrf.io._maxrf_write import save_cube, save_cube_steps
    from napari_maxrf.io._resumable import check_unfinished, save_blocks_steps
    from napari_maxrf.io.blocked import (
        build_cache,
        build_cache_steps,
        cached_cube,
        worth_caching,
    )
    from napari_maxrf.io.formats.map_files import (
        MAP_FORMATS,
        MapFormat,
        MapSet,
        open_maps,
        recognise_maps,
    )
    from napari_maxrf.io.spectra import (
        SPECTRUM_FORMATS,
        SpectrumFormat,
        open_spectra,
        open_spectrum,
    )

_PUBLIC = {
    "FORMATS": "_formats",
    "Format": "_format",
    "MAP_FORMATS": "formats.map_files",
    "MapFormat": "formats.map_files",
    "MapSet": "formats.map_files",
    "ReadOptions": "_format",
    "ScanImage": "_images",
    "UnknownLayoutError": "_format",
    "SPECTRUM_FORMATS": "spectra",
    "SpectrumFormat": "spectra",
    "build_cache": "blocked",
    "build_cache_steps": "blocked",
    "cached_cube": "blocked",
    "check_unfinished": "_resumable",
    "describe": "_formats",
    "energy_first": "_energy_first",
    "forget_answers": "_formats",
    "open_cube": "_formats",
    "open_images": "_images",
    "open_maps": "formats.map_files",
    "open_spectra": "spectra",
    "open_spectrum": "spectra",
    "recognise": "_formats",
    "recognise_maps": "formats.map_files",
    "remember_answers": "_formats",
    "release": "_held",
    "save_blocks_steps": "_resumable",
    "save_cube": "_maxrf_write",
    "save_cube_steps": "_maxrf_write",
    "worth_caching": "blocked",
}

__all__ = [
    "FORMATS",
    "MAP_FORMATS",
    "SPECTRUM_FORMATS",
    "Format",
    "MapFormat",
    "MapSet",
    "ReadOptions",
    "ScanImage",
    "SpectrumFormat",
    "UnknownLayoutError",
    "build_cache",
    "build_cache_steps",
    "cached_cube",
    "check_unfinished",
    "describe",
    "energy_first",
    "forget_answers",
    "open_cube",
    "open_images",
    "open_maps",
    "open_spectra",
    "open_spectrum",
    "recognise",
    "recognise_maps",
    "release",
    "remember_answers",
    "save_blocks_steps",
    "save_cube",
    "save_cube_steps",
    "worth_caching",
]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for (PEP 562)."""
    if name in _PUBLIC:
        return getattr(import_module(f"{__name__}.{_PUBLIC[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
