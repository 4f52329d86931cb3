"""What File > Open Sample > MA-XRF offers."""

from __future__ import annotations

from pathlib import Path

from napari_maxrf._napari._layers import PLANE_LABELS, LayerData
from napari_maxrf._napari._reader import read
from napari_maxrf.samples import MOCKUP_CUBE, MOCKUP_PICTURE, sample_path


def mockup_picture() -> list[LayerData]:
    """Return the painted mock-up as a picture."""
    from napari_maxrf.pictures import load_picture

    path = sample_path(MOCKUP_PICTURE)
    keywords = {
        "name": Path(path).stem,
        "rgb": True,
        "contrast_limits": (0.0, 1.0),
        "axis_labels": PLANE_LABELS,
    }
    return [(load_picture(path), keywords, "image")]


def mockup_cube() -> list[LayerData]:
    """Return the synthetic scan of the mock-up."""
    return read(sample_path(MOCKUP_CUBE))
