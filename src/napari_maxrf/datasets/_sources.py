"""The pictures of a data set: by content, so that none is taken twice."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from napari_maxrf.datasets._artists import artist_of
from napari_maxrf.datasets._manifest import PictureEntry
from napari_maxrf.datasets._places import picture_paths
from napari_maxrf.datasets._split import split_groups
from napari_maxrf.errors import PictureError
from napari_maxrf.progress import Progress, Steps

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


@dataclass(frozen=True)
class Sources:
    """Pictures that were found, and those that were left out.

    Attributes
    ----------
    entries : tuple of PictureEntry
        In the order of their hashes, whatever the order they were found in.
    paths : dict of str to Path
        Where each picture is, by its name.
    unreadable, duplicates : tuple of str
        A line per picture left out.
    """

    entries: tuple[PictureEntry, ...]
    paths: dict[str, Path]
    unreadable: tuple[str, ...]
    duplicates: tuple[str, ...]


def find_sources(
    places: Sequence[Path], artists: Mapping[Path, str], seed: int
) -> Steps[Sources]:
    """Find, tell apart and split the pictures of several places.

    Raises
    ------
    PictureError
        A place is missing, or holds no picture that can be read.
    """
    by_hash: dict[str, list[tuple[str, Path]]] = {}
    unreadable = []
    found = _named(places)
    for done, (name, path) in enumerate(found):
        if done % 64 == 0:
            yield Progress("Looking at pictures", done, len(found))
        try:
            by_hash.setdefault(file_sha256(path), []).append((name, path))
        except OSError as error:
            unreadable.append(f"Cannot read {name}: {error.strerror}.")
    if not by_hash:
        raise PictureError(f"No picture can be read. {unreadable[0]}")
    chosen = {sha: min(held) for sha, held in sorted(by_hash.items())}
    doubles = [
        f"{name} is the same picture as {chosen[sha][0]}."
        for sha, held in by_hash.items()
        for name, _ in sorted(held)[1:]
    ]
    entries, paths = _entries(chosen, artists, seed)
    return Sources(entries, paths, tuple(sorted(unreadable)), tuple(sorted(doubles)))


def _named(places: Sequence[Path]) -> list[tuple[str, Path]]:
    """Name every picture by its path below the place where it was found."""
    named: dict[Path, str] = {}
    for place in places:
        base = place if place.is_dir() else place.parent
        for path in picture_paths(place):
            named.setdefault(path.resolve(), path.relative_to(base).as_posix())
    return [(name, path) for path, name in named.items()]


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal digits."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _entries(
    chosen: Mapping[str, tuple[str, Path]], artists: Mapping[Path, str], seed: int
) -> tuple[tuple[PictureEntry, ...], dict[str, Path]]:
    """Split the pictures, and tell apart those that have the same name."""
    often = Counter(name for name, _ in chosen.values())
    painters = [artist_of(path, artists) for _, path in chosen.values()]
    groups = [
        f"artist {painter}" if painter else sha
        for sha, painter in zip(chosen, painters, strict=True)
    ]
    entries, paths = [], {}
    parts = split_groups(groups, seed)
    for (sha, (name, path)), artist, part in zip(
        chosen.items(), painters, parts, strict=True
    ):
        unique = name if often[name] == 1 else f"{name}#{sha[:12]}"
        paths[unique] = path
        entries.append(
            PictureEntry.checked(name=unique, sha256=sha, artist=artist, part=part)
        )
    return tuple(entries), paths
