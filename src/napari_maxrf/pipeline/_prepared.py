"""Prepare many pictures at once, and keep the result beside a training."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np

from napari_maxrf._files import atomic_path, content_hash
from napari_maxrf.datasets._prepared import (
    PreparedPicture,
    PreparedPictures,
    prepare_picture,
    square_picture,
)
from napari_maxrf.errors import PictureError
from napari_maxrf.progress import Progress, Steps

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from napari_maxrf.pigments import Palette
    from napari_maxrf.synthesis import SynthesisConfig


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

    def prepare(path: Path) -> PreparedPicture | str:
        try:
            picture = square_picture(path, size)
        except PictureError as error:
            return str(error)
        return prepare_picture(path.name, picture, palette, pigment_spectra, synthesis)

    results: list[PreparedPicture | str] = []
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for done, result in enumerate(pool.map(prepare, paths), start=1):
            results.append(result)
            yield Progress("Clustering colours", done, len(paths))
    prepared = _stack(results, synthesis)
    if kept:
        _save(kept, prepared)
    return prepared


def _stack(
    results: Sequence[PreparedPicture | str], synthesis: SynthesisConfig
) -> PreparedPictures:
    good = [result for result in results if isinstance(result, PreparedPicture)]
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
