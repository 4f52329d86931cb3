"""Make one shard: a file that depends on settings and pictures only.

Every picture draws its random numbers from the seed and its own content, so a
shard is the same whoever makes it, whenever, and beside whatever others.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from napari_maxrf._files import atomic_path
from napari_maxrf.datasets._manifest import PictureEntry, ShardRecord
from napari_maxrf.datasets._prepared import (
    PreparedPicture,
    prepare_picture,
    square_picture,
)
from napari_maxrf.datasets._sources import file_sha256
from napari_maxrf.errors import PictureError
from napari_maxrf.synthesis import sample_spectra, synthesise
from napari_maxrf.synthesis._sampling import derived_seed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from napari_maxrf.datasets._config import DatasetConfig
    from napari_maxrf.embedding import Embedder
    from napari_maxrf.pigments import Palette

Arrays = dict[str, npt.NDArray[Any]]


@dataclass(frozen=True)
class ShardPlan:
    """A shard that is to be made: its file name and its pictures."""

    file: str
    entries: tuple[PictureEntry, ...]


def plan_shards(
    entries: Sequence[PictureEntry], config: DatasetConfig
) -> list[ShardPlan]:
    """Share the pictures of each part out to shards, in their order."""
    suffix = "maxrf" if config.kind == "cubes" else "safetensors"
    most = config.pictures_per_shard
    plans = []
    for part in ("train", "validation", "test"):
        chosen = [entry for entry in entries if entry.part == part]
        for number, start in enumerate(range(0, len(chosen), most)):
            file = f"{part}-{number:05d}.{suffix}"
            plans.append(ShardPlan(file, tuple(chosen[start : start + most])))
    return plans


def build_shard(
    plan: ShardPlan,
    paths: Mapping[str, Path],
    folder: Path,
    palette: Palette,
    config: DatasetConfig,
    embedder: Embedder | None = None,
) -> ShardRecord:
    """Make a shard and write it, atomically.

    Parameters
    ----------
    plan : ShardPlan
        Which pictures, in which file.
    paths : mapping of str to Path
        Where the pictures are, by their names.
    folder : path
        Where the shard shall stand.
    palette, config : Palette, DatasetConfig
        How pictures become material.
    embedder : Embedder, optional
        Needed for the kind ``"embedded"``.

    Returns
    -------
    ShardRecord
        With the checksum of the file, and the pictures that could not be read.

    Raises
    ------
    MaxrfError
        The file cannot be written.
    """
    pictures = list(_read(plan.entries, paths, config.size))
    skipped = tuple(item for item in pictures if isinstance(item, str))
    good = [item for item in pictures if not isinstance(item, str)]
    names = tuple(entry.name for entry, _ in good)
    if not good:
        return ShardRecord(
            file=plan.file, sha256=None, n_bytes=0, pictures=(), skipped=skipped
        )
    target = folder / plan.file
    if config.kind == "cubes":
        _write_cube(target, good[0], palette, config)
    else:
        _write_arrays(target, _arrays(good, palette, config, embedder))
    return ShardRecord(
        file=plan.file,
        sha256=file_sha256(target),
        n_bytes=target.stat().st_size,
        pictures=names,
        skipped=skipped,
    )


_Square = tuple[PictureEntry, npt.NDArray[np.float32]]


def _read(
    entries: Iterable[PictureEntry], paths: Mapping[str, Path], size: int
) -> Iterable[_Square | str]:
    def read(entry: PictureEntry) -> _Square | str:
        try:
            return entry, square_picture(paths[entry.name], size)
        except PictureError as error:
            told = str(error)
            return told if entry.name in told else f"{entry.name}: {told}"

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        yield from pool.map(read, entries)


def _arrays(
    squares: Sequence[_Square],
    palette: Palette,
    config: DatasetConfig,
    embedder: Embedder | None,
) -> Arrays:
    synthesis = config.synthesis
    pigment_spectra = palette.spectra(synthesis.axis)

    def prepare(square: _Square) -> PreparedPicture:
        entry, picture = square
        return prepare_picture(entry.name, picture, palette, pigment_spectra, synthesis)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        prepared = list(pool.map(prepare, squares))
    pairs = [(entry, one) for (entry, _), one in zip(squares, prepared, strict=True)]
    if config.kind == "spectra":
        return _spectra(pairs, config)
    assert embedder is not None  # noqa: S101 - the build has checked it
    return _embedded(pairs, config, embedder)


_Pair = tuple[PictureEntry, PreparedPicture]


def _spectra(pairs: Sequence[_Pair], config: DatasetConfig) -> Arrays:
    """Draw spectra of random pixels, and keep the colours of those pixels."""
    counts, colours = [], []
    for entry, one in pairs:
        rng = np.random.default_rng(_seed(config, entry, "pixels"))
        pixels = rng.integers(one.labels.size, size=config.spectra_per_picture)
        counts.append(_draw(one, one.labels.ravel()[pixels], config, entry))
        colours.append(one.rgb.reshape(-1, 3)[pixels])
    of = np.repeat(np.arange(len(pairs), dtype=np.int32), config.spectra_per_picture)
    return {
        "counts": np.concatenate(counts),
        "rgb": np.concatenate(colours),
        "picture": of,
    }


def _embedded(
    pairs: Sequence[_Pair], config: DatasetConfig, embedder: Embedder
) -> Arrays:
    """Embed a pool of spectra of every colour cluster of every picture."""
    most = max(len(one.expected) for _, one in pairs)
    shape = len(pairs), most, config.pool, embedder.config.n_latents
    pools = np.zeros(shape, np.float32)
    expected = np.zeros((len(pairs), most, config.synthesis.n_bins), np.float32)
    for index, (entry, one) in enumerate(pairs):
        k = len(one.expected)
        clusters = np.repeat(np.arange(k), config.pool)
        latents = embedder.latents_of(_draw(one, clusters, config, entry))
        pools[index, :k] = embedder.standardise(latents).reshape(k, *shape[2:])
        expected[index, :k] = one.expected
    return {
        "rgb": np.stack([one.rgb for _, one in pairs]),
        "labels": np.stack([one.labels for _, one in pairs]),
        "expected": expected,
        "pools": pools,
    }


def _draw(
    one: PreparedPicture,
    clusters: npt.NDArray[Any],
    config: DatasetConfig,
    entry: PictureEntry,
) -> npt.NDArray[Any]:
    synthesis = config.synthesis
    return sample_spectra(
        one.expected,
        clusters.astype(np.int64),
        synthesis.counts,
        seed=_seed(config, entry, "photons"),
        mode=synthesis.counts_mode,
        counts_high=synthesis.counts_high,
    )


def _seed(config: DatasetConfig, entry: PictureEntry, use: str) -> int:
    return derived_seed(config.synthesis.seed, entry.sha256, config.kind, use)


def _write_cube(
    target: Path, square: _Square, palette: Palette, config: DatasetConfig
) -> None:
    from napari_maxrf.io import save_cube

    entry, picture = square
    save_cube(synthesise(picture, palette, config.synthesis, entry.name).cube, target)


def _write_arrays(target: Path, arrays: Arrays) -> None:
    from safetensors import SafetensorError
    from safetensors.numpy import save_file

    whole = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    with atomic_path(target) as temporary:
        try:
            save_file(whole, temporary)
        except SafetensorError as error:  # what it makes of a full disk
            raise OSError(str(error)) from error
