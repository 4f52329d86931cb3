"""Read a data set as the trainings need it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from napari_maxrf.datasets._manifest import (
    SHARDS,
    DatasetManifest,
    Part,
    ShardRecord,
    read_manifest,
)
from napari_maxrf.datasets._prepared import PreparedPictures
from napari_maxrf.errors import FormatError, TrainingError
from napari_maxrf.progress import Progress, Steps

if TYPE_CHECKING:
    import os
    from collections.abc import Callable

    from napari_maxrf.cube import SpectralCube
    from napari_maxrf.datasets._config import DatasetConfig, DatasetKind

Array = npt.NDArray[Any]
Shapes = dict[str, tuple[int, ...]]


@dataclass(frozen=True)
class Dataset:
    """A finished data set on disk.

    Attributes
    ----------
    folder : Path
        Where it is.
    manifest : DatasetManifest
        What it was made from, and its shards.
    """

    folder: Path
    manifest: DatasetManifest

    @property
    def config(self) -> DatasetConfig:
        """Settings of the data set."""
        return self.manifest.config

    def shards(self, part: Part) -> list[ShardRecord]:
        """List the shards of a part that hold pictures."""
        return [
            shard
            for shard in self.manifest.shards
            if shard.file.startswith(f"{part}-") and shard.pictures
        ]

    def spectra(self, part: Part) -> Steps[Array]:
        """Read the counts of a part, (n, n_bins), of the kind ``"spectra"``.

        Raises
        ------
        TrainingError
            The data set is of another kind, or the part is empty.
        FormatError
            A shard is missing or damaged.
        """
        each, n_bins = self.config.spectra_per_picture, self.config.synthesis.n_bins
        read = yield from self._joined(
            part, "spectra", lambda n: {"counts": (n * each, n_bins)}
        )
        return read["counts"]

    def embedded(self, part: Part) -> Steps[tuple[PreparedPictures, Array]]:
        """Read pictures and latents of a part, of the kind ``"embedded"``.

        Returns
        -------
        pictures : PreparedPictures
        pools : ndarray of float32, shape (n, most clusters, pool, n_latents)

        Raises
        ------
        TrainingError
            The data set is of another kind, or the part is empty.
        FormatError
            A shard is missing or damaged.
        """
        size, n_bins = self.config.size, self.config.synthesis.n_bins
        read = yield from self._joined(
            part,
            "embedded",
            lambda n: {
                "rgb": (n, size, size, 3),
                "labels": (n, size, size),
                "expected": (n, -1, n_bins),
                "pools": (n, -1, self.config.pool, -1),
            },
        )
        names = tuple(name for s in self.shards(part) for name in s.pictures)
        pictures = PreparedPictures(
            read["rgb"], read["labels"], read["expected"], names
        )
        return pictures, read["pools"]

    def cubes(self, part: Part) -> list[SpectralCube]:
        """Open the scans of a part, lazily, of the kind ``"cubes"``."""
        from napari_maxrf.io import open_cube

        self._check(part, "cubes")
        return [
            open_cube(self.folder / SHARDS / shard.file) for shard in self.shards(part)
        ]

    def _check(self, part: Part, kind: DatasetKind) -> None:
        if self.config.kind != kind:
            raise TrainingError(
                f"{self.folder} is a data set of kind {self.config.kind}; one of kind "
                f"{kind} is needed here."
            )
        if not self.shards(part):
            raise TrainingError(
                f"{self.folder} holds no pictures for {part}: build it from more "
                "pictures or more artists."
            )

    def _joined(
        self, part: Part, kind: DatasetKind, shapes: Callable[[int], Shapes]
    ) -> Steps[dict[str, Array]]:
        """Read the shards of a part one after another into whole arrays."""
        self._check(part, kind)
        shards = self.shards(part)
        joined: dict[str, list[Array]] = {}
        for done, shard in enumerate(shards):
            yield Progress("Reading the data set", done, len(shards))
            wanted = shapes(len(shard.pictures))
            for name, array in read_shard(self.folder, shard, wanted).items():
                joined.setdefault(name, []).append(array)
        return {name: _stacked(arrays) for name, arrays in joined.items()}


def open_dataset(folder: str | os.PathLike[str]) -> Dataset:
    """Open a finished data set.

    Raises
    ------
    FormatError
        There is none, its manifest is damaged, or its build was stopped.
    """
    manifest = read_manifest(folder)
    if not manifest.complete:
        raise FormatError(
            f"{folder} is not finished: repeat the command that builds it."
        )
    return Dataset(Path(folder), manifest)


def read_shard(folder: Path, shard: ShardRecord, wanted: Shapes) -> dict[str, Array]:
    """Read arrays of a shard, mapped from the file; -1 stands for any length.

    Raises
    ------
    FormatError
        The shard is missing, damaged, or its arrays have other shapes.
    """
    from safetensors import SafetensorError, safe_open

    path = folder / SHARDS / shard.file
    try:
        with safe_open(path, framework="numpy") as held:
            arrays = {name: held.get_tensor(name) for name in wanted}
    except (OSError, SafetensorError) as error:
        raise FormatError(
            f"Cannot read {path}: {error}. See: napari-maxrf dataset verify {folder}"
        ) from error
    for name, shape in wanted.items():
        if not _fits(arrays[name].shape, shape):
            raise FormatError(
                f"{path}: {name} has shape {arrays[name].shape}, expected {shape}."
            )
    return arrays


def _fits(shape: tuple[int, ...], wanted: tuple[int, ...]) -> bool:
    return len(shape) == len(wanted) and all(
        n in (-1, m) for m, n in zip(shape, wanted, strict=True)
    )


def _stacked(arrays: list[Array]) -> Array:
    """Join arrays along their first axis; pictures with fewer clusters get zeros."""
    second = max(array.shape[1] for array in arrays)
    n = sum(len(array) for array in arrays)
    dtype = np.result_type(*(array.dtype for array in arrays))
    whole = np.zeros((n, second, *arrays[0].shape[2:]), dtype)
    start = 0
    while arrays:  # each is given back as soon as it is copied
        array = arrays.pop(0)
        whole[start : start + len(array), : array.shape[1]] = array
        start += len(array)
    return whole
