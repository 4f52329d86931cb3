"""Cubes in small packed blocks, from which a channel and a spectrum are both quick.

A file of whole spectra is slow to show channel by channel, and the other way round.
`build_cache_steps` writes its counts once more into the user's cache folder, in
blocks of 16 x 64 pixels and 16 channels; `cached_cube` finds them again as long as
the user's file is the same. Whatever lies in that folder may be deleted at any time.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from napari_maxrf.io.blocked._build import build_cache, build_cache_steps
    from napari_maxrf.io.blocked._cached import cached_cube, worth_caching
    from napari_maxrf.io.blocked._config import (
        CacheConfig,
        load_cache_config,
        save_cache_config,
    )
    from napari_maxrf.io.blocked._copy import (
        delete_copy,
        packed_copy,
        unpacked_cube,
    )
    from napari_maxrf.io.blocked._store import (
        CacheEntry,
        cache_entries,
        clear_cache,
        trim_cache,
    )

_PUBLIC = {
    "CacheConfig": "_config",
    "CacheEntry": "_store",
    "build_cache": "_build",
    "build_cache_steps": "_build",
    "cache_entries": "_store",
    "cached_cube": "_cached",
    "clear_cache": "_store",
    "delete_copy": "_copy",
    "packed_copy": "_copy",
    "unpacked_cube": "_copy",
    "load_cache_config": "_config",
    "save_cache_config": "_config",
    "trim_cache": "_store",
    "worth_caching": "_cached",
}

__all__ = [
    "CacheConfig",
    "CacheEntry",
    "build_cache",
    "build_cache_steps",
    "cache_entries",
    "cached_cube",
    "clear_cache",
    "delete_copy",
    "load_cache_config",
    "packed_copy",
    "save_cache_config",
    "trim_cache",
    "unpacked_cube",
    "worth_caching",
]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for (PEP 562)."""
    if name in _PUBLIC:
        return getattr(import_module(f"{__name__}.{_PUBLIC[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
