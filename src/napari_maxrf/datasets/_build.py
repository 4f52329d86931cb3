"""Build a data set shard by shard, so that it can be stopped at any moment.

A shard counts as finished when its record stands beside it. Both are moved to
their places when complete, the record last: after a kill, a shard is either
finished or made again, and never there twice.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from napari_maxrf._files import write_text
from napari_maxrf.datasets._artists import read_artists
from napari_maxrf.datasets._config import DatasetConfig
from napari_maxrf.datasets._manifest import (
    MANIFEST,
    SHARDS,
    DatasetManifest,
    ShardRecord,
    read_manifest,
    refuse_changes,
    write_manifest,
)
from napari_maxrf.datasets._shards import ShardPlan, build_shard, plan_shards
from napari_maxrf.datasets._sources import Sources, find_sources
from napari_maxrf.errors import MaxrfError, PictureError
from napari_maxrf.progress import Progress, Steps, finish

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

    from napari_maxrf.embedding import Embedder
    from napari_maxrf.pigments import Palette


def build_dataset(
    places: Path | Sequence[Path],
    out: str | os.PathLike[str],
    palette: Palette,
    config: DatasetConfig | None = None,
    *,
    artists: Path | None = None,
    embedder: Embedder | None = None,
) -> DatasetManifest:
    """Build a data set, or go on with one; see `build_dataset_steps`."""
    return finish(
        build_dataset_steps(
            places, out, palette, config, artists=artists, embedder=embedder
        )
    )


def build_dataset_steps(
    places: Path | Sequence[Path],
    out: str | os.PathLike[str],
    palette: Palette,
    config: DatasetConfig | None = None,
    *,
    artists: Path | None = None,
    embedder: Embedder | None = None,
) -> Steps[DatasetManifest]:
    """Build a data set, or go on with one that was begun.

    Parameters
    ----------
    places : path or sequence of paths
        Pictures and folders of pictures. The same picture is taken once.
    out : path-like
        Folder of the data set: new, empty, or of the same pictures and settings.
    palette : Palette
        Pigments of the synthetic scans.
    config : DatasetConfig, optional
        What is made of every picture; the defaults if not given.
    artists : path, optional
        Table of artists, see `read_artists`. Without one, names such as
        ``artist__title.jpg`` tell the artist.
    embedder : Embedder, optional
        Needed for the kind ``"embedded"``.

    Yields
    ------
    Progress
        Counts pictures.

    Returns
    -------
    DatasetManifest
        Its `skipped` lists the pictures that could not be read.

    Raises
    ------
    PictureError
        There is no picture that can be read.
    MaxrfError
        The folder holds something else, settings or pictures have changed, or
        the disk is full; what is finished stays.
    """
    config = DatasetConfig() if config is None else config
    folder = Path(out)
    _check_embedder(config, embedder)
    known = read_artists(artists) if artists else {}
    listed = [places] if isinstance(places, Path) else list(places)
    sources = yield from find_sources(listed, known, config.synthesis.seed)
    manifest = DatasetManifest(
        config=config,
        palette=palette.to_json(),
        palette_hash=palette.content_hash,
        embedding_hash=embedder.model_hash if embedder else None,
        pictures=sources.entries,
        unreadable=sources.unreadable,
        duplicates=sources.duplicates,
    )
    _begin(folder, manifest)
    records = yield from _build_shards(
        plan_shards(sources.entries, config), sources, folder, palette, config, embedder
    )
    if not any(record.pictures for record in records):
        raise PictureError(f"No picture can be read. {records[0].skipped[0]}")
    whole = manifest.model_copy(update={"complete": True, "shards": tuple(records)})
    write_manifest(folder, whole)
    return whole


def _check_embedder(config: DatasetConfig, embedder: Embedder | None) -> None:
    if (config.kind == "embedded") != (embedder is not None):
        raise MaxrfError(
            f"A data set of kind {config.kind} needs "
            f"{'an' if config.kind == 'embedded' else 'no'} embedding model."
        )
    if embedder is not None and embedder.axis != config.synthesis.axis:
        raise MaxrfError(
            f"The embedding takes {embedder.axis.n_channels} bins of another energy "
            f"axis than the {config.synthesis.n_bins} bins that are synthesised. "
            "Choose the axis of the embedding."
        )


def _begin(folder: Path, manifest: DatasetManifest) -> None:
    """Take the folder, or find that what was begun there is the same."""
    if (folder / MANIFEST).exists():
        before = read_manifest(folder)
        refuse_changes(folder, before, manifest)
        for left in (folder / SHARDS).glob(".*"):  # what a kill has left
            left.unlink(missing_ok=True)
        return
    if folder.exists() and not folder.is_dir():
        raise MaxrfError(f"{folder} is a file; name a folder.")
    if folder.exists() and not all(_is_ours(item) for item in folder.iterdir()):
        raise MaxrfError(
            f"{folder} is not empty and no data set. Choose another folder."
        )
    write_manifest(folder, manifest)


def _is_ours(item: Path) -> bool:
    """Tell whether a kill while the first manifest was written has left a file."""
    return item.name.startswith(".manifest-") and item.suffix == ".json"


def _build_shards(
    plans: Sequence[ShardPlan],
    sources: Sources,
    folder: Path,
    palette: Palette,
    config: DatasetConfig,
    embedder: Embedder | None,
) -> Steps[list[ShardRecord]]:
    """Make all shards that are not finished."""
    records = []
    done, total = 0, len(sources.entries)
    for plan in plans:
        yield Progress("Building shards", done, total)
        record = finished(folder / SHARDS, plan)
        if record is None:
            record = build_shard(
                plan, sources.paths, folder / SHARDS, palette, config, embedder
            )
            text = json.dumps(record.to_json(), indent=1, ensure_ascii=False)
            write_text(_record_path(folder / SHARDS, plan), text + "\n")
        records.append(record)
        done += len(plan.entries)
    yield Progress("Building shards", done, total)
    return records


def finished(folder: Path, plan: ShardPlan) -> ShardRecord | None:
    """Return the record of a shard that is whole; None if it is to be made."""
    try:
        text = _record_path(folder, plan).read_bytes()
        record = ShardRecord.model_validate_json(text)
        size = (folder / plan.file).stat().st_size if record.sha256 else 0
    except (OSError, ValidationError):
        return None
    whole = record.file == plan.file and size == record.n_bytes
    planned = len(plan.entries) == len(record.pictures) + len(record.skipped)
    return record if whole and planned else None


def _record_path(folder: Path, plan: ShardPlan) -> Path:
    return (folder / plan.file).with_suffix(".json")
