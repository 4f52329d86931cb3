"""The manifest of a data set: what was asked, what it was made from, what there is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

from pydantic import Field, ValidationError, model_validator

from napari_maxrf import __version__
from napari_maxrf._files import write_text
from napari_maxrf.config import StepConfig
from napari_maxrf.datasets._config import DatasetConfig  # noqa: TC001 - pydantic
from napari_maxrf.errors import FormatError, MaxrfError

if TYPE_CHECKING:
    import os

MANIFEST = "manifest.json"
SHARDS = "shards"
_SHARD_NAME = r"^(train|validation|test)-\d{5,}\.(safetensors|maxrf)$"
_SHA256 = r"^[0-9a-f]{64}$"
_TOLD = 3

Part = Literal["train", "validation", "test"]


class PictureEntry(StepConfig):
    """One picture of a data set."""

    name: str = Field(description="Path below the folder that was named.")
    sha256: str = Field(pattern=_SHA256, description="Of the file.")
    artist: str = Field("", description="Who painted it; empty if unknown.")
    part: Part = Field("train", description="Its part of the split.")


class ShardRecord(StepConfig):
    """One finished shard."""

    file: str = Field(pattern=_SHARD_NAME, description="Name of the shard.")
    sha256: str | None = Field(
        pattern=_SHA256, description="Of the file; null if no picture could be read."
    )
    n_bytes: int = Field(ge=0, description="Size of the file.")
    pictures: tuple[str, ...] = Field(description="Names, in their order inside.")
    skipped: tuple[str, ...] = Field((), description="A line per unreadable picture.")


class DatasetManifest(StepConfig):
    """Everything that is known of a data set; ``manifest.json`` holds it."""

    format: Literal["napari-maxrf dataset"] = "napari-maxrf dataset"
    format_version: Literal[1] = 1
    version: str = __version__
    complete: bool = False
    config: DatasetConfig
    palette: dict[str, Any]
    palette_hash: str
    embedding_hash: str | None = None
    pictures: tuple[PictureEntry, ...]
    unreadable: tuple[str, ...] = ()
    duplicates: tuple[str, ...] = ()
    shards: tuple[ShardRecord, ...] = ()

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        for names in (
            [picture.name for picture in self.pictures],
            [shard.file for shard in self.shards],
        ):
            if len(set(names)) < len(names):
                raise ValueError("a picture or shard is named twice")
        return self

    @property
    def seed(self) -> int:
        """Start of all random numbers, of the split too."""
        return self.config.synthesis.seed

    def settings(self) -> dict[str, Any]:
        """Return all that decides the bytes of the shards, but for the pictures."""
        config = self.config.to_json()
        synthesis = config.pop("synthesis")
        return {
            "version": self.version,
            "palette": f"{self.palette.get('id')} ({self.palette_hash})",
            "embedding": self.embedding_hash,
            **config,
            **synthesis,
        }

    def skipped(self) -> tuple[str, ...]:
        """List what was left out: a line per picture."""
        late = (line for shard in self.shards for line in shard.skipped)
        return (*self.unreadable, *late)


def write_manifest(folder: Path, manifest: DatasetManifest) -> None:
    """Write the manifest of a data set, atomically."""
    write_text(folder / MANIFEST, manifest.model_dump_json(indent=1) + "\n")


def read_manifest(folder: str | os.PathLike[str]) -> DatasetManifest:
    """Read the manifest of a data set.

    Raises
    ------
    FormatError
        It is missing, damaged, or of a newer format.
    """
    path = Path(folder) / MANIFEST
    try:
        return DatasetManifest.model_validate_json(path.read_bytes())
    except OSError as error:
        raise FormatError(
            f"{folder} is no data set: cannot read {MANIFEST} ({error.strerror}). "
            "Build one with: napari-maxrf dataset build."
        ) from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        raise FormatError(f"{path} is damaged: {where}: {first['msg']}.") from error


def refuse_changes(folder: Path, before: DatasetManifest, now: DatasetManifest) -> None:
    """Refuse to go on with a data set under other settings or with other pictures.

    Raises
    ------
    MaxrfError
        The message shows what differs.
    """
    old, new = before.settings(), now.settings()
    changed = [
        f"{name} was {old.get(name)}, is {new.get(name)}"
        for name in {**old, **new}
        if old.get(name) != new.get(name)
    ]
    changed += _picture_changes(before, now)
    if changed:
        raise MaxrfError(
            f"{folder} was begun otherwise: {'; '.join(changed)}. Repeat the settings "
            "and pictures to go on, or choose another folder."
        )


def _picture_changes(before: DatasetManifest, now: DatasetManifest) -> list[str]:
    old = {picture.name: picture for picture in before.pictures}
    new = {picture.name: picture for picture in now.pictures}
    both = old.keys() & new.keys()
    kinds = {
        "new": new.keys() - old.keys(),
        "missing": old.keys() - new.keys(),
        "changed": {n for n in both if old[n].sha256 != new[n].sha256},
        "of another artist": {n for n in both if old[n].artist != new[n].artist},
    }
    return [
        f"{len(names)} pictures {kind} ({_some(names)})"
        for kind, names in kinds.items()
        if names
    ]


def _some(names: set[str]) -> str:
    shown = ", ".join(sorted(names)[:_TOLD])
    return shown if len(names) <= _TOLD else f"{shown}, ..."
