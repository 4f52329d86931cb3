"""Find the pictures in the places that a user names."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from napari_maxrf.errors import PictureError

if TYPE_CHECKING:
    from collections.abc import Sequence

PICTURE_SUFFIXES = {".jpg", ".jpeg", ".png", ".tif", ".tiff", ".bmp", ".webp"}


def picture_paths(place: Path | Sequence[Path], most: int = 0) -> list[Path]:
    """List the pictures of a folder (with its subfolders) or of a list of both.

    Parameters
    ----------
    place : path or sequence of paths
        Folders or pictures.
    most : int
        Keep at most this many, evenly picked; 0 keeps all.

    Raises
    ------
    PictureError
        A path is missing, or there is no picture.
    """
    places = [place] if isinstance(place, Path) else list(place)
    found: list[Path] = []
    for item in places:
        if item.is_dir():
            found += sorted(
                path
                for path in item.rglob("*")
                if path.suffix.lower() in PICTURE_SUFFIXES
            )
        elif item.exists():
            found.append(item)
        else:
            raise PictureError(f"{item} does not exist.")
    if not found:
        raise PictureError(f"No pictures in {', '.join(map(str, places))}.")
    return evenly(found, most)


def evenly(items: Sequence[Path], most: int) -> list[Path]:
    """Pick at most `most` items at equal distances; 0 keeps all."""
    if not most or len(items) <= most:
        return list(items)
    return [items[index * len(items) // most] for index in range(most)]
