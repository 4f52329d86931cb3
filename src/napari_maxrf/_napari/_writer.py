"""The writer that napari calls to save the cube of a layer as ``.maxrf``."""

from __future__ import annotations

from typing import Any

from napari_maxrf._napari._facts import KEY, LayerFacts
from napari_maxrf.errors import MaxrfError


def write_layer(path: str, data: Any, meta: dict[str, Any]) -> list[str]:
    """Save the cube or the embedding that a layer shows.

    Returns
    -------
    list of str
        The path written, as napari asks for.

    Raises
    ------
    MaxrfError
        The layer shows neither, or the file cannot be written.
    """
    facts = meta.get("metadata", {}).get(KEY)
    if isinstance(facts, LayerFacts) and facts.kind == "cube":
        from napari_maxrf.io import save_cube

        save_cube(facts.cube, path)
    elif isinstance(facts, LayerFacts) and facts.kind == "embedding":
        from napari_maxrf.embedding import save_embedded

        save_embedded(facts.embedded, path)
    else:
        raise MaxrfError(
            f"{meta.get('name', 'This layer')} is neither a MA-XRF cube nor an "
            "embedding. Save it as .tif or .png, or choose the cube layer."
        )
    return [path]
