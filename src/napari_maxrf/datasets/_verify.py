"""Check that a data set is what its manifest says."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from napari_maxrf.datasets._manifest import (
    SHARDS,
    DatasetManifest,
    ShardRecord,
    read_manifest,
)
from napari_maxrf.datasets._shards import plan_shards
from napari_maxrf.datasets._sources import file_sha256
from napari_maxrf.progress import Progress, Steps, finish

if TYPE_CHECKING:
    import os


def verify_dataset(folder: str | os.PathLike[str]) -> tuple[str, ...]:
    """Check a data set; see `verify_dataset_steps`."""
    return finish(verify_dataset_steps(folder))


def verify_dataset_steps(folder: str | os.PathLike[str]) -> Steps[tuple[str, ...]]:
    """Read every shard of a data set and compare it with its checksum.

    Returns
    -------
    tuple of str
        One line per fault; empty if all is well.

    Raises
    ------
    FormatError
        There is no manifest, or it is damaged.
    """
    place = Path(folder)
    manifest = read_manifest(place)
    if not manifest.complete:
        return (f"{folder} is not finished: repeat the command that builds it.",)
    faults = _list_faults(place, manifest)
    for done, shard in enumerate(manifest.shards):
        yield Progress("Verifying shards", done, len(manifest.shards))
        faults += _shard_faults(place / SHARDS, shard)
    return tuple(faults)


def _list_faults(place: Path, manifest: DatasetManifest) -> list[str]:
    """Compare the lists: every picture once, no shard too many."""
    planned = {plan.file for plan in plan_shards(manifest.pictures, manifest.config)}
    listed = {shard.file for shard in manifest.shards}
    present = {
        path.name
        for path in (place / SHARDS).glob("*")
        if path.suffix in (".safetensors", ".maxrf") and not path.name.startswith(".")
    }
    faults = [f"{name} is not listed." for name in sorted(present - listed)]
    if planned != listed:
        faults.append("The shards of the manifest are not those of its pictures.")
    held = Counter(name for shard in manifest.shards for name in shard.pictures)
    faults += [f"{name} is held twice." for name, often in held.items() if often > 1]
    late = sum(len(shard.skipped) for shard in manifest.shards)
    if len(held) + late != len(manifest.pictures):
        faults.append(
            f"{len(manifest.pictures)} pictures are listed, {len(held)} are held and "
            f"{late} were skipped."
        )
    return faults


def _shard_faults(folder: Path, shard: ShardRecord) -> list[str]:
    if shard.sha256 is None:
        return []
    path = folder / shard.file
    try:
        size = path.stat().st_size
        if size != shard.n_bytes:
            return [f"{shard.file} has {size} bytes instead of {shard.n_bytes}."]
        if file_sha256(path) != shard.sha256:
            return [f"{shard.file} is damaged: its checksum is another one."]
    except OSError as error:
        return [f"Cannot read {shard.file}: {error.strerror}."]
    return []
