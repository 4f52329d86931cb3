"""Pictures made ready for training: colour clusters and the spectra they expect.

Clustering and mixing are the slow part of synthesis and do not depend on the
photons, so they are done once per picture; photons are drawn anew as needed.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from napari_maxrf._files import atomic_path, content_hash
from napari_maxrf.errors import PictureError
from napari_maxrf.pictures import load_picture, resize
from napari_maxrf.progress import Progress, Steps
from napari_maxrf.synthesis import (
    SynthesisConfig,
    cluster_colours,
    colour_similarity,
    expected_spectra,
    mixture_weights,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_maxrf.pigments import Palette

PICTURE_SUFFIXES = {".jpg", ".jpeg", ".png", ".tif", ".tiff", ".bmp", ".webp"}


@dataclass(frozen=True)
class PreparedPictures:
    """Square pictures with their colour clusters and expected spectra.

    Attributes
    ----------
    rgb : ndarray of uint8, shape (n, size, size, 3)
        The pictures in sRGB.
    labels : ndarray of uint8, shape (n, size, size)
        Colour cluster of every pixel.
    expected : ndarray of float32, shape (n, most clusters, n_bins)
        Expected spectrum of every cluster, each with sum 1; rows beyond the
        clusters of a picture are zero.
    names : tuple of str
        File names.
    skipped : tuple of str
        One line for every picture that could not be read.
    """

    rgb: npt.NDArray[np.uint8]
    labels: npt.NDArray[np.uint8]
    expected: npt.NDArray[np.float32]
    names: tuple[str, ...]
    skipped: tuple[str, ...] = ()

    def __len__(self) -> int:
        """Return the number of pictures."""
        return len(self.rgb)

    def clusters_of(self, index: int) -> int:
        """Return how many colour clusters picture `index` has."""
        return int(self.labels[index].max()) + 1


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


def square_picture(path: Path, size: int) -> npt.NDArray[np.float32]:
    """Read a picture, scale its shorter side to `size`, and cut its middle out.

    Returns
    -------
    ndarray of float32, shape (size, size, 3)
        The picture in sRGB, 0 to 1.
    """
    picture = load_picture(path)
    height, width = picture.shape[:2]
    scale = size / min(height, width)
    goal = max(size, round(height * scale)), max(size, round(width * scale))
    scaled = resize(picture, goal)
    top, left = (goal[0] - size) // 2, (goal[1] - size) // 2
    return np.ascontiguousarray(scaled[top : top + size, left : left + size])


def prepare_pictures(
    paths: Sequence[Path],
    palette: Palette,
    synthesis: SynthesisConfig,
    size: int,
    cache: Path | None = None,
) -> Steps[PreparedPictures]:
    """Cluster the colours of many pictures and mix the spectra of each cluster.

    Parameters
    ----------
    paths : sequence of paths
        Pictures to prepare. One that cannot be read is skipped and named.
    palette, synthesis : Palette, SynthesisConfig
        How colours become spectra.
    size : int
        Side of the squares, in pixels.
    cache : path, optional
        Folder where the result is kept, so that a resumed training starts at
        once. A cache made from other pictures or settings is not used.

    Returns
    -------
    PreparedPictures
        Yielded progress counts pictures.

    Raises
    ------
    PictureError
        None of the pictures can be read.
    """
    key = _key(paths, palette, synthesis, size)
    kept = cache / f"prepared-{key}.npz" if cache else None
    if kept and kept.exists():
        return _load(kept)
    pigment_spectra = palette.spectra(synthesis.axis)

    def prepare(path: Path) -> _Prepared | str:
        try:
            picture = square_picture(path, size)
        except PictureError as error:
            return str(error)
        return _prepare_one(path.name, picture, palette, pigment_spectra, synthesis)

    results: list[_Prepared | str] = []
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for done, result in enumerate(pool.map(prepare, paths), start=1):
            results.append(result)
            yield Progress("Clustering colours", done, len(paths))
    prepared = _stack(results, synthesis)
    if kept:
        _save(kept, prepared)
    return prepared


@dataclass(frozen=True)
class _Prepared:
    name: str
    rgb: npt.NDArray[np.uint8]
    labels: npt.NDArray[np.uint8]
    expected: npt.NDArray[np.float32]


def _prepare_one(
    name: str,
    picture: npt.NDArray[np.float32],
    palette: Palette,
    pigment_spectra: npt.NDArray[np.float64],
    synthesis: SynthesisConfig,
) -> _Prepared:
    clusters = cluster_colours(
        picture, synthesis.k_min, synthesis.k_max, synthesis.seed
    )
    similarity = colour_similarity(clusters.colours, palette.colours)
    weights = mixture_weights(similarity, synthesis.threshold)
    expected = expected_spectra(weights, pigment_spectra)
    rgb = np.round(picture * 255).astype(np.uint8)
    labels = clusters.labels.astype(np.uint8)
    return _Prepared(name, rgb, labels, expected.astype(np.float32))


def _stack(
    results: Sequence[_Prepared | str], synthesis: SynthesisConfig
) -> PreparedPictures:
    good = [result for result in results if isinstance(result, _Prepared)]
    bad = tuple(result for result in results if isinstance(result, str))
    if not good:
        raise PictureError(f"No picture can be read. {bad[0]}")
    most = max(len(item.expected) for item in good)
    expected = np.zeros((len(good), most, synthesis.n_bins), np.float32)
    for row, item in zip(expected, good, strict=True):
        row[: len(item.expected)] = item.expected
    return PreparedPictures(
        np.stack([item.rgb for item in good]),
        np.stack([item.labels for item in good]),
        expected,
        tuple(item.name for item in good),
        bad,
    )


def _key(
    paths: Sequence[Path], palette: Palette, synthesis: SynthesisConfig, size: int
) -> str:
    """Hash everything that the prepared pictures depend on."""
    files = [(path.name, path.stat().st_size) for path in paths if path.exists()]
    mixing = synthesis.model_dump(
        mode="json", exclude={"counts", "counts_mode", "counts_high", "pixel_size_mm"}
    )
    return content_hash([files, palette.content_hash, mixing, size])


def _save(path: Path, prepared: PreparedPictures) -> None:
    with atomic_path(path) as temporary:
        np.savez(
            temporary,
            rgb=prepared.rgb,
            labels=prepared.labels,
            expected=prepared.expected,
            names=np.array(prepared.names),
            skipped=np.array(prepared.skipped, dtype=str),
        )


def _load(path: Path) -> PreparedPictures:
    with np.load(path, allow_pickle=False) as held:
        return PreparedPictures(
            held["rgb"],
            held["labels"],
            held["expected"],
            tuple(map(str, held["names"])),
            tuple(map(str, held["skipped"])),
        )
