"""Read what the user chose under Preferences > MA-XRF.

The choices are declared in the manifest (``configurations``); napari shows,
checks and keeps them. Where napari does not know the plugin, as in a bare
`ViewerModel`, the fallback given here is used.
"""

from __future__ import annotations

from typing import Any

PLUGIN = "napari-maxrf"


def preferred_device() -> str:
    """Return the device for the networks: ``"auto"``, ``"cpu"``, ..."""
    return str(preference("computing", "device", "auto"))


def preferred_palette() -> str:
    """Return the name of the palette to start with."""
    return str(preference("synthesis", "palette", "sarteano"))


def preferred_counts() -> float:
    """Return the mean counts per pixel to start with."""
    from napari_maxrf.synthesis import SynthesisConfig

    default = SynthesisConfig.model_fields["counts"].default
    return float(preference("synthesis", "counts", default))


def preferred_maps() -> int:
    """Return how many element maps to show for a scan."""
    return int(preference("reading", "element_maps", 8))


def preference(category: str, key: str, fallback: Any) -> Any:
    """Return one setting, or `fallback` where napari does not know the plugin."""
    from napari.settings import get_plugin_settings

    try:
        settings = get_plugin_settings(PLUGIN)
    except KeyError:
        return fallback
    return getattr(getattr(settings, category), key)
